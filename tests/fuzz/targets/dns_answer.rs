//! See `src/dns_answer.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::dns_answer::holds(input));
