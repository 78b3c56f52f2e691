//! `openapi.json` (OpenAPI 3.1), made from the route table and from the bodies themselves.

use bytes::Bytes;
use honnin_care::What;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::answer::Problem;
use super::code::Code;
use super::json::{IdText, Make, bound, example, make, without_schema};
use super::table::{Contract, Gives, Handler, Load, Needed, Route, Sends};

/// Where ids come from: the path that lists them, the parameter they are good for, and where in the list they stand.
const LISTS: [(&str, &str, &str); 6] = [
    ("/api/v1/me", "line", "$response.body#/lines/0/line"),
    ("/api/v1/bills", "bill", "$response.body#/bills/0/bill"),
    ("/api/v1/exports", "export", "$response.body#/export"),
    ("/api/v1/sessions", "session", "$response.body#/sessions/0/session"),
    ("/api/v1/tokens", "id", "$response.body#/tokens/0/id"),
    ("/api/v1/notices", "notice", "$response.body#/notices/0/notice"),
];

/// What the routes are about: the word after `/api/v1/`, the tag, and what stands under it.
const TAGS: [(&str, &str, &str); 9] = [
    ("sessions", "Sessions", "Signing in and out, and where else one is signed in."),
    ("tokens", "Tokens", "Tokens of programs: what may be done by one is less than what she may do herself."),
    ("me", "Account", "Who is signed in, and her lines."),
    ("lines", "Lines", "Figures and acts of one line."),
    ("bills", "Bills", "Bills, as figures and as documents to keep."),
    ("exports", "Exports", "Everything that is held of the account, as one file."),
    ("notices", "Notices", "What the operator tells everybody."),
    ("disclosures", "Disclosures", "Who was shown what."),
    ("", "Service", "Whether the service lives, and this description."),
];

const ABOUT: &str = "A subscriber's own lines, figures and acts. Octets and yen are whole numbers, 1 KB of a ledger \
    is 1,000 octets, times carry the operator's offset. Who asks is said by the session alone: no URL names a \
    subscriber. What is not hers answers as what is not there. What is not known is `null`, never zero.\n\n\
    Answers may grow: a reader takes no notice of members it does not know. Lists of words may grow: a word it does \
    not know it shows as it is or takes for \"something else\". Codes of refusals may grow: their status says what \
    kind they are. Requests are read strictly: a member that is not described is refused.\n\n\
    A list takes `cursor` and `limit` and answers `next`, and with it a `Link` header; `next` is null on the last \
    page. Every answer carries `X-Request-Id`, by which the operator finds it in the logs.";

/// Schemas as they are made: of what is sent, and of what is taken.
struct Schemas {
    sent: SchemaGenerator,
    taken: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12()
                .with(|settings| settings.definitions_path = "/components/schemas".into())
        };
        Self {
            sent: settings().for_serialize().into_generator(),
            taken: settings().for_deserialize().into_generator(),
        }
    }

    fn sent(&mut self, make: Make) -> Value {
        bounded(without_schema(make(&mut self.sent)))
    }

    fn taken(&mut self, make: Make) -> Value {
        bounded(without_schema(make(&mut self.taken)))
    }

    /// The schemas that have names.
    fn named(&mut self) -> Map<String, Value> {
        let mut named = self.taken.take_definitions(true);
        named.append(&mut self.sent.take_definitions(true));
        named.values_mut().for_each(bound);
        named
    }
}

fn bounded(mut schema: Value) -> Value {
    bound(&mut schema);
    schema
}

/// The description of every route programs may use, where the session's cookie has that name, for who finds it there.
pub(super) fn document(table: &[Route], cookie: &str, server: Option<&str>) -> Bytes {
    let mut schemas = Schemas::new();
    let mut refusals = Map::new();
    let mut paths = Map::new();
    for route in table {
        if let Some(contract) = &route.contract {
            let operation = operation(table, route, contract, &mut schemas, &mut refusals);
            let path = paths.entry(route.path).or_insert_with(|| json!({}));
            if let Some(path) = path.as_object_mut() {
                path.insert(route.verb.word().to_ascii_lowercase(), operation);
            }
        }
    }
    schemas.sent(make::<Problem<'_>>());
    let named = schemas.named();
    paths.values_mut().for_each(|path| put_examples(path, &named));
    let tags: Vec<Value> =
        TAGS.iter().map(|(_, name, about)| json!({ "name": name, "description": about })).collect();
    let name = "The operator of this installation";
    let contact = server.map_or_else(
        || json!({ "name": name }),
        |server| json!({ "name": name, "url": format!("{server}/help") }),
    );
    let server = server.unwrap_or("/");
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Honnin",
            "summary": "A subscriber's own lines, figures and acts",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "contact": contact,
        },
        "servers": [{ "url": server, "description": "Production: this installation", "x-internal": false }],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `POST /api/v1/tokens`, or that of `POST /api/v1/sessions`: an opaque text (RFC 6750).",
                },
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": cookie,
                    "description": "The same token as browsers keep it. Acts by it are taken from our own pages only.",
                },
            },
            "schemas": named,
            "responses": refusals,
            "headers": headers(),
        },
    });
    // Texts and numbers always serialise.
    serde_json::to_vec(&document).unwrap_or_default().into()
}

