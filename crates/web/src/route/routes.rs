//! The rows of the route table.

use honnin_care::What;
use honnin_pages::page::paths::pattern;

use super::answer::{CSV, EXPORT, PDF};
use super::shape::Shape;
use super::table::{Cache, Contract, Handler, Load, Route, Verb};
use super::{
    account_pages, api, bill_documents, entry_pages, export, json, line_pages, merge_pages, password_pages,
    plain,
};

/// A file or a word for everybody.
const fn open(path: &'static str, handler: Handler, summary: &'static str) -> Route {
    let (verb, cache, load) = (Verb::Get, Cache::Public, Load::Static);
    Route { verb, path, handler, discloses: None, cache, load, summary, contract: None }
}

/// A page, which follows from who asks.
const fn page(path: &'static str, handler: Handler, summary: &'static str) -> Route {
    let (verb, cache, load) = (Verb::Get, Cache::Private, Load::Read);
    Route { verb, path, handler, discloses: None, cache, load, summary, contract: None }
}

impl Route {
    /// The route shows something personal; so the journal calls it.
    const fn shows(self, what: What) -> Self {
        Self { discloses: Some(what), ..self }
    }

    const fn verb(self, verb: Verb) -> Self {
        Self { verb, ..self }
    }

    const fn load(self, load: Load) -> Self {
        Self { load, ..self }
    }

    const fn for_programs(&self) -> Contract {
        match self.contract {
            Some(contract) => contract,
            None => Contract::PLAIN,
        }
    }

    /// The route is for programs and gives that.
    const fn gives(self, status: u16, shape: Option<Shape>) -> Self {
        Self { contract: Some(Contract { gives: (status, shape), ..self.for_programs() }), ..self }
    }

    const fn takes(self, shape: Shape) -> Self {
        Self { contract: Some(Contract { takes: Some(shape), ..self.for_programs() }), ..self }
    }

    const fn asks(self, query: &'static [(&'static str, Shape, &'static str)]) -> Self {
        Self { contract: Some(Contract { query, ..self.for_programs() }), ..self }
    }

    const fn idempotent(self) -> Self {
        Self { contract: Some(Contract { idempotent: true, ..self.for_programs() }), ..self }
    }
}

macro_rules! public {
    ($handler:path) => {
        Handler::Public(|app, ask| Box::pin($handler(app, ask)))
    };
}

macro_rules! either {
    ($handler:path) => {
        Handler::Either(|app, ask, session| Box::pin($handler(app, ask, session)))
    };
}

macro_rules! signed_in {
    ($handler:path) => {
        Handler::SignedIn(|app, ask, session| Box::pin($handler(app, ask, session)))
    };
}

const FILE: Handler = Handler::Plain(plain::file);

