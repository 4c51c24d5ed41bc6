//! What a process and all its descendants have used, from `/proc`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::{Error, Result};

/// What they have used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// On processors: theirs, and that of children that have ended and were waited for.
    pub(crate) processor: Duration,
    /// In bytes; what several of them share counts once.
    pub(crate) memory: u64,
}

/// Of a process, and of all that it has started and they have.
pub(super) fn usage(root: u32) -> Result<Usage> {
    let processes = processes()?;
    if !processes.contains_key(&root) {
        return Err(Error::new(format!("process {root} has ended")));
    }
    let mut usage = Usage::default();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        let children = processes.iter().filter(|(_, process)| process.parent == id);
        open.extend(children.map(|(id, _)| *id));
        usage.processor += processes
            .get(&id)
            .map(|process| process.processor)
            .unwrap_or_default();
        usage.memory += memory(id);
    }
    Ok(usage)
}

struct Row {
    parent: u32,
    processor: Duration,
}

/// Every process of this machine. One that ends meanwhile is left out.
fn processes() -> Result<HashMap<u32, Row>> {
    let entries = std::fs::read_dir("/proc")?.flatten();
    let process = |path: PathBuf| {
        let id = path.file_name()?.to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(path.join("stat")).ok()?;
        Some((id, row(&stat)?))
    };
    Ok(entries.filter_map(|entry| process(entry.path())).collect())
}

/// Fields 4 and 14 to 17 of `proc_pid_stat(5)`: the parent, and four times in ticks of 10 ms. The name before them may
/// hold blanks.
fn row(stat: &str) -> Option<Row> {
    const TICK: Duration = Duration::from_millis(10);
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = fields.get(11..15)?.iter();
    let ticks: u32 = ticks.filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
    Some(Row {
        parent: fields.get(1)?.parse().ok()?,
        processor: TICK * ticks,
    })
}

/// The proportional set size; a process that has ended has none.
fn memory(id: u32) -> u64 {
    let path = Path::new("/proc").join(id.to_string()).join("smaps_rollup");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
