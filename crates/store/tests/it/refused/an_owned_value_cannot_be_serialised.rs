use honnin_access::Owned;
use honnin_store::document::Profile;

fn needs_serialize(_: &impl serde::Serialize) {}

fn send(profile: &Owned<Profile>) {
    needs_serialize(profile);
}

fn main() {}
