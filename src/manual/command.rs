//! The page of the program, and those of its commands.

use clap::Command;
use roff::{bold, roman};

use super::page::Writer;
use super::prose::{inlines, sentence};
use super::{Example, Page, exit_status, option, related};

/// What the definition of the command line does not know of the program.
const PROGRAM: &str = include_str!("../../templates/manual/anycastctl.1.md");
/// What it does not know of the daemon.
const DAEMON: &str = include_str!("../../templates/manual/anycastctl-run.8.md");

/// The page of the program.
pub(super) fn program(program: &Command, examples: &[Example]) -> Page {
    let prose = Prose::of(PROGRAM);
    let mut page = begin(program, program.get_name(), 1);
    page.prose(prose.description);
    page.heading("COMMANDS");
    for command in program.get_subcommands() {
        let (name, section) = related::page(program, command.get_name());
        let term = vec![bold(name), roman(format!("({section})"))];
        page.item(term, &sentence(&about(command)));
    }
    option::describe(&mut page, program);
    page.prose(prose.sections);
    exit_status::section(&mut page, program, &[]);
    page.prose(prose.end);
    end(page, examples, &related::of_program(program))
}

/// The page of a command.
pub(super) fn subcommand(program: &Command, command: &Command, examples: &[Example]) -> Page {
    let (name, section) = related::page(program, command.get_name());
    let (exits, notes) = exit_status::notes(command);
    let files = related::files(command);
    let prose = Prose::of(if section == related::DAEMON {
        DAEMON
    } else {
        &files
    });
    let mut page = begin(command, &name, section);
    page.prose(&notes.join("\n\n"));
    page.prose(prose.description);
    option::describe(&mut page, command);
    page.prose(prose.sections);
    exit_status::section(&mut page, program, &exits);
    page.prose(prose.end);
    end(page, examples, &related::of_command(program, command))
}

/// Prose of a page, and where it goes.
struct Prose<'t> {
    /// What belongs to DESCRIPTION: all before the first heading.
    description: &'t str,
    /// The sections between OPTIONS and EXIT STATUS.
    sections: &'t str,
    /// Those after it.
    end: &'t str,
}

impl<'t> Prose<'t> {
    /// A text in which the heading EXIT STATUS stands where that section goes.
    fn of(text: &'t str) -> Self {
        let (before, end) = text.split_once("# EXIT STATUS\n").unwrap_or((text, ""));
        let first = before.find("# ").unwrap_or(before.len());
        let (description, sections) = before.split_at(first);
        Self {
            description,
            sections,
            end,
        }
    }
}

/// NAME, SYNOPSIS, and the beginning of DESCRIPTION.
fn begin(command: &Command, name: &str, section: u8) -> Writer {
    let mut page = Writer::new(name, section, &about(command));
    page.heading("SYNOPSIS");
    page.paragraph(option::synopsis(command));
    page.heading("DESCRIPTION");
    let long = command.get_long_about().map(ToString::to_string);
    for text in long.unwrap_or_else(|| about(command)).split("\n\n") {
        page.paragraph(inlines(&sentence(text)));
    }
    page
}

/// EXAMPLES and SEE ALSO.
fn end(mut page: Writer, examples: &[Example], related: &[(String, u8)]) -> Page {
    if !examples.is_empty() {
        page.heading("EXAMPLES");
    }
    for (purpose, line) in examples {
        page.paragraph(inlines(&format!("{purpose}:")));
        page.example(line.lines());
    }
    page.see_also(related);
    page.finish()
}

fn about(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string);
    about.unwrap_or_default()
}
