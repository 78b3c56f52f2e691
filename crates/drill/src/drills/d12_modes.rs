//! D12: the service offers less than usual, and begins to do so under load. Whatever it still offers, nobody is shown
//! what is not hers, and where personal pages are withheld nobody is shown anything.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::Request;
use crate::harness::{Failure, House, Verdict};
use crate::kit::crowd::Crowd;
use crate::kit::exports::{begin, code};
use crate::kit::stage::{Stage, alarms, ask, ask_kept, get_as, journal_verifies};
use crate::kit::tally::{Findings, Tally};
use crate::kit::volume::Volume;

/// Subscribers at most.
const SUBJECTS: u64 = 60;
/// Connections that ask all the time, whatever the mode.
const CONNECTIONS: usize = 8;
/// A journal that is soon full.
const SETTINGS: &str =
    "[journal]\nsegment = \"1 MiB\"\nsegments = 2\n[server]\nconnections_per_address = 10_000\n";
/// Room for such a journal and what was published before, in MiB: about twice what a run has been seen to write.
const ROOM: u32 = 16;
/// How long a mode may take to come, and to go.
const PATIENCE: Duration = Duration::from_mins(2);
/// Refusals one after the other before a mode counts as entered.
const REFUSED: u32 = 100;
/// What is not tried here.
const NOT_YET: &str = "entered by a person here, and by rule in tests of the rule: brownout, read-only; isolated is entered by \
                       its marker at a start under load";
/// Modes that offer less, with what each still offers: a document, signing in.
const LESS: [(&str, bool, bool); 2] = [("brownout", false, true), ("read_only", false, false)];

/// Plays D12.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let mut house = stage.serving(&world, SETTINGS).await?;
    let crowd = Crowd::gather(world, &house, true).await?;
    let length = Duration::from_secs(stage.options.seconds.max(4) / 4);
    let asking = crowd.ask(CONNECTIONS, &stage.draw);
    sleep(length).await;
    let usual = crowd.noted();
    let mut verdicts = usual.verdicts("normal");
    if let Some(first) = verdicts.first_mut() {
        first.noted.push(NOT_YET.to_owned());
    }

    for (mode, documents, changes) in LESS {
        stage.say(&format!("  less is offered ({mode}), under load"));
        verdicts.push(forced(&house, &["mode", "force", mode])?);
        verdicts.push(offered(&crowd, mode, documents, changes).await?);
        drop(crowd.noted());
        sleep(length).await;
        // Reads go on in both, and everybody is still shown her own and nothing else.
        let mut tally = crowd.noted();
        drop(std::mem::take(&mut tally.empty));
        verdicts.extend(tally.looked(mode));
    }
    verdicts.push(forced(&house, &["mode", "release"])?);
    verdicts.push(offered(&crowd, "normal again", true, true).await?);

    stage.say("  personal pages are stopped (isolated), under load");
    house.end().await?;
    let marker = house.data().join("isolated");
    fs::write(&marker, "foreign_owner\n").map_err(Failure::machine("write the marker of isolation"))?;
    house = house.serving(SETTINGS).await?;
    crowd.follow(&house);
    drop(crowd.noted());
    sleep(length).await;
    let (withheld, times) = (crowd.noted(), everybody_is_refused(&crowd).await?);
    verdicts.extend(withheld_verdicts("isolated", withheld, times));

    stage.say("  a person lifts it, under load");
    let lifted = house.command(["isolation", "lift", "--yes"])?;
    let wrong = || format!("isolation lift ended with {:?}: {}", lifted.code, lifted.err.trim());
    let found = if lifted.code == Some(0) { Vec::new() } else { vec![wrong()] };
    let is_lifted = found.is_empty();
    verdicts.push(Verdict::of("isolation is lifted by a person", "isolation lift", 1, found));
    if !is_lifted {
        // It is not where the journal does not verify. Nothing personal comes back then.
        crowd.rest(asking).await;
        house.end().await?;
        verdicts.push(journal_verifies(&house, 1)?);
        return Ok(verdicts);
    }
    house = house.serving(SETTINGS).await?;
    crowd.follow(&house);
    sleep(length).await;
    verdicts.extend(crowd.noted().verdicts("normal again, after isolation was lifted"));

    stage.say("  the journal takes no entry, under load");
    house.end().await?;
    // What follows has a journal of its own.
    verdicts.push(journal_verifies(&house, 1)?);
    if let Some(volume) = Volume::over(&house.data().join("journal"), ROOM)? {
        house = house.serving(SETTINGS).await?;
        crowd.follow(&house);
        full(&crowd, &volume).await?;
        drop(crowd.noted());
        sleep(length).await;
        let (withheld, times) = (crowd.noted(), everybody_is_refused(&crowd).await?);
        verdicts.extend(withheld_verdicts("the journal takes no entry", withheld, times));
        volume.free()?;
        verdicts.push(come_back(&crowd, &house).await?);
        drop(crowd.noted());
        sleep(length).await;
        verdicts.extend(crowd.noted().verdicts("normal again, after there was room for the journal"));
        crowd.rest(asking).await;
        house.end().await?;
        // Before the volume goes, and the journal with it.
        verdicts.push(journal_verifies(&house, 1)?);
    } else {
        crowd.rest(asking).await;
        if let Some(first) = verdicts.first_mut() {
            let note =
                "not tried: the journal takes no entry; this user may not mount a volume that can be filled";
            first.noted.push(note.to_owned());
        }
    }
    Ok(verdicts)
}

