//! People and programs that mean harm, at every door that is open to them: what they write does nothing where it is shown,
//! and they keep nobody from the daemon, nor the daemon from its work.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use lab::{Error, Lab, Result};

use crate::scene::{BOTH, Scene, lab, settings};

/// An escape sequence, its C1 form, a title, a direction that turns, a line break of other systems, what begins the
/// performance data of a plugin.
const EVIL: &str = "\u{1b}[31m\u{9b}2J\u{1b}]0;gone\u{7}\u{202e}\rover|x=1";

/// Every command that shows what a neighbour said.
const VIEWS: [&[&str]; 7] = [
    &["status"],
    &["status", "--json"],
    &["status", "--nagios"],
    &["why", "resolver"],
    &["history"],
    &["history", "--json"],
    &["metrics"],
];

/// Colours are ours; nothing else may be left.
fn is_harmless(text: &str) -> bool {
    let is_bad = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || c == '\u{202e}';
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default();
    let others = pieces.map(|piece| {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        rest.strip_prefix('m').unwrap_or("\u{1b}")
    });
    std::iter::once(first)
        .chain(others)
        .all(|piece| !piece.contains(is_bad))
}

/// What a command prints on a terminal with colours.
fn coloured(scene: &Scene, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(scene.controller.program());
    command.arg("-c").arg(scene.controller.configuration());
    command.args(arguments).env("CLICOLOR_FORCE", "1");
    let output = scene.lab.node().enter(|| command.output())??;
    let both = [output.stdout, output.stderr].concat();
    String::from_utf8(both).map_err(|error| Error::new(error.to_string()))
}

/// RFC 9003: BGP carries the words, whatever bytes they are made of, to the terminals of others.
#[test]
fn words_of_a_neighbour_do_nothing_to_a_terminal() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = Scene::announced(&lab, &settings().without_bfd())?;
    let disable = format!("disable \"bgp_*\" \"{EVIL}\"");
    scene.neighbor.bird().ask(&disable)?;
    scene.reports("lost with a message", |_, document| {
        let session = &document["sessions"][0];
        session["message"]
            .as_str()
            .is_some_and(|words| words.contains("over|x=1"))
    })?;
    let (_, document) = scene.status()?;
    let words = document["sessions"][0]["message"]
        .as_str()
        .unwrap_or_default();
    // BIRD takes the oldest control characters out, and no others.
    let is_there = words.contains("\u{9b}2J") && words.contains('\u{202e}');
    assert!(is_there, "programs get what was said: {words:?}");
    scene.logs(&["over|x=1"])?;
    for view in VIEWS {
        let text = coloured(&scene, view)?;
        assert!(is_harmless(&text), "{view:?}: {text:?}");
    }
    let line = coloured(&scene, &["status", "--nagios"])?;
    assert_eq!(line.matches('|').count(), 1, "{line}");
    assert!(
        is_harmless(&scene.controller.log()),
        "{:?}",
        scene.controller.log()
    );
    for page in ["/", "/status", "/metrics", "/readyz"] {
        let answer = get(lab.node(), "127.0.0.1:9553", page)?;
        assert!(
            is_harmless(&answer.replace("\r\n", "\n")),
            "{page}: {answer:?}"
        );
    }
    Ok(())
}

/// Everything that comes back.
fn get(host: &lab::Host, address: &str, page: &str) -> Result<String> {
    host.enter(|| -> Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET {page} HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    })?
}

/// A script for perl, as a member of the operators' group. It gets the control socket.
fn member(scene: &Scene, script: &str) -> Result<Command> {
    // Lets everybody into the lab's directory.
    let looks = scene
        .controller
        .call_as("nobody", "operator", &["status", "--json"])?;
    assert!(looks.output.contains("resolver"), "{looks:?}");
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "nobody", "--regid", "operator", "--clear-groups"]);
    command
        .args(["perl", "-MSocket", "-e", script])
        .arg(scene.controller.control());
    Ok(command)
}

fn operators(lab: &Lab) -> Result<(Scene<'_>, lab::DnsServer<'_>)> {
    Scene::announced(lab, &settings().daemon("operator_group: operator"))
}

/// Connects 100 times, says how many were sent away, and keeps the others.
const CROWD: &str = r#"
    $| = 1;
    my @all = map {
        socket(my $one, AF_UNIX, SOCK_STREAM, 0) or die; connect($one, sockaddr_un($ARGV[0])) or die $!; $one
    } 1 .. 100;
    my $away = 0;
    for (1 .. 200) {
        # A look without waiting that leaves what is there (MSG_PEEK, MSG_DONTWAIT).
        $away = grep { my $text = ""; recv($_, $text, 999, 0x42); $text =~ /too many connections/ } @all;
        last if $away >= 68;
        select(undef, undef, undef, 0.02);
    }
    print "sent away: $away\n"; sleep 60;
"#;

#[test]
fn a_user_with_many_connections_keeps_nobody_from_the_daemon() -> Result<()> {
    let lab = lab()?;
    let (scene, mut server) = operators(&lab)?;
    let crowd = lab.node().spawn("crowd", &mut member(&scene, CROWD)?)?;
    lab.wait_until("a crowd", || {
        let said = std::fs::read_to_string(crowd.log())?;
        if said.contains("sent away: 68\n") {
            return Ok(());
        }
        Err(Error::new(said))
    })?;
    scene.status()?;
    server.kill()?;
    scene.lacks(&BOTH)?;
    scene.desires("withdrawn")?;
    crowd.kill()?;
    Ok(())
}

/// Gives 100 orders at once, and says how many were refused.
const ORDERS: &str = r#"
    my $often = 0;
    for (1 .. 100) {
        socket(my $one, AF_UNIX, SOCK_STREAM, 0) or die; connect($one, sockaddr_un($ARGV[0])) or die $!;
        syswrite($one, qq({"order":{"whom":"all","action":"undrain","reason":null}}\n));
        my $text = ""; 1 while sysread($one, $text, 9999, length $text);
        $often++ if $text =~ /gives orders too often/;
    }
    print "too often: $often\n";
"#;

#[test]
fn a_user_gives_so_many_orders_and_root_always_may() -> Result<()> {
    let lab = lab()?;
    let (scene, _server) = operators(&lab)?;
    let mut command = member(&scene, ORDERS)?;
    let output = lab.node().enter(|| command.output())??;
    let said = String::from_utf8_lossy(&output.stdout);
    let often = said
        .trim()
        .strip_prefix("too often: ")
        .map(str::parse::<u32>);
    // Two a second come back.
    assert!(matches!(often, Some(Ok(1..=40))), "{output:?}");
    scene.controller.succeed(&["withdraw", "--all"])?;
    scene.lacks(&BOTH)
}

#[test]
fn a_host_with_many_connections_keeps_no_other_from_the_metrics() -> Result<()> {
    let lab = lab()?;
    let address = "10.99.0.2:9553";
    let (scene, mut server) =
        Scene::announced(&lab, &settings().daemon(&format!("listen: {address}")))?;
    let connect = || -> Result<Vec<TcpStream>> {
        (0..64).map(|_| Ok(TcpStream::connect(address)?)).collect()
    };
    let mut crowd = lab.opposite().enter(connect)??;
    let answer = get(lab.node(), address, "/healthz")?;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    // Most were hung up on at once: their end can be read.
    let mut waiting = 0;
    for stream in &mut crowd {
        stream.set_nonblocking(true)?;
        match stream.read(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => waiting += 1,
            _ => {}
        }
    }
    assert!(waiting <= 8, "{waiting}");
    server.kill()?;
    scene.lacks(&BOTH)
}
