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
fn two_tenants_show_yen_and_singapore_dollars_right_in_both_languages() {
    let sgd = Currency::of_code("SGD").unwrap();
    for (amount, currency, ja, en) in [
        (-1_002_178, Currency::JPY, "-1,002,178円", "-¥1,002,178"),
        (0, Currency::JPY, "0円", "¥0"),
        (1_002_178, sgd, "S$10,021.78", "S$10,021.78"),
        (-5, sgd, "-S$0.05", "-S$0.05"),
    ] {
        for (language, told) in [(Language::JA, ja), (Language::EN, en)] {
            let word = PriceWord(Yen::new(amount), currency, language);
            assert_eq!(html(Price(word)), format!("<data value=\"{amount}\">{told}</data>"));
        }
    }
    assert_eq!(Currency::of_code("XXX"), None);
}

#[test]
fn parts_add_up_to_their_sum_as_both_are_told() {
    for (parts, rounding) in [
        (&[1u64, 1, 1][..], Rounding::Up),
        (&[4_999_999_999, 1, 9_999_999], Rounding::Up),
        (&[3_429_999_999, 5_000_001, 0, 1], Rounding::Down),
        (&[0, 0], Rounding::Up),
    ] {
        let octets = || parts.iter().copied().map(Octets::new);
        let told: Vec<u64> = octets()
            .zip(adding_up(octets(), rounding))
            .map(|(part, told)| {
                let shown = centi(Gb(part, told));
                assert!(
                    shown >= part.centi_gb_floor() && shown <= part.centi_gb_ceil(),
                    "{part:?} as {shown}"
                );
                shown
            })
            .collect();
        assert_eq!(told.iter().sum::<u64>(), centi(Gb(octets().sum(), rounding)), "{parts:?}");
    }
}

#[test]
fn days_months_and_moments_are_told_in_the_zone() {
    let zone = Zone::named("Asia/Tokyo").unwrap();
    let day = "2026-11-30".parse().unwrap();
    assert_eq!(html(DayWord(day, Language::JA, DayLook::Weekday)), "11月30日（月）");
    assert_eq!(html(DayWord(day, Language::EN, DayLook::Weekday)), "Mon 30 Nov");
    assert_eq!(html(DayWord(day, Language::EN, DayLook::Year)), "30 Nov 2026");
    assert_eq!(html(MonthWord(day.month(), Language::EN)), "Nov 2026");
    let when = |at: &str, now: &str, language| {
        html(When { at: at.parse().unwrap(), now: now.parse().unwrap(), zone: &zone, language })
    };
    let early = "<time datetime=\"2026-11-20T06:05:00+09:00\">";
    assert_eq!(
        when("2026-11-19T21:05:00Z", "2026-11-20T01:00:00Z", Language::JA),
        format!("{early}6:05</time>")
    );
    assert_eq!(
        when("2026-11-19T21:05:00Z", "2026-11-21T01:00:00Z", Language::EN),
        format!("{early}20 Nov 06:05</time>")
    );
    assert_eq!(
        when("2026-11-19T21:05:00Z", "2027-01-02T01:00:00Z", Language::JA),
        format!("{early}2026年11月20日 6:05</time>")
    );
}

#[test]
fn what_a_ledger_wrote_is_escaped() {
    assert_eq!(html(Text("a<b>&\"'c髙")), "a&lt;b&gt;&amp;&quot;&#39;c髙");
}
