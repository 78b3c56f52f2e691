//! `honnin journal`: the record of every disclosure, verified and asked.

use std::fmt;
use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use honnin_care::{AuditRow, Channel, What};
use honnin_journal::{
    Breach, Entry, EpochKeys, Kind, LogReport, Party, Pseudonym, Report, Trust, Violation, Who, is_written,
    verify,
};
use honnin_seal::VerifyingKey;
use honnin_terms::{Basis, Day, EntryRef, Moment, Zone};
use jiff::civil::date;
use serde::Serialize;

use super::input::login;
use super::{accept, redirect};
use crate::command::{JournalCommand, Period, Question};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::run::merged;
use crate::say::{self, Say};
use crate::wiring::acts::Deed;
use crate::wiring::{COMMANDS, Rooms, proven, trust};

pub(super) fn journal(
    say: Say,
    installation: &Installation,
    operator: &str,
    command: &JournalCommand,
) -> Result<Exit, Failure> {
    let zone = Zone::named(&installation.settings.tenant.zone)?;
    match command {
        JournalCommand::Verify { key, period } => check(say, installation, &zone, key.as_deref(), period),
        JournalCommand::WhoSaw(question) => ask(say, installation, operator, &zone, question, Side::WhoSaw),
        JournalCommand::SeenBy(question) => ask(say, installation, operator, &zone, question, Side::SeenBy),
        JournalCommand::Acts { period } => acts(say, installation, &zone, period),
        JournalCommand::Redirect(confirmed) => redirect::redirect(say, installation, operator, *confirmed),
        JournalCommand::Accept(confirmed) => accept::accept(say, installation, operator, *confirmed),
    }
}

fn rooms(installation: &Installation) -> Result<Rooms, Failure> {
    Rooms::open(installation.clone(), installation.clock()?)
}

/// Which side of the disclosures an auditor asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Who saw this account's data.
    WhoSaw,
    /// What this account saw.
    SeenBy,
}

