//! `honnin journal`: the record of every disclosure, verified and asked.

use std::fmt;
use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use honnin_care::{AuditRow, AuditSide, Channel, What};
use honnin_journal::{Basis, Entry, EpochKeys, Kind, Pseudonym, Report, Violation, verify, verify_each};
use honnin_seal::VerifyingKey;
use honnin_terms::{Day, Moment, Zone};
use jiff::civil::date;
use serde::Serialize;

use super::input::login;
use crate::command::{JournalCommand, Period, Question};
use crate::failure::{Exit, Failure};
use crate::installation::{Installation, JournalFiles};
use crate::run::merged;
use crate::say::{self, Say};
use crate::wiring::epochs;

pub(super) fn journal(
    say: Say,
    installation: &Installation,
    command: &JournalCommand,
) -> Result<Exit, Failure> {
    let zone = Zone::named(&installation.settings.tenant.zone)?;
    match command {
        JournalCommand::Verify { period } => check(say, installation, &zone, period),
        JournalCommand::WhoSaw(question) => ask(say, installation, &zone, question, AuditSide::WhoSaw),
        JournalCommand::SeenBy(question) => ask(say, installation, &zone, question, AuditSide::SeenBy),
    }
}

/// The key of a journal that is there.
fn key_of_journal(installation: &Installation) -> Result<VerifyingKey, Failure> {
    match installation.journal_files()? {
        JournalFiles::There => installation.journal_key(),
        JournalFiles::NotYet => Err(Failure::with(
            Exit::NoJournal,
            "cannot read the journal: there is none yet; the first `honnin serve` begins it".to_owned(),
        )),
        JournalFiles::Gone => Err(Failure::with(
            Exit::Refuted,
            format!(
                "cannot verify the journal: {} is missing or empty, and the keyring has written entries into it; restore \
                 it from a copy",
                installation.journal().display()
            ),
        )),
    }
}

fn check(say: Say, installation: &Installation, zone: &Zone, period: &Period) -> Result<Exit, Failure> {
    let key = key_of_journal(installation)?;
    let report = verify(&installation.journal(), &key, moments(zone, period)?)
        .map_err(|violation| refused(violation, zone))?;
    say.tell(&Verified::of(&report, zone))?;
    Ok(Exit::Done)
}

/// From the first day's beginning to the end of the last, in the operator's zone.
fn moments(zone: &Zone, period: &Period) -> Result<Option<(Moment, Moment)>, Failure> {
    let Period { from, to } = *period;
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    let (first, last) = (Day::from(date(1970, 1, 2)), Day::from(date(9999, 1, 1)));
    let after = to.map_or(last, |day| day.plus(1));
    Ok(Some((zone.start_of(from.unwrap_or(first))?, zone.start_of(after)?)))
}

fn refused(violation: Violation, zone: &Zone) -> Failure {
    if let Violation::Pruned { before } = violation {
        let before = zone.rfc3339(before);
        return Failure::cannot(format_args!(
            "answer for this period: entries before {before} were pruned; ask for a later period"
        ));
    }
    Failure::with(Exit::Refuted, format!("the journal does not verify: {}", Failure::from(violation)))
}

/// A journal that verifies.
#[derive(Serialize)]
struct Verified {
    verifies: bool,
    origin: String,
    entries: u64,
    unpublished: u64,
    root: String,
    to_owner: u64,
    on_basis: u64,
    bases: u64,
    older_checkpoints: u64,
    /// The last batch was not written to its end; nothing was disclosed for it.
    unfinished: bool,
    pruned: u64,
    kept_from: Option<String>,
}

impl Verified {
    fn of(report: &Report, zone: &Zone) -> Self {
        let Report {
            origin,
            size,
            root,
            minimum,
            kept_from,
            unpublished,
            unfinished,
            to_owner,
            on_basis,
            bases,
            history,
        } = report;
        Self {
            verifies: true,
            origin: origin.clone(),
            entries: *size,
            unpublished: *unpublished,
            root: BASE64.encode(root),
            to_owner: *to_owner,
            on_basis: *on_basis,
            bases: *bases,
            older_checkpoints: *history,
            unfinished: *unfinished,
            pruned: *minimum,
            kept_from: kept_from.map(|from| zone.rfc3339(from)),
        }
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, entries, unpublished, root, to_owner, on_basis, bases, older_checkpoints, .. } =
            self;
        writeln!(f, "journal     {origin}")?;
        writeln!(f, "entries     {entries} in the signed tree, {unpublished} durable and not yet published")?;
        writeln!(f, "root        {root}")?;
        writeln!(f, "to owner    {to_owner} disclosures")?;
        writeln!(f, "on a basis  {on_basis} disclosures on {bases} grants and cases")?;
        writeln!(f, "history     {older_checkpoints} older checkpoints agree")?;
        if self.unfinished {
            writeln!(
                f,
                "unfinished  the last batch was not written to its end; nothing was disclosed for it"
            )?;
        }
        if let Some(from) = &self.kept_from {
            writeln!(f, "pruned      {} entries, before {from}", self.pruned)?;
        }
        Ok(())
    }
}

