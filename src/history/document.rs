//! What somebody asks of the history, and what comes back.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Record;

/// The version of the document.
pub const VERSION: u32 = 1;

/// No answer has more entries.
pub const MAX_ENTRIES: usize = 10_000;

/// Which entries are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// From this moment on; `None`: all.
    pub since: Option<Timestamp>,
    /// Only what is about this service; `None`: everything.
    pub service: Option<String>,
    /// The newest so many, at most [`MAX_ENTRIES`].
    pub limit: usize,
}

impl Selection {
    /// How many may be shown.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit.min(MAX_ENTRIES)
    }

    /// Whether it is wanted.
    #[must_use]
    pub fn takes(&self, entry: &Entry) -> bool {
        self.since.is_none_or(|since| entry.at() >= since)
            && (self.service.as_deref()).is_none_or(|service| entry.service() == Some(service))
    }
}

/// A line of the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entry {
    /// One that this release knows.
    Known(Record),
    /// One that another release has written.
    Unknown(Unknown),
}

/// An event that this release does not know, as it was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unknown {
    /// When.
    pub at: Timestamp,
    /// Its name.
    pub event: String,
    /// Everything else.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Entry {
    /// Reads a line. `None` if it is no entry of any release: torn by a crash, or not ours.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line)
            .map(Self::Known)
            .ok()
            .or_else(|| serde_json::from_slice(line).map(Self::Unknown).ok())
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Known(record) => record.at,
            Self::Unknown(unknown) => unknown.at,
        }
    }

    /// The service that it is about.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::Known(record) => record.event.service(),
            Self::Unknown(unknown) => unknown.fields.get("service")?.as_str(),
        }
    }
}

/// What the files have.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// As selected, in the order in which they were written.
    pub entries: Vec<Entry>,
    /// Whether there are older ones beyond the limit.
    pub more: bool,
    /// So many lines could not be read.
    pub unreadable: u64,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The daemon, which also knows what is not on disk.
    Daemon,
    /// The files.
    Files,
}

/// The history, format version 1; fields and events may be added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// [`VERSION`].
    pub version: u32,
    /// When this was put together.
    pub at: Timestamp,
    /// Who answers.
    pub origin: Origin,
    /// Whether there are older ones beyond the limit.
    pub more: bool,
    /// So many lines of the files could not be read: torn by a crash, or not ours.
    pub unreadable: u64,
    /// Why something may be missing, and what to do; `null` if nothing is.
    pub problem: Option<String>,
    /// Oldest first.
    pub entries: Vec<Entry>,
}

