//! See `vodpostd::hostile::call`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vodpostd::hostile::call(bytes));
