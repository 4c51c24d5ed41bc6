//! Single values: text that becomes a type of the field, and numbers within bounds.

use std::borrow::Cow;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use rustls_pki_types::ServerName;
use serde::de::{Deserialize, Deserializer, Error as _};

use super::shape::Shape;
use super::{Field, Preset};
use crate::config::{
    Argument, BirdLog, Discard, ExitCodes, FlapAction, GracefulRestart, Import, KernelExport,
    LimitAction, OnFailure, OnStop, Pattern, Quorum, Role, StatusCodes, Url, UrlPath, Variable,
};
use crate::dns::{self, DNSClass, Encoding, Flag, NameTemplate, Rcode, RecordType, Transport};
use crate::harmless::is_harmful;
use crate::model::{
    Asn, BirdVersion, Community, CredentialName, Expression, Family, GroupName, InterfaceName,
    LargeCommunity, Period, Prefix, Processors, ProtocolName, ServiceName, UnitName, VariableName,
};

/// A key whose value is one text.
pub(crate) type Leaf<T> = Field<Text<T>>;

/// A value that is written as text.
#[derive(Debug, Clone)]
pub(crate) struct Text<T>(pub(crate) T);

impl<'de, T: FromText> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        T::from_text(&text).map(Self).map_err(D::Error::custom)
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Number<MIN, MAX> {
    /// A number that was not typed.
    pub(super) const fn new(number: u32) -> Self {
        assert!(MIN <= number && number <= MAX, "within its bounds");
        Self(number)
    }

    /// The number, in any type that holds `MAX`.
    pub(crate) fn get<T: TryFrom<u32>>(self) -> Option<T> {
        T::try_from(self.0).ok()
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Number<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| plain);
        let bounded = number.filter(|number| (MIN..=MAX).contains(number));
        bounded.map(Self).ok_or_else(|| {
            let bounds = format!("a whole number from {MIN} to {MAX}");
            let expected = Some(bounds).filter(|_| MIN < MAX);
            let expected = expected.unwrap_or_else(|| MIN.to_string());
            D::Error::custom(format!("`{text}` is not {expected}"))
        })
    }
}

/// The word `off`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Off;

/// A BGP identifier: written as an address, but no address of a host needs to be it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RouterId(pub(crate) Ipv4Addr);

/// Where to listen, or nowhere: a socket address, or the word `off`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listen(pub(crate) Option<SocketAddr>);

/// A type that is written as text; its [`Shape`] is what editors know of it.
pub(crate) trait FromText: Shape + Sized {
    /// Reads the text; the error says what to write instead.
    fn from_text(text: &str) -> Result<Self, String>;
}

fn from_str<T: std::str::FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

macro_rules! from_text {
    ($($type:ty => $read:expr;)*) => {
        $(impl FromText for $type {
            fn from_text(text: &str) -> Result<Self, String> {
                $read(text)
            }
        })*
    };
}

