//! An element that is silent, and reconcilers that end: by a crash, by a clean stop, by a row that does not open.

use std::sync::atomic::Ordering;
use std::time::Duration;

use honnin_network::{Bounds, Simulation};
use honnin_terms::SpeedState;
use tokio::time::{Instant, sleep};

use crate::house::House;
use crate::wire::Wire;

#[tokio::test(start_paused = true)]
async fn a_crash_between_sending_and_writing_down_is_healed_by_asking() {
    let house = House::new(Wire::to(Simulation::default()));
    let line = house.line_in_use(1);
    house.ask(line, false);
    let first = house.run(Bounds::default());
    while house.wire.answers.lock().unwrap().is_empty() && house.wire.sent().is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    // The order has reached the element, half of the shortest time, and the answer is on its way back.
    sleep(Duration::from_millis(1_010)).await;
    first.task.abort();
    assert!(first.task.await.unwrap_err().is_cancelled());
    assert_eq!(house.wish(line).state, SpeedState::Pending);

    let _second = house.run(Bounds::default());
    house.until(line, SpeedState::Confirmed).await;
    assert_eq!((house.wire.sent(), house.wire.asked()), (vec![false], 1));
    assert_eq!(house.wish(line).applied_high, Some(false));
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_moment_ends_in_what_was_asked_for() {
    let house = House::new(Wire::to(Simulation::default()));
    let mut high = true;
    let line = house.line_in_use(1);
    for millis in (0..4_000).step_by(130) {
        high = !high;
        house.ask(line, high);
        let sent_before = house.wire.sent().len();
        let first = house.run(Bounds::default());
        sleep(Duration::from_millis(millis)).await;
        first.task.abort();
        let second = house.run(Bounds::default());
        house.until(line, SpeedState::Confirmed).await;
        assert_eq!(house.wish(line).applied_high, Some(high), "after {millis} ms");
        assert!(house.wire.sent().len() - sent_before <= 2, "after {millis} ms");
        second.task.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_clean_stop_waits_for_the_call_under_way() {
    let house = House::new(Wire::to(Simulation::default()));
    let line = house.line_in_use(1);
    house.ask(line, false);
    let running = house.run(Bounds::default());
    sleep(Duration::from_millis(200)).await;
    running.stop.send(()).unwrap();
    running.task.await.unwrap();
    assert_eq!(house.wish(line).state, SpeedState::Confirmed);
}

#[tokio::test(start_paused = true)]
async fn a_clean_stop_has_an_end() {
    let house = House::new(Wire::to(Simulation::default()));
    house.wire.silent.store(true, Ordering::SeqCst);
    let line = house.line_in_use(1);
    house.ask(line, false);
    let running = house.run(Bounds { stop_millis: 1_000, ..Bounds::default() });
    sleep(Duration::from_millis(200)).await;
    running.stop.send(()).unwrap();
    let before = Instant::now();
    running.task.await.unwrap();
    assert!(before.elapsed() < Duration::from_millis(1_100));
    assert_eq!(house.wish(line).state, SpeedState::Pending);
}

#[tokio::test(start_paused = true)]
async fn a_silent_element_makes_a_wish_unknown_and_it_is_confirmed_when_the_element_is_back() {
    let house = House::new(Wire::to(Simulation::default()));
    house.wire.silent.store(true, Ordering::SeqCst);
    let line = house.line_in_use(1);
    house.ask(line, false);
    let _running = house.run(Bounds::default());
    let seconds = house.until(line, SpeedState::Unknown).await;
    assert!((300..=320).contains(&seconds), "told after {seconds} s");
    assert_eq!(house.wish(line).applied_high, Some(true));
    assert_eq!(house.wire.sent().len(), 1, "asked, not sent again");
    sleep(Duration::from_hours(1)).await;
    assert_eq!(house.wish(line).state, SpeedState::Unknown);
    house.wire.silent.store(false, Ordering::SeqCst);
    let seconds = house.until(line, SpeedState::Confirmed).await;
    assert!(seconds <= 915, "found again after {seconds} s");
}

#[tokio::test(start_paused = true)]
async fn a_silent_element_is_left_alone_but_for_probes() {
    let house = House::new(Wire::to(Simulation::default()));
    house.wire.silent.store(true, Ordering::SeqCst);
    let lines: Vec<_> = (1..=40).map(|number| house.line_in_use(number)).collect();
    for line in &lines {
        house.ask(*line, false);
    }
    let bounds = Bounds { at_once: 4, ..Bounds::default() };
    let _running = house.run(bounds);
    sleep(Duration::from_mins(2)).await;
    let calls = house.wire.sent().len() + house.wire.asked();
    // Two rounds of four before it opens, then one in ten seconds.
    assert!((8..=8 + 13).contains(&calls), "{calls} calls");
    let waiting = lines.iter().filter(|line| house.wish(**line).state == SpeedState::Accepted).count();
    assert!(waiting >= 20, "a wish that was not sent is not called sent");
    house.wire.silent.store(false, Ordering::SeqCst);
    for line in lines {
        house.until(line, SpeedState::Confirmed).await;
        assert_eq!(house.wish(line).applied_high, Some(false));
    }
}

#[tokio::test(start_paused = true)]
async fn calls_stay_within_the_rate() {
    let house = House::new(Wire::to(Simulation::default()));
    let lines: Vec<_> = (1..=60).map(|number| house.line_in_use(number)).collect();
    for line in &lines {
        house.ask(*line, false);
    }
    let _running =
        house.run(Bounds { calls_a_second: 2, burst: 5, at_once: 60, batch: 3, ..Bounds::default() });
    sleep(Duration::from_millis(10_500)).await;
    let sent = house.wire.sent().len();
    assert!((20..=26).contains(&sent), "{sent} orders in ten seconds and a half");
    for line in lines {
        house.until(line, SpeedState::Confirmed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn on_a_wire_that_loses_a_third_every_wish_ends_as_the_element_has_it() {
    for seed in 0..3 {
        let simulation = Simulation { seed, lost_per_mille: 330, ..Simulation::default() };
        let house = House::new(Wire::to(simulation));
        let lines: Vec<_> = (1..=12).map(|number| house.line_in_use(number)).collect();
        let _running = house.run(Bounds::default());
        for high in [false, true, false] {
            for line in &lines {
                house.ask(*line, high);
            }
            sleep(Duration::from_secs(7)).await;
        }
        for line in lines {
            house.until(line, SpeedState::Confirmed).await;
            let wish = house.wish(line);
            assert_eq!((wish.high, wish.applied_high), (false, Some(false)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wish_that_does_not_open_holds_nobody_up() {
    let house = House::new(Wire::to(Simulation::default()));
    let (swapped, fine) = (house.line_in_use(1), house.line_in_use(2));
    house.ask(swapped, false);
    house.ask(fine, false);
    house.rows.swap(fine, swapped);
    let _running = house.run(Bounds { batch: 1, at_once: 1, ..Bounds::default() });
    house.until(fine, SpeedState::Confirmed).await;
    sleep(Duration::from_mins(10)).await;
    assert_eq!(house.wire.sent().len(), 1);
    assert!(house.rows.0.lock().unwrap()[&swapped].fence <= 1, "it is left alone for an hour");
}
