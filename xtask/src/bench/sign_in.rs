//! Sign-ins: what of the raw hash rate is left, and what storms leave of them and of reads.

use std::time::Duration;

use super::crowd::{Come, Crowd, Kind, Plan};
use super::figure::{Aim, Better, Figure, Short};
use super::ground::Ground;
use super::half::{capacity, home, plan, play};
use super::passkeys::{self, AT_ONCE, ByPasskey, PEOPLE};
use super::plot::{Words, bars};
use super::section::{Plot, Section};
use super::{Run, read, stats};
use crate::Failure;

fn figure(
    name: &str,
    value: f64,
    unit: &'static str,
    baseline: (&'static str, f64),
    better: Better,
    aim: Aim,
) -> Figure {
    Figure { name: name.to_owned(), value, unit, baseline, better, aim }
}

/// A share of people, as a crowd draws it: whole people.
fn shares(rate: f64) -> u32 {
    format!("{rate:.0}").parse().unwrap_or(u32::MAX / 4)
}

/// What was measured.
struct Measured {
    /// Hashes alone, and signatures of passkeys, a second.
    raw: f64,
    verified: f64,
    /// Sign-ins a second at most, and milliseconds of processor time of one.
    peak: f64,
    each: f64,
    /// The same by passkey.
    passkey: ByPasskey,
    ten: f64,
    hundred: f64,
    /// Home reads a second and the milliseconds of 99 of 100 of them, without a storm and beside one.
    calm: (f64, f64),
    beside: (f64, f64),
}

/// (d)
pub(super) fn sign_ins(run: &Run) -> Result<Section, Failure> {
    Ok(measure(run)?.section())
}

fn measure(run: &Run) -> Result<Measured, Failure> {
    let ground = run.small()?;
    let before = read::primitives(&run.programs.primitives, run.quick)?;
    let fresh = ground.fresh(run)?;
    let server = &fresh.server;
    let kind = |share| Kind { share, wanted: 201, own: true, request: ground.requests(Ground::sign_in) };
    let begun = server.processor();
    let calm = plan(server.address, Come::Closed(8), run.time(2), run.time(8));
    let crowd = play(Plan { patience: Duration::from_secs(10), ..calm }, &[kind(1)])?;
    let (peak, spent) = (crowd.goodput(None), server.processor() - begun);
    // Before and after: the machine may have become another one meanwhile.
    let after = read::primitives(&run.programs.primitives, run.quick)?;
    let (raw, verified) = (f64::midpoint(before.0, after.0), f64::midpoint(before.1, after.1));
    let each = spent / stats::count(crowd.seen.len().max(1)) * 1000.0;
    println!("  {peak:.1} sign-ins a second, {each:.2} ms of processor time each; raw {raw:.1} a second");
    if peak <= 0.0 {
        return Err("nobody is signed in".into());
    }
    let (fresh, origin) = fresh.over_tls(run)?;
    let passkey = passkeys::sign_ins(run, (&fresh.server, &origin), &ground.subjects)?;
    drop(fresh);
    let storm = |times: f64, first| -> Result<f64, Failure> {
        let fresh = ground.fresh(run)?;
        let plan = plan(fresh.server.address, Come::Open(peak * times), run.time(25), run.time(12));
        let crowd = play(Plan { returns: true, first, ..plan }, &[kind(1)])?;
        println!("  {times} ×: {:.1} a second", crowd.goodput(None));
        Ok(crowd.goodput(None))
    };
    let (ten, hundred) = (storm(10.0, 1_000_000)?, storm(100.0, 2_000_000)?);

    let fresh = ground.fresh(run)?;
    let server = &fresh.server;
    let half = capacity(run, server.address, &[home(&ground)], Duration::from_secs(1))?.goodput(None) / 2.0;
    let calm = play(plan(server.address, Come::Open(half), run.time(2), run.time(8)), &[home(&ground)])?;
    let both = [Kind { share: shares(half), ..home(&ground) }, kind(shares(peak * 10.0))];
    let storm = plan(server.address, Come::Open(half + peak * 10.0), run.time(5), run.time(10));
    let beside = play(Plan { returns: true, first: 9_000_000, ..storm }, &both)?;
    let of = |crowd: &Crowd| (crowd.goodput(Some(0)), crowd.slowest(Some(0)));
    Ok(Measured { raw, verified, peak, each, passkey, ten, hundred, calm: of(&calm), beside: of(&beside) })
}

impl Measured {
    fn figures(&self) -> Vec<Figure> {
        let (more, a_second) = (Better::More, "per second");
        let alone = ("argon2id alone", self.raw);
        vec![
            figure("sign-ins by password", self.peak, a_second, alone, more, Aim::Ratio(0.92)),
            figure(
                "sign-ins, goodput at 10 × the peak",
                self.ten,
                a_second,
                ("peak", self.peak),
                more,
                Aim::Ratio(0.95),
            ),
            figure(
                "sign-ins, goodput at 100 × the peak",
                self.hundred,
                a_second,
                ("peak", self.peak),
                more,
                Aim::Ratio(0.75),
            ),
            figure(
                "home reads during a storm of 10 × sign-ins, goodput",
                self.beside.0,
                a_second,
                ("calm", self.calm.0),
                more,
                Aim::Ratio(0.9),
            ),
            figure(
                "home reads during that storm, p99",
                self.beside.1,
                "ms",
                ("calm", self.calm.1),
                Better::Less,
                Aim::Ratio(3.0),
            ),
            figure(
                "sign-ins by passkey",
                1_000_000.0 / self.passkey.micros,
                a_second,
                ("by password", 1_000.0 / self.each),
                more,
                Aim::Ratio(50.0),
            ),
            figure(
                "checks of a passkey's signature (ES256)",
                self.verified,
                a_second,
                alone,
                more,
                Aim::None,
            ),
        ]
    }

    fn section(&self) -> Section {
        let Self { raw, peak, each, passkey, ten, hundred, calm, .. } = *self;
        let group = |name: &str, ours| (name.to_owned(), vec![raw, ours]);
        let groups = [group("peak", peak), group("10 × offered", ten), group("100 × offered", hundred)];
        let words =
            Words { title: "Sign-ins by password", across: "people who come", up: "per second and core" };
        Section {
            words: vec![
                "Sign-ins with the right password, each of another account and from another network over a connection of its own. The \
                 baseline is the same argon2id hash (19 MiB, 2 passes) in a loop and nothing else, on the same core. In the storms whoever \
                 leaves after 1 s is gone, and whoever is given a place in line asks again when told to; they are counted after 25 s."
                    .to_owned(),
                format!("Beside the storm home is read at half of what the core can read, {} a second.", Short(calm.0)),
            ],
            figures: self.figures(),
            plots: vec![Plot {
                file: "bench-sign-ins.svg",
                svg: bars(words, &["argon2id alone", "honnin"], &groups),
                shows: "Sign-ins per second and core beside the raw hash rate",
            }],
            more: vec![
                format!(
                    "A sign-in takes {each:.2} ms of processor time in all; a hash alone {:.2} ms.",
                    1000.0 / raw
                ),
                format!(
                    "A sign-in by passkey takes {} µs of the server's processor time in all: challenge, answer, keys, session, entry, \
                     TLS and HTTP/2. Its row of the table is what a core can do of them by its processor time, beside the same by password. \
                     {AT_ONCE} telephones on the other core sign in over connections that are kept, each time in another of {PEOPLE} \
                     accounts, whose passkeys (ES256) were made on their pages before; {} a second were signed in. The last row is the \
                     check of an ES256 signature alone.",
                    Short(passkey.micros),
                    Short(passkey.a_second)
                ),
            ],
            ..Section::default()
        }
    }
}
