use std::fs;

use proptest::prelude::*;

use super::*;
use crate::history::MAX_ENTRIES;

fn all() -> Selection {
    Selection {
        since: None,
        service: None,
        limit: MAX_ENTRIES,
    }
}

fn line(number: usize) -> String {
    format!(
        "{{\"at\":\"2026-11-22T21:00:00.{number:09}Z\",\"event\":\"bird_lost\",\"error\":\"{number}\"}}\n"
    )
}

fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(line).collect()
}

/// A directory with these texts in the newer and the older file.
fn files(newer: &[u8], older: Option<&[u8]>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let [newer_path, older_path] = segments(directory.path());
    fs::write(newer_path, newer).unwrap();
    if let Some(older) = older {
        fs::write(older_path, older).unwrap();
    }
    directory
}

fn found(newer: &str, older: &str, selection: &Selection) -> Found {
    let directory = files(newer.as_bytes(), Some(older.as_bytes()));
    read(directory.path(), selection).unwrap().unwrap()
}

fn numbers(found: &Found) -> Vec<usize> {
    let nanoseconds = found
        .entries
        .iter()
        .map(|entry| entry.at().subsec_nanosecond());
    nanoseconds
        .map(|number| number.try_into().unwrap())
        .collect()
}

#[test]
fn both_files_are_one_history() {
    let found = found(&lines(3..5), &lines(0..3), &all());
    assert_eq!(numbers(&found), [0, 1, 2, 3, 4]);
    assert_eq!((found.more, found.unreadable), (false, 0));
}

#[test]
fn nothing_is_told_from_an_empty_history() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(read(directory.path(), &all()).unwrap(), None);
    assert_eq!(read(Path::new("/nonexistent"), &all()).unwrap(), None);
    let empty = files(b"", None);
    assert_eq!(read(empty.path(), &all()).unwrap(), Some(Found::default()));
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("history.jsonl")).unwrap();
    let error = read(directory.path(), &all()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the history in /"), "{error}");
}

#[test]
fn the_newest_are_read_and_no_more_than_asked_for() {
    let few = |limit| Selection { limit, ..all() };
    let three = found(&lines(3..5), &lines(0..3), &few(3));
    assert_eq!((numbers(&three), three.more), (vec![2, 3, 4], true));
    // What is not read is not judged.
    let one = found(&lines(3..5), "nonsense\n", &few(1));
    assert_eq!((numbers(&one), one.unreadable), (vec![4], 0));
    let exact = found(&lines(3..5), &lines(0..3), &few(5));
    assert_eq!((exact.entries.len(), exact.more), (5, false));
}

#[test]
fn torn_and_foreign_lines_are_counted() {
    let text = format!("{}\nhello\n{{\"at\":\"20{}", line(0), line(1));
    let with_end = found(&text, "", &all());
    assert_eq!((numbers(&with_end), with_end.unreadable), (vec![0], 2));
    let without_end = found(&format!("{}{{\"at\":\"2026-11-2", line(0)), "", &all());
    assert_eq!(
        (numbers(&without_end), without_end.unreadable),
        (vec![0], 1)
    );
}

#[test]
fn a_line_without_end_costs_no_memory() {
    let nested = format!("{}\n{}", "[".repeat(MAX_LINE + 1), line(0));
    let found = found(&nested, "", &all());
    assert_eq!((numbers(&found), found.unreadable), (vec![0], 1));
}

#[test]
fn only_the_end_of_a_file_that_is_too_large_is_read() {
    let bound = usize::try_from(SEGMENT).unwrap();
    let mut text = lines(0..bound / line(0).len() + 1000);
    text.push_str(&line(999_999_999));
    let directory = files(text.as_bytes(), None);
    let [path, _] = segments(directory.path());
    let end = tail(File::open(path).unwrap()).unwrap();
    assert!(end.len() <= bound);
    assert!(text.as_bytes().ends_with(&end));
    // It begins with a whole line.
    assert!(end.starts_with(b"\n{\"at\":"));
    assert!(end.ends_with(line(999_999_999).as_bytes()));
}

#[test]
fn a_file_renamed_in_between_is_not_read_twice() {
    let directory = files(lines(0..3).as_bytes(), None);
    let [newer, older] = segments(directory.path());
    fs::hard_link(newer, older).unwrap();
    let found = read(directory.path(), &all()).unwrap().unwrap();
    assert_eq!(numbers(&found), [0, 1, 2]);
}

proptest! {
    /// Whatever is in the files: no panic, no more than the bound, and what is ours is found.
    #[test]
    fn any_bytes_are_survived(
        newer in proptest::collection::vec(any::<u8>(), 0..4096),
        older in proptest::collection::vec(any::<u8>(), 0..4096),
        limit in 1_usize..50,
    ) {
        let mut newer = newer;
        newer.push(b'\n');
        newer.extend_from_slice(line(7).as_bytes());
        let directory = files(&newer, Some(&older));
        let found = read(directory.path(), &Selection { limit, ..all() }).unwrap().unwrap();
        prop_assert!(found.entries.len() <= limit);
        let numbers = numbers(&found);
        prop_assert_eq!(numbers.last(), Some(&7));
    }

    /// Lines that were ours once, cut and joined at any byte.
    #[test]
    fn any_cut_of_our_own_lines_is_survived(cuts in proptest::collection::vec((0..400_usize, 0..400_usize), 1..20)) {
        let whole = lines(0..5);
        let pieces = cuts.iter().map(|(from, length)| {
            let from = (*from).min(whole.len());
            &whole[from..(from + length).min(whole.len())]
        });
        let text: String = pieces.collect();
        let found = found(&text, &text, &all());
        let lines = 2 * text.lines().count();
        prop_assert!(found.entries.len() + usize::try_from(found.unreadable).unwrap() <= lines);
    }
}
