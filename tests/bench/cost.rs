//! What a program that announces costs while all is well: processor and memory, its children included.

use std::time::Duration;

use lab::{DnsServer, Lab, PATIENCE, Result, Software, wait_until};

use crate::announcer::{Announcer, Timing, Tool};
use crate::figures::Figures;

/// How many services, with an address and a check each.
pub(crate) const SERVICES: u8 = 100;

/// How long is looked at. The interval of the slowest is 10 s: in a shorter time it would check once, or not at all.
const PERIOD: Duration = Duration::from_secs(10);
const PERIODS: usize = 2;

/// What was measured.
pub(crate) struct Cost {
    /// Per cent of one core.
    pub(crate) processor: Figures,
    /// Megabytes.
    pub(crate) memory: Figures,
    /// How many services were announced in the end. Where not all are, the machine cannot bear so many checks.
    pub(crate) announced: usize,
}

/// One DNS server on all addresses, and the program that looks after it.
pub(crate) fn measure(tool: Tool, timing: Timing, name: &str) -> Result<Cost> {
    eprintln!("{name}, {SERVICES} services");
    let addresses: Vec<String> = (1..=SERVICES)
        .map(|number| format!("192.0.2.{number}"))
        .collect();
    let prefixes: Vec<String> = addresses
        .iter()
        .map(|address| format!("{address}/32"))
        .collect();
    let borrowed: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let lab = Lab::new(&borrowed)?;
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &borrowed)?;
    let neighbor = lab.start_neighbor(false)?;
    let announcer = tool.start(&lab, &addresses, timing)?;
    let routes = || -> Result<usize> {
        let table = neighbor.bird().ask("show route")?;
        let is_there = |prefix: &&String| table.contains(&format!("{prefix} "));
        Ok(prefixes.iter().filter(is_there).count())
    };
    // What does not come in this time does not come; how many came is told.
    let _fewer = wait_until("all routes", 2 * PATIENCE, || match routes()? {
        count if count == prefixes.len() => Ok(()),
        count => Err(lab::Error::new(format!("{count} routes"))),
    });
    let (processor, memory) = periods(&announcer, name).map_err(|error| lab.explain(&error))?;
    Ok(Cost {
        processor,
        memory,
        announced: routes()?,
    })
}

fn periods(announcer: &Announcer<'_>, name: &str) -> Result<(Figures, Figures)> {
    let row = |what: &str, unit| {
        let name = format!("{what}, {SERVICES} services: {name}");
        Figures::of(&name, unit)
    };
    let mut processor = row("processor", "% of a core");
    let mut memory = row("memory", "MB");
    let mut before = announcer.usage()?;
    for _ in 0..PERIODS {
        std::thread::sleep(PERIOD);
        let after = announcer.usage()?;
        let used = after.processor.saturating_sub(before.processor);
        processor.push(used.as_secs_f64() / PERIOD.as_secs_f64() * 100.0);
        memory.push(megabytes(after.memory));
        before = after;
    }
    Ok((processor, memory))
}

#[allow(clippy::cast_precision_loss, reason = "a memory of petabytes")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
