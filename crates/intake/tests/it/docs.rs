//! The guide to mapping files tells of everything a mapping can say.

use honnin_intake::Mapping;
use honnin_intake::amount::Unit;
use honnin_intake::fault::Reason;
use honnin_intake::fields::{FieldKind, RowKind};
use honnin_intake::shape::TimeShape;

use crate::reading::project;

#[test]
fn the_guide_names_every_kind_field_word_unit_and_reason() {
    let guide = std::fs::read_to_string(project("docs/mapping.md")).unwrap();
    let told = |word: &str| {
        assert!(guide.contains(&format!("`{word}`")), "docs/mapping.md does not tell of `{word}`");
    };
    for kind in RowKind::ALL {
        told(kind.word());
        for field in kind.fields() {
            told(field.name);
            if let FieldKind::Word(words) = field.kind {
                for word in words {
                    told(word);
                }
            }
        }
    }
    for (word, _) in Unit::WORDS {
        told(word);
    }
    let shapes = section(&guide, "## `[shapes]`");
    for part in TimeShape::parts() {
        assert!(first_cells(shapes).contains(&format!("`{part}`")), "no row tells of the part {part}");
    }
    let tables = [
        ("## The head", ""),
        ("## `[rows]`", "[rows]\n"),
        ("## `[shapes]`", "[shapes]\n"),
        ("## `[[file]]`", "[[file]]\n"),
        ("## `[file.fields]`", "[[file]]\n[file.fields.at]\n"),
    ];
    for (heading, table) in tables {
        let rows = first_cells(section(&guide, heading));
        for key in keys(table) {
            // A key of the head that is a table has a part of the page of its own.
            let is_table = ["`[{}]`", "`[[{}]]`"]
                .iter()
                .any(|form| guide.contains(&format!("## {}", form.replace("{}", &key))));
            let told = rows.contains(&format!("`{key}`")) || heading == "## The head" && is_table;
            assert!(told, "{heading} of docs/mapping.md has no row for `{key}`");
        }
    }
    for reason in Reason::ALL {
        let row = format!("| `{}` | {} |", reason.code(), reason.help());
        assert!(guide.contains(&row), "docs/mapping.md lacks the row\n{row}");
    }
}

/// The part of the page under that heading.
fn section<'a>(guide: &'a str, heading: &str) -> &'a str {
    let (_, rest) = guide.split_once(&format!("\n{heading}")).unwrap_or_default();
    assert!(!rest.is_empty(), "docs/mapping.md has no part {heading}");
    rest.split_once("\n## ").map_or(rest, |(part, _)| part)
}

/// The first cell of every row of its tables.
fn first_cells(part: &str) -> String {
    part.lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The keys of a table, as a mapping with one that is unknown is told them.
fn keys(table: &str) -> Vec<String> {
    let refused = Mapping::parse(&format!("{table}nobody_knows_this = 1\n"), "a mapping".as_ref());
    let told = refused.err().map(|reason| reason.to_string()).unwrap_or_default();
    let (_, list) = told.split_once("expected one of ").unwrap_or_default();
    let keys: Vec<String> = list.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(keys.len() > 6, "{table}: {told}");
    keys
}
