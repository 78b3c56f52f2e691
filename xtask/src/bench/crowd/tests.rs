use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use super::*;

/// A server: what it does with each request, by its number and its text; nothing means that nobody is answered.
fn server(answer: impl Fn(usize, &str) -> Option<String> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (answer, asked) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
            thread::spawn(move || talk(stream, &asked, &*answer));
        }
    });
    address
}

fn talk(mut stream: TcpStream, asked: &AtomicUsize, answer: &dyn Fn(usize, &str) -> Option<String>) {
    let mut read = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut read) {
        let text = String::from_utf8_lossy(&read[..count]).into_owned();
        let Some(answer) = answer(asked.fetch_add(1, Ordering::Relaxed), &text) else {
            continue;
        };
        if stream.write_all(answer.as_bytes()).is_err() || answer.contains("onnection: close") {
            return;
        }
    }
}

const WELL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn kind(own: bool) -> [Kind; 1] {
    let request = |number: u64| format!("GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n");
    [Kind { share: 1, wanted: 200, own, request: Box::new(request) }]
}

/// Plays again where it did not come to that: a machine that is busy with something else plays no crowd, and a crowd that is
/// played wrongly never comes to it.
pub(in crate::bench) fn once(play: impl Fn() -> Result<(), String>) {
    let mut came = Vec::new();
    for _ in 0..20 {
        match play() {
            Ok(()) => return,
            Err(why) => came.push(why),
        }
    }
    panic!("not once: {came:#?}");
}

/// What is to be so, and what came instead.
pub(in crate::bench) fn so(is_so: bool, came: impl std::fmt::Debug) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(format!("{came:?}")) }
}

/// For those who are to leave.
const SHORT: Duration = Duration::from_millis(300);

fn plan(address: SocketAddr, rate: f64) -> Plan {
    Plan {
        address,
        come: Come::Open(rate),
        warm: Duration::from_millis(100),
        time: Duration::from_secs(1),
        // Long, so that a busy machine makes nobody leave.
        patience: Duration::from_secs(5),
        returns: false,
        most: 500,
        first: 0,
    }
}

