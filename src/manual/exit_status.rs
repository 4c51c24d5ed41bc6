//! EXIT STATUS, from what `--help` says about it.

use clap::Command;
use roff::bold;

use super::page::Writer;
use super::prose::{inlines, sentence};

/// The paragraphs that `--help` has after the options: those about exit codes, and the others.
pub(super) fn notes(command: &Command) -> (Vec<String>, Vec<String>) {
    let text = after_help(command);
    let paragraphs = text.split("\n\n").filter(|text| !text.is_empty());
    paragraphs
        .map(str::to_owned)
        .partition(|text| text.to_lowercase().contains("exits with"))
}

/// The section: what is special about a command, and the codes that all commands share.
pub(super) fn section(page: &mut Writer, program: &Command, special: &[String]) {
    page.heading("EXIT STATUS");
    for text in special {
        page.paragraph(inlines(text));
    }
    if !special.is_empty() {
        page.paragraph(inlines("As for every command:"));
    }
    for (code, meaning) in codes(program) {
        page.item(vec![bold(code)], &sentence(&meaning));
    }
}

/// The codes and their meanings: lines of the program's `--help` that begin with a number.
fn codes(program: &Command) -> Vec<(String, String)> {
    let text = after_help(program);
    let lines = text.lines().filter_map(|line| line.trim().split_once("  "));
    let codes = lines.filter(|(code, _)| code.parse::<u8>().is_ok());
    codes
        .map(|(code, meaning)| (code.to_owned(), capital(meaning.trim())))
        .collect()
}

fn after_help(command: &Command) -> String {
    let text = command.get_after_help().map(ToString::to_string);
    text.unwrap_or_default()
}

/// With a capital at the start.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}
