use honnin_access::{GateAuthority, Owned};

fn open(name: Owned<String>) -> String {
    name.open_at_gate(&GateAuthority(())).value
}

fn main() {}
