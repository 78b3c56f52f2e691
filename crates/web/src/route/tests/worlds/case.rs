//! What a pair of worlds is made of: two people, what each of them does, and in which order. All of it shrinks.

use std::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::route::routes::TABLE;
use crate::route::table::{Route, Verb};

/// Whose thing an act is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    /// The viewer's, whose answers are compared.
    Hers,
    /// The neighbour's, who is there or is not.
    Theirs,
    /// Nobody's.
    Nobodys,
}

/// One person in the ledger.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    /// Lines held.
    pub(super) lines: u8,
    /// Bills there are.
    pub(super) bills: u8,
    /// What every text and number follows from.
    pub(super) seed: u16,
    /// How long texts are, in letters.
    pub(super) length: u8,
}

/// What is wrong with what is stored of the neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No document opens.
    Documents,
    /// No subject's key opens.
    Keys,
    /// The sealed password does not open.
    Password,
    /// Sessions do not open, this many of them.
    Sessions,
    /// The documents are the viewer's, put into the neighbour's places.
    Stolen,
    /// Sessions do not open, each of another account. Never drawn: it stops everybody by design.
    SessionsOfMany,
}

/// The neighbour, as far as there is one.
#[derive(Debug, Clone)]
pub(super) struct Neighbour {
    pub(super) person: Person,
    pub(super) fault: Option<Fault>,
}

/// What somebody asks for.
#[derive(Clone, Copy)]
pub(super) enum Deed {
    /// A row of the route table that is asked for with GET, and whose thing it is filled in with.
    Get(usize, Whose, u8),
    /// Signs in, rightly or not, by page or as a program.
    SignIn {
        right: bool,
        program: bool,
    },
    SignOut,
    /// Wishes for a speed.
    Wish {
        line: u8,
        whose: Whose,
        high: bool,
        key: u8,
        program: bool,
    },
    /// Ends one of the devices.
    EndDevice(Whose, u8),
    EndOthers,
    /// Sets the password by one-time code, rightly or not.
    Activate {
        right: bool,
    },
    /// Loses the cookie and shows a made-up one.
    MakeUp(u8),
}

impl fmt::Debug for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Get(row, whose, place) => {
                write!(f, "GET {}", get(row).path)?;
                if get(row).path.contains('{') { write!(f, " of {whose:?} {place}") } else { Ok(()) }
            }
            Self::SignIn { right, program } => write!(f, "sign in (right {right}, program {program})"),
            Self::SignOut => f.write_str("sign out"),
            Self::Wish { line, whose, high, key, program } => {
                write!(f, "wish high={high} for {whose:?} line {line} (key {key}, program {program})")
            }
            Self::EndDevice(whose, place) => write!(f, "end device {place} of {whose:?}"),
            Self::EndOthers => f.write_str("end other devices"),
            Self::Activate { right } => write!(f, "activate (right {right})"),
            Self::MakeUp(cookie) => write!(f, "show made-up cookie {cookie}"),
        }
    }
}

/// The rows that are asked for with GET.
pub(super) fn get(row: usize) -> &'static Route {
    let rows: Vec<&Route> = TABLE.iter().filter(|route| route.verb == Verb::Get).collect();
    rows[row % rows.len()]
}

/// The place of a path among them.
pub(super) fn row_of(path: &str) -> usize {
    TABLE.iter().filter(|route| route.verb == Verb::Get).position(|route| route.path == path).unwrap()
}

/// Any of them, and mostly one that shows something personal.
fn row() -> impl Strategy<Value = usize> {
    let gets = || TABLE.iter().filter(|route| route.verb == Verb::Get);
    let personal: Vec<usize> =
        (0..).zip(gets()).filter(|(_, get)| get.discloses.is_some()).map(|(n, _)| n).collect();
    prop_oneof![3 => prop::sample::select(personal), 1 => 0..gets().count()]
}

/// How it is asked for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a header that is sent or not")]
pub(super) struct Manner {
    pub(super) head: bool,
    pub(super) gzip: bool,
    pub(super) json: bool,
    pub(super) english: bool,
}

impl fmt::Debug for Manner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.head, " HEAD"), (self.gzip, " gzip"), (self.json, " json"), (self.english, " en")];
        words.iter().filter(|(is, _)| *is).try_for_each(|(_, word)| f.write_str(word))
    }
}

/// One step; `cut` lets the client go after it was polled so often.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) deed: Deed,
    pub(super) manner: Manner,
    pub(super) cut: Option<u8>,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{:?}", self.deed, self.manner)?;
        self.cut.map_or(Ok(()), |polls| write!(f, ", gone after {polls} polls"))
    }
}

