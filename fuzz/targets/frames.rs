//! See `vodpostd::hostile::frames`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vodpostd::hostile::frames(bytes));
