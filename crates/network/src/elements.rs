//! The elements there are, by the names that settings give them. An adapter is a module that promises what
//! [`Element`] says, and a line here.

use std::sync::Arc;

use crate::element::Element;
use crate::simulated::{Simulated, Simulation};

/// An element by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementKind {
    /// None: orders are answered in memory, and no network is changed.
    Simulated,
}

/// No element bears that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot open the network element {0:?}: not found; write another name in network.element")]
pub struct NoSuchElement(String);

impl ElementKind {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Simulated];

    /// The name in the settings, in metrics and in `doctor`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
        }
    }

    /// The element of that name.
    ///
    /// # Errors
    /// [`NoSuchElement`].
    pub fn of_name(name: &str) -> Result<Self, NoSuchElement> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| NoSuchElement(name.to_owned()))
    }

    /// Whether no network hears of what it is told: said on every page.
    pub const fn is_simulated(self) -> bool {
        matches!(self, Self::Simulated)
    }

    /// The element itself.
    pub fn open(self) -> Arc<dyn Element> {
        match self {
            Self::Simulated => Arc::new(Simulated::new(Simulation::default())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_opened_by_the_name_it_bears() {
        for kind in ElementKind::ALL {
            assert_eq!((ElementKind::of_name(kind.name()), kind.open().name()), (Ok(kind), kind.name()));
        }
        assert!(ElementKind::of_name("Simulated").is_err());
    }
}
