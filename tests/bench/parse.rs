//! What it costs to read BIRD's reply about a thousand BGP sessions: time, printed.
//!
//! `cargo bench --bench parse`; `RUNS=1000` for more than a hundred runs a line.

#![allow(
    clippy::print_stdout,
    reason = "the figures are what this program is for"
)]

#[allow(dead_code, reason = "another benchmark uses the rest")]
mod figures;

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use anycastctl::bird::reply::{Decoder, Event, Reply};
use anycastctl::bird::table::{self, LocalTime, Protocol};
use figures::{Figures, runs};

const SESSIONS: u32 = 1000;
/// BIRD writes blocks of 4 kB.
const BLOCK: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --all-targets` starts this program too.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    Figures::heading();
    for (name, release) in [("BIRD 2", Release::Two), ("BIRD 3", Release::Three)] {
        measure(name, reply(release).as_bytes())?;
    }
    Ok(())
}

fn measure(name: &str, stream: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut decoding = Figures::new(&format!("{name}, {SESSIONS} sessions: decode"));
    let mut parsing = Figures::new(&format!("{name}, {SESSIONS} sessions: parse"));
    let mut both = Figures::new(&format!("{name}, {SESSIONS} sessions: both"));
    for _ in 0..runs(100) {
        let start = Instant::now();
        let reply = decode(black_box(stream))?;
        let decoded = Instant::now();
        let protocols = parse(&reply);
        let parsed = Instant::now();
        check(&protocols)?;
        decoding.add(decoded - start);
        parsing.add(parsed - decoded);
        both.add(parsed - start);
    }
    [decoding, parsing, both].iter().for_each(Figures::print);
    let lines = decode(stream)?.lines().count();
    println!(
        "- {name}: {SESSIONS} sessions with two channels, {lines} lines, {} bytes",
        stream.len()
    );
    Ok(())
}

fn decode(stream: &[u8]) -> Result<Reply, Box<dyn Error>> {
    let mut decoder = Decoder::default();
    for block in stream.chunks(BLOCK) {
        decoder.push(block)?;
    }
    match decoder.next_event() {
        Some(Event::Reply(reply)) if reply.dropped == 0 => Ok(reply),
        other => Err(format!("no reply: {:?}", other.is_some()).into()),
    }
}

fn parse(reply: &Reply) -> Vec<Protocol> {
    table::protocols(reply, LocalTime::parse("2026-11-22 20:47:43.000000", None))
}

fn check(protocols: &[Protocol]) -> Result<(), Box<dyn Error>> {
    let is_whole = |protocol: &&Protocol| {
        protocol.unknown.is_empty()
            && protocol.since.is_some()
            && protocol.session_word() == "Established"
            && protocol.channels.len() == 2
            && protocol
                .channels
                .iter()
                .all(|channel| channel.changes.is_some())
    };
    match protocols.iter().filter(is_whole).count() {
        count if count == SESSIONS as usize => Ok(()),
        count => Err(format!("{count} sessions were understood").into()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Release {
    Two,
    Three,
}

/// The reply to `show protocols all` of a daemon with many sessions: every line that an established one has.
fn reply(release: Release) -> String {
    let mut text = "2002-Name       Proto      Table      State  Since         Info\n".to_owned();
    for number in 0..SESSIONS {
        text += &session(release, number);
    }
    text + "0000 \n"
}

fn session(release: Release, number: u32) -> String {
    let (created, pending, send_hold) = match release {
        Release::Two => ("", "", ""),
        Release::Three => (
            "   Created:            2026-11-22 20:47:25.797121\n",
            "     TX pending:       0 bytes\n",
            "     Send hold timer:  351.914/480\n",
        ),
    };
    let (third, fourth) = (number / 250, number % 250);
    let capabilities = "       Multiprotocol
         AF announced: ipv4 ipv6
       Route refresh
       Graceful restart
       4-octet AS numbers
       Enhanced refresh
       Long-lived graceful restart
";
    let mut text = format!(
        "1002-bgp_neighbor{number}_v4 BGP        ---        up     2026-11-22 20:47:26.566108  Established   
1006-  Description:    Neighbor {number}, exchange
{created}   BGP state:          Established
     Neighbor address: 10.99.{third}.{fourth}
     Neighbor AS:      {}
     Local AS:         65001
     Neighbor ID:      10.99.{third}.{fourth}
     Local capabilities
{capabilities}     Neighbor capabilities
{capabilities}     Session:          external AS4
     Source address:   10.99.0.1
     Hold timer:       174.196/240
     Keepalive timer:  48.551/80
{pending}{send_hold}",
        64512 + number
    );
    for family in ["ipv4", "ipv6"] {
        let _infallible = write!(text, "{}", channel(release, family));
    }
    text + " \n"
}

fn channel(release: Release, family: &str) -> String {
    let (states, changes, pending) = match release {
        Release::Two => (
            "",
            "     Route change stats:     received   rejected   filtered    ignored   accepted
       Import updates:         912345          0          0          3     912342
       Import withdraws:        81234          0        ---          4      81230
       Export updates:              8          0          6        ---          2
       Export withdraws:            0        ---        ---        ---          0
",
            "",
        ),
        Release::Three => (
            "     Import state:   UP
     Export state:   READY
",
            "     Route change stats:     received   rejected   filtered    ignored   RX limit      limit   accepted
       Import updates:         912345          0          0          3          0          0     912342
       Import withdraws:        81234          0        ---          4        ---        ---      81230
       Export updates:              8          0          6          0        ---          0          2
       Export withdraws:            0        ---        ---          0        ---        ---          0
",
            "     Pending 0 attribute sets with total 0 prefixes to send\n",
        ),
    };
    format!(
        "   Channel {family}
     State:          UP
{states}     Table:          master
     Preference:     100
     Input filter:   ACCEPT
     Output filter:  (unnamed)
     Import limit:   1000000
       Action:       disable
     Routes:         831112 imported, 2 exported, 99881 preferred
{changes}     BGP Next hop:   10.99.0.1
{pending}"
    )
}
