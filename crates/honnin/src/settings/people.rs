//! The operator, and how its subscribers sign in.

use super::section::section;
use super::value::{Size, Span};

section! {
    /// The operator whose subscribers are served.
    pub(crate) struct Tenant in "tenant";

    /// Number of the operator in this installation. Part of every key: never changed after `honnin init`.
    id: u32 = 1, 1..=4_000_000_000;
    /// The name its subscribers know.
    name: String = "ほんにんモバイル".to_owned();
    /// Language of what the ledger says, such as names of plans and notices: "ja" or "en".
    texts: String = "ja".to_owned();
    /// Time zone of its days, months and expiries (IANA name).
    zone: String = "Asia/Tokyo".to_owned();
    /// Where subscribers find the service: https:// and a host. Needed with trusted proxies; "" otherwise.
    public_url: String = String::new();
    /// Where subscribers find help: an address that begins with https:, tel: or mailto:. "" for none.
    help: String = String::new();
    /// Whom to tell of a weakness (security.txt, RFC 9116): mailto: or https:. "" for none.
    security_contact: String = String::new();
}

section! {
    /// How long a subscriber stays signed in.
    pub(crate) struct Sessions in "sessions";

    /// A session ends so long after its last request.
    idle: Span = Span::days(30), Span::seconds(60)..=Span::days(400);
    /// A session ends so long after sign-in, whatever happens.
    absolute: Span = Span::days(180), Span::seconds(60)..=Span::days(400);
    /// Sessions of one account; the oldest ends when one more signs in.
    most_per_account: usize = 16, 1..=10_000;
    /// How exactly "last seen" is kept.
    touch: Span = Span::seconds(60), Span::seconds(1)..=Span::seconds(3_600);
}

section! {
    /// Passwords, one-time codes and what slows a guesser down.
    pub(crate) struct SignIn in "sign_in";

    /// Fewest characters of a new password.
    password_fewest: usize = 15, 8..=64;
    /// Most characters of a new password.
    password_most: usize = 256, 64..=1_024;
    /// How long a one-time code can be used.
    code: Span = Span::days(7), Span::seconds(60)..=Span::days(60);
    /// How long the code of a consent to a merge of accounts can be used.
    consent: Span = Span::seconds(900), Span::seconds(60)..=Span::seconds(3_600);
    /// Memory of one argon2id hash.
    hash_memory: Size = Size(19 << 20), Size(8 << 20)..=Size(256 << 20);
    /// Passes over that memory.
    hash_passes: u32 = 2, 1..=16;
    /// Lanes of one hash.
    hash_lanes: u32 = 1, 1..=16;
    /// Hashes computed at once, each with its own memory and thread: the cores less one.
    hash_threads: usize = 1, 1..=64;
    /// Sign-ins that may wait for a hash; one more is asked to come back.
    hash_queue: usize = 64, 1..=10_000;
    /// Wrong answers without any delay.
    delay_free: u32 = 4, 1..=100;
    /// Longest delay for one device or address.
    delay_longest: Span = Span::seconds(60), Span::seconds(1)..=Span::seconds(3_600);
    /// Longest delay for all strangers to one account together: small, so that nobody can be locked out.
    delay_longest_for_all: Span = Span::seconds(4), Span::seconds(1)..=Span::seconds(60);
    /// Wrong answers are forgotten after so long without another.
    delay_forget: Span = Span::seconds(1_800), Span::seconds(60)..=Span::days(1);
    /// Delays kept in memory; beyond that the one that ends soonest is forgotten.
    delay_most: usize = 262_144, 1_024..=16_000_000;
}
