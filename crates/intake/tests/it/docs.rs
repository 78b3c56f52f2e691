//! The guide to mapping files tells of everything a mapping can say.

use honnin_intake::amount::Unit;
use honnin_intake::fault::Reason;
use honnin_intake::fields::{FieldKind, RowKind};

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
    for reason in Reason::ALL {
        let row = format!("| `{}` | {} |", reason.code(), reason.help());
        assert!(guide.contains(&row), "docs/mapping.md lacks the row\n{row}");
    }
}
