//! Passkeys in Chromium, with the authenticator it has for tests: our script, our pages and a relying party that is not ours to
//! pretend.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use honnin_access::{PasskeySite, SignInSettings};
use honnin_front::listen;
use honnin_stand::sign_in;
use honnin_testkit::{FixedClock, TestDir};
use serde_json::{Value, json};

use super::house::{House, PASSWORD, serve_at};

const CHROMIUM: &str = "/usr/bin/chromium";

/// How often anything is looked for, twenty times a second: a browser that was never started before takes its time.
const PATIENCE: usize = 1_200;

/// A browser with one page, spoken to through its pipe.
struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    calls: u64,
    session: Option<String>,
    _dir: TestDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0"));
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Browser {
    fn start() -> Self {
        let dir = TestDir::new();
        // It reads from its third descriptor and writes to its fourth.
        let line = format!(
            "exec {CHROMIUM} --headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run \
             --disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-pipe \
             --user-data-dir={} 3<&0 4>&1 >/dev/null 2>/dev/null",
            dir.path().display()
        );
        let mut child = Command::new("sh")
            .args(["-c", &line])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut browser = Self { child, to, from, calls: 0, session: None, _dir: dir };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        browser
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut call = json!({ "id": self.calls, "method": method });
        call["params"] = params;
        if let Some(session) = &self.session {
            call["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{call}\0").as_bytes()).unwrap();
        loop {
            let mut text = Vec::new();
            assert!(self.from.read_until(0, &mut text).unwrap() > 0, "the browser is gone at {method}");
            let answer: Value = serde_json::from_slice(text.strip_suffix(&[0]).unwrap()).unwrap();
            if answer["id"] == json!(self.calls) {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    fn evaluate(&mut self, expression: &str) -> Value {
        let answer =
            self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        answer["result"]["value"].clone()
    }

    /// Waits until that holds on the page.
    fn wait(&mut self, expression: &str) {
        for _ in 0..PATIENCE {
            if self.evaluate(expression) == json!(true) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let text = self.evaluate("document.body?.innerText");
        panic!("{expression} does not come to be: {}", text.as_str().unwrap_or_default());
    }

    fn go(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// Waits until the page says that: its address is that of the next page before its text is.
    fn says(&mut self, text: &str) {
        self.wait(&format!("document.body?.innerText.includes({}) === true", json!(text)));
    }

    /// Presses the button of the passkey, once the script has shown it.
    fn press(&mut self) {
        self.wait("document.querySelector('form[data-passkey] button')?.checkVisibility() === true");
        self.evaluate("document.querySelector('form[data-passkey] button').click()");
    }

    fn authenticator(&mut self) -> Value {
        self.call("WebAuthn.enable", json!({}));
        let options = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
            "automaticPresenceSimulation": true,
        });
        self.call("WebAuthn.addVirtualAuthenticator", json!({ "options": options }))["authenticatorId"]
            .clone()
    }

    /// Nobody is signed in any more; the words are Japanese.
    fn forget(&mut self, base: &str) {
        self.call("Network.clearBrowserCookies", json!({}));
        self.keep(base, "language=ja");
    }

    fn keep(&mut self, base: &str, cookie: &str) {
        let (name, value) = cookie.split_once('=').unwrap();
        self.call("Network.setCookie", json!({ "name": name, "value": value, "url": base }));
    }
}

/// Makes a passkey, signs in by it in every way, and takes it away.
fn walk(base: &str, cookie: &str, clock: &FixedClock) {
    let mut browser = Browser::start();
    let authenticator = browser.authenticator();
    // A passkey that offers itself among the names waits for somebody to pick it.
    let presence = |browser: &mut Browser, is_there: bool| {
        let params = json!({ "authenticatorId": authenticator, "enabled": is_there });
        browser.call("WebAuthn.setAutomaticPresenceSimulation", params);
    };
    browser.forget(base);
    browser.keep(base, cookie);
    browser.go(&format!("{base}/account/passkeys"));
    browser.press();
    browser.wait("location.search.includes('said=passkey')");
    browser.says("パスキーを登録しました");
    let kept = browser.call("WebAuthn.getCredentials", json!({ "authenticatorId": authenticator }));
    let kept = &kept["credentials"];
    assert_eq!(
        (kept[0]["rpId"].as_str(), kept[0]["isResidentCredential"].as_bool()),
        (Some("localhost"), Some(true))
    );
    assert!(kept[1].is_null(), "{kept}");
    browser.press();
    browser.wait("document.querySelector('[data-there-told]').checkVisibility()");

    // By the list of names: nothing is pressed and nothing typed.
    browser.forget(base);
    clock.advance_seconds(1);
    browser.go(&format!("{base}/sign-in?next=/bills"));
    browser.wait("location.pathname === '/bills'");

    // By the button.
    presence(&mut browser, false);
    browser.forget(base);
    clock.advance_seconds(1);
    browser.go(&format!("{base}/sign-in"));
    presence(&mut browser, true);
    browser.press();
    browser.wait("location.pathname.startsWith('/lines/')");

    // Nobody is recognised: nothing is sent, and the page says so.
    let verified = |browser: &mut Browser, is: bool| {
        let params = json!({ "authenticatorId": authenticator, "isUserVerified": is });
        browser.call("WebAuthn.setUserVerified", params);
    };
    browser.forget(base);
    clock.advance_seconds(1);
    verified(&mut browser, false);
    browser.go(&format!("{base}/sign-in"));
    browser.press();
    browser.wait("document.querySelector('[data-told]').checkVisibility()");
    assert_eq!(browser.evaluate("location.pathname"), json!("/sign-in"));
    verified(&mut browser, true);

    // Once more by password, and who she is is shown by the passkey.
    presence(&mut browser, false);
    browser.go(&format!("{base}/sign-in"));
    browser.evaluate("document.querySelector('#login').value = 'mio-hana'");
    browser.evaluate(&format!("document.querySelector('#password').value = {}", json!(PASSWORD)));
    browser.evaluate("document.querySelector('form[action=\"/sign-in\"] button[type=submit]').click()");
    browser.wait("location.pathname.startsWith('/lines/')");
    clock.advance_seconds(700);
    browser.go(&format!("{base}/account/passkeys"));
    browser.wait("document.querySelector('a.button[href*=confirm]') !== null");
    browser.evaluate("document.querySelector('a.button[href*=confirm]').click()");
    browser.wait("location.pathname === '/account/confirm'");
    presence(&mut browser, true);
    browser.press();
    browser.wait("location.pathname === '/account/passkeys'");

    // Taken away here it is still on the device, and signs nobody in.
    browser.wait("document.querySelector('form[action*=remove] button') !== null");
    browser.evaluate("document.querySelector('form[action*=remove] button').click()");
    browser.wait("location.search.includes('said=passkey-removed')");
    presence(&mut browser, false);
    browser.forget(base);
    clock.advance_seconds(1);
    browser.go(&format!("{base}/sign-in"));
    presence(&mut browser, true);
    browser.press();
    browser.wait("document.querySelector('#problem') !== null");
    browser.says("このパスキーではログインできません");
}

#[tokio::test]
async fn a_passkey_is_made_used_and_taken_away_in_chromium() {
    if !Path::new(CHROMIUM).is_file() {
        println!("skipped: {CHROMIUM} (Debian's package chromium) is not on this machine");
        return;
    }
    // A passkey is of a name, and an address of the network is none; the port is ours before the house is.
    let listener = listen("127.0.0.1:0".parse().unwrap(), 64).unwrap();
    let base = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let settings = SignInSettings { passkeys: PasskeySite::of_origin(&base), ..sign_in() };
    let house = House::open_signing_in(settings).await;
    serve_at(&house.app, listener);
    let (cookie, clock) = (house.hana.cookie.clone(), Arc::clone(&house.clock));
    // The browser is waited for on a thread of its own, because this one answers it.
    let (done, walked) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        walk(&base, &cookie, &clock);
        done.send(()).unwrap();
    });
    walked.await.unwrap();
}
