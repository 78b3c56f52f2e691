//! Guesses at one account: what a day has of them is there once for all nodes together.

use std::collections::BTreeMap;

use honnin_access::reserve_guesses;
use honnin_terms::{AccountId, Clock as _, Id, TenantId};

use super::World;
use super::model::Model;
use super::world::State;

/// So many there are.
const MOST: u32 = 200;
/// How long one account is guessed at, in milliseconds.
const TURN: u64 = 1_500;

#[derive(Default)]
pub(super) struct Told {
    granted: BTreeMap<u8, u32>,
}

impl State {
    fn guesses_granted(&mut self, node: usize, account: u8, granted: u32) {
        let sum = self.guesses.granted.entry(account).or_default();
        *sum += granted;
        if *sum > MOST {
            let sum = *sum;
            self.breaks(format!("with node {node} all have {sum} guesses at one account, of {MOST}"));
        }
    }
}

/// A node at which somebody guesses, now at this account and then at that.
pub(super) async fn node(world: World, node: usize) {
    let (clock, rows) = (world.clock(), Model(world.clone()));
    loop {
        world.sleep(60 + world.draw(250)).await;
        let account = u8::try_from(world.now() / TURN).unwrap();
        let of = (TenantId::FIRST, AccountId::from_octets([account; 16]), clock.now());
        let granted = reserve_guesses(&rows, of, (1, false), MOST).await;
        world.state().guesses_granted(node, account, granted);
    }
}

pub(super) fn at_last(world: &World) -> Result<(), String> {
    let state = world.state();
    let granted: u32 = state.guesses.granted.values().sum();
    // Where answers are lost less is used than is taken; where none is, all of it.
    let least = u32::try_from(state.now / TURN).unwrap() * MOST / 4;
    if granted < least {
        return Err(format!("at last {granted} guesses were granted, and {least} were to be"));
    }
    Ok(())
}
