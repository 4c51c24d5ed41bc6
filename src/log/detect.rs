//! Where standard error goes.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;

use super::Format;

/// [`Format::Journal`] if standard error goes to the journal anyway, else [`Format::Text`].
#[must_use]
pub fn detect() -> Format {
    let stream = std::env::var("JOURNAL_STREAM").ok();
    match (stream, standard_error()) {
        (Some(stream), Ok(file)) if is_journal(&stream, file) => Format::Journal,
        _ => Format::Text,
    }
}

/// Device and inode.
fn standard_error() -> io::Result<(u64, u64)> {
    let descriptor = io::stderr().as_fd().try_clone_to_owned()?;
    let metadata = File::from(descriptor).metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// systemd sets `JOURNAL_STREAM` to `device:inode` of what it has connected. Whoever redirects standard error
/// leaves the variable as it is: hence the comparison (systemd.exec(5)).
fn is_journal(stream: &str, (device, inode): (u64, u64)) -> bool {
    stream
        .split_once(':')
        .is_some_and(|(first, second)| first.parse() == Ok(device) && second.parse() == Ok(inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_known_by_device_and_inode() {
        assert!(is_journal("8:4711", (8, 4711)));
        for other in [
            "8:4712", "9:4711", "8", "8:", ":4711", "", "x:4711", "8:4711:1",
        ] {
            assert!(!is_journal(other, (8, 4711)), "{other}");
        }
    }

    #[test]
    fn standard_error_is_something() {
        assert_eq!(standard_error().unwrap(), standard_error().unwrap());
    }
}
