//! One entry of the record: what was said, of which incident, and what is promised from then on.

use honnin_terms::Moment;
use serde::{Deserialize, Serialize};

/// Longest title, in characters.
const TITLE: usize = 120;
/// Longest body, in characters.
const BODY: usize = 4_000;

/// A text in every language the record is written in: one that lacks a language does not compile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

impl Texts {
    /// Both.
    pub fn new(ja: &str, en: &str) -> Self {
        Self { ja: ja.to_owned(), en: en.to_owned() }
    }

    /// The one of that tag; Japanese for one that is not there.
    pub fn of(&self, tag: &str) -> &str {
        if tag == "en" { &self.en } else { &self.ja }
    }

    fn is_within(&self, most: usize) -> bool {
        [&self.ja, &self.en].into_iter().all(|text| {
            let told = !text.trim().is_empty() && text.chars().count() <= most;
            told && !text.chars().any(|c| c.is_control() && c != '\n')
        })
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident $word:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$of])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word in the record, in JSON and at the command line.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The one of that word.
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                let words = || Self::ALL.iter().map(|one| one.word()).collect::<Vec<_>>().join(", ");
                Self::of_word(word).ok_or_else(|| format!("expect one of {}", words()))
            }
        }
    };
}

words! {
    /// Who said it.
    By {
        /// A person of the operator; who, is in the journal.
        Operator "operator";
        /// The service itself, by a rule.
        Service "service";
    }
}

words! {
    /// How far an incident has come, in the words of Statuspage.
    State {
        /// Its cause is looked for.
        Investigating "investigating";
        /// Its cause is known.
        Identified "identified";
        /// It seems to be over and is watched.
        Monitoring "monitoring";
        /// It is over.
        Resolved "resolved";
        /// Planned work that has not begun.
        Scheduled "scheduled";
        /// Planned work that goes on.
        InProgress "in_progress";
        /// Planned work that is done.
        Completed "completed";
    }
}

impl State {
    /// Whether it is over.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Resolved | Self::Completed)
    }

    /// Whether it is one of planned work.
    pub const fn is_planned(self) -> bool {
        matches!(self, Self::Scheduled | Self::InProgress | Self::Completed)
    }
}

words! {
    /// How much of the service it takes away, in the words of Statuspage.
    Impact {
        /// Nothing.
        None "none";
        /// Something is slow or missing.
        Minor "minor";
        /// A large part is missing.
        Major "major";
        /// Nothing personal is shown, or people were shown what is not theirs.
        Critical "critical";
        /// Planned work.
        Maintenance "maintenance";
    }
}

words! {
    /// A part of the service, as people know it.
    Part {
        /// Signing in.
        SignIn "sign_in";
        /// What a person is shown of herself.
        Pages "pages";
        /// What a person can do.
        Acts "acts";
        /// Documents and exports.
        Documents "documents";
    }
}

/// A moment as the record has it: RFC 3339 in UTC, so that anybody can read it.
mod written {
    use honnin_terms::Moment;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
    pub(super) fn serialize<S: Serializer>(at: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(at)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }

    pub(super) mod maybe {
        use super::{Deserialize, Deserializer, Error, Moment, Serializer};

        #[expect(clippy::ref_option, reason = "the shape serde asks for")]
        pub(crate) fn serialize<S: Serializer>(
            at: &Option<Moment>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => serializer.collect_str(at),
                None => serializer.serialize_none(),
            }
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Moment>, D::Error> {
            let text = Option::<String>::deserialize(deserializer)?;
            text.map(|text| text.parse()).transpose().map_err(D::Error::custom)
        }
    }
}

