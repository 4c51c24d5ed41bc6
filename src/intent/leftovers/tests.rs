use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::time::SystemTime;

use super::*;

fn names(found: &[Leftover]) -> BTreeSet<&str> {
    found
        .iter()
        .map(|leftover| leftover.name.as_str())
        .collect()
}

fn put(directory: &Path, name: &str, content: &str) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, content).unwrap();
    path
}

fn listed(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn only_what_is_ours_and_known_to_nobody_is_found() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path();
    put(directory, "anycast_old_v4.conf", CONTENT);
    put(directory, "bgp_old_v4.conf", HELD);
    put(directory, "anycast_told_v4.retired", CONTENT);
    for (name, content) in [
        ("anycast_new_v4.conf", CONTENT),
        ("edited.conf", "disabled off; # mine\n"),
        ("empty.conf", ""),
        ("README", "mine"),
        ("a b.conf", CONTENT),
        ("all.conf", CONTENT),
        ("x\".conf", CONTENT),
        ("a.b.conf", CONTENT),
        (".conf", CONTENT),
        ("copy.conf.bak", CONTENT),
    ] {
        put(directory, name, content);
    }
    fs::create_dir(directory.join("folder.conf")).unwrap();
    symlink("anycast_old_v4.conf", directory.join("link.conf")).unwrap();
    let before = listed(directory);
    let mut look = Look::new(directory);
    let found = look
        .turn(SystemTime::now(), |name| name == "anycast_new_v4")
        .unwrap();
    assert!(look.is_complete());
    assert_eq!(
        names(&found),
        BTreeSet::from(["anycast_old_v4", "bgp_old_v4", "anycast_told_v4"])
    );
    let holds: Vec<_> = found.iter().filter(|one| one.kind == Kind::Holds).collect();
    assert_eq!(holds.len(), 1);
    assert_eq!(holds[0].file, directory.join("bgp_old_v4.conf"));
    assert_eq!(listed(directory), before);
}

#[test]
fn a_retired_file_is_found_until_it_is_settled() {
    let root = tempfile::tempdir().unwrap();
    let file = put(root.path(), "anycast_old_v4.conf", CONTENT);
    retire(&file).unwrap();
    assert_eq!(
        listed(root.path()),
        BTreeSet::from(["anycast_old_v4.retired".to_owned()])
    );
    // Nothing is left to retire, and the note stays.
    retire(&file).unwrap();
    let found = Look::new(root.path())
        .turn(SystemTime::now(), |_| false)
        .unwrap();
    assert_eq!((found.len(), &found[0].file), (1, &file));
    settle(&file).unwrap();
    assert_eq!(listed(root.path()), BTreeSet::new());
    settle(&file).unwrap();
}

#[test]
fn a_file_that_became_somebody_elses_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let file = put(root.path(), "a.conf", "# mine\n");
    put(root.path(), "a.retired", "# mine, too\n");
    let before = listed(root.path());
    retire(&file).unwrap();
    settle(&file).unwrap();
    assert_eq!(listed(root.path()), before);
}

/// Where the note cannot be put, BIRD must not read the file all the same.
#[test]
fn what_cannot_be_retired_is_removed() {
    let root = tempfile::tempdir().unwrap();
    let file = put(root.path(), "a.conf", CONTENT);
    fs::create_dir(root.path().join("a.retired")).unwrap();
    retire(&file).unwrap();
    assert!(!file.exists());
}

#[test]
fn a_service_that_came_back_has_nothing_retired() {
    let root = tempfile::tempdir().unwrap();
    let file = put(root.path(), "a.conf", CONTENT);
    retire(&file).unwrap();
    assert_eq!(
        Look::new(root.path())
            .turn(SystemTime::now(), |_| true)
            .unwrap(),
        []
    );
    assert_eq!(listed(root.path()), BTreeSet::new());
}

#[test]
fn interrupted_writes_are_removed_and_others_go_on() {
    let root = tempfile::tempdir().unwrap();
    let old = |name: &str, content: &str| {
        let path = put(root.path(), name, content);
        let then = SystemTime::now() - 2 * INTERRUPTED;
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(then).unwrap();
    };
    old("torn.partial", "disab");
    old("empty.partial", "");
    old("whole.partial", HELD);
    old("foreign.partial", "mine");
    put(root.path(), "now.partial", "disab");
    assert_eq!(
        Look::new(root.path())
            .turn(SystemTime::now(), |_| true)
            .unwrap(),
        []
    );
    assert_eq!(
        listed(root.path()),
        BTreeSet::from(["foreign.partial".to_owned(), "now.partial".to_owned()])
    );
}

/// Each turn is bounded, and in the end everything has been seen.
#[test]
fn a_crowded_directory_is_seen_in_turns() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..(2 * ENTRIES) {
        put(root.path(), &format!("{number}.junk"), "");
    }
    for number in 0..100 {
        put(root.path(), &format!("p{number}.conf"), CONTENT);
    }
    let mut look = Look::new(root.path());
    let mut found = BTreeSet::new();
    let mut turns = 0;
    loop {
        let more = look.turn(SystemTime::now(), |_| false).unwrap();
        found.extend(more.into_iter().map(|one| one.name.to_string()));
        turns += 1;
        if look.is_complete() {
            break;
        }
    }
    assert_eq!(found.len(), 100);
    assert_eq!(turns, 3);
}

#[test]
fn without_a_directory_there_is_nothing_and_an_unreadable_one_says_so() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!(
        Look::new(&root.path().join("no"))
            .turn(SystemTime::now(), |_| false)
            .unwrap(),
        []
    );
    let cycle = root.path().join("cycle");
    symlink(&cycle, &cycle).unwrap();
    Look::new(&cycle)
        .turn(SystemTime::now(), |_| false)
        .unwrap_err();
}

#[test]
fn a_directory_with_nothing_new_is_not_read_again_and_one_with_anything_is() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path();
    let known = |name: &str| name == "anycast_new_v4";
    // By then everything that is on the disk is settled.
    let later = || SystemTime::now() + 100 * INTERRUPTED;
    put(directory, "anycast_new_v4.conf", CONTENT);
    let mut look = Look::new(directory);
    assert_eq!(look.turn(SystemTime::now(), known).unwrap(), []);
    assert_eq!(
        look.quiet, None,
        "something may have come in the same moment"
    );
    assert_eq!(look.turn(later(), known).unwrap(), []);
    assert_eq!(look.quiet, Some(Stamp::of(directory).unwrap()));
    assert_eq!(look.turn(later(), known).unwrap(), []);
    // A file that is not ours yet.
    let old = put(directory, "anycast_old_v4.conf", "");
    for _ in 0..2 {
        assert_eq!(look.turn(later(), known).unwrap(), []);
        assert_eq!(look.quiet, None);
    }
    fs::write(&old, CONTENT).unwrap();
    let found = look.turn(later(), known).unwrap();
    assert_eq!(names(&found), BTreeSet::from(["anycast_old_v4"]));
    remove(&old).unwrap();
    assert_eq!(look.turn(later(), known).unwrap(), []);
    assert!(look.quiet.is_some());
    fs::remove_dir_all(directory).unwrap();
    assert_eq!(look.turn(later(), known).unwrap(), []);
    put_back(directory);
    let found = look.turn(later(), known).unwrap();
    assert_eq!(names(&found), BTreeSet::from(["anycast_old_v4"]));
}

fn put_back(directory: &Path) {
    fs::create_dir(directory).unwrap();
    put(directory, "anycast_old_v4.conf", CONTENT);
}
