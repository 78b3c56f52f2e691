//! Laws every page keeps, in every state and language.

use std::collections::BTreeSet;

use honnin_pages::page::Theme;
use honnin_pages::words::Language;

use crate::samples::{HOSTILE, Sample, Studio};

/// Elements that have no end.
const VOID: &[&str] = &["meta", "link", "input", "br", "img", "hr"];

fn each(check: impl Fn(&Sample, Language)) {
    for language in Language::all().iter().copied() {
        for theme in Theme::ALL {
            Studio::new(language, theme).all().iter().for_each(|sample| check(sample, language));
        }
    }
}

/// Tags of a page with their attributes; comments and text are passed over.
fn tags(html: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, tail)) = rest.split_once('<') {
        let mut quoted = false;
        let end = tail.find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        assert!(end.is_some(), "a tag does not end: {tail:.60}");
        let (tag, after) = tail.split_at(end.unwrap_or(0));
        found.push(tag);
        rest = after;
    }
    found
}

#[test]
fn a_page_rendered_twice_is_the_same() {
    for language in Language::all().iter().copied() {
        let render = || Studio::new(language, Theme::Auto).all();
        for (first, second) in render().iter().zip(&render()) {
            assert_eq!(first.html, second.html, "{}", first.name);
            assert!(!first.html.is_empty(), "{}", first.name);
        }
    }
}

#[test]
fn every_tag_that_begins_ends() {
    each(|Sample { name, html, .. }, _| {
        let mut open = Vec::new();
        for tag in tags(html) {
            if let Some(end) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(end), "{name}");
            } else if !tag.starts_with('!') && !tag.ends_with('/') {
                let element = tag.split_whitespace().next().unwrap();
                if !VOID.contains(&element) {
                    open.push(element);
                }
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
    });
}

#[test]
fn nothing_is_inline_and_every_attribute_is_quoted() {
    each(|Sample { name, html, .. }, _| {
        for tag in tags(html) {
            assert!(!tag.contains('<'), "{name}: {tag}");
            for (at, part) in tag.split('"').enumerate().filter(|(at, _)| at % 2 == 0) {
                let attributes = part.split_whitespace().skip(usize::from(at == 0));
                for attribute in attributes.map(|word| word.trim_end_matches('=')) {
                    assert!(!attribute.starts_with("on") && attribute != "style", "{name}: {tag}");
                    assert!(!attribute.contains('='), "{name}: {tag}");
                }
            }
            if tag.starts_with("script") {
                assert!(tag.starts_with("script type=\"module\" src=\"/a/"), "{name}: {tag}");
            }
        }
        let styles = usize::from(*name == "closed");
        assert_eq!(html.matches("<style>").count(), styles, "{name}");
    });
}

#[test]
fn hostile_text_is_escaped_wherever_it_stands() {
    let mut shown = BTreeSet::new();
    let plain = ["<script>alert", "<img", "'x'"];
    for sample in Studio::new(Language::JA, Theme::Auto).all() {
        for text in plain {
            assert!(!sample.html.contains(text), "{}: {text}", sample.name);
        }
        if sample.html.contains("alert(1)") {
            shown.insert(sample.name);
        }
    }
    assert!(plain.iter().all(|text| HOSTILE.contains(text)));
    for name in
        ["home-hostile", "bill-hostile", "contract-hostile", "notice-hostile", "devices-usual", "closed"]
    {
        assert!(shown.contains(name), "{name} shows no hostile text and proves nothing");
    }
}

#[test]
fn every_page_with_figures_says_as_of_when() {
    each(|Sample { name, html, has_figures }, language| {
        let word = if language == Language::JA { "時点・料金システム" } else { "as of <time" };
        if *has_figures {
            assert!(html.contains(word), "{name}");
            assert!(html.contains("<time datetime=\"2026-11-20T06:00:00+09:00\">"), "{name}");
        }
    });
}

#[test]
fn unknown_is_never_shown_as_nothing() {
    for language in Language::all().iter().copied() {
        for sample in Studio::new(language, Theme::Auto).all() {
            if ["home-unknown", "home-ended", "usage-nothing", "bills-none"].contains(&sample.name) {
                let figures = ["\"0\">0.00", "\"0\">0円", "\"0\">¥0"];
                assert!(!figures.iter().any(|zero| sample.html.contains(zero)), "{}", sample.name);
            }
        }
    }
}

#[test]
fn a_page_names_its_language_and_its_look() {
    each(|Sample { name, html, .. }, language| {
        assert!(html.contains(&format!("<html lang=\"{}\"", language.tag())), "{name}");
    });
    let themed = |theme| Studio::new(Language::JA, theme).all();
    assert!(
        themed(Theme::Dark)
            .iter()
            .filter(|s| s.name != "closed")
            .all(|s| s.html.contains("data-theme=\"dark\""))
    );
    assert!(themed(Theme::Auto).iter().all(|s| !s.html.contains("data-theme")));
}

#[test]
fn an_id_stands_once_and_every_reference_has_its_target() {
    each(|Sample { name, html, .. }, _| {
        let values = |attribute: &str| -> Vec<String> {
            let start = format!(" {attribute}=\"");
            let found = html.split(&start).skip(1).filter_map(|tail| tail.split('"').next());
            found.flat_map(|value| value.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect()
        };
        let ids = values("id");
        let set: BTreeSet<_> = ids.iter().collect();
        assert_eq!(set.len(), ids.len(), "{name}");
        for attribute in ["aria-labelledby", "aria-describedby", "aria-controls", "for"] {
            for id in values(attribute) {
                assert!(set.contains(&id), "{name}: {attribute}={id}");
            }
        }
    });
}

#[test]
fn the_module_is_answered_with_the_words_of_the_page() {
    for language in Language::all().iter().copied() {
        let studio = Studio::new(language, Theme::Auto);
        let pages = studio.all();
        for (name, body) in studio.polls() {
            let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
            let page = pages.iter().find(|page| page.name == name).unwrap();
            let done = ["speed-confirmed", "speed-failed", "speed-none"].contains(&name);
            assert_eq!(answer["done"], done, "{name}");
            if name != "speed-none" {
                for (part, element) in [("title", "h2"), ("detail", "p")] {
                    let said = answer[part].as_str().unwrap();
                    let shown = format!("<{element} data-part=\"{part}\">{said}</{element}>");
                    assert!(page.html.contains(&shown), "{name}: {said}");
                }
                assert!(
                    page.html.contains(&format!("data-open=\"{}\"", if done { "no" } else { "yes" })),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn home_stays_within_its_weight() {
    for language in Language::all().iter().copied() {
        for sample in Studio::new(language, Theme::Dark).all() {
            if sample.name.starts_with("home-") && sample.name != "home-hostile" {
                assert!(sample.html.len() < 12_000, "{}: {}", sample.name, sample.html.len());
            }
        }
    }
}

#[test]
fn no_template_writes_text_unescaped() {
    let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
    for file in std::fs::read_dir(templates).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("|safe") && !text.contains("| safe"));
    }
}
