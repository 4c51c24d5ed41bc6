//! The clock is stepped by a day, for the controller and for BIRD. Not the clock of this host: `libfaketime`
//! tells both another time, and leaves them the one that never steps.

use lab::{Error, Result};
use serde_json::Value;

use crate::node::{BOTH, Node, drop_in, lab, settings};

const FAKE: &str = "[Service]
Environment=LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1
Environment=FAKETIME_TIMESTAMP_FILE=/etc/faketime FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
";

/// The day that the controller's status says it is.
fn day(status: &Value) -> Option<String> {
    Some(status["at"].as_str()?.split_once('T')?.0.to_owned())
}

fn is_stepped(node: &Node<'_>, by: &str, expected: &str) -> Result<()> {
    node.write("/etc/faketime", by)?;
    let expected = node.succeed(&format!("date --utc --date='{expected}' +%F"))?;
    node.wait_until(&format!("{by}: {expected}"), || {
        let status = node.settled()?;
        if day(&status).as_deref() == Some(expected.trim()) {
            return Ok(());
        }
        Err(Error::new(status["at"].to_string()))
    })
}

#[test]
fn a_day_forwards_and_two_backwards() -> Result<()> {
    let lab = lab()?;
    let node = Node::prepared(&lab, &settings(), |files| {
        std::fs::write(files.join("etc/faketime"), "+0")?;
        drop_in(files, "anycastctl", FAKE)?;
        drop_in(files, "bird", FAKE)
    })?;
    node.has(&BOTH)?;
    node.settled()?;
    let witness = node.witness()?;
    is_stepped(&node, "+1d", "tomorrow")?;
    is_stepped(&node, "-1d", "yesterday")?;
    is_stepped(&node, "+0", "now")?;
    node.kept("clock stepped by a day, forwards and backwards", witness)?;

    // An outage and its end are seen as ever.
    let witness = node.witness()?;
    node.succeed("systemctl stop unbound")?;
    node.write("/etc/faketime", "-1d")?;
    node.lacks(&BOTH)?;
    node.write("/etc/faketime", "+1d")?;
    node.succeed("systemctl start unbound")?;
    node.has(&BOTH)?;
    node.lost("an outage meanwhile", witness)
}
