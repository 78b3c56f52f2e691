//! The list of drills: what happened once, and how it is replayed. Each has a file by its number; what they share is in
//! [`crate::kit`].
//!
//! A drill that is not built is listed all the same, as such: what is missing is seen.

mod d01_load;
mod d02_forged;
mod d03_cookies;
mod d04_documents;
mod d05_deadlines;
mod d06_joining;
mod d07_several;
mod d08_cancelled;
mod d09_storm;
mod d10_kept;
mod d11_changed;
mod d12_modes;
mod d13_torn;
mod d14_workers;
mod d15_rolling;
mod d16_recycled;
mod d17_merging;
mod d18_others_rows;
mod d20_walk;
mod d21_routes;
mod d22_scraping;
mod d23_takeover;
mod d24_stolen;
mod d25_full;
mod d26_stalled;
mod d27_recovered;
mod d28_launch;
mod d30_failover;
mod d31_account;
mod d32_names;
mod d33_insider;
mod d34_operator;
mod d35_jumped;

use std::fmt;
use std::pin::Pin;

use crate::harness::{Failure, Verdict};
use crate::kit::stage::Stage;

/// A drill being played.
pub(crate) type Playing<'a> = Pin<Box<dyn Future<Output = Result<Vec<Verdict>, Failure>> + 'a>>;

/// What plays a drill.
pub(crate) type Play = for<'a> fn(&'a Stage) -> Playing<'a>;

/// A past incident.
#[derive(Clone, Copy)]
pub struct Drill {
    /// Its name: `D01`.
    pub name: &'static str,
    /// What happened once.
    pub incident: &'static str,
    pub(crate) play: Option<Play>,
}

impl Drill {
    /// Whether it can be run; otherwise it is `not yet`.
    pub const fn is_built(&self) -> bool {
        self.play.is_some()
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl fmt::Debug for Drill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// All of them.
pub const fn list() -> &'static [Drill] {
    &DRILLS
}

pub(crate) fn find(name: &str) -> Option<&'static Drill> {
    DRILLS.iter().find(|drill| drill.is_called(name))
}