/// What was said once. Everything that is promised stands in every entry, so that the last one is what holds, and two in
/// a row tell what was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// When it was said. Never before what was said before it.
    #[serde(with = "written")]
    pub at: Moment,
    /// The incident: the index of the entry that opened it.
    pub incident: u64,
    /// Who said it.
    pub by: By,
    /// How far it has come.
    pub state: State,
    /// How much it takes away.
    pub impact: Impact,
    /// What kind of incident it is: a word of the templates, or of nobody.
    pub cause: String,
    /// What tells two incidents of the service's own apart: of which node it is; empty for one of all nodes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// What it takes away.
    pub parts: Vec<Part>,
    /// Its title; in the entry that opens it and in no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Texts>,
    /// What is said.
    pub body: Texts,
    /// Since when it was so, where that is another moment than that of the first entry.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "written::maybe")]
    pub started_at: Option<Moment>,
    /// When it is to be over, as promised.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "written::maybe")]
    pub ends_at: Option<Moment>,
    /// When the next word is to come, as promised.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "written::maybe")]
    pub next_at: Option<Moment>,
    /// When it was over, where that is another moment than that of the entry that says so.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "written::maybe")]
    pub ended_at: Option<Moment>,
}

/// What opens an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its first state: not one that is over.
    pub state: State,
    /// How much it takes away.
    pub impact: Impact,
    /// The word of its template.
    pub cause: String,
    /// Of which node it is; empty for all.
    pub source: String,
    /// What it takes away.
    pub parts: Vec<Part>,
    /// Its title.
    pub title: Texts,
    /// What is said.
    pub body: Texts,
    /// Since when.
    pub started_at: Option<Moment>,
    /// When it is to be over.
    pub ends_at: Option<Moment>,
    /// When the next word is to come.
    pub next_at: Option<Moment>,
}

/// What is said next of an incident. What is left out stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its new state.
    pub state: Option<State>,
    /// How much it takes away now.
    pub impact: Option<Impact>,
    /// What is said.
    pub body: Texts,
    /// The new promise of its end; `Some(None)` takes it back.
    pub ends_at: Option<Option<Moment>>,
    /// When the next word is to come; without a promise there is none.
    pub next_at: Option<Moment>,
    /// When it was over, where it is.
    pub ended_at: Option<Moment>,
}

impl Change {
    /// Only words.
    pub const fn saying(body: Texts) -> Self {
        Self { state: None, impact: None, body, ends_at: None, next_at: None, ended_at: None }
    }
}

/// Why something may not be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The texts are missing in a language, or too long.
    #[error("a title has 1 to {TITLE} characters and a text 1 to {BODY}, in both languages")]
    Texts,
    /// There is no such incident.
    #[error("there is no such incident")]
    Unknown,
    /// It would open an incident as over.
    #[error("an incident is not opened as one that is over")]
    OpensOver,
    /// It would begin anew what was said to be over.
    #[error("the incident is over; open a new one")]
    Over,
    /// It would make planned work of a fault, or a fault of planned work.
    #[error("planned work stays planned work, and a fault a fault; open another incident")]
    OtherSort,
    /// It would be said before what was said before it.
    #[error("it would stand before what was said before it")]
    Earlier,
    /// It says of something that is over when it will be, or the reverse.
    #[error("what is over has an end and promises none; what is not has none and may promise it")]
    Promise,
    /// A word of its is too long.
    #[error("a word of it is too long")]
    Word,
}

impl Post {
    /// What may be said of itself, whatever was said before.
    pub(crate) fn is_sound(&self) -> Result<(), Refused> {
        if !self.body.is_within(BODY) || !self.title.as_ref().is_none_or(|title| title.is_within(TITLE)) {
            return Err(Refused::Texts);
        }
        let plain =
            |word: &str| word.len() <= 32 && word.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
        if !plain(&self.cause) || !plain(&self.source) || self.parts.len() > Part::ALL.len() {
            return Err(Refused::Word);
        }
        let promises = self.ends_at.is_some() || self.next_at.is_some();
        let ended = self.ended_at;
        if self.state.is_over() && (promises || ended.is_some_and(|ended| ended > self.at)) {
            return Err(Refused::Promise);
        }
        if !self.state.is_over() && ended.is_some() {
            return Err(Refused::Promise);
        }
        if (self.impact == Impact::Maintenance) != self.state.is_planned() {
            return Err(Refused::OtherSort);
        }
        Ok(())
    }
}
