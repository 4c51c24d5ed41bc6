//! Text that is YAML whatever the values are.

use std::fmt::Write as _;

/// What stands where nothing was found. `check` refuses it wherever it stands.
pub const FILL_IN: &str = "FILL_IN";

/// The longest line with a comment behind its value, and the longest comment, in characters.
const WIDTH: usize = 110;

/// A page that grows line by line.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// An empty line.
    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A comment, on as many lines as it takes.
    pub(super) fn comment(&mut self, indent: usize, words: &str) {
        let mut line = String::new();
        for word in printable(words).split_whitespace() {
            let length = indent + 2 + line.chars().count() + 1 + word.chars().count();
            if !line.is_empty() && length > WIDTH {
                self.comment_line(indent, &line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.comment_line(indent, &line);
    }

    /// YAML that somebody may uncomment, with its own blanks and words behind it.
    pub(super) fn example(&mut self, indent: usize, yaml: &str, words: &str) {
        let line = format!("{yaml}  # {words}");
        let line = if words.is_empty() { yaml } else { &line };
        self.comment_line(indent, &printable(line));
    }

    fn comment_line(&mut self, indent: usize, line: &str) {
        let line = format!("{:indent$}# {line}", "");
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A line of YAML with words behind it, or before it where they are too many.
    pub(super) fn line(&mut self, indent: usize, yaml: &str, words: &str) {
        let words = printable(words);
        let length = indent + yaml.chars().count() + 4 + words.chars().count();
        if words.is_empty() {
            self.push(indent, yaml);
        } else if length <= WIDTH {
            self.push(indent, &format!("{yaml}  # {words}"));
        } else {
            self.comment(indent, &words);
            self.push(indent, yaml);
        }
    }

    fn push(&mut self, indent: usize, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{:indent$}{line}", "");
    }

    pub(super) fn end(self) -> String {
        self.text
    }
}

/// A text as a double-quoted scalar (YAML 1.2.2, 7.3.1), with everything escaped but printable ASCII.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        // Writing to a string cannot fail.
        let _ = match c {
            '"' | '\\' => write!(quoted, "\\{c}"),
            ' '..='~' => write!(quoted, "{c}"),
            _ => write!(quoted, "\\U{:08X}", u32::from(c)),
        };
    }
    quoted.push('"');
    quoted
}

/// An address or a prefix: IPv6 in quotes, as its colons mean something.
pub(super) fn network(text: &str) -> String {
    if text.contains(':') {
        quoted(text)
    } else {
        text.to_owned()
    }
}

/// What may stand in a comment and on a terminal: no line can end there, and nothing else can begin.
pub(super) fn printable(text: &str) -> String {
    let is_fine = |c: char| matches!(c, ' '..='~') || c.is_alphanumeric();
    text.chars()
        .map(|c| if is_fine(c) { c } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_text_holds_it_is_read_back() {
        for text in [
            "a",
            "",
            "\"\\",
            "a\nb\r\t\0",
            "é\u{2028}\u{feff}",
            "# no",
            "{x: [1",
            "yes",
        ] {
            let yaml = format!("{{ key: {} }}", quoted(text));
            let read: std::collections::HashMap<String, String> =
                serde_saphyr::from_str(&yaml).unwrap();
            assert_eq!(read["key"], text, "{yaml}");
        }
    }

    #[test]
    fn comments_are_wrapped_and_end_nowhere_else() {
        let mut page = Page::default();
        page.comment(2, &"word ".repeat(40));
        page.line(0, "a: 1", "one\ntwo\u{85}three: \u{1b}[1m");
        page.line(0, "b: 2", &"long ".repeat(30));
        let text = page.end();
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
        let keys = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'));
        assert_eq!(
            keys.collect::<Vec<_>>(),
            ["a: 1  # one?two?three: ?[1m", "b: 2"]
        );
    }
}
