//! What the parsers promise, one file a fuzz target: `holds(input)` panics where a promise does not hold.
//!
//! `targets/` hands these to libFuzzer, `tests/fuzz/run` builds and runs them, README.md says what was found.

pub mod bird_file;
pub mod configuration;
pub mod control_request;
pub mod dns_answer;
mod documents;
pub mod reply;
mod shown;
pub mod tables;
pub mod words;

/// A number from the input that looks like chance, and is the same for the same input: what a target decides by it
/// needs no bytes of the input, so that real ones can be given to it as they are.
fn chance(input: &[u8]) -> u64 {
    // FNV-1a, 64 bits.
    input.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The input in two parts, cut at a byte that no text has; the second is empty where there is none.
fn halves(input: &[u8]) -> (&[u8], &[u8]) {
    /// Never part of UTF-8.
    const CUT: u8 = 0xff;
    let cut = input.iter().position(|byte| *byte == CUT);
    cut.map_or((input, &[]), |cut| (&input[..cut], &input[cut + 1..]))
}
