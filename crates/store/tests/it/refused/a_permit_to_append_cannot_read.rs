use honnin_access::{Append, Permit};
use honnin_store::ViewRows;

fn read(store: &dyn ViewRows, permit: &Permit<Append>) {
    let _answer = store.view(permit, "line", &[]);
}

fn main() {}
