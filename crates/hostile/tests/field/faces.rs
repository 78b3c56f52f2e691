//! What one account is shown, read from every face, and whether the faces say the same.

use std::collections::BTreeMap;

use honnin_pages::words::Language;
use serde_json::Value;

use crate::world::Visit;

/// What was seen, by name: each with its value and, where it is a figure of the ledger, the moment beside it.
pub(crate) type Seen = BTreeMap<String, String>;

/// The exact values of a page, in order: `<data value="…">`.
fn values(page: &str) -> Vec<i128> {
    let parts = page.split("<data value=\"").skip(1);
    parts.map(|part| part.split('"').next().unwrap().parse().unwrap()).collect()
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map(|(inner, _)| inner)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

fn number(value: &Value, key: &str) -> i128 {
    value[key].as_i64().map(i128::from).or_else(|| value[key].as_u64().map(i128::from)).unwrap()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("{key} of {value}"))
}

/// An amount as a ledger in KB has it.
fn kb(octets: i128) -> String {
    if octets % 1_000 == 0 { (octets / 1_000).to_string() } else { format!("{octets} octets") }
}

fn moment(value: &Value) -> String {
    value.as_str().map_or("no time".to_owned(), str::to_owned)
}

/// Whether two faces say the same; what they say where they do not.
#[expect(clippy::needless_pass_by_value, reason = "values are made where they are compared")]
fn same<T: PartialEq + std::fmt::Debug>(what: &str, one: T, other: T) -> Result<(), String> {
    if one == other { Ok(()) } else { Err(format!("{what}: {one:?} on one face, {other:?} on another")) }
}

/// A figure's moment, and whose it is, stand on the page as the API says them.
fn dated(page: &str, body: &Value, key: &str, what: &str) -> Result<(), String> {
    let at = body[key].as_str().ok_or_else(|| format!("{what} has no moment"))?;
    hold(page.contains(&format!("datetime=\"{at}\"")), &format!("{what} does not say of when it is"))?;
    let by_intake = body[&format!("{key}_by")] == "intake";
    let said = page
        .split(&format!("datetime=\"{at}\""))
        .skip(1)
        .any(|rest| rest.split("</p>").next().is_some_and(|rest| rest.contains(UNSTATED)));
    hold(said || !by_intake, &format!("{what} does not say that its moment is the intake's"))
}

/// What stands beside a moment that the ledger did not give.
const UNSTATED: &str = "時点の記載なし";

fn hold(is_so: bool, wrong: &str) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(wrong.to_owned()) }
}

/// Looks at everything of the account's first line and of its bills, in those months.
pub(crate) fn look(visit: &Visit, months: &[&str]) -> Result<Seen, String> {
    let mut seen = Seen::new();
    let me = visit.json("/api/v1/me");
    seen.insert("name".to_owned(), text(&me, "name").to_owned());
    let lines = visit.listed("/api/v1/me", "lines");
    seen.insert("lines".to_owned(), lines.len().to_string());
    if let Some(head) = lines.first() {
        let line = text(head, "line");
        seen.insert("status".to_owned(), text(head, "status").to_owned());
        home(visit, line, &mut seen)?;
        buckets(visit, line, &mut seen)?;
        for month in months {
            usage(visit, line, month, &mut seen)?;
        }
        purchases(visit, line, &mut seen)?;
        let contract = visit.json(&format!("/api/v1/lines/{line}/contract"));
        dated(&visit.text(&format!("/lines/{line}/contract")), &contract, "as_of", "the contract")?;
        let told = format!(
            "{} {} at {}",
            text(&contract, "plan"),
            text(&contract, "from"),
            moment(&contract["as_of"])
        );
        seen.insert("contract".to_owned(), told);
        board(visit, line, &seen)?;
    }
    bills(visit, &mut seen)?;
    Ok(seen)
}

