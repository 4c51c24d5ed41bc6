//! No schema is narrower than its reader, and none is so wide that it is of no use.

use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// A type that is written as text.
struct Known {
    name: &'static str,
    reads: fn(&str) -> bool,
    schema: Value,
    validator: Validator,
}

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let known = all().into_iter().map(|(name, reads, schema)| Known {
        name,
        reads,
        validator: jsonschema::draft202012::new(schema.as_value()).unwrap(),
        schema: schema.to_value(),
    });
    known.collect()
});

impl Known {
    fn takes(&self, text: &str) -> bool {
        self.validator.is_valid(&text.into())
    }

    /// The words and examples that it offers.
    fn offers(&self) -> impl Iterator<Item = &str> {
        let lists = ["/enum", "/anyOf/0/enum", "/examples"].map(|path| self.schema.pointer(path));
        let values = lists.into_iter().flatten().filter_map(Value::as_array);
        values.flatten().filter_map(Value::as_str)
    }
}

/// What YAML 1.2 (section 10.3.2) makes of a text without quotes, and so what editors see.
fn resolved(text: &str) -> Value {
    let number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let integer = text.parse::<i64>().ok().filter(|_| number);
    let float = text.parse::<f64>().ok().filter(|_| number);
    match (text, integer, float) {
        ("true" | "True" | "TRUE", ..) => true.into(),
        ("false" | "False" | "FALSE", ..) => false.into(),
        (_, Some(integer), _) => integer.into(),
        (_, None, Some(float)) if float.is_finite() => float.into(),
        _ => text.into(),
    }
}

fn assert_not_narrower(text: &str) {
    for known in KNOWN.iter().filter(|known| (known.reads)(text)) {
        assert!(known.takes(text), "{}: {text:?}", known.name);
        let plain = resolved(text);
        // A program that is called by a number is nobody's.
        let paths = known.name == "PathBuf" && !plain.is_string();
        assert!(
            paths || known.validator.is_valid(&plain),
            "{}: {text:?} without quotes",
            known.name
        );
    }
}

/// Odd texts that readers take.
const ODD: [&str; 52] = [
    "A=b\nc",
    "_=",
    "1 hour, 2 minutes",
    "1.5 hrs",
    "2,5s",
    "1hr2mins3secs4msecs",
    "1000us",
    "1000 µs",
    "3000000 nanoseconds",
    "7 millis",
    "01:02:03.5",
    "+1m",
    "1s, 5ms",
    "PT1H2M3.5S",
    "pt1m",
    "1\u{2003}s",
    "0010s",
    "soa",
    "NxDomain",
    "ch",
    "*",
    "2.15",
    "3.0",
    "02.0.012",
    "064500:00053",
    "0064601",
    "4294967295",
    "::",
    "::1",
    "::192.0.2.1",
    "64:ff9b::192.0.2.33",
    "1:2:3:4:5:6:192.0.2.1",
    "1:2:3:4:5:6:7::",
    "::/0",
    "2001:DB8::/032",
    "010.000.000.000/08",
    "/dev/null",
    "a b",
    "é",
    ".",
    "true",
    "12e3",
    "064601:1:00053",
    "/etc/anycastctl/conf.d/[a-c]?.yaml",
    "../a\\b/c",
    "eth0.100",
    "_",
    "-",
    "0.0.0.0:09553",
    "[::]:1",
    "[2001:DB8::192.0.2.1]:65535",
    "_dns-ops",
];

fn seeds() -> Vec<&'static str> {
    let offers = KNOWN.iter().flat_map(Known::offers);
    offers.chain(ODD).collect()
}

#[test]
fn what_is_offered_is_read() {
    for known in KNOWN.iter() {
        for text in known.offers() {
            assert!((known.reads)(text), "{}: {text}", known.name);
        }
    }
}

