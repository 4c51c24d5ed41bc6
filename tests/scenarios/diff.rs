//! What `diff` claims about a changed bird.conf, against what real BIRDs do when they are given it.

use std::collections::BTreeSet;
use std::time::Duration;

use anycastctl::compare::{Attributes, Change, Comparison, State};
use lab::{Bird, Error, Exception, Lab, Result, Service, Settings};

use crate::scene::{BOTH, Scene, lab, settings};

/// What a session with BFD has.
const BFD: &str = "\n  bfd on;";

/// How long a session must stay as it is: BIRD resets what it resets at `configure`.
const A_MOMENT: Duration = Duration::from_millis(300);

/// The same where the neighbour may miss BFD, which takes it 900 ms.
const UNTIL_MISSED: Duration = Duration::from_millis(1500);

/// The sessions of the scene: at the node, and at the neighbour.
const SESSIONS: [(&str, &str); 2] = [
    ("bgp_tor1_v4", "bgp_node_v4"),
    ("bgp_tor1_v6", "bgp_node_v6"),
];

/// Both sessions are up at a node that takes errors lightly. Without BFD, unless that is what is tried: on
/// a busy machine it may end a session by itself.
fn prepared<'lab>(lab: &'lab Lab, settings: &Settings) -> Result<(Scene<'lab>, String)> {
    let scene = Scene::prepared(lab, settings)?;
    let text = std::fs::read_to_string(scene.bird.configuration())?;
    let quick = "connect delay time 1;\n  connect retry time 1;\n  error wait time 1, 2;";
    let text = text.replace("  hold time 10;", &format!("  hold time 10;\n  {quick}"));
    put(&scene.bird, &text)?;
    settled(&scene, &text)?;
    Ok((scene, text))
}

/// Waits for all sessions of this file. The node knows first that one was reset.
///
/// BFD comes before BGP: where the node's end is new and the neighbour's is not, as after a reset, the old one still has
/// to expire, and takes down the BGP session that was opened meanwhile.
fn settled(scene: &Scene<'_>, text: &str) -> Result<()> {
    let sessions = text.matches(BFD).count();
    scene.lab.wait_until("BFD is up", || {
        let table = scene.bird.ask("show bfd sessions")?;
        if table.matches(" Up ").count() == sessions {
            Ok(())
        } else {
            Err(Error::new(table))
        }
    })?;
    scene
        .lab
        .wait_until("established", || scene.bird.all_established())?;
    scene.established()
}

/// Installs a file and has BIRD read it.
fn put(bird: &Bird<'_>, text: &str) -> Result<()> {
    std::fs::write(bird.configuration(), text)?;
    bird.configure().map(drop)
}

/// A change within the block of the IPv4 session, or of the whole text if it is not there.
fn edited(text: &str, from: &str, to: &str) -> String {
    let start = text.find("protocol bgp bgp_tor1_v4").unwrap_or_default();
    let end = start + text[start..].find("\n}\n").unwrap_or_default();
    if text[start..end].contains(from) {
        let block = text[start..end].replacen(from, to, 1);
        return [&text[..start], &block, &text[end..]].concat();
    }
    text.replace(from, to)
}

/// Since when the neighbour has had its sessions, in seconds of the day; `None` while a session is not up.
fn since(scene: &Scene<'_>) -> Result<[Option<f64>; 2]> {
    let table = scene.neighbor.bird().ask("show protocols")?;
    let row = |name: &str| {
        let mut rows = table.lines().filter(|row| row.contains("Established"));
        let row = rows.find(|row| row.contains(name))?;
        let mut parts = row.split_whitespace().nth(4)?.split(':');
        parts.try_fold(0.0, |sum, part| {
            Some(sum * 60.0 + part.parse::<f64>().ok()?)
        })
    };
    Ok(SESSIONS.map(|(_, name)| row(name)))
}

/// Whether this is another session: it takes a second to open one. BIRD's times differ by a millisecond
/// from one look to the next.
fn is_other(now: Option<f64>, before: Option<f64>) -> bool {
    now.zip(before)
        .is_none_or(|(now, before)| (now - before).abs() > 0.1)
}

