use honnin_access::{Permit, Read};
use honnin_store::{NewWish, SpeedRows};

fn write(store: &dyn SpeedRows, permit: &Permit<Read>, wish: NewWish) {
    let _answer = store.set_wish(permit, wish);
}

fn main() {}
