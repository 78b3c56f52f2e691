//! What whoever runs a test asks of it: another seed, or more cases.

/// The number that stands under that name in the environment, else the usual one.
///
/// # Panics
/// Where it is something else: a long run that was asked for is not silently the usual one.
#[expect(
    clippy::disallowed_methods,
    reason = "who runs a test by hand asks for another seed, or for more cases"
)]
#[expect(clippy::panic, reason = "a test that is asked for no number is asked wrongly")]
pub fn asked(name: &str, usual: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.map_or(usual, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} must be a number, and is {text:?}"))
    })
}
