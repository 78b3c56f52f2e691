//! The shapes of what the API takes and gives, as the route table states them (JSON Schema 2020-12 in OpenAPI 3.1).

use serde_json::{Value, json};

/// The shape of a JSON value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Any text.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number of at least zero: octets, yen, counts.
    Count,
    /// A whole number between these, both included.
    Between(u64, u64),
    /// A whole number of yen, below zero where it is given back.
    Yen,
    /// An opaque id: 32 lower-case hexadecimal digits.
    Id,
    /// An entry of the journal: its log, a hyphen and its index there.
    Entry,
    /// `YYYY-MM-DD` in the tenant's zone.
    Day,
    /// `YYYY-MM`.
    Month,
    /// RFC 3339 with the tenant's offset.
    Time,
    /// One of these words.
    Word(&'static [&'static str]),
    /// That shape, or null where it is not known or does not apply.
    Maybe(&'static Shape),
    /// A list.
    List(&'static Shape),
    /// A file of that media type.
    File(&'static str),
    /// An object with exactly these members.
    Object(&'static [(&'static str, Shape)]),
}

impl Shape {
    /// The media type a value of this shape is sent as.
    pub(super) const fn media_type(&self) -> &'static str {
        match self {
            Self::File(media_type) => media_type,
            Self::Text
            | Self::Bool
            | Self::Count
            | Self::Between(..)
            | Self::Yen
            | Self::Id
            | Self::Entry
            | Self::Day
            | Self::Month
            | Self::Time
            | Self::Word(_)
            | Self::Maybe(_)
            | Self::List(_)
            | Self::Object(_) => super::answer::JSON,
        }
    }

    /// The shape as JSON Schema.
    pub(super) fn schema(&self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            // A file that is JSON itself is described as what it is.
            Self::File(media_type) if media_type.starts_with("application/json") => {
                json!({ "type": "object" })
            }
            Self::File(_) => json!({ "type": "string", "format": "binary" }),
            Self::Bool => json!({ "type": "boolean" }),
            Self::Count => json!({ "type": "integer", "minimum": 0 }),
            Self::Between(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Self::Yen => json!({ "type": "integer" }),
            Self::Id => json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" }),
            Self::Entry => json!({ "type": "string", "pattern": "^[0-9a-f]{32}-(0|[1-9][0-9]*)$" }),
            Self::Day => json!({ "type": "string", "format": "date" }),
            Self::Month => json!({ "type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$" }),
            Self::Time => json!({ "type": "string", "format": "date-time" }),
            Self::Word(words) => json!({ "type": "string", "enum": words }),
            Self::Maybe(inner) => json!({ "anyOf": [inner.schema(), { "type": "null" }] }),
            Self::List(inner) => json!({ "type": "array", "items": inner.schema() }),
            Self::Object(members) => {
                let names: Vec<_> = members.iter().map(|(name, _)| name).collect();
                let properties: serde_json::Map<String, Value> =
                    members.iter().map(|(name, shape)| ((*name).to_owned(), shape.schema())).collect();
                json!({ "type": "object", "required": names, "additionalProperties": false, "properties": properties })
            }
        }
    }

    /// Where and how a value differs from the shape; for tests that hold real answers against the table.
    #[cfg(test)]
    pub(crate) fn differs(&self, value: &Value, at: &str) -> Option<String> {
        let text = |fits: &dyn Fn(&str) -> bool| value.as_str().is_some_and(fits);
        let fits = match self {
            Self::Text | Self::File(_) => value.is_string(),
            Self::Bool => value.is_boolean(),
            Self::Count => value.is_u64(),
            Self::Between(least, most) => {
                value.as_u64().is_some_and(|value| (*least..=*most).contains(&value))
            }
            Self::Yen => value.is_i64(),
            Self::Id => text(&|text| text.parse::<honnin_terms::HoldingId>().is_ok()),
            Self::Entry => text(&|text| text.parse::<honnin_terms::EntryRef>().is_ok()),
            Self::Day => text(&|text| text.parse::<honnin_terms::Day>().is_ok()),
            Self::Month => text(&|text| text.parse::<honnin_terms::Month>().is_ok()),
            Self::Time => text(&|text| text.parse::<honnin_terms::Moment>().is_ok() && !text.ends_with('Z')),
            Self::Word(words) => text(&|text| words.contains(&text)),
            Self::Maybe(_) if value.is_null() => true,
            Self::Maybe(inner) => return inner.differs(value, at),
            Self::List(inner) => match value.as_array() {
                Some(items) => {
                    return items
                        .iter()
                        .enumerate()
                        .find_map(|(n, item)| inner.differs(item, &format!("{at}[{n}]")));
                }
                None => false,
            },
            Self::Object(members) => match value.as_object() {
                Some(object) => {
                    let foreign = object.keys().find(|key| members.iter().all(|(name, _)| name != key));
                    return foreign.map(|key| format!("{at}.{key} is not in the table")).or_else(|| {
                        members.iter().find_map(|(name, shape)| match object.get(*name) {
                            Some(value) => shape.differs(value, &format!("{at}.{name}")),
                            None => Some(format!("{at}.{name} is missing")),
                        })
                    });
                }
                None => false,
            },
        };
        (!fits).then(|| format!("{at} is {value}, expected {self:?}"))
    }
}
