//! What the lab needs from the machine, checked at once and reported as one list.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Programs without which no lab can be built.
const PROGRAMS: [&str; 28] = [
    "check_dummy",
    "check_tcp",
    "setpriv",
    "perl",
    "unshare",
    "sh",
    "cp",
    "ip",
    "ss",
    "nft",
    "dig",
    "kdig",
    "dnssec-keygen",
    "dnssec-signzone",
    "bird",
    "nsd",
    "unbound",
    "named",
    "ifup",
    "mount",
    "sysctl",
    "systemctl",
    "systemd-analyze",
    "systemd-networkd",
    "systemd-sysctl",
    "vtysh",
    "prometheus",
    "promtool",
];

/// Directories of system programs, which the search path of a plain user lacks.
const SYSTEM_DIRECTORIES: [&str; 5] = [
    "/usr/local/sbin",
    "/usr/sbin",
    "/sbin",
    "/usr/lib/systemd",
    "/usr/lib/nagios/plugins",
];

/// Fails with everything that is missing. It never skips: a test that silently did not run is worse
/// than one that failed, above all in CI.
pub(crate) fn check() -> Result<()> {
    let mut missing: Vec<String> = PROGRAMS
        .iter()
        .filter(|name| program(name).is_none())
        .map(|name| format!("the program `{name}`"))
        .collect();
    if !nix::unistd::geteuid().is_root() {
        missing.push("root (network namespaces)".to_owned());
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!(
        "the lab cannot run here; missing: {}.\nOn Debian: apt-get install bird2 nsd unbound bind9 \
         bind9-dnsutils frr ifupdown iproute2 monitoring-plugins-basic mount nftables procps prometheus systemd util-linux, and run the tests as root",
        missing.join(", ")
    )))
}

/// The library that tells a program another time.
pub(crate) const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// What machines need besides: to be made, and to be booted.
const FOR_MACHINES: [&str; 4] = ["debootstrap", "nsenter", "systemd-nspawn", "timeout"];

/// The same for machines.
pub(crate) fn check_for_machines() -> Result<()> {
    let missing: Vec<&str> = FOR_MACHINES
        .into_iter()
        .filter(|name| program(name).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!(
        "no machine can be booted here; missing: {}.\nOn Debian: apt-get install debootstrap systemd-container",
        missing.join(", ")
    )))
}

/// Where a program is, in the search path or among the system's own.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SYSTEM_DIRECTORIES.iter().map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|candidate| is_program(candidate))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
