//! JSON Schema (2020-12, as in OpenAPI 3.1) of what bodies are made of.

use std::borrow::Cow;

use honnin_terms::{
    BillId, BillState, BucketKind, Day, EntryRef, ExportId, HoldingId, LineStatus, Month, NoticeId,
    PurchaseId, Said, SessionId, SpeedReason, SpeedState,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{AsText, At, Word};

/// Makes the schema of a body, or a reference to it.
pub(in crate::route) type Make = fn(&mut SchemaGenerator) -> Schema;

/// The schema of that type.
pub(in crate::route) const fn make<T: JsonSchema>() -> Make {
    SchemaGenerator::subschema_for::<T>
}

/// Longest text there is: a cell of a ledger has a bound, and nothing is longer than some of them together.
const LONGEST_TEXT: u64 = 65_536;

/// Most items of a list where its own bound is not said.
const MOST_ITEMS: u64 = 100_000;

/// The largest whole number that every reader of JSON keeps exactly (RFC 8259 §6).
const LARGEST: u64 = (1 << 53) - 1;

/// A type with one text for each of its values.
trait Written {
    fn schema() -> Schema;
}

macro_rules! written {
    ($($name:ty),+ = $schema:tt) => {
        $(impl Written for $name {
            fn schema() -> Schema {
                json_schema!($schema)
            }
        })+
    };
}

written!(HoldingId, BillId, PurchaseId, NoticeId, SessionId, ExportId = {
    "type": "string",
    "pattern": "^[0-9a-f]{32}$",
    "minLength": 32,
    "maxLength": 32,
    "examples": ["6b1f0c5a9d3e4f7081a2b3c4d5e6f708"]
});
written!(EntryRef = {
    "type": "string",
    "pattern": "^[0-9a-f]{32}-(0|[1-9][0-9]*)$",
    "minLength": 34,
    "maxLength": 53,
    "examples": ["6b1f0c5a9d3e4f7081a2b3c4d5e6f708-42"]
});
written!(Day = { "type": "string", "format": "date", "maxLength": 10, "examples": ["2026-11-30"] });
written!(Month = {
    "type": "string",
    "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$",
    "minLength": 7,
    "maxLength": 7,
    "examples": ["2026-11"]
});

impl<T: Written> JsonSchema for AsText<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        T::schema()
    }
}

/// An id in a path or a query.
pub(in crate::route) type IdText = AsText<HoldingId>;
/// A month in a query.
pub(in crate::route) type MonthText = AsText<Month>;
/// An entry of the journal in a query.
pub(in crate::route) type EntryText = AsText<EntryRef>;

impl JsonSchema for At<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "At".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date-time",
            "maxLength": 40,
            "examples": ["2026-11-20T06:00:00+09:00"]
        })
    }
}

/// A type whose values are words.
pub(super) trait Words: Copy {
    fn words() -> Vec<&'static str>;
    fn word(self) -> &'static str;
}

macro_rules! words {
    ($($name:ty),+) => {
        $(impl Words for $name {
            fn words() -> Vec<&'static str> {
                Self::ALL.iter().map(|value| value.word()).collect()
            }

            fn word(self) -> &'static str {
                self.word()
            }
        })+
    };
}

impl Words for Said {
    fn words() -> Vec<&'static str> {
        vec!["ledger", "intake"]
    }

    fn word(self) -> &'static str {
        self.by()
    }
}

words!(BillState, BucketKind, LineStatus, SpeedReason, SpeedState);

impl<T: Words> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl<T: Words> JsonSchema for Word<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Word".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words = T::words();
        json_schema!({ "type": "string", "maxLength": 64, "x-extensible-enum": words })
    }
}

/// Gives every text, number and list of a schema the bounds it does not state itself, and every whole number a format
/// that readers of each language take: `int64`.
pub(in crate::route) fn bound(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(bound),
        Value::Object(object) => {
            bound_one(object);
            object.values_mut().for_each(bound);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn bound_one(schema: &mut Map<String, Value>) {
    let is = |name: &str| match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    };
    let (text, number, list) = (is("string"), is("integer"), is("array"));
    if text && !schema.contains_key("enum") && schema.get("format") != Some(&json!("binary")) {
        schema.entry("maxLength").or_insert_with(|| LONGEST_TEXT.into());
    }
    if number {
        let signed = schema.get("format") == Some(&json!("int64"));
        schema.insert("format".to_owned(), "int64".into());
        if signed {
            schema.entry("minimum").or_insert_with(|| json!(-i64::try_from(LARGEST).unwrap_or(i64::MAX)));
        }
        schema.entry("minimum").or_insert_with(|| 0.into());
        schema.entry("maximum").or_insert_with(|| LARGEST.into());
    }
    if list {
        schema.entry("maxItems").or_insert_with(|| MOST_ITEMS.into());
    }
    if let Some(words) = schema.get("x-extensible-enum").and_then(Value::as_array) {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        let told = format!("One of: {}. More words may come.", words.join(", "));
        let before = schema.get("description").and_then(Value::as_str).map(|text| format!("{text} "));
        schema.insert("description".to_owned(), (before.unwrap_or_default() + &told).into());
    }
}

/// The schema without what only stands at the top of a document of its own.
pub(in crate::route) fn without_schema(schema: Schema) -> Value {
    let mut value = schema.to_value();
    if let Some(object) = value.as_object_mut() {
        object.remove("$schema");
        object.remove("title");
    }
    value
}

/// A value of a schema, for somebody to look at; `named` are the schemas it may refer to.
pub(in crate::route) fn example(schema: &Value, named: &Map<String, Value>) -> Value {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return named.get(name).map_or(Value::Null, |schema| example(schema, named));
    }
    if let Some(first) = schema.pointer("/examples/0").or_else(|| schema.pointer("/x-extensible-enum/0")) {
        return first.clone();
    }
    if let Some(first) = schema.pointer("/anyOf/0") {
        return example(first, named);
    }
    let kind = schema.get("type").and_then(|kind| kind.as_str().or_else(|| kind.get(0)?.as_str()));
    match kind {
        Some("object") => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let shown = properties.into_iter().flatten();
            Value::Object(shown.map(|(name, schema)| (name.clone(), example(schema, named))).collect())
        }
        Some("array") => {
            schema.get("items").map_or_else(|| json!([]), |items| json!([example(items, named)]))
        }
        Some("boolean") => json!(true),
        Some("integer") => json!(1),
        Some("string") => json!("…"),
        _ => Value::Null,
    }
}
