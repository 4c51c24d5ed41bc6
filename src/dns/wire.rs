//! Numbers and names within a message (RFC 1035, section 4.1), without copying one of them.
//!
//! A probe looks at a few numbers of a reply and at no name. Walking over the rest takes a microsecond; reading it
//! into values would take many.

/// Octets of a message's header.
pub(super) const HEADER: usize = 12;

/// The longest name, in octets (RFC 1035, 2.3.4).
const LONGEST_NAME: usize = 255;

/// The number in two octets.
pub(super) fn number16(message: &[u8], at: usize) -> Option<u16> {
    let octets = message.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(octets.try_into().ok()?))
}

/// The number in four octets.
pub(super) fn number32(message: &[u8], at: usize) -> Option<u32> {
    let octets = message.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(octets.try_into().ok()?))
}

/// Where the name that begins at `start` ends; `None` for what makes no name.
///
/// A compressed name continues where it points to, which has to be before the part that points there: so this ends.
pub(super) fn end_of_name(message: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut part, mut end, mut length) = (start, start, None, 1);
    loop {
        let octet = *message.get(at)?;
        match octet {
            0 => return Some(end.unwrap_or(at + 1)),
            1..=63 => {
                length += 1 + usize::from(octet);
                at += 1 + usize::from(octet);
            }
            0b1100_0000.. => {
                let target = usize::from(number16(message, at)? & 0x3fff);
                end = end.or(Some(at + 2));
                if target >= part {
                    return None;
                }
                (at, part) = (target, target);
            }
            _ => return None,
        }
        if length > LONGEST_NAME {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_end_behind_their_root_or_their_first_pointer() {
        let message = b"\x03www\x00\x01a\xc0\x00\x01b\xc0\x05\xff";
        assert_eq!(end_of_name(message, 0), Some(5));
        assert_eq!(end_of_name(message, 5), Some(9));
        assert_eq!(end_of_name(message, 9), Some(13));
        assert_eq!(end_of_name(message, 4), Some(5));
        assert_eq!(end_of_name(message, 13), None);
    }

    #[test]
    fn what_never_ends_is_no_name() {
        assert_eq!(end_of_name(b"\xc0\x00", 0), None, "points to itself");
        assert_eq!(end_of_name(b"\x01a\xc0\x00", 0), None, "a loop");
        assert_eq!(end_of_name(b"\xc0\x03\x00\x00", 0), None, "forwards");
        assert_eq!(end_of_name(b"\x05abc", 0), None, "cut");
        assert_eq!(end_of_name(b"\x41a\x00", 0), None, "another kind of label");
        let long = [b"\x3f".as_slice(), &[b'a'; 63]].concat().repeat(4);
        assert_eq!(end_of_name(&[&long[..], b"\0"].concat(), 0), None);
        // Three labels of 64 octets with their length, the root, and what is left of 255.
        for (left, is_name) in [(61, true), (62, false)] {
            let last = [&[left], vec![b'a'; usize::from(left)].as_slice()].concat();
            let name = [&long[..192], &last, b"\0"].concat();
            assert_eq!(end_of_name(&name, 0).is_some(), is_name, "{}", name.len());
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_walked_within_their_bounds(
            message in proptest::collection::vec(prop_oneof![0u8..4, 190u8..=255, any::<u8>()], 0..300),
            start in 0usize..320,
        ) {
            if let Some(end) = end_of_name(&message, start) {
                prop_assert!(start < end && end <= message.len());
            }
        }
    }
}
