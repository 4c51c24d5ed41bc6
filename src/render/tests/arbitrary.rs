//! Configurations of every shape: all keys, numbers at their bounds. Nearly all of them are valid.

#![allow(clippy::unwrap_used, reason = "writing to a string never fails")]

use std::fmt::Write;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Releases from which on rendering or the format differs, and some between.
const RELEASES: [&str; 8] = [
    "2.0.7", "2.0.10", "2.0.11", "2.0.12", "2.17.0", "3.0.0", "3.1.0", "3.4.0",
];

/// The file's text.
pub(crate) fn file() -> BoxedStrategy<String> {
    let services = btree_map(name(), service(), 1..6);
    let release = select(&RELEASES[..]);
    (asn(), release, head(), services)
        .prop_flat_map(|(own, release, head, services)| {
            let names: Vec<String> = services.keys().cloned().collect();
            let has_roles = !["2.0.7", "2.0.10"].contains(&release);
            let neighbors = btree_map(name(), neighbor(own, has_roles, names), 1..5);
            let preset = weighted(0.2, preset());
            (neighbors, preset, defaults()).prop_map(move |(neighbors, preset, defaults)| {
                let mut text = format!(
                    "version: 1\nnode: {{ name: n, asn: {own}, router_id: 10.0.0.1 }}\n{}",
                    head.replace("RELEASE", release)
                );
                text += "services:\n";
                for (name, service) in &services {
                    write!(text, "  {name}:\n{service}").unwrap();
                }
                writeln!(text, "{defaults}neighbors:").unwrap();
                for (name, neighbor) in &neighbors {
                    write!(text, "  {name}:\n{neighbor}").unwrap();
                }
                for preset in preset
                    .iter()
                    .filter(|_| !neighbors.contains_key("provider"))
                {
                    write!(text, "  provider:\n{preset}").unwrap();
                }
                text
            })
        })
        .boxed()
}

/// A service or neighbour, keywords of BIRD included.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9_]{0,31}",
        "[a-f]{32}",
        "(static|bgp|v4|export|proto|ms|s|dns|filter|accept|drain|v4_drain|v4_export|all|on|off|true|no)"
    ]
    .prop_filter("YAML reads it as text", |name| !name.is_empty())
}

fn asn() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(1),
        Just(23456),
        Just(65535),
        Just(u32::MAX),
        1..=u32::MAX
    ]
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), Just(u32::MAX), any::<u32>()]
}

/// `Some` line, or none. Boxed: dozens of them side by side would fill the stack of a test.
fn line(
    value: impl Strategy<Value = String> + 'static,
    key: &'static str,
) -> BoxedStrategy<String> {
    let line = weighted(0.4, value).prop_map(move |value| match value {
        Some(value) => format!("    {key}: {value}\n"),
        None => String::new(),
    });
    line.boxed()
}

fn flag() -> impl Strategy<Value = String> {
    any::<bool>().prop_map(|flag| flag.to_string())
}

fn quoted<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let quoted = items
        .into_iter()
        .map(|item| format!("\"{}\"", item.to_string()));
    format!("[{}]", quoted.collect::<Vec<_>>().join(", "))
}

fn communities() -> impl Strategy<Value = String> {
    btree_set(any::<(u16, u16)>(), 0..4)
        .prop_map(|all| quoted(all.iter().map(|(high, low)| format!("{high}:{low}"))))
}

fn large_communities() -> impl Strategy<Value = String> {
    btree_set((number(), number(), number()), 0..3)
        .prop_map(|all| quoted(all.iter().map(|(a, b, c)| format!("{a}:{b}:{c}"))))
}

fn v4() -> impl Strategy<Value = String> {
    (10_u32 << 24..11 << 24).prop_map(|bits| std::net::Ipv4Addr::from(bits + 1).to_string())
}

fn v6() -> impl Strategy<Value = String> {
    any::<u64>().prop_map(|bits| {
        std::net::Ipv6Addr::from((0xfd00_u128 << 112) + u128::from(bits) + 1).to_string()
    })
}

/// Prefixes of one family; neither default routes nor what no host can have.
fn prefixes_v4() -> impl Strategy<Value = Vec<String>> {
    let prefix =
        (128_u32 << 24..160 << 24, prop_oneof![Just(32), 8_u32..=32]).prop_map(|(bits, length)| {
            let bits = bits & (u32::MAX << (32 - length));
            format!("{}/{length}", std::net::Ipv4Addr::from(bits))
        });
    btree_set(prefix, 0..4).prop_map(|all| all.into_iter().collect())
}

fn prefixes_v6() -> impl Strategy<Value = Vec<String>> {
    let prefix =
        (any::<u128>(), prop_oneof![Just(128), 16_u32..=128]).prop_map(|(bits, length)| {
            let bits = ((bits >> 4) | (0x2 << 124)) & (u128::MAX << (128 - length));
            format!("{}/{length}", std::net::Ipv6Addr::from(bits))
        });
    btree_set(prefix, 0..4).prop_map(|all| all.into_iter().collect())
}

