//! D13: what is sent is torn, cut and mixed up, and so are the files an operator hands in. No reader may run past the
//! end of what it was given: nobody is shown an octet of anybody else, and the product goes on answering.

mod files;

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::client::{Answer, Target};
use crate::harness::{Failure, House, SignedIn, Verdict};
use crate::kit::damage;
use crate::kit::paths::Paths;
use crate::kit::stage::{Stage, World, ask_kept, behind_proxies, get_as};
use crate::kit::tally::{Findings, Tally};
use crate::seed::Draw;

/// Subjects whose requests are torn; what one of them leaves behind another would be shown.
const SUBJECTS: u64 = 8;

/// Files handed in, for each kind of file.
const FILES: u64 = 12;

/// Longer than any bound of the product for what is sent here.
const PATIENCE: Duration = Duration::from_secs(40);

/// Silence after which nothing more is expected of a connection that was left open.
const SILENCE: Duration = Duration::from_millis(50);

/// Plays D13.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let mut house = stage.house(world.ledger(), world.vocabulary.subjects()).await?;
    let mut trial = Trial { world: &world, tally: Tally::default(), ends: Findings::default(), tried: 0 };
    let share = Duration::from_secs(stage.options.seconds.max(2)) / 2;
    let mut draw = stage.draw.of_part(13);
    let mut looked_up = Tally::default();
    let whole = whole_requests(&house, &world, &mut looked_up).await?;
    stage.say(&format!("  tearing {} requests", whole.len()));
    trial.tear(house.target(), &whole, &[], share, &mut draw).await?;
    let mut verdicts = vec![still_answers(&mut house, &world, "after the torn requests").await?];
    verdicts.extend(files::hand_in(stage, &house, &world, FILES, &mut draw)?);
    verdicts.push(words(&house, &world)?);
    drop(house);
    let mut house =
        stage.installation(&world, &behind_proxies("https://localhost", "127.0.0.1/32", "proxy-v2")).await?;
    let whole = whole_of(house.sessions());
    stage.say("  tearing what a proxy says first");
    trial.tear(house.target(), &whole, &damage::headers(), share, &mut draw).await?;
    let check = "the product runs on behind a proxy";
    let ended = if house.is_running() { Vec::new() } else { vec!["the process has ended".to_owned()] };
    verdicts.push(Verdict::of(check, "the process, after the torn PROXY headers", 1, ended));
    verdicts.push(words(&house, &world)?);
    let Trial { mut tally, ends, tried, .. } = trial;
    tally.take(looked_up);
    verdicts.push(Verdict::of("every torn connection ends", "torn requests", tried, ends.told()));
    verdicts.extend(tally.looked("every octet that came back"));
    Ok(verdicts)
}

/// A request as a browser or a program sends it, and whose session it shows.
#[derive(Debug, Clone)]
struct Whole {
    viewer: SignedIn,
    octets: Vec<u8>,
}

/// Every path of every subject, and an act of each kind.
async fn whole_requests(house: &House, world: &World, tally: &mut Tally) -> Result<Vec<Whole>, Failure> {
    let host = house.target().address().to_string();
    let mut whole = whole_of(house.sessions());
    for viewer in house.sessions() {
        let paths = Paths::of(world, house.target(), viewer, tally).await?;
        let reads = paths.reads.iter().map(|path| get_as(viewer, path).octets(&host));
        whole.extend(reads.map(|octets| Whole { viewer: viewer.clone(), octets }));
        let line = paths.lines.first().cloned().unwrap_or_default();
        let wish = format!(
            "PUT /api/v1/lines/{line}/speed HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nIdempotency-Key: torn\r\n\
             Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{{\"high\":false}}",
            viewer.cookie
        );
        whole.push(Whole { viewer: viewer.clone(), octets: wish.into_bytes() });
    }
    Ok(whole)
}

/// Requests that need no ids: bodies of known and of unknown length, queries, cookies.
fn whole_of(sessions: &[SignedIn]) -> Vec<Whole> {
    let of = |viewer: &SignedIn| {
        let cookie = &viewer.cookie;
        [
            format!("GET /lines HTTP/1.1\r\nHost: a.example\r\nCookie: language=en; {cookie}; theme=dark\r\n\r\n"),
            format!("GET /api/v1/disclosures?before=7 HTTP/1.1\r\nHost: a.example\r\nCookie: {cookie}\r\n\r\n"),
            format!(
                "POST /settings/language HTTP/1.1\r\nHost: a.example\r\nCookie: {cookie}\r\nContent-Length: 24\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\n\r\nlanguage=en&to=%2Fsettings"
            ),
            "POST /api/v1/sessions HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\
             Content-Type: application/json\r\n\r\n10\r\n{\"login\":\"nobody\r\n10\r\n\",\"password\":\"x\"}\r\n0\r\n\r\n"
                .to_owned(),
        ]
    };
    let each = sessions.iter().flat_map(|viewer| of(viewer).map(|text| (viewer.clone(), text)));
    each.map(|(viewer, text)| Whole { viewer, octets: text.into_bytes() }).collect()
}

struct Trial<'a> {
    world: &'a World,
    tally: Tally,
    /// Connections that did not end.
    ends: Findings,
    tried: u64,
}