/// What happens between two looks at the clock.
#[derive(Debug, Clone)]
pub(super) struct Round {
    /// How far the clock moves before.
    pub(super) seconds: u16,
    pub(super) hers: Step,
    /// What the neighbour does meanwhile.
    pub(super) theirs: Vec<Step>,
    /// Whether the neighbour is first.
    pub(super) after: bool,
}

/// One pair of worlds.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) viewer: Person,
    pub(super) neighbour: Option<Neighbour>,
    /// Caches that hold next to nothing, so that everybody pushes everybody out.
    pub(super) tiny_caches: bool,
    pub(super) rounds: Vec<Round>,
}

impl Case {
    /// The same without the neighbour and all the neighbour does.
    pub(super) fn alone(&self) -> Self {
        let alone = |round: &Round| Round { theirs: Vec::new(), ..round.clone() };
        Self {
            viewer: self.viewer,
            neighbour: None,
            tiny_caches: false,
            rounds: self.rounds.iter().map(alone).collect(),
        }
    }
}

fn person() -> impl Strategy<Value = Person> {
    let some = || prop_oneof![1 => Just(0), 5 => 1..3_u8];
    let parts = (some(), some(), 0..1000_u16, 0..40_u8);
    parts.prop_map(|(lines, bills, seed, length)| Person { lines, bills, seed, length })
}

fn neighbour() -> impl Strategy<Value = Neighbour> {
    let faults = [Fault::Documents, Fault::Keys, Fault::Password, Fault::Sessions, Fault::Stolen];
    (person(), option::of(prop::sample::select(faults.to_vec())))
        .prop_map(|(person, fault)| Neighbour { person, fault })
}

fn whose() -> impl Strategy<Value = Whose> {
    prop_oneof![6 => Just(Whose::Hers), 2 => Just(Whose::Theirs), 1 => Just(Whose::Nobodys)]
}

/// Mostly the first of something, which is mostly there.
fn place() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(0), 1 => 0..3_u8]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        24 => (row(), whose(), place()).prop_map(|(row, whose, place)| Deed::Get(row, whose, place)),
        4 => (prop::bool::weighted(0.75), any::<bool>()).prop_map(|(right, program)| Deed::SignIn { right, program }),
        1 => Just(Deed::SignOut),
        4 => (place(), whose(), any::<bool>(), 0..3_u8, any::<bool>())
            .prop_map(|(line, whose, high, key, program)| Deed::Wish { line, whose, high, key, program }),
        1 => (whose(), place()).prop_map(|(whose, place)| Deed::EndDevice(whose, place)),
        1 => Just(Deed::EndOthers),
        1 => any::<bool>().prop_map(|right| Deed::Activate { right }),
        1 => (0..3_u8).prop_map(Deed::MakeUp),
    ]
}

/// `polls` is after how many of them the client may have gone.
fn step(polls: u8) -> impl Strategy<Value = Step> {
    let manner = (prop::bool::weighted(0.1), any::<bool>(), prop::bool::weighted(0.1), any::<bool>())
        .prop_map(|(head, gzip, json, english)| Manner { head, gzip, json, english });
    let cut = option::weighted(0.25, 0..=polls);
    (deed(), manner, cut).prop_map(|(deed, manner, cut)| {
        // A sign-in ends with its client, unless its hash was quicker, and so does a question to the journal: which of
        // them is no matter of any neighbour.
        let asks = matches!(deed, Deed::Get(row, ..) if get(row).path.ends_with("/disclosures"));
        let waits = asks || matches!(deed, Deed::SignIn { .. } | Deed::Activate { .. });
        Step { deed, manner, cut: cut.map(|polls| if waits { 0 } else { polls }) }
    })
}

fn round() -> impl Strategy<Value = Round> {
    let seconds = prop_oneof![Just(0), 1..5_u16, 30..100_u16, 3_000..10_000_u16];
    // What the viewer has done when she goes must not follow from how fast a thread is: one poll does all up to the
    // first thing that is waited for.
    (seconds, step(1), vec(step(5), 0..4), any::<bool>()).prop_map(|(seconds, hers, theirs, after)| Round {
        seconds,
        hers,
        theirs,
        after,
    })
}

/// Random pairs of worlds.
pub(super) fn case() -> impl Strategy<Value = Case> {
    (person(), option::weighted(0.9, neighbour()), any::<bool>(), vec(round(), 1..10))
        .prop_map(|(viewer, neighbour, tiny_caches, rounds)| Case { viewer, neighbour, tiny_caches, rounds })
}
