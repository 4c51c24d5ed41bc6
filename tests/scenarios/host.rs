//! The files for the host, each in the hands of the program that it is for.
//!
//! Interfaces, settings and filters are those of the lab's hosts, whose networks are their own; where a
//! program looks into `/etc`, `/run` or `/sys`, it gets private ones. No file of this machine changes.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use lab::{Context, Controller, Error, Host, Lab, Result, Service, Settings};

use crate::scene::{V4, V6, lab, resolver, settings};

/// The addresses that [`site`] has: two host prefixes, and the server of a network.
const ADDRESSES: [&str; 3] = ["192.0.2.53/32", "2001:db8:53::53/128", "198.51.100.1/32"];

/// A lab without anycast addresses: here the rendered files bring them.
fn bare() -> Result<Lab> {
    Lab::new(&[])
}

/// A service with host prefixes, and one with a network.
fn site() -> Settings {
    let check = "dns: { server: 198.51.100.1, name: example.com, type: SOA }";
    let network = Service::new("network", &["198.51.100.0/24"]).only_check(check);
    Settings::new([resolver(), network])
}

fn install<'lab>(lab: &'lab Lab, settings: &Settings) -> Result<Controller<'lab>> {
    Controller::install(lab, env!("CARGO_BIN_EXE_anycastctl"), settings)
}

/// Renders into a file of the node's.
pub(crate) fn render(lab: &Lab, settings: &Settings, target: &str) -> Result<PathBuf> {
    let path = lab.node().directory().join(target);
    let shown = path.display().to_string();
    install(lab, settings)?.succeed(&["render", target, "-o", &shown])?;
    Ok(path)
}

/// A script on a host, which may mount what it likes.
fn script(host: &Host, text: &str) -> Result<String> {
    host.run("unshare", &["--mount", "sh", "-euc", text])
}

/// Has the file make an interface that this kernel knows: one without the driver `dummy` (they are rare)
/// gets `ifb`, a device that has no other side either. Everything else is tried as it was rendered.
fn make_possible(host: &Host, file: &Path) -> Result<()> {
    if host.ip("link add probe type dummy").is_ok() {
        return host.ip("link delete probe");
    }
    let text = std::fs::read_to_string(file).context(file.display())?;
    let replaced = text
        .replace("Kind=dummy", "Kind=ifb")
        .replace("type dummy", "type ifb");
    std::fs::write(file, replaced).context(file.display())
}

/// Whether the interface is up and has all addresses, and no other of global scope.
fn has_addresses(host: &Host, interface: &str) -> Result<()> {
    let shown = host.run(
        "ip",
        &[
            "-o", "address", "show", "dev", interface, "up", "scope", "global",
        ],
    )?;
    let words: Vec<&str> = shown.split_whitespace().collect();
    let found = words.windows(2).filter(|pair| pair[0].starts_with("inet"));
    let mut found: Vec<&str> = found.map(|pair| pair[1]).collect();
    let mut wanted = ADDRESSES;
    found.sort_unstable();
    wanted.sort_unstable();
    if found == wanted && !shown.contains("tentative") {
        return Ok(());
    }
    Err(Error::new(shown))
}

