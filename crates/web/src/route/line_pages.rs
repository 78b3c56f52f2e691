//! Pages of one line.

use honnin_access::{Session, both};
use honnin_care::facts::{LineHead, Me, Shown};
use honnin_care::{Channel, SpeedWish, Visit};
use honnin_pages::page::paths::Address;
use honnin_pages::page::{
    BucketsPage, ContractPage, HomePage, Nav, PurchasesPage, SpeedPage, SpeedStatePage, UsagePage,
};
use honnin_terms::{HoldingId, LineStatus, Month};

use super::answer::{Answer, Field, HTML, JSON, Refusal};
use super::app::{App, Ask};

const fn visit(session: &Session) -> Visit<'_> {
    Visit { session, channel: Channel::Page }
}

/// The lines of the account, as far as they were read.
fn lines(me: Option<&Me>) -> &[LineHead] {
    me.map(|me| me.lines.as_slice()).unwrap_or_default()
}

/// How many of them are held now.
fn held(me: Option<&Me>) -> usize {
    lines(me).iter().filter(|head| head.status != LineStatus::Ended).count()
}

pub(super) async fn home(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let line = ask.id()?;
    let (notices, disclosed) = if let Some(notices) = app.kept_notices() {
        (notices.len(), app.wiring.care.home(visit(session), line).await?)
    } else {
        // Both are asked at once; apart, so that no other read makes room for it.
        let home = app.wiring.care.home(visit(session), line);
        let (notices, disclosed) = Box::pin(both(app.notices(), home)).await;
        (notices?.len(), disclosed?)
    };
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
        let shell = app.line_frame(ask, me.as_ref(), &facts.head, Nav::Home);
        HomePage { shell, facts, notices, held: held(me.as_ref()) }.render().into_bytes()
    })))
}

pub(super) async fn buckets(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let disclosed = app.wiring.care.buckets(visit(session), ask.id()?).await?;
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
        let shell = app.line_frame(ask, me.as_ref(), &facts.head, Nav::Home);
        BucketsPage { shell, facts, lines: lines(me.as_ref()) }.render().into_bytes()
    })))
}

pub(super) async fn usage(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let month = ask.query_as::<Month>("month")?;
    let disclosed = app.wiring.care.usage(visit(session), ask.id()?, month).await?;
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
        let shell = app.line_frame(ask, me.as_ref(), &facts.head, Nav::Usage);
        UsagePage { shell, facts }.render().into_bytes()
    })))
}

pub(super) async fn purchases(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let disclosed = app.wiring.care.purchases(visit(session), ask.id()?).await?;
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
        let shell = app.line_frame(ask, me.as_ref(), &facts.head, Nav::Settings);
        PurchasesPage { shell, facts }.render().into_bytes()
    })))
}

pub(super) async fn contract(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let disclosed = app.wiring.care.contract(visit(session), ask.id()?).await?;
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts }| {
        let shell = app.line_frame(ask, me.as_ref(), &facts.head, Nav::Settings);
        ContractPage { shell, facts }.render().into_bytes()
    })))
}

pub(super) async fn speed(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let key = ask.form_key();
    let disclosed = app.wiring.care.speed(visit(session), ask.id()?).await?;
    Ok(Answer::personal(disclosed.body(HTML, |Shown { me, facts: (head, speed) }| {
        let shell = app.line_frame(ask, me.as_ref(), head, Nav::Home);
        SpeedPage { shell, head, speed, origin: None, key: &key }.render().into_bytes()
    })))
}

pub(super) async fn set_speed(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let line = ask.id::<HoldingId>()?;
    let high = match ask.form("high").as_deref() {
        Some("true") => true,
        Some("false") => false,
        Some(_) | None => return Err(Refusal::field(Field::Member("high"), "true or false")),
    };
    let key = ask.form("key");
    let wish = SpeedWish { line, high, key: key.as_deref() };
    let receipt = app.wiring.care.set_speed(visit(session), wish).await?;
    // What it says is shown by the page that follows, out of what is stored.
    app.wiring.care.noted(receipt).await?;
    Ok(Answer::see_other(&Address::SpeedState(line).to_string()))
}

pub(super) async fn speed_state(app: &App, ask: &Ask, session: &Session) -> Result<Answer, Refusal> {
    let wants_json = ask.wants_json();
    let disclosed = app.wiring.care.speed(visit(session), ask.id()?).await?;
    let kind = if wants_json { JSON } else { HTML };
    Ok(Answer::personal(disclosed.body(kind, |Shown { me, facts: (head, speed) }| {
        let shell = app.line_frame(ask, me.as_ref(), head, Nav::Home);
        let page = SpeedStatePage { shell, head, speed };
        if wants_json { page.poll_body().into_bytes() } else { page.render().into_bytes() }
    })))
}
