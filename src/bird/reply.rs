//! The decoder of BIRD's replies: bytes in, in any pieces; replies out.
//!
//! ```text
//! session = greeting *( command reply )
//! reply   = *( code "-" text LF / SP text LF / "+" text LF ) code SP text LF
//! ```
//!
//! A line that begins with a space carries the code of the line before. Lines that begin with `+` are not
//! part of any reply, and `<N messages lost>` comes without any prefix. Success is not in the final code:
//! `disable` reports in its continuation lines and always ends `0000 `. Whether a text is good UTF-8 or
//! even printable is up to the neighbour who wrote it.

use std::collections::VecDeque;

/// One line of a reply, without its code and line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Four digits: 0xxx success, 1xxx table row, 2xxx heading, 8xxx run-time error, 9xxx parse error.
    pub code: u16,
    /// The text; bytes that are not UTF-8 are replaced, control characters are kept.
    pub text: &'a str,
}

/// A whole reply, the final line included. One text for all lines: a reply may have a hundred thousand of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The lines before the final one as they came, with codes and line ends.
    text: String,
    lines: Vec<Span>,
    last: (u16, String),
    /// Bytes beyond [`MAX_KEPT`] that were read and thrown away.
    pub dropped: usize,
}

/// A line before the final one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    code: u16,
    /// So many bytes before the text are the code.
    skip: u8,
    /// Where in the text its line end is.
    end: usize,
}

/// What came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A reply is complete. The greeting is one, too.
    Reply(Reply),
    /// A line outside any reply: an echo of the log, or `Config timeout expired, starting undo`.
    Notice(String),
}

/// The stream is not BIRD's protocol, or no longer in step with it: only a new connection helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// A line without a code, where one is needed.
    #[error("BIRD sent a line that is not part of its protocol: {0:?}")]
    Malformed(String),
    /// A line that does not end.
    #[error("BIRD sent a line of more than {MAX_LINE} bytes")]
    EndlessLine,
}

/// The longest line in bytes. BIRD's own limit is 512 (`CLI_LINE_SIZE`).
pub const MAX_LINE: usize = 64 * 1024;

/// So many bytes are kept of one reply; 1,000 BGP sessions with two channels fill half of it. The rest is
/// read, so that the stream stays in step, and dropped.
pub const MAX_KEPT: usize = 8 * 1024 * 1024;

/// BIRD replaces an over-long line within a good reply by this, under code 8000.
const OVERFLOW: &str = "<line overflow>";

/// First code of errors.
const FIRST_ERROR: u16 = 8000;

impl Reply {
    /// All lines, the final one included.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let lines = self.lines.iter().scan(0, |start, span| {
            let text = &self.text[*start + usize::from(span.skip)..span.end];
            *start = span.end + 1;
            Some(Line {
                code: span.code,
                text,
            })
        });
        lines.chain(std::iter::once(self.last()))
    }

    /// The final line.
    #[must_use]
    pub fn last(&self) -> Line<'_> {
        let (code, text) = &self.last;
        Line { code: *code, text }
    }

    /// The first line that reports an error, wherever in the reply it stands.
    #[must_use]
    pub fn error(&self) -> Option<Line<'_>> {
        self.lines()
            .find(|line| line.code >= FIRST_ERROR && line.text != OVERFLOW)
    }

    /// Whether any line has the code.
    #[must_use]
    pub fn has(&self, code: u16) -> bool {
        self.last.0 == code || self.lines.iter().any(|line| line.code == code)
    }
}

/// Turns a stream of bytes into [`Event`]s.
#[derive(Debug, Default)]
pub struct Decoder {
    /// A line that has not ended yet.
    partial: Vec<u8>,
    /// The lines of a reply that has not ended yet, and what they say.
    lines: Vec<Span>,
    text: Vec<u8>,
    dropped: usize,
    /// The code that a line without one carries.
    code: Option<u16>,
    events: VecDeque<Event>,
}

