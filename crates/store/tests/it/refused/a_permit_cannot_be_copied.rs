use honnin_access::{Permit, Read};

fn keep(permit: &Permit<Read>) -> Permit<Read> {
    permit.clone()
}

fn main() {}