const DRILLS: [Drill; 36] = [
    Drill {
        name: "D01",
        incident: "My IIJmio 2021: under launch load people were shown others' data",
        play: Some(|stage| Box::pin(d01_load::play(stage))),
    },
    Drill {
        name: "D02",
        incident: "My SoftBank 2026: identity asserted by the network path",
        play: Some(|stage| Box::pin(d02_forged::play(stage))),
    },
    Drill {
        name: "D03",
        incident: "GitHub 2021: session cookie set on another's response",
        play: Some(|stage| Box::pin(d03_cookies::play(stage))),
    },
    Drill {
        name: "D04",
        incident: "Kawasaki 2023: two requests within a second, one output slot",
        play: Some(|stage| Box::pin(d04_documents::play(stage))),
    },
    Drill {
        name: "D05",
        incident: "Yokohama 2023: a time-out released only the lock",
        play: Some(|stage| Box::pin(d05_deadlines::play(stage))),
    },
    Drill {
        name: "D06",
        incident: "Munakata 2023: old fix missing on one site",
        play: Some(|stage| Box::pin(d06_joining::play(stage))),
    },
    Drill {
        name: "D07",
        incident: "Takamatsu 2024: single-server program on several servers",
        play: Some(|stage| Box::pin(d07_several::play(stage))),
    },
    Drill {
        name: "D08",
        incident: "ChatGPT 2023: cancelled call left its reply on a pooled connection",
        play: Some(|stage| Box::pin(d08_cancelled::play(stage))),
    },
    Drill {
        name: "D09",
        incident: "Wyze 2024: cache mixed ids under reconnect storm",
        play: Some(|stage| Box::pin(d09_storm::play(stage))),
    },
    Drill {
        name: "D10",
        incident: "Mercari 2017: shared cache, request collapsing",
        play: Some(|stage| Box::pin(d10_kept::play(stage))),
    },
    Drill {
        name: "D11",
        incident: "Klarna 2021: cache configuration changed while running",
        play: Some(|stage| Box::pin(d11_changed::play(stage))),
    },
    Drill {
        name: "D12",
        incident: "Steam 2015: emergency caching of personal pages",
        play: Some(|stage| Box::pin(d12_modes::play(stage))),
    },
    Drill {
        name: "D13",
        incident: "Cloudbleed 2017: a parser ran past the end of its buffer",
        play: Some(|stage| Box::pin(d13_torn::play(stage))),
    },
    Drill {
        name: "D14",
        incident: "LINE album 2024: buffer shared in a worker",
        play: Some(|stage| Box::pin(d14_workers::play(stage))),
    },
    Drill {
        name: "D15",
        incident: "T-Mobile 2023: migration overnight",
        play: Some(|stage| Box::pin(d15_rolling::play(stage))),
    },
    Drill {
        name: "D16",
        incident: "IIJ 2021: recycled number",
        play: Some(|stage| Box::pin(d16_recycled::play(stage))),
    },
    Drill {
        name: "D17",
        incident: "IIJ 2021: wrong merge of two accounts",
        play: Some(|stage| Box::pin(d17_merging::play(stage))),
    },
    Drill {
        name: "D18",
        incident: "IIJ 2020: an MVNE handed call records to another MVNO",
        play: Some(|stage| Box::pin(d18_others_rows::play(stage))),
    },
    Drill { name: "D19", incident: "IIJ 2020: other people's addresses in a mail", play: None },
    Drill {
        name: "D20",
        incident: "Toretoku 2019 to 2022: an order of steps showed others' data",
        play: Some(|stage| Box::pin(d20_walk::play(stage))),
    },
    Drill {
        name: "D21",
        incident: "Optus 2022: forgotten route, ids enumerated",
        play: Some(|stage| Box::pin(d21_routes::play(stage))),
    },
    Drill {
        name: "D22",
        incident: "T-Mobile API 2022: slow scraping",
        play: Some(|stage| Box::pin(d22_scraping::play(stage))),
    },
    Drill {
        name: "D23",
        incident: "my Rakuten 2025: takeover, eSIM without new proof",
        play: Some(|stage| Box::pin(d23_takeover::play(stage))),
    },
    Drill {
        name: "D24",
        incident: "Dairiki, Sekaido: database read by an outsider",
        play: Some(|stage| Box::pin(d24_stolen::play(stage))),
    },
    Drill {
        name: "D25",
        incident: "Rakuten 2022: log memory full, restart, reconnect storm, emergency mode by hand",
        play: Some(|stage| Box::pin(d25_full::play(stage))),
    },
    Drill {
        name: "D26",
        incident: "KDDI 2022: 15 minutes of fault, 61 hours of retries",
        play: Some(|stage| Box::pin(d26_stalled::play(stage))),
    },
    Drill {
        name: "D27",
        incident: "Docomo 2021: a notice of recovery caused the second wave",
        play: Some(|stage| Box::pin(d27_recovered::play(stage))),
    },
    Drill {
        name: "D28",
        incident: "Launch mail: everybody at 10:00",
        play: Some(|stage| Box::pin(d28_launch::play(stage))),
    },
    Drill { name: "D29", incident: "Lost staff device: a support session goes with it", play: None },
    Drill {
        name: "D30",
        incident: "A primary database dies, or freezes and wakes up later",
        play: Some(|stage| Box::pin(d30_failover::play(stage))),
    },
    Drill {
        name: "D31",
        incident: "Every lock after five tries: an account locked by strangers",
        play: Some(|stage| Box::pin(d31_account::play(stage))),
    },
    Drill {
        name: "D32",
        incident: "Credential stuffing with made-up names takes all hashers",
        play: Some(|stage| Box::pin(d32_names::play(stage))),
    },
    Drill {
        name: "D33",
        incident: "Insider with the data directory: log edited, backup put back",
        play: Some(|stage| Box::pin(d33_insider::play(stage))),
    },
    Drill {
        name: "D34",
        incident: "Insider with the command line: password put in and out again, invitation used",
        play: Some(|stage| Box::pin(d34_operator::play(stage))),
    },
    Drill {
        name: "D35",
        incident: "A clock that was once ahead, behind, or jumps",
        play: Some(|stage| Box::pin(d35_jumped::play(stage))),
    },
    Drill {
        name: "D36",
        incident: "ZAIKO 2026: the notice of what was shown had to be corrected",
        play: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_incident_is_listed_once_in_order() {
        let names: Vec<&str> = list().iter().map(|drill| drill.name).collect();
        let expected: Vec<String> = (1..=36).map(|number| format!("D{number:02}")).collect();
        assert_eq!(names, expected);
    }
}
