//! What the daemon uses while faults come and go, for hours.

use std::fmt;
use std::time::{Duration, Instant};

use lab::{Error, Process, Result};

/// What it used at the end of each round, when everything was well again.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<Figure>);

/// At one moment.
#[derive(Debug, Clone, Copy)]
struct Figure {
    after: Duration,
    /// In kB.
    memory: u64,
    descriptors: usize,
    threads: usize,
}

/// How much more memory may be used in the end than in the beginning, in per cent: allocators keep what they had at the
/// worst moment.
const MORE: u64 = 15;

impl Figures {
    /// Looks now.
    pub(crate) fn take(&mut self, began: Instant, daemon: &Process) -> Result<()> {
        let (memory, _) = daemon.usage()?;
        self.0.push(Figure {
            after: began.elapsed(),
            memory: memory / 1024,
            descriptors: daemon.descriptors()?,
            threads: daemon.threads()?,
        });
        Ok(())
    }

    /// The medians of the first and the last quarter.
    fn ends(&self) -> Option<[Figure; 2]> {
        let quarter = (self.0.len() / 4).max(1);
        let first = median(self.0.get(..quarter)?)?;
        let last = median(self.0.get(self.0.len() - quarter..)?)?;
        Some([first, last])
    }

    /// Nothing has grown from the first quarter to the last.
    pub(crate) fn are_flat(&self) -> Result<()> {
        let [first, last] = self
            .ends()
            .ok_or_else(|| Error::new("no round was played"))?;
        let flat = last.memory * 100 <= first.memory * (100 + MORE)
            && last.descriptors <= first.descriptors + 2
            && last.threads <= first.threads + 1;
        if flat {
            Ok(())
        } else {
            Err(Error::new(format!("the daemon has grown: {self}")))
        }
    }
}

fn median(figures: &[Figure]) -> Option<Figure> {
    let middle = |of: fn(&Figure) -> u64| {
        let mut all: Vec<u64> = figures.iter().map(of).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied()
    };
    Some(Figure {
        after: figures.last()?.after,
        memory: middle(|figure| figure.memory)?,
        descriptors: usize::try_from(middle(|figure| figure.descriptors as u64)?).ok()?,
        threads: usize::try_from(middle(|figure| figure.threads as u64)?).ok()?,
    })
}

impl fmt::Display for Figures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self
            .0
            .last()
            .map_or(0, |figure| figure.after.as_secs() / 60);
        write!(formatter, "{} rounds in {minutes} minutes", self.0.len())?;
        let ends = self.ends().into_iter().flatten();
        for (name, figure) in ["first", "last"].into_iter().zip(ends) {
            let Figure {
                memory,
                descriptors,
                threads,
                ..
            } = figure;
            write!(
                formatter,
                "; {name} quarter: {memory} kB, {descriptors} descriptors, {threads} threads"
            )?;
        }
        Ok(())
    }
}
