//! Somebody who plays a script: cookies, forms, and going away before an answer has come.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use honnin_care::SessionToken;
use honnin_front::{Call, Turn};
use honnin_keeper::Keeper;
use honnin_terms::{NoticeId, Stream};
use honnin_testkit::SeededEntropy;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};

use super::Answered;
use super::case::{Deed, Manner, Step, Whose, get};
use super::counted::Counted;
use super::people::{NEIGHBOUR, Name, VIEWER};
use crate::route::App;
use crate::route::tests::house::PASSWORD;

/// What a script plays on.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) app: Arc<App>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) store: Arc<Counted>,
    pub(super) notice: NoticeId,
    pub(super) peer: IpAddr,
}

/// A request to be: its stream, and what counts the requests of everybody.
pub(super) struct Asked {
    pub(super) stream: Stream,
    pub(super) count: Arc<AtomicU64>,
}

/// Somebody, with what a browser keeps.
pub(super) struct Actor {
    name: Name,
    whose: Whose,
    cookie: Option<String>,
    device: Option<String>,
    broken: Vec<String>,
    code: String,
}

impl Actor {
    pub(super) fn new(name: Name, whose: Whose) -> Self {
        let (cookie, device, broken, code) = (None, None, Vec::new(), "0000-0000".to_owned());
        Self { name, whose, cookie, device, broken, code }
    }

    pub(super) const fn whose(&self) -> Whose {
        self.whose
    }

    pub(super) fn invited(&mut self, code: &str) {
        code.clone_into(&mut self.code);
    }

    pub(super) fn signed_in(&mut self, token: &str) {
        self.cookie = Some(token.to_owned());
    }

    pub(super) fn signed_out(&mut self) {
        self.cookie = None;
    }

    /// One more session that will not open; they are shown in turn.
    pub(super) fn has_broken(&mut self, token: &str) {
        self.broken.push(token.to_owned());
    }