from_text! {
    Asn => from_str;
    BirdVersion => from_str;
    Community => from_str;
    NameTemplate => from_str;
    Pattern => from_str;
    Period => from_str;
    Prefix => from_str;
    Processors => from_str;
    Rcode => from_str;
    Flag => from_str;
    Expression => from_str;
    Encoding => |text| one_of(text, [Self::Auto, Self::Date, Self::Unix].map(|one| (one.name(), one)));
    UnitName => from_str;
    Argument => from_str;
    Variable => from_str;
    ExitCodes => |text| one_of(text, [("plain", Self::Plain), ("nagios", Self::Nagios)]);
    RecordType => |text| dns::record_type(text).map_err(|error| error.to_string());
    DNSClass => |text| dns::class(text).map_err(|error| error.to_string());
    Transport => |text| one_of(text, [
        ("udp", Self::Udp), ("tcp", Self::Tcp), ("tls", Self::Tls), ("https", Self::Https), ("quic", Self::Quic),
    ]);
    UrlPath => from_str;
    Url => from_str;
    StatusCodes => from_str;
    ServerName<'static> => server_name;
    OnStop => |text| one_of(text, [("withdraw", OnStop::Withdraw), ("hold", OnStop::Hold)]);
    OnFailure => |text| one_of(text, [("withdraw", Self::Withdraw), ("drain", Self::Drain)]);
    Family => |text| one_of(text, [("v4", Self::V4), ("v6", Self::V6)]);
    Quorum => quorum;
    FlapAction => |text| one_of(text, [("report", Self::Report), ("hold", Self::Hold)]);
    LimitAction => |text| one_of(text, [
        ("warn", Self::Warn), ("block", Self::Block), ("restart", Self::Restart), ("disable", Self::Disable),
    ]);
    GracefulRestart => |text| one_of(text, [("aware", Self::Aware), ("full", Self::Full), ("none", Self::None)]);
    Import => |text| one_of(text, [("none", Self::None), ("default_route", Self::DefaultRoute)]);
    KernelExport => |text| one_of(text, [("bgp", Self::Bgp), ("none", Self::None)]);
    Discard => discard;
    Off => off;
    Role => |text| one_of(text, [
        ("provider", Self::Provider), ("customer", Self::Customer), ("peer", Self::Peer),
        ("rs_server", Self::RsServer), ("rs_client", Self::RsClient),
    ]);
    Preset => |text| one_of(text, [("vultr", Self::Vultr), ("vultr_bare_metal", Self::VultrBareMetal)]);
    LargeCommunity => from_str;
    InterfaceName => from_str;
    GroupName => from_str;
    ProtocolName => from_str;
    ServiceName => from_str;
    CredentialName => from_str;
    VariableName => from_str;
    Ipv6Addr => ipv6;
    String => label;
    RouterId => router_id;
    Ipv4Addr => ipv4;
    IpAddr => address;
    PathBuf => path;
    BirdLog => log;
    Listen => listen;
}

fn discard(text: &str) -> Result<Discard, String> {
    match text {
        "blackhole" => Ok(Discard::Blackhole),
        "unreachable" => Ok(Discard::Unreachable),
        _ => Err(format!(
            "`{text}` is neither `blackhole` nor `unreachable` nor a map of keys, as in `{{ interface: anycast0 }}`"
        )),
    }
}

fn quorum(text: &str) -> Result<Quorum, String> {
    match text {
        "all" => Ok(Quorum::All),
        "any" => Ok(Quorum::Any),
        _ => Err(format!(
            "`{text}` is neither `all` nor `any` nor a map of keys, as in `{{ at_least: 2 }}`"
        )),
    }
}

fn off(text: &str) -> Result<Off, String> {
    match text {
        "off" => Ok(Off),
        _ => Err(format!("`{text}` is neither `off` nor a map of keys")),
    }
}

fn one_of<T, const N: usize>(text: &str, known: [(&str, T); N]) -> Result<T, String> {
    let names: Vec<String> = known.iter().map(|(name, _)| format!("`{name}`")).collect();
    let found = known.into_iter().find(|(name, _)| *name == text);
    found
        .map(|(_, value)| value)
        .ok_or_else(|| match &names[..] {
            [one, other] => format!("`{text}` is neither {one} nor {other}"),
            names => format!("`{text}` is none of {}", names.join(", ")),
        })
}

/// The longest name of a node or check, in characters.
pub(super) const LONGEST_LABEL: usize = 64;

fn label(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if !(1..=LONGEST_LABEL).contains(&length) {
        return Err(format!(
            "a name has 1 to {LONGEST_LABEL} characters, this one has {length}"
        ));
    }
    match text.chars().find(|c| is_harmful(*c)) {
        Some(bad) => Err(format!("a name is printed: {bad:?} cannot stand there")),
        None => Ok(text.to_owned()),
    }
}

fn server_name(text: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(text.to_owned()).map_err(|_| {
        format!("`{text}` is neither the name of a server nor an address: write for example dns.example.com")
    })
}

fn router_id(text: &str) -> Result<RouterId, String> {
    match text.parse() {
        Ok(Ipv4Addr::UNSPECIFIED) => Err(
            "0.0.0.0 identifies no router (RFC 6286): write an IPv4 address of this node"
                .to_owned(),
        ),
        Ok(id) => Ok(RouterId(id)),
        Err(_) => Err(format!(
            "`{text}` is not a router id: write an IPv4 address, also on a node that speaks only IPv6"
        )),
    }
}

