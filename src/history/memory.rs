//! The newest records, kept in memory: what the disk cannot take.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Event, Record};

/// The longest line on disk, in bytes; longer texts are cut.
pub const MAX_LINE: usize = 16 * 1024;

/// A clock that is behind by more was set back, and is believed.
const SAME: SignedDuration = SignedDuration::from_micros(10);

/// What a text of a record that is too long is cut to, in characters: no event has more than six texts.
const CUT: usize = 400;

/// The newest records, oldest first.
#[derive(Debug, Default)]
pub struct Memory {
    recent: VecDeque<Arc<Record>>,
    last: Option<Timestamp>,
}

impl Memory {
    /// So many records are kept.
    pub const CAPACITY: usize = 1000;

    /// Keeps an event. No two of one memory have the same time, so that the time tells them apart: where the
    /// clock stands still, the later one is a nanosecond late.
    pub fn add(&mut self, now: Timestamp, event: Event) -> Arc<Record> {
        let next = self.last.and_then(|last| {
            let next = last.checked_add(SignedDuration::from_nanos(1)).ok()?;
            (now < next && next.duration_since(now) < SAME).then_some(next)
        });
        let at = next.unwrap_or(now);
        self.last = Some(at);
        let record = Arc::new(bounded(Record { at, event }));
        self.keep(&record);
        record
    }

    /// Takes what happened before this memory began, oldest first.
    pub fn remember(&mut self, before: Vec<Record>) {
        let since: Vec<_> = self.recent.drain(..).collect();
        for record in before.into_iter().map(bounded).map(Arc::new).chain(since) {
            self.keep(&record);
        }
    }

    fn keep(&mut self, record: &Arc<Record>) {
        if self.recent.len() == Self::CAPACITY {
            self.recent.pop_front();
        }
        self.recent.push_back(Arc::clone(record));
    }

    /// All records, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<Arc<Record>> {
        self.recent.iter().cloned().collect()
    }
}

/// The record, or the same with its texts cut if it is longer than any reader takes.
fn bounded(record: Record) -> Record {
    let fits = |line: &Vec<u8>| line.len() <= MAX_LINE;
    if serde_json::to_vec(&record).as_ref().is_ok_and(fits) {
        return record;
    }
    let Ok(mut value) = serde_json::to_value(&record) else {
        return record;
    };
    cut(&mut value);
    serde_json::from_value(value).unwrap_or(record)
}

fn cut(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(CUT) {
                text.truncate(end);
                text.push('…');
            }
        }
        Value::Array(values) => values.iter_mut().for_each(cut),
        Value::Object(fields) => fields.values_mut().for_each(cut),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Family;

    fn failed(service: &str, error: &str) -> Event {
        Event::Failed {
            service: service.to_owned(),
            family: Family::V4,
            error: error.to_owned(),
        }
    }

    fn errors(records: &[Arc<Record>]) -> Vec<&str> {
        let events = records.iter().map(|record| &record.event);
        events
            .map(|event| match event {
                Event::Failed { error, .. } => error.as_str(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn the_newest_are_kept() {
        let mut memory = Memory::default();
        for number in 0..Memory::CAPACITY * 2 {
            memory.add(Timestamp::UNIX_EPOCH, failed("noisy", &number.to_string()));
        }
        let records = memory.records();
        assert_eq!(records.len(), Memory::CAPACITY);
        assert_eq!(errors(&records[Memory::CAPACITY - 2..]), ["1998", "1999"]);
    }

    #[test]
    fn times_tell_records_apart() {
        let mut memory = Memory::default();
        for _ in 0..3 {
            memory.add(Timestamp::UNIX_EPOCH, failed("resolver", "x"));
        }
        let times: Vec<_> = memory
            .records()
            .iter()
            .map(|record| record.at.as_nanosecond())
            .collect();
        assert_eq!(times, [0, 1, 2]);
    }

    #[test]
    fn what_was_before_comes_before() {
        let mut memory = Memory::default();
        memory.add(Timestamp::now(), failed("resolver", "new"));
        let old = |error: &str| Record {
            at: Timestamp::UNIX_EPOCH,
            event: failed("resolver", error),
        };
        memory.remember(vec![old("older"), old("old")]);
        assert_eq!(errors(&memory.records()), ["older", "old", "new"]);
    }

    #[test]
    fn a_text_without_end_is_cut() {
        let mut memory = Memory::default();
        let record = memory.add(Timestamp::now(), failed("resolver", &"ä".repeat(1 << 20)));
        assert!(serde_json::to_vec(&*record).unwrap().len() <= MAX_LINE);
        assert!(errors(&memory.records())[0].ends_with("ä…"));
    }
}
