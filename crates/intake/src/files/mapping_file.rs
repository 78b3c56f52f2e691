//! The mapping file as it is written: TOML, every key known. `docs/mapping.md` explains each.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MappingFile {
    pub(crate) operator: String,
    pub(crate) source: String,
    pub(crate) zone: String,
    pub(crate) country_code: String,
    pub(crate) number_digits: Vec<usize>,
    #[serde(default = "default_skew")]
    pub(crate) boundary_skew_seconds: u32,
    #[serde(default = "default_ahead")]
    pub(crate) ahead_seconds: u32,
    #[serde(default = "default_snapshot")]
    pub(crate) snapshot_seconds: u32,
    pub(crate) number_form: Option<String>,
    pub(crate) corrections: Option<String>,
    #[serde(default = "yes")]
    pub(crate) items_add_up: bool,
    #[serde(default)]
    pub(crate) ignore_files: Vec<String>,
    #[serde(default)]
    pub(crate) rows: RowsTable,
    #[serde(default)]
    pub(crate) shapes: ShapeTable,
    #[serde(default)]
    pub(crate) file: Vec<FileTable>,
}

fn default_skew() -> u32 {
    120
}

fn default_ahead() -> u32 {
    300
}

fn default_snapshot() -> u32 {
    60
}

fn yes() -> bool {
    true
}

/// How rows are written, for all files (`[rows]`) or for one (`[file.rows]`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowsTable {
    pub(crate) encoding: Option<String>,
    pub(crate) delimiter: Option<String>,
    pub(crate) quote: Option<String>,
    pub(crate) multiline: Option<bool>,
    pub(crate) max_row_octets: Option<usize>,
    pub(crate) skip_lines: Option<u32>,
    pub(crate) finished: Option<String>,
}

/// How cells are written where a field does not say otherwise (`[shapes]`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShapeTable {
    pub(crate) day: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) month: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) decimal: Option<String>,
    pub(crate) negative: Option<String>,
}

/// What one kind of file means (`[[file]]`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileTable {
    pub(crate) name: String,
    pub(crate) row: String,
    #[serde(default)]
    pub(crate) rows: RowsTable,
    pub(crate) headings: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) optional: bool,
    pub(crate) companion: Option<String>,
    pub(crate) moment: Option<String>,
    #[serde(default)]
    pub(crate) grouped: bool,
    #[serde(default)]
    pub(crate) strict: bool,
    #[serde(default)]
    pub(crate) ignore: Vec<String>,
    pub(crate) tenant: Option<TenantTable>,
    pub(crate) fields: BTreeMap<String, FieldEntry>,
}

/// How a file says of each row whose subscribers it is about (`tenant`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantTable {
    pub(crate) heading: String,
    pub(crate) is: Vec<String>,
}

/// Where a field comes from and how it is written: a table, or a heading alone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldTable {
    pub(crate) heading: Option<String>,
    pub(crate) fixed: Option<String>,
    pub(crate) shape: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) decimal: Option<String>,
    pub(crate) negative: Option<String>,
    pub(crate) suffix: Option<String>,
    pub(crate) implied_decimals: Option<u32>,
    #[serde(default)]
    pub(crate) values: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) replace: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) blank: Vec<String>,
    #[serde(default)]
    pub(crate) never: Vec<String>,
    pub(crate) form: Option<String>,
    pub(crate) months_before: Option<u8>,
    pub(crate) trim: Option<bool>,
}

/// A field as it stands in the file.
#[derive(Debug, Clone)]
pub(crate) struct FieldEntry(pub(crate) FieldTable);

impl<'de> Deserialize<'de> for FieldEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

// Written by hand because a derived choice between text and table answers every mistake with "no variant matched".
struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = FieldEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a heading, or a table such as { heading = \"…\", shape = \"…\" }")
    }

    fn visit_str<E>(self, heading: &str) -> Result<FieldEntry, E> {
        Ok(FieldEntry(FieldTable { heading: Some(heading.to_owned()), ..FieldTable::default() }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FieldEntry, A::Error> {
        FieldTable::deserialize(MapAccessDeserializer::new(map)).map(FieldEntry)
    }
}
