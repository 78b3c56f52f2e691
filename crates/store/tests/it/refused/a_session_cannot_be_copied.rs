use honnin_access::Session;

fn keep(session: &Session) -> Session {
    session.clone()
}

fn main() {}
