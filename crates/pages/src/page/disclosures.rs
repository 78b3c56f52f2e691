//! Who has seen my data.

use askama::Template;
use honnin_care::STOPPED;
use honnin_care::facts::{ActRow, DisclosureRow, Disclosures, LineHead, Others, Viewer};
use honnin_terms::{Day, EntryRef};

use super::paths::{Address, DisclosuresBefore};
use super::{Nav, Shell, Theme, rendered};
use crate::format::{Count, Html, Place};
use crate::piece::Told;

/// Who has seen my data.
#[derive(Debug, Clone, Template)]
#[template(path = "disclosures.html", whitespace = "minimize")]
pub struct DisclosuresPage<'a> {
    /// The frame.
    pub shell: Shell<'a>,
    /// What is shown.
    pub facts: &'a Disclosures,
    /// The lines of the account, to name those of the rows.
    pub lines: &'a [LineHead],
    /// Whether these are older rows than the newest.
    pub older: bool,
}

/// Her own looks of one day.
struct OwnDay<'a> {
    day: Day,
    runs: Vec<Run<'a>>,
}

impl<'a> OwnDay<'a> {
    /// One more, older than those before it.
    fn add(&mut self, row: &'a DisclosureRow) {
        match self.runs.last_mut() {
            Some(last) if last.takes(row) => (last.oldest, last.looks) = (row, last.looks + 1),
            Some(_) | None => self.runs.push(Run::of(row)),
        }
    }

    fn looks(&self) -> u64 {
        self.runs.iter().map(|run| run.looks).sum()
    }
}

/// Looks at the same thing in the same way, one after the other: who asks every few seconds how far an act is makes
/// dozens of them.
struct Run<'a> {
    newest: &'a DisclosureRow,
    oldest: &'a DisclosureRow,
    looks: u64,
}

impl<'a> Run<'a> {
    const fn of(row: &'a DisclosureRow) -> Self {
        Self { newest: row, oldest: row, looks: 1 }
    }

    fn takes(&self, row: &DisclosureRow) -> bool {
        let of = |row: &DisclosureRow| (row.what, row.line, row.channel, row.new_device);
        of(self.oldest) == of(row)
    }
}