fn home(visit: &Visit, line: &str, seen: &mut Seen) -> Result<(), String> {
    let (body, page) =
        (visit.json(&format!("/api/v1/lines/{line}/home")), visit.text(&format!("/lines/{line}")));
    let words = Language::JA.words();
    let big = between(&page, "class=\"big\"", "</p>").and_then(|big| values(big).first().copied());
    let left = body["balance"].is_object().then(|| number(&body["balance"], "remaining_octets"));
    same("what is left on home", left, big)?;
    let at = moment(&body["as_of"]);
    let left = match (left, body["balance_unknown_since"].as_str()) {
        (Some(left), _) => {
            dated(&page, &body, "as_of", "home")?;
            let current = body["balance"]["current"].as_bool().unwrap();
            format!("{} at {at}{}", kb(left), if current { "" } else { ", over" })
        }
        (None, Some(since)) => {
            hold(
                page.contains(&format!("datetime=\"{since}\"")),
                "home does not say since when it is not known",
            )?;
            hold(!page.contains(words.home.say_exhausted.text()), "home says used up of what is not known")?;
            format!("unknown since {since}")
        }
        (None, None) => {
            hold(!page.contains(words.home.say_exhausted.text()), "home says used up of what is not known")?;
            "unknown".to_owned()
        }
    };
    seen.insert("left".to_owned(), left);
    seen.insert("speed".to_owned(), text(&body["speed"], "reason").to_owned());
    let usage = &body["usage"];
    let month = usage["month_octets"].as_u64().map(i128::from);
    if let Some(month) = month {
        hold(values(&page).contains(&month), "home does not say the month's usage")?;
        dated(&page, usage, "as_of", "usage on home")?;
    }
    // What is not known is never shown as nothing.
    let zero = [left_of(&body), month, usage["today_octets"].as_u64().map(i128::from)].contains(&Some(0))
        || body["balance"].is_object();
    hold(zero || !values(&page).contains(&0), "home shows nothing where nothing is known")?;
    let missing = number(usage, "missing_days");
    let at = moment(&usage["as_of"]);
    let month =
        month.map_or("unknown".to_owned(), |month| format!("{} at {at}, {missing} days missing", kb(month)));
    seen.insert("month".to_owned(), month);
    let today = usage["today_octets"].as_u64().map_or("unknown".to_owned(), |today| kb(today.into()));
    seen.insert("today".to_owned(), today);
    let bill = body["bill"].as_object().map_or("none".to_owned(), |bill| {
        format!("{} {}", bill["month"].as_str().unwrap(), bill["amount_yen"])
    });
    seen.insert("home bill".to_owned(), bill);
    Ok(())
}

fn left_of(body: &Value) -> Option<i128> {
    body["balance"]["remaining_octets"].as_u64().map(i128::from)
}

fn buckets(visit: &Visit, line: &str, seen: &mut Seen) -> Result<(), String> {
    let body = visit.json(&format!("/api/v1/lines/{line}/buckets"));
    let page = visit.text(&format!("/lines/{line}/buckets"));
    let big = between(&page, "class=\"big\"", "</p>").and_then(|big| values(big).first().copied());
    let all = list(&body, "buckets");
    let mut left: Vec<i128> = all.iter().map(|bucket| number(bucket, "remaining_octets")).collect();
    let usable = all.iter().filter(|bucket| bucket["order"].is_number());
    let sum: i128 = usable.map(|bucket| number(bucket, "remaining_octets")).sum();
    match big {
        Some(big) => {
            same("what is left on buckets", sum, big)?;
            same(
                "what is left on home and on buckets",
                seen["left"].split(' ').next(),
                Some(kb(big).as_str()),
            )?;
        }
        None => hold(seen["left"].starts_with("unknown"), "buckets do not know what home says")?,
    }
    let mut shown: Vec<i128> = values(&page);
    for (bucket, left) in all.iter().zip(&mut left) {
        for value in [*left, number(bucket, "granted_octets")] {
            let place = shown.iter().position(|other| *other == value);
            shown.remove(place.ok_or("a bucket of the API is not on the page")?);
        }
    }
    hold(shown.len() <= 1, "the page has buckets the API has not")?;
    let at = moment(&body["as_of"]);
    if !all.is_empty() {
        dated(&page, &body, "as_of", "the page of buckets")?;
    }
    let told = all.iter().map(|bucket| {
        let (kind, left, granted) =
            (text(bucket, "kind"), number(bucket, "remaining_octets"), number(bucket, "granted_octets"));
        let until = bucket["expires_on"].as_str().unwrap_or("never");
        format!("{kind} {}/{} {until}", kb(left), kb(granted))
    });
    let told = told.collect::<Vec<_>>().join(", ");
    seen.insert(
        "buckets".to_owned(),
        if all.is_empty() { "none".to_owned() } else { format!("{told} at {at}") },
    );
    Ok(())
}