fn headers() -> Value {
    let text = |description: &str, longest: u32, example: &str| {
        json!({
            "description": description,
            "schema": { "type": "string", "maxLength": longest },
            "example": example,
        })
    };
    let seconds = json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": 86_400 });
    json!({
        "X-Request-Id": {
            "description": "The request's name in the operator's logs.",
            "required": true,
            "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$", "minLength": 32, "maxLength": 32 },
            "example": "6b1f0c5a9d3e4f7081a2b3c4d5e6f708",
        },
        "Retry-After": { "description": "Seconds after which to try or look again.", "schema": seconds, "example": 5 },
        "WWW-Authenticate": text("The scheme a token is sent by (RFC 6750).", 64, "Bearer"),
        "Link": text("The next page (RFC 8288); not there on the last.", 1024,
            "</api/v1/me?cursor=6b1f0c5a9d3e4f7081a2b3c4d5e6f708&limit=100>; rel=\"next\""),
        "Location": text("Where it is found from now on.", 256, "/api/v1/exports/6b1f0c5a9d3e4f7081a2b3c4d5e6f708"),
        "Content-Disposition": text("The name to keep the file under.", 256, "attachment; filename=\"bill-2026-11.pdf\""),
        "Set-Cookie": text("The session's cookie, for browsers.", 4096, "session=…; Path=/; HttpOnly; SameSite=Lax"),
        "ETag": text("What the body is known by; send it back as `If-None-Match`.", 64, "W/\"1f40-9c3a52b1d07e6f84\""),
        "RateLimit": text("What is left of the limit, where the operation has one (draft-ietf-httpapi-ratelimit-headers).", 256,
            "\"acts\";r=0;t=60"),
        "Access-Control-Allow-Origin": text("The origin of the page that asks, where the operator allows it (`listen.allowed_origins`).",
            256, "https://app.example.jp"),
    })
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// Header fields that every answer may have, and those.
fn with_headers(names: &[&str]) -> Map<String, Value> {
    let always = ["X-Request-Id", "RateLimit", "Access-Control-Allow-Origin"];
    always.iter().chain(names).map(|name| ((*name).to_owned(), header(name))).collect()
}

/// What a route may refuse: what follows from the row, and what it says itself.
pub(super) fn codes(route: &Route, contract: &Contract) -> Vec<Code> {
    // A word about the process, answered without a look at anything.
    if matches!(route.path, "/healthz" | "/readyz") {
        return Vec::new();
    }
    let mut codes = vec![Code::Untold, Code::Internal, Code::Deadline];
    if matches!(route.handler, Handler::SignedIn(_)) {
        codes.extend([Code::SignInRequired, Code::Stopped, Code::Busy]);
    }
    if matches!(route.handler, Handler::Public(_) | Handler::Either(_)) {
        codes.push(Code::Busy);
    }
    if route.load == Load::SignIn {
        codes.extend([Code::SignInRefused, Code::TooOften, Code::Stopped]);
    }
    if route.offer().is_some() {
        codes.push(Code::Paused);
    }
    if route.is_door() {
        codes.push(Code::Waiting);
    }
    if route.asks_proof {
        codes.push(Code::ProofRequired);
    }
    if !route.verb.is_safe() {
        codes.extend([Code::CrossOrigin, Code::BodyMalformed, Code::BodyTimeout, Code::BodyTooLarge]);
    }
    if contract.takes.is_some() {
        codes.extend([Code::MediaType, Code::Invalid]);
    }
    if !contract.query.is_empty() {
        codes.push(Code::Invalid);
    }
    if contract.parts.is_some() {
        codes.extend([Code::Invalid, Code::NotFound]);
    }
    if parameter(route.path).is_some() {
        codes.push(Code::NotFound);
    }
    match contract.key {
        Some(Needed::Yes) => codes.extend([Code::KeyMissing, Code::Invalid, Code::KeyReused]),
        Some(Needed::No) => codes.extend([Code::Invalid, Code::KeyReused]),
        None => {}
    }
    codes.extend(contract.refuses);
    codes.sort_by_key(|code| (code.status().as_u16(), code.word()));
    codes.dedup();
    codes
}

