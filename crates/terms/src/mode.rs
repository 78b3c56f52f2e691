//! Whether personal pages are shown: one word for the whole house, and one meaning of it everywhere.

/// Why personal pages wait for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stop {
    /// A document opened and named another owner than it was asked for.
    ForeignOwner,
    /// An answer stood at the way out of another request than it was made for.
    ForeignAnswer,
    /// Documents did not open in several accounts within a minute.
    ManyDoNotOpen,
    /// What the installation had written down of its own mode was altered, or is older than it was.
    ForeignMode,
}

impl Stop {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::ForeignOwner, Self::ForeignAnswer, Self::ManyDoNotOpen, Self::ForeignMode];

    /// The word in logs, metrics, rows and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ForeignOwner => "foreign_owner",
            Self::ForeignAnswer => "foreign_answer",
            Self::ManyDoNotOpen => "many_do_not_open",
            Self::ForeignMode => "foreign_mode",
        }
    }

    /// The reason of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stop| stop.word() == word)
    }
}

/// How much less than usual is offered. Who sees what is the same in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Less {
    /// What is dear and optional is off: documents and exports.
    Brownout,
    /// Nothing is changed: what is there is read, and nobody signs in anew.
    ReadOnly,
}

impl Less {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Brownout, Self::ReadOnly];

    /// The word in logs, rows and at the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Brownout => "brownout",
            Self::ReadOnly => "read_only",
        }
    }

    /// The one of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|less| less.word() == word)
    }

    /// The mode it is.
    pub const fn because(self, strain: Strain) -> Mode {
        match self {
            Self::Brownout => Mode::Brownout(strain),
            Self::ReadOnly => Mode::ReadOnly(strain),
        }
    }
}

/// Why less is offered than usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strain {
    /// A person said so.
    Forced,
    /// There is hardly any room left on the volume.
    Room,
    /// The journal's head is anchored late.
    Lag,
    /// The store answers late.
    Store,
    /// Requests wait too long for their turn.
    Queue,
}

impl Strain {
    /// The word in logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Forced => "forced",
            Self::Room => "room",
            Self::Lag => "lag",
            Self::Store => "store",
            Self::Queue => "queue",
        }
    }
}

/// What somebody asks for, as far as a mode may take it away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Signing in, and what is done with a password.
    SignIn,
    /// Changing something.
    Act,
    /// A document or an export.
    Document,
}

/// Who may be shown something personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everybody, her own.
    Everybody,
    /// The canaries that look at the public path, and nobody else.
    Canaries,
    /// Nobody.
    Nobody,
}

/// How the house stands, as one node knows it. The gate, the routes, readiness, metrics and `doctor` have this one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Everybody is shown her own.
    Open,
    /// What is dear and optional is off.
    Brownout(Strain),
    /// Nothing is changed; what is there is read.
    ReadOnly(Strain),
    /// Personal pages are stopped until a person has looked.
    Isolated(Stop),
    /// The journal's disk failed: nothing can be shown until it is opened again.
    JournalFailed,
    /// The journal has no room.
    JournalFull,
    /// The clock was set, and nobody has said since that it is right: what rests on a grant or a case waits.
    ClockApart,
    /// No checkpoint of the journal has left the machine for too long, and one has to.
    Unwitnessed,
    /// Whether another node has stopped personal pages is not known, and was not for too long.
    Unsure,
    /// A canary was given what is not hers.
    PathMixed,
    /// Nothing is known of the public path: not yet, or not for too long.
    PathUnproven,
    /// This node ends what was begun and begins nothing.
    Stopping,
}

