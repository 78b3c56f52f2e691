//! Desired state out: the reconciler drives the network to what subscribers asked for, through element adapters.
//!
//! Knows nothing of pages and of views. What a person is told comes from the element's own word: a wish is
//! confirmed when the element says so and not before; where no answer comes the element is asked what it did before
//! anything is sent again.

mod bounds;
mod breaker;
mod driver;
mod element;
mod elements;
mod machine;
mod rate;
mod reconciler;
mod simulated;

pub use bounds::{BadBounds, Bounds};
pub use driver::Parts;
pub use element::{Element, Fence, LineAddress, QueryAnswer, Refusal, SetAnswer, Speed};
pub use elements::{ElementKind, NoSuchElement};
pub use machine::{Act, Course, Standing};
pub use reconciler::{Reconciler, Waker};
pub use simulated::{Simulated, Simulation};
