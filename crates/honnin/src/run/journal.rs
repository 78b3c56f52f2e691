//! `honnin journal`: the record of every disclosure, verified and asked.

use honnin_journal::{Report, verify};
use honnin_terms::{Day, Moment, Zone};
use jiff::civil::date;

use crate::command::{JournalCommand, Period};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say;

pub(super) fn journal(installation: &Installation, command: &JournalCommand) -> Result<Exit, Failure> {
    match command {
        JournalCommand::Verify { period } => {
            let period = moments(installation, period)?;
            let key = installation.journal_key()?;
            match verify(&installation.journal(), &key, period) {
                Ok(report) => {
                    tell(&report, installation);
                    Ok(Exit::Done)
                }
                Err(violation) => {
                    say::error(Failure::from(violation).during("the journal does NOT verify"));
                    Ok(Exit::Found)
                }
            }
        }
    }
}

/// From the first day's beginning to the end of the last, in the tenant's zone.
fn moments(installation: &Installation, period: &Period) -> Result<Option<(Moment, Moment)>, Failure> {
    let Period { from, to } = *period;
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    let zone = Zone::named(&installation.settings.tenant.zone)?;
    let (first, last) = (Day::from(date(1970, 1, 2)), Day::from(date(9999, 1, 1)));
    let after = to.map_or(last, |day| day.plus(1));
    Ok(Some((zone.start_of(from.unwrap_or(first))?, zone.start_of(after)?)))
}

fn tell(report: &Report, installation: &Installation) {
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
    let zone = Zone::named(&installation.settings.tenant.zone);
    say::line(format_args!("journal     {origin}"));
    say::line(format_args!(
        "entries     {size} in the signed tree, {unpublished} durable and not yet published"
    ));
    say::line(format_args!("root        {}", data_encoding::BASE64.encode(root)));
    say::line(format_args!("to owner    {to_owner} disclosures"));
    say::line(format_args!("on a basis  {on_basis} disclosures on {bases} grants and cases"));
    say::line(format_args!("history     {history} older checkpoints agree"));
    if *unfinished {
        say::line("unfinished  the last entry was not written to its end; nothing was disclosed for it");
    }
    if let (Some(from), Ok(zone)) = (kept_from, zone) {
        say::line(format_args!("pruned      {minimum} entries, before {}", zone.rfc3339(*from)));
    }
}
