//! The waiting room, as people and programs meet it: who is not signed in yet and comes while more come than can be signed
//! in is given a place, a time and a page that says both. The store is not asked.

use std::net::IpAddr;
use std::time::Duration;

use honnin_figures as figures;
use honnin_front::Prefix;
use honnin_overload::{Entering, Micros, Placed, Said, Wants};
use honnin_pages::page::PlacePage;
use honnin_pages::page::paths::pattern;
use honnin_terms::Id as _;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue, SET_COOKIE};
use tokio::time::Instant;

use super::answer::{Answer, Kind, Refusal};
use super::app::{App, Ask};
use super::code::Code;
use super::cookie;
use super::table::{Handler, Load, Route};

pub(super) const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// Where somebody is led who has sent a form that nobody reads.
const FORM: &str = "/sign-in";

/// When somebody is to come back who waits for her turn and not to sign in, in seconds.
const SOON: u32 = 5;

/// What somebody meets at the door.
pub(super) enum Door {
    /// She may go on, and is told that cookie.
    Open(Option<HeaderValue>),
    /// She is placed.
    Placed(Answer),
}

/// A sign-in that was let in, since when.
pub(super) struct Within {
    entering: Entering,
    since: Instant,
}

/// What the waiting room does not stand before. Second steps of a sign-in: whoever takes one was let in at the first, and is
/// not placed in the middle of it. Passkeys: nothing is hashed for them, and the line is that of the hashers.
const WITHIN: [&str; 6] = [
    pattern::SECOND_STEP,
    pattern::FACTOR_FIRST,
    pattern::PASSKEY_STEP,
    "/api/v1/sessions/second-factor",
    "/api/v1/sessions/passkey",
    "/api/v1/sessions/passkey/challenge",
];

impl Route {
    /// Whether it leads to a session for who has none.
    pub(super) const fn leads_in(&self) -> bool {
        matches!(self.load, Load::SignIn) && !matches!(self.handler, Handler::SignedIn(_))
    }

    /// Whether it is where that begins: what the waiting room stands before.
    pub(super) fn is_door(&self) -> bool {
        self.leads_in() && !WITHIN.contains(&self.path)
    }
}

impl App {
    /// Whether somebody without a session may go on.
    pub(super) fn door(&self, ask: &Ask, wants: Wants) -> Door {
        let shown = cookie::find(&ask.parts.headers, self.place_cookie());
        #[cfg(honnin_faults)]
        let shown = super::planted::shown(shown);
        // A request's name is as good as any chance.
        let request = ask.stream.request();
        let chance = request.octets().last_chunk().map_or(0, |octets| u32::from_be_bytes(*octets));
        let said = self.wiring.room.ask(self.micros(), shown, wants, chance, self.taker(ask.client));
        match said {
            Said::Enter(None) => Door::Open(None),
            Said::Enter(Some(ticket)) => Door::Open(self.place_kept(&ticket)),
            Said::Wait(placed) => Door::Placed(self.placed(ask, &placed)),
        }
    }

    /// Whose places are counted together, as connections are: `None` where many people share an address.
    pub(super) fn taker(&self, client: IpAddr) -> Option<u64> {
        let shared = &self.wiring.shared_prefixes;
        let (.., address) = Prefix::places(client, shared);
        (!shared.iter().any(|prefix| prefix.contains(client))).then_some(address)
    }

    /// A sign-in begins.
    pub(super) fn enters(&self, ask: &Ask) -> Within {
        Within { entering: self.wiring.room.begins(self.source(ask).site), since: Instant::now() }
    }

    /// She is told that she is not in.
    pub(super) fn is_not_within(within: Within) {
        within.entering.is_answered();
    }

    /// Her password was right.
    pub(super) fn is_within(&self, within: Within) {
        let Within { entering, since } = within;
        entering.is_in(self.micros(), since.elapsed());
    }

