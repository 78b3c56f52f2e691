//! Home at the moments that matter, and figures that add up.

#![expect(clippy::unwrap_used, reason = "what a page has to hold is taken out of it")]

use honnin_pages::page::Theme;
use honnin_pages::words::Language;

use crate::samples::{Sample, Studio};

fn page(language: Language, wanted: &str) -> String {
    let all = Studio::new(language, Theme::Auto).all();
    all.into_iter().find(|sample| sample.name == wanted).unwrap().html
}

fn ja(wanted: &str) -> String {
    page(Language::JA, wanted)
}

/// The sentence that answers, without markup.
fn sentence(html: &str) -> String {
    let say = html.split("<p class=\"say").nth(1).unwrap().split("</p>").next().unwrap();
    plain(say.split_once('>').unwrap().1)
}

fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut tag = false;
    for letter in html.chars() {
        match letter {
            '<' => tag = true,
            '>' => tag = false,
            _ if !tag => text.push(letter),
            _ => {}
        }
    }
    text
}

/// Every figure of data in a piece of a page, in hundredths of a gigabyte.
fn hundredths(html: &str) -> Vec<u64> {
    let figures = html.split("<data value=\"").skip(1).filter_map(|tail| tail.split_once('>'));
    let told = figures.map(|(_, tail)| plain(tail.split("</data>").next().unwrap()));
    told.filter_map(|told| told.strip_suffix(" GB").map(|figure| figure.replace('.', "").parse().unwrap()))
        .collect()
}

