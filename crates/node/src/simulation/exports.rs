//! Exports: asked for on one node, made by another, fetched from a third. Each is made once, is handed to the sign-in that
//! asked and to nobody else, and is gone by its time.

use std::collections::BTreeMap;

use honnin_care::{Asking, Channel, Error, ExportBounds, ExportFault, Outcome, Sealed, Shelf};
use honnin_terms::{AccountId, Clock as _, ExportId, Id, Moment, SessionId};

use super::model::Model;
use super::world::{NodeClock, State, World};
use super::{APART, LEASE, NODES, Planted, STORM};

const ACCOUNTS: usize = 2;
/// Sign-ins of each account at a time.
const DEVICES: usize = 2;
/// A finished export is kept so long, in seconds.
const KEEP: i64 = 3;

fn bounds() -> ExportBounds {
    ExportBounds { keep_seconds: KEEP, most_of_source: DEVICES, ..ExportBounds::default() }
}

/// Somebody in a sign-in of hers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Who {
    account: u8,
    session: [u8; 16],
}

impl Who {
    fn names(self) -> (AccountId, SessionId) {
        (AccountId::from_octets([self.account; 16]), SessionId::from_octets(self.session))
    }
}

#[derive(Default)]
pub(super) struct Told {
    /// How often each has signed out.
    sessions: [[u8; DEVICES]; ACCOUNTS],
    /// Exports somebody asked for, by their numbers.
    asked: BTreeMap<[u8; 16], Who>,
    /// When the store took what was made, by its own time.
    kept: BTreeMap<[u8; 16], u64>,
    /// What was handed out of each.
    handed: BTreeMap<[u8; 16], Vec<u8>>,
    made: u64,
    at_peace: u64,
}

impl State {
    fn who(&self, account: usize, device: usize) -> Who {
        let number = |of: usize| u8::try_from(of).unwrap();
        let session = [number(account), number(device), self.exports.sessions[account][device]];
        let mut octets = [0; 16];
        octets[..3].copy_from_slice(&session);
        Who { account: number(account), session: octets }
    }

    /// Whether a sign-in has not ended.
    fn is_in(&self, session: SessionId) -> bool {
        let [account, device, since, ..] = *session.octets();
        self.exports.sessions[usize::from(account)][usize::from(device)] == since
    }

    fn asks(&mut self, who: Who) -> ExportId {
        let number = u128::try_from(self.exports.asked.len()).unwrap() + 1;
        self.exports.asked.insert(number.to_be_bytes(), who);
        ExportId::from_octets(number.to_be_bytes())
    }

    /// The store has taken something that was made.
    pub(super) fn export_kept(&mut self, export: [u8; 16]) {
        let now = self.now;
        self.exports.kept.insert(export, now);
    }

    /// What a node hands out to somebody who asked it at that time.
    fn handed(
        &mut self,
        node: usize,
        who: Who,
        export: ExportId,
        (asked_at, fence, content): (u64, u64, Vec<u8>),
    ) {
        let named = self.exports.asked.get(export.octets()).copied();
        let (under, content) = content.split_at(8);
        let content = content.to_vec();
        if named != Some(who) || !content.starts_with(&marked(who, export)) {
            self.breaks(format!("node {node} handed {who:?} another's export {export}: {content:?}"));
        } else if under != fence.to_be_bytes() {
            self.breaks(format!("node {node} handed out what was made under another claim: {content:?}"));
        }
        let kept = self.exports.kept.get(export.octets()).copied().unwrap_or(0);
        let over = kept + u64::try_from(KEEP).unwrap() * 1_000 + 2 * APART;
        if asked_at > over {
            self.breaks(format!(
                "node {node} handed out an export after its time: {asked_at}, over at {over}"
            ));
        }
        self.exports.at_peace += u64::from(asked_at > STORM);
        let before = self.exports.handed.entry(*export.octets()).or_insert_with(|| content.clone());
        if *before != content {
            self.breaks(format!("node {node} handed out an export that was made once more"));
        }
    }
}

/// What an export of that sign-in begins with, behind the claim it was made under.
fn marked(who: Who, export: ExportId) -> Vec<u8> {
    [&[who.account], who.session.as_slice(), export.octets()].concat()
}

/// A node, as exports see it.
struct Desk {
    world: World,
    rows: Model,
    clock: NodeClock,
    bounds: ExportBounds,
    node: usize,
}

impl Desk {
    fn new(world: World, node: usize) -> Self {
        let (rows, clock) = (Model(world.clone()), world.clock());
        Self { world, rows, clock, bounds: bounds(), node }
    }