/// Whether the neighbour loses exactly the sessions that are claimed to be reset.
fn resets_as_claimed(scene: &Scene<'_>, text: &str, other: &str) -> Result<()> {
    let comparison = Comparison::between(text, other);
    // A new name is told as the new one.
    let claimed = |name: &str| {
        let claims = comparison.resets();
        let mut names = claims
            .iter()
            .map(|(claim, _)| claim.replace("other", "tor1"));
        names.any(|claim| claim == name)
    };
    let claimed = SESSIONS.map(|(name, _)| claimed(name));
    let before = since(scene)?;
    put(&scene.bird, other)?;
    let look = || -> Result<[bool; 2]> {
        let now = since(scene)?;
        Ok([is_other(now[0], before[0]), is_other(now[1], before[1])])
    };
    scene.lab.wait_until("the resets that are claimed", || {
        let seen = look()?;
        let missing = seen
            .iter()
            .zip(&claimed)
            .any(|(seen, claimed)| *claimed && !seen);
        if missing {
            Err(Error::new(format!("{claimed:?}, seen {seen:?}")))
        } else {
            Ok(())
        }
    })?;
    let period = if text.contains(BFD) {
        UNTIL_MISSED
    } else {
        A_MOMENT
    };
    scene.lab.stays("reset as claimed", period, || {
        let seen = look()?;
        if seen == claimed {
            Ok(())
        } else {
            Err(Error::new(format!("{claimed:?}, seen {seen:?}")))
        }
    })
}

/// Options that not every release knows.
const YOUNG: [(&str, Exception); 4] = [
    ("role", Exception::NoRoles),
    ("bfd { authentication", Exception::NoBfdPasswords),
    ("bfd {", Exception::NoBfdOptions),
    ("enforce first as", Exception::NoEnforceFirstAs),
];

/// Whether the node's release does not know this option, and refuses the file as it is said to.
fn is_refused(scene: &Scene<'_>, option: &str, text: &str, other: &str) -> Result<bool> {
    let young = YOUNG.iter().find(|(words, _)| option.contains(words));
    let Some((_, exception)) = young else {
        return Ok(false);
    };
    std::fs::write(scene.bird.configuration(), other)?;
    let reply = scene.bird.ask("configure check")?;
    std::fs::write(scene.bird.configuration(), text)?;
    let refused = reply.contains("8002 ");
    exception.assert(refused)?;
    Ok(refused)
}

/// Tries edits one after another, each from the same file, and returns how many this release takes.
fn try_all(scene: &Scene<'_>, text: &str, edits: &[(&str, &str)]) -> Result<usize> {
    let mut tried = 0;
    for (from, to) in edits {
        let other = edited(text, from, to);
        if other == text {
            continue;
        }
        tried += 1;
        if is_refused(scene, to, text, &other)? {
            continue;
        }
        resets_as_claimed(scene, text, &other)
            .map_err(|error| Error::new(format!("{from:?} -> {to:?}: {error}")))?;
        put(&scene.bird, text)?;
        settled(scene, text)?;
    }
    Ok(tried)
}

/// Options that end a session, and the names of things that do.
const RESETTING: [(&str, &str); 27] = [
    ("hold time 10;", "hold time 12;"),
    ("hold time 10;", ""),
    ("keepalive time 3;", "keepalive time 4;"),
    ("keepalive time 3;", ""),
    ("password PASSWORD_TOR1;", "password \"other\";"),
    ("graceful restart aware;", "graceful restart on;"),
    ("graceful restart aware;", "graceful restart off;"),
    (
        "graceful restart aware;",
        "graceful restart aware; graceful restart time 60;",
    ),
    ("hold time 10;", "hold time 10; multihop 2;"),
    ("hold time 10;", "hold time 10; ttl security on;"),
    ("hold time 10;", "hold time 10; passive on;"),
    ("hold time 10;", "hold time 10; local role customer;"),
    (
        "hold time 10;",
        "hold time 10; local role customer; require roles on;",
    ),
    ("hold time 10;", "hold time 10; enforce first as on;"),
    ("hold time 10;", "hold time 10; disabled;"),
    ("hold time 10;", "hold time 10; router id 10.99.0.77;"),
    ("as 64600;", "as 64610;"),
    ("neighbor 10.99.0.1 as", "neighbor 10.99.0.3 as"),
    ("neighbor 10.99.0.1 as", "neighbor 10.99.0.1 port 1179 as"),
    ("as 64601;", "as 64602;"),
    ("local 10.99.0.2 as", "local 10.99.0.2 port 1179 as"),
    ("local 10.99.0.2 as", "local as"),
    ("protocol bgp bgp_tor1_v4 {", "protocol bgp bgp_other_v4 {"),
    ("router id 10.99.0.2;", "router id 10.99.0.78;"),
    ("import none;", "import none; igp table master4;"),
    ("import none;", "import none; add paths on;"),
    ("import none;", "import none; import table on;"),
];

