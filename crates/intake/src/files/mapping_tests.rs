use std::path::Path;

use super::*;

const GOOD: &str = r#"
operator = "Example"
source = "ledger"
zone = "Asia/Tokyo"
country_code = "81"
number_digits = [10, 11]

[shapes]
time = "%Y-%m-%d"
unit = "MB"

[[file]]
name = "usage*.csv"
row = "usage"
[file.fields]
record = "id"
number = "msisdn"
at = "day"
high = { heading = "used", unit = "GB", decimal = "." }
low = { fixed = "0" }
"#;

fn problems(from: &str, to: &str) -> String {
    let text = GOOD.replace(from, to);
    assert_ne!(text, GOOD, "{from}");
    Mapping::parse(&text, Path::new("m.toml")).unwrap_err().to_string()
}

#[test]
fn a_good_mapping_knows_its_files() {
    let mapping = Mapping::parse(GOOD, Path::new("m.toml")).unwrap();
    assert!(matches!(mapping.plan_for("usage1.csv"), Ok(Some(plan)) if plan.kind == RowKind::Usage));
    assert!(matches!(mapping.plan_for("bills.csv"), Ok(None)));
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_to_write() {
    for (from, to, told) in [
        ("\"Asia/Tokyo\"", "\"Asia/Edo\"", "zone: is no zone of the IANA database"),
        ("\"81\"", "\"+81\"", "country_code: must be one to three digits"),
        ("[10, 11]", "[]", "number_digits: must list lengths"),
        ("row = \"usage\"", "row = \"use\"", "`row` \"use\" is unknown: use one of account, holding"),
        ("number = \"msisdn\"", "", "usage is counted by `number` or by `line`"),
        ("record = \"id\"", "", "field `record` is missing"),
        (
            "record = \"id\"",
            "record = \"id\"\nwhat = \"x\"",
            "field `what` is unknown for `usage` rows: use record",
        ),
        (
            "\"%Y-%m-%d\"",
            "\"%Y-%Q\"",
            "[[file]] 1 (\"usage*.csv\") fields.at: shape \"%Y-%Q\" has an unknown part",
        ),
        ("\"GB\"", "\"gigs\"", "fields.high: `unit` must be one of octets, KB, MB"),
        (
            "record = \"id\"",
            "record = { heading = \"id\", unit = \"MB\" }",
            "`unit` is only for amounts of data",
        ),
        ("{ fixed = \"0\" }", "{ fixed = \"none\" }", "`fixed` \"none\" cannot be read"),
        ("{ fixed = \"0\" }", "{ }", "must have either `heading` or `fixed`"),
        (
            "name = \"usage*.csv\"",
            "name = \"in/usage.csv\"",
            "must be a file name or pattern without a directory",
        ),
        ("[[file]]", "[rows]\ndelimiter = \"ab\"\n[[file]]", "`delimiter` must be \"tab\" or one ASCII mark"),
    ] {
        let text = problems(from, to);
        assert!(text.contains(told), "{to}: {text}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = GOOD.replace("\"81\"", "\"x\"").replace("\"GB\"", "\"gigs\"");
    let text = Mapping::parse(&text, Path::new("m.toml")).unwrap_err().to_string();
    assert!(text.contains("country_code") && text.contains("fields.high"), "{text}");
}

#[test]
fn an_unknown_key_is_told_with_its_line() {
    let text = problems("unit = \"GB\",", "units = \"GB\",");
    assert!(text.contains("line 19") && text.contains("unknown field `units`"), "{text}");
    let text = problems("operator =", "operater =");
    assert!(text.contains("line 2") && text.contains("operater"), "{text}");
}

#[test]
fn a_file_that_two_patterns_fit_is_told() {
    let second = GOOD.split_once("[[file]]").map(|(_, file)| format!("[[file]]{file}")).unwrap();
    let text = format!("{GOOD}{}", second.replace("usage*.csv", "*.csv"));
    let mapping = Mapping::parse(&text, Path::new("m.toml")).unwrap();
    assert!(matches!(mapping.plan_for("usage1.csv"), Err(patterns) if patterns == ["usage*.csv", "*.csv"]));
}

#[test]
fn a_number_has_a_length_of_the_mapping() {
    let mapping = Mapping::parse(GOOD, Path::new("m.toml")).unwrap();
    let read = |text, form| mapping.numbers.read(text, form);
    for (text, known) in [
        ("090-1234-5678", true),
        ("0312345678", true),
        ("0901234", false),
        ("+447700900123", true),
        ("817001110001", false),
        ("7001110001", false),
    ] {
        assert_eq!(read(text, NumberForm::National).is_some(), known, "{text}");
    }
    let own = read("07001110001", NumberForm::National);
    for (text, known) in [
        ("817001110001", true),
        ("81-70-0111-0001", true),
        ("+817001110001", true),
        ("07001110001", false),
        ("8170011", false),
        ("8.17001E+11", false),
    ] {
        let number = read(text, NumberForm::International);
        assert_eq!(number.is_some(), known, "{text}");
        assert!(number.is_none() || number == own, "{text}");
    }
    assert!(read("447700900123", NumberForm::International).is_some(), "of another country");
}
