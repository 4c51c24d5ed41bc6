//! What editors are told of the values: the JSON Schema of every shape that the reader takes.
//!
//! A schema takes all that the reader takes and perhaps a little more: an editor must not mark a good file.

use std::any::type_name;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use rustls_pki_types::ServerName;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::leaf::{FromText, LONGEST_LABEL, LONGEST_PATH};
use super::{Field, Listen, Named, Number, Off, Or, Preset, RouterId, Text};
use crate::config::{
    Argument, BirdLog, Discard, ExitCodes, FlapAction, GracefulRestart, Import, KernelExport,
    LONGEST_ARGUMENT, LimitAction, OnFailure, OnStop, Pattern, Quorum, Role, StatusCodes, Url,
    UrlPath, Variable,
};
use crate::dns::{DNSClass, Encoding, Flag, NameTemplate, Rcode, RecordType, Transport};
use crate::model::{
    Asn, BirdVersion, Community, CredentialName, Expression, Family, GroupName, InterfaceName,
    LargeCommunity, Period, Prefix, Processors, ProtocolName, ServiceName, UnitName, VariableName,
};

/// The pattern of the names of services and neighbours.
const NAME: &str = "[a-z][a-z0-9_]{0,31}";
/// Digits in quotes are read like a plain number.
const DIGITS: &str = "^[0-9]+$";

/// A type that is written as text, as editors see it.
pub(crate) trait Shape {
    /// The schema of the text, and of what YAML takes it for where it stands without quotes.
    fn shape() -> Schema;
}