fn usage(visit: &Visit, line: &str, month: &str, seen: &mut Seen) -> Result<(), String> {
    let body = visit.json(&format!("/api/v1/lines/{line}/usage?month={month}"));
    let page = visit.text(&format!("/lines/{line}/usage?month={month}"));
    let days = list(&body, "days");
    let mut wanted = Vec::new();
    let mut partial = 0;
    let told = days.iter().map(|day| {
        let (high, low) = (number(day, "high_octets"), number(day, "low_octets"));
        let whole = day["whole"].as_bool().unwrap();
        wanted.extend([high, low, high + low]);
        partial += usize::from(!whole);
        format!("{} {}+{}{}", &text(day, "date")[8..], kb(high), kb(low), if whole { "" } else { " partial" })
    });
    let told = told.collect::<Vec<_>>().join(", ");
    same(month, wanted, between(&page, "<tbody>", "</tbody>").map(values).unwrap_or_default())?;
    let mark = Language::JA.words().usage.day_partial.text();
    same("days that are not whole", partial, page.matches(mark).count())?;
    if days.is_empty() {
        same(month, Vec::<i128>::new(), values(&page))?;
        seen.insert(month.to_owned(), "unknown".to_owned());
        return Ok(());
    }
    let at = moment(&body["as_of"]);
    dated(&page, &body, "as_of", "usage")?;
    days.iter().try_for_each(|day| day_dated(&page, &body, day))?;
    seen.insert(month.to_owned(), format!("{told} at {at}"));
    Ok(())
}

/// A day's own moment stands in its row, where it is not that of the page.
fn day_dated(page: &str, body: &Value, day: &Value) -> Result<(), String> {
    let (date, said) = (text(day, "date"), |of: &Value| (of["as_of"].clone(), of["as_of_by"].clone()));
    let begins = format!("<tr data-day=\"{}\">", date[8..].trim_start_matches('0'));
    let row = between(page, &begins, "</tr>").ok_or_else(|| format!("{date} has no row"))?;
    let its_own = format!("datetime=\"{}\"", text(day, "as_of"));
    let wanted = if said(day) == said(body) { [false; 2] } else { [true, day["as_of_by"] == "intake"] };
    same(&format!("the moment of {date}"), wanted, [row.contains(&its_own), row.contains(UNSTATED)])
}