impl DisclosuresPage<'_> {
    /// The page as HTML.
    pub fn render(&self) -> String {
        rendered(self, 16 * 1024)
    }

    /// Looks by anybody but the owner: first the newest of all the time there are records of, further back those of
    /// the page, so that none is on no page; where the whole is not known, those of the page too.
    fn others(&self) -> Vec<&DisclosureRow> {
        match self.newest_others() {
            Some(others) => others.rows.iter().collect(),
            None => self.facts.rows.iter().filter(|row| !Self::is_own(row)).collect(),
        }
    }

    fn newest_others(&self) -> Option<&Others> {
        self.facts.others.as_ref().filter(|_| !self.older)
    }

    /// How many looks by others are not listed, but on the pages further back.
    fn unlisted(&self) -> u64 {
        let listed = |rows: &[DisclosureRow]| u64::try_from(rows.len()).unwrap_or(u64::MAX);
        self.newest_others().map_or(0, |others| others.count.saturating_sub(listed(&others.rows)))
    }

    /// Her own looks by day, newest first; looks at the same thing, one after the other, are one of the list.
    fn own_days(&self) -> Vec<OwnDay<'_>> {
        let mut days: Vec<OwnDay<'_>> = Vec::new();
        for row in self.facts.rows.iter().filter(|row| Self::is_own(row)) {
            let day = self.shell.zone.day(row.at);
            match days.last_mut() {
                Some(last) if last.day == day => last.add(row),
                Some(_) | None => days.push(OwnDay { day, runs: vec![Run::of(row)] }),
            }
        }
        days
    }

    /// How often, where it is more than once, and since when.
    fn own_run(&self, run: &Run<'_>) -> Option<Told> {
        let words = self.shell.words();
        let phrase = words.disclosures.own_run.of_count(run.looks, words);
        let said = phrase.with(Count(run.looks), self.shell.when(run.oldest.at)).told();
        (run.looks > 1).then_some(said)
    }

    fn is_own(row: &DisclosureRow) -> bool {
        matches!(row.viewer, Viewer::Myself) && row.channel != "operator"
    }

    fn own_day(&self, group: &OwnDay<'_>) -> Told {
        let words = self.shell.words();
        let phrase = words.disclosures.own_day.of_count(group.looks(), words);
        phrase.with(Count(group.looks()), self.shell.day(group.day)).told()
    }

    /// Where older records are.
    fn before(&self, before: EntryRef) -> Html<DisclosuresBefore> {
        Html(DisclosuresBefore(before, self.shell.chosen()))
    }

    /// The number of the row's line, where it is about one that the account still lists.
    fn line(&self, row: &DisclosureRow) -> Option<&str> {
        let line = row.line?;
        self.lines.iter().find(|head| head.line == line).map(LineHead::name)
    }

    /// The route table's word in the reader's; a word without translation is shown as it is.
    fn what(&self, row: &DisclosureRow) -> &'static str {
        let words = &self.shell.words().disclosures;
        match row.what {
            "me" | "lines" => words.kind_me.text(),
            "home" => words.kind_home.text(),
            "usage" => words.kind_usage.text(),
            "buckets" => words.kind_buckets.text(),
            "purchases" => words.kind_purchases.text(),
            "contract" => words.kind_contract.text(),
            "speed" => words.kind_speed.text(),
            "bills" => words.kind_bills.text(),
            "bill" => words.kind_bill.text(),
            "export" => words.kind_export.text(),
            "bill_pdf" => words.kind_bill_pdf.text(),
            "bill_csv" => words.kind_bill_csv.text(),
            "devices" | "sessions" => words.kind_devices.text(),
            "disclosures" => words.kind_disclosures.text(),
            "merge_consent" => words.kind_merge_consent.text(),
            "merge" => words.kind_merge.text(),
            "second_factor" => words.kind_factor.text(),
            "passkeys" => words.kind_passkeys.text(),
            other => other,
        }
    }

    /// What was done to the account, the operator's acts first; each part newest first.
    fn acts(&self) -> Vec<&ActRow> {
        let (theirs, own): (Vec<_>, Vec<_>) = self.facts.acts.iter().partition(|act| act.by_operator);
        [theirs, own].concat()
    }

    /// An act in the reader's words.
    fn act(&self, row: &ActRow) -> &'static str {
        let words = &self.shell.words().disclosures;
        match row.act {
            "signed_in" => words.act_signed_in.text(),
            "password_changed" | "activated" => words.act_password.text(),
            "signed_out" | "session_ended" | "all_ended" => words.act_ended.text(),
            STOPPED => words.act_stopped.text(),
            "export_made" | "export_fetched" => words.act_exported.text(),
            "token_made" => words.act_token.text(),
            "factor_set" => words.act_factor_set.text(),
            "recovery_codes_made" => words.act_recovery.text(),
            "factor_removed" => words.act_factor_removed.text(),
            "passkey_made" => words.act_passkey.text(),
            "passkey_removed" => words.act_passkey_removed.text(),
            "invited" => words.act_invited.text(),
            "credential_imported" => words.act_imported.text(),
            "asked" => words.act_asked.text(),
            "merged" | "unmerged" => words.act_merged.text(),
            "case_opened" => words.act_case_opened.text(),
            "case_closed" => words.act_case_closed.text(),
            _ if row.by_operator => words.act_operated.text(),
            _ => words.act_changed.text(),
        }
    }

    /// Sign-ins that failed on one day.
    fn failed(&self, row: &ActRow) -> Told {
        let (words, count) = (self.shell.words(), Count(row.times));
        if row.and_more {
            return words.disclosures.act_failed_more.with(count).told();
        }
        words.disclosures.act_failed.of_count(row.times, words).with(count).told()
    }

    fn channel(&self, row: &DisclosureRow) -> &'static str {
        let words = &self.shell.words().disclosures;
        match row.channel {
            "page" => words.page.text(),
            "api" => words.api.text(),
            "mail" => words.mail.text(),
            "export" => words.export.text(),
            "operator" => words.by_operator.text(),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use honnin_terms::{HoldingId, Id, LogId, Moment};

    use super::*;

    fn row(index: u64, what: &'static str, line: u8, seconds: i64) -> DisclosureRow {
        let log = LogId::from_octets([1; 16]);
        DisclosureRow {
            entry: EntryRef { log, index },
            at: Moment::EPOCH.plus_seconds(seconds),
            viewer: Viewer::Myself,
            what,
            line: Some(HoldingId::from_octets([line; 16])),
            channel: "api",
            new_device: false,
        }
    }

    #[test]
    fn the_polls_of_one_act_are_one_line() {
        let mut rows: Vec<DisclosureRow> = (0..40)
            .map(|poll| row(100 - poll, "speed", 1, 1_000 - 2 * i64::try_from(poll).unwrap()))
            .collect();
        rows.push(row(60, "speed", 2, 900));
        rows.push(row(59, "home", 1, 890));
        rows.push(row(58, "speed", 1, 880));
        let mut day = OwnDay { day: Day::new(2026, 11, 20).unwrap(), runs: vec![Run::of(&rows[0])] };
        rows[1..].iter().for_each(|row| day.add(row));
        let runs: Vec<_> = day.runs.iter().map(|run| (run.newest.entry.index, run.looks)).collect();
        assert_eq!(runs, [(100, 40), (60, 1), (59, 1), (58, 1)]);
        assert_eq!((day.runs[0].oldest.entry.index, day.looks()), (61, 43));
    }
}
