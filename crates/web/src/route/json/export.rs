//! An export: everything held of an account, and how far the making of it is.

use honnin_care::{ExportStage, ExportState, Held, HeldDisclosure, HeldLine};
use honnin_terms::{ExportId, Moment, Zone};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json, to_value};

use super::line::TermsBody;
use super::{AsText, At};

/// How far an export is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ExportState")]
pub(in crate::route) struct ExportStateBody<'a> {
    /// Its id.
    export: AsText<ExportId>,
    /// How far it is.
    #[schemars(
        length(max = 64),
        extend("x-extensible-enum" = ["waiting", "working", "ready", "expired", "failed"])
    )]
    state: &'static str,
    /// How many are made before it, while it waits.
    before: Option<u64>,
    /// Until when it can be fetched, where it is ready.
    until: Option<At<'a>>,
    /// Why it was not made, where it has failed.
    #[schemars(
        length(max = 64),
        extend("x-extensible-enum" = ["too_large", "no_room", "deadline", "interrupted", "failed"])
    )]
    fault: Option<&'static str>,
}

pub(in crate::route) fn export_state(state: &ExportState, zone: &Zone) -> Vec<u8> {
    let (word, before, until, fault) = match state.stage {
        ExportStage::Waiting(before) => ("waiting", u64::try_from(before).ok(), None, None),
        ExportStage::Working => ("working", None, None, None),
        ExportStage::Ready(until) => ("ready", None, Some(At(until, zone)), None),
        ExportStage::Gone => ("expired", None, None, None),
        ExportStage::Failed(fault) => ("failed", None, None, Some(fault.word())),
    };
    let body = ExportStateBody { export: AsText(state.export), state: word, before, until, fault };
    super::write(&body, 160)
}

/// The whole export, indented, so that a person can read it too.
pub(in crate::route) fn export(held: &Held, zone: &Zone) -> Vec<u8> {
    let at = |moment: Moment| zone.rfc3339(moment);
    let profile = &held.profile;
    let name = |line| held.names.iter().find(|(of, _)| *of == line).map(|(_, name)| name.as_str());
    let bills = held.bills.as_ref().map(|bills| {
        let list = bills.bills.iter().map(|(entry, items)| {
            let list = items.shown().iter().map(
                |item| json!({ "place": item.place, "item": item.item, "amount_yen": item.amount.get() }),
            );
            json!({
                "bill": entry.bill.to_string(),
                "code": entry.code,
                "month": entry.month.to_string(),
                "used_in": entry.used_in.map(|month| month.to_string()),
                "as_of": at(entry.as_of.at),
                "as_of_by": entry.as_of.by(),
                "amount_yen": entry.amount.get(),
                "tax_yen": entry.tax.map(honnin_terms::Yen::get),
                "state": entry.state.word(),
                "due_on": entry.due_on.map(|day| day.to_string()),
                "items": list.collect::<Vec<_>>(),
                "items_complete": items.are_complete(),
                "items_as_of": items.as_of().map(|said| at(said.at)),
                "items_as_of_by": items.as_of().map(honnin_terms::Said::by),
            })
        });
        json!({
            "as_of": at(bills.as_of.at),
            "as_of_by": bills.as_of.by(),
            "source": bills.source,
            "bills": list.collect::<Vec<_>>(),
        })
    });
    let devices = held.devices.iter().map(|device| {
        json!({
            "session": device.session.to_string(),
            "name": device.name,
            "since": at(device.since),
            "last_seen": at(device.last_seen),
            "until": at(device.until),
        })
    });
    let look = |row: &HeldDisclosure| {
        json!({
            "entry": row.entry.to_string(),
            "at": at(row.at),
            "viewer": row.viewer,
            "basis": row.basis.map(|entry| entry.to_string()),
            "what": row.what,
            "line": row.line.map(|line| line.to_string()),
            "channel": row.channel,
            "new_device": row.new_device,
        })
    };
    let others = held.others.as_ref().map(
        |(rows, count)| json!({ "count": count, "disclosures": rows.iter().map(look).collect::<Vec<_>>() }),
    );
    let acts = held.acts.iter().map(|row| {
        json!({
            "at": at(row.at),
            "act": row.act,
            "by_operator": row.by_operator,
            "new_device": row.new_device,
            "times": row.times,
            "and_more": row.and_more,
        })
    });
    let body = json!({
        "format": "honnin-export-1",
        "made_at": at(held.made_at),
        "account": {
            "login": profile.login,
            "name": profile.name,
            "reading": profile.reading,
            "mail": profile.mail,
            "born_on": profile.born_on.map(|day| day.to_string()),
            "registered_on": profile.registered_on.map(|day| day.to_string()),
            "as_of": at(profile.as_of.at),
            "as_of_by": profile.as_of.by(),
            "source": profile.source,
        },
        "lines": held.lines.iter().map(|line| line_of(line, name(line.line), zone)).collect::<Vec<_>>(),
        "bills": bills,
        "sessions": devices.collect::<Vec<_>>(),
        "disclosures": held.disclosures.iter().map(look).collect::<Vec<_>>(),
        "disclosures_by_others": others,
        "acts": acts.collect::<Vec<_>>(),
        "disclosures_older_before": held.older_before.map(|entry| entry.to_string()),
        "disclosures_answerable_since": held.answerable_since.map(at),
    });
    // Texts, numbers and lists always serialise.
    serde_json::to_vec_pretty(&body).unwrap_or_default()
}