impl Trial<'_> {
    /// Tears requests for that long, at least as many as there are; `before` stands before them where it is not empty.
    async fn tear(
        &mut self,
        target: Target,
        whole: &[Whole],
        before: &[Vec<u8>],
        time: Duration,
        draw: &mut Draw,
    ) -> Result<(), Failure> {
        let until = Instant::now() + time;
        let mut round = 0;
        while Instant::now() < until || round < whole.len() {
            let Some(request) = whole.get(round % whole.len().max(1)) else { break };
            // Mixed with a request of the same session: another's cookie would rightly be shown another's figures.
            let other = draw.of(whole).filter(|other| other.viewer == request.viewer);
            let other = other.map(|other| other.octets.clone()).unwrap_or_default();
            let header = draw.of(before).cloned().unwrap_or_default();
            // A proxy's header is torn as often as what comes behind it.
            let octets = if header.is_empty() || draw.percent(50) {
                [header, damage::torn(&request.octets, &other, draw)].concat()
            } else {
                [damage::torn(&header, &other, draw), request.octets.clone()].concat()
            };
            self.send(target, &request.viewer, &octets).await?;
            round += 1;
        }
        Ok(())
    }

    /// Sends octets as they are and looks at all that comes back.
    async fn send(&mut self, target: Target, viewer: &SignedIn, octets: &[u8]) -> Result<(), Failure> {
        self.tried += 1;
        let Ok(came) = timeout(PATIENCE, talk(target, octets)).await else {
            self.ends.add(format!("{} octets were held for {PATIENCE:?}", octets.len()));
            return Ok(());
        };
        let came = came.map_err(Failure::machine("reach the product"))?;
        for (status, answer) in answers(&came) {
            *self.tally.statuses.entry(status).or_default() += 1;
            let says_when = answer.to_ascii_lowercase().windows(12).any(|window| window == b"retry-after:");
            if status >= 500 && !(status == 503 && says_when) {
                self.tally.faults.add(format!("a torn request was answered {status}"));
            }
        }
        let answer = Answer { status: 0, head: came, body: Vec::new(), is_whole: false };
        self.tally.octets(self.world, Some(viewer), "a torn request", &answer);
        Ok(())
    }
}

/// Sends and reads to the end; ends its own half once nothing comes any more.
async fn talk(target: Target, octets: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(target.address()).await?;
    let mut came = Vec::new();
    // Whoever refuses what came so far need not take the rest.
    drop(stream.write_all(octets).await);
    loop {
        match timeout(SILENCE, stream.read_buf(&mut came)).await {
            Ok(Ok(0) | Err(_)) => return Ok(came),
            Ok(Ok(_)) => {}
            Err(_) => break,
        }
    }
    drop(stream.shutdown().await);
    // A connection that is reset has ended.
    drop(stream.read_to_end(&mut came).await);
    Ok(came)
}

/// The status of each answer on a connection, with what follows it.
fn answers(came: &[u8]) -> Vec<(u16, &[u8])> {
    const LINE: &[u8] = b"HTTP/1.1 ";
    let begins = came.windows(LINE.len()).enumerate().filter(|(_, window)| *window == LINE);
    let status = |at: usize| {
        let digits = came.get(at + LINE.len()..)?.get(..3)?;
        Some((std::str::from_utf8(digits).ok()?.parse().ok()?, came.get(at..)?))
    };
    begins.filter_map(|(at, _)| status(at)).collect()
}

/// Everybody is still shown her own, and nothing else.
async fn still_answers(house: &mut House, world: &World, when: &str) -> Result<Verdict, Failure> {
    let mut found = Vec::new();
    if !house.is_running() {
        found.push("the process has ended".to_owned());
    }
    let mut times = 0;
    for viewer in house.sessions() {
        let exchange = ask_kept(house.target(), &get_as(viewer, "/api/v1/me")).await?;
        let scan = world.scan(Some(viewer), &exchange.answer);
        times += 1;
        if exchange.answer.status != 200 || scan.own.is_empty() || !scan.is_clean() {
            found.push(format!("{} is answered {}", viewer.account, exchange.answer.status));
        }
    }
    Ok(Verdict::of("the product runs on and shows everybody her own", when, times, found))
}

/// What the product wrote about it: no panic, and nobody's marks.
fn words(house: &House, world: &World) -> Result<Verdict, Failure> {
    let words = house.words()?;
    let lines = u64::try_from(words.split(|octet| *octet == b'\n').count()).unwrap_or(u64::MAX);
    let answer = Answer { status: 0, head: words, body: Vec::new(), is_whole: false };
    let scan = world.scan(None, &answer);
    let mut found: Vec<String> = scan
        .foreign
        .into_iter()
        .map(|seen| format!("{} of {} stands in it", seen.mark, seen.account))
        .collect();
    if String::from_utf8_lossy(&answer.head).contains("panicked at") {
        found.push("something panicked".to_owned());
    }
    Ok(Verdict::of(
        "what the product writes of it tells of no panic and of nobody",
        "lines it wrote",
        lines,
        found,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_on_a_connection_is_seen() {
        let came = b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n";
        let statuses: Vec<u16> = answers(came).into_iter().map(|(status, _)| status).collect();
        assert_eq!(statuses, [200, 503]);
        assert!(answers(b"no answer").is_empty() && answers(b"HTTP/1.1 2").is_empty());
    }
}
