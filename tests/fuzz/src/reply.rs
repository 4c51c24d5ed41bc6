//! The decoder of BIRD's replies (`bird::reply`).
//!
//! - The result does not depend on how the stream was cut: at once, byte by byte and in pieces by chance say the same,
//!   and fail with the same error.
//! - It is that of the grammar in the module's own words, read line by line without any haste.
//! - A line longer than `MAX_LINE` is given up, and one of that length is not.

use anycastctl::bird::reply::{Decoder, Event, FramingError, MAX_LINE, Reply};

use crate::chance;

/// Stands for so many bytes of whatever follows it, once: near the longest line, which nobody would wait for.
const REPEAT: u8 = 0xf5;

/// One in so many of the inputs that have such a byte is stretched: it takes as long as a hundred others.
const STRETCHED: u64 = 32;

/// What came of a stream.
#[derive(Debug, PartialEq)]
struct Said {
    events: Vec<Event>,
    error: Option<FramingError>,
}

/// Tries the input as a stream.
pub fn holds(input: &[u8]) {
    let stream = stretched(input);
    let whole = decoded([&stream[..]].into_iter());
    assert_eq!(
        decoded(pieces(&stream, chance(input))),
        whole,
        "cut by chance"
    );
    if stream.len() <= 512 {
        assert_eq!(decoded(stream.chunks(1)), whole, "byte by byte");
    }
    whole.events.iter().for_each(well_formed);
    let read = by_line(&stream);
    let events: Vec<_> = whole.events.iter().map(plain).collect();
    assert_eq!((events, whole.error.is_some()), read);
}

fn stretched(input: &[u8]) -> Vec<u8> {
    let place = input.iter().position(|byte| *byte == REPEAT);
    let place = place.filter(|_| chance(input).is_multiple_of(STRETCHED));
    match place.map(|at| (&input[..at], &input[at + 1..])) {
        Some((before, [short, byte, after @ ..])) => {
            let count = MAX_LINE + 16 - usize::from(*short).min(MAX_LINE);
            [before, &vec![*byte; count], after].concat()
        }
        _ => input.to_vec(),
    }
}

fn decoded<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Said {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for piece in pieces {
        let result = decoder.push(piece);
        events.extend(std::iter::from_fn(|| decoder.next_event()));
        if let Err(error) = result {
            let error = Some(error);
            return Said { events, error };
        }
    }
    let error = None;
    Said { events, error }
}

/// Pieces of 1 to 64 bytes, or of up to 16 KiB for every other seed.
fn pieces(stream: &[u8], mut seed: u64) -> impl Iterator<Item = &[u8]> {
    let most = if seed & 1 == 0 { 64 } else { 16 * 1024 };
    let mut rest = stream;
    std::iter::from_fn(move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let length = 1 + usize::try_from(seed >> 40).unwrap_or(0) % most;
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn well_formed(event: &Event) {
    let Event::Reply(reply) = event else { return };
    assert_eq!(reply.lines().last(), Some(reply.last()));
    assert_eq!(reply.dropped, 0, "nothing here is long enough");
    for line in reply.lines() {
        assert!(line.code <= 9999 && !line.text.contains('\n'), "{line:?}");
        assert!(reply.has(line.code));
    }
    let errors = |reply: &Reply| {
        reply
            .lines()
            .any(|line| line.code >= 8000 && line.text != "<line overflow>")
    };
    assert_eq!(reply.error().is_some(), errors(reply));
}

/// An event as its lines; a notice has no code.
type Plain = Vec<(Option<u16>, String)>;

fn plain(event: &Event) -> Plain {
    match event {
        Event::Reply(reply) => {
            let lines = reply.lines();
            lines
                .map(|line| (Some(line.code), line.text.to_owned()))
                .collect()
        }
        Event::Notice(text) => vec![(None, text.clone())],
    }
}

/// The grammar, and whether it is broken somewhere.
fn by_line(stream: &[u8]) -> (Vec<Plain>, bool) {
    let (mut events, mut reply, mut code) = (Vec::new(), Plain::new(), None);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for line in stream.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else {
            return (events, line.len() > MAX_LINE);
        };
        match line {
            _ if line.len() > MAX_LINE => return (events, true),
            [b'+', rest @ ..] => events.push(vec![(None, text(rest))]),
            [b'<', ..] => events.push(vec![(None, text(line))]),
            [b' ', rest @ ..] if code.is_some() => reply.push((code, text(rest))),
            _ => match coded(line) {
                Some((number, b'-', rest)) => {
                    code = Some(number);
                    reply.push((code, text(rest)));
                }
                Some((number, b' ', rest)) => {
                    reply.push((Some(number), text(rest)));
                    events.push(std::mem::take(&mut reply));
                    code = None;
                }
                _ => return (events, true),
            },
        }
    }
    (events, false)
}

/// Four digits, the sign behind them, and the rest.
fn coded(line: &[u8]) -> Option<(u16, u8, &[u8])> {
    let (digits, rest) = line.split_at_checked(4)?;
    let (sign, rest) = rest.split_first()?;
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(digits).ok().filter(|_| is_number)?;
    Some((number.parse().ok()?, *sign, rest))
}
