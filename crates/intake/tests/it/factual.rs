//! Facts that come without any file: from a change stream, or from a program.

use honnin_intake::event::{AccountFact, BucketFact, Fact, HoldingFact};
use honnin_intake::facts::{Taking, Verdict};
use honnin_intake::fault::{Fault, Reason};
use honnin_store::Progress;
use honnin_store::document::Terms;
use honnin_terms::{BucketKind, Held, LineStatus, Msisdn, Octets};

use crate::world::World;

fn account() -> Fact {
    Fact::Account(AccountFact {
        account: "mio1".to_owned(),
        name: "髙木　一".to_owned(),
        name_kana: None,
        mail: None,
        born_on: None,
        registered_on: None,
        as_of: "2026-11-20T05:00:00+09:00".parse().ok(),
    })
}

fn holding() -> Fact {
    Fact::Holding(Box::new(HoldingFact {
        line: "hdo1".to_owned(),
        account: "mio1".to_owned(),
        number: Msisdn::parse("07000000001", "81").unwrap(),
        iccid: None,
        terms: Terms { plan: "2ギガプラン".to_owned(), ..Terms::default() },
        held: Held { from: "2025-01-01".parse().unwrap(), to: None },
        status: LineStatus::Active,
        share_group: None,
        high_speed: true,
        as_of: "2026-11-20T05:00:00+09:00".parse().ok(),
    }))
}

fn bucket(line: &str) -> Fact {
    Fact::Bucket(BucketFact {
        line: line.to_owned(),
        kind: BucketKind::Basic,
        granted: Octets::new(2_000_000_000),
        remaining: Octets::new(7),
        expires_on: "2026-12-31".parse().ok(),
        purchase: None,
        set_rows: None,
        as_of: "2026-11-20T06:00:00+09:00".parse().unwrap(),
    })
}

#[test]
fn facts_go_in_without_any_file_and_a_bad_one_spoils_only_itself() {
    let world = World::new("ledger-a");
    let take = |facts: Vec<Fact>, position: u64| {
        world.with_feed(|feed| {
            let (permit, keeper, store) = (feed.permit, feed.keeper, feed.store);
            let taking = Taking { permit, keeper, store, ledger: &world.mapping.ledger };
            let mut taken = taking.batch(facts, position).unwrap();
            taken.batch.progress = Progress { position, state: Vec::new() };
            world.store.put(taken.batch);
            taken.verdicts
        })
    };
    let unknown = Verdict::Refused(Fault::of_row(Reason::UnknownLine));
    let facts = vec![account(), holding(), bucket("hdo1"), bucket("hdo9")];
    assert_eq!(take(facts.clone(), 1), [Verdict::Taken, Verdict::Taken, Verdict::Taken, unknown]);
    let shown = world.line("mio1", "hdo1", "2025-01-01").line;
    assert_eq!(shown.buckets.iter().map(|bucket| bucket.remaining.get()).collect::<Vec<_>>(), [7]);
    assert_eq!(take(facts, 2)[..3], [Verdict::Repeated; 3]);
}