/// What a session survives.
const HARMLESS: [(&str, &str); 28] = [
    ("description \"tor1 IPv4\";", "description \"other\";"),
    ("graceful restart aware;", ""),
    ("hold time 10;", "hold time 10; graceful restart time 120;"),
    ("hold time 10;", "hold time 10; bfd on;"),
    ("hold time 10;", "hold time 10; bfd off;"),
    ("hold time 10;", "hold time 10; direct;"),
    ("hold time 10;", "hold time 10; passive off;"),
    ("hold time 10;", "hold time 10; ttl security off;"),
    ("hold time 10;", "hold time 10; check link on;"),
    ("hold time 10;", "hold time 10; debug { states };"),
    ("neighbor 10.99.0.1 as", "neighbor 10.99.0.1 port 179 as"),
    ("local 10.99.0.2 as", "local 10.99.0.2 port 179 as"),
    (
        "protocol bgp bgp_tor1_v4 {",
        "protocol bgp bgp_tor1_v4 {\n  include \"/[r]un/nowhere/bgp_tor1_v4.conf\";",
    ),
    ("import none;", "import all;"),
    ("import none;", "import none; next hop self;"),
    ("import none;", "import none; next hop keep;"),
    ("import none;", "import none; preference 120;"),
    (
        "import limit 10 action restart;",
        "import limit 20 action block;",
    ),
    ("import none;", "import none; receive limit 30 action warn;"),
    (
        "export limit 4 action block;",
        "export limit 5 action warn;",
    ),
    ("export filter bgp_tor1_v4_export;", "export none;"),
    ("log \"", "log stderr all;\nlog \""),
    ("timeformat base iso long ms;\n", ""),
    ("kernel4 {", "kernel4 { scan time 30;"),
    ("multiplier 3;", "multiplier 4;"),
    ("preference 200;", "preference 210;"),
    (
        "route 192.0.2.53/32 blackhole;",
        "route 192.0.2.53/32 unreachable;",
    ),
    ("if source != RTS_STATIC then reject;", ""),
];

#[test]
fn sessions_are_reset_where_it_says_so() -> Result<()> {
    let lab = lab()?;
    let (scene, text) = prepared(&lab, &settings().without_bfd())?;
    // No password at all, in the words of this release.
    let password = text.contains("authentication md5;");
    let md5 = if password {
        "authentication md5;\n  "
    } else {
        ""
    };
    let bare = (format!("{md5}password PASSWORD_TOR1;"), String::new());
    try_all(&scene, &text, &[(&bare.0, &bare.1)])?;
    let tried = try_all(&scene, &text, &RESETTING)?;
    assert_eq!(tried, RESETTING.len());
    let claimed = |(from, to): &(&str, &str)| {
        !Comparison::between(&text, &edited(&text, from, to))
            .resets()
            .is_empty()
    };
    assert!(RESETTING.iter().all(claimed));
    Ok(())
}

