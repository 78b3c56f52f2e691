//! Toggles, and orders that get lost, late or refused on their way.

use std::time::Duration;

use honnin_network::{Bounds, Fence, SetAnswer, Simulation};
use honnin_terms::{Day, LineStatus, SpeedReason, SpeedState};
use tokio::time::sleep;

use crate::house::House;
use crate::wire::{Way, Wire};

#[tokio::test(start_paused = true)]
async fn a_wish_is_seen_under_way_and_then_confirmed() {
    let house = House::new(Wire::to(Simulation::default()));
    let line = house.line_in_use(1);
    let running = house.run(Bounds { poll_millis: 60_000, ..Bounds::default() });
    sleep(Duration::from_millis(10)).await;
    house.ask(line, false);
    assert_eq!(house.wish(line).state, SpeedState::Accepted);
    (running.waker.callback())();
    sleep(Duration::from_millis(500)).await;
    assert_eq!(house.wish(line).state, SpeedState::Pending, "woken at once, and a person sees it");
    assert_eq!(house.wish(line).applied_high, Some(true));
    sleep(Duration::from_secs(2)).await;
    let wish = house.wish(line);
    assert_eq!((wish.state, wish.applied_high), (SpeedState::Confirmed, Some(false)));
}

#[tokio::test(start_paused = true)]
async fn quick_toggles_end_at_the_newest() {
    let house = House::new(Wire::to(Simulation::default()));
    let line = house.line_in_use(1);
    let running = house.run(Bounds::default());
    for high in [false, true, false] {
        house.ask(line, high);
        running.waker.wake();
        sleep(Duration::from_millis(300)).await;
        assert_ne!(house.wish(line).state, SpeedState::Confirmed);
    }
    house.until(line, SpeedState::Confirmed).await;
    sleep(Duration::from_mins(1)).await;
    let wish = house.wish(line);
    assert_eq!((wish.high, wish.applied_high, wish.version), (false, Some(false), 3));
    assert_eq!(house.wire.sent(), [false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn an_older_order_that_arrives_late_is_refused() {
    let house = House::new(Wire::to(Simulation::default()));
    let line = house.line_in_use(1);
    house.wire.ways.lock().unwrap().push_back(Way::Late(Duration::from_secs(20)));
    let running = house.run(Bounds::default());
    house.ask(line, false);
    running.waker.wake();
    sleep(Duration::from_secs(1)).await;
    house.ask(line, true);
    running.waker.wake();
    house.until(line, SpeedState::Confirmed).await;
    sleep(Duration::from_mins(1)).await;
    let older = SetAnswer::Refused(honnin_network::Refusal::OlderFence);
    assert_eq!(*house.wire.answers.lock().unwrap(), [SetAnswer::Applied, older]);
    assert_eq!(house.wish(line).applied_high, Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_speed_that_is_right_by_an_older_wish_is_sent_again_so_that_it_stays() {
    let house = House::new(Wire::to(Simulation::default()));
    let line = house.line_in_use(1);
    let running = house.run(Bounds::default());
    house.ask(line, true);
    running.waker.wake();
    house.until(line, SpeedState::Confirmed).await;
    // OFF hangs somewhere on the way; ON, asked for after it, is lost. The element is ON, but OFF may still arrive.
    house.wire.ways.lock().unwrap().extend([Way::Late(Duration::from_secs(40)), Way::Lost]);
    house.ask(line, false);
    running.waker.wake();
    sleep(Duration::from_secs(1)).await;
    house.ask(line, true);
    running.waker.wake();
    house.until(line, SpeedState::Confirmed).await;
    sleep(Duration::from_secs(90)).await;
    assert_eq!(house.wire.sent(), [true, false, true, true]);
    let last = house.wire.answers.lock().unwrap().last().cloned();
    assert_eq!(last, Some(SetAnswer::Refused(honnin_network::Refusal::OlderFence)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_is_found_by_asking_and_nothing_is_sent_twice() {
    let house = House::new(Wire::to(Simulation::default()));
    let line = house.line_in_use(1);
    house.wire.ways.lock().unwrap().push_back(Way::AnswerLost);
    house.ask(line, false);
    let _running = house.run(Bounds::default());
    house.until(line, SpeedState::Confirmed).await;
    assert_eq!((house.wire.sent(), house.wire.asked()), (vec![false], 1));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_lost_is_sent_again_under_a_newer_fence_after_asking() {
    let house = House::new(Wire::to(Simulation::default()));
    let line = house.line_in_use(1);
    house.wire.ways.lock().unwrap().push_back(Way::Lost);
    house.ask(line, false);
    let _running = house.run(Bounds::default());
    house.until(line, SpeedState::Confirmed).await;
    assert_eq!((house.wire.sent(), house.wire.asked()), (vec![false, false], 1));
    let fences: Vec<Fence> = house.wire.orders.lock().unwrap().iter().map(|(_, fence)| *fence).collect();
    assert!(fences[0] < fences[1]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_and_leaves_what_was() {
    let house = House::new(Wire::to(Simulation { refused_per_mille: 1_000, ..Simulation::default() }));
    let line = house.line_in_use(1);
    house.ask(line, false);
    let _running = house.run(Bounds::default());
    house.until(line, SpeedState::Failed).await;
    sleep(Duration::from_mins(10)).await;
    assert_eq!(house.wish(line).applied_high, Some(true));
    assert_eq!(house.wire.sent().len(), 1, "a refusal is final");
}

#[tokio::test(start_paused = true)]
async fn the_element_is_told_nothing_of_a_line_that_is_stopped_or_no_longer_held() {
    let house = House::new(Wire::to(Simulation::default()));
    let yesterday = Day::new(2026, 11, 19).unwrap();
    let lines = [
        house.line(1, LineStatus::Suspended, None),
        house.line(2, LineStatus::Ended, None),
        house.line(3, LineStatus::Active, Some(yesterday)),
    ];
    for line in &lines {
        house.ask(*line, false);
    }
    let _running = house.run(Bounds::default());
    for line in lines {
        house.until(line, SpeedState::Failed).await;
        assert_eq!(house.wish(line).reason, SpeedReason::Suspended);
    }
    assert_eq!((house.wire.sent().len(), house.wire.asked()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_accepted_is_asked_for_by_its_name_and_never_sent_twice() {
    let simulation = Simulation { later_per_mille: 1_000, later_millis: 20_000, ..Simulation::default() };
    let house = House::new(Wire::to(simulation));
    let line = house.line_in_use(1);
    house.ask(line, false);
    let _running = house.run(Bounds::default());
    house.until(line, SpeedState::Confirmed).await;
    assert_eq!((house.wire.sent(), house.wish(line).applied_high), (vec![false], Some(false)));
    let session = house.wish(line).session;
    assert!(session.is_some());
    let questions = house.wire.questions.lock().unwrap().clone();
    assert!(questions.len() > 1 && questions.iter().all(|named| *named == session), "{questions:?}");
    // The next wish names it too: what was set up is what is changed.
    house.ask(line, true);
    house.until(line, SpeedState::Confirmed).await;
    assert_eq!(*house.wire.named.lock().unwrap(), [None, session]);
}

#[tokio::test(start_paused = true)]
async fn a_word_that_comes_later_can_be_a_refusal() {
    let simulation = Simulation { later_per_mille: 1_000, refused_per_mille: 1_000, ..Simulation::default() };
    let house = House::new(Wire::to(simulation));
    let line = house.line_in_use(1);
    house.ask(line, false);
    let _running = house.run(Bounds::default());
    house.until(line, SpeedState::Failed).await;
    assert_eq!((house.wire.sent(), house.wish(line).applied_high), (vec![false], Some(true)));
}
