//! A door and its houses where something is broken: a house that hangs.

use std::os::unix::net::UnixDatagram;

use super::*;

/// The socket of a house that hangs: nobody reads it, and nothing more fits.
fn hung(path: &std::path::Path) -> UnixDatagram {
    let house = UnixDatagram::bind(path).unwrap();
    let door = UnixDatagram::unbound().unwrap();
    door.connect(path).unwrap();
    door.set_nonblocking(true).unwrap();
    while door.send(b"c").is_ok() {}
    house
}

#[tokio::test]
async fn a_house_that_hangs_keeps_a_quarter_of_the_door_and_no_more() {
    let bounds = DoorBounds { connections: 16, hand: Duration::from_mins(5), ..DoorBounds::default() };
    // A prefix of many is never held back, so that nothing but the house's own limit lets others in.
    let street = Street::open_to(false, bounds, vec!["127.0.0.0/8".parse().unwrap()]);
    let _house = hung(&street.dir.join("c.example"));
    let mut crowd = Vec::new();
    for number in 2..42 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::new(127, 0, 0, number), 0).into()).unwrap();
        let mut stream = socket.connect(street.at).await.unwrap();
        send(&mut stream, request("c.example", "").as_bytes()).await;
        crowd.push(stream);
    }
    assert!(timeout(PATIENCE, street.asked("b.example")).await.unwrap().ends_with("of b"));
    let mut refused = 0;
    for stream in &mut crowd {
        // Who waits for the house hears nothing for minutes; everybody else was told at once.
        if let Ok(told) = timeout(Duration::from_millis(500), until_closed(stream)).await {
            assert!(told.starts_with("HTTP/1.1 503"), "{told}");
            refused += 1;
        }
    }
    assert_eq!(refused, 36, "a quarter of 16 waits");
}
