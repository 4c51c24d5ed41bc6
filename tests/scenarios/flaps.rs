//! Sessions that are lost, by every hand that can take one, and what `status --json` says of them.

use std::time::{Duration, Instant};

use lab::{Error, Lab, Result, Settings, wait_until};
use serde_json::Value;

use crate::scene::{A_WHILE, Scene, lab, settings};

/// BIRD waits up to a minute after errors that follow each other.
const PATIENCE: Duration = Duration::from_secs(100);

/// Sessions without BFD that give up a silent neighbour after 3 s, the least that RFC 4271 allows.
fn impatient() -> Settings {
    settings().without_bfd().neighbor("hold_time: 3s")
}

/// Everything is established, and our daemon has seen it so.
fn watched<'lab>(lab: &'lab Lab, settings: &Settings) -> Result<Scene<'lab>> {
    let scene = Scene::started(lab, settings)?;
    scene.sessions("both established", |session| {
        session["state"] == "Established" && flaps(session) == 0
    })?;
    // What began within one second cannot be told apart: neither sessions nor BIRDs.
    scene.sessions_stay("older than a second", is_back)?;
    Ok(scene)
}

fn flaps(session: &Value) -> u64 {
    session["flaps"]["count"].as_u64().unwrap_or(u64::MAX)
}

fn says(session: &Value, key: &str, words: &str) -> bool {
    let text = match key {
        "cause" => &session["flaps"]["cause"],
        key => &session[key],
    };
    text.as_str().is_some_and(|text| text.contains(words))
}

fn is_back(session: &Value) -> bool {
    session["state"] == "Established"
}

