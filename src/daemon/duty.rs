//! What is known of one probe that is to be sent again and again: when the next is due, and which are under way.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use slab::Slab;
use tokio::task::AbortHandle;

use super::ProbeId;
use crate::probe::{Allowed, Place, Probe};
use crate::schedule::{Schedule, Ticket};

/// One probe that is sent again and again, whatever its position in the configuration becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DutyId {
    /// Given again once it is free.
    number: usize,
    /// Never given again.
    serial: u64,
}

/// All of them.
#[derive(Default)]
pub(super) struct Duties {
    slab: Slab<(u64, Duty)>,
    /// How many there ever were.
    count: u64,
    /// When the first began.
    begin: Option<Instant>,
}

impl Duties {
    /// One more.
    pub(super) fn take(&mut self, id: ProbeId, task: Task) -> DutyId {
        let duty = Duty::new(id, task, *self.begin.get_or_insert_with(Instant::now));
        self.count += 1;
        let serial = self.count;
        let number = self.slab.insert((serial, duty));
        DutyId { number, serial }
    }

    /// The one; `None` once it is gone.
    pub(super) fn of(&mut self, id: DutyId) -> Option<&mut Duty> {
        let (serial, duty) = self.slab.get_mut(id.number)?;
        (*serial == id.serial).then_some(duty)
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slab.len()
    }

    /// These stay, each under its new position. Where the others have asked.
    pub(super) fn keep(&mut self, positions: &HashMap<DutyId, ProbeId>) -> Vec<Place> {
        let mut places = Vec::new();
        self.slab.retain(|number, (serial, duty)| {
            let serial = *serial;
            let position = positions.get(&DutyId { number, serial });
            duty.id = position.copied().unwrap_or(duty.id);
            if position.is_none() {
                places.extend(duty.call.as_ref().map(|call| call.place));
            }
            position.is_some()
        });
        places
    }
}

/// What to look at, how, and when.
pub(super) struct Task {
    /// What is looked at.
    pub(super) probe: Arc<Probe>,
    /// When to look.
    pub(super) schedule: Schedule,
    /// Whether one failure decides.
    pub(super) is_delicate: bool,
}

/// See the module.
pub(super) struct Duty {
    /// As what its verdicts are reported.
    pub(super) id: ProbeId,
    pub(super) task: Task,
    /// Whether it may share a socket: what it asks is simple enough, its answers fit as far as is known, and a failure
    /// that comes of sharing decides nothing.
    pub(super) shares: bool,
    /// The look over a socket that others share; there is one at most.
    pub(super) call: Option<Call>,
    /// Looks by tasks of their own.
    pub(super) looks: Vec<AbortHandle>,
    /// When it is woken up.
    pub(super) alarm: Option<Instant>,
    /// When the first probe was due.
    first: Instant,
    /// When the first beat was.
    begin: Instant,
    /// What the schedule said last, and what was made of it.
    due: Option<(Instant, Instant)>,
}

/// A question over a socket that others share.
pub(super) struct Call {
    pub(super) ticket: Ticket,
    pub(super) sent: Instant,
    pub(super) place: Place,
}

impl Duty {
    /// With beats since `begin`.
    pub(super) fn new(id: ProbeId, task: Task, begin: Instant) -> Self {
        Self {
            id,
            shares: !task.is_delicate && task.probe.plain().is_some(),
            first: task.schedule.deadline().unwrap_or(begin),
            begin,
            task,
            call: None,
            looks: Vec::new(),
            alarm: None,
            due: None,
        }
    }

    /// How long one look may take.
    pub(super) fn timeout(&self) -> Duration {
        self.task.schedule.timing().timeout.duration()
    }

    /// When the next probe goes out, and by when the one under way has to be answered: whichever is first.
    pub(super) fn wake(&mut self, now: Instant) -> Option<Instant> {
        let overdue = self.overdue();
        let next = self.next(now);
        next.into_iter().chain(overdue).min()
    }

    /// When the next probe goes out, perhaps in the past.
    pub(super) fn next(&mut self, now: Instant) -> Option<Instant> {
        let deadline = self.task.schedule.deadline();
        if deadline != self.due.map(|(deadline, _)| deadline) {
            let interval = self.task.schedule.timing().interval.duration();
            let own = (self.first, interval);
            let together = |deadline| together(deadline, now, own, self.begin);
            self.due = deadline.map(|deadline| (deadline, together(deadline)));
        }
        self.due.map(|(_, next)| next)
    }