/// Answers from the files while the writer may go on, in the pass that proves them.
fn ask(
    say: Say,
    installation: &Installation,
    zone: &Zone,
    question: &Question,
    side: AuditSide,
) -> Result<Exit, Failure> {
    let Question { login: word, period } = question;
    let key = key_of_journal(installation)?;
    let keeper = installation.keeper(Arc::new(honnin_keeper::Silent))?;
    let epochs: Vec<Arc<EpochKeys>> = epochs::kept(&keeper)?.into_iter().map(Arc::new).collect();
    let account = keeper.account_id(&login(word)?);
    let names: Vec<(u32, Pseudonym)> =
        epochs.iter().map(|keys| (keys.epoch, keys.account(account))).collect();
    let merged = match side {
        AuditSide::WhoSaw => merged::of(installation, account, &epochs)?,
        AuditSide::SeenBy => Vec::new(),
    };
    let mut rows = Vec::new();
    let mut take = |index: u64, entry: &Entry| {
        let person = match side {
            AuditSide::WhoSaw => entry.owner,
            AuditSide::SeenBy => entry.viewer,
        };
        if entry.kind == Kind::Disclosure && names.contains(&(entry.epoch, person)) {
            rows.push(AuditRow::of(index, entry, &epochs));
        } else {
            rows.extend(merged.iter().find_map(|merged| merged.row(index, entry, &epochs)));
        }
    };
    let report = verify_each(&installation.journal(), &key, moments(zone, period)?, &mut take)
        .map_err(|violation| refused(violation, zone))?;
    let answer = Answer {
        disclosures: rows.iter().map(|row| Seen::of(row, zone)).collect(),
        verified_entries: report.size + report.unpublished,
        answerable_since: report.kept_from.map(|from| zone.rfc3339(from)),
    };
    say.tell(&answer)?;
    if say == Say::Text {
        let Answer { disclosures, verified_entries, answerable_since } = &answer;
        let since = answerable_since.as_ref().map(|from| format!("; answerable since {from}"));
        say::note(format_args!(
            "{} disclosures; the journal verifies up to entry {verified_entries}{}",
            disclosures.len(),
            since.unwrap_or_default()
        ));
    }
    Ok(Exit::Done)
}

/// Who was shown what.
#[derive(Serialize)]
struct Answer {
    disclosures: Vec<Seen>,
    verified_entries: u64,
    answerable_since: Option<String>,
}

/// One disclosure. People are pseudonyms of their epoch, so that the answer can be passed on.
#[derive(Serialize)]
struct Seen {
    index: u64,
    at: String,
    viewer: String,
    owner: String,
    what: &'static str,
    channel: &'static str,
    line: String,
    basis: String,
}

impl Seen {
    fn of(row: &AuditRow, zone: &Zone) -> Self {
        let AuditRow { index, at, own, basis, viewer, owner, what, channel, holding } = row;
        let person = |name: &Pseudonym| HEXLOWER.encode(&name.0);
        Self {
            index: *index,
            at: zone.rfc3339(*at),
            viewer: if *own { "owner".to_owned() } else { person(viewer) },
            owner: person(owner),
            what: what.map_or("unknown", What::word),
            channel: channel.map_or("unknown", Channel::word),
            line: holding.map(|line| line.to_string()).unwrap_or_default(),
            basis: match basis {
                Basis::Self_ => "self".to_owned(),
                Basis::Index(index) => index.to_string(),
            },
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("index,at,viewer,owner,what,channel,line,basis")?;
        for Seen { index, at, viewer, owner, what, channel, line, basis } in &self.disclosures {
            write!(f, "\n{index},{at},{viewer},{owner},{what},{channel},{line},{basis}")?;
        }
        Ok(())
    }
}