impl Scene<'_> {
    /// Waits until all sessions are so, in what our daemon says.
    fn sessions(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Result<()> {
        let look = || {
            let (_, document) = self.status()?;
            let sessions = document["sessions"].as_array().cloned().unwrap_or_default();
            if !sessions.is_empty() && sessions.iter().all(&is_so) {
                return Ok(());
            }
            Err(Error::new(document["sessions"].to_string()))
        };
        wait_until(&format!("sessions: {what}"), PATIENCE, look)
            .map_err(|error| self.lab.explain(&error))
    }

    /// For a while, all sessions are so.
    fn sessions_stay(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Result<()> {
        self.lab.stays(what, A_WHILE, || {
            let (_, document) = self.status()?;
            let sessions = document["sessions"].as_array().into_iter().flatten();
            if sessions.into_iter().all(&is_so) {
                return Ok(());
            }
            Err(Error::new(document["sessions"].to_string()))
        })
    }

    /// Each session was lost once for this reason, comes back, and that is all.
    fn lost_once_and_back(&self, cause: &str) -> Result<()> {
        self.sessions(&format!("back after {cause}"), |session| {
            is_back(session) && flaps(session) == 1 && says(session, "cause", cause)
        })?;
        self.sessions_stay("one flap each", |session| flaps(session) == 1)
    }

    /// Has the neighbour read its configuration again, with other words in it.
    fn rewrite_neighbor(&self, from: &str, to: &str) -> Result<()> {
        let path = self.neighbor.bird().configuration();
        let text = std::fs::read_to_string(path)?;
        assert!(text.contains(from), "{from} in {text}");
        std::fs::write(path, text.replace(from, to))?;
        self.neighbor.bird().configure().map(drop)
    }

    /// How often the daemon has logged this.
    fn logged(&self, words: &str) -> usize {
        self.controller.log().matches(words).count()
    }
}

#[test]
fn the_hold_timer_expires() -> Result<()> {
    let lab = lab()?;
    let scene = watched(&lab, &impatient())?;
    scene.neighbor.bird().process()?.freeze()?;
    scene.sessions("lost", |session| {
        flaps(session) == 1 && says(session, "cause", "Hold timer expired")
    })?;
    // Attempts to connect to somebody who does not answer leave errors of their own.
    scene.sessions_stay("lost once", |session| flaps(session) == 1)?;
    scene.neighbor.bird().process()?.thaw()?;
    scene.lost_once_and_back("Hold timer expired")
}

#[test]
fn bfd_is_lost_and_bgp_with_it() -> Result<()> {
    let lab = lab()?;
    let scene = watched(&lab, &settings())?;
    scene.sessions("BFD up", |session| session["bfd"] == "Up")?;
    scene.neighbor.bird().process()?.freeze()?;
    scene.sessions("lost", |session| {
        flaps(session) == 1 && says(session, "cause", "BFD session down")
    })?;
    scene.neighbor.bird().process()?.thaw()?;
    scene.lost_once_and_back("BFD session down")
}

#[test]
fn the_neighbour_shuts_down_and_says_why() -> Result<()> {
    let lab = lab()?;
    let scene = watched(&lab, &settings().without_bfd())?;
    let words = "switch upgrade; back 18:00 UTC";
    let disable = format!("disable \"bgp_*\" \"{words}\"");
    scene.neighbor.bird().ask(&disable)?;
    scene.sessions("lost with a message", |session| {
        flaps(session) == 1 && says(session, "cause", words) && says(session, "message", words)
    })?;
    scene.neighbor.bird().ask("enable \"bgp_*\"")?;
    scene.lost_once_and_back("Administrative shutdown")
}

#[test]
fn the_link_goes_down_and_up() -> Result<()> {
    let lab = lab()?;
    let scene = watched(&lab, &settings().without_bfd())?;
    lab.opposite().ip("link set node down")?;
    scene.sessions("lost", |session| {
        flaps(session) == 1 && says(session, "cause", "Link down")
    })?;
    lab.opposite().ip("link set node up")?;
    // What the link took with it.
    lab.opposite()
        .ip("addr replace fd99::1/64 dev node nodad")?;
    scene.lost_once_and_back("Link down")
}

#[test]
fn a_limit_ends_the_session() -> Result<()> {
    let lab = lab()?;
    let limit = "limits: { receive: { max: 2, action: disable } }";
    let scene = watched(&lab, &settings().without_bfd().neighbor(limit))?;
    let routes = "protocol static { ipv4; route 10.1.0.0/16 blackhole; route 10.2.0.0/16 blackhole; \
                  route 10.3.0.0/16 blackhole; }\n\
                  protocol static { ipv6; route fd01::/64 blackhole; route fd02::/64 blackhole; \
                  route fd03::/64 blackhole; }\n";
    let device = "protocol device device1";
    scene.rewrite_neighbor(device, &format!("{routes}{device}"))?;
    scene.rewrite_neighbor("export none", "export where source = RTS_STATIC")?;
    scene.sessions("ended by the limit", |session| {
        session["state"] == "Down"
            && flaps(session) == 1
            && says(session, "cause", "Automatic shutdown: Route limit exceeded")
    })?;
    scene.sessions_stay("ended for good", |session| flaps(session) == 1)
}

/// BIRD has no word for it: the kernel has.
#[test]
fn the_password_is_changed_on_one_side() -> Result<()> {
    let lab = lab()?;
    let scene = watched(&lab, &settings().without_bfd())?;
    let right = "password \"lab-secret-1\";";
    scene.rewrite_neighbor(right, "password \"another-one\";")?;
    let suspicion = "possibly a password mismatch: the kernel refused ";
    scene.sessions("a wrong signature", |session| {
        says(session, "hint", suspicion) && says(session, "hint", "with a wrong MD5 signature")
    })?;
    scene.rewrite_neighbor("password \"another-one\";", right)?;
    scene.sessions("back", |session| {
        is_back(session) && session["hint"].is_null()
    })?;
    scene.sessions("one flap each", |session| flaps(session) == 1)
}

#[test]
fn a_password_on_our_side_only() -> Result<()> {
    let lab = lab()?;
    let scene = watched(&lab, &settings().without_bfd())?;
    scene.rewrite_neighbor("password \"lab-secret-1\";", "")?;
    scene.sessions("no signature", |session| {
        says(session, "hint", "without an MD5 signature")
    })
}

/// `birdc restart`, `disable`, `enable` and `configure` are somebody's will.
#[test]
fn what_is_done_to_our_bird_is_no_flap() -> Result<()> {
    let lab = lab()?;
    let scene = watched(&lab, &settings())?;
    scene.bird.configure()?;
    scene.sessions_stay("not touched", |session| {
        is_back(session) && flaps(session) == 0
    })?;
    // The neighbour would be back at once, and a session that nobody saw down could have been lost to anything.
    scene.neighbor.bird().process()?.freeze()?;
    scene.bird.ask("restart \"bgp_*\"")?;
    scene.sessions("down", |session| !is_back(session))?;
    scene.neighbor.bird().process()?.thaw()?;
    scene.sessions("back", is_back)?;
    scene.bird.ask("disable \"bgp_*\" \"rack move\"")?;
    scene.sessions("down with a message", |session| {
        session["state"] == "Down" && says(session, "message", "rack move")
    })?;
    scene.bird.ask("enable \"bgp_*\"")?;
    scene.sessions("back", is_back)?;
    // Another hold time of the node's: BIRD has to begin the sessions anew.
    let path = scene.bird.configuration();
    let text = std::fs::read_to_string(path)?;
    std::fs::write(path, text.replace("hold time 10;", "hold time 9;"))?;
    scene.bird.configure()?;
    scene.sessions("back", is_back)?;
    scene.sessions_stay("no flaps", |session| flaps(session) == 0)
}

#[test]
fn a_restart_of_bird_is_one_event() -> Result<()> {
    let lab = lab()?;
    let mut scene = watched(&lab, &settings())?;
    scene.kill_bird()?;
    scene.bird.restart()?;
    scene.established()?;
    scene.sessions("back", is_back)?;
    scene.sessions_stay("no flaps", |session| flaps(session) == 0)?;
    // And as a service manager does it.
    scene.bird.process()?.terminate()?;
    scene.bird.restart()?;
    scene.established()?;
    scene.sessions("back", is_back)?;
    scene.sessions_stay("no flaps", |session| flaps(session) == 0)?;
    scene.lab.wait_until("two events", || {
        match scene.logged("BIRD was started anew") {
            2 => Ok(()),
            count => Err(Error::new(format!("{count} events"))),
        }
    })
}

/// A daemon that comes later knows nothing of what was before it.
#[test]
fn a_restart_of_the_daemon_is_no_flap() -> Result<()> {
    let lab = lab()?;
    let mut scene = watched(&lab, &impatient())?;
    scene.neighbor.bird().process()?.freeze()?;
    scene.sessions("lost", |session| flaps(session) == 1)?;
    scene.controller.daemon()?.kill()?;
    scene.controller.start()?;
    scene.sessions("unknown past", |session| {
        session["state"] != "Unknown" && flaps(session) == 0
    })?;
    scene.neighbor.bird().process()?.thaw()?;
    scene.sessions("back", is_back)?;
    scene.sessions_stay("no flaps", |session| flaps(session) == 0)
}

/// Somebody who looks every 5 s sees each of three losses within a minute: by its state or by its age.
#[test]
fn three_flaps_within_a_minute_are_seen_at_rare_looks() -> Result<()> {
    let lab = lab()?;
    let rare = settings().without_bfd().bird("poll_interval: 5s");
    let scene = watched(&lab, &rare)?;
    let began = Instant::now();
    for flap in 1..=3 {
        scene.sessions_stay("older than a second", is_back)?;
        let before = sessions_since(&scene)?;
        // It is back within two seconds: mostly nobody has looked in between.
        scene.neighbor.bird().ask("restart \"bgp_*\"")?;
        lab.wait_until("new sessions", || match sessions_since(&scene)? {
            now if now == before => Err(Error::new(now)),
            _ => scene.established(),
        })?;
        scene.sessions("counted", |session| {
            flaps(session) == flap && is_back(session)
        })?;
    }
    assert!(
        began.elapsed() < Duration::from_mins(1),
        "{:?}",
        began.elapsed()
    );
    scene.sessions_stay("three flaps", |session| flaps(session) == 3)
}

/// Since when the sessions are as they are, in the words of the neighbour's BIRD.
fn sessions_since(scene: &Scene) -> Result<String> {
    let table = scene.neighbor.bird().ask("show protocols \"bgp_*\"")?;
    let rows = table.lines().filter(|row| row.contains(" BGP "));
    let since = |row: &str| row.split_whitespace().nth(5).unwrap_or_default().to_owned();
    Ok(rows.map(since).collect::<Vec<_>>().join(" "))
}

/// The neighbour shuts the sessions down three times: each adds to what is left of the penalty of those before.
#[test]
fn three_flaps_add_up() -> Result<()> {
    let lab = lab()?;
    let scene = watched(&lab, &settings().without_bfd())?;
    for flap in 1..=3 {
        scene.neighbor.bird().ask("disable \"bgp_*\"")?;
        scene.sessions("lost", |session| flaps(session) == flap)?;
        scene.neighbor.bird().ask("enable \"bgp_*\"")?;
        scene.sessions("back", is_back)?;
    }
    scene.sessions("a penalty", |session| {
        let penalty = session["flaps"]["penalty"].as_f64().unwrap_or_default();
        penalty > 2000.0 && flaps(session) == 3 && says(session, "cause", "Administrative shutdown")
    })
}
