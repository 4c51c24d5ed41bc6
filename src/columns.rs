//! Tables: cells with a style, in columns that fit the terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

/// Nothing special.
pub(crate) const PLAIN: Style = Style::new();
/// Headings and names.
pub(crate) const BOLD: Style = Style::new().bold();
/// As it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Worth a look.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
/// Needs somebody.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();

/// A text and how it looks.
pub(crate) struct Cell {
    text: String,
    style: Style,
}

/// The cells of a line.
pub(crate) type Row = Vec<Cell>;

/// Where tables go, and how wide that is.
pub(crate) struct Page<'a, W> {
    /// The writer. Whether it takes colours is its own business.
    pub(crate) out: &'a mut W,
    /// So many characters fit a line; `None` where lines do not end.
    pub(crate) width: Option<usize>,
}

/// A cell. Control characters are replaced: texts of neighbours and servers must not reach the terminal's own
/// language.
pub(crate) fn cell(text: &str, style: Style) -> Cell {
    Cell {
        text: clean(text),
        style,
    }
}

/// A cell that looks like nothing special.
pub(crate) fn plain(text: &str) -> Cell {
    cell(text, PLAIN)
}

/// The row of headings.
pub(crate) fn heading<const N: usize>(names: [&str; N]) -> Row {
    names.map(|name| cell(name, BOLD)).into()
}

/// Without what does harm.
pub(crate) use crate::harmless::replaced as clean;

/// Between two columns.
const GAP: usize = 2;

/// A last column that got less than this begins on a line of its own.
const LEAST: usize = 24;

impl<W: Write> Page<'_, W> {
    /// A line, broken between words where it is too long.
    pub(crate) fn line(&mut self, indent: usize, text: &str, style: Style) -> io::Result<()> {
        let room = self
            .width
            .map(|width| width.saturating_sub(indent).max(LEAST));
        for part in broken(&clean(text), room) {
            writeln!(self.out, "{:indent$}{style}{part}{style:#}", "")?;
        }
        Ok(())
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// Aligns all columns but the last, which is broken between words where it does not fit.
    pub(crate) fn columns(&mut self, rows: &[Row]) -> io::Result<()> {
        let count = rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column| {
            let cells = rows.iter().filter_map(|row: &Row| row.get(column));
            cells.map(Cell::width).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..count).map(width).collect();
        rows.iter().try_for_each(|row| self.row(row, &widths))
    }

    fn row(&mut self, row: &Row, widths: &[usize]) -> io::Result<()> {
        let is_filled = |cell: &Cell| !cell.text.is_empty();
        let Some(last) = row.iter().rposition(is_filled) else {
            return self.gap();
        };
        for (Cell { text, style }, width) in row[..last].iter().zip(widths) {
            let padding = width + GAP - text.chars().count();
            write!(self.out, "{style}{text}{style:#}{:padding$}", "")?;
        }
        let indent = widths[..last].iter().map(|width| width + GAP).sum();
        self.last(&row[last], indent)
    }

    fn last(&mut self, cell: &Cell, indent: usize) -> io::Result<()> {
        let Cell { text, style } = cell;
        let room = self.width.map(|width| width.saturating_sub(indent));
        if room.is_none_or(|room| cell.width() <= room) {
            return writeln!(self.out, "{style}{text}{style:#}");
        }
        if room.is_some_and(|room| room < LEAST) {
            self.gap()?;
            return self.line(4, text, *style);
        }
        for (number, part) in broken(text, room).iter().enumerate() {
            let indent = if number == 0 { 0 } else { indent };
            writeln!(self.out, "{:indent$}{style}{part}{style:#}", "")?;
        }
        Ok(())
    }
}

impl Cell {
    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// A text in lines of at most so many characters, broken at blanks; a word that is longer stands alone.
fn broken(text: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room else {
        return vec![text.to_owned()];
    };
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a line from the start");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(width: Option<usize>, rows: &[Row]) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        Page {
            out: &mut out,
            width,
        }
        .columns(rows)
        .unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    fn rows() -> [Row; 2] {
        let long = "one two three four five six seven eight";
        [
            vec![plain("a"), plain("first"), plain(long)],
            vec![plain("bcd"), plain("x"), plain("")],
        ]
    }

    #[test]
    fn columns_are_aligned_and_end_with_their_text() {
        assert_eq!(
            shown(None, &rows()),
            "a    first  one two three four five six seven eight\nbcd  x\n"
        );
    }

    #[test]
    fn what_does_not_fit_is_broken_between_words_below_itself() {
        assert_eq!(
            shown(Some(40), &rows()),
            "a    first  one two three four five six\n            seven eight\nbcd  x\n"
        );
    }

    #[test]
    fn a_terminal_that_is_too_narrow_gets_the_text_on_its_own_lines() {
        assert_eq!(
            shown(Some(30), &rows()),
            "a    first  \n    one two three four five\n    six seven eight\nbcd  x\n"
        );
    }

    #[test]
    fn nothing_reaches_the_terminal_as_a_command() {
        assert_eq!(
            clean("a\u{1b}[31m\nb\u{9b}"),
            "a\u{fffd}[31m\u{fffd}b\u{fffd}"
        );
    }
}