/// The refusals of a route by status, each described once for all routes that have the same.
fn refused(route: &Route, contract: &Contract, all: &mut Map<String, Value>) -> Vec<(String, Value)> {
    let codes = codes(route, contract);
    let mut by_status = Vec::new();
    for of_status in codes.chunk_by(|one, other| one.status() == other.status()) {
        let Some(status) = of_status.first().map(|code| code.status().as_u16()) else { continue };
        let name: String = of_status.iter().map(|code| camel(code.word())).collect();
        let lines: Vec<String> =
            of_status.iter().map(|code| format!("- `{}`: {}", code.word(), code.title())).collect();
        let examples: Map<String, Value> =
            of_status.iter().map(|code| (code.word().to_owned(), json!({ "value": told(*code) }))).collect();
        let names: &[&str] = match status {
            401 => &["WWW-Authenticate"],
            429 | 503 => &["Retry-After"],
            400 if codes.contains(&Code::Untold) => &["Retry-After"],
            _ => &[],
        };
        let content = json!({
            "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" },
                "examples": examples,
            },
        });
        all.entry(name.clone()).or_insert_with(
            || json!({ "description": lines.join("\n"), "headers": with_headers(names), "content": content }),
        );
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        by_status.push((status.to_string(), reference));
    }
    by_status
}

/// A refusal as it is sent.
fn told(code: Code) -> Value {
    json!({
        "type": format!("urn:honnin:problem:{}", code.word()),
        "title": code.title(),
        "status": code.status().as_u16(),
        "code": code.word(),
    })
}

fn camel(word: &str) -> String {
    let parts = word.split('_').map(|part| {
        let (first, rest) = part.split_at_checked(1).unwrap_or_default();
        first.to_ascii_uppercase() + rest
    });
    parts.collect()
}

/// What can be asked with the ids that a route lists.
fn links(table: &[Route], route: &Route) -> Map<String, Value> {
    let mut links = Map::new();
    let begins = |list: &str| list == route.path && (route.verb.is_safe() || route.path == "/api/v1/exports");
    for (_, name, place) in LISTS.iter().filter(|(list, ..)| begins(list)) {
        let takes = |other: &&Route| other.contract.is_some() && parameter(other.path) == Some(*name);
        for other in table.iter().filter(takes) {
            let identifier = identifier(other);
            let parameters = json!({ *name: place });
            links.insert(identifier.clone(), json!({ "operationId": identifier, "parameters": parameters }));
        }
    }
    links
}

fn parameters(route: &Route, contract: &Contract, schemas: &mut Schemas) -> Vec<Value> {
    let mut parameters = Vec::new();
    if let Some(name) = parameter(route.path) {
        let schema = schemas.taken(make::<IdText>());
        let description = format!("The {name}: an id out of a list of this account.");
        parameters.push(
            json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema }),
        );
    }
    let mut query = |name: &str, schema: Value, description: &str| {
        parameters.push(json!({ "name": name, "in": "query", "description": description, "schema": schema }));
    };
    for (name, make, meaning) in contract.query {
        query(name, schemas.taken(*make), meaning);
    }
    if let Some(cursor) = contract.parts {
        query("cursor", schemas.taken(cursor), "`next` of the page before; the first page where not said.");
        let limit =
            json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": super::paging::MOST });
        query("limit", limit, "At most so many items.");
    }
    if let Some(needed) = contract.key {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
        let description = "A value of the caller's own; the same when the same is sent again.";
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": needed == Needed::Yes, "description": description,
            "schema": schema, "example": "5f0c2a7e-4d61-4a3b-9a36-0f1f4f6a5a11",
        }));
    }
    parameters
}

