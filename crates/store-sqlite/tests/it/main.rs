//! The engine from outside.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod files;
#[cfg(test)]
mod full;
#[cfg(test)]
mod group;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod killed_merging;
#[cfg(test)]
mod opened;
#[cfg(test)]
mod others;
