//! See `src/words.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::words::holds(input));