#[test]
fn sessions_stay_where_it_says_so() -> Result<()> {
    let lab = lab()?;
    let (scene, text) = prepared(&lab, &settings().without_bfd())?;
    let tried = try_all(&scene, &text, &HARMLESS)?;
    // What newer releases assume where it is missing; older ones do not know it.
    try_all(&scene, &text, &[("authentication md5;", "")])?;
    // Without BFD there are no timers of it.
    assert_eq!(tried, HARMLESS.len() - 1);
    for (from, to) in HARMLESS {
        let comparison = Comparison::between(&text, &edited(&text, from, to));
        assert!(comparison.resets().is_empty(), "{from} {to}");
    }
    Ok(())
}

/// Timers may change, those of all BFD sessions and those of one. The neighbour misses BFD that ends, and what it cannot
/// verify.
#[test]
fn bfd_is_changed_under_a_session() -> Result<()> {
    let lab = lab()?;
    let (scene, text) = prepared(&lab, &settings())?;
    assert_eq!(text.matches(BFD).count(), SESSIONS.len());
    let edits = [
        ("bfd on;", "bfd off;"),
        ("bfd on;", "bfd { interval 400 ms; multiplier 4; };"),
        (
            "bfd on;",
            "bfd { min rx interval 400 ms; min tx interval 500 ms; idle tx interval 2 s; };",
        ),
        (
            "bfd on;",
            "bfd { authentication simple; password \"other\"; };",
        ),
        (
            "interval 300 ms; multiplier 3;",
            "interval 400 ms; multiplier 4;",
        ),
    ];
    assert_eq!(try_all(&scene, &text, &edits)?, edits.len());
    Ok(())
}

/// Whether the neighbour's route is as claimed.
fn looks_like(scene: &Scene<'_>, prefix: &str, claimed: &Attributes) -> Result<()> {
    let route = scene.neighbor.route(prefix)?;
    let route = route.ok_or_else(|| Error::new(format!("no {prefix}")))?;
    let pair = |pair: &String| format!("({})", pair.replace(':', ","));
    // They are a set, and BIRD sends it sorted.
    let communities: BTreeSet<_> = claimed.communities.iter().map(pair).collect();
    let seen: BTreeSet<_> = route.communities.iter().cloned().collect();
    let mut path: Vec<_> = claimed
        .prepends
        .iter()
        .filter_map(|asn| asn.parse().ok())
        .collect();
    path.push(lab::NODE_ASN);
    let is_so = seen == communities && route.as_path == path;
    if is_so {
        Ok(())
    } else {
        Err(Error::new(format!("{route:?}, claimed {claimed:?}")))
    }
}

/// Installs another file and waits until the neighbour sees exactly what is claimed for this state.
fn announces_as_claimed(scene: &Scene<'_>, from: &str, to: &str, state: State) -> Result<usize> {
    let comparison = Comparison::between(from, to);
    put(&scene.bird, to)?;
    let changes = comparison.announcements.iter();
    let own: Vec<_> = changes.filter(|change| change.state == state).collect();
    for change in &own {
        scene
            .lab
            .wait_until("what is claimed", || match &change.change {
                Change::Stops { .. } => scene.neighbor.lacks(&[&change.prefix]),
                Change::Starts { rendered } | Change::Changes { rendered, .. } => {
                    looks_like(scene, &change.prefix, rendered)
                }
                Change::Unclear { because, .. } => Err(Error::new(because)),
            })?;
    }
    let told = |prefix: &&str| !own.iter().any(|change| change.prefix == **prefix);
    let untouched: Vec<_> = BOTH.into_iter().filter(|prefix| told(prefix)).collect();
    scene
        .lab
        .stays("announced", A_MOMENT, || scene.neighbor.has(&untouched))?;
    Ok(own.len())
}