fn purchases(visit: &Visit, line: &str, seen: &mut Seen) -> Result<(), String> {
    let body = visit.json(&format!("/api/v1/lines/{line}/purchases"));
    let page = visit.text(&format!("/lines/{line}/purchases"));
    let all = list(&body, "purchases");
    let told: Vec<i128> =
        all.iter().flat_map(|one| [number(one, "octets"), number(one, "amount_yen")]).collect();
    same("purchases", &told, &values(&page))?;
    if !all.is_empty() {
        dated(&page, &body, "as_of", "the list of purchases")?;
    }
    all.iter().try_for_each(|one| dated(&page, one, "as_of", "a purchase"))?;
    let shown = all.iter().map(|one| {
        format!("{} {} {}", moment(&one["at"]), kb(number(one, "octets")), number(one, "amount_yen"))
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    seen.insert("purchases".to_owned(), if all.is_empty() { "unknown".to_owned() } else { shown });
    Ok(())
}

/// The board says of the line what home says.
fn board(visit: &Visit, line: &str, seen: &Seen) -> Result<(), String> {
    let page = visit.text("/lines");
    let all = visit.listed("/api/v1/me", "lines").len();
    same("how many lines are on the board", all, page.matches("<li><a class=\"go\" href=\"/lines/").count())?;
    let entry = format!("<a class=\"go\" href=\"/lines/{line}\"");
    let own = page.split("<li>").find(|part| part.starts_with(&entry)).ok_or("not on the board")?;
    let month = values(own).first().copied();
    match month {
        Some(month) => same(
            "the month on home and on the board",
            seen["month"].split(' ').next(),
            Some(kb(month).as_str()),
        ),
        None => hold(seen["month"] == "unknown", "the board does not know what home says"),
    }
}

fn bills(visit: &Visit, seen: &mut Seen) -> Result<(), String> {
    let all = visit.listed("/api/v1/bills", "bills");
    let amounts: Vec<i128> = all.iter().map(|bill| number(bill, "amount_yen")).collect();
    let page = visit.text("/bills");
    hold(values(&page).ends_with(&amounts), "the list of bills differs")?;
    seen.insert("bills".to_owned(), all.len().to_string());
    all.iter().try_for_each(|one| dated(&page, one, "as_of", "a bill in the list"))?;
    for head in &all {
        bill(visit, text(head, "bill"), seen)?;
    }
    Ok(())
}

fn yen(amount: i128) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{}{out}円", if amount < 0 { "-" } else { "" })
}

fn bill(visit: &Visit, id: &str, seen: &mut Seen) -> Result<(), String> {
    let (words, document) = (&Language::JA.words().bills, &Language::JA.words().document);
    let body = visit.json(&format!("/api/v1/bills/{id}"));
    let (amount, complete) = (number(&body, "amount_yen"), body["items_complete"].as_bool().unwrap());
    let items: Vec<(String, i128)> = list(&body, "items")
        .iter()
        .map(|item| (text(item, "item").to_owned(), number(item, "amount_yen")))
        .collect();
    let amounts: Vec<i128> = items.iter().map(|(_, amount)| *amount).collect();
    let at = moment(&body["as_of"]);
    //
    let page = visit.text(&format!("/bills/{id}"));
    same("a bill's amount on its page", Some(&amount), values(&page).first())?;
    same(
        "a bill's items on its page",
        &amounts,
        &between(&page, "<tbody>", "</tbody>").map(values).unwrap_or_default(),
    )?;
    let (partial, unsaid) =
        (page.contains(words.lines_incomplete.text()), page.contains(words.lines_none.text()));
    same("whether all items are there", complete, !partial && !unsaid)?;
    dated(&page, &body, "as_of", "a bill")?;
    if !items.is_empty() {
        dated(&page, &body, "items_as_of", "the table of items")?;
    }
    //
    let rows = visit.text(&format!("/bills/{id}/csv"));
    let mut reader = csv::Reader::from_reader(rows.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cell = |row: &csv::StringRecord, place: usize| row.get(place).unwrap().to_owned();
    let sum = rows.last().map(|row| cell(row, 7));
    same("a bill's amount in its CSV", Some(amount.to_string()), sum)?;
    let told: Vec<String> = rows[..rows.len() - 2].iter().map(|row| cell(row, 7)).collect();
    let wanted: Vec<String> =
        if partial { vec![String::new()] } else { amounts.iter().map(ToString::to_string).collect() };
    same("a bill's items in its CSV", wanted, told)?;
    let (own, whole) = rows.split_at(rows.len() - 2);
    let given = |by: &Value| if by == "intake" { document.by_intake } else { document.by_ledger }.text();
    for (rows, key) in [(own, if amounts.is_empty() { "as_of" } else { "items_as_of" }), (whole, "as_of")] {
        let wanted = (moment(&body[key]), given(&body[&format!("{key}_by")]).to_owned());
        let is_so = |row: &csv::StringRecord| (cell(row, 8), cell(row, 10)) == wanted;
        hold(rows.iter().all(is_so), "the CSV has another moment")?;
    }
    //
    let sheet = visit.octets(&format!("/bills/{id}/pdf"));
    let sheet = honnin_drill::scan::text_of_pdf(&sheet).ok_or("the sheet says nothing")?;
    let unstated = [&body["as_of_by"], &body["items_as_of_by"]].into_iter().any(|by| by == "intake");
    same(
        "a moment that is the intake's, on the sheet",
        unstated,
        sheet.replace(char::is_whitespace, "").contains(UNSTATED),
    )?;
    for amount in amounts.iter().chain([&amount]) {
        hold(sheet.contains(&yen(*amount)), &format!("the sheet does not say {}", yen(*amount)))?;
    }
    same(
        "that items are not all there, on the sheet",
        partial,
        sheet.contains(words.lines_incomplete.text()),
    )?;
    //
    let items = if complete {
        items.iter().map(|(item, amount)| format!("{item} {amount}")).collect::<Vec<_>>().join(", ")
    } else {
        (if unsaid { "unsaid" } else { "incomplete" }).to_owned()
    };
    let used = body["used_in"].as_str().map_or(String::new(), |month| format!(" used {month}"));
    let told = format!("{} {amount} {}{used}: {items} at {at}", text(&body, "month"), text(&body, "state"));
    seen.insert(text(&body, "code").to_owned(), told);
    Ok(())
}
