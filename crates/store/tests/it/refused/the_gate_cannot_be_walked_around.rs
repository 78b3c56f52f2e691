use honnin_access::{GateAuthority, Owned};

fn open(name: Owned<String>) -> String {
    name.open_at_gate(&GateAuthority(())).2
}

fn main() {}
