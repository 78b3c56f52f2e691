//! Gathering: every document of one account, put together without anybody looking into them.

use honnin_access::{Owned, Session};
use honnin_store::document::{self, Line, LineEntry, UsageMonth, Wish, month_row};
use honnin_terms::{HoldingId, Moment, Month};

use super::ExportFault;
use super::held::{Held, HeldAct, HeldDevice, HeldDisclosure, HeldLine};
use crate::care::{Care, Error, Named};
use crate::disclosures::Gathers;
use crate::facts::{ActRow, Device, DisclosureRow, Disclosures};

/// Most disclosures in one export; older ones are read in pages.
const DISCLOSURES: usize = 10_000;

impl From<Error> for ExportFault {
    fn from(error: Error) -> Self {
        tracing::warn!(%error, "an export was not made");
        Self::Failed
    }
}

impl Care {
    /// Everything held of the session's account.
    pub(super) async fn gather(
        &self,
        session: &Session,
        deadline: Moment,
    ) -> Result<Owned<Held>, ExportFault> {
        let profile = self.profile(session).await?;
        let lines =
            profile.leads_to(|(profile, _)| profile.lines.iter().map(|entry| entry.holding).collect());
        let mut held = profile.map(session.at(), begun);
        for line in lines {
            self.in_time(deadline)?;
            held = self
                .joined(session, held.join(self.gather_line(session, line, deadline).await?))?
                .map((), with_line);
        }
        self.in_time(deadline)?;
        if let Some(bills) = self.own_bills(session).await? {
            held = self
                .joined(session, held.join(bills))?
                .map((), |(held, bills), ()| Held { bills: Some(bills), ..held });
        }
        held = self.joined(session, held.join(self.own_devices(session).await?))?.map((), with_devices);
        // Exports have bounds of their own, so that her pages do not keep her export from being made.
        let gathers = (Some(Gathers::EXPORT), None);
        let disclosures = self.own_disclosures(session, None, DISCLOSURES, gathers).await?;
        Ok(self.joined(session, held.join(disclosures))?.map((), with_disclosures))
    }

    async fn gather_line(
        &self,
        session: &Session,
        line: HoldingId,
        deadline: Moment,
    ) -> Result<Owned<HeldLine>, ExportFault> {
        let document = self.line_and_wish(session, line).await?;
        let months = document.leads_to(|(line, _)| line.usage_months.clone());
        let permit = self.line_permit(session, line)?;
        let mut held = document.map(line, of_line);
        for month in months {
            self.in_time(deadline)?;
            if let Some(days) = self.open::<UsageMonth>(session, &permit, &month_row(month)).await? {
                held = self.joined(session, held.join(days))?.map(month, with_usage);
            }
        }
        if let Some(bought) = self.open::<document::Purchases>(session, &permit, &[]).await? {
            held = self
                .joined(session, held.join(bought))?
                .map((), |(held, bought), ()| HeldLine { purchases: Some(bought), ..held });
        }
        Ok(held)
    }

    pub(super) fn in_time(&self, deadline: Moment) -> Result<(), ExportFault> {
        if self.now() > deadline { Err(ExportFault::Deadline) } else { Ok(()) }
    }
}

fn begun((profile, names): Named, made_at: Moment) -> Held {
    let name = |entry: &LineEntry| Some((entry.holding, names.of(entry.holding)?.to_owned()));
    Held {
        names: profile.lines.iter().filter_map(name).collect(),
        made_at,
        profile,
        lines: Vec::new(),
        bills: None,
        devices: Vec::new(),
        disclosures: Vec::new(),
        others: None,
        acts: Vec::new(),
        older_before: None,
        answerable_since: None,
    }
}

fn of_line((contract, wish): (Line, Option<Wish>), line: HoldingId) -> HeldLine {
    HeldLine { line, contract, wish, usage: Vec::new(), purchases: None }
}

fn with_usage((mut held, days): (HeldLine, UsageMonth), month: Month) -> HeldLine {
    held.usage.push((month, days));
    held
}

fn with_line((mut held, line): (Held, HeldLine), (): ()) -> Held {
    held.lines.push(line);
    held
}

fn with_devices((held, devices): (Held, Vec<Device>), (): ()) -> Held {
    let device = |device: Device| {
        let Device { session, kind: _, name, since, last_seen, until, current: _ } = device;
        HeldDevice { session, name, since, last_seen, until }
    };
    Held { devices: devices.into_iter().map(device).collect(), ..held }
}

fn with_disclosures((held, disclosures): (Held, Disclosures), (): ()) -> Held {
    let Disclosures { rows, acts, next_before, answerable_since, others } = disclosures;
    let row = |row: DisclosureRow| HeldDisclosure {
        entry: row.entry,
        at: row.at,
        viewer: row.viewer.word().to_owned(),
        basis: row.viewer.basis(),
        what: row.what.to_owned(),
        line: row.line,
        channel: row.channel.to_owned(),
        new_device: row.new_device,
    };
    let act = |row: ActRow| {
        let ActRow { at, act, by_operator, new_device, times, and_more } = row;
        HeldAct { at, act: act.to_owned(), by_operator, new_device, times, and_more }
    };
    Held {
        disclosures: rows.into_iter().map(row).collect(),
        others: others.map(|others| (others.rows.into_iter().map(row).collect(), others.count)),
        acts: acts.into_iter().map(act).collect(),
        older_before: next_before,
        answerable_since,
        ..held
    }
}
