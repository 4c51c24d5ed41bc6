//! What was found, in words for a terminal.

use super::found::{BirdFile, Found, Running};
use super::yaml::printable;

/// One line a thing that was looked at.
#[must_use]
pub fn summary(found: &Found) -> Vec<String> {
    let lines = [
        format!("host  {}", host(found)),
        format!("DNS   {}", servers(found)),
        format!("BIRD  {}", bird(found)),
    ];
    lines.iter().map(|line| printable(line)).collect()
}

fn host(found: &Found) -> String {
    let addresses = found
        .addresses
        .iter()
        .filter(|one| super::addresses::is_fit(one.address));
    let addresses: Vec<String> = addresses
        .map(|one| format!("{}/{} on {}", one.address, one.length, one.interface))
        .collect();
    let name = match found.hostname.as_str() {
        "" => "without a name",
        name => name,
    };
    match addresses.as_slice() {
        [] => format!("{name}: no address but its own loopback"),
        _ => format!("{name}: {}", addresses.join(", ")),
    }
}

fn servers(found: &Found) -> String {
    let mut parts: Vec<String> = Vec::new();
    for listener in &found.listeners {
        let program = listener
            .program
            .as_deref()
            .unwrap_or("a program that only root can name");
        let part = format!("{program} on {}", listener.address);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    match parts.as_slice() {
        [] => "nobody listens on port 53".to_owned(),
        _ => parts.join(", "),
    }
}

fn bird(found: &Found) -> String {
    let path = found.bird.config.display();
    let file = match &found.bird.file {
        BirdFile::Absent => format!("there is no {path}"),
        BirdFile::Unreadable(why) => why.clone(),
        BirdFile::Rendered => format!("{path} is one that anycastctl has rendered"),
        BirdFile::ByHand => format!("{path} is not anycastctl's"),
    };
    match &found.bird.running {
        Running::Silent(why) => format!("{why}; {file}"),
        Running::Answers(bird) => {
            let up = bird
                .sessions
                .iter()
                .filter(|session| session.is_established);
            let (up, all) = (up.count(), bird.sessions.len());
            let socket = found.bird.socket.display();
            format!(
                "{} answers at {socket}; BGP sessions: {all}, {up} of them established; {file}",
                bird.version
            )
        }
    }
}
