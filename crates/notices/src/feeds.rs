//! The record for programs: Statuspage v2 as existing clients read it, Atom and iCalendar. Names of ours begin with `x_`.

use data_encoding::BASE64;
use honnin_terms::{Moment, Zone};
use serde_json::{Value, json};

use crate::board::{Board, Incident, Posted, grave};
use crate::post::{Impact, Part, Texts};
use crate::view::View;

/// Incidents that are over and still listed; all of them stand in the record.
const LISTED: usize = 50;

/// Whose page it is, for programs.
struct Page<'a> {
    view: &'a View,
    tag: &'a str,
}

/// `/api/v2/summary.json`.
pub fn summary_json(view: &View, tag: &str) -> String {
    let page = Page { view, tag };
    let board = &view.board;
    let planned = board.present().into_iter().chain(board.to_come()).filter(|one| one.state().is_planned());
    let faults = board.present().into_iter().filter(|one| !one.state().is_planned());
    json!({
        "page": page.head(),
        "components": page.parts(),
        "incidents": faults.map(|one| page.incident(one)).collect::<Vec<_>>(),
        "scheduled_maintenances": planned.map(|one| page.incident(one)).collect::<Vec<_>>(),
        "status": page.status(),
        "x_record": page.record(),
    })
    .to_string()
}

/// `/api/v2/status.json`.
pub fn status_json(view: &View, tag: &str) -> String {
    let page = Page { view, tag };
    json!({ "page": page.head(), "status": page.status(), "x_record": page.record() }).to_string()
}

/// `/api/v2/incidents.json`: the newest first.
pub fn incidents_json(view: &View, tag: &str) -> String {
    let page = Page { view, tag };
    let incidents: Vec<Value> =
        listed(&view.board).filter(|one| !one.state().is_planned()).map(|one| page.incident(one)).collect();
    json!({ "page": page.head(), "incidents": incidents }).to_string()
}

/// All incidents, the newest first, as many as are listed.
fn listed(board: &Board) -> impl Iterator<Item = &Incident> {
    board.incidents().iter().rev().take(LISTED)
}

