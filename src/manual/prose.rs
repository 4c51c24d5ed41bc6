//! The small markup of prose: a part of Markdown, so that the sources can be read as they are.

use roff::{Inline, bold, roman};

use super::page::WHOLE;

/// A part of a text between empty lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// `# HEADING`
    Heading(String),
    /// Lines that are filled.
    Paragraph(String),
    /// `- term: text`, several below each other; further lines of one are indented by two spaces.
    Item {
        /// What is explained.
        term: String,
        /// What it means.
        text: String,
    },
    /// Lines that are indented by four spaces, as they stand there.
    Example(Vec<String>),
}

const CODE: &str = "    ";

/// The blocks of a text.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for part in text.split("\n\n") {
        let part = part.trim_matches('\n');
        if part.is_empty() {
            continue;
        }
        match (block(part), blocks.last_mut()) {
            // An empty line within an example.
            (Found::Example(more), Some(Block::Example(lines))) => {
                lines.push(String::new());
                lines.extend(more);
            }
            (Found::Example(lines), _) => blocks.push(Block::Example(lines)),
            (Found::Other(found), _) => blocks.extend(found),
        }
    }
    blocks
}

enum Found {
    Example(Vec<String>),
    Other(Vec<Block>),
}

fn block(part: &str) -> Found {
    if let Some(heading) = part.strip_prefix("# ") {
        return Found::Other(vec![Block::Heading(heading.to_owned())]);
    }
    if part.starts_with("- ") {
        return Found::Other(items(part));
    }
    let code: Option<Vec<String>> = part
        .lines()
        .map(|line| line.strip_prefix(CODE).map(str::to_owned))
        .collect();
    match code {
        Some(lines) => Found::Example(lines),
        None => Found::Other(vec![Block::Paragraph(filled(part))]),
    }
}

fn items(part: &str) -> Vec<Block> {
    let part = part.strip_prefix("- ").unwrap_or(part);
    part.split("\n- ")
        .map(|item| {
            let item = filled(item);
            let (term, text) = item.split_once(": ").unwrap_or((&item, ""));
            Block::Item {
                term: term.to_owned(),
                text: text.to_owned(),
            }
        })
        .collect()
}

/// One line, with single spaces.
fn filled(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text with what stands between backticks in bold: it is typed as it is.
pub(super) fn inlines(text: &str) -> Vec<Inline> {
    let text = text.replace('\n', " ");
    let parts: Vec<&str> = text.split('`').collect();
    let mut pieces = Vec::new();
    for (number, part) in parts
        .iter()
        .enumerate()
        .filter(|(_, part)| !part.is_empty())
    {
        let before = number.checked_sub(1).and_then(|before| parts.get(before));
        let begins_word = before.is_none_or(|before| before.is_empty() || before.ends_with(' '));
        pieces.push(match (number % 2 == 1, begins_word) {
            (true, true) => literal(part),
            (true, false) => bold(*part),
            (false, _) => roman(whole_at_end(part, number + 1 < parts.len())),
        });
    }
    pieces
}

/// Text before a literal: a word that goes on with that is not divided, as in `(bird.socket`.
fn whole_at_end(text: &str, goes_on: bool) -> String {
    match text.rsplit_once(' ') {
        Some((before, word)) if goes_on && !word.is_empty() => format!("{before} {WHOLE}{word}"),
        None if goes_on => format!("{WHOLE}{text}"),
        _ => text.to_owned(),
    }
}

/// What is typed as it is: copied and searched for, so no word of it is divided.
pub(super) fn literal(text: &str) -> Inline {
    let words: Vec<String> = text
        .split(' ')
        .map(|word| format!("{WHOLE}{word}"))
        .collect();
    bold(words.join(" "))
}

/// A whole sentence: clap's texts have no full stop.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim_end();
    match text.chars().last() {
        None | Some('.' | ':' | '!' | '?') => text.to_owned(),
        Some(_) => format!("{text}."),
    }
}
