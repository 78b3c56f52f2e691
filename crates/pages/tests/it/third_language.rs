//! A third language is one file.

use honnin_pages::page::Theme;
use honnin_pages::words::Language;

use crate::eo;
use crate::samples::Studio;

#[path = "../../build/languages.rs"]
mod languages;

#[test]
fn a_third_language_is_one_file() {
    let words: &'static honnin_pages::words::Words = &eo::WORDS;
    let pages = Studio::new(Language::new(words), Theme::Auto).all();
    let home = &pages.iter().find(|sample| sample.name == "home-usual").unwrap().html;
    for said in [
        "<html lang=\"eo\"",
        "Sufiĉe: restos ĉirkaŭ 1.0 GB je la fino de la monato",
        "ĵa 26-a de nov</time>, post 6 tagoj",
        "2 178 enoj",
        "Hejmo",
        "Data by expiry date",
    ] {
        assert!(home.contains(said), "{said}: {home}");
    }
}

#[test]
fn a_language_is_found_by_its_file_alone() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/words/languages");
    let found = languages::listed(folder.as_ref()).unwrap();
    assert!(found.contains("&[Language::JA, Language::EN, ]"), "{found}");
    let folder = honnin_testkit::TestDir::new();
    for name in ["en.rs", "ja.rs", "eo.rs", "README.md"] {
        std::fs::write(folder.join(name), "").unwrap();
    }
    let found = languages::listed(&folder.join("")).unwrap();
    assert!(found.contains("&[Language::JA, Language::EN, Language::EO, ]"), "{found}");
}
