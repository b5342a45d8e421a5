//! See `vodpostd::hostile::http`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vodpostd::hostile::http(bytes));