    /// Lends the actor to a task.
    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(self.name, self.whose))
    }

    /// Plays one step after another; an answer is given only where nobody went away.
    pub(super) async fn play(
        mut self,
        stage: Stage,
        steps: Vec<Step>,
        asked: Vec<Asked>,
    ) -> (Self, Vec<Option<Answered>>) {
        let mut answers = Vec::with_capacity(steps.len());
        for (step, Asked { stream, count }) in steps.into_iter().zip(asked) {
            let request = self.request(&stage, step);
            let path = request.uri().path().to_owned();
            count.fetch_add(1, Ordering::SeqCst);
            let answer = Arc::clone(&stage.app).respond(
                request,
                stage.peer.into(),
                stream,
                Turn::uncounted(Call::Begin),
            );
            let answer = UntilCut { answer: Some(Box::pin(answer)), left: step.cut }.await;
            // Who went away has seen nothing, also where the answer was quicker.
            let answer = answer.filter(|_| step.cut.is_none());
            if let Some(answer) = &answer {
                self.keep(answer);
            }
            answers.push(match answer {
                Some(answer) => Some(Answered::of(answer, &path).await),
                None => None,
            });
        }
        (self, answers)
    }

    /// Keeps the cookies of an answer, as a browser does.
    fn keep(&mut self, answer: &Response<Full<Bytes>>) {
        for field in answer.headers().get_all(http::header::SET_COOKIE) {
            let field = field.to_str().unwrap();
            let (name, value) = field.split(';').next().unwrap().split_once('=').unwrap();
            let value = (!value.is_empty()).then(|| value.to_owned());
            match name {
                "session" => self.cookie = value,
                "device" => self.device = value,
                _ => {}
            }
        }
    }

    fn request(&mut self, stage: &Stage, step: Step) -> Request<Full<Bytes>> {
        let Step { deed, manner, .. } = step;
        if let Deed::MakeUp(seed) = deed {
            let seed = u64::from(seed) + if self.whose == Whose::Hers { 1_000 } else { 2_000 };
            let token = SessionToken::random(&SeededEntropy::new(seed));
            stage.store.made_up(token.row_hash(), self.name.account(&stage.keeper));
            self.cookie = Some(token.reveal());
        }
        let (method, path, form) = self.asks(stage, deed);
        let method = if manner.head && method == "GET" { "HEAD" } else { method };
        let mut request = Request::builder().method(method).uri(path).header("host", "my.example.jp");
        let cookie = self.cookie.clone().or_else(|| {
            let shown = self.broken.pop()?;
            self.broken.insert(0, shown.clone());
            Some(shown)
        });
        let cookies = [
            cookie.map(|own| format!("session={own}")),
            self.device.as_ref().map(|own| format!("device={own}")),
        ];
        for cookie in cookies.into_iter().flatten() {
            request = request.header("cookie", cookie);
        }
        let Manner { gzip, json, english, .. } = manner;
        let fields = [
            (gzip, "accept-encoding", "gzip"),
            (json, "accept", "application/json"),
            (english, "accept-language", "en"),
        ];
        for (_, name, value) in fields.iter().filter(|(is, ..)| *is) {
            request = request.header(*name, *value);
        }
        let kind =
            if form.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
        if let Deed::Wish { key, .. } = deed {
            request = request.header("idempotency-key", format!("key-{key}"));
        }
        request.header("content-type", kind).body(Full::from(form)).unwrap()
    }

    /// Method, path and body of a deed.
    fn asks(&self, stage: &Stage, deed: Deed) -> (&'static str, String, String) {
        let password = |right| if right { PASSWORD } else { "another one altogether" };
        let post = |path: &str, form: String| ("POST", path.to_owned(), form);
        let login = self.name.login;
        match deed {
            Deed::Get(row, whose, place) => {
                ("GET", self.filled(stage, get(row).path, whose, place), String::new())
            }
            Deed::MakeUp(_) => ("GET", "/lines".to_owned(), String::new()),
            Deed::SignIn { right, program: true } => {
                post("/api/v1/sessions", format!(r#"{{"login":"{login}","password":"{}"}}"#, password(right)))
            }
            Deed::SignIn { right, program: false } => {
                post("/sign-in", format!("login={login}&password={}", password(right).replace(' ', "+")))
            }
            Deed::SignOut => post("/sign-out", String::new()),
            Deed::Wish { line, whose, high, program: true, .. } => {
                let path = self.filled(stage, "/api/v1/lines/{line}/speed", whose, line);
                ("PUT", path, format!(r#"{{"high":{high}}}"#))
            }
            Deed::Wish { line, whose, high, key, program: false } => {
                let path = self.filled(stage, "/lines/{line}/speed", whose, line);
                post(&path, format!("high={high}&key=key-{key}"))
            }
            Deed::EndDevice(whose, place) => {
                post(&self.filled(stage, "/devices/{session}/revoke", whose, place), String::new())
            }
            Deed::EndOthers => post("/devices/revoke-others", String::new()),
            Deed::Activate { right } => {
                let code = if right { &self.code } else { "WRNG-WRNG" };
                post(
                    "/activate",
                    format!("login={login}&code={code}&password={}", PASSWORD.replace(' ', "+")),
                )
            }
        }
    }

    /// The path of a pattern, filled in with something of somebody's.
    fn filled(&self, stage: &Stage, pattern: &str, whose: Whose, place: u8) -> String {
        let name = match (whose, self.whose) {
            (Whose::Nobodys, _) => None,
            (Whose::Hers, own) => Some(if own == Whose::Hers { VIEWER } else { NEIGHBOUR }),
            (Whose::Theirs, own) => Some(if own == Whose::Hers { NEIGHBOUR } else { VIEWER }),
        };
        let nobodys = "0".repeat(32);
        let keeper = &stage.keeper;
        let line = || name.map_or_else(|| nobodys.clone(), |name| name.line(keeper, place).to_string());
        let bill = || name.map_or_else(|| nobodys.clone(), |name| name.bill(keeper, place).to_string());
        // Nobody can know the name of another's session: it stands nowhere but on its owner's page.
        let session = || {
            let own = name.filter(|name| name.login == self.name.login);
            let own = own.map(|name| stage.store.sessions_of(name.account(keeper))).unwrap_or_default();
            own.get(usize::from(place)).map_or_else(|| nobodys.clone(), ToString::to_string)
        };
        let notice = || if place == 0 { stage.notice.to_string() } else { nobodys.clone() };
        let parts = pattern.split('/').map(|part| match part {
            "{line}" => line(),
            "{bill}" => bill(),
            "{session}" => session(),
            "{notice}" => notice(),
            "{*file}" => honnin_pages::assets::APP_CSS.trim_start_matches("/a/").to_owned(),
            part if part.starts_with('{') => nobodys.clone(),
            part => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

impl Answered {
    async fn of(answer: Response<Full<Bytes>>, path: &str) -> Self {
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let fields = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
        Self::new(parts.status.as_u16(), fields.collect(), body.to_vec(), path.ends_with("/disclosures"))
    }
}

/// Polls an answer so often at most, and then drops it.
struct UntilCut<F> {
    answer: Option<Pin<Box<F>>>,
    left: Option<u8>,
}

impl<F: Future> Future for UntilCut<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.left {
            Some(0) => {
                self.answer = None;
                return Poll::Ready(None);
            }
            Some(left) => *left -= 1,
            None => {}
        }
        let Some(answer) = &mut self.answer else { return Poll::Ready(None) };
        match answer.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if self.left == Some(0) => {
                self.answer = None;
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