#[test]
fn networkd_makes_the_interface() -> Result<()> {
    let lab = bare()?;
    let settings = site().host("interface: any-cast.0");
    let netdev = render(&lab, &settings, "networkd-netdev")?;
    let network = render(&lab, &settings, "networkd-network")?;
    make_possible(lab.node(), &netdev)?;
    // Its own configuration and runtime directories; a read-only /sys tells it that no udev runs.
    let start = format!(
        "mount -t tmpfs -o mode=755 none /etc/systemd/network
         cp {} /etc/systemd/network/50-anycast.netdev
         cp {} /etc/systemd/network/50-anycast.network
         mount -t tmpfs -o mode=755 none /run
         mkdir -p /run/systemd/netif
         chown systemd-network: /run/systemd/netif
         mount -t sysfs -o ro none /sys
         exec /usr/lib/systemd/systemd-networkd",
        netdev.display(),
        network.display()
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-euc", &start]);
    let networkd = lab.node().spawn("networkd", &mut command)?;
    lab.wait_until("the interface", || has_addresses(lab.node(), "any-cast.0"))?;
    let log = std::fs::read_to_string(networkd.log()).context("log")?;
    // "Unknown key … ignoring", "Failed to parse …": it goes on without what it does not understand.
    for complaint in ["nknown", "ailed", "gnoring", "could not"] {
        assert!(!log.contains(complaint), "{log}");
    }
    Ok(())
}

#[test]
fn ifupdown_makes_the_interface() -> Result<()> {
    let lab = bare()?;
    let file = render(&lab, &site(), "ifupdown")?;
    make_possible(lab.node(), &file)?;
    let state = lab.node().directory().join("ifstate");
    std::fs::create_dir(&state).context("state")?;
    // Hooks of other packages are for other interfaces.
    let call = |command: &str| {
        let text = format!(
            "for hooks in /etc/network/if-*.d; do mount -t tmpfs none $hooks; done
             {command} --interfaces {} --state-dir {} anycast0",
            file.display(),
            state.display()
        );
        script(lab.node(), &text)
    };
    call("ifup")?;
    has_addresses(lab.node(), "anycast0")?;
    lab.node().ip("address delete 192.0.2.53/32 dev anycast0")?;
    call("ifup --force")?;
    has_addresses(lab.node(), "anycast0")?;
    call("ifdown")?;
    lab.node().ip("link show anycast0").expect_err("it is gone");
    Ok(())
}

/// The values of this network; the ceilings of buffers are the machine's, and are left alone here.
#[test]
fn sysctl_takes_the_settings() -> Result<()> {
    let lab = lab()?;
    let node = lab.node();
    let file = render(&lab, &settings(), "sysctl")?;
    let path = file.display().to_string();
    let text = std::fs::read_to_string(&file).context("sysctl")?;
    let set: Vec<(&str, &str)> = text
        .lines()
        .filter(|line| !line.starts_with(['#', '-']))
        .filter_map(|line| line.split_once(" = "))
        .collect();
    assert_eq!(set.len(), 4, "{text}");
    for load in [["sysctl", "-p"].as_slice(), ["systemd-sysctl"].as_slice()] {
        for (key, _) in &set {
            node.run("sysctl", &["-q", "-w", &format!("{key}=0")])?;
        }
        let arguments = [&load[1..], &[&path]].concat();
        node.run(load[0], &arguments)?;
        for (key, value) in &set {
            assert_eq!(node.run("sysctl", &["-n", key])?.trim(), *value, "{key}");
        }
    }
    Ok(())
}

/// What `arp_ignore` is for: nobody on the segment learns that the node has the anycast address.
#[test]
fn the_anycast_address_is_not_told_to_the_segment() -> Result<()> {
    let lab = lab()?;
    let file = render(&lab, &settings(), "sysctl")?;
    lab.opposite().ip(&format!("route add {V4}/32 dev node"))?;
    let reached = || -> Result<std::io::ErrorKind> {
        let address = std::net::SocketAddr::new(V4.parse().context("address")?, 53);
        let tried = lab
            .opposite()
            .enter(|| std::net::TcpStream::connect_timeout(&address, lab::PATIENCE).map(drop))?;
        Ok(tried.expect_err("nobody listens").kind())
    };
    assert_eq!(reached()?, std::io::ErrorKind::ConnectionRefused);
    lab.node()
        .run("sysctl", &["-p", &file.display().to_string()])?;
    lab.opposite().ip("neighbour flush dev node")?;
    assert_eq!(reached()?, std::io::ErrorKind::HostUnreachable);
    // The other family's neighbour discovery needs no setting.
    lab.opposite().ip(&format!("route add {V6}/128 dev node"))?;
    let address = std::net::SocketAddr::new(V6.parse().context("address")?, 53);
    let tried = lab
        .opposite()
        .enter(|| std::net::TcpStream::connect_timeout(&address, lab::PATIENCE).map(drop))?;
    assert_eq!(
        tried.expect_err("nobody answers").kind(),
        std::io::ErrorKind::HostUnreachable
    );
    Ok(())
}

/// What systemd's parser says about a unit in a directory of its own.
fn verify(host: &Host, directory: &Path, unit: &str) -> Result<()> {
    let units = format!("SYSTEMD_UNIT_PATH={}:", directory.display());
    let text = format!("{units} exec systemd-analyze verify --man=no --generators=no {unit} 2>&1");
    let said = host.run("sh", &["-c", &text])?;
    if said.trim().is_empty() {
        Ok(())
    } else {
        Err(Error::new(said))
    }
}

#[test]
fn systemd_takes_the_limit() -> Result<()> {
    let lab = bare()?;
    let file = render(&lab, &site().host("dns_unit: dns.service"), "limits")?;
    let units = lab.node().directory().join("units");
    let dropins = units.join("dns.service.d");
    std::fs::create_dir_all(&dropins).context("units")?;
    std::fs::write(
        units.join("dns.service"),
        "[Service]\nExecStart=/bin/true\n",
    )
    .context("unit")?;
    let dropin = dropins.join("anycast.conf");
    std::fs::copy(&file, &dropin).context("drop-in")?;
    verify(lab.node(), &units, "dns.service")?;
    // It is this file that was read: a number that is none is found.
    let text = std::fs::read_to_string(&file).context("drop-in")?;
    std::fs::write(&dropin, text.replace("65536", "many")).context("drop-in")?;
    let said = verify(lab.node(), &units, "dns.service").expect_err("not a number");
    let said = said.to_string();
    assert!(
        said.contains("anycast.conf") && said.contains("many"),
        "{said}"
    );
    Ok(())
}

/// An interface with three receive queues, and its steering.
fn steering(lab: &Lab) -> Result<PathBuf> {
    let pair = "link add wan-1 numrxqueues 3 numtxqueues 3 type veth peer name lan";
    lab.node().ip(pair)?;
    let settings = site()
        .host("receive_interfaces: [wan-1]")
        .host("receive_processors: 0");
    render(lab, &settings, "steering")
}

/// As the file says: enabled, it is wanted by the device, whatever characters are in its name.
#[test]
fn systemd_takes_the_steering() -> Result<()> {
    let lab = bare()?;
    let file = steering(&lab)?;
    let instance = "anycast-steering@wan\\x2d1.service";
    let text = std::fs::read_to_string(&file).context("unit")?;
    let enable = format!("#   systemctl enable '{instance}'\n");
    assert!(text.contains(&enable), "{text}");
    let root = lab.node().directory().join("root");
    let units = root.join("etc/systemd/system");
    std::fs::create_dir_all(&units).context("units")?;
    std::fs::copy(&file, units.join("anycast-steering@.service")).context("unit")?;
    verify(lab.node(), &units, &format!("'{instance}'"))?;
    let root = format!("--root={}", root.display());
    lab.node().run("systemctl", &[&root, "enable", instance])?;
    let wants = units.join("sys-subsystem-net-devices-wan\\x2d1.device.wants");
    assert!(wants.join(instance).is_symlink());
    Ok(())
}

#[test]
fn steering_reaches_every_queue() -> Result<()> {
    let lab = bare()?;
    let file = steering(&lab)?;
    let text = std::fs::read_to_string(&file).context("unit")?;
    // What systemd would run, with the interface's name where it would put it.
    let start = text
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let start = start.unwrap_or_default().replace("%I", "wan-1");
    let with_sys = |text: &str| script(lab.node(), &format!("mount -t sysfs none /sys; {text}"));
    let masks = || -> Result<Vec<u32>> {
        let lines = with_sys("cat /sys/class/net/wan-1/queues/rx-*/rps_cpus")?;
        let number = |line: &str| u32::from_str_radix(&line.replace(',', ""), 16);
        let numbers = lines.lines().map(|line| number(line).context(line));
        numbers.collect()
    };
    assert_eq!(masks()?, [0, 0, 0]);
    with_sys(&start)?;
    assert_eq!(masks()?, [1, 1, 1]);
    // A processor that no machine has is an error, and not a queue without any.
    let nowhere = start.replace("echo 1 ", &format!("echo 1{} ", ",00000000".repeat(300)));
    with_sys(&nowhere).expect_err("no such processor");
    assert_eq!(masks()?, [1, 1, 1]);
    Ok(())
}

#[test]
fn an_installed_file_stays_its_owners() -> Result<()> {
    let lab = bare()?;
    let controller = install(&lab, &site())?;
    let path = lab.node().directory().join("installed");
    let shown = path.display().to_string();
    for (target, had, has) in [("bird", 0o604, 0o604), ("secrets", 0o664, 0o660)] {
        std::fs::write(&path, "old").context("file")?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(had))?;
        chown(&path, Some(1234), Some(2345))?;
        controller.succeed(&["render", target, "-o", &shown])?;
        let file = path.metadata()?;
        assert_eq!((file.uid(), file.gid()), (1234, 2345));
        assert_eq!(file.mode() & 0o7777, has);
        controller.succeed(&["render", target, "--check", &shown])?;
    }
    Ok(())
}
