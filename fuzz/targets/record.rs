//! See `vodpostd::hostile::record`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vodpostd::hostile::record(bytes));