#[test]
fn announcements_start_stop_and_change_as_it_says() -> Result<()> {
    let lab = lab()?;
    let (scene, text) = prepared(&lab, &settings().without_bfd())?;
    for (state, suffix) in [(State::Announced, ""), (State::Drained, "_drain")] {
        for family in ["v4", "v6"] {
            let protocol = format!("anycast_resolver_{family}");
            for (name, content) in [("", ""), ("_drain", ""), (suffix, "disabled off;\n")] {
                std::fs::write(
                    scene.controller.intent(&format!("{protocol}{name}")),
                    content,
                )?;
            }
        }
        put(&scene.bird, &text)?;
        scene.has(&BOTH)?;
        // A statement more for the protocol that announces, at the end of its filter.
        let with = |family: &str, statement: &str| {
            let filter = format!("filter bgp_tor1_{family}_export {{");
            let (head, rest) = text.split_once(&filter).expect("the filter");
            let own = format!(
                "  if proto = \"anycast_resolver_{family}{suffix}\" then {{ {statement} }}\n  accept;\n"
            );
            format!("{head}{filter}{}", rest.replacen("  accept;\n", &own, 1))
        };
        let colour = "bgp_community.add((64601,53)); bgp_path.prepend(64601);";
        let files = [
            // A community and a prepend more.
            (with("v4", colour), 1),
            // Out of the filter, and into it again with a change of the other family.
            (with("v4", "reject;"), 1),
            (with("v6", colour), 2),
            // Not exported at all.
            (
                text.replace("export filter bgp_tor1_v6_export;", "export none;"),
                1,
            ),
            (text.clone(), 1),
            // The route itself.
            (text.replace("  route 192.0.2.53/32 blackhole;\n", ""), 1),
            (text.clone(), 1),
        ];
        let mut before = &text;
        for (file, changes) in &files {
            assert_eq!(announces_as_claimed(&scene, before, file, state)?, *changes);
            before = file;
        }
    }
    Ok(())
}

/// The neighbour has so many of the prefixes.
fn has_some(scene: &Scene<'_>, prefixes: &[&str], number: usize) -> Result<()> {
    let have = prefixes
        .iter()
        .filter(|prefix| scene.neighbor.has(&[prefix]).is_ok())
        .count();
    if have == number {
        Ok(())
    } else {
        Err(Error::new(format!("{have} of {number}")))
    }
}

#[test]
fn limits_do_what_it_says() -> Result<()> {
    const THREE: [&str; 3] = ["192.0.2.53/32", "192.0.2.54/32", "192.0.2.55/32"];
    let lab = lab()?;
    let settings = Settings::new([Service::new("resolver", &THREE)]).without_bfd();
    let (scene, text) = prepared(&lab, &settings)?;
    let limited = |limit: &str| edited(&text, "export limit 12 action block", limit);
    let effect = |from: &str, to: &str| Comparison::between(from, to).limits[0].effect;

    // Kept back while there is room for two only, and not let out by a higher limit alone.
    let two = limited("export limit 2 action block");
    put(&scene.bird, &two)?;
    let intent = scene.controller.intent("anycast_resolver_v4");
    std::fs::write(intent, "disabled off;\n")?;
    put(&scene.bird, &two)?;
    scene
        .lab
        .wait_until("two prefixes", || has_some(&scene, &THREE, 2))?;
    assert_eq!(
        effect(&two, &text),
        "what was kept back stays back: `reload` brings it on BIRD 2, a new announcement on BIRD 3"
    );
    put(&scene.bird, &text)?;
    scene
        .lab
        .stays("two prefixes", A_MOMENT, || has_some(&scene, &THREE, 2))?;
    scene.bird.ask("reload out \"bgp_tor1_v4\"")?;
    if Exception::BlockedStaysBlocked.is_met()? {
        scene
            .lab
            .stays("two prefixes", A_MOMENT, || has_some(&scene, &THREE, 2))?;
        scene.bird.ask("disable anycast_resolver_v4")?;
        scene.lacks(&THREE)?;
        scene.bird.ask("enable anycast_resolver_v4")?;
    }
    scene.has(&THREE)?;

    let lower = "what is out stays, new routes over the limit do not follow";
    assert_eq!(effect(&text, &two), lower);
    put(&scene.bird, &two)?;
    scene
        .lab
        .stays("all prefixes", A_MOMENT, || scene.neighbor.has(&THREE))?;
    put(&scene.bird, &text)?;

    let closing = limited("export limit 2 action restart");
    let at_once = "BIRD closes the session at once if there are more already";
    assert_eq!(effect(&text, &closing), at_once);
    put(&scene.bird, &closing)?;
    scene.lacks(&THREE)
}
