use honnin_access::{Permit, Read};
use honnin_store::ViewRows;
use honnin_terms::HoldingId;

fn read(store: &dyn ViewRows, permit: &Permit<Read>, from_the_url: HoldingId) {
    let _answer = store.view(permit, from_the_url, "line", &[]);
}

fn main() {}
