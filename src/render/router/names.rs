//! Names for a router's configuration, made from names that people write as they like.
//!
//! Nothing from the configuration may end a comment, a string or a line on the router.

use crate::config::{Config, Neighbor};

/// The longest label: with `anycast_` before it and `_v4_import` behind, it stays within the 64 characters
/// that a name may have in BIRD.
const LONGEST: usize = 46;

/// Node and neighbour in one word of lower-case letters, digits, `-` and the `_` of the neighbour.
///
/// Two fragments for one router never share it. Where letters were lost on the way, a hash of what was
/// written keeps words apart that would be alike: one node's prefix list must not extend another's.
pub(super) fn label(config: &Config, neighbor: &Neighbor) -> String {
    let node = &config.node.name;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let plain = node.to_ascii_lowercase().replace(|c| !is_plain(c), "-");
    let label = format!("{plain}-{}", neighbor.name);
    if plain == *node && label.len() <= LONGEST {
        return label;
    }
    let hash = fnv1a(&format!("{node}\n{}", neighbor.name));
    let cut: String = label.chars().take(LONGEST - 9).collect();
    format!("{cut}-{hash:08x}")
}

/// The node's name for comments and descriptions: what could end one becomes `_`.
pub(super) fn readable(name: &str) -> String {
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || " .:+@_-".contains(c);
    name.replace(|c| !is_harmless(c), "_").trim().to_owned()
}

/// FNV-1a with 32 bits (RFC 9923): the same on every host and in every release, as names must be.
fn fnv1a(text: &str) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, step)
}
