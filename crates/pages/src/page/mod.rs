//! Pages: one struct per page, made from the use cases' answers, rendered into one buffer.
//!
//! A page knows nothing of requests, sessions or stores: whoever makes it has been permitted to.

mod account;
mod bills;
mod board;
pub mod brand;
mod buckets;
mod confirm;
mod contract;
mod devices;
mod disclosures;
mod drawing;
mod export;
mod factor;
mod forecast;
mod home;
mod incidents;
mod merge;
mod notices;
mod passkeys;
pub mod paths;
mod problem;
mod qr;
mod shell;
mod speed;
mod tokens;
mod usage;

use askama::Template;

pub use account::{
    ActivatePage, ActivateProblem, HelpPage, PasswordPage, PasswordProblem, SettingsPage, SignInNote,
    SignInPage,
};
pub use bills::{BillPage, BillsPage, PurchasesPage};
pub use board::LinesPage;
pub use buckets::BucketsPage;
pub use confirm::{ConfirmPage, ConfirmProblem};
pub use contract::ContractPage;
pub use devices::DevicesPage;
pub use disclosures::DisclosuresPage;
pub use export::ExportPage;
pub use factor::{AppKey, CodeProblem, FactorPage, FactorSetUpPage, RecoveryCodesPage, SecondStepPage};
pub use forecast::{Outlook, outlook};
pub use home::HomePage;
pub use incidents::{Banner, STATUS_STYLE, StatusPage};
pub use merge::{MergePage, MergeProblem};
pub use notices::{NoticePage, NoticesPage};
pub use passkeys::{PasskeyProblem, PasskeysPage};
pub use problem::{ClosedPage, PlacePage, Problem, ProblemPage};
pub(crate) use shell::source;
pub use shell::{AsOf, Contact, HelpLink, LineRef, Nav, Operator, Said, Shell, Source, Theme};
pub use speed::{SpeedPage, SpeedStatePage};
pub use tokens::{NewToken, TokenProblem, TokensPage};
pub use usage::UsagePage;

/// Renders the template into one buffer of about the right size.
///
/// Only a failing buffer could stop it, and a `String` does not fail; were it ever to, the page is empty, not half.
fn rendered(template: &impl Template, size: usize) -> String {
    let mut out = String::with_capacity(size);
    if template.render_into(&mut out).is_err() {
        out.clear();
    }
    out
}
