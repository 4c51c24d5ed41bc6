//! What `render` writes, and for whom.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::model::NeighborName;

/// What to render, and where to.
#[derive(Debug, Clone, Args)]
pub struct Render {
    /// What to render
    #[arg(value_enum, default_value_t = Target::Bird)]
    pub target: Target,
    /// Whose router
    #[command(flatten)]
    pub opposite: Opposite,
    /// Write to a file instead, whole or not at all; one that is there keeps its mode and owner
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write nothing, and show how this file differs from what would be written
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    pub check: Option<PathBuf>,
    /// List what can be rendered and where it is installed
    #[arg(long, conflicts_with_all = ["target", "output", "check"])]
    pub list: bool,
    /// Print the list as JSON
    #[arg(long, requires = "list")]
    pub json: bool,
}

/// What can be rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// bird.conf, without any secret
    Bird,
    /// The file with the passwords that bird.conf includes
    Secrets,
    /// The dummy interface, for systemd-networkd
    NetworkdNetdev,
    /// The anycast addresses on the dummy interface, for systemd-networkd
    NetworkdNetwork,
    /// The dummy interface and the anycast addresses, for ifupdown
    Ifupdown,
    /// Settings of the kernel: ARP, reverse path filter, packet sizes, socket buffers
    Sysctl,
    /// Receive packet steering, as a unit of systemd
    Steering,
    /// The DNS server's limit of open files, as a drop-in of systemd
    Limits,
    /// Packet filter: questions limited by source, BGP and BFD from neighbours only
    Nftables,
    /// For the router opposite: its side of a neighbour's sessions
    Neighbor,
}

/// The router opposite, which only [`Target::Neighbor`] has.
#[derive(Debug, Clone, Default, Args)]
pub struct Opposite {
    /// With `neighbor`: the neighbour's name in the configuration
    #[arg(value_name = "NAME", required_if_eq("target", "neighbor"))]
    pub neighbor: Option<NeighborName>,
    /// With `neighbor`: the software of its router
    #[arg(
        long = "for",
        value_enum,
        value_name = "frr|bird|junos|eos",
        hide_possible_values = true,
        required_if_eq("target", "neighbor")
    )]
    pub router: Option<Router>,
}

/// The software of a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Router {
    /// FRR
    Frr,
    /// BIRD
    Bird,
    /// Juniper Junos
    Junos,
    /// Arista EOS
    Eos,
}