    /// When nobody waits any longer for the answer to a call.
    pub(super) fn overdue(&self) -> Option<Instant> {
        self.call.as_ref().map(|call| call.sent + self.timeout())
    }

    /// When the question was asked, and for how long its answer counts.
    pub(super) fn allowed(&self, call: &Call) -> Allowed {
        Allowed {
            sent: call.sent,
            timeout: self.timeout(),
        }
    }
}

impl Drop for Duty {
    fn drop(&mut self) {
        self.looks.iter().for_each(AbortHandle::abort);
    }
}

/// All probes go out at whole multiples of this, unless there is a hurry: the kernel, the runtime and the server are
/// woken up for many at a time. 2,000 checks of one server send it 200 questions then; the usual buffer of its socket
/// holds 270.
const BEAT: Duration = Duration::from_millis(100);

/// Whoever probes sooner is in a hurry.
const LONG: Duration = Duration::from_millis(900);

/// When a probe goes out that is due at `deadline`. A check keeps its place among the others, which it had at `first` and
/// has again every `interval`, also after this process has stood still: or all would go out at the same moment for ever. It
/// comes back to that place by one beat each time.
///
/// `begin` is the first beat.
fn together(
    deadline: Instant,
    now: Instant,
    (first, interval): (Instant, Duration),
    begin: Instant,
) -> Instant {
    if deadline.saturating_duration_since(now) < LONG {
        return deadline;
    }
    let earliest = deadline.checked_sub(BEAT).unwrap_or(deadline);
    let own = nearest(deadline, first, interval).clamp(earliest, deadline + BEAT);
    nearest(own, begin, BEAT)
}

/// The time nearest to this one that is so many whole steps after `begin`.
fn nearest(time: Instant, begin: Instant, step: Duration) -> Instant {
    let since = time.saturating_duration_since(begin).as_nanos();
    let past = since.checked_rem(step.as_nanos()).unwrap_or_default();
    let past = Duration::from_nanos(u64::try_from(past).unwrap_or_default());
    let before = time.checked_sub(past).unwrap_or(time);
    if past < step / 2 {
        before
    } else {
        before + step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A beat towards the check's own place, and half of one to the nearest beat.
    const MOST: Duration = Duration::from_millis(150);

    #[test]
    fn probes_go_out_together_unless_there_is_a_hurry() {
        let now = Instant::now();
        let at = |microseconds| now + Duration::from_micros(microseconds);
        let sent = |deadline| together(deadline, now, (now, Duration::from_micros(1)), now);
        assert_eq!(sent(at(100_003)), at(100_003));
        let beat = sent(at(1_003_000));
        assert!(beat < at(1_003_000) + BEAT && beat + BEAT > at(1_003_000));
        for near in [beat + BEAT / 3, beat + BEAT / 2, beat + 3 * BEAT / 2] {
            let sent = sent(near);
            assert!(sent <= near + BEAT / 2 && near <= sent + BEAT / 2);
            assert!(sent == beat || sent == beat + BEAT || sent == beat + 2 * BEAT);
        }
    }

    #[test]
    fn checks_that_were_late_together_do_not_stay_together() {
        let begin = Instant::now();
        let late = |first: u64| {
            let first = begin + Duration::from_millis(first);
            // All of them were sent at this moment.
            let mut sent = begin + 7 * SECOND;
            for _ in 0..20 {
                let next = together(sent + SECOND, sent, (first, SECOND), begin);
                assert!(next + MOST >= sent + SECOND && next <= sent + SECOND + MOST);
                sent = next;
            }
            u64::try_from((sent - first).as_millis()).unwrap() % 1000
        };
        for first in [0, 300, 600, 900] {
            let late = late(first);
            assert!(late <= 51 || late >= 949, "{late} ms after {first}");
        }
    }

    #[test]
    fn a_second_probe_that_is_not_in_much_hurry_keeps_its_time() {
        let begin = Instant::now();
        for (interval, fast) in [(10_000, 1000), (2000, 600), (30_000, 5000), (1000, 600)] {
            let [interval, fast] = [interval, fast].map(Duration::from_millis);
            for place in [0, 3, 7] {
                let sent = begin + interval * 9 + interval * place / 10;
                let next = together(sent + fast, sent, (begin, interval), begin);
                assert!(next + MOST >= sent + fast && next <= sent + fast + MOST);
            }
        }
    }
}
