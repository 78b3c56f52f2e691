//! How values are told, in both languages.

use super::*;

fn html(value: impl Show) -> String {
    Html(value).to_string()
}

#[test]
fn a_remainder_rounds_down_and_a_use_rounds_up() {
    let nearly = Octets::new(3_429_999_999);
    assert_eq!(html(Gb(nearly, Rounding::Down)), "3.42 GB");
    assert_eq!(html(Gb(nearly, Rounding::Up)), "3.43 GB");
    assert_eq!(html(GbData(Gb(Octets::ZERO, Rounding::Up))), "<data value=\"0\">0.00 GB</data>");
    assert_eq!(html(Gb(Octets::new(u64::MAX), Rounding::Down)), "18446744073.70 GB");
}

#[test]
fn yen_are_told_in_both_languages() {
    assert_eq!(
        html(Price(Yen::new(-1_002_178), Language::Ja)),
        "<data value=\"-1002178\">-1,002,178円</data>"
    );
    assert_eq!(html(Price(Yen::new(0), Language::En)), "<data value=\"0\">¥0</data>");
}

#[test]
fn days_months_and_moments_are_told_in_the_zone() {
    let zone = Zone::named("Asia/Tokyo").unwrap();
    let day = "2026-11-30".parse().unwrap();
    assert_eq!(html(DayWord(day, Language::Ja, DayLook::Weekday)), "11月30日（月）");
    assert_eq!(html(DayWord(day, Language::En, DayLook::Weekday)), "Mon 30 Nov");
    assert_eq!(html(DayWord(day, Language::En, DayLook::Year)), "30 Nov 2026");
    assert_eq!(html(MonthWord(day.month(), Language::En)), "Nov 2026");
    let when = |at: &str, now: &str, language| {
        html(When { at: at.parse().unwrap(), now: now.parse().unwrap(), zone: &zone, language })
    };
    let early = "<time datetime=\"2026-11-20T06:05:00+09:00\">";
    assert_eq!(
        when("2026-11-19T21:05:00Z", "2026-11-20T01:00:00Z", Language::Ja),
        format!("{early}6:05</time>")
    );
    assert_eq!(
        when("2026-11-19T21:05:00Z", "2026-11-21T01:00:00Z", Language::En),
        format!("{early}20 Nov 06:05</time>")
    );
    assert_eq!(
        when("2026-11-19T21:05:00Z", "2027-01-02T01:00:00Z", Language::Ja),
        format!("{early}2026年11月20日 6:05</time>")
    );
}

#[test]
fn what_a_ledger_wrote_is_escaped() {
    assert_eq!(html(Text("a<b>&\"'c髙")), "a&lt;b&gt;&amp;&quot;&#39;c髙");
}