/// Everything there is.
pub(super) const TABLE: &[Route] = &[
    open("/healthz", Handler::Plain(plain::healthz), "Whether the process lives").gives(200, None),
    open("/readyz", Handler::Plain(plain::readyz), "Whether requests should be sent here").gives(200, None),
    open("/openapi.json", Handler::Plain(plain::openapi), "This description (OpenAPI 3.1)").gives(200, None),
    open(
        "/.well-known/change-password",
        Handler::Plain(plain::change_password),
        "Where a password is changed (W3C)",
    ),
    open(
        "/.well-known/security.txt",
        Handler::Plain(plain::security_text),
        "Whom to tell of a weakness (RFC 9116)",
    ),
    open("/a/{*file}", FILE, "Files whose path holds the hash of their content"),
    open("/sw.js", FILE, "The worker that shows the offline page"),
    open("/offline.html", FILE, "What is shown without a connection"),
    open("/robots.txt", FILE, "Nothing here is for search engines"),
    //
    page(pattern::ROOT, either!(account_pages::root), "Leads to the first line, or to sign-in")
        .shows(What::Me),
    page(pattern::SIGN_IN, either!(entry_pages::sign_in_form), "Sign-in"),
    page(pattern::SIGN_IN, public!(entry_pages::sign_in), "Sign in").verb(Verb::Post).load(Load::SignIn),
    page(pattern::SIGN_OUT, either!(entry_pages::sign_out), "Sign out").verb(Verb::Post).load(Load::Begun),
    page(pattern::ACTIVATE, Handler::Plain(entry_pages::activate_form), "A new password by one-time code"),
    page(pattern::ACTIVATE, public!(entry_pages::activate), "Set a password")
        .verb(Verb::Post)
        .load(Load::SignIn),
    page(pattern::LINES, signed_in!(account_pages::lines), "Lines of the account, with their usage")
        .shows(What::Board),
    page(pattern::HOME, signed_in!(line_pages::home), "Home of a line").shows(What::Home),
    page(pattern::USAGE, signed_in!(line_pages::usage), "Usage by day of a month").shows(What::Usage),
    page(pattern::BUCKETS, signed_in!(line_pages::buckets), "Buckets in the order of use")
        .shows(What::Buckets),
    page(pattern::PURCHASES, signed_in!(line_pages::purchases), "Purchases").shows(What::Purchases),
    page(pattern::CONTRACT, signed_in!(line_pages::contract), "Contract").shows(What::Contract),
    page(pattern::NAME_LINE, signed_in!(account_pages::name_line), "Name a line")
        .shows(What::Board)
        .verb(Verb::Post)
        .load(Load::Begun),
    page(pattern::SPEED, signed_in!(line_pages::speed), "Asks before the speed is changed")
        .shows(What::Speed),
    page(pattern::SPEED, signed_in!(line_pages::set_speed), "Wishes for another speed")
        .shows(What::Speed)
        .verb(Verb::Post)
        .load(Load::Begun),
    page(pattern::SPEED_STATE, signed_in!(line_pages::speed_state), "How far the wish is")
        .shows(What::Speed)
        .load(Load::Begun),
    page(pattern::BILLS, signed_in!(account_pages::bills), "Bills").shows(What::Bills),
    page(pattern::BILL, signed_in!(account_pages::bill), "One bill").shows(What::Bill),
    page(pattern::BILL_PDF, signed_in!(bill_documents::pdf_page), "One bill as a sheet (PDF)")
        .shows(What::BillPdf)
        .load(Load::Document),
    page(pattern::BILL_CSV, signed_in!(bill_documents::csv_page), "One bill as rows (CSV)")
        .shows(What::BillCsv)
        .load(Load::Document),
    page(pattern::HELP, either!(account_pages::help), "How the operator is reached, and what to do in need"),
    page(pattern::NOTICES, either!(account_pages::notices), "Notices of the operator"),
    page(pattern::NOTICE, either!(account_pages::notice), "One notice"),
    page(pattern::DEVICES, signed_in!(account_pages::devices), "Signed-in devices").shows(What::Devices),
    page(pattern::REVOKE, signed_in!(account_pages::end_device), "Sign out one device")
        .verb(Verb::Post)
        .load(Load::Begun),
    page(pattern::REVOKE_OTHERS, signed_in!(account_pages::end_other_devices), "Sign out all other devices")
        .verb(Verb::Post)
        .load(Load::Begun),
    page(pattern::DISCLOSURES, signed_in!(account_pages::disclosures), "Who has seen my data")
        .shows(What::Disclosures),
    page(pattern::EXPORT, signed_in!(export::page), "Export of one's own data, how far it is")
        .shows(What::Me),
    page(pattern::EXPORT, signed_in!(export::begin_page), "Begin an export")
        .verb(Verb::Post)
        .load(Load::Document),
    page(pattern::EXPORT_FILE, signed_in!(export::file_page), "A finished export (JSON)")
        .shows(What::Export)
        .load(Load::Document),
    page(pattern::PASSWORD, signed_in!(password_pages::form), "A new password while signed in"),
    page(pattern::PASSWORD, signed_in!(password_pages::change), "Change the password")
        .verb(Verb::Post)
        .load(Load::SignIn),
    page(pattern::MERGE, signed_in!(merge_pages::form), "Asks whether to agree to a merge of accounts"),
    page(pattern::MERGE, signed_in!(merge_pages::agree), "Agrees to a merge of accounts: a code, once")
        .shows(What::MergeConsent)
        .verb(Verb::Post)
        .load(Load::SignIn),
    page(pattern::SETTINGS, signed_in!(account_pages::settings), "Settings").shows(What::Me),
    page(pattern::SET_LANGUAGE, Handler::Plain(entry_pages::set_language), "Choose the language")
        .verb(Verb::Post),
    page(pattern::SET_THEME, Handler::Plain(entry_pages::set_theme), "Choose light or dark").verb(Verb::Post),
    //
    page("/api/v1/sessions", public!(api::sign_in), "Sign in")
        .verb(Verb::Post)
        .load(Load::SignIn)
        .takes(json::SIGN_IN)
        .gives(201, Some(json::TOKEN)),
    page("/api/v1/sessions/current", signed_in!(api::sign_out), "Sign out")
        .verb(Verb::Delete)
        .load(Load::Begun)
        .gives(204, None),
    page("/api/v1/me", signed_in!(api::me), "Who is signed in, and her lines, ended ones too")
        .shows(What::Me)
        .asks(&[
            ("after", Shape::Id, "the last line of the page before; `Link: rel=\"next\"` has it"),
            ("limit", Shape::Between(1, 1000), "at most so many lines, 1 to 1000; 100 where not said"),
        ])
        .gives(200, Some(json::ME)),
    page("/api/v1/lines/{line}/home", signed_in!(api::home), "Everything home shows of a line")
        .shows(What::Home)
        .gives(200, Some(json::HOME)),
    page(
        "/api/v1/lines/{line}/buckets",
        signed_in!(api::buckets),
        "Buckets of the share group in the order of use",
    )
    .shows(What::Buckets)
    .gives(200, Some(json::BUCKETS)),
    page(
        "/api/v1/lines/{line}/usage",
        signed_in!(api::usage),
        "Usage by day; a day without a row is unknown",
    )
    .shows(What::Usage)
    .asks(&[("month", Shape::Month, "the present month where not said")])
    .gives(200, Some(json::USAGE)),
    page("/api/v1/lines/{line}/purchases", signed_in!(api::purchases), "Purchases of data, newest first")
        .shows(What::Purchases)
        .gives(200, Some(json::PURCHASES)),
    page("/api/v1/lines/{line}/contract", signed_in!(api::contract), "The contract")
        .shows(What::Contract)
        .gives(200, Some(json::CONTRACT)),
    page(
        "/api/v1/lines/{line}/speed",
        signed_in!(api::set_speed),
        "Wish for high or low speed; the latest counts",
    )
    .shows(What::Speed)
    .verb(Verb::Put)
    .load(Load::Begun)
    .idempotent()
    .takes(json::WISH)
    .gives(202, Some(json::RECEIPT)),
    page("/api/v1/bills", signed_in!(api::bills), "Bills, newest first")
        .shows(What::Bills)
        .gives(200, Some(json::BILLS)),
    page("/api/v1/bills/{bill}", signed_in!(api::bill), "One bill with its items")
        .shows(What::Bill)
        .gives(200, Some(json::BILL)),
    page("/api/v1/bills/{bill}/pdf", signed_in!(bill_documents::pdf_api), "One bill as a sheet (PDF)")
        .shows(What::BillPdf)
        .load(Load::Document)
        .gives(200, Some(Shape::File(PDF))),
    page("/api/v1/bills/{bill}/csv", signed_in!(bill_documents::csv_api), "One bill as rows (CSV)")
        .shows(What::BillCsv)
        .load(Load::Document)
        .gives(200, Some(Shape::File(CSV))),
    page("/api/v1/exports", signed_in!(export::begin_api), "Begin an export of one's own data")
        .verb(Verb::Post)
        .load(Load::Document)
        .gives(202, Some(json::EXPORT_STATE)),
    page("/api/v1/exports/{export}", signed_in!(export::state_api), "How far an export is")
        .load(Load::Begun)
        .gives(200, Some(json::EXPORT_STATE)),
    page("/api/v1/exports/{export}/data", signed_in!(export::file_api), "A finished export (JSON)")
        .shows(What::Export)
        .load(Load::Document)
        .gives(200, Some(Shape::File(EXPORT))),
    open("/api/v1/notices", public!(api::notices), "Notices of the operator to everybody")
        .load(Load::Read)
        .gives(200, Some(json::NOTICES)),
    page(
        "/api/v1/disclosures",
        signed_in!(api::disclosures),
        "Who was shown what of this account, newest first",
    )
    .shows(What::Disclosures)
    .asks(&[("before", Shape::Entry, "only what comes before this entry; `next_before` of the page before")])
    .gives(200, Some(json::DISCLOSURES)),
];
