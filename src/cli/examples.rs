//! What each command is used for: for `--help` and for the manual.

use clap::{Command, CommandFactory as _};

use super::Cli;

/// What an example is for, and its command line.
type Example = (&'static str, &'static str);

/// By the name of the command; those of the program by an empty one.
const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "",
        &[
            (
                "See what is announced, to whom and why",
                "anycastctl status",
            ),
            (
                "Check a changed configuration, see what it would do to the network, and do it",
                "anycastctl check\nanycastctl diff\nanycastctl apply\nanycastctl reload",
            ),
            (
                "Move traffic to other nodes for half an hour",
                "anycastctl drain --all --for 30m --reason \"kernel update\"",
            ),
        ],
    ),
    (
        "init",
        &[
            (
                "Begin on a node whose router is known",
                "anycastctl init --asn 64601 --neighbor 10.99.0.1@64600",
            ),
            (
                "See what it would write where BIRD has sessions already",
                "anycastctl init -o -",
            ),
        ],
    ),
    (
        "check",
        &[
            ("Check the installed configuration", "anycastctl check"),
            (
                "Check one in CI, where there are no passwords",
                "anycastctl -c nodes/ams1.yaml check --format github --secrets placeholder",
            ),
            (
                "Try it on two releases of BIRD",
                "anycastctl check --bird /opt/bird-2.0.12/sbin/bird --bird /opt/bird-2.20.0/sbin/bird",
            ),
        ],
    ),
    (
        "render",
        &[
            ("See bird.conf", "anycastctl render"),
            (
                "Write it for review",
                "anycastctl -c nodes/ams1.yaml render -o rendered/ams1.conf",
            ),
            (
                "See which files there are for the host",
                "anycastctl render --list",
            ),
            (
                "Print the other side of a neighbour's sessions for its FRR",
                "anycastctl render neighbor tor1 --for frr",
            ),
        ],
    ),
    (
        "diff",
        &[
            ("Compare with what is installed", "anycastctl diff"),
            (
                "Compare with what is committed",
                "anycastctl -c nodes/ams1.yaml diff --installed rendered/ams1.conf",
            ),
        ],
    ),
    (
        "apply",
        &[
            (
                "See whether BIRD would take it, and change nothing",
                "anycastctl apply --dry-run",
            ),
            (
                "Install it for the first time, over a bird.conf of somebody else's",
                "anycastctl apply --replace",
            ),
            (
                "Give slow neighbours more time before it goes back",
                "anycastctl apply --confirm 3m",
            ),
        ],
    ),
    (
        "run",
        &[
            (
                "Run it in the foreground and see every probe",
                "anycastctl run --log-level debug --log-format text",
            ),
            (
                "Follow one service in the journal",
                "journalctl -u anycastctl -f ANYCASTCTL_SERVICE=resolver",
            ),
        ],
    ),
    (
        "status",
        &[
            ("See everything", "anycastctl status"),
            (
                "Watch one service with its last decisions",
                "anycastctl status resolver --watch",
            ),
            (
                "Ask for one field",
                "anycastctl status --json | jq -r '.services[].actual'",
            ),
        ],
    ),
    (
        "why",
        &[("Ask about one service", "anycastctl why resolver")],
    ),
    (
        "drain",
        &[
            (
                "Before an update of the DNS server",
                "anycastctl drain resolver --for 30m --reason \"update of unbound\"",
            ),
            (
                "Before a reboot",
                "anycastctl drain --all --for 1h --reason reboot",
            ),
        ],
    ),
    (
        "undrain",
        &[("End it early", "anycastctl undrain resolver")],
    ),
    (
        "withdraw",
        &[(
            "Take a service out until somebody releases it",
            "anycastctl withdraw resolver --reason \"wrong answers for example.com\"",
        )],
    ),
    (
        "pin",
        &[(
            "Keep a service in while the name that its check asks for is broken",
            "anycastctl pin resolver --for 1h --reason \"example.com is broken, we are not\"",
        )],
    ),
    (
        "release",
        &[
            (
                "Leave a service to its checks again",
                "anycastctl release resolver",
            ),
            (
                "Leave all of them to their checks",
                "anycastctl release --all",
            ),
        ],
    ),
    (
        "history",
        &[
            (
                "See what happened in the last hour",
                "anycastctl history --since 1h",
            ),
            (
                "See the last decisions about one service",
                "anycastctl history resolver --limit 20",
            ),
        ],
    ),
    (
        "reload",
        &[(
            "A service was added: BIRD first, then the daemon",
            "anycastctl apply\nanycastctl reload",
        )],
    ),
    (
        "brake",
        &[
            (
                "The daemon cannot start: withdraw everything, and come back when it can",
                "anycastctl brake\nsystemctl start anycastctl",
            ),
            (
                "The configuration cannot be used, and BIRD is not where Debian has it",
                "anycastctl brake --socket /run/bird-anycast/bird.ctl",
            ),
        ],
    ),
    (
        "metrics",
        &[(
            "Write them for node_exporter, from a timer",
            "anycastctl metrics -o /var/lib/prometheus/node-exporter/anycastctl.prom",
        )],
    ),
    (
        "probe",
        &[
            ("Run all checks once", "anycastctl probe"),
            (
                "Look at one check closely, again and again",
                "anycastctl probe resolver --check dns-1 --all --watch",
            ),
            (
                "Ask a server over TCP for a zone, and which of its instances it is",
                "anycastctl probe @192.0.2.53 example.com SOA +tcp +nsid",
            ),
            (
                "Ask over TLS, with a certificate for a name",
                "anycastctl probe @192.0.2.53 example.com +tls-hostname=dns.example.com",
            ),
            (
                "Alert when something fails",
                "anycastctl probe --json | jq '.[] | select(.verdict != \"pass\")'",
            ),
        ],
    ),
    (
        "selftest",
        &[
            (
                "See what every fault would come to with your thresholds",
                "anycastctl selftest --list\nanycastctl selftest",
            ),
            (
                "Try other thresholds before they are installed",
                "anycastctl -c new.yaml selftest resolver --fault server-frozen --fault server-lossy",
            ),
            (
                "Try a release of BIRD before an upgrade, and keep the figures",
                "anycastctl selftest --bird /opt/bird-2.20.0/sbin/bird --json > selftest.json",
            ),
        ],
    ),
    (
        "schema",
        &[(
            "For an editor, beside a file that begins with `# yaml-language-server: $schema=config.schema.json`",
            "anycastctl schema > config.schema.json",
        )],
    ),
    (
        "completions",
        &[
            (
                "For bash, for everybody",
                "anycastctl completions bash > /usr/share/bash-completion/completions/anycastctl",
            ),
            (
                "For fish, for yourself",
                "anycastctl completions fish > ~/.config/fish/completions/anycastctl.fish",
            ),
        ],
    ),
    (
        "man",
        &[
            (
                "Read about the configuration file",
                "anycastctl man config | man -l -",
            ),
            (
                "Write all pages into a directory",
                "anycastctl man --directory target/man",
            ),
        ],
    ),
];

/// The examples of a command; those of the program for an empty name.
#[must_use]
pub fn examples(command: &str) -> &'static [Example] {
    let found = EXAMPLES.iter().find(|(name, _)| *name == command);
    found.map_or(&[], |(_, examples)| examples)
}

/// The command line with the examples in `--help`.
#[must_use]
pub fn command() -> Command {
    Cli::command().mut_subcommands(|command| {
        let examples: Vec<String> = examples(command.get_name()).iter().map(shown).collect();
        if examples.is_empty() {
            return command;
        }
        let notes = command.get_after_help().map(|notes| format!("{notes}\n\n"));
        let notes = notes.unwrap_or_default();
        command.after_long_help(format!("{notes}Examples:\n{}", examples.join("\n")))
    })
}

fn shown((purpose, lines): &Example) -> String {
    format!("  {purpose}:\n    {}", lines.replace('\n', "\n    "))
}
