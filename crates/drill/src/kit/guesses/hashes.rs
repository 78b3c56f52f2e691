//! Password hashes that were made elsewhere, as the operator imports them.

use std::ffi::OsString;
use std::fs;

use super::super::stage::World;
use super::Shape;
use crate::harness::{Failure, House};

/// [`PASSWORD`](crate::kit::stage::PASSWORD) at the cost of a short run, hashed by the product.
const CHEAP: &str =
    "$argon2id$v=19$m=8192,t=1,p=1$eHh4eHh4eHh4eHh4eHh4eA$6hAl/TAvtg3eG4RsvdLIMNvV8Di8gG9c0MIt5fmQiWc";

/// In a short run, gives these accounts the same password once more under a hash as cheap as the run's. A wrong guess costs as
/// much as every hash of the house together, so that one dear hash would make the whole run slow.
pub(crate) fn cheapen(house: &House, world: &World, shape: Shape, logins: &[String]) -> Result<(), Failure> {
    if shape.is_long {
        return Ok(());
    }
    import(house, world, logins.iter().map(|login| (login.as_str(), CHEAP)))
}

/// Imports these hashes.
pub(crate) fn import<'a>(
    house: &House,
    world: &World,
    hashes: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Failure> {
    let rows: Vec<String> = hashes.map(|(login, hash)| format!("{login},\"{hash}\"\n")).collect();
    let file = world.ledger().join("hashes.csv");
    fs::write(&file, format!("login,phc\n{}", rows.concat()))
        .map_err(Failure::machine("write hashes to import"))?;
    let import = |words: &[&str]| {
        let words = ["account", "import-hashes"].iter().chain(words).map(OsString::from);
        house.command(words.chain([file.clone().into_os_string()]))
    };
    let mut ran = import(&["--yes"])?;
    // An earlier build asks nobody, and does not know that word.
    if ran.err.contains("unexpected argument '--yes'") {
        ran = import(&[])?;
    }
    if ran.code == Some(0) {
        Ok(())
    } else {
        Err(Failure::Product(format!("hashes were not imported: {}{}", ran.out, ran.err)))
    }
}
