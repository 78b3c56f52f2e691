//! What the description promises beside shapes: where it is served, examples that fit, header fields that are sent.

use serde_json::{Value, json};

use super::api::differs;
use super::house::{House, PASSWORD};
use super::wire::Reply;
use crate::route::openapi::field;
use crate::route::routes::TABLE;
use crate::route::table::{Route, Verb};

const JSON_TYPE: &str = "Content-Type: application/json\r\n";

/// Calls that with every `content` of the description and where it stands.
fn contents(value: &Value, at: &str, found: &mut impl FnMut(&str, &Value)) {
    if let Some(content) = value.get("content").and_then(Value::as_object) {
        content.iter().for_each(|(media, content)| found(&format!("{at} {media}"), content));
    }
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| contents(value, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => items.iter().for_each(|value| contents(value, at, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_description_says_where_it_is_served_and_shows_examples_that_fit() {
    let house = House::open().await;
    let document = house.ask("GET", "/openapi.json", "", "").await.json();
    let servers = document["servers"].as_array().unwrap();
    assert!(servers.iter().all(|server| server["url"].is_string()) && !servers.is_empty(), "{servers:?}");
    let (mut bodies, mut wrong) = (0, Vec::new());
    contents(&document, "", &mut |at, content| {
        let schema = &content["schema"];
        if schema["format"] == "binary" {
            return;
        }
        let several = content["examples"].as_object().into_iter().flatten().map(|(_, one)| &one["value"]);
        let shown: Vec<&Value> = content.get("example").into_iter().chain(several).collect();
        if shown.is_empty() {
            wrong.push(format!("{at} has no example"));
        }
        for one in shown.into_iter().filter(|_| at.ends_with("json")) {
            bodies += 1;
            wrong.extend(differs(&document, schema, one, at));
        }
    });
    for (name, header) in document["components"]["headers"].as_object().unwrap() {
        if header.get("example").is_none() {
            wrong.push(format!("the header field {name} has no example"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(bodies > 60, "{bodies}");
}

/// The act of a row, done so that it is answered as its contract says.
async fn done(house: &House, route: &Route) -> Reply {
    let cookie = format!("Cookie: {}\r\n", house.hana.cookie);
    let body = json!({ "login": "mio-hana", "password": PASSWORD });
    let (headers, path, body) = match (route.verb, route.path) {
        (Verb::Post, "/api/v1/sessions") => (JSON_TYPE.to_owned(), route.path.to_owned(), body),
        (Verb::Post, "/api/v1/sessions/second-factor") => {
            let (secret, _) = house.set_up_factor(&house.hana).await;
            let first = house.ask("POST", "/api/v1/sessions", JSON_TYPE, &body.to_string()).await.json();
            let body = json!({ "login": "mio-hana", "ticket": first["ticket"], "code": house.code(&secret) });
            (JSON_TYPE.to_owned(), route.path.to_owned(), body)
        }
        (Verb::Post, "/api/v1/sessions/passkey") => {
            let mut passkey = house.add_passkey(&house.hana, 1).await;
            let body = super::passkeys::body(&passkey.show(&house.passkey_challenge("").await));
            (JSON_TYPE.to_owned(), route.path.to_owned(), body)
        }
        (Verb::Post, "/api/v1/sessions/current/proof") => {
            (cookie + JSON_TYPE, route.path.to_owned(), json!({ "password": PASSWORD }))
        }
        (Verb::Post, "/api/v1/tokens") => {
            (cookie + JSON_TYPE, route.path.to_owned(), json!({ "name": "x", "password": PASSWORD }))
        }
        (Verb::Put, "/api/v1/lines/{line}/speed") => {
            let path = route.path.replace("{line}", &house.hana.lines[0].to_string());
            (format!("{cookie}{JSON_TYPE}Idempotency-Key: k\r\n"), path, json!({ "high": false }))
        }
        (Verb::Post, "/api/v1/exports") => {
            return house.ask("POST", route.path, &cookie, "").await;
        }
        (verb, path) => panic!("{} {path} declares header fields, and no request here asks it", verb.word()),
    };
    house.ask(route.verb.word(), &path, &headers, &body.to_string()).await
}

#[tokio::test]
async fn acts_are_answered_with_the_header_fields_they_declare() {
    let acts = TABLE.iter().filter(|route| !route.verb.is_safe());
    let mut seen = 0;
    for route in acts {
        let Some(contract) = route.contract.as_ref().filter(|contract| !contract.sends.is_empty()) else {
            continue;
        };
        // A house for each: one act may be refused because of another.
        let house = House::open().await;
        let reply = done(&house, route).await;
        let named = format!("{} {}", route.verb.word(), route.path);
        assert_eq!(reply.status, contract.gives.0, "{named}: {}", reply.text());
        let document = house.ask("GET", "/openapi.json", "", "").await.json();
        let verb = route.verb.word().to_ascii_lowercase();
        let described = &document["paths"][route.path][&verb]["responses"][reply.status.to_string()];
        let schema = &described["content"]["application/json"]["schema"];
        assert_eq!(differs(&document, schema, &reply.json(), "$"), None, "{named}");
        for sent in contract.sends {
            let name = field(*sent);
            assert!(described["headers"].get(name).is_some(), "{named} does not describe {name}");
            assert!(reply.header(&name.to_ascii_lowercase()).is_some(), "{named} does not send {name}");
        }
        assert!(reply.header("x-request-id").is_some(), "{named}");
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}
