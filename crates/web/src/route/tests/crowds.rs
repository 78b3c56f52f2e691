//! One account that has as many documents under way as it may have: hers are refused with a time, and his are made.

use honnin_access::Source;

use super::house::House;

#[tokio::test]
async fn who_has_four_documents_under_way_is_told_when_and_a_neighbour_is_given_his() {
    let house = House::open().await;
    let source = Source { site: u64::MAX, prefix: 0, address: 0 };
    let hers = house.hana.stored.account;
    let places: Vec<_> = (0..100).filter_map(|_| house.app.desk.place(hers, source).ok()).collect();
    let paths = [
        (format!("/api/v1/bills/{}/pdf", house.hana.bill), format!("/api/v1/bills/{}/pdf", house.ken.bill)),
        (
            format!("/api/v1/exports/{}/data", house.hana.export),
            format!("/api/v1/exports/{}/data", house.ken.export),
        ),
    ];
    for (her_path, his_path) in &paths {
        let refused = house.get(&house.hana, her_path).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("documents_busy")));
        assert_eq!(refused.header("retry-after"), Some("5"));
        assert_eq!(house.get(&house.ken, his_path).await.status, 200, "{his_path}");
    }
    let shown = house.disclosed();
    assert_eq!(shown, 2, "who is refused is shown nothing");
    drop(places);
    for (her_path, _) in &paths {
        assert_eq!(house.get(&house.hana, her_path).await.status, 200, "{her_path}");
    }
}