fn line_of(held: &HeldLine, name: Option<&str>, zone: &Zone) -> Value {
    let at = |moment: Moment| zone.rfc3339(moment);
    let contract = &held.contract;
    let wish = held.wish.as_ref().map(|wish| {
        json!({
            "high": wish.high,
            "applied_high": wish.applied_high,
            "state": wish.state.word(),
            "reason": wish.reason.word(),
            "version": wish.version,
            "asked_at": at(wish.asked_at),
            "changed_at": at(wish.changed_at),
        })
    });
    let mut line = json!({
        "line": held.line.to_string(),
        "name": name,
        "line_code": contract.line_code,
        "number": contract.number.digits(),
        "iccid": contract.iccid,
        "from": contract.held.from.to_string(),
        "to": contract.held.to.map(|day| day.to_string()),
        "status": contract.status.word(),
        "high_speed": contract.high_speed,
        "share": contract.share.as_ref().map(|share| json!({ "group": share.group, "lines": share.lines, "whole": share.whole })),
        "as_of": at(contract.as_of.at),
        "as_of_by": contract.as_of.by(),
        "source": contract.source,
        "wish": wish,
        "buckets_as_of": contract.buckets_as_of.map(at),
        "buckets": buckets(held),
        "usage": usage(held, zone),
        "purchases": purchases(held, zone),
    });
    // Texts, numbers and days always serialise.
    if let (Some(line), Ok(Value::Object(terms))) =
        (line.as_object_mut(), to_value(TermsBody::of(&contract.terms)))
    {
        line.extend(terms);
    }
    line
}

fn buckets(held: &HeldLine) -> Vec<Value> {
    let buckets = held.contract.buckets.iter().map(|bucket| {
        json!({
            "line": bucket.holding.to_string(),
            "kind": bucket.kind.word(),
            "granted_octets": bucket.granted.get(),
            "remaining_octets": bucket.remaining.get(),
            "expires_on": bucket.expires_on.map(|day| day.to_string()),
            "purchase": bucket.purchase.map(|purchase| purchase.to_string()),
        })
    });
    buckets.collect()
}

fn usage(held: &HeldLine, zone: &Zone) -> Vec<Value> {
    let usage = held.usage.iter().map(|(month, usage)| {
        let days = usage.days().into_iter().map(|day| {
            json!({
                "date": day.day.to_string(),
                "high_octets": day.high.get(),
                "low_octets": day.low.get(),
                "whole": day.whole,
                "as_of": zone.rfc3339(day.as_of.at),
                "as_of_by": day.as_of.by(),
            })
        });
        json!({
            "month": month.to_string(),
            "as_of": usage.as_of().map(|said| zone.rfc3339(said.at)),
            "as_of_by": usage.as_of().map(honnin_terms::Said::by),
            "source": usage.source,
            "days": days.collect::<Vec<_>>(),
        })
    });
    usage.collect()
}

fn purchases(held: &HeldLine, zone: &Zone) -> Option<Value> {
    let bought = held.purchases.as_ref()?;
    let list = bought.purchases.iter().map(|purchase| {
        json!({
            "purchase": purchase.purchase.to_string(),
            "code": purchase.code,
            "at": zone.rfc3339(purchase.at),
            "item": purchase.item,
            "octets": purchase.octets.get(),
            "amount_yen": purchase.amount.get(),
            "as_of": zone.rfc3339(purchase.as_of.at),
            "as_of_by": purchase.as_of.by(),
        })
    });
    Some(json!({
        "as_of": zone.rfc3339(bought.as_of.at),
        "as_of_by": bought.as_of.by(),
        "source": bought.source,
        "purchases": list.collect::<Vec<_>>(),
    }))
}
