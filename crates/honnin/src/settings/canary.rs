//! How the public path is looked at.

use super::section::section;
use super::value::{MaybePath, Span};

section! {
    /// Two accounts of our own that ask for personal pages at `tenant.public_url`, as subscribers do. Until each was
    /// given her own, and whenever one is given anything else, nobody is shown personal pages. They look wherever
    /// `public_url` is set.
    pub(crate) struct Canary in "canary";

    /// How often they look.
    every: Span = Span::seconds(10), Span::millis(500)..=Span::seconds(600);
    /// How often they look while personal pages are refused.
    again: Span = Span::seconds(1), Span::millis(100)..=Span::seconds(60);
    /// How long an answer may take.
    answer: Span = Span::seconds(5), Span::millis(100)..=Span::seconds(60);
    /// How long personal pages go on while the canaries get no answer that says anything.
    patience: Span = Span::seconds(300), Span::seconds(1)..=Span::days(1);
    /// After something was found: looks in a row that must find nothing before personal pages come back.
    passes: u32 = 3, 1..=100;
    /// The certificate authorities that are trusted for the public address (PEM).
    authorities: MaybePath = MaybePath::of("/etc/ssl/certs/ca-certificates.crt");
    /// Address and port to connect to in place of what the host of `public_url` resolves to, such as "192.0.2.1:443",
    /// where the public address cannot be reached from here; "" for none. It must be the way subscribers take.
    connect_to: String = String::new();
}