#[test]
fn no_schema_refuses_what_its_reader_takes() {
    seeds().into_iter().for_each(assert_not_narrower);
    let types = (0..=u16::MAX).map(RecordType::from);
    // No file may ask for a transfer: `validate` says so.
    for kind in types.filter(|kind| *kind != RecordType::AXFR) {
        assert_not_narrower(&kind.to_string());
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table with a row a type")]
fn schemas_refuse_what_is_plainly_wrong() {
    for (name, wrong) in [
        ("Asn", &["AS64600", "1.10", "-1", ""][..]),
        ("BirdVersion", &["2", "1.6.8", "2.0.12.1", "two", "+2.0.12"]),
        (
            "Community",
            &["65536:0", "0:99999", "64500", "1:2:3", "a:b", ""],
        ),
        (
            "Period",
            &["5", "0.5", "", "fast", "1 month", "5 parsecs", "-1s", "1M"],
        ),
        (
            "Prefix",
            &[
                "192.0.2.0",
                "192.0.2.0/33",
                "2001:db8::/129",
                "192.0.2/24",
                "tor1/24",
            ],
        ),
        ("Rcode", &["NODATA", "0", ""]),
        ("RecordType", &["SOAP", "TYPE65", "OPT", "TSIG", ""]),
        ("DNSClass", &["HS", "INN"]),
        ("Transport", &["UDP", "dot", "ud"]),
        ("UrlPath", &["", "dns-query", "/a b", "/dns-query{?dns}"]),
        ("ServerName<'static>", &["", "dns example", "*.example"]),
        ("Argument", &["a\0b"]),
        ("Variable", &["", "HOME", "1ST=x", "=x", "A B=x"]),
        (
            "Url",
            &[
                "",
                "dns.example.com",
                "ftp://a/",
                "http://a b/",
                "http://a/#b",
                "http://a/b\u{2003}c",
            ],
        ),
        ("StatusCodes", &["", "20", "600", "2xx", "200-"]),
        ("Expression", &[""]),
        ("ExitCodes", &["Plain", "icinga"]),
        ("OnStop", &["Hold", "drain"]),
        ("OnFailure", &["Drain", "hold"]),
        ("FlapAction", &["none", "withdraw"]),
        ("LimitAction", &["drop", "Warn"]),
        ("GracefulRestart", &["true", "helper"]),
        ("Import", &["all", "default"]),
        ("KernelExport", &["all", "static"]),
        ("Discard", &["prohibit", "anycast0"]),
        ("Off", &["Off", "false", "on"]),
        ("Role", &["upstream", "rs-server"]),
        ("Preset", &["Vultr", "vultr-bare-metal"]),
        (
            "LargeCommunity",
            &["64601:53", "1:2:3:4", "1::3", "12345678901:0:0", "a:b:c"],
        ),
        ("Pattern", &["", "conf.d/", "conf*/a.yaml", "[ab]/c.yaml"]),
        ("GroupName", &["", "Ops", "1ops", "dns ops", "-ops"]),
        ("InterfaceName", &["", "eth0/1", "sixteen-bytes-xx"]),
        ("ProtocolName", &["", "1static", "my-static"]),
        ("ServiceName", &["", "Resolver", "a-b"]),
        ("CredentialName", &["", "../shadow", ".hidden"]),
        ("VariableName", &["", "1ST", "PASSWORD=x"]),
        ("String", &["", "a\nb", "\u{85}"]),
        ("RouterId", &["::1", "192.0.2.256", "1"]),
        ("Ipv4Addr", &["::1", "192.0.2.256", "192.0.2", "ams1"]),
        ("Ipv6Addr", &["192.0.2.1", "fe80::1%eth0", "12345::"]),
        (
            "IpAddr",
            &[
                "localhost",
                "192.0.2.256",
                "fe80::1%eth0",
                "12345::",
                "192.0.2.1/24",
            ],
        ),
        (
            "PathBuf",
            &["", "/a\"b", "/a*", "/a?", "/a[b]", "/a\\b", "/é", "/a\nb"],
        ),
        (
            "BirdLog",
            &["stderr", "var/log/bird.log", "/var/log/bird?.log"],
        ),
        (
            "Listen",
            &[
                "soon",
                "9553",
                "127.0.0.1",
                "::1",
                "::1:9553",
                "127.0.0.1:65536",
                "localhost:9553",
                "Off",
            ],
        ),
        ("NameTemplate", &["a b", "exämple.com"]),
    ] {
        let known = KNOWN.iter().find(|known| known.name == name).unwrap();
        for text in wrong {
            assert!(!known.takes(text), "{name}: the schema takes {text:?}");
            assert!(!(known.reads)(text), "{name}: the reader takes {text:?}");
        }
    }
}

#[test]
fn names_are_as_narrow_as_their_reader() {
    let schema = json_schema!({ "pattern": format!("^{NAME}$") });
    let validator = jsonschema::draft202012::new(schema.as_value()).unwrap();
    for name in [
        "a",
        "tor1",
        "a_b",
        "",
        "1a",
        "_a",
        "Tor",
        "a-b",
        "a\n",
        &"x".repeat(32),
        &"x".repeat(33),
    ] {
        let reads = name.parse::<ServiceName>().is_ok();
        assert_eq!(validator.is_valid(&name.into()), reads, "{name:?}");
    }
}

/// Texts that readers take, cut and sewn together anew.
fn mutated() -> impl Strategy<Value = String> {
    let text = || proptest::sample::select(seeds());
    let snippet = prop_oneof![
        text().prop_map(str::to_owned),
        "[ -~]",
        "[0-9]{1,3}",
        "[:/., ]",
        "\\PC"
    ];
    let cut = (any::<proptest::sample::Index>(), 0..4_usize, snippet);
    (text(), proptest::collection::vec(cut, 0..3)).prop_map(|(text, cuts)| {
        cuts.into_iter()
            .fold(text.to_owned(), |mut text, (at, removed, inserted)| {
                let start = text.floor_char_boundary(at.index(text.len() + 1));
                let end = text.ceil_char_boundary((start + removed).min(text.len()));
                text.replace_range(start..end, &inserted);
                text
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_schema_refuses_a_mutation_that_its_reader_takes(text in mutated()) {
        assert_not_narrower(&text);
    }

    #[test]
    fn no_schema_refuses_an_address_or_a_prefix(address: IpAddr, length in 0_u8..=128) {
        assert_not_narrower(&address.to_string());
        if let Ok(net) = ipnet::IpNet::new(address, length) {
            assert_not_narrower(&net.trunc().to_string());
        }
    }
}
