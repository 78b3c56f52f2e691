//! The engine from outside.

#[cfg(test)]
mod cancelled;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod copied;
#[cfg(test)]
mod crowds;
#[cfg(test)]
mod cut_off;
#[cfg(test)]
mod failover;
#[cfg(test)]
mod fenced;
#[cfg(test)]
mod leftovers;
#[cfg(test)]
mod opened;
#[cfg(test)]
mod others;
#[cfg(test)]
mod pooled;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod shared;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod together;
#[cfg(test)]
mod told;
#[cfg(test)]
mod trips;