    fn shelf(&self) -> Shelf<'_> {
        let lease_seconds = i64::try_from(LEASE / 1_000).unwrap();
        Shelf { rows: &self.rows, node: &self.world.ground.authority, bounds: &self.bounds, lease_seconds }
    }

    fn permit(&self) -> honnin_access::Permit<honnin_access::Keep> {
        if self.world.planted == Planted::ClockStands {
            let stands = Moment::from_millis(1_800_000_000_000).unwrap();
            let request = honnin_terms::RequestId::from_octets([u8::try_from(self.node).unwrap(); 16]);
            return self.world.ground.authority.keep(stands.min(self.clock.now()), request);
        }
        self.world.permit(self.node, &self.clock)
    }

    /// Whatever somebody does at this node next.
    async fn ask(&self, who: Who) {
        let (account, session) = who.names();
        match self.world.draw(8) {
            0..2 => {
                let export = self.world.state().asks(who);
                let channel = Channel::Page;
                let asking = Asking { account, session, channel, export, source: &[who.account] };
                let _asked = self.shelf().begin(&self.permit(), asking, || Ok(vec![1])).await;
            }
            2..7 => {
                // Hers as the page tells it, or whosever it is.
                let hers = self.world.draw(4) > 0;
                let export = if hers { self.hers(who).await } else { self.anybodys() };
                let Some(export) = export else { return };
                let asked_at = self.world.now();
                if let Ok(sealed) = self.shelf().sealed(&self.permit(), (account, session), export).await {
                    let Sealed { fence, octets } = sealed;
                    self.world.state().handed(self.node, who, export, (asked_at, fence, octets));
                }
            }
            _ if self.world.now() < STORM && self.world.draw(4) == 0 => {
                let [account, device, ..] = who.session;
                self.world.state().exports.sessions[usize::from(account)][usize::from(device)] += 1;
                let _forgotten = self.shelf().forget(&self.permit(), who.names()).await;
            }
            _ => {}
        }
    }

    async fn hers(&self, who: Who) -> Option<ExportId> {
        let state = self.shelf().state(&self.permit(), who.names()).await;
        state.ok().flatten().map(|state| state.export)
    }

    /// One of the latest few that were asked for.
    fn anybodys(&self) -> Option<ExportId> {
        let back = self.world.one_of(8);
        let state = self.world.state();
        state.exports.asked.keys().nth_back(back).map(|export| ExportId::from_octets(*export))
    }

    async fn make(&self) -> Result<(), Error> {
        let Some(claimed) = self.shelf().claim(&self.permit()).await? else { return Ok(()) };
        if claimed.left().is_none() {
            return Ok(());
        }
        // Now and then it takes longer than it has it to itself.
        let long = if self.world.now() < STORM && self.world.draw(6) == 0 { LEASE } else { 0 };
        self.world.sleep(self.world.draw(900) + long).await;
        let session = *claimed.session().octets();
        let who = Who { account: session[0], session };
        let outcome = if claimed.is_given_up() {
            Outcome::Failed(ExportFault::Interrupted)
        } else if !self.world.state().is_in(claimed.session()) {
            Outcome::Unwanted
        } else {
            let made = {
                let mut state = self.world.state();
                state.exports.made += 1;
                state.exports.made
            };
            let (fence, made) = (claimed.fence().to_be_bytes(), made.to_be_bytes());
            let content = [fence.as_slice(), &marked(who, claimed.export()), &made].concat();
            match self.shelf().has_room(&self.permit(), 1).await {
                Ok(()) => {
                    self.shelf().keep(&self.permit(), &claimed, content).await.unwrap_or_else(Outcome::Failed)
                }
                Err(fault) => Outcome::Failed(fault),
            }
        };
        self.shelf().settle(&self.permit(), &claimed, outcome).await
    }
}

/// A node at which people ask.
pub(super) async fn node(world: World, node: usize) {
    let desk = Desk::new(world.clone(), node);
    loop {
        world.sleep(150 + world.draw(500)).await;
        let who = world.state().who(world.one_of(ACCOUNTS), world.one_of(DEVICES));
        desk.ask(who).await;
    }
}

/// A worker of a node.
pub(super) async fn worker(world: World, node: usize) {
    let desk = Desk::new(world.clone(), node);
    loop {
        world.sleep(200 + world.draw(400)).await;
        // What is not made by this one is made by another.
        desk.make().await.unwrap_or_default();
    }
}

pub(super) fn at_last(world: &World) -> Result<(), String> {
    let under_way = world.exports_under_way();
    let state = world.state();
    let since = under_way.into_iter().min().unwrap_or(state.now);
    if since + 2 * LEASE + 3_000 < state.now {
        return Err(format!("at last an export is under way since {since} ms"));
    }
    if state.exports.at_peace == 0 {
        return Err(format!(
            "at last nobody of {NODES} nodes hands out an export: {} were made",
            state.exports.made
        ));
    }
    Ok(())
}