fn ipv4(text: &str) -> Result<Ipv4Addr, String> {
    match address(text)? {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(_) => Err(format!("{text} is IPv6, and an IPv4 address belongs here")),
    }
}

fn ipv6(text: &str) -> Result<Ipv6Addr, String> {
    match address(text)? {
        IpAddr::V6(address) => Ok(address),
        IpAddr::V4(_) => Err(format!("{text} is IPv4, and an IPv6 address belongs here")),
    }
}

fn address(text: &str) -> Result<IpAddr, String> {
    let address: IpAddr = text.parse().map_err(|_| {
        format!("`{text}` is not an address: write for example 192.0.2.1 or 2001:db8::1")
    })?;
    let mapped = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => v6.to_ipv4_mapped(),
    };
    match mapped {
        Some(meant) => Err(format!(
            "{text} is an IPv4 address mapped into IPv6: write {meant}"
        )),
        None if address.is_unspecified() => Err(format!("{text} is no address of a host")),
        None if address.is_multicast() => {
            Err(format!("{text} is a multicast address: no host has it"))
        }
        None if text.parse() == Ok(Ipv4Addr::BROADCAST) => {
            Err(format!("{text} is the broadcast address: no host has it"))
        }
        None => Ok(address),
    }
}

fn listen(text: &str) -> Result<Listen, String> {
    if text == "off" {
        return Ok(Listen(None));
    }
    let socket: SocketAddr = text.parse().map_err(|_| no_socket_address(text))?;
    let ip = socket.ip();
    if socket.port() == 0 {
        return Err(format!(
            "port 0 stands for any that is free, and nobody would know which: write for example {}",
            SocketAddr::new(ip, METRICS_PORT)
        ));
    }
    match socket {
        SocketAddr::V6(v6) if v6.ip().is_unicast_link_local() => Err(format!(
            "{ip} is link-local, and means nothing without an interface: write another address of this host"
        )),
        _ if ip.is_unspecified() => Ok(Listen(Some(socket))),
        _ => address(&ip.to_string()).map(|_| Listen(Some(socket))),
    }
}

/// The port that examples show: that of the default.
const METRICS_PORT: u16 = 9553;

fn no_socket_address(text: &str) -> String {
    let number = text.trim_start_matches(':');
    match (text.parse(), number.parse::<u16>()) {
        (Ok(ip @ IpAddr::V4(_)), _) => {
            let meant = SocketAddr::new(ip, METRICS_PORT);
            format!("{text} has no port: write for example {meant}")
        }
        (Ok(IpAddr::V6(_)), _) => format!(
            "`{text}` is an IPv6 address without a port: write it in brackets and its port behind them, as in \"[::1]:{METRICS_PORT}\""
        ),
        (Err(_), Ok(port)) => format!(
            "`{text}` has no address: write for example 127.0.0.1:{port} for this host only"
        ),
        (Err(_), Err(_)) => format!(
            "`{text}` is not an address and port: write for example 127.0.0.1:{METRICS_PORT} or \"[::1]:{METRICS_PORT}\", or `off`"
        ),
    }
}

/// BIRD's lexer has a buffer of 4096 bytes and dies beyond it; no path comes near this.
pub(super) const LONGEST_PATH: usize = 1024;

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() || text.len() > LONGEST_PATH {
        return Err(format!(
            "a path has 1 to {LONGEST_PATH} bytes, this one has {}",
            text.len()
        ));
    }
    let bad = |c: &char| !(c.is_ascii_graphic() || *c == ' ') || "\"*?[\\".contains(*c);
    match text.chars().find(bad) {
        Some(bad) => Err(format!(
            "BIRD cannot take {bad:?} in a path (it has no escapes, and `*`, `?` and `[` are patterns)"
        )),
        None => Ok(PathBuf::from(text)),
    }
}

fn log(text: &str) -> Result<BirdLog, String> {
    match text {
        "syslog" => Ok(BirdLog::Syslog),
        _ if !text.starts_with('/') => {
            Err(format!("`{text}` is neither `syslog` nor an absolute path"))
        }
        _ => path(text).map(BirdLog::File),
    }
}
