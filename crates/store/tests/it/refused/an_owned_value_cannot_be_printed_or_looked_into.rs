use honnin_access::Owned;

fn print(name: &Owned<String>) -> String {
    format!("{name}")
}

fn look(name: Owned<String>) -> String {
    name.value
}

fn carry_out(name: Owned<String>, out: &mut String) {
    let _ = name.map((), |name, ()| out.push_str(&name));
}

fn main() {}
