//! The text of a configuration file: lines, columns, and what must not be shown of it.

use std::ops::Range;

/// A file name and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    /// Byte offsets at which lines begin.
    lines: Vec<usize>,
}

/// A line and a column, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Source {
    /// Takes a text under the name that findings show.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            lines: std::iter::once(0).chain(starts).collect(),
        }
    }

    /// The name that findings show.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a byte stands. Offsets behind the end count as the end.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.boundary(offset);
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line - 1];
        Position {
            line,
            column: self.text[start..offset].chars().count() + 1,
        }
    }

    /// The lines `first..=last` (from 1), with every password made unreadable, and the offset of the
    /// first one. What replaces a password has its length, so offsets stay right.
    pub(crate) fn lines(&self, first: usize, last: usize) -> (usize, String) {
        let start = self.lines[first - 1];
        let end = self.lines.get(last).copied().unwrap_or(self.text.len());
        let shown = self.text[start..end].split_inclusive('\n').map(masked);
        (start, shown.collect())
    }

    /// The range cut to the text, to whole characters and to the first of its lines.
    pub(crate) fn first_line(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.boundary(range.start);
        let end = self.boundary(range.end).max(start);
        let text = &self.text[start..end];
        let length = text.find(['\n', '\r']).unwrap_or(text.len());
        start..start + text[..length].trim_end().len()
    }

    fn boundary(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }
}

/// How alike a key must be to `password` for its value to be hidden: catches `passwd` and `pasword`.
const ALIKE: f64 = 0.88;

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    !key.ends_with("_file") && strsim::jaro_winkler(&key, "password") >= ALIKE
}

/// The line with what follows a key like `password:` replaced by asterisks. Works on text and not on
/// YAML, so that it also hides what stands in a file that is no YAML.
fn masked(line: &str) -> String {
    let secret = line.match_indices(':').find(|(colon, _)| {
        let word = line[..*colon]
            .trim_end_matches(['"', '\'', ' '])
            .rsplit(|c: char| !(c.is_alphanumeric() || c == '_'));
        word.take(1).any(is_secret)
    });
    let Some((colon, _)) = secret else {
        return line.to_owned();
    };
    let (shown, hidden) = line.split_at(colon + 1);
    let hide = |c: char| match c {
        c if c.is_whitespace() => c.to_string(),
        c => "*".repeat(c.len_utf8()),
    };
    shown
        .chars()
        .map(String::from)
        .chain(hidden.chars().map(hide))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let source = Source::new("f", "a\nöx: 1\n");
        let at = |offset| {
            let position = source.position(offset);
            (position.line, position.column)
        };
        assert_eq!((at(0), at(2), at(4)), ((1, 1), (2, 1), (2, 2)));
        assert_eq!(at(999), (3, 1));
    }

    #[test]
    fn passwords_are_hidden_and_their_files_are_not() {
        for (line, shown) in [
            ("password: hunter 2\n", "password: ****** *\n"),
            (
                "  t: { \"passwd\" : x, b: y }",
                "  t: { \"passwd\" : ** ** * *",
            ),
            ("password_file: /etc/x", "password_file: /etc/x"),
            ("Password:ö", "Password:**"),
            ("a: b", "a: b"),
        ] {
            assert_eq!(masked(line), shown);
        }
    }
}
