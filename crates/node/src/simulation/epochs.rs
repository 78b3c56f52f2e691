//! Epochs of the journal: each is begun once, has one secret on all nodes, and none is lost from the list.

use std::collections::BTreeMap;

use honnin_journal::Pseudonym;
use honnin_keeper::Keeper;
use honnin_terms::{AccountId, Clock as _, Id};

use super::model::Model;
use super::world::{State, World};
use super::{NODES, PROMISE};
use crate::Fault;
use crate::epochs::{Epochs, destroy};

/// How long one lasts, and how long its keys are kept, in seconds.
const LONGEST: i64 = 2;
const KEPT: i64 = 5;

#[derive(Default)]
pub(super) struct Told {
    /// The number of the newest in the list.
    present: u32,
    /// What one account is called in each.
    names: BTreeMap<u32, Pseudonym>,
    /// How often somebody was told that she began it.
    begun: BTreeMap<u32, u64>,
    /// The newest a node has written under: its log says so, in every life of it.
    under: [u32; NODES],
    taken_in: u64,
}

impl State {
    pub(super) fn epochs_written(&mut self, keeper: &Keeper, value: &[u8]) {
        let (before, now) = (self.epochs.present, keeper.open_epochs(value).unwrap().present());
        if !(before..=before + 1).contains(&now) {
            self.breaks(format!("the list of epochs went from {before} to {now}"));
        }
        self.epochs.present = now;
    }

    /// A node writes under these from now on.
    fn epochs_taken(&mut self, node: usize, epochs: &Epochs) {
        self.epochs.taken_in += 1;
        for keys in &epochs.keys {
            let name = keys.account(AccountId::from_octets([5; 16]));
            if *self.epochs.names.entry(keys.epoch).or_insert(name) != name {
                self.breaks(format!("node {node} has another secret of epoch {} than others", keys.epoch));
            }
        }
        if let Some(number) = epochs.began {
            let begun = self.epochs.begun.entry(number).or_default();
            *begun += 1;
            let begun = *begun;
            if begun > 1 {
                self.breaks(format!("epoch {number} was begun {begun} times"));
            }
        }
        let (under, present) = (self.epochs.under[node], epochs.present());
        if present < under {
            self.breaks(format!("node {node} writes under epoch {present} after {under}"));
        }
        self.epochs.under[node] = present;
    }
}

/// A node that begins one where it is time, follows what others begin, and destroys what is old.
pub(super) async fn node(world: World, node: usize) {
    let (clock, rows) = (world.clock(), Model(world.clone()));
    let keeper = &world.ground.keeper;
    loop {
        world.sleep(300 + world.draw(900)).await;
        let known = world.state().epochs.under[node];
        let permit = world.permit(node, &clock);
        match Epochs::at(&rows, &permit, keeper, known, LONGEST).await {
            Ok(epochs) => world.state().epochs_taken(node, &epochs),
            Err(Fault::OlderEpochs(..)) => {
                let list = world.state().epochs.present;
                world
                    .state()
                    .breaks(format!("node {node} finds {list} epochs, and has written under {known}"));
            }
            Err(_) => {}
        }
        if world.draw(3) == 0 {
            let before = clock.now().plus_seconds(-KEPT);
            destroy(&rows, &world.permit(node, &clock), keeper, before).await.unwrap_or_default();
        }
    }
}

pub(super) fn at_last(world: &World) -> Result<(), String> {
    let state = world.state();
    let Told { present, under, taken_in, .. } = &state.epochs;
    let least = (state.now / 1_000).saturating_sub(2 * PROMISE / 1_000) / u64::try_from(2 * LONGEST).unwrap();
    if u64::from(*present) < least || under.iter().any(|under| under + 1 < *present) || *taken_in == 0 {
        return Err(format!("at last there are {present} epochs, and nodes write under {under:?}"));
    }
    Ok(())
}
