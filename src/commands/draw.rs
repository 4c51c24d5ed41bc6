//! A page that takes the place of the one before.

use std::fmt::Write as _;
use std::io::{self, Stdout, Write};
use std::ops::ControlFlow;

use anstream::adapter::strip_str;

use super::{Code, Failure, terminal};

/// ECMA-48: the cursor to the first line, the rest of a line cleared, everything below cleared.
const HOME: &str = "\x1b[H";
const REST_OF_LINE: &str = "\x1b[K";
const BELOW: &str = "\x1b[J";

/// Standard output for pages that follow each other.
pub(super) struct Screen {
    out: Stdout,
    has_colours: bool,
    /// In lines; `None` where pages do not take each other's place.
    height: Option<usize>,
}

impl Screen {
    /// Pages take each other's place if standard output is a terminal and they may.
    pub(super) fn new(in_place: bool) -> Self {
        // Not through anstream: without colours it would take away the cursor's movements, too.
        let out = io::stdout();
        let has_colours = anstream::AutoStream::choice(&out) != anstream::ColorChoice::Never;
        let height = terminal::width().and_then(|_| terminal::height());
        Self {
            out,
            has_colours,
            height: height.filter(|_| in_place),
        }
    }

    /// Shows a page. Breaks off when whoever looked has gone.
    pub(super) fn show(&mut self, text: &str) -> Result<ControlFlow<()>, Failure> {
        let drawn = if self.has_colours {
            draw(&mut self.out, text, self.height)
        } else {
            draw(&mut self.out, &strip_str(text).to_string(), self.height)
        };
        match drawn {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
            Err(error) => Err(Failure::new(Code::Environment, &error)),
        }
    }
}

/// Writes a page. On a terminal of so many lines it stands where the one before stood, cut at the last line;
/// elsewhere pages follow each other.
fn draw(out: &mut impl Write, text: &str, height: Option<usize>) -> io::Result<()> {
    match height {
        Some(height) => out.write_all(page(text, height).as_bytes())?,
        None => out.write_all(text.as_bytes())?,
    }
    out.flush()
}

fn page(text: &str, height: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    let room = height.saturating_sub(1);
    let mut page = String::from(HOME);
    for line in lines.iter().take(room) {
        page.extend([line, REST_OF_LINE, "\n"]);
    }
    page.push_str(BELOW);
    if let Some(more) = lines.len().checked_sub(room + 1) {
        // Writing to a text cannot fail.
        let _ = write!(page, "… and {} more", more + 1);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_takes_the_place_of_the_one_before() {
        assert_eq!(page("a\nb\n", 4), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
    }

    #[test]
    fn a_low_terminal_is_told_that_there_is_more() {
        assert_eq!(
            page("a\nb\nc\n", 3),
            "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J… and 1 more"
        );
        assert_eq!(page("a\nb\n", 3), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
    }

    #[test]
    fn in_a_pipe_pages_follow_each_other_without_commands() {
        let mut out = Vec::new();
        draw(&mut out, "a\n", None).unwrap();
        draw(&mut out, "b\n", None).unwrap();
        assert_eq!(out, b"a\nb\n");
    }
}