impl Page<'_> {
    /// The zone the service told; without one moments are told in UTC.
    fn zone(&self) -> Option<Zone> {
        Zone::named(&self.view.word.as_ref()?.zone).ok()
    }

    fn at(&self, moment: Moment) -> String {
        self.zone().map_or_else(|| moment.to_string(), |zone| zone.rfc3339(moment))
    }

    fn head(&self) -> Value {
        let word = self.view.word.as_ref();
        json!({
            "id": "honnin",
            "name": word.map_or("", |word| word.operator.as_str()),
            "url": word.map_or("", |word| word.url.as_str()),
            "time_zone": self.zone().map_or_else(|| "UTC".to_owned(), |zone| zone.name().to_owned()),
            "updated_at": self.at(self.view.now),
        })
    }

    /// How it stands in one word, with what is not known told as that.
    fn status(&self) -> Value {
        let impact = self.view.board.impact();
        let ja = self.tag != "en";
        let told = |ja_text: &str, en_text: &str| if ja { ja_text.to_owned() } else { en_text.to_owned() };
        let (indicator, description) = if self.view.trouble.is_some() {
            ("critical", told("お知らせの記録を確認できません", "The record of notices does not verify"))
        } else if grave(impact) >= grave(Impact::Minor) {
            (
                impact.word(),
                self.view
                    .board
                    .present()
                    .first()
                    .map_or_else(String::new, |one| one.title().of(self.tag).to_owned()),
            )
        } else if self.view.silent_since.is_some() {
            ("major", told("サービスからの応答がありません", "No word from the service"))
        } else if impact == Impact::Maintenance {
            ("maintenance", told("メンテナンス中です", "Under maintenance"))
        } else {
            ("none", told("通常どおりご利用いただけます", "All systems operational"))
        };
        json!({ "indicator": indicator, "description": description })
    }

    fn parts(&self) -> Vec<Value> {
        let part = |(place, part): (usize, &Part)| {
            let touching = self.view.board.present().into_iter().filter(|one| one.parts().contains(part));
            let worst = touching.map(Incident::impact).max_by_key(|impact| grave(*impact));
            let status = match worst.unwrap_or(Impact::None) {
                // Of what nobody says anything nobody knows that it works.
                Impact::None if self.view.silent_since.is_some() => "partial_outage",
                Impact::None => "operational",
                Impact::Minor => "degraded_performance",
                Impact::Major => "partial_outage",
                Impact::Critical => "major_outage",
                Impact::Maintenance => "under_maintenance",
            };
            json!({
                "id": part.word(), "name": part_name(*part).of(self.tag), "description": Value::Null,
                "status": status, "position": place + 1, "group": false, "group_id": Value::Null,
                "only_show_if_degraded": false, "showcase": true, "page_id": "honnin",
            })
        };
        Part::ALL.iter().enumerate().map(part).collect()
    }

    fn record(&self) -> Value {
        let View { board, word, silent_since, trouble, checkpoint, .. } = self.view;
        json!({
            "entries": board.posts(),
            "checkpoint": String::from_utf8_lossy(checkpoint),
            "word_at": word.as_ref().map(|word| self.at(word.at)),
            "root": word.as_ref().map(|word| BASE64.encode(&word.head.1)),
            "silent": silent_since.is_some(),
            "silent_since": (*silent_since).flatten().map(|since| self.at(since)),
            "trouble": trouble.map(|(trouble, since)| json!({ "what": trouble.word(), "since": self.at(since) })),
        })
    }

    fn incident(&self, incident: &Incident) -> Value {
        let id = incident.id().to_string();
        let mut updates: Vec<Value> = incident.posts().map(|posted| self.update(incident, posted)).collect();
        updates.reverse();
        let revisions: Vec<Value> = incident
            .end_changes()
            .into_iter()
            .map(|change| {
                json!({
                    "at": self.at(change.at), "field": "ends_at",
                    "from": change.from.map(|at| self.at(at)), "to": change.to.map(|at| self.at(at)),
                })
            })
            .collect();
        let Texts { ja, en } = incident.title();
        let planned = incident.state().is_planned();
        let mut told = json!({
            "id": id,
            "name": incident.title().of(self.tag),
            "status": incident.state().word(),
            "impact": incident.impact().word(),
            "created_at": self.at(incident.first.post.at),
            "updated_at": self.at(incident.last().at),
            "started_at": self.at(incident.started_at()),
            "monitoring_at": Value::Null,
            "resolved_at": incident.ended_at().map(|at| self.at(at)),
            "shortlink": Value::Null,
            "page_id": "honnin",
            "incident_updates": updates,
            "components": [],
            "x_ends_at": incident.ends_at().map(|at| self.at(at)),
            "x_next_update_at": incident.next_at().map(|at| self.at(at)),
            "x_next_update_late_seconds": incident.late_by(self.view.now),
            "x_end_late_seconds": incident.end_late_by(self.view.now),
            "x_revisions": revisions,
            "x_lang": { "ja": ja, "en": en },
            "x_by": incident.first.post.by.word(),
        });
        if planned && let Some(told) = told.as_object_mut() {
            told.insert("scheduled_for".to_owned(), json!(self.at(incident.started_at())));
            told.insert(
                "scheduled_until".to_owned(),
                json!(incident.ends_at().or(incident.ended_at()).map(|at| self.at(at))),
            );
        }
        told
    }

    fn update(&self, incident: &Incident, posted: &Posted) -> Value {
        let Posted { index, post } = posted;
        let at = self.at(post.at);
        json!({
            "id": index.to_string(),
            "incident_id": incident.id().to_string(),
            "status": post.state.word(),
            "body": post.body.of(self.tag),
            "created_at": at, "updated_at": at, "display_at": at,
            "affected_components": [],
            "x_lang": { "ja": post.body.ja, "en": post.body.en },
            "x_ends_at": post.ends_at.map(|at| self.at(at)),
            "x_next_update_at": post.next_at.map(|at| self.at(at)),
            "x_by": post.by.word(),
        })
    }
}

