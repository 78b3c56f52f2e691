//! What `doctor` says of the nodes: which there are, and whether they run the same.

use std::collections::BTreeSet;

use honnin_node::{Fleet, Member, fleet, nodes as nodes_of};
use honnin_terms::Moment;

use super::Findings;
use crate::failure::Failure;
use crate::run::serve::runtime;
use crate::wiring::Rooms;

/// The nodes that said lately that they are there and what they run; when the last did.
pub(super) fn nodes(rooms: &Rooms, findings: &mut Findings) -> Result<Option<Moment>, Failure> {
    let (runtime, permit) = (runtime(1)?, rooms.keep());
    let known = match runtime.block_on(nodes_of(&*rooms.store, &permit)) {
        Ok(known) => known,
        Err(reason) => {
            findings.attention("nodes", reason);
            return Ok(None);
        }
    };
    let now = rooms.clock.0.now();
    let told = known.iter().map(|node| format!("{} ({} s ago)", node.name, now.seconds_since(node.at)));
    let told: Vec<String> = told.collect();
    let told = if told.is_empty() { "none has said lately that it runs".to_owned() } else { told.join(", ") };
    findings.ok("nodes", told);
    match runtime.block_on(fleet(&*rooms.store, &permit, &rooms.keeper)) {
        Ok(fleet) => rollout(&fleet, findings),
        Err(reason) => findings.attention("rollout", format_args!("what the nodes run: {reason}")),
    }
    Ok(known.iter().map(|node| node.at).max())
}

/// More than one build or configuration is for the time of a rollout.
fn rollout(Fleet { members, untold, admitted }: &Fleet, findings: &mut Findings) {
    let told = members.iter().map(|member| {
        let Member { name, build, configuration, .. } = member;
        format!("{name}: build {build}, settings {configuration}")
    });
    let untold_of = untold.iter().map(|name| format!("{name}: unknown build (older than this feature)"));
    let nodes: Vec<String> = told.chain(untold_of).collect();
    let admitted = match admitted.len() {
        0 => "nothing else is admitted".to_owned(),
        count => format!("{count} admitted, see `honnin rollout show`"),
    };
    let releases: BTreeSet<String> = members.iter().map(|member| member.release().to_string()).collect();
    if releases.len() + untold.len() > 1 {
        let advice = "start those with the old build or the old settings again";
        let told = format!("the nodes do not run the same ({}); {advice}; {admitted}", nodes.join(", "));
        findings.attention("rollout", told);
    } else if nodes.is_empty() {
        findings.ok("rollout", format_args!("no node serves; what is started first may; {admitted}"));
    } else {
        findings.ok("rollout", format_args!("{}; {admitted}", nodes.join(", ")));
    }
}