impl Mode {
    /// The word in logs and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Brownout(_) => "brownout",
            Self::ReadOnly(_) => "read_only",
            Self::Isolated(_) => "isolated",
            Self::JournalFailed => "journal_failed",
            Self::JournalFull => "journal_full",
            Self::ClockApart => "clock_apart",
            Self::Unwitnessed => "unwitnessed",
            Self::Unsure => "unsure",
            Self::PathMixed => "path_mixed",
            Self::PathUnproven => "path_unproven",
            Self::Stopping => "stopping",
        }
    }

    /// What it means, for whoever watches; the whole answer of readiness.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Open => "ready",
            Self::Brownout(_) => "ready, but documents and exports are off; see `honnin mode show`",
            Self::ReadOnly(_) => "ready, but nothing can be changed; see `honnin mode show`",
            Self::Isolated(_) => "not ready: personal pages are stopped; see `honnin doctor`",
            Self::JournalFailed => "not ready: the journal's disk failed; start again",
            Self::JournalFull => "not ready: the journal has no room on its volume",
            Self::ClockApart => {
                "ready, but the clock was set and nobody has said that it is right; see `honnin doctor`"
            }
            Self::Unwitnessed => {
                "not ready: no checkpoint of the journal has left for too long; see `honnin doctor`"
            }
            Self::Unsure => "not ready: the store does not say whether personal pages are stopped",
            Self::PathMixed | Self::PathUnproven => {
                "ready, but personal pages are refused: the public path is not proven; see `honnin doctor`"
            }
            Self::Stopping => "not ready: stopping",
        }
    }

    /// Who may be shown something personal.
    pub const fn audience(self) -> Audience {
        match self {
            // What was begun is ended; and whose data it is may see it whatever the time is.
            Self::Open | Self::Brownout(_) | Self::ReadOnly(_) | Self::Stopping | Self::ClockApart => {
                Audience::Everybody
            }
            Self::PathMixed | Self::PathUnproven => Audience::Canaries,
            Self::Isolated(_)
            | Self::JournalFailed
            | Self::JournalFull
            | Self::Unwitnessed
            | Self::Unsure => Audience::Nobody,
        }
    }

    /// Whether that is offered. Whether somebody may be shown it is another question, and its answer is the audience.
    pub const fn offers(self, what: Offer) -> bool {
        match (self, what) {
            (Self::Brownout(_), Offer::Document) | (Self::ReadOnly(_), _) => false,
            // A new session is as personal as what it opens.
            (_, Offer::SignIn) => matches!(self.audience(), Audience::Everybody),
            (_, Offer::Act | Offer::Document) => true,
        }
    }

    /// Whether a balancer should send requests here. It should while the canaries look: they come by the same way.
    pub const fn is_ready(self) -> bool {
        !matches!(self, Self::Stopping) && !matches!(self.audience(), Audience::Nobody)
    }

    /// Seconds after which to ask again.
    pub const fn again_seconds(self) -> u32 {
        match self {
            // A person has to look first, or make room.
            Self::Isolated(_) | Self::JournalFailed | Self::JournalFull | Self::ClockApart => 60,
            Self::PathMixed | Self::PathUnproven | Self::Unwitnessed => 10,
            Self::Brownout(_) | Self::ReadOnly(_) => 30,
            Self::Open | Self::Unsure | Self::Stopping => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Mode; 12] = [
        Mode::Open,
        Mode::Brownout(Strain::Queue),
        Mode::ReadOnly(Strain::Room),
        Mode::Isolated(Stop::ForeignOwner),
        Mode::JournalFailed,
        Mode::JournalFull,
        Mode::ClockApart,
        Mode::Unwitnessed,
        Mode::Unsure,
        Mode::PathMixed,
        Mode::PathUnproven,
        Mode::Stopping,
    ];

    #[test]
    fn a_node_that_shows_nobody_anything_is_fed_by_no_balancer() {
        for mode in ALL {
            let fed = mode.is_ready();
            assert!(!fed || mode.audience() != Audience::Nobody, "{mode:?}");
            assert_eq!(mode.says().starts_with("ready"), fed, "{mode:?}");
        }
        assert!(!Mode::Stopping.is_ready() && Mode::PathUnproven.is_ready());
    }

    #[test]
    fn a_mode_that_offers_less_shows_the_same_people_the_same() {
        for less in Less::ALL {
            let mode = less.because(Strain::Forced);
            assert_eq!((mode.audience(), mode.is_ready()), (Audience::Everybody, true), "{mode:?}");
            assert_eq!(Less::of_word(mode.word()), Some(less));
        }
        let offered = |mode: Mode| [Offer::SignIn, Offer::Act, Offer::Document].map(|what| mode.offers(what));
        assert_eq!(offered(Mode::Open), [true; 3]);
        assert_eq!(offered(Mode::Brownout(Strain::Store)), [true, true, false]);
        assert_eq!(offered(Mode::ReadOnly(Strain::Room)), [false; 3]);
        assert_eq!(offered(Mode::PathMixed), [false, true, true], "the gate withholds the rest");
    }

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        for stop in Stop::ALL {
            assert_eq!(Stop::of_word(stop.word()), Some(stop));
        }
        assert_eq!(Stop::of_word("foreign"), None);
    }
}
