//! The rows of the route table.

use honnin_care::What;
use honnin_pages::page::paths::pattern;

use schemars::JsonSchema;

use super::answer::{CSV, EXPORT, PDF};
use super::code::Code;
use super::json::{
    BillBody, BillsBody, BucketsBody, ChallengeBody, ContractBody, DisclosuresBody, EntryText,
    ExportStateBody, HomeBody, IdText, Make, MeBody, MonthText, NewTokenBody, NoticeBody, NoticesBody,
    PurchasesBody, ReceiptBody, SessionsBody, SpeedBody, TokenBody, TokensBody, UsageBody, make,
};
use super::table::{Cache, Contract, Field, Gives, Handler, Load, Needed, Route, Sends, Verb};
use super::{
    account_pages, api, bill_documents, confirm_pages, entry_pages, export, factor_pages, line_pages,
    merge_pages, passkeys, password_pages, plain, tokens,
};

/// A file or a word for everybody.
const fn open(path: &'static str, handler: Handler, summary: &'static str) -> Route {
    let (verb, cache, load) = (Verb::Get, Cache::Public, Load::Static);
    Route { verb, path, handler, discloses: None, cache, load, asks_proof: false, summary, contract: None }
}

/// A page, which follows from who asks.
const fn page(path: &'static str, handler: Handler, summary: &'static str) -> Route {
    let (verb, cache, load) = (Verb::Get, Cache::Private, Load::Read);
    Route { verb, path, handler, discloses: None, cache, load, asks_proof: false, summary, contract: None }
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

    /// The route does a dangerous act. Whether it is marked or not, without a fresh proof there is no permit for it.
    const fn proven(self) -> Self {
        Self { asks_proof: true, ..self }
    }

    const fn for_programs(&self) -> Contract {
        match self.contract {
            Some(contract) => contract,
            None => Contract::PLAIN,
        }
    }

    /// The route is for programs and gives that.
    const fn gives(self, status: u16, gives: Gives) -> Self {
        Self { contract: Some(Contract { gives: (status, gives), ..self.for_programs() }), ..self }
    }

    const fn takes(self, takes: Make) -> Self {
        Self { contract: Some(Contract { takes: Some(takes), ..self.for_programs() }), ..self }
    }

    const fn asks(self, query: &'static [Field]) -> Self {
        Self { contract: Some(Contract { query, ..self.for_programs() }), ..self }
    }

    /// The route gives a list in parts, with that for a cursor.
    const fn in_parts(self, cursor: Make) -> Self {
        let contract = Contract { parts: Some(cursor), sends: &[Sends::Link], ..self.for_programs() };
        Self { contract: Some(contract), ..self }
    }

    const fn idempotent(self, key: Needed) -> Self {
        Self { contract: Some(Contract { key: Some(key), ..self.for_programs() }), ..self }
    }

    const fn sends(self, sends: &'static [Sends]) -> Self {
        Self { contract: Some(Contract { sends, ..self.for_programs() }), ..self }
    }

    const fn refuses(self, refuses: &'static [Code]) -> Self {
        Self { contract: Some(Contract { refuses, ..self.for_programs() }), ..self }
    }

    const fn told(self, told: &'static str) -> Self {
        Self { contract: Some(Contract { told, ..self.for_programs() }), ..self }
    }
}

