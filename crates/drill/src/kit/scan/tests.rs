use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use honnin_terms::Entropy as _;
use honnin_testkit::SeededEntropy;

use super::*;

const TEXT: &str = "wmqz4k7d2mabcd";
const NUMBER: &str = "123456789";

fn vocabulary() -> Vocabulary {
    let row = |account: &str, text: &str, number: &str| Marked {
        account: account.to_owned(),
        line: Some(format!("line of {account}")),
        text: vec![text.to_owned()],
        numbers: vec![number.to_owned()],
    };
    Vocabulary::new(&[row("self", "wmself2self3se", "987654321"), row("other", TEXT, NUMBER)]).unwrap()
}

fn scan_as(viewer: &str, octets: &[u8], coding: &str) -> Scan {
    let vocabulary = vocabulary();
    let viewer = vocabulary.subject(viewer);
    Scanner::new(&vocabulary).scan(viewer, &[Piece { place: "body", octets, coding }])
}

/// The marks of the other that the owner of `self` is shown.
fn foreign(octets: &[u8]) -> Vec<String> {
    let scan = scan_as("self", octets, "");
    assert_eq!(scan.unread, Vec::<String>::new());
    let mut marks: Vec<String> = scan.foreign.into_iter().map(|sighting| sighting.mark).collect();
    marks.sort();
    marks
}

/// Every character as `write` writes it.
fn spelt(text: &str, write: impl Fn(char) -> String) -> String {
    text.chars().map(write).collect()
}

/// Both marks between other words, each character written by `write`.
fn written(write: impl Fn(char) -> String) -> Vec<u8> {
    let all = spelt(&format!("{NUMBER} {TEXT}"), write);
    format!("before {all} behind").into_bytes()
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(octets).unwrap();
    out.finish().unwrap()
}

fn zlib(octets: &[u8]) -> Vec<u8> {
    let mut out = ZlibEncoder::new(Vec::new(), Compression::default());
    out.write_all(octets).unwrap();
    out.finish().unwrap()
}

fn brotli(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::CompressorWriter::new(&mut out, 4096, 5, 20).write_all(octets).unwrap();
    out
}

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    let octets = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
    text.encode_utf16().flat_map(octets).collect()
}

fn hex(octets: &[u8]) -> String {
    data_encoding::HEXUPPER.encode(octets)
}

#[test]
fn a_mark_is_found_in_every_way_to_write_text() {
    let plain = format!("{NUMBER} {TEXT}");
    let cases: [(&str, Vec<u8>); 17] = [
        ("raw", written(String::from)),
        ("upper case", written(|c| c.to_ascii_uppercase().to_string())),
        ("percent", written(|c| format!("%{:02x}", u32::from(c)))),
        ("quoted-printable", written(|c| format!("={:02X}", u32::from(c)))),
        ("entities in tens", written(|c| format!("&#{};", u32::from(c)))),
        ("entities in sixteens", written(|c| format!("&#x{:X};", u32::from(c)))),
        ("entities with zeros, unclosed", written(|c| format!("&#000{}", u32::from(c)))),
        ("JSON", written(|c| format!("\\u{:04x}", u32::from(c)))),
        ("script", written(|c| format!("\\u{{{:x}}}", u32::from(c)))),
        ("script, short", written(|c| format!("\\x{:02x}", u32::from(c)))),
        ("octal", written(|c| format!("\\{:03o}", u32::from(c)))),
        ("wide", written(|c| char::from_u32(u32::from(c) + 0xfee0).filter(|_| c != ' ').unwrap_or(c).into())),
        ("UTF-16 little-endian", utf16(&format!("検査 {plain} 。"), false)),
        ("UTF-16 big-endian", utf16(&format!("検査 {plain} 。"), true)),
        ("UTF-16 at the odd octet", [b"x".as_slice(), &utf16(&plain, true)].concat()),
        ("hexadecimal", format!("<{}>", hex(plain.as_bytes())).into_bytes()),
        ("hexadecimal UTF-16", format!("<FEFF{}>", hex(&utf16(&plain, true))).into_bytes()),
    ];
    for (name, octets) in cases {
        assert_eq!(foreign(&octets), [NUMBER, TEXT], "{name}: {}", String::from_utf8_lossy(&octets));
    }
}