/// `node` aside, what stands before the services.
fn head() -> impl Strategy<Value = String> {
    let bird = (
        weighted(0.2, select(vec!["syslog", "/var/log/bird log.txt"])),
        weighted(
            0.1,
            Just("[/nonexistent/local.conf, \"/nonexistent/a b.conf\"]"),
        ),
    );
    let bfd = (10_u32..=10_000, 1_u32..=255);
    let flap = select(vec![
        "",
        "flap: { action: hold }\n",
        "flap: { action: report }\n",
    ]);
    let kernel = (
        select(vec!["bgp", "none"]),
        of(2_u8..=255),
        of(v4()),
        of(v6()),
    );
    let parts = (bird, weighted(0.3, bfd), weighted(0.5, kernel), flap);
    parts.prop_map(|((log, include), bfd, kernel, flap)| {
        let mut text = format!("{flap}bird:\n  version: RELEASE\n");
        for (key, value) in [("log", log), ("include", include)] {
            if let Some(value) = value {
                writeln!(text, "  {key}: {value}").unwrap();
            }
        }
        if let Some((interval, multiplier)) = bfd {
            writeln!(
                text,
                "bfd: {{ interval: {interval}ms, multiplier: {multiplier} }}"
            )
            .unwrap();
        }
        if let Some((export, ecmp, v4, v6)) = kernel {
            writeln!(text, "kernel:\n  export: {export}").unwrap();
            if let Some(ecmp) = ecmp {
                writeln!(text, "  ecmp: {ecmp}").unwrap();
            }
            let sources = [
                v4.map(|v4| format!("v4: {v4}")),
                v6.map(|v6| format!("v6: \"{v6}\"")),
            ];
            let sources: Vec<_> = sources.into_iter().flatten().collect();
            writeln!(text, "  preferred_source: {{ {} }}", sources.join(", ")).unwrap();
        }
        text
    })
}

fn service() -> impl Strategy<Value = String> {
    let prefixes = (prefixes_v4(), prefixes_v6())
        .prop_filter("a service has a prefix", |(v4, v6)| {
            !(v4.is_empty() && v6.is_empty())
        });
    let route = prop_oneof![
        Just("blackhole".to_owned()),
        Just("unreachable".to_owned()),
        ("[A-Za-z][A-Za-z0-9_.:-]{0,14}", any::<bool>())
            .prop_map(|(name, check)| format!("{{ interface: \"{name}\", check_link: {check} }}")),
    ];
    let options = (
        line(communities(), "communities"),
        line(large_communities(), "large_communities"),
        line(number().prop_map(|med| med.to_string()), "med"),
        line(route, "route"),
    );
    (prefixes, options, weighted(0.25, by_hand())).prop_map(|((v4, v6), options, by_hand)| {
        let mut text = format!("    prefixes: {}\n", quoted(v4.iter().chain(&v6)));
        text += &[options.0, options.1, options.2, options.3].concat();
        if let Some([four, six]) = by_hand {
            let named = [(four, &v4), (six, &v6)];
            let named = named
                .into_iter()
                .filter(|(_, prefixes)| !prefixes.is_empty());
            let named: Vec<_> = named.map(|(names, _)| names).collect();
            writeln!(text, "    bird: {{ {} }}", named.join(", ")).unwrap();
        }
        text + "    checks: [{ dns: { server: 127.0.0.1, name: a.example, type: A } }]\n"
    })
}

fn by_hand() -> impl Strategy<Value = [String; 2]> {
    let name = || "[A-Za-z_][A-Za-z0-9_]{8,63}";
    let pair = |suffix: &'static str| {
        (name(), of(name())).prop_map(move |(normal, drain)| {
            let drain = drain.map(|drain| format!(", {suffix}_drain: {drain}"));
            format!("{suffix}: {normal}{}", drain.unwrap_or_default())
        })
    };
    (pair("v4"), pair("v6")).prop_map(|(v4, v6)| [v4, v6])
}

fn session() -> impl Strategy<Value = String> {
    let v4 = (v4(), v4()).prop_map(|(local, remote)| format!("local: {local}, remote: {remote}"));
    let v6 = (v6(), v6())
        .prop_map(|(local, remote)| format!("local: \"{local}\", remote: \"{remote}\""));
    let name = weighted(0.1, "[A-Za-z_][A-Za-z0-9_]{8,63}");
    (prop_oneof![v4, v6], name).prop_map(|(addresses, name)| match name {
        Some(name) => format!("{{ {addresses}, bird: {name} }}"),
        None => format!("{{ {addresses} }}"),
    })
}