fn done(table: &[Route], route: &Route, contract: &Contract, schemas: &mut Schemas) -> Value {
    let (_, gives) = contract.gives;
    let names: Vec<&str> = contract.sends.iter().map(|sends| field(*sends)).collect();
    let content = match gives {
        Gives::Nothing => None,
        Gives::Text => {
            let schema = json!({ "type": "string", "maxLength": 256 });
            Some(json!({ "text/plain": { "schema": schema } }))
        }
        Gives::Json(make) => Some(json!({ super::answer::JSON: { "schema": schemas.sent(make) } })),
        // A file that is JSON itself is described as what it is.
        Gives::File(media_type) => {
            let bare = media_type.split(';').next().unwrap_or(media_type);
            let schema = match bare {
                "application/json" => json!({ "type": "object" }),
                _ => json!({ "type": "string", "format": "binary", "maxLength": 16_777_216 }),
            };
            Some(json!({ bare: { "schema": schema } }))
        }
    };
    let mut done = json!({ "description": "Done.", "headers": with_headers(&names) });
    let links = links(table, route);
    if let Some(done) = done.as_object_mut() {
        if let Some(content) = content {
            done.insert("content".to_owned(), content);
        }
        if !links.is_empty() {
            done.insert("links".to_owned(), links.into());
        }
    }
    done
}

pub(super) const fn field(sends: Sends) -> &'static str {
    match sends {
        Sends::Link => "Link",
        Sends::Location => "Location",
        Sends::RetryAfter => "Retry-After",
        Sends::ContentDisposition => "Content-Disposition",
        Sends::SetCookie => "Set-Cookie",
        Sends::ETag => "ETag",
    }
}

fn operation(
    table: &[Route],
    route: &Route,
    contract: &Contract,
    schemas: &mut Schemas,
    refusals: &mut Map<String, Value>,
) -> Value {
    let mut responses = Map::new();
    responses.insert(contract.gives.0.to_string(), done(table, route, contract, schemas));
    if route.path == "/readyz" {
        let text = json!({ "text/plain": { "schema": { "type": "string", "maxLength": 256 } } });
        let closed = json!({ "description": "Not now; the line says why.", "headers": with_headers(&[]), "content": text });
        responses.insert("503".to_owned(), closed);
    }
    responses.extend(refused(route, contract, refusals));
    if !responses.contains_key("400") {
        let mut headers = with_headers(&[]);
        headers.remove("X-Request-Id");
        let about = "Not HTTP: refused before anything was looked at, without a body.";
        responses.insert("400".to_owned(), json!({ "description": about, "headers": headers }));
    }
    let journal = route.discloses.map(|what| format!("The journal calls what is shown `{}`.", what.word()));
    let about: Vec<String> =
        [format!("{}.", route.summary), contract.told.to_owned()].into_iter().chain(journal).collect();
    let about = about.iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(" ");
    let mut operation = json!({
        "operationId": identifier(route),
        "summary": route.summary,
        "description": about,
        "tags": [tag(route.path)],
        "parameters": parameters(route, contract, schemas),
        "responses": responses,
        "security": security(route.handler),
        "x-kept-by": route.cache.word(),
        "x-load": route.load.word(),
        "x-journal": route.discloses.map(What::word),
    });
    if let (Some(make), Some(operation)) = (contract.takes, operation.as_object_mut()) {
        let content = json!({ "application/json": { "schema": schemas.taken(make) } });
        operation.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
    }
    operation
}

/// Puts an example beside each schema of a body.
fn put_examples(value: &mut Value, named: &Map<String, Value>) {
    if let Some(content) = value.get_mut("content").and_then(Value::as_object_mut) {
        for media in content.values_mut().filter_map(Value::as_object_mut) {
            let shown = media.get("schema").filter(|schema| schema.get("format") != Some(&json!("binary")));
            if let (Some(shown), false) =
                (shown.map(|schema| example(schema, named)), media.contains_key("examples"))
            {
                media.insert("example".to_owned(), shown);
            }
        }
    }
    match value {
        Value::Object(object) => object.values_mut().for_each(|value| put_examples(value, named)),
        Value::Array(list) => list.iter_mut().for_each(|value| put_examples(value, named)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn security(handler: Handler) -> Value {
    match handler {
        Handler::Plain(_) | Handler::Public(_) | Handler::Either(_) => json!([{}]),
        Handler::SignedIn(_) => json!([{ "token": [] }, { "cookie": [] }]),
    }
}

fn tag(path: &str) -> &'static str {
    let word = path.strip_prefix("/api/v1/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    TAGS.iter().find(|(of, ..)| *of == word).map_or("Service", |(_, tag, _)| tag)
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