impl History {
    /// What the files have, and what only `memory` has. Records of a daemon differ in their time.
    #[must_use]
    pub fn new(
        at: Timestamp,
        origin: Origin,
        selection: &Selection,
        found: Found,
        memory: &[Arc<Record>],
    ) -> Self {
        let Found {
            mut entries,
            mut more,
            unreadable,
        } = found;
        let written: HashSet<_> = entries.iter().map(Entry::at).collect();
        let unwritten = memory.iter().filter(|record| !written.contains(&record.at));
        let unwritten = unwritten.map(|record| Entry::Known(Record::clone(record)));
        entries.extend(unwritten.filter(|entry| selection.takes(entry)));
        // Stable: what a clock that was set back has put out of order stays next to its neighbours.
        entries.sort_by_key(Entry::at);
        let surplus = entries.len().saturating_sub(selection.limit());
        more |= surplus > 0;
        entries.drain(..surplus);
        Self {
            version: VERSION,
            at,
            origin,
            more,
            unreadable,
            problem: None,
            entries,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Event;

    fn selection() -> Selection {
        Selection {
            since: None,
            service: None,
            limit: MAX_ENTRIES,
        }
    }

    fn record(second: i64) -> Record {
        Record {
            at: Timestamp::from_second(second).unwrap(),
            event: Event::BirdLost {
                error: second.to_string(),
            },
        }
    }

    fn seconds(history: &History) -> Vec<i64> {
        history
            .entries
            .iter()
            .map(|entry| entry.at().as_second())
            .collect()
    }

    fn history(selection: &Selection, files: &[i64], memory: &[i64]) -> History {
        let found = Found {
            entries: files.iter().map(|at| Entry::Known(record(*at))).collect(),
            ..Found::default()
        };
        let memory: Vec<_> = memory.iter().map(|at| Arc::new(record(*at))).collect();
        History::new(
            Timestamp::UNIX_EPOCH,
            Origin::Daemon,
            selection,
            found,
            &memory,
        )
    }

    #[test]
    fn memory_fills_the_gaps_of_the_files_in_the_order_of_time() {
        let merged = history(&selection(), &[1, 2, 5], &[2, 3, 4, 5, 6]);
        assert_eq!(seconds(&merged), [1, 2, 3, 4, 5, 6]);
        assert!(!merged.more);
    }

    #[test]
    fn the_newest_are_shown_and_older_ones_are_told_of() {
        let newest = Selection {
            limit: 2,
            ..selection()
        };
        let merged = history(&newest, &[1, 4], &[2, 3]);
        assert_eq!((seconds(&merged), merged.more), (vec![3, 4], true));
        let endless = Selection {
            limit: usize::MAX,
            ..selection()
        };
        assert_eq!(endless.limit(), MAX_ENTRIES);
    }

    #[test]
    fn a_selection_goes_by_time_and_service() {
        let late = Selection {
            since: Some(Timestamp::from_second(3).unwrap()),
            ..selection()
        };
        assert_eq!(seconds(&history(&late, &[], &[2, 3, 4])), [3, 4]);
        let other = Selection {
            service: Some("resolver".to_owned()),
            ..selection()
        };
        assert_eq!(seconds(&history(&other, &[], &[2, 3, 4])), [] as [i64; 0]);
    }

    #[test]
    fn an_event_of_a_newer_release_stays_as_it_was_written() {
        let line = r#"{"at":"2026-11-22T21:00:00Z","event":"rebooted","service":"resolver","depth":{"a":[1]}}"#;
        let entry = Entry::parse(line.as_bytes()).unwrap();
        assert!(matches!(&entry, Entry::Unknown(unknown) if unknown.event == "rebooted"));
        assert_eq!(entry.service(), Some("resolver"));
        let again: Value = serde_json::from_str(&serde_json::to_string(&entry).unwrap()).unwrap();
        assert_eq!(again, serde_json::from_str::<Value>(line).unwrap());
    }

    #[test]
    fn a_new_field_does_not_hide_an_event() {
        let line = r#"{"at":"2026-11-22T21:00:00Z","event":"bird_lost","error":"gone","phase":7}"#;
        assert!(matches!(
            Entry::parse(line.as_bytes()),
            Some(Entry::Known(_))
        ));
    }

    #[test]
    fn the_forms_of_events_are_those_that_are_on_disk() {
        let line = r#"{"at":"2026-11-22T21:00:00Z","event":"decided","service":"resolver","family":"ipv4","from":"announced","to":"withdrawn","reason":"3 failed","evidence":{"check":"dns-1 at 192.0.2.53","verdict":"fail","detail":"SERVFAIL","latency_ms":0.5,"at":"2026-11-22T20:59:59Z"}}"#;
        let Some(Entry::Known(record)) = Entry::parse(line.as_bytes()) else {
            panic!("it is known");
        };
        assert_eq!(serde_json::to_string(&record).unwrap(), line);
    }

    #[test]
    fn nonsense_is_no_entry() {
        for line in [
            "",
            "{}",
            "[]",
            r#"{"at":"2026-11-22T21:00:00Z"}"#,
            r#"{"event":"bird_lost","error":"x"}"#,
            r#"{"at":"yesterday","event":"bird_lost","error":"x"}"#,
            r#"{"at":"2026-11-22T21:00:00Z","event":"bird_l"#,
        ] {
            assert_eq!(Entry::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn numbers_of_other_releases_come_back_as_they_were_written() {
        let line =
            r#"{"at":"2026-11-22T21:00:17Z","event":"invented","took":7.777777777777779e145}"#;
        let entry = Entry::parse(line.as_bytes()).unwrap();
        let written = serde_json::to_vec(&entry).unwrap();
        assert_eq!(Entry::parse(&written), Some(entry));
    }
}
