//! Texts that others wrote, made harmless: what a neighbour, a DNS server, a file name or somebody who edits a file may
//! hold must not talk to a terminal, end a line of a log, or turn what stands around it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

/// Whether a character does something else than show itself: it breaks a line, talks to a terminal, turns the direction
/// of its neighbours (Unicode, UAX #9), or is not seen at all (UTS #39, section 5: what disguises a name).
pub(crate) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// One line that shows what would do harm: `\u{1b}`, `\n`.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_harmful)
}

/// A path in one line: whoever may make a file chooses its name.
pub(crate) fn path(path: &Path) -> String {
    line(&path.display().to_string()).into_owned()
}

/// Several lines, of which the same is true: their ends and tabs stay.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_harmful(c) && !matches!(c, '\n' | '\t'))
}

/// One line as long as it was, where columns are aligned.
pub(crate) fn replaced(text: &str) -> String {
    let harmless = |c: char| if is_harmful(c) { '\u{fffd}' } else { c };
    text.chars().map(harmless).collect()
}

/// A JSON document that means the same: what would do harm occurs in strings only, and has a form there that does none.
pub(crate) fn json(document: &str) -> Cow<'_, str> {
    if !document.contains(is_harmful) {
        return document.into();
    }
    let mut shown = String::with_capacity(document.len() + 64);
    for c in document.chars() {
        if !is_harmful(c) || c == '\n' {
            shown.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Strings take everything.
            let _ = write!(shown, "\\u{unit:04x}");
        }
    }
    shown.into()
}

/// Several lines in colours of ours: nothing else that begins as a command of the terminal is left. The last of several
/// doors, for what came through all others.
pub(crate) fn styled(text: &str) -> Cow<'_, str> {
    let is_fine = |c: char| !is_harmful(c) || matches!(c, '\n' | '\t');
    if text.chars().all(is_fine) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = style(rest).unwrap_or_else(|| c.len_utf8());
        let (piece, after) = rest.split_at(length);
        if is_fine(c) || length > c.len_utf8() {
            shown.push_str(piece);
        } else {
            shown.extend(c.escape_default());
        }
        rest = after;
    }
    shown.into()
}

/// So many bytes at the beginning say how text looks (ECMA-48, SGR), if it begins so.
fn style(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("\u{1b}[")?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';'))?;
    rest[end..].starts_with('m').then_some(2 + end + 1)
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_does_harm_is_shown_instead() {
        let text = "a\nb\r\t\u{1b}[31m\u{7f}\u{9b}\u{2028}\u{202e}\u{200b}\u{e0041}\0ä";
        let wanted = r"a\nb\r\t\u{1b}[31m\u{7f}\u{9b}\u{2028}\u{202e}\u{200b}\u{e0041}\u{0}ä";
        assert_eq!(line(text), wanted);
        assert_eq!(lines("a\n\tb\r\n"), "a\n\tb\\r\n");
        assert_eq!(replaced("a\u{1b}\n\u{2066}b"), "a\u{fffd}\u{fffd}\u{fffd}b");
        assert_eq!(line("שלום é 日本"), "שלום é 日本");
    }

    #[test]
    fn colours_stay_and_other_commands_do_not() {
        let text =
            "\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7} \u{1b}[2J\u{1b}[31\u{1b}[m\u{9b}1m\n";
        let wanted = "\u{1b}[1;31mred\u{1b}[0m \\u{1b}]0;title\\u{7} \\u{1b}[2J\\u{1b}[31\u{1b}[m\\u{9b}1m\n";
        assert_eq!(styled(text), wanted);
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left(text in any::<String>()) {
            prop_assert!(!line(&text).contains(is_harmful));
            prop_assert!(!replaced(&text).contains(is_harmful));
            let lines = lines(&text).replace(['\n', '\t'], "");
            prop_assert!(!lines.contains(is_harmful), "{}", lines);
            let styled = styled(&text).replace(['\n', '\t', '\u{1b}'], "");
            prop_assert!(!styled.contains(is_harmful), "{}", styled);
        }

        #[test]
        fn a_document_means_the_same(text in any::<String>()) {
            let value = Value::from(text);
            let document = value.to_string();
            let shown = json(&document);
            prop_assert!(!shown.contains(is_harmful));
            prop_assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        }
    }
}
