//! Fields of queries and forms, and bodies of the API.

use std::borrow::Cow;
use std::fmt;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, REFERER};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};

use super::answer::{Field, Refusal};
use super::app::Ask;
use super::code::Code;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Longest idempotency key that is taken.
const LONGEST_KEY: usize = 255;

/// The first field of that name in an `application/x-www-form-urlencoded` text.
fn field<'a>(encoded: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(encoded).find_map(|(key, value)| (key == name).then_some(value))
}

/// Says which member of a body is wrong, by the schema of what is wanted.
fn wrong_member<T: JsonSchema>(body: &[u8]) -> Refusal {
    let whole = Refusal::field(Field::Body, "a JSON object with exactly the members of the reference");
    let Ok(serde_json::Value::Object(sent)) = serde_json::from_slice(body) else { return whole };
    let schema = SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    let Some(members) = schema.get("properties").and_then(serde_json::Value::as_object) else { return whole };
    let required = schema.get("required").and_then(serde_json::Value::as_array);
    let wrong = members.iter().find(|(name, schema)| match sent.get(*name) {
        None => required.is_some_and(|names| names.iter().any(|other| other == *name)),
        Some(value) => !has_type(schema, value) || is_too_long(schema, value),
    });
    // The names are those of our own types, of which there are a few.
    let name = wrong.and_then(|(name, _)| MEMBERS.iter().find(|member| *member == name));
    name.map_or(whole, |name| Refusal::field(Field::Member(name), "a value as the reference describes it"))
}

/// Every member of a body we take.
const MEMBERS: [&str; 12] = [
    "login",
    "password",
    "ticket",
    "code",
    "high",
    "name",
    "days",
    "id",
    "user_handle",
    "client_data",
    "authenticator_data",
    "signature",
];

fn has_type(schema: &serde_json::Value, value: &serde_json::Value) -> bool {
    let kind = match value {
        serde_json::Value::Bool(_) => "boolean",
        serde_json::Value::String(_) => "string",
        serde_json::Value::Number(_) => "integer",
        serde_json::Value::Null => "null",
        serde_json::Value::Array(_) => "array",
        serde_json::Value::Object(_) => "object",
    };
    match schema.get("type") {
        Some(serde_json::Value::Array(several)) => several.iter().any(|one| one == kind),
        Some(one) => one == kind,
        None => true,
    }
}

fn is_too_long(schema: &serde_json::Value, value: &serde_json::Value) -> bool {
    let most = schema
        .get("maxLength")
        .and_then(serde_json::Value::as_u64)
        .and_then(|most| usize::try_from(most).ok());
    most.zip(value.as_str()).is_some_and(|(most, text)| text.chars().count() > most)
}

/// A text of a body, of so many characters at most: what the reference says and what is taken are one number.
pub(super) struct Text<'a, const MOST: usize>(Cow<'a, str>);

impl<const MOST: usize> std::ops::Deref for Text<'_, MOST> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MOST: usize> Default for Text<'_, MOST> {
    fn default() -> Self {
        Self(Cow::Borrowed(""))
    }
}

impl<'de: 'a, 'a, const MOST: usize> Deserialize<'de> for Text<'a, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader<const MOST: usize>;
        impl<'de, const MOST: usize> Visitor<'de> for Reader<MOST> {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a text of at most {MOST} characters")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text))
            }
        }
        let text = from.deserialize_str(Reader::<MOST>)?;
        if text.chars().count() > MOST {
            return Err(D::Error::custom("longer than is taken"));
        }
        Ok(Self(text))
    }
}

impl<const MOST: usize> JsonSchema for Text<'_, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Text{MOST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": MOST })
    }
}

impl Ask {
    /// A field of the query.
    pub(super) fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        field(self.parts.uri.query()?.as_bytes(), name)
    }

    /// A field of the query, read; `None` where it is not there.
    ///
    /// # Errors
    /// [`Code::Invalid`] where it cannot be read.
    pub(super) fn query_as<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>, Refusal> {
        let wrong = "a value as the reference describes it";
        let read = |text: Cow<'_, str>| text.parse().map_err(|_| Refusal::field(Field::Query(name), wrong));
        self.query(name).map(read).transpose()
    }

    /// A field of the form.
    pub(super) fn form(&self, name: &str) -> Option<Cow<'_, str>> {
        field(&self.body, name)
    }

    /// Path and query of the page an act came from, as browsers say it.
    pub(super) fn came_from(&self) -> Option<Cow<'_, str>> {
        let from = self.parts.headers.get(REFERER)?.to_str().ok()?.parse::<http::Uri>().ok()?;
        Some(from.path_and_query()?.as_str().to_owned().into())
    }

    /// What the path's parameter names. A text that is no id names nothing, like an id nobody has.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub(super) fn id<T: honnin_terms::Id>(&self) -> Result<T, Refusal> {
        self.parameter().parse().map_err(|_| Code::NotFound.into())
    }

    /// The idempotency key, where the request has one.
    ///
    /// # Errors
    /// [`Code::Invalid`] for one that is empty, too long, or has spaces or tabs in it.
    pub(super) fn idempotency_key(&self) -> Result<Option<&str>, Refusal> {
        let Some(key) = self.parts.headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
        let fits = |key: &&str| {
            (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|octet| octet.is_ascii_graphic())
        };
        let key = key.to_str().ok().filter(fits);
        let wrong = || Refusal::field(Field::Header("Idempotency-Key"), "1 to 255 visible ASCII characters");
        key.ok_or_else(wrong).map(Some)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`Code::MediaType`] where it does not say it is JSON, [`Code::Invalid`] where it is not what is wanted.
    pub(super) fn json<'a, T: Deserialize<'a> + JsonSchema>(&'a self) -> Result<T, Refusal> {
        let told =
            self.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media = told.split(';').next().unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/json") {
            return Err(Code::MediaType.into());
        }
        // The reason of the parser may repeat what was sent, a password among it: it is not told.
        serde_json::from_slice(&self.body).map_err(|_| wrong_member::<T>(&self.body))
    }

    /// Whether the client asks for JSON, not for a page.
    pub(super) fn wants_json(&self) -> bool {
        let accept = self.parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        accept.is_some_and(|accept| accept.trim_start().starts_with("application/json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_the_first_of_its_name() {
        for (encoded, value) in [
            ("month=2026-11", Some("2026-11")),
            ("a=b&month=2026-10&month=2026-11", Some("2026-10")),
            ("month=%E6%9C%88+x", Some("月 x")),
            ("month", Some("")),
            ("months=1", None),
            ("", None),
        ] {
            assert_eq!(field(encoded.as_bytes(), "month").as_deref(), value, "{encoded}");
        }
    }
}
