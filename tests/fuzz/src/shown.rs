//! What people see.

/// Texts that go to a terminal have no control characters but line ends.
#[track_caller]
pub fn lines(text: &str) {
    let harmful = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(harmful, None, "a terminal would obey {text:?}");
}

/// The same for what has to be one line.
#[track_caller]
pub fn line(text: &str) {
    lines(text);
    assert!(!text.contains('\n'), "more than one line: {text:?}");
}

/// What comes from DNS servers is printable ASCII.
#[track_caller]
pub fn ascii(text: &str) {
    let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    assert!(is_printable, "more than printable ASCII: {text:?}");
}