#[test]
fn a_mark_is_found_in_base64_wherever_it_begins() {
    for shift in 0..3 {
        let said = format!("{}{NUMBER} {TEXT}", " ".repeat(shift));
        let encodings = [data_encoding::BASE64, data_encoding::BASE64URL, data_encoding::BASE64URL_NOPAD];
        for encoding in encodings {
            let text = encoding.encode(said.as_bytes());
            for before in ["", "\"", "data:;base64,", "x", "xy", "xyz"] {
                assert_eq!(foreign(format!("{before}{text}").as_bytes()), [NUMBER, TEXT], "{before}{text}");
            }
            let (first, second) = text.split_at(11);
            assert_eq!(foreign(format!("{first}\r\n{second}").as_bytes()), [NUMBER, TEXT]);
        }
    }
}

#[test]
fn a_mark_that_is_no_plain_text_is_found_in_base64_and_in_hexadecimal() {
    let wide = spelt(NUMBER, |c| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c).into());
    let grouped = ["\u{a0}", "\u{2009}", "\u{202f}", "，"].map(|between| ["123", "456", "789"].join(between));
    let packed = [b"before".as_slice(), &zlib(&written(String::from))].concat();
    let texts = grouped.iter().map(String::as_bytes).chain([wide.as_bytes()]);
    for said in texts.chain([utf16(NUMBER, true).as_slice(), utf16(NUMBER, false).as_slice()]) {
        for text in [data_encoding::BASE64.encode(said), hex(said)] {
            assert_eq!(foreign(text.as_bytes()), [NUMBER], "{text}");
        }
    }
    for text in [data_encoding::BASE64.encode(&packed), hex(&packed)] {
        for before in ["", "x", "xy", "xyz"] {
            let found = foreign(format!("{before}{text}").as_bytes());
            assert_eq!(found, [NUMBER, TEXT], "{before}{text}");
        }
    }
}

#[test]
fn a_mark_is_found_in_packed_bodies() {
    let body = written(String::from);
    for (coding, packed) in [
        ("gzip", gzip(&body)),
        ("br", brotli(&body)),
        ("deflate", zlib(&body)),
        ("gzip, br", brotli(&gzip(&body))),
        ("", gzip(&body)),
        ("", [b"before".as_slice(), &zlib(&body)].concat()),
    ] {
        let scan = scan_as("self", &packed, coding);
        assert_eq!((scan.foreign_count, scan.unread.len()), (2, 0), "{coding}: {scan:?}");
    }
}

#[test]
fn encodings_may_lie_within_one_another() {
    let entities = spelt(NUMBER, |c| format!("&#{};", u32::from(c)));
    let json = serde_json::to_string(&entities.replace('&', "%26")).unwrap();
    let base64 = data_encoding::BASE64.encode(&gzip(json.as_bytes()));
    assert_eq!(foreign(&gzip(base64.as_bytes())), [NUMBER]);
}

#[test]
fn what_is_cut_off_is_looked_at_as_far_as_it_came() {
    let body = [written(String::from), vec![b'.'; 200_000]].concat();
    let packed = gzip(&body);
    let scan = scan_as("self", packed.get(..packed.len() - 20).unwrap(), "gzip");
    assert_eq!((scan.foreign_count, scan.unread.len()), (2, 0));
}

#[test]
fn a_mark_is_found_in_a_pdf() {
    let document = |streams: &[Vec<u8>]| {
        let mut octets = b"%PDF-1.7\n".to_vec();
        for stream in streams {
            octets.extend(b"1 0 obj\n<< /Filter /FlateDecode >>\nstream\n");
            octets.extend(zlib(stream));
            octets.extend(b"\nendstream\nendobj\n");
        }
        octets
    };
    let kerned = spelt(&format!("{NUMBER} {TEXT}"), |c| format!("({c}) -20 "));
    let kerned = format!("q BT /F1 9 Tf [{kerned}] TJ ET Q");
    assert_eq!(foreign(&document(&[kerned.into_bytes()])), [NUMBER, TEXT], "each character apart");

    let said = format!("BT <FEFF{}> Tj ET", hex(&utf16(NUMBER, true)));
    assert_eq!(foreign(&document(&[said.into_bytes()])), [NUMBER], "UTF-16");
    let octal = |octet: &u8| spelt("\\", |sign| format!("{sign}{octet:03o}"));
    let title: Vec<String> = utf16(NUMBER, true).iter().map(octal).collect();
    let title = format!("/Title (\\376\\377{})", title.concat());
    assert_eq!(foreign(&document(&[title.into_bytes()])), [NUMBER], "the title");

    // A font of its own: glyph 0x10 is `1`, …, told by a range, a list and single characters.
    let glyphs = spelt(NUMBER, |digit| format!("<{:04x}>", u32::from(digit) - 0x31 + 0x10));
    let table = "1 begincodespacerange <0000> <FFFF> endcodespacerange\n2 beginbfrange\n<0010> <0013> <0031>\n\
                 <0014> <0015> [<0035> <0036>]\nendbfrange\n3 beginbfchar\n<0016> <0037>\n<0017> <0038>\n<0018> <0039>\nendbfchar";
    let page = format!("BT /F2 9 Tf [{glyphs}] TJ ET");
    assert_eq!(
        foreign(&document(&[page.clone().into_bytes(), table.into()])),
        [NUMBER],
        "a font's own numbers"
    );
    assert_eq!(
        foreign(&document(&[page.into_bytes()])),
        Vec::<String>::new(),
        "without the table it says nothing"
    );
}

