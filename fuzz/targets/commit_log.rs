//! See `vodpostd::hostile::commit_log`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vodpostd::hostile::commit_log(bytes));
