//! See `vodpostd::hostile::mp4`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vodpostd::hostile::mp4(bytes));
