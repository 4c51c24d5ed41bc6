//! What belongs together: pages that refer to each other, and the files that a command touches.

use clap::Command;

use super::FORMAT;

/// The section of daemons.
pub(super) const DAEMON: u8 = 8;

/// The commands that are daemons.
const DAEMONS: &[&str] = &["run"];

/// Commands that are about one thing: their pages refer to each other.
const GROUPS: &[&[&str]] = &[
    &["init", "check", "render", "diff", "apply", "schema"],
    &["run", "reload", "brake", "status"],
    &["status", "why", "history", "metrics", "probe"],
    &["check", "probe", "run", "selftest"],
    &[
        "drain", "undrain", "withdraw", "pin", "release", "brake", "status",
    ],
    &["completions", "man"],
];

/// Commands that read no configuration.
const WITHOUT_FILES: &[&str] = &["schema", "completions", "man"];

/// Commands that read or write the files of BIRD, or show how they would be.
const WITH_BIRD: &[&str] = &["init", "check", "render", "diff", "apply"];

/// The page of a command: its name and section.
pub(super) fn page(program: &Command, command: &str) -> (String, u8) {
    let section = if DAEMONS.contains(&command) {
        DAEMON
    } else {
        1
    };
    (format!("{}-{command}", program.get_name()), section)
}

/// What to read after the page of the program.
pub(super) fn of_program(program: &Command) -> Vec<(String, u8)> {
    let commands = program.get_subcommands();
    let mut pages: Vec<_> = commands
        .map(|command| page(program, command.get_name()))
        .collect();
    pages.extend(others());
    sorted(pages)
}

/// What to read after the page of a command.
pub(super) fn of_command(program: &Command, command: &Command) -> Vec<(String, u8)> {
    let own = command.get_name();
    let groups = GROUPS.iter().filter(|group| group.contains(&own));
    let names = groups.flat_map(|group| group.iter().copied());
    let known = names.filter(|name| *name != own && program.find_subcommand(name).is_some());
    let mut pages: Vec<_> = known.map(|name| page(program, name)).collect();
    pages.push((program.get_name().to_owned(), 1));
    pages.extend(others());
    sorted(pages)
}

/// What to read after the page of the file.
pub(super) fn of_format() -> Vec<(String, u8)> {
    let commands = ["check", "render", "diff", "apply", "schema"];
    let mut pages = vec![
        ("anycastctl".to_owned(), 1),
        ("anycastctl-run".to_owned(), DAEMON),
        ("bird".to_owned(), 8),
        ("systemd.exec".to_owned(), 5),
    ];
    pages.extend(commands.map(|command| (format!("anycastctl-{command}"), 1)));
    sorted(pages)
}

fn others() -> [(String, u8); 3] {
    [
        (FORMAT.to_owned(), 5),
        ("bird".to_owned(), 8),
        ("birdc".to_owned(), 8),
    ]
}

/// By section and name, each once.
fn sorted(mut pages: Vec<(String, u8)>) -> Vec<(String, u8)> {
    pages.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    pages.dedup();
    pages
}

/// The section FILES of a command, after EXIT STATUS.
pub(super) fn files(command: &Command) -> String {
    let name = command.get_name();
    let mut text = String::from("# EXIT STATUS\n");
    if WITHOUT_FILES.contains(&name) {
        return text;
    }
    text.push_str(
        "\n# FILES\n\n- `/etc/anycastctl/config.yaml`: The configuration: see `anycastctl.yaml`(5).\n",
    );
    let has_control = command
        .get_arguments()
        .any(|argument| argument.get_id() == "control");
    if has_control {
        text.push_str(
            "- `/run/anycastctl/control.sock`: The daemon's control socket (`daemon.control`).\n",
        );
    }
    if WITH_BIRD.contains(&name) {
        text.push_str(
            "- `/etc/bird/bird.conf`: What BIRD reads (`bird.config`).\n\
             - `/etc/bird/bird.secrets.conf`: The passwords, which that file includes (`bird.secrets`).\n",
        );
    }
    text
}