/// The name of a part, as people know it.
pub fn part_name(part: Part) -> Texts {
    match part {
        Part::SignIn => Texts::new("ログイン", "Signing in"),
        Part::Pages => Texts::new("残量・利用量・料金の表示", "Balance, usage and bills"),
        Part::Acts => Texts::new("各種お手続き", "Changes"),
        Part::Documents => Texts::new("明細のダウンロードと書き出し", "Documents and exports"),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// `/history.atom`: an entry for each thing that was said, the newest first. Ids are places in the record and stay.
pub fn atom(view: &View, tag: &str) -> String {
    let (word, board) = (view.word.as_ref(), &view.board);
    let name = escaped(word.map_or("Honnin", |word| word.operator.as_str()));
    let url = escaped(word.map_or("", |word| word.url.as_str()));
    // A name for the feed that stays when the address changes: the log's own.
    let id = |rest: &str| format!("urn:honnin:notices:{rest}");
    let updated = board.last_at().unwrap_or(Moment::EPOCH);
    let heading = if tag == "en" { "Service status" } else { "ご利用状況のお知らせ" };
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{tag}\">\n\
         <title>{name} {heading}</title>\n<id>{}</id>\n<updated>{updated}</updated>\n<author><name>{name}</name></author>\n",
        id("feed")
    );
    if !url.is_empty() {
        out.extend(["<link href=\"", url.as_str(), "\"/>\n"]);
    }
    let mut posts: Vec<(&Incident, &Posted)> =
        board.incidents().iter().flat_map(|one| one.posts().map(move |posted| (one, posted))).collect();
    posts.sort_by_key(|(_, posted)| std::cmp::Reverse(posted.index));
    for (incident, Posted { index, post }) in posts.into_iter().take(LISTED) {
        let entry = format!(
            "<entry>\n<title>{}</title>\n<id>{}</id>\n<updated>{at}</updated>\n<published>{at}</published>\n\
             <category term=\"{}\"/>\n<content type=\"text\">{}</content>\n</entry>\n",
            escaped(incident.title().of(tag)),
            id(&index.to_string()),
            post.state.word(),
            escaped(&told_with_promises(incident, *index, tag, view)),
            at = post.at,
        );
        out.push_str(&entry);
    }
    out.push_str("</feed>\n");
    out
}

/// What was said with what was promised then, and what had been promised before.
fn told_with_promises(incident: &Incident, index: u64, tag: &str, view: &View) -> String {
    let page = Page { view, tag };
    let mut before: Option<Moment> = None;
    let mut text = String::new();
    for Posted { index: at, post } in incident.posts() {
        if *at == index {
            post.body.of(tag).clone_into(&mut text);
            let ja = tag != "en";
            if !post.state.is_over() && post.ends_at != before {
                let told = |at: Option<Moment>| {
                    at.map_or_else(|| (if ja { "未定" } else { "not known" }).to_owned(), |at| page.at(at))
                };
                let line = match (before, ja) {
                    (None, true) => format!("終了予定：{}", told(post.ends_at)),
                    (None, false) => format!("Expected end: {}", told(post.ends_at)),
                    (from, true) => format!("終了予定：{} から {} に変更", told(from), told(post.ends_at)),
                    (from, false) => {
                        format!("Expected end: changed from {} to {}", told(from), told(post.ends_at))
                    }
                };
                text = format!("{text}\n{line}");
            }
            break;
        }
        if !post.state.is_over() {
            before = post.ends_at;
        }
    }
    text
}

/// `/calendar.ics`: planned work, with its present times (RFC 5545).
pub fn calendar(view: &View, tag: &str) -> String {
    let mut out = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Honnin//notices//EN\r\n");
    for incident in view.board.incidents().iter().filter(|one| one.state().is_planned()) {
        let changes = incident.later.len();
        let mut line = |text: String| fold(&mut out, &text);
        line("BEGIN:VEVENT".to_owned());
        line(format!("UID:notice-{}@honnin", incident.id()));
        line(format!("DTSTAMP:{}", stamp(incident.last().at)));
        line(format!("SEQUENCE:{changes}"));
        line(format!("DTSTART:{}", stamp(incident.started_at())));
        if let Some(end) = incident.ended_at().or(incident.ends_at()) {
            line(format!("DTEND:{}", stamp(end)));
        }
        line(format!("SUMMARY:{}", escaped_ics(incident.title().of(tag))));
        line(format!(
            "DESCRIPTION:{}",
            escaped_ics(&told_with_promises(
                incident,
                incident.posts().next_back().map_or(0, |last| last.index),
                tag,
                view
            ))
        ));
        line("END:VEVENT".to_owned());
    }
    out.push_str("END:VCALENDAR\r\n");
    out
}

/// `20210715T010000Z`.
fn stamp(at: Moment) -> String {
    let whole = Moment::EPOCH.plus_seconds(at.seconds_since(Moment::EPOCH));
    whole.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

fn escaped_ics(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out
}

/// Lines are 75 octets long at most; what is longer goes on after a space.
fn fold(out: &mut String, line: &str) {
    let mut length = 0;
    for c in line.chars() {
        if length + c.len_utf8() > 74 {
            out.push_str("\r\n ");
            length = 1;
        }
        out.push(c);
        length += c.len_utf8();
    }
    out.push_str("\r\n");
}
