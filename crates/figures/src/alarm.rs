//! Alarms: what a person has to look at.

/// What was noticed, and by it the series that counts it, the rule that calls somebody and the section of
/// docs/alarms.md that says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmKind {
    /// The canaries learn nothing.
    Canaries,
    /// The certificate ends soon, or a renewed one cannot be used.
    Certificate,
    /// The clock jumped.
    Clock,
    /// Something sealed does not open.
    DoesNotOpen,
    /// An answer was made for another request.
    ForeignAnswer,
    /// An opened document names another owner.
    ForeignOwner,
    /// Personal pages are stopped.
    Isolated,
    /// The journal takes no entry, or was put back.
    Journal,
    /// The keeper was asked for what is not done.
    Keeper,
    /// The public record of notices takes nothing, or is not what it was.
    Notices,
    /// An extract has rows of another operator.
    OthersRows,
    /// The public path mixes people up, or is not proven.
    PublicPath,
    /// A task that drives the network ended by a fault.
    ReconcilerPanic,
    /// One account asks for the lines of many others.
    Strays,
    /// A listed proxy does not say who asks.
    Untold,
}

impl AlarmKind {
    /// Every alarm, in the order of their words. A kind that is not here has no word and does not compile.
    pub const ALL: [Self; 15] = [
        Self::Canaries,
        Self::Certificate,
        Self::Clock,
        Self::DoesNotOpen,
        Self::ForeignAnswer,
        Self::ForeignOwner,
        Self::Isolated,
        Self::Journal,
        Self::Keeper,
        Self::Notices,
        Self::OthersRows,
        Self::PublicPath,
        Self::ReconcilerPanic,
        Self::Strays,
        Self::Untold,
    ];

    /// Its word and the rule of examples/monitoring/alerts.yml that sees it.
    const fn row(self) -> (&'static str, &'static str) {
        const ALARM: &str = "HonninAlarm";
        match self {
            Self::Canaries => ("canaries", ALARM),
            Self::Certificate => ("certificate", ALARM),
            Self::Clock => ("clock", ALARM),
            Self::DoesNotOpen => ("does_not_open", ALARM),
            Self::ForeignAnswer => ("foreign_answer", ALARM),
            Self::ForeignOwner => ("foreign_owner", ALARM),
            // It lasts until a person ends it, and so does the rule.
            Self::Isolated => ("isolated", "HonninIsolated"),
            Self::Journal => ("journal", ALARM),
            Self::Keeper => ("keeper", ALARM),
            Self::Notices => ("notices", ALARM),
            Self::OthersRows => ("others_rows", ALARM),
            Self::PublicPath => ("public_path", ALARM),
            Self::ReconcilerPanic => ("reconciler_panic", ALARM),
            Self::Strays => ("strays", ALARM),
            Self::Untold => ("untold", ALARM),
        }
    }

    pub(crate) const WORDS: [&'static str; Self::ALL.len()] = {
        let mut words = [""; Self::ALL.len()];
        let mut left = Self::ALL.as_slice();
        let mut to = words.as_mut_slice();
        while let (Some((kind, others)), Some((word, more))) = (left.split_first(), to.split_first_mut()) {
            *word = kind.word();
            (left, to) = (others, more);
        }
        words
    };

    /// As logs, figures, rules and docs call it.
    pub const fn word(self) -> &'static str {
        self.row().0
    }

    /// The rule that sees it.
    pub const fn rule(self) -> &'static str {
        self.row().1
    }

    /// Counts it. What is logged with it is logged by [`crate::alarm!`], so that no line says `alarm` of something that
    /// nobody counts.
    pub fn raise(self) -> &'static str {
        crate::alarms(self.word()).increment(1);
        self.word()
    }
}

/// Raises an alarm and logs it: the kind, then what `tracing::error!` takes.
#[macro_export]
macro_rules! alarm {
    ($kind:expr, $($said:tt)+) => {{
        // Counted whether or not the log is told.
        let alarm = $crate::AlarmKind::raise($kind);
        $crate::tracing::error!(alarm, $($said)+);
    }};
}