/// The route gives JSON of that type.
const fn body<T: JsonSchema>() -> Gives {
    Gives::Json(make::<T>())
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
    open("/healthz", Handler::Plain(plain::healthz), "Whether the process lives").gives(200, Gives::Text),
    open("/readyz", Handler::Plain(plain::readyz), "Whether requests should be sent here")
        .gives(200, Gives::Text)
        .told("503 with the reason in a line where they should not."),
    open("/openapi.json", Handler::Plain(plain::openapi), "This description (OpenAPI 3.1)")
        .gives(200, Gives::Json(make::<serde_json::Map<String, serde_json::Value>>()))
        .sends(&[Sends::ETag]),
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
    page(pattern::SIGN_IN, either!(entry_pages::sign_in_form), "Sign-in").load(Load::SignIn),
    page(pattern::SIGN_IN, public!(entry_pages::sign_in), "Sign in").verb(Verb::Post).load(Load::SignIn),
    page(pattern::SECOND_STEP, public!(factor_pages::second_step), "Sign in by the code after the password")
        .verb(Verb::Post)
        .load(Load::SignIn),
    page(pattern::FACTOR_FIRST, public!(factor_pages::set_up_first), "Set up the second factor asked for first")
        .verb(Verb::Post)
        .load(Load::SignIn),
    page(pattern::PASSKEY_STEP, either!(passkeys::form), "Sign-in with nothing but a passkey")
        .load(Load::SignIn),
    page(pattern::PASSKEY_STEP, public!(passkeys::sign_in), "Sign in by a passkey")
        .verb(Verb::Post)
        .load(Load::SignIn),
    page(pattern::SIGN_OUT, either!(entry_pages::sign_out), "Sign out").verb(Verb::Post).load(Load::Begun),
    page(pattern::ACTIVATE, Handler::Plain(entry_pages::activate_form), "A new password by one-time code")
        .load(Load::SignIn),
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
        .proven()
        .load(Load::Begun),
    page(pattern::REVOKE_OTHERS, signed_in!(account_pages::end_other_devices), "Sign out all other devices")
        .verb(Verb::Post)
        .proven()
        .load(Load::Begun),
    page(pattern::TOKENS, signed_in!(tokens::page), "Tokens of programs").shows(What::Devices),
    page(pattern::TOKENS, signed_in!(tokens::make_page), "Make a token, and show it once")
        .verb(Verb::Post)
        .proven()
        .load(Load::SignIn),
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
        .proven()
        .load(Load::SignIn),
    page(pattern::FACTOR, signed_in!(factor_pages::page), "The second factor").shows(What::Factor),
    page(pattern::FACTOR, signed_in!(factor_pages::begin), "Begin to set up a second factor")
        .verb(Verb::Post)
        .proven()
        .load(Load::SignIn),
    page(pattern::FACTOR_CONFIRM, signed_in!(factor_pages::confirm), "Set up a second factor by its first code")
        .verb(Verb::Post)
        .load(Load::SignIn),
    page(pattern::FACTOR_CODES, signed_in!(factor_pages::new_codes), "Make new recovery codes, and show them once")
        .verb(Verb::Post)
        .load(Load::SignIn),
    page(pattern::FACTOR_REMOVE, signed_in!(factor_pages::remove), "Take the second factor away")
        .verb(Verb::Post)
        .load(Load::SignIn),
    page(pattern::CONFIRM, signed_in!(confirm_pages::form), "Asks once more who is signed in"),
    page(pattern::CONFIRM, signed_in!(confirm_pages::confirm), "Shows once more who is signed in")
        .verb(Verb::Post)
        .load(Load::Begun),
    page(pattern::CONFIRM_PASSKEY, signed_in!(passkeys::confirm), "Shows by a passkey who is signed in")
        .verb(Verb::Post)
        .load(Load::Begun),
    page(pattern::PASSKEYS, signed_in!(passkeys::page), "Passkeys").shows(What::Passkeys),
    page(pattern::PASSKEYS, signed_in!(passkeys::make), "Keep a passkey that a browser has made")
        .verb(Verb::Post)
        .proven()
        .load(Load::Begun),
    page(pattern::PASSKEY_REMOVE, signed_in!(passkeys::remove), "Take a passkey away")
        .verb(Verb::Post)
        .proven()
        .load(Load::Begun),
    page(pattern::MERGE, signed_in!(merge_pages::form), "Asks whether to agree to a merge of accounts"),
    page(pattern::MERGE, signed_in!(merge_pages::agree), "Agrees to a merge of accounts: a code, once")
        .proven()
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
        .takes(make::<api::SignInBody<'_>>())
        .gives(201, body::<TokenBody<'_>>())
        .sends(&[Sends::Location, Sends::SetCookie])
        .refuses(&[Code::SecondFactorRequired, Code::SecondFactorSetUp])
        .told(
            "Send the token as `Authorization: Bearer`. A wrong password holds up the next try; `Retry-After` says \
             how long.",
        ),
    page("/api/v1/sessions/second-factor", public!(api::second_step), "Sign in by the code after the password")
        .verb(Verb::Post)
        .load(Load::SignIn)
        .takes(make::<api::SecondStepBody<'_>>())
        .gives(201, body::<TokenBody<'_>>())
        .sends(&[Sends::Location, Sends::SetCookie])
        .refuses(&[Code::SecondFactorRefused, Code::SecondFactorLate])
        .told(
            "The first step answers `second_factor_required` with a `ticket`, which is good for five minutes and for \
             this account's present password. An app's code counts once. Of wrong ones a few a day are looked at; \
             recovery codes are taken always.",
        ),
    page("/api/v1/sessions/passkey/challenge", either!(passkeys::challenge_api), "What a passkey is to sign")
        .load(Load::SignIn)
        .gives(200, body::<ChallengeBody<'_>>())
        .refuses(&[Code::NotFound])
        .told(
            "Without a session it is for signing in, with one for showing once more who is signed in. Ask the person's \
             device for any passkey of `rp_id`, with user verification. It is answered once, and for ten minutes.",
        ),
    page("/api/v1/sessions/passkey", public!(passkeys::sign_in_api), "Sign in by a passkey")
        .verb(Verb::Post)
        .load(Load::SignIn)
        .takes(make::<passkeys::PasskeyBody<'_>>())
        .gives(201, body::<TokenBody<'_>>())
        .sends(&[Sends::Location, Sends::SetCookie])
        .refuses(&[Code::PasskeyRefused, Code::PasskeyLate])
        .told(
            "No code of a second factor is asked for after it. Only what was signed at the service's own web address is \
             taken.",
        ),
    page("/api/v1/sessions", signed_in!(api::sessions), "Browsers and programs that are signed in")
        .shows(What::Devices)
        .in_parts(make::<IdText>())
        .gives(200, body::<SessionsBody<'_>>())
        .refuses(&[Code::NotByToken]),
    page("/api/v1/sessions", signed_in!(api::end_other_sessions), "Sign out everywhere else")
        .verb(Verb::Delete)
        .proven()
        .load(Load::Begun)
        .gives(204, Gives::Nothing)
        .refuses(&[Code::NotByToken])
        .told("All tokens end, too."),
    page("/api/v1/sessions/current", signed_in!(api::sign_out), "Sign out")
        .verb(Verb::Delete)
        .load(Load::Begun)
        .gives(204, Gives::Nothing),
    page("/api/v1/sessions/current/proof", signed_in!(api::prove), "Show once more who is signed in")
        .verb(Verb::Post)
        .load(Load::Begun)
        .takes(make::<api::ProofBody<'_>>())
        .gives(201, body::<TokenBody<'_>>())
        .sends(&[Sends::Location, Sends::SetCookie])
        .refuses(&[Code::ProofRequired, Code::SecondFactorRefused])
        .told(
            "Before a dangerous act, which answers `proof_required`. The token is a new one, and the one it was asked with \
             has ended. The proof is fresh for ten minutes, where the operator has not set another time.",
        ),
    page("/api/v1/sessions/{session}", signed_in!(api::end_session), "Sign out one browser or program")
        .verb(Verb::Delete)
        .proven()
        .load(Load::Begun)
        .gives(204, Gives::Nothing)
        .refuses(&[Code::NotByToken])
        .told("The device is a stranger again: its next sign-in is looked at as one."),
    page("/api/v1/tokens", signed_in!(tokens::list_api), "Tokens of programs")
        .shows(What::Devices)
        .in_parts(make::<IdText>())
        .gives(200, body::<TokensBody<'_>>())
        .refuses(&[Code::NotByToken]),
    page("/api/v1/tokens", signed_in!(tokens::make_api), "Make a token for a program")
        .verb(Verb::Post)
        .proven()
        .load(Load::SignIn)
        .takes(make::<tokens::TokenWishBody<'_>>())
        .gives(201, body::<NewTokenBody<'_>>())
        .sends(&[Sends::Location])
        .refuses(&[Code::NotByToken, Code::TokensFull])
        .told(
            "The token is told once. By it a program reads what is hers and wishes for another speed, and nothing \
             else. It ends by itself on its day, where nobody has used it for a while, and with the password.",
        ),
    page("/api/v1/tokens/{id}", signed_in!(tokens::end_api), "End a token")
        .verb(Verb::Delete)
        .proven()
        .load(Load::Begun)
        .gives(204, Gives::Nothing)
        .refuses(&[Code::NotByToken]),
    page("/api/v1/me", signed_in!(api::me), "Who is signed in, and her lines, ended ones too")
        .shows(What::Me)
        .in_parts(make::<IdText>())
        .gives(200, body::<MeBody<'_>>()),
    page("/api/v1/lines/{line}/home", signed_in!(api::home), "Everything home shows of a line")
        .shows(What::Home)
        .gives(200, body::<HomeBody<'_>>()),
    page(
        "/api/v1/lines/{line}/buckets",
        signed_in!(api::buckets),
        "Buckets of the share group in the order of use",
    )
    .shows(What::Buckets)
    .gives(200, body::<BucketsBody<'_>>()),
    page(
        "/api/v1/lines/{line}/usage",
        signed_in!(api::usage),
        "Usage by day; a day without a row is unknown",
    )
    .shows(What::Usage)
    .asks(&[("month", make::<MonthText>(), "The month; the present one where not said.")])
    .gives(200, body::<UsageBody<'_>>()),
    page("/api/v1/lines/{line}/purchases", signed_in!(api::purchases), "Purchases of data, newest first")
        .shows(What::Purchases)
        .in_parts(make::<IdText>())
        .gives(200, body::<PurchasesBody<'_>>()),
    page("/api/v1/lines/{line}/contract", signed_in!(api::contract), "The contract")
        .shows(What::Contract)
        .gives(200, body::<ContractBody<'_>>()),
    page("/api/v1/lines/{line}/speed", signed_in!(api::speed), "The speed, and how far a wish for another is")
        .shows(What::Speed)
        .load(Load::Begun)
        .gives(200, body::<SpeedBody<'_>>())
        .told(
            "After a wish, ask every few seconds until `version` is the wish's and `state` is neither `accepted` nor \
             `pending`.",
        ),
    page(
        "/api/v1/lines/{line}/speed",
        signed_in!(api::set_speed),
        "Wish for high or low speed; the latest counts",
    )
    .shows(What::Speed)
    .verb(Verb::Put)
    .load(Load::Begun)
    .idempotent(Needed::Yes)
    .takes(make::<api::WishBody>())
    .gives(202, body::<ReceiptBody>())
    .sends(&[Sends::Location])
    .refuses(&[Code::LineSuspended, Code::LineEnded, Code::LineUpcoming, Code::TooOften])
    .told(
        "One wish a minute for each line, where the operator has not set another time: a sooner one is refused with \
         429, and `Retry-After` says when one will be taken. The same wish with the same `Idempotency-Key` is \
         answered as it was the first time and changes nothing; keys are kept for a day.",
    ),
    page("/api/v1/bills", signed_in!(api::bills), "Bills, newest first")
        .shows(What::Bills)
        .in_parts(make::<IdText>())
        .gives(200, body::<BillsBody<'_>>()),
    page("/api/v1/bills/{bill}", signed_in!(api::bill), "One bill with its items")
        .shows(What::Bill)
        .gives(200, body::<BillBody<'_>>()),
    page("/api/v1/bills/{bill}/pdf", signed_in!(bill_documents::pdf_api), "One bill as a sheet (PDF)")
        .shows(What::BillPdf)
        .load(Load::Document)
        .gives(200, Gives::File(PDF))
        .sends(&[Sends::ContentDisposition])
        .refuses(&[Code::DocumentsBusy, Code::DocumentTooLarge]),
    page("/api/v1/bills/{bill}/csv", signed_in!(bill_documents::csv_api), "One bill as rows (CSV)")
        .shows(What::BillCsv)
        .load(Load::Document)
        .gives(200, Gives::File(CSV))
        .sends(&[Sends::ContentDisposition])
        .refuses(&[Code::DocumentsBusy, Code::DocumentTooLarge])
        .told("UTF-8 with a byte order mark, RFC 4180."),
    page("/api/v1/exports", signed_in!(export::begin_api), "Begin an export of one's own data")
        .verb(Verb::Post)
        .load(Load::Document)
        .idempotent(Needed::No)
        .gives(202, body::<ExportStateBody<'_>>())
        .sends(&[Sends::Location, Sends::RetryAfter])
        .refuses(&[Code::ExportsBusy, Code::NotByToken])
        .told("While one is made, asking again answers with that one."),
    page("/api/v1/exports/{export}", signed_in!(export::state_api), "How far an export is")
        .load(Load::Begun)
        .gives(200, body::<ExportStateBody<'_>>())
        .sends(&[Sends::RetryAfter])
        .refuses(&[Code::NotByToken]),
    page("/api/v1/exports/{export}/data", signed_in!(export::file_api), "A finished export (JSON)")
        .shows(What::Export)
        .load(Load::Document)
        .gives(200, Gives::File(EXPORT))
        .sends(&[Sends::ContentDisposition])
        .refuses(&[Code::DocumentsBusy, Code::ExportNotReady, Code::ExportExpired, Code::NotByToken]),
    open("/api/v1/notices", public!(api::notices), "Notices of the operator to everybody")
        .load(Load::Read)
        .in_parts(make::<IdText>())
        .sends(&[Sends::Link, Sends::ETag])
        .gives(200, body::<NoticesBody<'_>>()),
    open("/api/v1/notices/{notice}", public!(api::notice), "One notice")
        .load(Load::Read)
        .sends(&[Sends::ETag])
        .gives(200, body::<NoticeBody<'_>>()),
    page(
        "/api/v1/disclosures",
        signed_in!(api::disclosures),
        "Who was shown what of this account, newest first",
    )
    .shows(What::Disclosures)
    .in_parts(make::<EntryText>())
    .refuses(&[Code::Pruned])
    .gives(200, body::<DisclosuresBody<'_>>())
    .told("50 on a page where `limit` is not said."),
];
