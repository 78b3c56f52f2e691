//! Calm houses: what strangers who hold many first tries make of one, and how the room closes where hardly anybody comes.

use std::collections::VecDeque;
use std::time::Duration;

use super::simulated::{Day, NOW, play_by};
use super::storms::House;
use super::{Entering, RoomBounds, SECOND};

/// Somebody at the hashers: since which millisecond, from which site, and whether her password is right.
type Waits = (u64, u64, bool, Entering);

/// Four right passwords a second, and each second so many strangers at once who leave a twentieth of a second later,
/// most of them unhashed, for two minutes, at
/// hashers that need so many milliseconds. How many looks put somebody in line, and whether the room was open.
fn besieged(strangers: u64, sites: u64, hash: u64) -> (u32, bool) {
    let mut house = House::new();
    let mut queue = VecDeque::<Waits>::new();
    let (mut placing, mut places, mut opened, mut free) = (0, false, false, 0);
    for now in 0..120_000 {
        house.now = NOW + now * 1_000;
        if now % 1_000 == 0 && now > 0 {
            house.now -= SECOND;
            house.second();
            opened |= house.book.is_open(house.now);
            placing += u32::from(std::mem::take(&mut places));
        }
        queue.retain(|(since, _, right, _)| *right || now - since < 50);
        if now >= free
            && let Some((since, _, right, entering)) = queue.pop_front()
        {
            free = now + hash;
            if right {
                entering.is_in(house.now, Duration::from_millis(now + hash - since));
            } else {
                entering.is_answered();
            }
        }
        let own = u64::try_from(queue.iter().filter(|waits| waits.2).count()).unwrap();
        // Late in each look: most right ones are known then.
        let burst = now % 1_000 == 900 + now / 1_000 % 100;
        let comes = u64::from(now % 250 == 240);
        if burst || comes > 0 {
            let mut own_wait = own;
            let of = |site| queue.iter().filter(|waits| waits.1 == site).count();
            let mut strange = (0..sites).map(|site| u64::try_from(of(site)).unwrap().min(16)).sum::<u64>();
            for number in 0..comes + if burst { strangers } else { 0 } {
                let (right, site) =
                    (number < comes, if number < comes { 1_000 + now } else { number % sites });
                house.tell((strange + own_wait) * hash, hash);
                if house.enters() {
                    queue.push_back((now, site, right, house.room.begins(site)));
                    if right {
                        own_wait += 1;
                    } else {
                        let of_it = queue.iter().filter(|waits| waits.1 == site).count();
                        strange += u64::from(of_it <= 16);
                    }
                } else {
                    places |= right;
                }
            }
        }
    }
    (placing, opened)
}

#[test]
fn strangers_put_nobody_in_line_in_a_calm_house() {
    for (strangers, sites, hash) in
        [(23, 23, 33), (60, 60, 33), (200, 40, 33), (23, 1, 100), (60, 30, 100), (200, 60, 100)]
    {
        let (placing, opened) = besieged(strangers, sites, hash);
        assert!(
            placing <= 1 && !opened,
            "{strangers} of {sites} sites, {hash} ms: {placing} looks, open: {opened}"
        );
    }
}

/// One node that signs in thirty a second.
const DAY: Day = Day {
    nodes: 1,
    people: 0,
    within: 0,
    each: 30,
    think: 10,
    leave: 0,
    outage: None,
    patience: None,
    sites: None,
    watched: true,
    seed: 11,
};

#[test]
fn it_closes_where_hardly_anybody_comes_though_somebody_always_does() {
    // Three times what can be signed in for five seconds, then a tenth of it.
    let (storm, calm) = (450, 300 * 3);
    let day = Day { people: storm + calm, ..DAY };
    let seen = play_by(&day, &RoomBounds::default(), 300, |number, chance| {
        let (from, within) = if number < storm { (0, 5_000) } else { (5_000, 295_000) };
        // One each third of a second: never is there nobody who came within the last two.
        let at = if number < storm { chance.below(within) } else { (number - storm) * within / calm };
        NOW + (from + at) * 1_000
    });
    let seconds: Vec<u64> = seen.turns.iter().map(|at| (at - NOW) / SECOND).collect();
    // The line of 300 is let in within a quarter of a minute; then it is open for as long as it stays so.
    assert!(seconds.len() == 2 && seconds[1] < 75, "{seconds:?}");
    let late = seen.people.iter().filter(|person| person.done.is_none()).count();
    assert!(late <= 5, "{late} are not in");
}

#[test]
fn it_does_not_flap_where_a_little_more_come_than_can_be_signed_in() {
    let day = Day { people: 36 * 600, ..DAY };
    let seen = play_by(&day, &RoomBounds::default(), 600, |_, chance| NOW + chance.below(600_000) * 1_000);
    let seconds: Vec<u64> = seen.turns.iter().map(|at| (at - NOW) / SECOND).collect();
    assert_eq!(seconds.len(), 1, "opened once, and open since: {seconds:?}");
}

#[test]
fn one_host_whose_right_passwords_are_held_back_stops_nobody() {
    let mut house = House::new();
    house.tell(0, 33);
    let held = |house: &House, site| house.room.begins(site).is_in(house.now, Duration::from_secs(4));
    house.book =
        std::mem::take(&mut house.book).planned(Some(super::Plan { from: house.now, until: u64::MAX }));
    house.second();
    for _ in 0..10 {
        held(&house, 1);
        let called = house.second();
        assert!(called >= 5, "she alone waits: {called}");
    }
    house.tell(1_001, 33);
    held(&house, 1);
    assert_eq!(house.second(), 0, "others wait as well");
}

#[test]
fn who_waited_long_behind_one_address_opens_it_as_anybody_does() {
    let mut house = House::new();
    house.tell(0, 33);
    (0..8).for_each(|_| house.room.begins(1).is_in(house.now, Duration::from_secs(4)));
    house.second();
    assert!(house.book.is_open(house.now));
}

#[test]
fn strangers_who_wait_do_not_slow_the_line_of_those_who_are_in_in_time() {
    // First tries wait, six times what holds: of few sites, and of many.
    for crowd in [360, 6_000] {
        let mut house = House::new();
        house.tell(0, 15);
        house.second();
        let plan = super::Plan { from: house.now, until: u64::MAX };
        house.book = std::mem::take(&mut house.book).planned(Some(plan));
        let called = |house: &mut House| {
            (0..60).for_each(|site| house.room.begins(site).is_in(house.now, Duration::from_millis(300)));
            house.second()
        };
        (0..40).for_each(|_| assert!(called(&mut house) < 100));
        house.tell(crowd, 15);
        let called: Vec<u32> = (0..10).map(|_| called(&mut house)).collect();
        assert!(called.iter().all(|called| *called >= 60), "{crowd}: {called:?}");
    }
}
