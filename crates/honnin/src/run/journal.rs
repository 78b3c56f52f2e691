//! `honnin journal`: the record of every disclosure, verified and asked.

use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use honnin_care::{AuditRow, AuditSide, Channel, What};
use honnin_journal::{Basis, Entry, EpochKeys, Kind, Pseudonym, Report, Violation, verify, verify_each};
use honnin_terms::{Day, Moment, Zone};
use jiff::civil::date;

use crate::command::{JournalCommand, Period, Question};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::run::merged;
use crate::say;
use crate::wiring::epochs;

pub(super) fn journal(installation: &Installation, command: &JournalCommand) -> Result<Exit, Failure> {
    let zone = Zone::named(&installation.settings.tenant.zone)?;
    match command {
        JournalCommand::Verify { period } => check(installation, &zone, period),
        JournalCommand::WhoSaw(question) => ask(installation, &zone, question, AuditSide::WhoSaw),
        JournalCommand::SeenBy(question) => ask(installation, &zone, question, AuditSide::SeenBy),
    }
}

fn check(installation: &Installation, zone: &Zone, period: &Period) -> Result<Exit, Failure> {
    let key = installation.journal_key()?;
    if !installation.journal().exists() {
        // Missing is not verified: whether there never was one, or it was taken away, nobody can tell from here.
        say::note("there is no journal here; the first `serve` begins one");
        return Ok(Exit::Found);
    }
    match verify(&installation.journal(), &key, moments(zone, period)?) {
        Ok(report) => {
            tell(&report, zone);
            Ok(Exit::Done)
        }
        Err(violation) => Ok(refused(violation, zone)),
    }
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

fn refused(violation: Violation, zone: &Zone) -> Exit {
    if let Violation::Pruned { before } = violation {
        say::note(format_args!("not answerable: entries before {} were pruned", zone.rfc3339(before)));
    } else {
        say::error(Failure::from(violation).during("the journal does NOT verify"));
    }
    Exit::Found
}

fn tell(report: &Report, zone: &Zone) {
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
    say::line(format_args!("journal     {origin}"));
    say::line(format_args!(
        "entries     {size} in the signed tree, {unpublished} durable and not yet published"
    ));
    say::line(format_args!("root        {}", BASE64.encode(root)));
    say::line(format_args!("to owner    {to_owner} disclosures"));
    say::line(format_args!("on a basis  {on_basis} disclosures on {bases} grants and cases"));
    say::line(format_args!("history     {history} older checkpoints agree"));
    if *unfinished {
        say::line("unfinished  the last batch was not written to its end; nothing was disclosed for it");
    }
    if let Some(from) = kept_from {
        say::line(format_args!("pruned      {minimum} entries, before {}", zone.rfc3339(*from)));
    }
}

/// Answers from the files while the writer may go on, in the pass that proves them.
fn ask(
    installation: &Installation,
    zone: &Zone,
    question: &Question,
    side: AuditSide,
) -> Result<Exit, Failure> {
    let Question { login, period } = question;
    let keeper = installation.keeper(Arc::new(honnin_keeper::Silent))?;
    let epochs: Vec<Arc<EpochKeys>> = epochs::kept(&keeper)?.into_iter().map(Arc::new).collect();
    let account = keeper.account_id(login);
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
    let key = installation.journal_key()?;
    match verify_each(&installation.journal(), &key, moments(zone, period)?, &mut take) {
        Ok(report) => {
            say::line("index,at,viewer,owner,what,channel,line,basis");
            for row in &rows {
                say::line(written(row, zone));
            }
            let since = report.kept_from.map(|from| format!("; answerable since {}", zone.rfc3339(from)));
            say::note(format_args!(
                "{} disclosures; the journal verifies up to entry {}{}",
                rows.len(),
                report.size + report.unpublished,
                since.unwrap_or_default()
            ));
            Ok(Exit::Done)
        }
        Err(violation) => Ok(refused(violation, zone)),
    }
}

/// One disclosure as a row of CSV. People are pseudonyms of their epoch, so that the answer can be passed on.
fn written(row: &AuditRow, zone: &Zone) -> String {
    let AuditRow { index, at, own, basis, viewer, owner, what, channel, holding } = row;
    let person = |name: &Pseudonym| HEXLOWER.encode(&name.0);
    let viewer = if *own { "owner".to_owned() } else { person(viewer) };
    let what = what.map_or("unknown", What::word);
    let channel = channel.map_or("unknown", Channel::word);
    let line = holding.map(|line| line.to_string()).unwrap_or_default();
    let basis = match basis {
        Basis::Self_ => "self".to_owned(),
        Basis::Index(index) => index.to_string(),
    };
    format!("{index},{},{viewer},{},{what},{channel},{line},{basis}", zone.rfc3339(*at), person(owner))
}
