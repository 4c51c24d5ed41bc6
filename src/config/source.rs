//! The texts of a configuration: lines, columns, and what must not be shown of them.
//!
//! All files share one row of offsets, each beginning where the one before ends. So a range of bytes says
//! by itself in which file it stands, and a tree over several files needs no other kind of place.

use std::ops::Range;

/// The files of a configuration, the main one first; there is always that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Takes the main file's text under the name that findings show.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self(vec![Source::new(name, text, 0)])
    }

    /// Adds the text of another file, and returns the offset at which it begins.
    pub(crate) fn add(&mut self, name: &str, text: &str) -> usize {
        let last = self.at(usize::MAX);
        // One more than its length: the end of a file is not yet the beginning of the next.
        let start = last.start + last.text.len() + 1;
        self.0.push(Source::new(name, text, start));
        start
    }

    /// How many files there are beside the main one.
    #[must_use]
    pub fn included(&self) -> usize {
        self.0.len() - 1
    }

    /// The file in which an offset stands. Offsets behind the end belong to the last one.
    #[must_use]
    pub fn at(&self, offset: usize) -> &Source {
        let begun = self.0.partition_point(|source| source.start <= offset);
        // The first begins at 0, so that at least one has begun.
        &self.0[begun - 1]
    }
}

/// A file name, its text, and where that stands among all texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    /// The offset of its first byte.
    start: usize,
    /// Bytes of the text at which lines begin.
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
    fn new(name: &str, text: &str, start: usize) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            start,
            lines: std::iter::once(0).chain(starts).collect(),
        }
    }

    /// The name that findings show.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where an offset stands. Those outside the file count as its beginning or its end.
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

    /// The lines `first..=last` (from 1), with every password made unreadable and nothing that a terminal takes
    /// for a command in 8 bits, and the offset of the first one. What replaces either has its length, so offsets
    /// stay right.
    pub(crate) fn lines(&self, first: usize, last: usize) -> (usize, String) {
        let start = self.lines[first - 1];
        let end = self.lines.get(last).copied().unwrap_or(self.text.len());
        let shown = without_passwords(&self.text[start..end]);
        (self.start + start, harmless(&shown))
    }

    /// The range cut to this file, to whole characters and to the first of its lines.
    pub(crate) fn first_line(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.boundary(range.start);
        let end = self.boundary(range.end).max(start);
        let text = &self.text[start..end];
        let length = text.find(['\n', '\r']).unwrap_or(text.len());
        let start = self.start + start;
        start..start + text[..length].trim_end().len()
    }

    /// The byte of the text at an offset, at the beginning of a character.
    fn boundary(&self, offset: usize) -> usize {
        self.text
            .floor_char_boundary(offset.saturating_sub(self.start))
    }
}

/// How alike a key must be to `password` for its value to be hidden: catches `passwd` and `pasword`.
const ALIKE: f64 = 0.88;

/// Whether what stands below this key is a password, by mistake or not.
pub(super) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let names_a_place = ["_file", "_credential", "_env"].map(|end| key.ends_with(end));
    !names_a_place.contains(&true) && strsim::jaro_winkler(&key, "password") >= ALIKE
}

/// The text with what follows a key like `password:` replaced by asterisks, line by line.
pub(super) fn without_passwords(text: &str) -> String {
    text.split_inclusive('\n').map(masked).collect()
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

/// Without control characters of two bytes (C1, U+0080 to U+009F): some terminals obey U+009B as others do ESC `[`.
/// Those of one byte are shown as pictures by whoever draws the excerpt.
fn harmless(text: &str) -> String {
    let shown = |c: char| match c {
        '\u{80}'..='\u{9f}' => '\u{b7}',
        c => c,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let source = Sources::new("f", "a\nöx: 1\n");
        let at = |offset| {
            let position = source.at(offset).position(offset);
            (position.line, position.column)
        };
        assert_eq!((at(0), at(2), at(4)), ((1, 1), (2, 1), (2, 2)));
        assert_eq!(at(999), (3, 1));
    }

    #[test]
    fn an_offset_knows_its_file() {
        let mut sources = Sources::new("main", "a\nb");
        assert_eq!((sources.add("empty", ""), sources.add("ö", "ö\nd")), (4, 5));
        let at = |offset| {
            let source = sources.at(offset);
            let Position { line, column } = source.position(offset);
            (source.name(), line, column)
        };
        assert_eq!(at(3), ("main", 2, 2));
        assert_eq!(at(4), ("empty", 1, 1));
        assert_eq!((at(5), at(8)), (("ö", 1, 1), ("ö", 2, 1)));
        assert_eq!(at(999), ("ö", 2, 2));
        let last = sources.at(8);
        assert_eq!(last.lines(2, 2), (8, "d".to_owned()));
        assert_eq!(last.first_line(&(5..99)), 5..7);
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
            ("password_env: TOR1", "password_env: TOR1"),
            ("Password:ö", "Password:**"),
            ("a: b", "a: b"),
        ] {
            assert_eq!(masked(line), shown);
        }
    }
}
