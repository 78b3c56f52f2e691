//! How the public path is looked at.

use super::section::section;
use super::value::{MaybePath, Span};

section! {
    /// Canaries: two accounts of our own that request personal pages at `tenant.public_url` as subscribers do. Personal
    /// pages are refused until each has received its own, and whenever one receives anything else. Off where
    /// `public_url` is not set.
    pub(crate) struct Canary in "canary";

    /// Interval between rounds.
    same every: Span = Span::seconds(10), Span::millis(500)..=Span::seconds(600);
    /// Interval between rounds while personal pages are refused.
    same again: Span = Span::seconds(1), Span::millis(100)..=Span::seconds(60);
    /// Timeout of an answer.
    same answer: Span = Span::seconds(5), Span::millis(100)..=Span::seconds(60);
    /// Timeout after which personal pages are refused because the canaries receive no conclusive answer.
    same patience: Span = Span::seconds(300), Span::seconds(1)..=Span::days(1);
    /// Number of rounds in a row that must pass before personal pages resume after a fault.
    same passes: u32 = 3, 1..=100;
    /// Certificate authorities trusted for the public address (PEM).
    own authorities: MaybePath = MaybePath::of("/etc/ssl/certs/ca-certificates.crt");
    /// Address and port to connect to instead of what the host of `public_url` resolves to, such as "192.0.2.1:443",
    /// where the public address cannot be reached from here; "" for none. It must be the path subscribers use.
    own connect_to: String = String::new();
}
