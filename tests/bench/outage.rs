//! Outages, over and over: from a signal to a DNS server until its route is gone from the neighbour's table.
//!
//! Several labs go through them side by side, because most of the time they wait; each has its own server, its own
//! announcing program and its own neighbour.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lab::{Answer, DnsServer, Lab, Neighbor, PATIENCE, Result, Signal, Software, wait_until};

use crate::announcer::{Announcer, Timing, Tool};
use crate::figures::Figures;

const ADDRESS: &str = "192.0.2.53";
const PREFIX: &str = "192.0.2.53/32";

/// Between two looks at the neighbour's table where nobody counts in less than tens of milliseconds.
const COARSE: Duration = Duration::from_millis(2);

/// One server at a time starts, or dies, where milliseconds count.
static TURN: Mutex<()> = Mutex::new(());

/// Outages of one kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outages {
    pub(crate) tool: Tool,
    pub(crate) timing: Timing,
    pub(crate) software: Software,
    pub(crate) signal: Signal,
    /// How many of them.
    pub(crate) runs: usize,
    /// In how many labs at a time.
    pub(crate) labs: usize,
    /// Whether none of them is disturbed by what happens in the other labs, for those that are over within milliseconds.
    pub(crate) alone: bool,
}

/// How long they took.
pub(crate) struct Taken {
    /// From the signal until the route was gone.
    pub(crate) outage: Figures,
    /// From the decision of our program until then, where it was measured alone.
    pub(crate) decision: Figures,
    /// From the first question that a frozen server has left unanswered until then.
    pub(crate) unanswered: Figures,
}

/// One outage, in the terms of [`Taken`].
struct One {
    outage: Duration,
    decision: Option<Duration>,
    unanswered: Option<Duration>,
}

impl Outages {
    /// What happens to whom, for the name of a row.
    pub(crate) fn event(&self) -> String {
        let software = format!("{:?}", self.software).to_lowercase();
        let signal = match self.signal {
            Signal::SIGKILL => "9",
            other => &other.as_str()["SIG".len()..],
        };
        format!("`kill -{signal}` of {software}")
    }

    /// Goes through all of them.
    pub(crate) fn measure(self, name: &str) -> Result<Taken> {
        eprintln!("{name}: {} runs", self.runs);
        let taken = Mutex::new(Taken {
            outage: Figures::new(name),
            decision: Figures::new("decision"),
            unanswered: Figures::new(&format!("{name}, from the first unanswered question")),
        });
        let all = &taken;
        std::thread::scope(|scope| {
            let labs: Vec<_> = (0..self.labs)
                .map(|number| (self.runs + number) / self.labs)
                .map(|runs| scope.spawn(move || self.in_one_lab(runs, all)))
                .collect();
            labs.into_iter().try_for_each(|lab| {
                let ended = lab.join();
                ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })?;
        Ok(taken.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn in_one_lab(self, runs: usize, taken: &Mutex<Taken>) -> Result<()> {
        if runs == 0 {
            return Ok(());
        }
        let lab = Lab::new(&[ADDRESS])?;
        let mut server = DnsServer::start(lab.node(), self.software, "dns", &[ADDRESS])?;
        let neighbor = lab.start_neighbor(false)?;
        let announcer = self.tool.start(&lab, &[ADDRESS.to_owned()], self.timing)?;
        for _ in 0..runs {
            let one = self.one(&announcer, &neighbor, &server);
            let one = one.map_err(|error| lab.explain(&error))?;
            let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.outage.add(one.outage);
            if let Some(decision) = one.decision {
                taken.decision.add(decision);
            }
            if let Some(unanswered) = one.unanswered {
                taken.unanswered.add(unanswered);
            }
            drop(taken);
            let _turn = self.alone.then(turn);
            server.restart(Answer::Normal)?;
        }
        Ok(())
    }

    /// One outage, at any moment between two checks.
    fn one(
        self,
        announcer: &Announcer<'_>,
        neighbor: &Neighbor<'_>,
        server: &DnsServer<'_>,
    ) -> Result<One> {
        // The slowest has to see its service well twice, ten seconds apart.
        wait_until("the route", 2 * PATIENCE, || neighbor.has(&[PREFIX]))?;
        let interval = self.tool.interval(self.timing).as_secs_f64();
        std::thread::sleep(Duration::from_secs_f64(rand::random_range(
            0.5..0.5 + interval,
        )));
        let mut watch = neighbor.watch(PREFIX)?;
        if !self.alone {
            watch = watch.every(COARSE);
        }
        let _turn = self.alone.then(turn);
        let server = server.process()?;
        let intent = announcer.intent().filter(|_| self.alone);
        // The daemon removes it as the first thing after its decision.
        let decision = intent.map(|file| seen(move || !file.exists()));
        let sockets = Path::new("/proc")
            .join(server.id().to_string())
            .join("net/udp");
        let freezes = self.signal == Signal::SIGSTOP;
        let unanswered = freezes.then(|| seen(move || has_unread(&sockets)));
        let start = Instant::now();
        server.signal(self.signal)?;
        let gone = watch.gone()?;
        let since = |thread: JoinHandle<Option<Instant>>| {
            let seen = thread.join().ok().flatten();
            seen.map(|seen| gone.saturating_duration_since(seen))
        };
        Ok(One {
            outage: gone - start,
            decision: decision.and_then(since),
            unanswered: unanswered.and_then(since),
        })
    }
}

fn turn() -> std::sync::MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When something was seen to be so.
fn seen(is_so: impl Fn() -> bool + Send + 'static) -> JoinHandle<Option<Instant>> {
    std::thread::spawn(move || {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if is_so() {
                return Some(Instant::now());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        None
    })
}

/// Whether a socket of this table (`/proc/net/udp`, see proc(5)) at the port of DNS holds what its owner has not read.
fn has_unread(sockets: &Path) -> bool {
    let table = std::fs::read_to_string(sockets).unwrap_or_default();
    table.lines().any(|row| {
        let fields: Vec<&str> = row.split_whitespace().collect();
        let is_dns = fields.get(1).is_some_and(|local| local.ends_with(":0035"));
        // "transmit queue:receive queue", in hexadecimal.
        is_dns
            && fields
                .get(4)
                .is_some_and(|queues| !queues.ends_with(":00000000"))
    })
}
