//! See `src/tables.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::tables::holds(input));
