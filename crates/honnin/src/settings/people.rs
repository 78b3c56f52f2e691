//! The operator, and how its subscribers sign in.

use super::section::section;
use super::value::{MaybePath, SecondFactor, Size, Span};

section! {
    /// The operator whose subscribers are served.
    pub(crate) struct Tenant in "tenant";

    /// Number of the operator in this installation. Part of every key: never change it after `honnin init`.
    same id: u32 = 1, 1..=4_000_000_000;
    /// Name of the operator, as subscribers know it.
    same name: String = "ほんにんモバイル".to_owned();
    /// Language of what the ledger says, such as names of plans and notices: "ja" or "en".
    same texts: String = "ja".to_owned();
    /// Time zone of its days, months and expiries (IANA name).
    same zone: String = "Asia/Tokyo".to_owned();
    /// Public address of the service: https:// and a host. Needed with trusted proxies; "" otherwise.
    same public_url: String = String::new();
    /// Contact page for subscribers (https:); beyond loopback one of help, phone and mail is required.
    same help: String = String::new();
    /// Telephone number for subscribers, such as "tel:0120-000-000"; "" for none.
    same phone: String = String::new();
    /// Mail address for subscribers, such as "mailto:desk@example.jp"; "" for none.
    same mail: String = String::new();
    /// Opening hours of the contact desk, shown as written, such as "9:00–18:00"; "" for none.
    same hours: String = String::new();
    /// Page where subscribers buy data (https:), offered when data runs low; "" for none.
    same top_up: String = String::new();
    /// Currency of bills and prices (ISO 4217); amounts count its smallest unit.
    same currency: String = "JPY".to_owned();
    /// Colour for light pages, documents and the manifest (#rrggbb); minimum contrast 4.5.
    same colour: String = "#0017c1".to_owned();
    /// Colour for dark pages (#rrggbb); minimum contrast 4.5.
    same colour_dark: String = "#9db7f9".to_owned();
    /// File of the logo beside the name: an SVG that only draws (on pages, not on bills) or a square PNG (on both), at most 16 KiB; "" for none.
    own logo: MaybePath = MaybePath::default();
    /// Contact for security reports (security.txt, RFC 9116): mailto: or https:; "" for none.
    same security_contact: String = String::new();
}

section! {
    /// Sessions of subscribers.
    pub(crate) struct Sessions in "sessions";

    /// Idle timeout of a session, counted from when it was last noted as seen: see `touch`.
    same idle: Span = Span::days(30), Span::seconds(60)..=Span::days(400);
    /// Maximum age of a session.
    same absolute: Span = Span::days(180), Span::seconds(60)..=Span::days(400);
    /// Maximum number of sessions of one account, of browsers and of programs each; a further sign-in ends the oldest of
    /// its kind. Of tokens for programs as many again.
    same most_per_account: usize = 16, 1..=10_000;
    /// Maximum number of lines and bills of others that one account may ask for in a day at one node, each counted once; with
    /// the next the session ends and an alarm is raised.
    same most_strays: usize = 20, 1..=1_000_000_000;
    /// Maximum interval at which "last seen" of a session is noted; each note is a write. Where 1/2880 of `idle` is shorter,
    /// that counts, and a session may end so much before `idle` has passed.
    same touch: Span = Span::seconds(900), Span::seconds(1)..=Span::seconds(900);
}

section! {
    /// Passwords, one-time codes and delays after failed sign-ins.
    pub(crate) struct SignIn in "sign_in";

    /// Minimum length of a new password in characters.
    same password_fewest: usize = 15, 8..=64;
    /// Maximum length of a new password in characters.
    same password_most: usize = 256, 64..=1_024;
    /// Lifetime of a one-time code.
    same code: Span = Span::days(7), Span::seconds(60)..=Span::days(60);
    /// Second factor (an authenticator app) beside passwords: "off", "offered" or "required". Who has one is always asked for it.
    same second_factor: SecondFactor = SecondFactor::Offered;
    /// Maximum number of wrong codes of the second factor of one account and day from unknown devices; from known ones as many
    /// again. Recovery codes are not counted.
    same second_factor_guesses: u32 = 20, 3..=100;
    /// Passkeys, where `tenant.public_url` is set: they are good at that host only, and those that were made are of no use at
    /// another.
    same passkeys: bool = true;
    /// Time for which a proof of identity is fresh; dangerous acts (a new password, tokens, ending sessions) ask for a fresh one.
    same proof: Span = Span::seconds(600), Span::seconds(60)..=Span::days(1);
    /// Time from the first sign-in by password on a new device until the password alone is proof enough there.
    same new_device_wait: Span = Span::days(1), Span::seconds(0)..=Span::days(30);
    /// Lifetime of a code of consent to a merge of accounts.
    same consent: Span = Span::seconds(900), Span::seconds(60)..=Span::seconds(3_600);
    /// Memory of one argon2id hash.
    same hash_memory: Size = Size(19 << 20), Size(8 << 20)..=Size(256 << 20);
    /// Number of passes over that memory.
    same hash_passes: u32 = 2, 1..=16;
    /// Number of lanes of one hash.
    same hash_lanes: u32 = 1, 1..=16;
    /// Maximum number of hashes computed at once, each with its own memory and thread: the number of cores less one.
    own hash_threads: usize = 1, 1..=64;
    /// Maximum length of the sign-in queue; beyond it the source with most waiting gives way (Retry-After).
    own hash_queue: usize = 2_048, 1..=100_000;
    /// Sorted file of SHA-1 hashes of leaked passwords, one a line; "" for none.
    named leaked_passwords: MaybePath = MaybePath::default();
    /// Interval at whose multiples refusals of a sign-in are sent.
    same answer: Span = Span::millis(500), Span::millis(0)..=Span::seconds(10);
    /// Number of failed sign-ins of one device or address without a delay.
    same delay_free: u32 = 4, 1..=100;
    /// Maximum delay of a further sign-in.
    same delay_longest: Span = Span::seconds(20), Span::seconds(1)..=Span::seconds(50);
    /// Maximum number of sign-ins of one address to one account that are delayed at once.
    same delay_places: u32 = 64, 1..=10_000;
    /// Interval without failed sign-ins after which earlier ones are forgotten.
    same delay_forget: Span = Span::seconds(1_800), Span::seconds(60)..=Span::days(1);
    /// Maximum number of devices and addresses kept for delays; beyond it the ones unused for longest are dropped.
    own delay_most: usize = 262_144, 1_024..=16_000_000;
    /// Maximum number of sign-ins of unknown devices to one account and day that are among the first of their network (IPv4
    /// /24, IPv6 /48).
    same guesses_first: u32 = 20_000, 100..=10_000_000;
    /// Maximum number of further sign-ins of unknown devices to one account at the start of a day (UTC).
    same guesses_at_once: u32 = 40_000, 100..=10_000_000;
    /// Number of further sign-ins of unknown devices to one account that is added evenly over the day.
    same guesses_a_day: u32 = 86_400, 100..=10_000_000;
}