/// Schemas that stand where they are used, so that a key's description and its pattern are seen together.
macro_rules! inline {
    ($({$($parameter:tt)*})? $type:ty, $generator:ident => $schema:expr) => {
        impl$(<$($parameter)*>)? JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                type_name::<Self>().into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

inline!({T: FromText} Text<T>, _generator => T::shape());
inline!({const MIN: u32, const MAX: u32} Number<MIN, MAX>, _generator => number(MIN, MAX));
inline!({W: FromText, T: JsonSchema} Or<W, T>, generator => json_schema!({
    "anyOf": [W::shape(), generator.subschema_for::<T>()],
}));
inline!({T: JsonSchema} Named<T>, generator => json_schema!({
    "type": "object",
    "propertyNames": { "pattern": format!("^{NAME}$") },
    "additionalProperties": generator.subschema_for::<T>(),
}));

/// A field looks like what it holds.
impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

fn number(minimum: u32, maximum: u32) -> Schema {
    json_schema!({
        "$comment": "number",
        "type": ["integer", "string"],
        "minimum": minimum,
        "maximum": maximum,
        "pattern": DIGITS,
        "patternErrorMessage": format!("Write a whole number from {minimum} to {maximum}."),
    })
}

/// Words that are written exactly so.
fn words(known: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": known })
}

/// Words that are offered as they stand here, and taken in any case.
fn words_in_any_case(kind: &str, known: &[&str]) -> Schema {
    let any_case = |word: &&str| -> String {
        let letters = word.chars().map(|letter| match letter {
            'A'..='Z' | 'a'..='z' => {
                format!(
                    "[{}{}]",
                    letter.to_ascii_uppercase(),
                    letter.to_ascii_lowercase()
                )
            }
            '*' => r"\*".to_owned(),
            other => other.to_string(),
        });
        letters.collect()
    };
    let pattern = known.iter().map(any_case).collect::<Vec<_>>().join("|");
    json_schema!({
        "$comment": kind,
        "type": "string",
        "anyOf": [{ "enum": known }, { "pattern": format!("^({pattern})$") }],
    })
}

/// Text of a pattern. The message is what the YAML language server and its kin show instead of it; the comment says
/// to the manual what kind of text it is.
fn pattern(kind: &str, pattern: &str, examples: &[&str]) -> Schema {
    json_schema!({
        "$comment": kind,
        "type": "string",
        "pattern": format!("^({pattern})$"),
        "patternErrorMessage": format!("Write for example {}.", examples.join(" or ")),
        "examples": examples,
    })
}

/// A name of the user's or of somebody else's, which without quotes may look like a number or a truth value.
fn name(kind: &str, text: &str, examples: &[&str]) -> Schema {
    let mut schema = pattern(kind, text, examples);
    schema.insert("type".to_owned(), json!(["string", "number", "boolean"]));
    schema
}

/// 0 to 255, perhaps with leading zeros, which readers of prefixes allow.
const OCTET: &str = "(25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])";
/// 0 to 65535.
const SIXTEEN_BITS: &str =
    "0*(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5]?[0-9]{1,4})";
/// Characters that BIRD's lexer takes in a path: printable ASCII without `"`, `*`, `?`, `[` and `\`.
const PATH: &str = r"[ !#-)+->@-Z\]-~]*";

fn ipv4() -> String {
    format!(r"{OCTET}(\.{OCTET}){{3}}")
}

/// Groups of hexadecimal digits, not counted exactly, the last 32 bits perhaps as an IPv4 address.
fn ipv6() -> String {
    let group = "[0-9A-Fa-f]{0,4}";
    format!(
        "{group}(:{group}){{2,8}}|{group}(:{group}){{1,6}}:{}",
        ipv4()
    )
}

/// Numbers with units up to weeks, in words or letters, as the `jiff` crate reads them; its `1:30:00` and
/// ISO 8601's `PT1M`.
fn period() -> String {
    let number = r"[0-9]+\s*([.,][0-9]+)?";
    let large = "w(ks?|eeks?)?|d(ays?)?|h((ou)?rs?)?|m(in(ute)?s?)?|s(ec(ond)?s?)?";
    let small = "[mnuµ]s(ecs?)?|(milli|micro|nano)(second)?s?";
    let friendly = format!(r"({number}\s*({large}|{small})[,\s]*)+([0-9]+:[0-9]+:{number}\s*)?");
    format!(r"\+?({friendly}|[0-9]+:[0-9]+:{number}\s*|[Pp][Tt]({number}[HhMmSs])+)")
}

/// Record types that the DNS library knows by name, those that one asks for first.
const RECORD_TYPES: [&str; 35] = [
    "SOA",
    "A",
    "AAAA",
    "NS",
    "TXT",
    "MX",
    "CNAME",
    "PTR",
    "SRV",
    "CAA",
    "DNSKEY",
    "DS",
    "HTTPS",
    "SVCB",
    "ANY",
    "ANAME",
    "CDNSKEY",
    "CDS",
    "CERT",
    "CSYNC",
    "DNAME",
    "HINFO",
    "KEY",
    "NAPTR",
    "NSEC",
    "NSEC3",
    "NSEC3PARAM",
    "NULL",
    "OPENPGPKEY",
    "RRSIG",
    "SIG",
    "SMIMEA",
    "SSHFP",
    "TLSA",
    "*",
];

macro_rules! shapes {
    ($($type:ty => $schema:expr;)*) => {
        $(impl Shape for $type {
            fn shape() -> Schema {
                $schema
            }
        })*

        /// Every type: its name, whether it reads a text, and its schema.
        #[cfg(test)]
        fn all() -> Vec<(&'static str, fn(&str) -> bool, Schema)> {
            vec![$((
                stringify!($type),
                |text| <$type>::from_text(text).is_ok(),
                <$type>::shape(),
            )),*]
        }
    };
}

shapes! {
    Asn => number(1, u32::MAX);
    BirdVersion => {
        let numbers = r"0*([2-9]|[1-9][0-9]+)\.[0-9]+(\.[0-9]+)?";
        let mut schema = pattern("release", numbers, &["2.0.12", "3.1.7"]);
        // Without quotes, 2.15 is a number.
        schema.insert("type".to_owned(), json!(["string", "number"]));
        schema.insert("exclusiveMinimum".to_owned(), json!(2));
        schema
    };
    Community => pattern("community", &format!("{SIXTEEN_BITS}:{SIXTEEN_BITS}"), &["64601:53"]);
    LargeCommunity => pattern("large community", "0*[0-9]{1,10}(:0*[0-9]{1,10}){2}", &["64601:1:53"]);
    NameTemplate => name("domain name", "[!-~]*", &["example.com", "{random}.example.com"]);
    // No wildcards before the last `/`, and a name behind it.
    Pattern => name("pattern", r"([^*?\[]*/)?[^/]+", &["conf.d/*.yaml", "tor1.yaml"]);
    InterfaceName => name("interface", "[A-Za-z][A-Za-z0-9_.-]{0,14}", &["anycast0"]);
    GroupName => name("group", "[a-z_][a-z0-9_-]{0,31}", &["dnsops"]);
    UnitName => name("unit", r"[A-Za-z0-9][A-Za-z0-9_.:@-]*\.service", &["nsd.service"]);
    Argument => json_schema!({
        "$comment": "text",
        "type": ["string", "number", "boolean"],
        "pattern": r"^[^\u0000]*$",
        "maxLength": LONGEST_ARGUMENT,
    });
    Variable => pattern("variable", r"[A-Za-z_][A-Za-z0-9_]*=[^\u0000]*", &["HOME=/var/lib/checks"]);
    Url => pattern("URL", r"https?://[^\s#@]+|[Hh][Tt][Tt][Pp][Ss]?://[^\s#@/]+[^\s#]*", &["http://192.0.2.53:8080/health", "https://dns.example.com/health"]);
    StatusCodes => {
        let mut schema = pattern("status codes", "[1-5][0-9]{2}(-[1-5][0-9]{2})?", &["200", "200-299"]);
        // One of them alone is a number.
        schema.insert("type".to_owned(), json!(["string", "integer"]));
        schema
    };
    ExitCodes => words(&["plain", "nagios"]);
    Processors => {
        let range = r"\s*[0-9]+(-[0-9]+)?\s*";
        let mut schema = pattern("processors", &format!("{range}(,{range})*"), &["0-3", "0,2-5"]);
        // One of them alone is a number.
        schema.insert("type".to_owned(), json!(["string", "integer"]));
        schema
    };
    ProtocolName => name("protocol", "[A-Za-z_][A-Za-z0-9_]{0,63}", &["my_static"]);
    ServiceName => name("service", NAME, &["resolver"]);
    CredentialName => name("name of a credential", "[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}", &["tor1-md5"]);
    VariableName => name("name of a variable", "[A-Za-z_][A-Za-z0-9_]{0,254}", &["PASSWORD_TOR1"]);
    Period => pattern("duration", &period(), &["300ms", "10s", "1m 30s", "2h"]);
    Prefix => {
        let v4 = format!("{}/(3[0-2]|[0-2]?[0-9])", ipv4());
        let v6 = format!("({})/(12[0-8]|1[01][0-9]|0?[0-9]?[0-9])", ipv6());
        pattern("prefix", &format!("{v4}|{v6}"), &["192.0.2.53/32", "2001:db8:53::53/128"])
    };
    Rcode => words_in_any_case("response code", &Rcode::names());
    RecordType => words_in_any_case("record type", &RECORD_TYPES);
    DNSClass => words_in_any_case("class", &["IN", "CH"]);
    Transport => words(&["udp", "tcp", "tls", "https", "quic"]);
    UrlPath => pattern("path of a URL", r"/[!$-;=?-\[\]_a-z~]*", &["/dns-query"]);
    ServerName<'static> => name("name or address", "[0-9A-Za-z_:.-]{1,254}", &["dns.example.com"]);
    Flag => words_in_any_case("flag", &Flag::ALL.map(Flag::name));
    Expression => name("regular expression", r"[\s\S]+", &[r"^192\.0\.2\.", "\"ams1\""]);
    Encoding => words(&["auto", "date", "unix"]);
    OnStop => words(&["withdraw", "hold"]);
    OnFailure => words(&["withdraw", "drain"]);
    Family => words(&["v4", "v6"]);
    Quorum => words(&["all", "any"]);
    FlapAction => words(&["report", "hold"]);
    LimitAction => words(&["warn", "block", "restart", "disable"]);
    GracefulRestart => words(&["aware", "full", "none"]);
    Import => words(&["none", "default_route"]);
    KernelExport => words(&["bgp", "none"]);
    Discard => words(&["blackhole", "unreachable"]);
    Off => words(&["off"]);
    Role => words(&["provider", "customer", "peer", "rs_server", "rs_client"]);
    Preset => words(&["vultr", "vultr_bare_metal"]);
    String => json_schema!({
        "$comment": "text",
        "type": ["string", "number", "boolean"],
        "pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$",
        "minLength": 1,
        "maxLength": LONGEST_LABEL,
    });
    RouterId => pattern("IPv4 address", &ipv4(), &["192.0.2.1"]);
    Ipv4Addr => pattern("IPv4 address", &ipv4(), &["192.0.2.1"]);
    Ipv6Addr => pattern("IPv6 address", &ipv6(), &["2001:db8::1"]);
    IpAddr => pattern("address", &format!("{}|{}", ipv4(), ipv6()), &["192.0.2.1", "2001:db8::1"]);
    PathBuf => json_schema!({
        "$comment": "path",
        "type": "string",
        "pattern": format!("^{PATH}$"),
        "patternErrorMessage": r#"Write printable ASCII without `"`, `*`, `?`, `[` and `\`, which BIRD cannot take."#,
        "minLength": 1,
        "maxLength": LONGEST_PATH,
    });
    BirdLog => pattern("word or path", &format!("syslog|/{PATH}"), &["syslog", "/var/log/bird.log"]);
    Listen => pattern(
        "address and port, or `off`",
        &format!(r"off|({}|\[({})\]):{SIXTEEN_BITS}", ipv4(), ipv6()),
        &["127.0.0.1:9553", "[::1]:9553", "off"],
    );
}

#[cfg(test)]
mod tests;
