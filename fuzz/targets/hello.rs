//! See `vodpostd::hostile::hello`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vodpostd::hostile::hello(bytes));
