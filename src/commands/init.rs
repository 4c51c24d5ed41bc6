//! `anycastctl init`: looks at the host, writes a first configuration, and says what it saw.
//!
//! Nothing here changes anything but the one new file.

mod ask;
mod look;
mod write;

use std::fmt::Write as _;
use std::path::Path;

use super::{Code, Failure, Output, runtime};
use crate::cli::Init;
use crate::config::Config;
use crate::init::{self, Draft, FILL_IN, Found, Serving, Wishes};

/// Looks, and writes.
pub fn init(config: &Path, options: Init) -> Result<Output, Failure> {
    let (socket, output) = (options.socket, options.output);
    let wishes = Wishes {
        name: options.name,
        asn: options.asn,
        router_id: options.router_id,
        service: options.service,
        prefixes: options.prefixes,
        neighbors: options.neighbors,
        check: options.check,
    };
    let path = output.as_deref().unwrap_or(config);
    let is_printed = path == Path::new("-");
    if !is_printed {
        write::is_free(path)?;
    }
    let found = look(socket, &wishes)?;
    let draft = init::draft(&found, &wishes);
    if !is_printed {
        write::create(path, &draft.text)?;
    }
    // Where the file is printed, findings are about what was printed.
    let name = if is_printed {
        "-"
    } else {
        &path.display().to_string()
    };
    let refused = refusal(name, &draft);
    let is_complete = draft.missing.is_empty() && refused.is_none();
    Ok(Output {
        stderr: talk(&found, &draft, path, refused.as_deref()),
        stdout: if is_printed {
            draft.text
        } else {
            String::new()
        },
        code: if is_complete {
            Code::Success
        } else {
            Code::NotAsWanted
        },
    })
}

fn look(socket: Option<std::path::PathBuf>, wishes: &Wishes) -> Result<Found, Failure> {
    let mut found = runtime()?.block_on(look::host(socket));
    for group in &Serving::of(&found, wishes).groups {
        let questions = init::questions(&found, group, wishes);
        let answers = runtime()?.block_on(ask::all(&group.addresses(), &questions));
        found.answers.extend(answers);
    }
    Ok(found)
}

/// What the configuration's reader has against a file that seems complete: an option may say what cannot be.
fn refusal(name: &str, draft: &Draft) -> Option<String> {
    if !draft.missing.is_empty() {
        return None;
    }
    let findings = Config::parse(name, &draft.text).err()?;
    Some(findings.to_string())
}

fn talk(found: &Found, draft: &Draft, path: &Path, refused: Option<&str>) -> String {
    let mut text = String::from("Found\n");
    for line in init::summary(found) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(text, "  {line}");
    }
    if !draft.notes.is_empty() {
        text.push_str("\nLook at this\n");
        for note in &draft.notes {
            let _ = writeln!(text, "  {note}");
        }
    }
    if !draft.missing.is_empty() {
        let _ = writeln!(text, "\nLeft to do ({FILL_IN} marks the places)");
        for missing in &draft.missing {
            let _ = writeln!(text, "  {}: {}", missing.path, missing.what);
        }
    }
    if let Some(findings) = refused {
        let _ = writeln!(text, "\nLeft to mend\n{findings}");
    }
    text.push_str(&next(draft, path));
    text
}

/// What comes now.
fn next(draft: &Draft, path: &Path) -> String {
    let (place, option) = match path.to_str() {
        Some("-") => (
            "Nothing was written: this was printed only".to_owned(),
            String::new(),
        ),
        Some(DEFAULT) => (format!("Wrote {DEFAULT}"), String::new()),
        _ => {
            let path = path.display();
            (format!("Wrote {path}"), format!(" -c {path}"))
        }
    };
    let first = if draft.missing.is_empty() {
        "is it right"
    } else {
        "fill in what is left; this says whether it is right"
    };
    let mut steps = vec![
        (format!("anycastctl{option} check"), first),
        (
            format!("anycastctl{option} diff"),
            "what BIRD would do, in terms of the network",
        ),
    ];
    let start = (
        "systemctl enable --now anycastctl".to_owned(),
        "probe, and decide",
    );
    if draft.is_announced {
        // With its intent files there, BIRD goes on announcing when it takes the new file.
        steps.push(start);
        steps.push((
            format!("anycastctl{option} status"),
            "wait until its checks have passed",
        ));
        steps.push((
            format!("anycastctl{option} apply --replace --allow-withdraw"),
            "hand over: sessions with another name are opened anew",
        ));
    } else {
        steps.push((
            format!("anycastctl{option} apply --replace"),
            "install bird.conf and have BIRD take it",
        ));
        steps.push(start);
        steps.push((
            format!("anycastctl{option} status"),
            "what is announced, to whom and why",
        ));
    }
    let width = steps
        .iter()
        .map(|(command, _)| command.len())
        .max()
        .unwrap_or_default();
    let steps = steps
        .iter()
        .map(|(command, why)| format!("  {command:width$}  # {why}\n"));
    format!("\n{place}. Next\n{}", steps.collect::<String>())
}

/// Where the other commands look without `-c`.
const DEFAULT: &str = "/etc/anycastctl/config.yaml";