#[test]
fn a_number_is_found_however_it_is_grouped() {
    for text in [
        "123,456,789",
        "123.456.789",
        "123'456'789",
        "123 456 789",
        "123_456_789",
        "123\u{a0}456\u{a0}789",
        "123\u{202f}456\u{202f}789",
        "123&nbsp;456&nbsp;789",
        "123&#44;456&#44;789",
        "123，456，789",
        "¥123,456,789",
        "123,456,789円",
        "123456789円",
        "123456789KB",
        "123456789 KB",
        "JPY123456789",
        "-123456789",
        "123456789.50",
        "3 123 456 789",
        "00123456789",
        "x=123456789&",
        "\"123456789\"",
        "a,123456789,b",
        "<b>123456789</b>",
    ] {
        assert_eq!(foreign(text.as_bytes()), [NUMBER], "{text}");
    }
    let mut vocabulary = vocabulary();
    let phone = |text: &str| {
        let piece = Piece { place: "body", octets: text.as_bytes(), coding: "" };
        Scanner::new(&vocabulary).scan(None, &[piece]).foreign_count
    };
    assert_eq!(phone("070-0012-3456"), 0);
    vocabulary
        .add(&Marked {
            account: "other".into(),
            line: None,
            text: vec![],
            numbers: vec!["07000123456".into(), "817000123456".into()],
        })
        .unwrap();
    let phone = |text: &str| {
        let piece = Piece { place: "body", octets: text.as_bytes(), coding: "" };
        Scanner::new(&vocabulary).scan(None, &[piece]).foreign_count
    };
    for text in ["070-0012-3456", "07000123456", "+817000123456", "+81-70-0012-3456", "tel:070 0012 3456"] {
        assert_ne!(phone(text), 0, "{text}");
    }
}

