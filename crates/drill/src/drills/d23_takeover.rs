//! D23: somebody has the password and comes from a device that nobody knows. He may look; whatever outlives him or shuts
//! the owner out asks for what he has not.

use serde_json::json;

use crate::client::{Answer, Request};
use crate::harness::{Failure, SignedIn, Verdict};
use crate::kit::stage::{PASSWORD, Stage, ask, get_as, sign_in_request, signs_in};
use crate::kit::tally::Findings;

/// One account is taken over; another changes nothing about it.
const SUBJECTS: u64 = 2;
const NEW: &str = "kaze+no+tooru+michi+wo";

/// What he tries: how it is called, method, path, body of a form or of a program.
fn acts(his: &str, hers: &str) -> Vec<(&'static str, Request)> {
    let form = |path: &str, body: String| {
        Request::new("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("cookie", his)
            .body(body.as_bytes())
    };
    let call = |method: &str, path: &str| Request::new(method, path).header("cookie", his);
    let token = json!({ "name": "x", "password": PASSWORD }).to_string();
    vec![
        ("a new password", form("/account/password", format!("old={PASSWORD}&password={NEW}"))),
        ("a token, on the page", form("/devices/tokens", format!("name=x&days=9&password={PASSWORD}"))),
        (
            "a token, by the API",
            call("POST", "/api/v1/tokens").header("content-type", "application/json").body(token.as_bytes()),
        ),
        ("her device signed out, on the page", form(&format!("/devices/{hers}/revoke"), String::new())),
        ("her device signed out, by the API", call("DELETE", &format!("/api/v1/sessions/{hers}"))),
        ("all others signed out, on the page", form("/devices/revoke-others", String::new())),
        ("all others signed out, by the API", call("DELETE", "/api/v1/sessions")),
        ("consent to a merge", form("/account/merge", format!("side=gives&password={PASSWORD}"))),
        ("a second factor of his", form("/account/second-factor", format!("password={PASSWORD}"))),
        ("a passkey of his", form("/account/passkeys", "name=x".to_owned())),
    ]
}

/// Whether that answer asks for a proof and does nothing.
fn asks(answer: &Answer) -> bool {
    let leads = answer.header("location").any(|to| to.starts_with("/account/confirm"));
    answer.status == 303 && leads || answer.status == 403 && answer.text().contains("proof_required")
}

/// Plays D23.
pub(super) async fn play(stage: &Stage) -> Result<Vec<Verdict>, Failure> {
    let world = stage.world(SUBJECTS)?;
    let house = stage.serving(&world, "").await?;
    let target = house.target();
    let owner = house.sessions().first().cloned();
    let owner: SignedIn = owner.ok_or_else(|| Failure::Product("nobody is signed in".to_owned()))?;
    let listed = ask(target, &get_as(&owner, "/api/v1/sessions")).await?;
    let listed: serde_json::Value = serde_json::from_slice(&listed.body)
        .map_err(|_| Failure::Product("the list of sessions is no JSON".to_owned()))?;
    let hers = listed.pointer("/sessions/0/session").and_then(serde_json::Value::as_str).unwrap_or_default();
    stage.say("  with the password, from a device that nobody knows");
    let (mut open, mut tried) = (Findings::default(), 0);
    let mut his = signs_in(target, &owner.account).await?;
    for round in 0..2 {
        for (what, request) in acts(&his, hers) {
            tried += 1;
            let answer = ask(target, &request).await?;
            if !asks(&answer) {
                open.add(format!("{what}: was answered {}", answer.status));
            }
        }
        let again = Request::new("POST", "/account/confirm")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("cookie", &his)
            .body(format!("password={PASSWORD}").as_bytes());
        tried += 1;
        let answer = ask(target, &again).await?;
        if answer.status != 403 {
            open.add(format!("the same password once more was answered {}", answer.status));
        }
        if round == 0 {
            // Once more on the same device, which is known by now.
            let known = sign_in_request(&owner.account).header("cookie", &his);
            let answer = ask(target, &known).await?;
            let cookies = answer.header("set-cookie").filter_map(|cookie| cookie.split(';').next());
            let cookies = cookies.collect::<Vec<_>>().join("; ");
            his = if cookies.is_empty() { his } else { cookies };
        }
    }
    stage.say("  the owner looks");
    let mut lost = Findings::default();
    let home = ask(target, &get_as(&owner, "/api/v1/me")).await?;
    if home.status != 200 {
        lost.add(format!("the owner's session was answered {}", home.status));
    }
    let password = ask(target, &sign_in_request(&owner.account)).await?;
    if password.status != 201 {
        lost.add(format!("her password was answered {}", password.status));
    }
    let mut untold = Findings::default();
    let record = ask(target, &get_as(&owner, "/disclosures")).await?;
    if record.status != 200 || !record.text().contains("はじめての端末") {
        untold.add("her page says nothing of a device that was new".to_owned());
    }
    let way = "a stolen password on a device that nobody knew, twice";
    Ok(vec![
        Verdict::of(
            "every dangerous act asks for a fresh proof, which a password is not",
            way,
            tried,
            open.told(),
        ),
        Verdict::of("the owner is shut out of nothing", way, 2, lost.told()),
        Verdict::of("the owner is told on her page", way, 1, untold.told()),
    ])
}
