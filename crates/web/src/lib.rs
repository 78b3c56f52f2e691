

pub mod serve;
