//! See [`honnin_hostile::Doorstep`].
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| honnin_fuzz::play::<honnin_hostile::Doorstep>(octets));
