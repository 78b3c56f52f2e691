//! Holds a target between two inputs: the fuzzer calls a function and keeps nothing.

use std::any::Any;
use std::sync::{Mutex, PoisonError};

use honnin_hostile::Target;

/// The target, once it was asked for. A process fuzzes one; the people in it are invented.
static STAGE: Mutex<Option<Box<dyn Any + Send>>> = Mutex::new(None);

/// Plays one input; what is wrong ends the process, which is how the fuzzer hears of it.
///
/// # Panics
/// Where the target finds something wrong, or cannot be set up.
pub fn play<T: Target + Send + 'static>(octets: &[u8]) {
    let mut stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let stage = stage.get_or_insert_with(|| match T::open() {
        Ok(target) => Box::new(target),
        Err(failure) => panic!("set up {}: {failure}", T::NAME),
    });
    match stage.downcast_mut::<T>().map(|target| target.play(octets)) {
        Some(Ok(())) => {}
        Some(Err(wrong)) => panic!("{}: {wrong}", T::NAME),
        None => panic!("another target stands on the stage than {}", T::NAME),
    }
}