#[test]
fn whoever_comes_is_served_at_the_rate_that_was_asked_for() {
    let address = server(|_, _| Some(WELL.to_owned()));
    for own in [false, true] {
        once(|| {
            let crowd = Crowd::play(plan(address, 400.0), &kind(own)).unwrap();
            let (offered, goodput) = (crowd.offered(), crowd.goodput(None));
            assert!((stats::count(crowd.by_second().iter().sum()) - goodput).abs() < 1.5);
            so((300.0..500.0).contains(&offered) && goodput >= offered * 0.8, (goodput, offered))?;
            let wrong = crowd.met(|met| matches!(met, Met::Broken | Met::Wrong(_) | Met::NotSent));
            so(wrong == 0, wrong)
        });
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a server that stands still does so by the clock")]
fn a_server_that_stands_still_is_told_of_all_who_would_have_come() {
    once(|| {
        let begun = Instant::now();
        let stands = Duration::from_millis(400)..Duration::from_millis(600);
        let address = server(move |_, _| {
            // Whoever comes while it stands still is answered when it goes on.
            let now = begun.elapsed();
            if stands.contains(&now) {
                thread::sleep(stands.end.saturating_sub(now));
            }
            Some(WELL.to_owned())
        });
        let crowd = Crowd::play(plan(address, 500.0), &kind(false)).unwrap();
        let slow = crowd.seen.iter().filter(|seen| seen.took > Duration::from_millis(100)).count();
        let most = crowd.within(None, 990);
        // A crowd that waits for answers before it asks again would see as many slow ones as it has connections.
        so(slow >= 25 && most > Duration::from_millis(150), (slow, most))
    });
}

#[test]
fn people_leave_when_nobody_answers_and_count_for_nothing() {
    let address = server(|number, _| number.is_multiple_of(2).then(|| WELL.to_owned()));
    once(|| {
        let crowd = Crowd::play(Plan { patience: SHORT, ..plan(address, 200.0) }, &kind(true)).unwrap();
        let (served, left) = (crowd.met(|met| met == Met::Served), crowd.met(|met| met == Met::Left));
        so(served > 40 && left > 60, (served, left))?;
        so(crowd.seen.iter().all(|seen| seen.took < Duration::from_secs(2)), "somebody stays")?;
        so(crowd.goodput(None) < crowd.offered() * 0.7, (crowd.goodput(None), crowd.offered()))
    });
}

#[test]
fn whoever_is_placed_comes_back_with_the_ticket_where_people_return() {
    let place =
        "HTTP/1.1 429 x\r\nRetry-After: 0\r\nSet-Cookie: place=p.7; Path=/\r\nContent-Length: 0\r\n\r\n";
    let address = server(move |_, text| {
        Some(if text.contains("Cookie: place=p.7\r\n") { WELL } else { place }.to_owned())
    });
    once(|| {
        let gone = Crowd::play(plan(address, 100.0), &kind(true)).unwrap();
        so(gone.goodput(None) <= 0.0, gone.goodput(None))?;
        so(gone.met(|met| met == Met::Placed) == gone.met(|_| true), "not all are placed")?;
        let back = Crowd::play(Plan { returns: true, ..plan(address, 100.0) }, &kind(true)).unwrap();
        so(back.goodput(None) > back.offered() * 0.7, (back.goodput(None), back.offered()))?;
        so(back.met(|met| met == Met::Placed) == back.met(|_| true), "the first time they ask")
    });
}

#[test]
fn a_crowd_without_connections_says_that_it_is_too_small() {
    let address = server(|_, _| None);
    once(|| {
        let few = Plan { most: 10, patience: SHORT, ..plan(address, 200.0) };
        let crowd = Crowd::play(few, &kind(false)).unwrap();
        let not_sent = crowd.met(|met| met == Met::NotSent);
        so(not_sent > 100 && !crowd.own_delay().1, (not_sent, crowd.own_delay()))
    });
}

#[test]
fn a_kept_connection_that_was_closed_meanwhile_is_no_fault_of_anybody() {
    let address = server(|_, _| Some(WELL.replacen("\r\n", "\r\nConnection: close\r\n", 1)));
    let all_are_served = |address, rate| {
        let crowd = Crowd::play(plan(address, rate), &kind(false)).unwrap();
        let others = crowd.met(|met| met != Met::Served);
        so(others == 0, others)
    };
    once(|| all_are_served(address, 200.0));
    // Closed behind the answer without a word before.
    let address = server(|_, _| Some(format!("{WELL}\u{0}onnection: close")));
    once(|| all_are_served(address, 50.0));
}

#[test]
fn the_closed_loop_asks_again_as_soon_as_it_is_answered() {
    let address = server(|_, _| {
        thread::sleep(Duration::from_millis(10));
        Some(WELL.to_owned())
    });
    once(|| {
        let crowd = Crowd::play(Plan { come: Come::Closed(4), ..plan(address, 0.0) }, &kind(false)).unwrap();
        so((20.0..410.0).contains(&crowd.goodput(None)), crowd.goodput(None))
    });
}

#[test]
fn whoever_could_not_be_sent_is_counted() {
    let address = server(|_, _| Some(WELL.to_owned()));
    // A request that takes its maker so long that a tenth of them is not made in time.
    let slow = |_: u64| {
        thread::sleep(Duration::from_millis(20));
        "GET / HTTP/1.1\r\n\r\n".to_owned()
    };
    let kinds = [Kind { share: 1, wanted: 200, own: false, request: Box::new(slow) }];
    once(|| {
        let crowd = Crowd::play(Plan { patience: SHORT, ..plan(address, 500.0) }, &kinds).unwrap();
        let not_sent = crowd.met(|met| met == Met::NotSent);
        assert!(!crowd.own_delay().1);
        so(crowd.offered() > 400.0 && not_sent > 300, (not_sent, crowd.offered()))
    });
}

#[test]
fn a_storm_falls_to_what_comes_after_it() {
    let address = server(|_, _| Some(WELL.to_owned()));
    let come = Come::Falling { from: 1_000.0, at: Duration::from_millis(600), to: 50.0 };
    once(|| {
        let crowd = Crowd::play(Plan { come, ..plan(address, 0.0) }, &kind(false)).unwrap();
        let (before, after): (Vec<&Seen>, Vec<&Seen>) =
            crowd.seen.iter().partition(|seen| seen.due < Duration::from_millis(600));
        let (before, after) = (before.len(), after.len());
        so((400..800).contains(&before) && (5..70).contains(&after), (before, after))
    });
}

#[test]
fn nobody_is_served_where_nobody_listens() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let crowd = Crowd::play(plan(address, 100.0), &kind(true)).unwrap();
    assert_eq!(crowd.met(|met| met == Met::Broken), crowd.met(|_| true));
}