/// What may also stand in `neighbor_defaults`.
fn common() -> impl Strategy<Value = String> {
    let hold_time = prop_oneof![Just(3_u32), Just(65535), 3_u32..=65535];
    let session = (
        line(flag(), "bfd"),
        line(
            hold_time.prop_map(|seconds| format!("{seconds}s")),
            "hold_time",
        ),
        line(flag(), "ttl_security"),
        line(flag(), "passive"),
        line((1_u16..).prop_map(|port| port.to_string()), "port"),
        line(
            select(vec!["aware", "full", "none"]).prop_map(str::to_owned),
            "graceful_restart",
        ),
    );
    let routes = (
        line(
            select(vec!["none", "default_route"]).prop_map(str::to_owned),
            "import",
        ),
        line(limits(), "limits"),
        line(communities(), "communities"),
        line(large_communities(), "large_communities"),
    );
    (session, routes).prop_map(|(session, routes)| {
        let (bfd, hold, security, passive, port, restart) = session;
        let (import, limits, communities, large) = routes;
        [
            bfd,
            hold,
            security,
            passive,
            port,
            restart,
            import,
            limits,
            communities,
            large,
        ]
        .concat()
    })
}

fn limits() -> impl Strategy<Value = String> {
    let limit = |key: &'static str, least: u32| {
        let max = prop_oneof![Just(least), Just(u32::MAX), least..];
        let action = select(vec!["warn", "block", "restart", "disable"]);
        weighted(0.6, (max, action)).prop_map(move |limit| {
            limit.map(|(max, action)| format!("{key}: {{ max: {max}, action: {action} }}"))
        })
    };
    // More than there are prefixes of one family: less on export is refused.
    (limit("receive", 1), limit("import", 1), limit("export", 20)).prop_map(|(one, two, three)| {
        let limits: Vec<_> = [one, two, three].into_iter().flatten().collect();
        format!("{{ {} }}", limits.join(", "))
    })
}

fn defaults() -> impl Strategy<Value = String> {
    weighted(0.3, common()).prop_map(|common| match common {
        Some(common) if !common.is_empty() => {
            format!("neighbor_defaults:\n{}", common.replace("    ", "  "))
        }
        _ => String::new(),
    })
}

fn neighbor(own: u32, has_roles: bool, services: Vec<String>) -> impl Strategy<Value = String> {
    let external = prop_oneof![
        4 => asn().prop_map(move |asn| if asn == own { asn ^ 2 } else { asn }),
        1 => Just(own),
    ];
    let most = services.len();
    let named = subsequence(services, 0..=most).prop_map(quoted);
    let sessions = vec(session(), 1..4).prop_map(|all| all.join(", "));
    let multihop = prop_oneof![Just(1_u8), Just(255), 1_u8..];
    let own_lines = (
        line(multihop.prop_map(|hops| hops.to_string()), "multihop"),
        line(named, "services"),
        password(),
    );
    let policy = (external_policy(has_roles), internal_policy());
    (external, sessions, own_lines, common(), policy).prop_map(
        move |(asn, sessions, (multihop, services, password), common, policy)| {
            let policy = if asn == own { policy.1 } else { policy.0 };
            format!("    asn: {asn}\n    sessions: [{sessions}]\n{multihop}{services}{password}{common}{policy}")
        },
    )
}

fn password() -> impl Strategy<Value = String> {
    select(vec![
        "",
        "    password_file: \"/etc/secrets/a b\"\n",
        "    password_credential: tor-md5\n",
        "    password_env: TOR_MD5\n",
    ])
    .prop_map(str::to_owned)
}

fn external_policy(has_roles: bool) -> impl Strategy<Value = String> {
    let roles = vec!["provider", "customer", "peer", "rs_server", "rs_client"];
    let role = weighted(0.4, (select(roles), any::<bool>())).prop_map(move |role| {
        let role = role.filter(|_| has_roles);
        let lines = role
            .map(|(role, required)| format!("    role: {role}\n    require_role: {required}\n"));
        lines.unwrap_or_default()
    });
    let drain = (any::<bool>(), 0_u8..=10).prop_map(|(shutdown, prepend)| {
        format!("{{ graceful_shutdown: {shutdown}, prepend: {prepend} }}")
    });
    let prepend = (0_u8..=10).prop_map(|count| count.to_string());
    (role, line(drain, "drain"), line(prepend, "prepend"))
        .prop_map(|(role, drain, prepend)| [role, drain, prepend].concat())
}

fn internal_policy() -> impl Strategy<Value = String> {
    let local_pref = number().prop_map(|preference| preference.to_string());
    let drain = flag().prop_map(|shutdown| format!("{{ graceful_shutdown: {shutdown} }}"));
    (line(local_pref, "local_pref"), line(drain, "drain"))
        .prop_map(|(preference, drain)| preference + &drain)
}

/// The provider's addresses are known, so there is one such neighbour at most.
fn preset() -> impl Strategy<Value = String> {
    let vultr = (of(v4()), v6()).prop_map(|(v4, v6)| {
        let v4 = v4.map(|v4| format!("{{ local: {v4} }}, "));
        let v4 = v4.unwrap_or_default();
        format!("    preset: vultr\n    sessions: [{v4}{{ local: \"{v6}\" }}]\n")
    });
    let metal = v4().prop_map(|v4| {
        format!("    preset: vultr_bare_metal\n    sessions: [{{ local: {v4} }}]\n")
    });
    prop_oneof![vultr, metal]
}
