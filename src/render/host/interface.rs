//! The dummy interface and its addresses, for systemd-networkd and for ifupdown.

use serde::Serialize;

use super::addresses::{Addresses, HostPrefix};
use super::{Error, File, Rendered, fill};
use crate::config::Config;

const NETDEV: &str = include_str!("../../../templates/host/networkd.netdev.j2");
const NETWORK: &str = include_str!("../../../templates/host/networkd.network.j2");
const IFUPDOWN: &str = include_str!("../../../templates/host/ifupdown.j2");

#[derive(Serialize)]
struct Dummy<'c> {
    path: &'static str,
    interface: &'c str,
    addresses: Vec<HostPrefix>,
    missing: Vec<String>,
}

pub(super) fn netdev(config: &Config) -> Result<Rendered, Error> {
    // The addresses are the other file's business.
    let text = fill_interface(NETDEV, config, File::NetworkdNetdev, &Addresses::default())?;
    Ok(text.into())
}

pub(super) fn network(config: &Config) -> Result<Rendered, Error> {
    with_addresses(NETWORK, config, File::NetworkdNetwork)
}

pub(super) fn ifupdown(config: &Config) -> Result<Rendered, Error> {
    with_addresses(IFUPDOWN, config, File::Ifupdown)
}

fn with_addresses(template: &str, config: &Config, file: File) -> Result<Rendered, Error> {
    let addresses = Addresses::of(config);
    Ok(Rendered {
        text: fill_interface(template, config, file, &addresses)?,
        notes: addresses.notes(),
    })
}

fn fill_interface(
    template: &str,
    config: &Config,
    file: File,
    addresses: &Addresses,
) -> Result<String, Error> {
    let missing = addresses.missing.iter();
    let context = Dummy {
        path: file.path(),
        interface: config.host.interface.as_str(),
        addresses: addresses.prefixes(),
        missing: missing.map(|(_, prefix)| prefix.to_string()).collect(),
    };
    fill(template, &context)
}