/// Whether a server has its log open.
pub(super) fn is_served(rooms: &Rooms) -> Result<bool, Failure> {
    let commands = rooms.log(COMMANDS)?;
    let root = rooms.installation.journal();
    for (log, _) in rooms.heads()?.into_iter().filter(|(log, _)| *log != commands) {
        if is_written(&root, log)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether there is a journal to be asked.
pub(super) fn is_there(installation: &Installation) -> Result<(), Failure> {
    if installation.has_journal_files()? {
        return Ok(());
    }
    if rooms(installation)?.heads()?.is_empty() {
        let none = "cannot read the journal: there is none yet; the first `honnin serve` begins it";
        return Err(Failure::with(Exit::NoJournal, none.to_owned()));
    }
    Err(Failure::with(
        Exit::Refuted,
        format!(
            "cannot verify the journal: {} is missing or empty, and there were entries in it; restore it from a copy",
            installation.journal().display()
        ),
    ))
}

fn check(
    say: Say,
    installation: &Installation,
    zone: &Zone,
    key: Option<&str>,
    period: &Period,
) -> Result<Exit, Failure> {
    let period = moments(zone, period)?;
    let report = if let Some(key) = key {
        verify(&installation.journal(), &Trust::of_key(verifying_key(key)?), period)
    } else {
        is_there(installation)?;
        proven(&rooms(installation)?, period, &mut |_, _| {})?
    };
    let report = report.map_err(|breach| refused(breach, zone))?;
    say.tell(&Verified::of(&report, zone))?;
    Ok(Exit::Done)
}

/// A key that verifies, in base64.
fn verifying_key(text: &str) -> Result<VerifyingKey, Failure> {
    let octets = BASE64.decode(text.trim().as_bytes()).ok();
    let key = octets.and_then(|octets| <[u8; 32]>::try_from(octets.as_slice()).ok());
    key.map(VerifyingKey).ok_or_else(|| Failure::cannot("read --key: expect 32 octets in base64"))
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

fn refused(breach: Breach, zone: &Zone) -> Failure {
    if let Violation::Pruned { before } = breach.violation {
        let before = zone.rfc3339(before);
        return Failure::cannot(format_args!(
            "answer for this period: entries before {before} were pruned; ask for a later period"
        ));
    }
    Failure::with(Exit::Refuted, format!("the journal does not verify: {}", Failure::from(breach)))
}

/// A journal that verifies.
#[derive(Serialize)]
struct Verified {
    verifies: bool,
    logs: Vec<VerifiedLog>,
    to_owner: u64,
    on_basis: u64,
    bases: u64,
}

/// One log of it.
#[derive(Serialize)]
struct VerifiedLog {
    origin: String,
    /// The key as a witness has to know it.
    key: String,
    entries: u64,
    unpublished: u64,
    root: String,
    older_checkpoints: u64,
    /// The last batch is broken: it is being written, a crash cut it off, or somebody was at the files.
    unfinished: bool,
    clock_sets: u64,
    /// The clock was set, and nobody has said since that it is right.
    clock_unsettled: bool,
    pruned: u64,
    kept_from: Option<String>,
}

impl Verified {
    fn of(report: &Report, zone: &Zone) -> Self {
        let Report { logs, to_owner, on_basis, bases } = report;
        let logs = logs.iter().map(|log| VerifiedLog::of(log, zone)).collect();
        Self { verifies: true, logs, to_owner: *to_owner, on_basis: *on_basis, bases: *bases }
    }
}

impl VerifiedLog {
    fn of(report: &LogReport, zone: &Zone) -> Self {
        Self {
            origin: report.origin.clone(),
            key: report.verifier_key.clone(),
            entries: report.size,
            unpublished: report.unpublished,
            root: BASE64.encode(&report.root),
            older_checkpoints: report.history,
            unfinished: report.unfinished,
            clock_sets: report.clock_sets,
            clock_unsettled: report.unsettled,
            pruned: report.minimum,
            kept_from: report.kept_from.map(|from| zone.rfc3339(from)),
        }
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verifies: _, logs, to_owner, on_basis, bases } = self;
        logs.iter().try_for_each(|log| write!(f, "{log}"))?;
        writeln!(f, "to owner    {to_owner} disclosures")?;
        writeln!(f, "on a basis  {on_basis} disclosures on {bases} grants and cases")
    }
}

impl fmt::Display for VerifiedLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, entries, unpublished, root, older_checkpoints, clock_sets, .. } = self;
        writeln!(f, "journal     {origin}")?;
        writeln!(f, "key         {}", self.key)?;
        writeln!(f, "entries     {entries} in the signed tree, {unpublished} durable and not yet published")?;
        writeln!(f, "root        {root}")?;
        writeln!(f, "history     {older_checkpoints} older checkpoints agree")?;
        if self.unfinished {
            writeln!(
                f,
                "unfinished  the last batch is broken: it is being written, a crash cut it off, or somebody was at the \
                 files; nobody was told of what was in it"
            )?;
        }
        if *clock_sets > 0 {
            let unsettled =
                if self.clock_unsettled { "; nobody has said since that it is right" } else { "" };
            writeln!(f, "clock       set {clock_sets} times by more than a minute{unsettled}")?;
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
    operator: &str,
    zone: &Zone,
    question: &Question,
    side: Side,
) -> Result<Exit, Failure> {
    let Question { login: word, period } = question;
    is_there(installation)?;
    let rooms = rooms(installation)?;
    let keeper = &rooms.keeper;
    let epochs: Vec<Arc<EpochKeys>> = rooms.epochs()?.into_iter().map(Arc::new).collect();
    let account = keeper.account_id(&login(word)?);
    rooms.act(operator, Kind::Asked, Party::Account(account), Deed::default())?;
    let names: Vec<(u32, Pseudonym)> =
        epochs.iter().map(|keys| (keys.epoch, keys.account(account))).collect();
    let trust = trust(&rooms)?;
    let root = installation.journal();
    // Where lines went the journal itself says: in a pass of its own, because a merge is written down after it is made.
    let merged = match side {
        Side::WhoSaw => {
            merged::of(&root, &trust, account, &epochs).map_err(|breach| refused(breach, zone))?
        }
        Side::SeenBy => Vec::new(),
    };
    let mut rows = Vec::new();
    let mut take = |at: EntryRef, entry: &Entry| {
        let person = match side {
            Side::WhoSaw => entry.owner,
            Side::SeenBy => entry.viewer,
        };
        if entry.kind == Kind::Disclosure && names.contains(&(entry.epoch, person)) {
            rows.push(AuditRow::of(at, entry, &epochs));
        } else {
            rows.extend(merged.iter().find_map(|merged| merged.row(at, entry, &epochs)));
        }
    };
    let report =
        proven(&rooms, moments(zone, period)?, &mut take)?.map_err(|breach| refused(breach, zone))?;
    let answer = Answer {
        disclosures: rows.iter().map(|row| Seen::of(row, zone)).collect(),
        verified_entries: report.entries(),
        answerable_since: report.kept_from().map(|from| zone.rfc3339(from)),
    };
    say.tell(&answer)?;
    if say == Say::Text {
        let Answer { disclosures, verified_entries, answerable_since } = &answer;
        let since = answerable_since.as_ref().map(|from| format!("; answerable since {from}"));
        say::note(format_args!(
            "{} disclosures; the journal verifies: {verified_entries} entries{}",
            disclosures.len(),
            since.unwrap_or_default()
        ));
    }
    Ok(Exit::Done)
}

/// What operators did.
fn acts(say: Say, installation: &Installation, zone: &Zone, period: &Period) -> Result<Exit, Failure> {
    is_there(installation)?;
    let rooms = rooms(installation)?;
    let epochs = rooms.epochs()?;
    let mut acts = Vec::new();
    let mut take = |at: EntryRef, entry: &Entry| {
        // A case is opened and closed by a person of the operator too.
        let on_case = matches!(entry.kind, Kind::CaseOpened | Kind::CaseClosed);
        if entry.kind.row().viewer != Who::Operator && !on_case {
            return;
        }
        // Details of an epoch whose keys were destroyed are gone; that something was done is not.
        let keys = epochs.iter().find(|keys| keys.epoch == entry.epoch);
        let details = keys.and_then(|keys| keys.open(entry).ok()).unwrap_or_default();
        acts.push(Done {
            entry: at.to_string(),
            at: zone.rfc3339(entry.moment),
            act: entry.kind.row().word,
            operator: details.operator,
            account: if entry.owner == Pseudonym::NOBODY {
                String::new()
            } else {
                HEXLOWER.encode(&entry.owner.0)
            },
            counts: details.counts,
            note: details.note,
        });
    };
    proven(&rooms, moments(zone, period)?, &mut take)?.map_err(|breach| refused(breach, zone))?;
    say.tell(&Deeds { acts })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Deeds {
    acts: Vec<Done>,
}

/// One act of an operator; the account is a pseudonym of its epoch.
#[derive(Serialize)]
struct Done {
    entry: String,
    at: String,
    act: &'static str,
    operator: String,
    account: String,
    counts: Vec<u64>,
    note: String,
}

impl fmt::Display for Deeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("entry,at,act,operator,account,counts,note")?;
        let plain = |text: &str| text.replace([',', '"', '\n', '\r'], " ");
        for Done { entry, at, act, operator, account, counts, note } in &self.acts {
            let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
            let (operator, counts, note) = (plain(operator), counts.join(" "), plain(note));
            write!(f, "\n{entry},{at},{act},{operator},{account},{counts},{note}")?;
        }
        Ok(())
    }
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
    entry: String,
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
        let AuditRow { entry, at, own, basis, viewer, owner, what, channel, holding, new_device: _ } = row;
        let person = |name: &Pseudonym| HEXLOWER.encode(&name.0);
        Self {
            entry: entry.to_string(),
            at: zone.rfc3339(*at),
            viewer: if *own { "owner".to_owned() } else { person(viewer) },
            owner: person(owner),
            what: what.map_or("unknown", What::word),
            channel: channel.map_or("unknown", Channel::word),
            line: holding.map(|line| line.to_string()).unwrap_or_default(),
            basis: match basis {
                Basis::Own => "self".to_owned(),
                Basis::Grant(entry) | Basis::Case(entry) => entry.to_string(),
            },
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("entry,at,viewer,owner,what,channel,line,basis")?;
        for Seen { entry, at, viewer, owner, what, channel, line, basis } in &self.disclosures {
            write!(f, "\n{entry},{at},{viewer},{owner},{what},{channel},{line},{basis}")?;
        }
        Ok(())
    }
}
