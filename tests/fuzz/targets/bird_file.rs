//! See `src/bird_file.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::bird_file::holds(input));