#[test]
fn a_number_within_a_longer_one_does_not_count() {
    for text in [
        "1123456789",
        "1234567890",
        "9,123,456,789",
        "123,456,789,000",
        "0.123456789",
        "a123456789",
        "123456789a",
        "0f123456789c",
        "123456789_1",
        "12345678",
        "123,456,78",
        "1.123.456.789",
        "id-7_123456789",
    ] {
        assert_eq!(foreign(text.as_bytes()), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn ones_own_marks_are_counted_and_nobody_owns_any() {
    let body = b"wmself2self3se 987654321";
    let own = scan_as("self", body, "");
    assert_eq!((own.own.len(), own.foreign_count), (2, 0));
    assert!(own.is_clean());
    let nobody = scan_as("nobody", body, "");
    assert_eq!((nobody.own.len(), nobody.foreign_count), (0, 2));
    let sighting = nobody.foreign.first().unwrap();
    assert_eq!((sighting.account.as_str(), sighting.line.as_deref()), ("self", Some("line of self")));
    assert_eq!(sighting.place, "body");
}

#[test]
fn what_cannot_be_looked_into_is_never_clean() {
    assert!(!scan_as("self", b"anything", "compress").is_clean(), "an unknown coding");
    assert!(!scan_as("self", b"no gzip at all", "gzip").is_clean(), "not what it says it is");
    let mut deep = format!("{NUMBER} {TEXT}").into_bytes();
    for _ in 0..9 {
        deep = gzip(&deep);
    }
    let scan = scan_as("self", &deep, "");
    assert!(!scan.is_clean(), "{scan:?}");
    assert!(scan_as("self", b"", "gzip").is_clean(), "an answer without a body");
}

#[test]
fn octets_that_are_no_text_hold_every_escape_by_chance_and_are_not_too_deep() {
    let escapes = ["%41", "&#66;", "\\u0043", "=44", "\u{ff11}", "\\\"", "&amp;", "%25"];
    let apart = escapes.map(|escape| [b"1a2b3c4d".as_slice(), escape.as_bytes(), b"\xff"].concat());
    assert!(scan_as("self", &apart.concat().repeat(9), "").is_clean());
    let mut random = vec![0; 4 << 20];
    SeededEntropy::new(1).fill(&mut random);
    let scan = scan_as("self", &random, "");
    assert!(scan.is_clean(), "{:?}", scan.unread);
}

#[test]
fn a_mark_is_found_in_text_within_octets_that_are_none() {
    let percent = |text: &str| spelt(text, |c| format!("%{:02x}", u32::from(c)));
    let entities = spelt(NUMBER, |c| format!("&#{};", u32::from(c)));
    let wide = spelt(NUMBER, |c| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c).into());
    let [grouped, broken] = ["123&nbsp;456&nbsp;789", "12=\r\n3456=\r\n789"].map(String::from);
    for text in [percent(NUMBER), percent(&entities), wide, grouped, broken] {
        let octets = [b"\xff\x00\xfe".as_slice(), text.as_bytes(), b"\xff"].concat();
        assert_eq!(foreign(&octets), [NUMBER], "{text}");
    }
}

#[test]
fn what_an_escape_was_undone_in_is_unfolded_where_it_was_text_only() {
    // Long enough that nothing of it is stored as it stands.
    let counting = (0..2000).map(|number| number.to_string()).collect::<Vec<_>>().join(" ").into_bytes();
    let packed = gzip(&[counting, written(String::from)].concat());
    let (magic, rest) = packed.split_at(2);
    // Packed octets hold every pair of octets by chance, those of escapes too. Undone, they would make up figures that
    // nobody was ever sent.
    let in_octets = [b"%1f%8b", rest].concat();
    assert!(std::str::from_utf8(&in_octets).is_err());
    assert_eq!(scan_as("self", &in_octets, "").foreign, []);
    let percent =
        |octets: &[u8]| octets.iter().map(|octet| format!("%{octet:02x}")).collect::<Vec<_>>().concat();
    let in_text = percent(magic) + &percent(rest);
    assert_eq!(foreign(in_text.as_bytes()), [NUMBER, TEXT]);
}

#[test]
fn a_sign_escaped_again_and_again_is_not_too_deep() {
    let signs = "\\".repeat(4096);
    assert!(scan_as("self", format!("before12345 {signs} behind67890").as_bytes(), "").is_clean());
    let [number, text] =
        [NUMBER, TEXT].map(|mark| spelt(mark, |digit| format!("{signs}x{:02x}", u32::from(digit))));
    assert_eq!(foreign(format!("{number} {text}").as_bytes()), [NUMBER, TEXT]);
}

#[test]
fn a_long_run_of_one_digit_is_not_too_deep() {
    let runs = format!("before {} behind", "3".repeat(4096));
    assert_eq!(foreign(runs.as_bytes()), Vec::<String>::new());
    let varied = spelt(&spelt(&"12".repeat(64), |digit| hex(digit.to_string().as_bytes())), String::from);
    let deep = (0..8).fold(varied, |text, _| hex(text.as_bytes()));
    assert!(!scan_as("self", deep.as_bytes(), "").unread.is_empty(), "what varies is still told");
}

#[test]
fn what_unfolds_from_a_text_by_chance_is_looked_into_and_not_too_deep() {
    // A bill of 29 November 2026 had it: a table of characters in hexadecimal, two of them the octets of a zlib header,
    // and letters in what unfolded behind.
    let inner = hex(format!("{NUMBER} {TEXT}").as_bytes());
    let whole = zlib(hex(inner.as_bytes()).as_bytes());
    let broken = whole.split_last_chunk::<4>().map(|(rest, _)| rest.to_vec()).unwrap();
    let at_depth = |octets: &[u8]| (0..5).fold(octets.to_vec(), |octets, _| hex(&octets).into_bytes());
    assert!(
        !scan_as("self", &at_depth(&whole), "").unread.is_empty(),
        "a checksum that is right is no chance"
    );
    assert_eq!(scan_as("self", &at_depth(&broken), "").unread, Vec::<String>::new());
    // Where there is room, it is looked into all the same.
    assert_eq!(foreign(&broken), [NUMBER, TEXT]);
}
