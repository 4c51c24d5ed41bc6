//! `node`, `bird`, `bfd` and `daemon`.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

use crate::config::defaults;
use crate::config::report::Report;
use crate::config::spec::{self, Field, Leaf, Text};
use crate::config::tree::NodeId;
use crate::config::{Bfd, Bird, BirdLog, Daemon, Kernel, KernelExport, Node, OnStop};
use crate::model::{BirdVersion, Period};

/// The longest path of a Unix socket, in bytes: `sun_path` has 108 with the final zero.
const LONGEST_SOCKET: usize = 107;

pub(super) fn node(report: &Report<'_>, at: NodeId, node: &spec::Node) -> Option<Node> {
    let name = report.required(
        at,
        "name",
        &node.name,
        "a name for people, as in `name: ams1`",
    );
    let asn = report.required(at, "asn", &node.asn, "the AS number of this node");
    let router_id = report.required(
        at,
        "router_id",
        &node.router_id,
        "an IPv4 address of this node, also if it speaks only IPv6",
    );
    Some(Node {
        name: name?.0.clone(),
        asn: asn?.0,
        router_id: router_id?.0.0,
    })
}

pub(super) fn bird(report: &Report<'_>, field: &Field<spec::Bird>) -> Option<Bird> {
    let bird = section(report, field)?;
    let version = report.text_or(&bird.version, BirdVersion::new(2, 0, 12));
    let socket = socket(report, &bird.socket, defaults::BIRD_SOCKET);
    let config = absolute(report, &bird.config, defaults::BIRD_CONFIG);
    let secrets = absolute(report, &bird.secrets, "/etc/bird/bird.secrets.conf");
    let intent_dir = absolute(report, &bird.intent_dir, defaults::INTENT_DIR);
    let binary = report.text_or(&bird.binary, PathBuf::from("bird"));
    let log = report.text_or(&bird.log, BirdLog::Syslog);
    let include = include(report, &bird.include);
    let poll_interval = report.text_or(&bird.poll_interval, Period::from_millis(1000));
    from_to(report, &bird.poll_interval, POLL_INTERVALS);
    Some(Bird {
        version: version?,
        socket: socket?,
        config: config?,
        secrets: secrets?,
        intent_dir: intent_dir?,
        binary: binary?,
        log: log?,
        include: include?,
        poll_interval: poll_interval?,
    })
}

fn include(report: &Report<'_>, list: &spec::List<Text<PathBuf>>) -> Option<Vec<PathBuf>> {
    let paths = report.texts(list)?;
    let fields = list.value.iter().flatten();
    let absolute = fields.filter(|field| is_absolute(report, field)).count();
    Some(paths).filter(|paths| paths.len() == absolute)
}

pub(super) fn kernel(report: &Report<'_>, field: &Field<spec::Kernel>) -> Option<Kernel> {
    let kernel = section(report, field)?;
    let export = report.text_or(&kernel.export, KernelExport::Bgp);
    let ecmp = report.optional(&kernel.ecmp);
    let source = section(report, &kernel.preferred_source)?;
    let preferred_source_v4 = report.optional(&source.v4);
    let preferred_source_v6 = report.optional(&source.v6);
    Some(Kernel {
        export: export?,
        ecmp: ecmp.ok()?.and_then(spec::Number::get),
        preferred_source_v4: preferred_source_v4.ok()?.map(|address| address.0),
        preferred_source_v6: preferred_source_v6.ok()?.map(|address| address.0),
    })
}

/// BFD intervals that work on ordinary hosts.
const BFD_INTERVALS: [Period; 2] = [Period::from_millis(10), Period::from_millis(10_000)];
/// Asked more often, BIRD would do little else on a host with many sessions; less often, the status is history.
const POLL_INTERVALS: [Period; 2] = [Period::from_millis(100), Period::from_millis(10_000)];

/// A period outside of its bounds.
fn from_to(report: &Report<'_>, field: &Leaf<Period>, [shortest, longest]: [Period; 2]) {
    if let Some((place, period)) = field.placed()
        && !(shortest..=longest).contains(&period.0)
    {
        let message = format!("{} is not from {shortest} to {longest}", period.0);
        report.error(place, message);
    }
}

pub(super) fn bfd(report: &Report<'_>, field: &Field<spec::Bfd>) -> Option<Bfd> {
    let bfd = section(report, field)?;
    let interval = report.text_or(&bfd.interval, Period::from_millis(300));
    let multiplier = report.number_or(&bfd.multiplier, 3);
    from_to(report, &bfd.interval, BFD_INTERVALS);
    Some(Bfd {
        interval: interval?,
        multiplier: multiplier?,
    })
}

pub(super) fn daemon(report: &Report<'_>, field: &Field<spec::Daemon>) -> Option<Daemon> {
    let daemon = section(report, field)?;
    let control = socket(report, &daemon.control, defaults::CONTROL);
    let operator_group = report.optional(&daemon.operator_group);
    let listen = report.or(&daemon.listen, Text(spec::Listen(Some(LISTEN))));
    let state_dir = absolute(report, &daemon.state_dir, defaults::STATE_DIR);
    let on_stop = report.text_or(&daemon.on_stop, OnStop::Withdraw);
    let stale_after = report.text_or(&daemon.stale_after, stale_after());
    Some(Daemon {
        control: control?,
        operator_group: operator_group.ok()?.map(|group| group.0),
        listen: listen?.0.0,
        state_dir: state_dir?,
        on_stop: on_stop?,
        stale_after: stale_after?,
    })
}

/// The default of `daemon.listen`.
const LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9553));

/// The default of `daemon.stale_after`.
pub(super) const fn stale_after() -> Period {
    Period::from_millis(30_000)
}

/// A section, empty where it is absent.
pub(super) fn section<T: Default + Clone>(report: &Report<'_>, field: &Field<T>) -> Option<T> {
    report.or(field, T::default())
}

fn absolute(report: &Report<'_>, field: &Leaf<PathBuf>, default: &str) -> Option<PathBuf> {
    let path = report.text_or(field, PathBuf::from(default))?;
    is_absolute(report, field).then_some(path)
}

/// Whether a path that was typed is absolute; one that was not is reported.
pub(super) fn is_absolute(report: &Report<'_>, field: &Leaf<PathBuf>) -> bool {
    let relative = field.placed().filter(|(_, path)| !path.0.is_absolute());
    if let Some((place, path)) = relative {
        let message = format!(
            "`{}` is relative, and to what depends on who reads it: write an absolute path",
            path.0.display()
        );
        report.error(place, message);
    }
    relative.is_none()
}

fn socket(report: &Report<'_>, field: &Leaf<PathBuf>, default: &str) -> Option<PathBuf> {
    let path = absolute(report, field, default)?;
    let length = path.as_os_str().len();
    if length <= LONGEST_SOCKET {
        return Some(path);
    }
    let message =
        format!("the path of a socket has at most {LONGEST_SOCKET} bytes, this one has {length}");
    report.error(super::id(field), message);
    None
}
