//! DNS: servers that are real, one that lies, and a way to ask them.

mod fake;
mod quic;
mod recipe;
mod server;

pub use fake::{FakeDns, Lie};
pub use quic::QuicDns;
pub use recipe::zone;
pub use server::{Answer, DnsServer, Software};

use crate::{Error, Host, Result};

/// What `dig` on this host gets from a server for `example.com SOA`: a response code, or what `dig`
/// says instead.
pub fn ask(host: &Host, server: &str, tcp: bool) -> Result<String> {
    let at = format!("@{server}");
    let transport = if tcp { "+tcp" } else { "+notcp" };
    let options = ["+time=1", "+tries=1", transport, "example.com", "SOA", &at];
    let reply = host.run("dig", &options)?;
    reply
        .split_once("status: ")
        .and_then(|(_, rest)| rest.split(',').next())
        .map(str::to_owned)
        .ok_or_else(|| Error::new(reply))
}