/// A person changes the mode.
pub(super) fn forced(house: &House, command: &[&str]) -> Result<Verdict, Failure> {
    let done = house.command(command.iter().copied())?;
    let wrong = || format!("{} ended with {:?}: {}", command.join(" "), done.code, done.err.trim());
    let found = if done.code == Some(0) { Vec::new() } else { vec![wrong()] };
    Ok(Verdict::of("a person changes the mode", &command.join(" "), 1, found))
}

/// Whether documents and changes are there as the mode says, for everybody; and reads are.
async fn offered(crowd: &Arc<Crowd>, mode: &str, documents: bool, changes: bool) -> Result<Verdict, Failure> {
    let subject = crowd.subjects.first().ok_or_else(|| Failure::Product("there is nobody".to_owned()))?;
    // Every node hears of it within a second.
    let deadline = Instant::now() + PATIENCE;
    let (mut times, mut found) = (0, Findings::default());
    loop {
        let document = ask(crowd.target(), &begin(&subject.session)).await?;
        let signing_in = ask(crowd.target(), &Request::get("/sign-in")).await?;
        times += 2;
        let there = (code(&document) != "paused", signing_in.status == 200);
        if there == (documents, changes) {
            break;
        }
        if Instant::now() > deadline {
            found.add(format!("in {mode} an export and the sign-in form are there: {there:?}"));
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    for subject in &crowd.subjects {
        for path in ["/lines", "/bills"] {
            let answer = ask(crowd.target(), &get_as(&subject.session, path)).await?;
            let scan = crowd.world.scan(Some(&subject.session), &answer);
            times += 1;
            if answer.status != 200 || scan.own.is_empty() || !scan.foreign.is_empty() {
                found.add(format!("{path} answered {} with {} marks", answer.status, scan.own.len()));
            }
        }
    }
    let check = "what the mode takes away is refused, and everybody reads her own and nothing else";
    Ok(Verdict::of(check, mode, times, found.told()))
}

/// What may be answered while personal pages are withheld: nothing of anybody, and when to come back.
pub(super) fn withheld_verdicts(mode: &str, mut tally: Tally, refused: (u64, Findings)) -> Vec<Verdict> {
    let (times, mut shown) = refused;
    if tally.own > 0 || tally.disclosed > 0 {
        shown.add(format!("{} answers showed {} marks of their viewers' own", tally.disclosed, tally.own));
    }
    drop(std::mem::take(&mut tally.empty));
    let mut verdicts = tally.looked(mode);
    let check = "nobody is shown anything personal, her own neither; public pages go on";
    verdicts.push(Verdict::of(check, mode, times, shown.told()));
    verdicts
}

/// Everybody asks for something personal and is refused; what is for everybody is there.
pub(super) async fn everybody_is_refused(crowd: &Arc<Crowd>) -> Result<(u64, Findings), Failure> {
    let (mut times, mut found) = (0, Findings::default());
    for subject in &crowd.subjects {
        for path in ["/lines", "/bills", "/api/v1/me"] {
            let answer = ask(crowd.target(), &get_as(&subject.session, path)).await?;
            let scan = crowd.world.scan(Some(&subject.session), &answer);
            times += 1;
            if answer.status != 503 || !scan.own.is_empty() || !scan.foreign.is_empty() {
                found.add(format!("{path} answered {} with {} marks", answer.status, scan.own.len()));
            }
        }
    }
    for path in ["/notices", "/help", "/healthz"] {
        let answer = ask(crowd.target(), &Request::get(path)).await?;
        times += 1;
        if answer.status != 200 {
            found.add(format!("{path} answered {}", answer.status));
        }
    }
    Ok((times, found))
}

/// Waits until somebody's page is there again.
pub(super) async fn come_back(crowd: &Arc<Crowd>, house: &House) -> Result<Verdict, Failure> {
    let (deadline, mut times, mut found) = (Instant::now() + PATIENCE, 0, Findings::default());
    let subject = crowd.subjects.first().ok_or_else(|| Failure::Product("there is nobody".to_owned()))?;
    loop {
        let answer = ask_kept(crowd.target(), &get_as(&subject.session, "/lines")).await?.answer;
        times += 1;
        if answer.status == 200 {
            break;
        }
        if Instant::now() > deadline {
            let (status, alarms) = (answer.status, alarms(house)?);
            found.add(format!("/lines still answers {status} after {PATIENCE:?}: {alarms}"));
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    let check = "personal pages come back by themselves once there is room for the journal";
    Ok(Verdict::of(check, "one page, again and again", times, found.told()))
}

/// Takes all room until the journal takes no entry any more: what it had set aside is used up first.
pub(super) async fn full(crowd: &Arc<Crowd>, volume: &Volume) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    let subject = crowd.subjects.first().ok_or_else(|| Failure::Product("there is nobody".to_owned()))?;
    let mut refused = 0;
    volume.fill()?;
    while refused < REFUSED {
        let exchange = ask_kept(crowd.target(), &get_as(&subject.session, "/lines")).await?;
        refused = if exchange.answer.status == 503 { refused + 1 } else { 0 };
        if Instant::now() > deadline {
            return Err(Failure::Product(format!("the journal still took entries after {PATIENCE:?}")));
        }
        sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
