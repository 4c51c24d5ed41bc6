//! The router: what it runs and what it says of itself.

use lab::{Bird, Error, Frr, Result};
use serde_json::Value;

/// The router, by its own word.
pub(crate) trait Router {
    /// How many sessions are established, and how many have BFD up with the timers of the file.
    fn sessions(&self) -> Result<(usize, usize)>;
    /// The local preference of every path to a prefix.
    fn preferences(&self, prefix: &str) -> Result<Vec<u64>>;
    /// Merges these fragments.
    fn load(&self, fragments: &[String]) -> Result<()>;
    /// Makes the limit on routes from the node of this fragment the only thing between them and the table,
    /// if the limit does not count what the policy refuses.
    fn open(&self, fragment: &str) -> Result<()>;
    /// Its name for `--for`.
    fn software(&self) -> &'static str;
}

impl Router for Frr<'_> {
    fn sessions(&self) -> Result<(usize, usize)> {
        let mut established = 0;
        for family in ["ipv4", "ipv6"] {
            let summary = json(&self.ask(&format!("show bgp {family} unicast summary json"))?)?;
            let peers = summary["peers"].as_object().into_iter().flatten();
            established += peers
                .filter(|(_, peer)| peer["state"] == "Established")
                .count();
        }
        let bfd = json(&self.ask("show bfd peers json")?)?;
        let bfd = bfd.as_array().into_iter().flatten();
        let up = bfd.filter(|peer| {
            peer["status"] == "up"
                && peer["transmit-interval"] == 300
                && peer["detect-multiplier"] == 3
                && peer["remote-transmit-interval"] == 300
        });
        Ok((established, up.count()))
    }

    fn preferences(&self, prefix: &str) -> Result<Vec<u64>> {
        let family = if prefix.contains(':') { "ipv6" } else { "ipv4" };
        let route = json(&self.ask(&format!("show bgp {family} unicast {prefix} json"))?)?;
        let paths = route["paths"].as_array().into_iter().flatten();
        // FRR leaves the default out.
        Ok(paths
            .map(|path| path["locPrf"].as_u64().unwrap_or(100))
            .collect())
    }

    fn load(&self, fragments: &[String]) -> Result<()> {
        fragments
            .iter()
            .try_for_each(|fragment| Frr::load(self, fragment))
    }

    fn open(&self, fragment: &str) -> Result<()> {
        let mut lines = fragment.lines();
        let policy = lines.find_map(|line| line.strip_suffix("-v4-in permit 10"));
        let policy = policy.ok_or_else(|| Error::new(fragment))?;
        Frr::load(self, &format!("{policy}-v4-in permit 5\nexit\n"))
    }

    fn software(&self) -> &'static str {
        "frr"
    }
}

impl Router for Bird<'_> {
    fn sessions(&self) -> Result<(usize, usize)> {
        let table = self.ask("show protocols")?;
        let bfd = self.ask("show bfd sessions")?;
        let up = bfd
            .lines()
            .filter(|line| line.contains(" Up ") && line.contains("0.300"));
        Ok((table.matches("Established").count(), up.count()))
    }

    fn preferences(&self, prefix: &str) -> Result<Vec<u64>> {
        let route = self.ask(&format!("show route {prefix} all"))?;
        let lines = route.lines().filter(|line| line.contains("local_pref"));
        let number = |line: &str| line.split_whitespace().last()?.parse().ok();
        Ok(lines.filter_map(number).collect())
    }

    fn load(&self, fragments: &[String]) -> Result<()> {
        std::fs::write(self.configuration(), bird_configuration(fragments))?;
        self.configure().map(drop)
    }

    fn open(&self, _fragment: &str) -> Result<()> {
        Ok(())
    }

    fn software(&self) -> &'static str {
        "bird"
    }
}

pub(crate) fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::new(format!("{error} in {text}")))
}

/// Routes that a router may announce, or not.
const DEFAULT_ROUTES: &str = "protocol static default4 { ipv4; route 0.0.0.0/0 blackhole; }
protocol static default6 { ipv6; route ::/0 blackhole; }\n";

/// What a router's bird.conf has without us; the lines that a fragment asks for are taken from it.
pub(crate) fn bird_configuration(fragments: &[String]) -> String {
    let once = fragments.first().into_iter().flat_map(|text| text.lines());
    let once = once.filter_map(|line| line.strip_prefix("#   "));
    let once: Vec<&str> = once.collect();
    format!(
        "log stderr all;\nrouter id 10.99.1.1;\n{DEFAULT_ROUTES}debug protocols {{ states, events }};\n{}\n{}",
        once.join("\n"),
        fragments.concat()
    )
}
