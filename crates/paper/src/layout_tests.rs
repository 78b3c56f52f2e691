use super::*;

fn sheet(blocks: Vec<Block>) -> Composed {
    let sheet = Sheet { without_glyph: "no glyph:".to_owned(), blocks, ..Sheet::default() };
    compose(&Press::new().unwrap(), &sheet).unwrap()
}

fn texts(composed: &Composed) -> Vec<String> {
    composed.pages.iter().flat_map(|page| &page.lines).map(|line| line.run.text()).collect()
}

fn item(number: usize) -> (String, String) {
    (format!("通話料（050 番号・その {number}）"), "1,234円".to_owned())
}

fn table(rows: Vec<(String, String)>) -> Block {
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    Block::Table(Table {
        head: pair("項目", "金額"), rows, sum: Some(pair("合計", "9円")), language: None
    })
}

#[test]
fn every_character_of_a_long_text_is_on_a_line_within_the_margins() {
    let text = "これは長い文です。English words are not cut in two、ただし".repeat(30) + &"x".repeat(400);
    let composed = sheet(vec![Block::Text(text.clone())]);
    let lines = texts(&composed);
    let (foot, lines) = lines.split_last().unwrap();
    assert_eq!(foot, "1 / 1");
    assert_eq!(lines.concat(), text);
    for line in composed.pages.iter().flat_map(|page| &page.lines) {
        assert!(line.left >= LEFT - 0.01 && line.left + line.run.width() * line.size <= RIGHT + 0.01);
    }
    assert!(lines.iter().all(|line| !line.starts_with(['。', '、'])), "{lines:?}");
    assert!(lines.iter().all(|line| !line.ends_with("Englis")), "{lines:?}");
}

#[test]
fn a_long_table_goes_on_over_pages_with_its_headings_again() {
    let composed = sheet(vec![table((0..200).map(item).collect())]);
    assert!(composed.pages.len() > 4);
    let lines = texts(&composed);
    assert_eq!(lines.iter().filter(|line| *line == "項目").count(), composed.pages.len());
    assert!((0..200).all(|number| lines.contains(&item(number).0)));
    assert!(composed.pages.iter().flat_map(|page| &page.lines).all(|line| line.base >= FOOT));
    let last = composed.pages.len();
    assert!(lines.contains(&format!("{last} / {last}")));
}

#[test]
fn what_nobody_would_read_is_refused_and_not_cut_off() {
    let sheet = Sheet { blocks: vec![table((0..20_000).map(item).collect())], ..Sheet::default() };
    let refused = compose(&Press::new().unwrap(), &sheet).map(|composed| composed.pages.len());
    assert_eq!(refused, Err(PrintError::TooLong(MOST_PAGES)));
}

#[test]
fn a_character_without_a_glyph_is_named_at_the_end_and_kept_in_the_text() {
    let composed = sheet(vec![Block::Name("𠮷田 葛󠄀 \u{2a6d7}様".to_owned())]);
    let lines = texts(&composed);
    assert_eq!(lines[0], "𠮷田 葛󠄀 \u{2a6d7}様");
    assert_eq!(lines[1], "〓: no glyph: U+2A6D7");
    assert!(composed.pages[0].lines[0].run.told_apart);
}

#[test]
fn each_line_belongs_to_an_element_and_each_element_leads_to_its_lines() {
    let composed = sheet(vec![Block::Title("題".to_owned()), table(vec![item(1)])]);
    let mut reached = 0;
    for (number, element) in composed.elements.iter().enumerate() {
        for kid in &element.kids {
            match *kid {
                Kid::Element(kid) => assert_eq!(composed.elements[kid].parent, Some(number)),
                Kid::Line { page, number: line } => {
                    assert_eq!(composed.pages[page].lines[line].element, Some(number));
                    reached += 1;
                }
            }
        }
    }
    let lines = composed.pages.iter().flat_map(|page| &page.lines);
    assert_eq!(reached, lines.filter(|line| line.element.is_some()).count());
}
