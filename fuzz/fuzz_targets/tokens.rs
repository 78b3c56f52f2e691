//! See [`honnin_hostile::Tokens`].
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| honnin_fuzz::play::<honnin_hostile::Tokens>(octets));