    fn micros(&self) -> Micros {
        u64::try_from(self.wiring.care.now().millis()).unwrap_or(0).saturating_mul(1_000)
    }

    const fn place_cookie(&self) -> &'static str {
        if self.wiring.front.is_https() { "__Host-place" } else { "place" }
    }

    fn keeps(&self) -> Duration {
        self.wiring.room.bounds().keeps
    }

    fn place_kept(&self, ticket: &str) -> Option<HeaderValue> {
        let seconds = i64::try_from(self.keeps().as_secs()).unwrap_or(i64::MAX);
        cookie::set(&self.wiring.front, self.place_cookie(), ticket, seconds)
    }

    fn placed(&self, ask: &Ask, placed: &Placed) -> Answer {
        let Placed { ticket, ahead, seconds, again } = placed;
        figures::placed(who(ask), "waiting_room").increment(1);
        let answer = if ask.is_for_programs() {
            let detail = format!("{ahead} are before you; about {seconds} s");
            Refusal::after(Code::Waiting, *again).detailed(detail).problem(ask.stream.request())
        } else {
            let page = PlacePage {
                language: ask.language(),
                ahead: Some(*ahead),
                minutes: (*seconds > 60).then(|| seconds.div_ceil(60)),
                is_soon: *seconds <= 60,
                keeps: Some(self.keeps().as_secs() / 60),
                has_passkeys: self.wiring.care.passkey_host().is_some(),
            };
            place_page(ask, page, *again)
        };
        match self.place_kept(ticket) {
            Some(cookie) => answer.with(SET_COOKIE, cookie),
            None => answer,
        }
    }

    /// What somebody is told whose turn it was not after all: a person that this page comes by itself, a program that it
    /// is busy.
    pub(super) fn not_yet(&self, ask: &Ask, route: &Route, waiting: usize) -> Result<Answer, Refusal> {
        // A document is kept as a file, and so would be a page in its place.
        let is_file = matches!(route.load, Load::Document);
        if ask.is_for_programs() || is_file || !(route.verb.is_safe() || route.is_door()) {
            return Err(Refusal::after(Code::Busy, super::app::NOT_YET));
        }
        if route.is_door()
            && let Door::Placed(answer) = self.door(ask, Wants::Look)
        {
            return Ok(answer);
        }
        figures::placed(who(ask), "turn").increment(1);
        let ahead = u64::try_from(waiting).ok();
        let (minutes, keeps, has_passkeys) = (None, None, false);
        let language = ask.language();
        let page = PlacePage { language, ahead, minutes, is_soon: true, keeps, has_passkeys };
        Ok(place_page(ask, page, SOON))
    }
}

fn who(ask: &Ask) -> &'static str {
    if ask.is_for_programs() { "program" } else { "person" }
}

/// The page of a place, which a browser asks for again by itself; a form that was sent is not sent again.
fn place_page(ask: &Ask, page: PlacePage, again: u32) -> Answer {
    let answer = Answer { kind: Kind::Place, ..Answer::form(page.render()) }.status(StatusCode::ACCEPTED);
    let is_read = matches!(ask.parts.method, http::Method::GET | http::Method::HEAD);
    let to = if is_read { again.to_string() } else { format!("{again};url={FORM}") };
    let refresh =
        HeaderValue::try_from(to).map(|to| answer.again_after(Some(again.into())).with(REFRESH, to));
    refresh.unwrap_or_else(|_| Answer::empty(StatusCode::ACCEPTED))
}

/// Whether what was answered at the door stands for a right password: a session, or the step that comes after it. That
/// costs the same hash, and whoever has a second factor is as much of the crowd as everybody else.
pub(super) fn was_right(result: &Result<Answer, Refusal>) -> bool {
    match result {
        Ok(answer) => matches!(answer.personal, super::answer::Personal::Token(_)),
        Err(refusal) => matches!(refusal.code(), Code::SecondFactorRequired | Code::SecondFactorSetUp),
    }
}
