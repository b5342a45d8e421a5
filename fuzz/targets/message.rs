//! See `vodpostd::hostile::message`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vodpostd::hostile::message(bytes));
