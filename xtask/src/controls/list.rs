//! The controls, one a line.

/// A drill, what is planted in the program it runs on, how the drill has to fail there, and what stops it after all.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) drill: &'static str,
    /// Faults, and layers left out, with commas between.
    pub(super) planted: &'static str,
    /// Words of the check that has to fail, or of why the drill could not go on. Any other end of it is wrong.
    pub(super) sees: &'static str,
    /// What stopped it; nothing where somebody is shown what is not hers, or the fault is of another kind.
    pub(super) caught_by: Option<&'static str>,
}

const fn control(
    drill: &'static str,
    planted: &'static str,
    sees: &'static str,
    caught_by: Option<&'static str>,
) -> Control {
    Control { drill, planted, sees, caught_by }
}

/// The check that is there for everybody.
const FOREIGN: &str = "nobody is shown a mark of another";

/// The product has found out by itself and withholds what is personal before the drill has asked its first question.
pub(super) const WITHHELD: &str = "could not go on: /api/v1/";

pub(super) const CONTROLS: &[Control] = &[
    control("D01", "reused-read", WITHHELD, Some("keys")),
    control("D01", "swapped-session-row,without-keys,without-owner", FOREIGN, None),
    control("D02", "believed-header", "a forged identity never changes who is seen", Some("keys")),
    control("D02", "believed-header,without-keys,without-owner", FOREIGN, None),
    control("D03", "anothers-cookie", "the product goes on through nginx after all that", Some("request")),
    control("D03", "anothers-cookie,without-request,without-asker", FOREIGN, None),
    control("D04", "reused-buffer", WITHHELD, Some("request")),
    control("D04", "reused-buffer,without-request,without-asker", FOREIGN, None),
    control("D05", "late-answer", WITHHELD, Some("request")),
    control("D05", "late-answer,without-request,without-asker", FOREIGN, None),
    control("D06", "joins-unasked", "another build or other settings are refused", None),
    control("D07", "unheard-changes", "no acknowledged act is lost, on any node", None),
    control("D08", "reused-read", WITHHELD, Some("keys")),
    control("D08", "reused-read,without-keys,without-owner", FOREIGN, None),
    control("D09", "wrongly-keyed-cache", WITHHELD, Some("keys")),
    control("D09", "wrongly-keyed-cache,without-keys,without-owner", FOREIGN, None),
    control("D10", "blind-canaries", "the canaries find that nginx mixes people up", None),
    control(
        "D10",
        "missing-no-store,without-headers",
        "behind nginx personal pages are shown",
        Some("canaries"),
    ),
    control(
        "D10",
        "missing-no-store,without-headers,blind-canaries",
        "behind nginx nobody is shown another",
        None,
    ),
    control("D11", "blind-canaries", "the canaries find that nginx mixes people up", None),
    control("D12", "anothers-permit", WITHHELD, Some("request")),
    control("D12", "anothers-permit,without-owner,without-request", FOREIGN, None),
    control("D13", "reused-buffer", WITHHELD, Some("request")),
    control("D13", "reused-buffer,without-request,without-asker", FOREIGN, None),
    control("D14", "reused-buffer", WITHHELD, Some("request")),
    control("D14", "reused-buffer,without-request,without-asker", FOREIGN, None),
    control("D15", "cut-short", "no request fails, and nobody is signed out", None),
    control("D16", "holder-of-today", FOREIGN, None),
    control("D17", "unasked-owner", "without both owners it is refused, and nothing changes", None),
    control("D18", "unasked-tenants", "every row of the other brand is set aside", None),
    control("D20", "unrecorded-entry", "who-saw names every disclosure of the walk", None),
    control("D21", "forgotten-owner", "another's id answers as an id that nobody has", Some("keys")),
    control("D21", "forgotten-owner,without-keys,without-rows,without-owner", FOREIGN, None),
    control("D22", "uncounted-strays", "whoever asks for line after line of others is stopped", Some("rows")),
    control("D23", "unasked-proof", "every dangerous act asks for a fresh proof", None),
    control("D24", "left-unsealed", "is readable without the key", None),
    control("D25", "untold-modes", "the status page tells of it by itself within a minute", None),
    control("D26", "silence-for-absence", "no retry leads to sign-in", None),
    control("D27", "everybody-at-once", "with all of them at the door no more are let in than can be", None),
    control("D28", "forgotten-places", "nobody is let in while somebody who came before her", None),
    control("D30", "early-word", "no acknowledged act is lost, on any node", None),
    control("D31", "counted-account", "from a prefix not yet used the right password is in within 2 s", None),
    // Either alone tells nothing from outside: what is computed is the same, or leaves at the same moment.
    control("D32", "prompt-refusal,own-work-only", "the time of a refusal does not tell", None),
    control("D32", "unfair-turns", "99 of 100 right sign-ins are in within 2 s", None),
    // What an insider does in these two the keys refuse, fault or no fault; they stop nothing of the fault.
    control("D33", "unasked-anchor", "every file edited, cut, swapped or put back is noticed", Some("keys")),
    control("D34", "unwritten-acts", "every act at the command line is an entry", Some("keys")),
    control("D35", "unseen-clock", "readiness, metrics and doctor say at once that the clock jumped", None),
];

/// Those that the gate runs: they are short.
pub(super) const IN_THE_GATE: [(&str, &str); 2] = [("D16", "holder-of-today"), ("D24", "left-unsealed")];