/// With plain spaces, as a person reads it.
fn spaced(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

fn told(html: &str) -> String {
    spaced(&plain(html))
}

#[test]
fn an_overdue_bill_is_the_first_thing_home_says() {
    let home = ja("home-overdue");
    assert_eq!(sentence(&home), "10月請求分のお支払いを確認できていません（2,178円）");
    assert!(home.contains("お支払い未確認（10月請求分）") && home.contains("請求の内容を見る"));
    assert!(home.contains("12月ご請求の見込み"), "the estimate stands beside it and hides nothing");
    assert_eq!(
        sentence(&ja("home-overdue-two")),
        "お支払いを確認できていない請求が2件あります（合計 4,356円）"
    );
    assert!(ja("home-usual").contains("次のお支払い"));
}

#[test]
fn what_is_slow_or_stopped_is_never_shown_as_on() {
    for (name, said) in [
        ("home-zero-by-ledger", "低速（残量なし）"),
        ("home-exhausted", "低速（残量なし）"),
        ("home-suspended", "停止中"),
        ("home-low-chosen", "OFF"),
    ] {
        let home = ja(name);
        assert!(!home.contains("chip on"), "{name}");
        assert!(home.contains(&format!("<span class=\"chip\">{said}</span>")), "{name}");
    }
    assert!(ja("home-usual").contains("<span class=\"chip on\">ON</span>"));
    assert_eq!(sentence(&ja("home-suspended")), "この回線は停止中です");
    assert_eq!(sentence(&ja("home-zero-by-ledger")), "データを使い切りました。いまは低速です");
}

#[test]
fn little_left_and_much_that_lapses_are_said_with_one_next_step() {
    let low = ja("home-low");
    assert!(
        sentence(&low).contains("0.30 GB") && low.contains("say err") && low.contains("gauge err"),
        "{low}"
    );
    assert!(low.contains("低速に切り替える") && low.contains("https://example.jp/top-up"));
    let lapses = ja("home-lapses");
    assert_eq!(lapses.matches("6.80 GB</data> が").count(), 1, "said once, by the step: {lapses}");
    assert!(
        ja("home-usual").contains("<p class=\"lapse\">"),
        "where there is no step it is said below the figure"
    );
    assert!(lapses.contains("残量と期限を見る"));
    for sample in Studio::new(Language::JA, Theme::Auto).all() {
        assert!(sample.html.matches("card step").count() <= 1, "{}", sample.name);
    }
    assert!(!ja("home-usual").contains("card step"), "no step where there is nothing to do");
}

#[test]
fn home_answers_in_one_sentence_in_both_languages() {
    for (name, ja, en) in [
        (
            "home-usual",
            "十分です。月末まで 1.0 GB ほど余りそうです",
            "Plenty left: about 1.0 GB to spare at the end of the month",
        ),
        ("home-unknown", "データ残量を確認できません", "Your data balance is not available"),
        ("home-ended", "この回線のご利用は終了しました", "This line has ended"),
        ("home-shared", "データの 54% が残っています", "54% of your data is left"),
    ] {
        assert_eq!(sentence(&page(Language::JA, name)), ja, "{name}");
        assert_eq!(sentence(&page(Language::EN, name)), en, "{name}");
    }
}

#[test]
fn what_is_left_and_what_was_used_add_up_to_the_grant() {
    let mut looked_at = 0;
    for sample in Studio::new(Language::JA, Theme::Auto).all() {
        let Some(card) = sample.html.split("<p class=\"big\">").nth(1) else { continue };
        if !sample.name.starts_with("home-") {
            continue;
        }
        let Some((figures, _)) = card.split_once("<a class=\"go\"") else { continue };
        let told = hundredths(figures);
        assert_eq!(told[0] + told[2], told[1], "{}: {told:?}", sample.name);
        looked_at += 1;
    }
    assert!(looked_at > 10, "{looked_at}");
}

#[test]
fn rows_and_columns_of_usage_add_up_as_they_are_told() {
    for Sample { name, html, .. } in Studio::new(Language::JA, Theme::Auto).all() {
        let Some(table) = html.split("<tbody>").nth(1) else { continue };
        if !name.starts_with("usage-") {
            continue;
        }
        let mut columns = [0; 3];
        let (body, foot) = table.split_once("<tfoot>").unwrap();
        for row in body.split("<tr").skip(1) {
            let told = hundredths(row);
            assert_eq!(told[0] + told[1], told[2], "{name}: {row}");
            for (column, cell) in columns.iter_mut().zip(told) {
                *column += cell;
            }
        }
        assert_eq!(hundredths(foot), columns, "{name}");
        let big = hundredths(html.split("<p class=\"big\">").nth(1).unwrap().split("</p>").next().unwrap());
        assert_eq!(big, [columns[2]], "{name}");
    }
}

#[test]
fn buckets_add_up_to_the_total_they_stand_under() {
    let html = ja("buckets-usual");
    let total = hundredths(html.split("<p class=\"big\">").nth(1).unwrap().split("</p>").next().unwrap());
    let list = html.split("<ol class=\"list\">").nth(1).unwrap().split("</ol>").next().unwrap();
    let left: u64 = hundredths(list).chunks(2).map(|of| of[0]).sum();
    assert_eq!(total, [left]);
}

#[test]
fn the_chosen_line_is_in_every_address_and_title() {
    for Sample { name, html, .. } in Studio::new(Language::JA, Theme::Auto).all() {
        let chosen =
            ["home-", "usage-", "buckets-", "contract-", "speed-"].iter().any(|kind| name.starts_with(kind));
        if !chosen || name == "home-first-day" || html.contains("alert(1)") {
            continue;
        }
        let title = html.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
        assert!(title.contains(" 1234 | "), "{name}: {title}");
        for href in html.split(" href=\"").skip(1).filter_map(|tail| tail.split('"').next()) {
            let of_account = ["/bills", "/notices", "/settings", "/disclosures", "/help", "/lines?"];
            if of_account.iter().any(|path| href.starts_with(path)) || href == "/lines" {
                assert!(href.contains("?line="), "{name}: {href}");
            }
        }
    }
}

#[test]
fn every_page_leads_to_help_and_every_lower_page_leads_back() {
    for Sample { name, html, .. } in Studio::new(Language::JA, Theme::Auto).all() {
        assert!(name == "closed" || html.contains("href=\"/help"), "{name}");
        let lower = [
            "buckets-",
            "purchases-",
            "contract-",
            "speed-",
            "bill-",
            "notice-",
            "devices-",
            "password",
            "merge",
        ];
        if lower.iter().any(|kind| name.starts_with(kind)) {
            assert!(html.contains("<p class=\"back\"><a href="), "{name}");
        }
    }
    let help = ja("help-outside");
    for way in ["tel:0120-000-000", "https://example.jp/help", "mailto:desk@example.jp", "9:00–18:00"] {
        assert!(help.contains(way), "{way}");
    }
}

#[test]
fn a_bill_says_what_changed_since_the_month_before() {
    let bill = plain(&ja("bill-usual"));
    for said in [
        "8月より 1,056円 増えました",
        "ギガプラン 8GB4,000円 前月 3,000円",
        "事務手数料なくなった項目 前月 3,300円",
    ] {
        assert!(bill.contains(said), "{said}: {bill}");
    }
    assert!(!ja("bill-open").contains("前月との比較"));
}

#[test]
fn looks_by_others_come_first_and_own_ones_are_folded_by_day() {
    let page = ja("disclosures-usual");
    let (others, own) = page.split_once("<details>").unwrap();
    assert!(
        others.contains("サポート担当") && others.contains("許可された人") && !own.contains("サポート担当")
    );
    assert!(own.contains("11月20日（金）</time>（3件）"), "{own}");
    assert!(page.contains("/help?line=") && page.contains("#unfamiliar"));
}

#[test]
fn the_style_marks_the_tab_in_forced_colours_and_turns_no_link_purple() {
    let style = include_str!("../../assets/app.css");
    assert!(!style.contains(":visited"));
    let forced = style.split("(forced-colors: active)").nth(1).unwrap();
    assert!(forced.contains(".bar a[aria-current] { outline"));
    assert!(
        !style.contains("border-top: 4px solid transparent"),
        "forced colours would show it on every tab"
    );
    assert!(
        style.contains("(max-width: 19em), (max-height: 34em)"),
        "large text moves the bar out of the way"
    );
}

#[test]
fn the_sentence_and_the_gauge_change_where_they_are_said_to() {
    for (name, said, gauge) in [
        ("home-a-fifth", "このペースでは11月26日（木）ごろになくなりそうです", "gauge "),
        ("home-below-a-fifth", "このペースでは11月26日（木）ごろになくなりそうです", "gauge warn"),
        ("home-runs-out", "このペースでは11月22日（日）ごろになくなりそうです", "gauge warn"),
        ("home-runs-out-tomorrow", "明日にはなくなりそうです（残り 0.40 GB）", "gauge warn"),
        ("home-below-a-twentieth", "明日にはなくなりそうです（残り 0.39 GB）", "gauge err"),
        ("home-runs-out-today", "今日中になくなりそうです（残り 0.20 GB）", "gauge err"),
    ] {
        let home = ja(name);
        assert_eq!(spaced(&sentence(&home)), said, "{name}");
        assert!(home.contains(&format!("class=\"{gauge}\"")), "{name}");
    }
}

#[test]
fn where_today_is_not_known_home_shows_yesterday() {
    let home = told(&ja("home-yesterday"));
    assert!(home.contains("昨日 0.43 GB") && !home.contains("今日"), "{home}");
    let home = told(&ja("home-usual"));
    assert!(home.contains("今日 0.71 GB") && !home.contains("昨日"), "{home}");
}

#[test]
fn usage_has_its_average_weekends_pace_and_a_finding_as_the_table() {
    let page = ja("usage-usual");
    let all = told(&page);
    for part in ["1日平均0.31 GB", "点線は1日平均", "土日", "このペースでは、月末に 9.1 GB ほどになります"]
    {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert!(page.contains("class=\"c-wend\"") && page.contains("class=\"avg\""));
    let most = all.split("最も多い日は").nth(1).unwrap().split('。').next().unwrap();
    let (day, figure) = most.split_once("の ").unwrap();
    let row = all.split(&format!("{day}0.55 GB0.09 GB")).nth(1).unwrap();
    assert!(row.starts_with(figure), "{figure} in the finding, in the table {}", &row[..8]);
}

#[test]
fn shares_are_on_the_board_and_buckets_say_whose_they_are() {
    let board = ja("lines-usual");
    assert!(board.contains("<svg class=\"share\"") && told(&board).contains("11月 1.24 GBシェア"), "{board}");
    let buckets = told(&ja("buckets-usual"));
    assert!(
        buckets.contains("080-****-1234 の分") && buckets.contains("シェア中の別の回線の分"),
        "{buckets}"
    );
    let settings = Studio::new(Language::JA, Theme::Auto).all();
    let settings = settings.into_iter().find(|sample| sample.name.starts_with("settings")).unwrap();
    assert!(told(&settings.html).contains("t***@example.jp") && !settings.html.contains("taro"));
}
