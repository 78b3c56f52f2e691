//! Putting the rooms together: who gets which authority, which engine, which clock.

pub(crate) mod acts;
mod backups;
pub(crate) mod bounds;
pub(crate) mod certificates;
mod check;
pub(crate) mod copying;
pub(crate) mod course;
mod desk;
mod doors;
pub(crate) mod engine;
mod escrows;
mod front;
mod handed;
mod leaving;
pub(crate) mod logs;
mod look;
pub(crate) mod merges;
mod monitor;
pub(crate) mod notices;
mod proxies;
mod rooms;
mod service;
mod strain;
mod up_to_date;
mod way;
pub(crate) mod witness;

pub(crate) use backups::{last_backup, note_backup};
pub(crate) use check::{file_problems, problems};
pub(crate) use desk::Desk;
pub(crate) use doors::Doors;
pub(crate) use escrows::{Escrowed, last_escrow, note_escrow};
pub(crate) use front::{front, prefixes};
pub(crate) use handed::Handed;
pub(crate) use leaving::{leaving, places};
pub(crate) use logs::{COMMANDS, latest_entry, proven, trust};
pub(crate) use monitor::serve as serve_monitor;
pub(crate) use notices::noticed;
#[cfg(test)]
pub(crate) use rooms::request;
pub(crate) use rooms::{Rooms, entropy};
pub(crate) use service::Service;
pub(crate) use up_to_date::bring_up;
