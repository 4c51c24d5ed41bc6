//! See `src/control_request.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::control_request::holds(input));