/// What a line is.
enum Kind<'a> {
    /// Part of a reply, whose code stands so many bytes before the text.
    Part { code: u16, skip: u8 },
    /// The end of a reply.
    Final { code: u16, text: &'a [u8] },
    /// Part of no reply.
    Notice(&'a [u8]),
}

impl Decoder {
    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// Once it has failed, the decoder is out of step and the connection has to be given up.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), FramingError> {
        if !self.partial.is_empty()
            && let Some(end) = memchr::memchr(b'\n', bytes)
        {
            let (line, rest) = bytes.split_at(end + 1);
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(line);
            self.lines(&whole)?;
            bytes = rest;
        }
        if self.partial.is_empty() {
            let rest = self.lines(bytes)?;
            bytes = &bytes[rest..];
        }
        self.partial.extend_from_slice(bytes);
        if self.partial.len() > MAX_LINE {
            Err(FramingError::EndlessLine)
        } else {
            Ok(())
        }
    }

    /// The next event that is complete.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether the stream stands between two replies, with nothing left to fetch.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.partial.is_empty() && self.code.is_none() && self.events.is_empty()
    }

    /// Takes the lines that end in here, and returns where the one begins that does not. Lines that are kept are
    /// copied together, as long as nothing else stands between them.
    fn lines(&mut self, bytes: &[u8]) -> Result<usize, FramingError> {
        let (mut uncopied, mut start) = (0, 0);
        for end in memchr::memchr_iter(b'\n', bytes) {
            // However the stream was cut: a line that came in pieces was given up before its end.
            if end - start > MAX_LINE {
                return Err(FramingError::EndlessLine);
            }
            let kind = self.classify(&bytes[start..end])?;
            let place = self.text.len() + end - uncopied;
            match kind {
                Kind::Part { code, skip } if self.has_room(place) => self.lines.push(Span {
                    code,
                    skip,
                    end: place,
                }),
                other => {
                    self.text.extend_from_slice(&bytes[uncopied..start]);
                    uncopied = end + 1;
                    match other {
                        Kind::Part { .. } => self.dropped += uncopied - start,
                        Kind::Final { code, text } => self.finish(code, text),
                        Kind::Notice(text) => self.events.push_back(Event::Notice(decode(text))),
                    }
                }
            }
            start = end + 1;
        }
        self.text.extend_from_slice(&bytes[uncopied..start]);
        Ok(start)
    }

    fn classify<'a>(&mut self, line: &'a [u8]) -> Result<Kind<'a>, FramingError> {
        Ok(match line {
            [b'+', text @ ..] => Kind::Notice(text),
            [b'<', ..] => Kind::Notice(line),
            [b' ', ..] => Kind::Part {
                code: self.code.ok_or_else(|| malformed(line))?,
                skip: 1,
            },
            [a, b, c, d, kind @ (b'-' | b' '), text @ ..] => {
                let code = number([*a, *b, *c, *d]).ok_or_else(|| malformed(line))?;
                if *kind == b' ' {
                    Kind::Final { code, text }
                } else {
                    self.code = Some(code);
                    Kind::Part { code, skip: 5 }
                }
            }
            _ => return Err(malformed(line)),
        })
    }

    /// Whether a line may be kept that ends here. A line costs memory even if it is empty.
    fn has_room(&self, end: usize) -> bool {
        size_of::<Span>() * (self.lines.len() + 1) + end < MAX_KEPT
    }

    /// The final line is kept however long the reply was: it may be the only one that reports an error.
    fn finish(&mut self, code: u16, text: &[u8]) {
        let mut lines = std::mem::take(&mut self.lines);
        let bytes = std::mem::take(&mut self.text);
        let whole = String::from_utf8(bytes);
        self.events.push_back(Event::Reply(Reply {
            text: whole.unwrap_or_else(|error| replace(error.as_bytes(), &mut lines)),
            lines,
            last: (code, decode(text)),
            dropped: std::mem::take(&mut self.dropped),
        }));
        self.code = None;
    }
}

fn number(digits: [u8; 4]) -> Option<u16> {
    digits.iter().try_fold(0, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + u16::from(digit - b'0'))
    })
}

/// The text with what is not UTF-8 replaced, line by line, and the ends of the lines moved accordingly.
fn replace(bytes: &[u8], lines: &mut [Span]) -> String {
    let (mut text, mut start) = (String::with_capacity(bytes.len()), 0);
    for line in lines {
        text.push_str(&String::from_utf8_lossy(&bytes[start..line.end]));
        start = line.end + 1;
        line.end = text.len();
        text.push('\n');
    }
    text
}

fn decode(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

fn malformed(line: &[u8]) -> FramingError {
    /// Enough to recognise what it was.
    const SHOWN: usize = 80;
    FramingError::Malformed(decode(&line[..line.len().min(SHOWN)]))
}

#[cfg(test)]
mod tests;
