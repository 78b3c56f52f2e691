//! Until when each node has said whom it placed.

use std::collections::BTreeMap;
use std::fmt;

use super::{Micros, SECOND};

/// After so long without a word a node has died, or stands still: nobody waits for it any longer.
const LIVES: Micros = 5 * SECOND;

/// So many nodes are known at most; who spoke least lately is forgotten first.
const MOST: usize = 64;

/// The last word of each node that lives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Heard(BTreeMap<String, Micros>);

impl Heard {
    /// That node has said everything until now. Whoever was not heard for long is forgotten.
    pub(super) fn says(&mut self, node: &str, now: Micros) {
        self.0.retain(|_, at| now.saturating_sub(*at) <= LIVES);
        self.0.insert(node.to_owned(), now);
        while self.0.len() > MOST
            && let Some(silent) = self.0.iter().min_by_key(|(_, at)| **at).map(|(node, _)| node.clone())
        {
            self.0.remove(&silent);
        }
    }

    /// That moment, or the one before it until when all have said everything.
    pub(super) fn by_all(&self, moment: Micros) -> Micros {
        self.0.values().fold(moment, |all, at| all.min(*at))
    }

    /// Whether none lives but that one.
    pub(super) fn only(&self, node: &str) -> bool {
        self.0.keys().all(|one| one == node)
    }

    /// What was written.
    pub(super) fn read(text: &str) -> Option<Self> {
        let pairs = text.split(',').filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (node, at) = pair.split_once('=')?;
            Some((node.to_owned(), at.parse().ok()?))
        };
        let heard: BTreeMap<String, Micros> = pairs.map(pair).collect::<Option<_>>()?;
        (heard.len() <= MOST).then_some(Self(heard))
    }
}

/// One word: `a=1,b=2`. Names of nodes are letters, digits, dots, dashes and underscores.
impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (node, at)) in self.0.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            write!(f, "{comma}{node}={at}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_800_000_000 * SECOND;

    #[test]
    fn a_node_is_waited_for_while_it_lives_and_no_longer() {
        let mut heard = Heard::default();
        heard.says("a", NOW);
        heard.says("b", NOW + SECOND);
        heard.says("b", NOW + LIVES);
        assert_eq!(heard.by_all(NOW + LIVES), NOW);
        assert!(!heard.only("b"));
        assert_eq!(Heard::read(&heard.to_string()), Some(heard.clone()));
        heard.says("b", NOW + LIVES + 1);
        assert!(heard.only("b") && heard.by_all(NOW + LIVES) == NOW + LIVES);
        for number in 0..100 {
            heard.says(&number.to_string(), NOW + LIVES + 2 + number);
        }
        assert!(heard.0.len() == MOST && !heard.0.contains_key("b") && heard.0.contains_key("99"));
        for wrong in ["a", "a=", "a=x", "=1,"] {
            assert!(Heard::read(wrong).is_none_or(|heard| heard.to_string() == "=1"), "{wrong}");
        }
    }
}
