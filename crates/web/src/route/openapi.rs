//! `openapi.json` (OpenAPI 3.1), made from the route table.

use bytes::Bytes;
use honnin_care::What;
use serde_json::{Map, Value, json};

use super::shape::Shape;
use super::table::{Contract, Handler, Route};

/// Where ids come from: the path that lists them, the parameter they are good for, and where in the list they stand.
const LISTS: [(&str, &str, &str); 3] = [
    ("/api/v1/me", "line", "$response.body#/lines/0/line"),
    ("/api/v1/bills", "bill", "$response.body#/bills/0/bill"),
    ("/api/v1/exports", "export", "$response.body#/export"),
];

/// The description of every route programs may use, where the session's cookie has that name.
pub(super) fn document(table: &[Route], cookie: &str) -> Bytes {
    let mut paths = Map::new();
    for route in table {
        if let Some(contract) = &route.contract {
            let path = paths.entry(route.path).or_insert_with(|| json!({}));
            if let Some(path) = path.as_object_mut() {
                path.insert(route.verb.word().to_ascii_lowercase(), operation(table, route, contract));
            }
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Honnin",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A subscriber's own lines, figures and acts. Octets and yen are whole numbers, 1 KB of a \
                            ledger is 1,000 octets, times carry the tenant's offset. Who asks is said by the session \
                            alone: no URL names a subscriber. What is not yours answers as what is not there.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "cookie": { "type": "apiKey", "in": "cookie", "name": cookie },
            },
            "schemas": { "Problem": problem() },
            "responses": {
                "Problem": {
                    "description": "Refused; `code` says why",
                    "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
                },
            },
        },
    });
    // Texts and numbers always serialise.
    serde_json::to_vec(&document).unwrap_or_default().into()
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "code": { "type": "string" },
            "detail": { "type": "string" },
            "request": Shape::Id.schema(),
        },
    })
}

/// What can be asked with the ids that a route lists.
fn links(table: &[Route], route: &Route) -> Map<String, Value> {
    let mut links = Map::new();
    for (_, name, place) in LISTS.iter().filter(|(list, ..)| *list == route.path) {
        let takes = |other: &&Route| other.contract.is_some() && parameter(other.path) == Some(*name);
        for other in table.iter().filter(takes) {
            let identifier = identifier(other);
            let parameters = json!({ *name: place });
            links.insert(identifier.clone(), json!({ "operationId": identifier, "parameters": parameters }));
        }
    }
    links
}

fn operation(table: &[Route], route: &Route, contract: &Contract) -> Value {
    let mut parameters = Vec::new();
    if let Some(name) = parameter(route.path) {
        parameters
            .push(json!({ "name": name, "in": "path", "required": true, "schema": Shape::Id.schema() }));
    }
    for (name, shape, meaning) in contract.query {
        parameters
            .push(json!({ "name": name, "in": "query", "description": meaning, "schema": shape.schema() }));
    }
    if contract.idempotent {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
        parameters
            .push(json!({ "name": "Idempotency-Key", "in": "header", "required": true, "schema": schema }));
    }
    let (status, gives) = contract.gives;
    let mut done = json!({ "description": "Done" });
    if let (Some(shape), Some(done)) = (gives, done.as_object_mut()) {
        done.insert("content".to_owned(), json!({ shape.media_type(): { "schema": shape.schema() } }));
    }
    let links = links(table, route);
    if let (false, Some(done)) = (links.is_empty(), done.as_object_mut()) {
        done.insert("links".to_owned(), links.into());
    }
    let mut responses = Map::new();
    responses.insert(status.to_string(), done);
    responses.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Problem" }));
    let mut operation = json!({
        "operationId": identifier(route),
        "summary": route.summary,
        "parameters": parameters,
        "responses": responses,
        "security": security(route.handler),
        "x-kept-by": route.cache.word(),
        "x-load": route.load.word(),
        "x-journal": route.discloses.map(What::word),
    });
    if let (Some(shape), Some(operation)) = (contract.takes, operation.as_object_mut()) {
        let content = json!({ "application/json": { "schema": shape.schema() } });
        operation.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
    }
    operation
}

fn security(handler: Handler) -> Value {
    match handler {
        Handler::Plain(_) | Handler::Public(_) | Handler::Either(_) => json!([]),
        Handler::SignedIn(_) => json!([{ "token": [] }, { "cookie": [] }]),
    }
}

/// The name of the path's parameter.
pub(super) fn parameter(path: &'static str) -> Option<&'static str> {
    path.split_once('{')?.1.split_once('}').map(|(name, _)| name)
}

/// `get_lines_line_home`: the verb and the words of the path.
fn identifier(route: &Route) -> String {
    let words = route
        .path
        .trim_start_matches("/api/v1")
        .split(['/', '{', '}', '.', '-'])
        .filter(|word| !word.is_empty());
    words.fold(route.verb.word().to_ascii_lowercase(), |name, word| name + "_" + word)
}
