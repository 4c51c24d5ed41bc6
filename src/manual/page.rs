//! A page in the making: roff that every formatter takes without a warning.

use roff::{Inline, Roff, roman};

use super::Page;
use super::prose::{Block, blocks, inlines, literal};

/// The longest line of the source, in bytes: what mandoc's style check asks for.
const WIDTH: usize = 76;

/// A space that is neither broken nor stretched.
pub(super) const FIXED: char = '\u{a0}';

/// Before a word that is not divided at the end of a line.
pub(super) const WHOLE: char = '\u{2060}';

/// A page in the making.
pub(super) struct Writer {
    name: String,
    section: u8,
    roff: Roff,
    /// Nothing stands below the heading yet: what comes begins no new paragraph.
    is_fresh: bool,
}

impl Writer {
    /// A page with its title and what it is about, in the words of a library's catalogue.
    pub(super) fn new(name: &str, section: u8, about: &str) -> Self {
        let mut roff = Roff::new();
        let number = section.to_string();
        let source = concat!("anycastctl ", env!("CARGO_PKG_VERSION"));
        let title = name.to_uppercase();
        // No date: the same program has the same pages whenever it is built.
        roff.control(
            "TH",
            [&title, &number, r#""""#, source, "Manual of anycastctl"],
        );
        roff.control("ad", ["l"]);
        roff.control("SH", ["NAME"]);
        roff.text([roman(format!("{name} - {}", catalogued(about)))]);
        Self {
            name: name.to_owned(),
            section,
            roff,
            is_fresh: false,
        }
    }

    /// Begins a section.
    pub(super) fn heading(&mut self, heading: &str) {
        self.roff.control("SH", [heading]);
        self.is_fresh = true;
    }

    /// One paragraph.
    pub(super) fn paragraph(&mut self, text: Vec<Inline>) {
        self.separate();
        self.roff.text(folded(text));
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_fresh) {
            self.roff.control("PP", []);
        }
    }

    /// A term, and what it means.
    pub(super) fn item(&mut self, term: Vec<Inline>, text: &str) {
        self.is_fresh = false;
        self.roff.control("TP", []);
        self.roff.text(term);
        self.roff.text(folded(inlines(text)));
    }

    /// Goes on with the text of an item.
    pub(super) fn more(&mut self, text: Vec<Inline>) {
        self.roff.control("IP", []);
        self.roff.text(folded(text));
    }

    /// What is written from here to [`Writer::outdent`] belongs to the item before.
    pub(super) fn indent(&mut self) {
        self.roff.control("RS", []);
    }

    /// See [`Writer::indent`].
    pub(super) fn outdent(&mut self) {
        self.roff.control("RE", []);
    }

    /// Lines as they are typed.
    pub(super) fn example<'t>(&mut self, lines: impl IntoIterator<Item = &'t str>) {
        self.separate();
        self.roff.control("RS", ["4"]).control("EX", []);
        for line in lines {
            self.roff.text([roman(line)]);
        }
        self.roff.control("EE", []).control("RE", []);
    }

    /// Prose in our small markup: see [`blocks`].
    pub(super) fn prose(&mut self, text: &str) {
        for block in blocks(text) {
            match block {
                Block::Heading(heading) => self.heading(&heading),
                Block::Paragraph(text) => self.paragraph(inlines(&text)),
                Block::Item { term, text } => self.item(inlines(&term), &text),
                Block::Example(lines) => self.example(lines.iter().map(String::as_str)),
            }
        }
    }

    /// Names of pages, with commas between.
    pub(super) fn see_also(&mut self, pages: &[(String, u8)]) {
        self.heading("SEE ALSO");
        let mut text = Vec::new();
        for (number, (name, section)) in pages.iter().enumerate() {
            let end = if number + 1 < pages.len() { ", " } else { "" };
            text.push(literal(name));
            text.push(roman(format!("({section}){end}")));
        }
        self.paragraph(text);
    }

    /// The page.
    pub(super) fn finish(self) -> Page {
        Page {
            name: self.name,
            section: self.section,
            text: escaped(&self.roff.render()),
        }
    }
}

/// In the words of a catalogue, as `whatis` prints them: no capital at the start, no full stop, no markup.
fn catalogued(about: &str) -> String {
    let plain = about.replace('`', "");
    let plain = plain.trim_end_matches('.');
    let mut letters = plain.chars();
    let (first, second) = (letters.next(), letters.next());
    match (first, second) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(plain.chars().skip(1)).collect()
        }
        _ => plain.to_owned(),
    }
}

/// Formatters read ASCII whatever the locale is.
fn escaped(roff: &str) -> String {
    let escape = |letter: char| match letter {
        FIXED => r"\~".to_owned(),
        WHOLE => r"\%".to_owned(),
        letter if letter.is_ascii() => letter.to_string(),
        letter => format!(r"\[u{:04X}]", u32::from(letter)),
    };
    roff.chars().map(escape).collect()
}

/// Breaks the lines of the source at spaces, which a formatter fills again.
fn folded(mut pieces: Vec<Inline>) -> Vec<Inline> {
    for (number, at) in breaks(&pieces) {
        match pieces.get_mut(number) {
            Some(Inline::Roman(text) | Inline::Italic(text) | Inline::Bold(text)) => {
                text.replace_range(at..=at, "\n");
            }
            Some(Inline::LineBreak) | None => {}
        }
    }
    pieces
}

/// The spaces that become ends of lines: the number of the piece, and the place in its text.
fn breaks(pieces: &[Inline]) -> Vec<(usize, usize)> {
    let (mut breaks, mut column, mut last) = (Vec::new(), 0, None);
    for (number, piece) in pieces.iter().enumerate() {
        let (text, markup) = content(piece);
        column += markup;
        for (at, letter) in text.char_indices() {
            column += width(letter);
            if column > WIDTH
                && let Some((place, begins)) = last.take()
            {
                breaks.push(place);
                column -= begins;
            }
            // The end of a sentence that ends a line is set apart by two spaces.
            let ends_sentence = text[..at].ends_with(['.', '?', '!', ')', '"']);
            if letter == ' ' && !ends_sentence {
                last = Some(((number, at), column));
            }
        }
    }
    breaks
}

/// The text of a piece, and the bytes of its change of font.
fn content(piece: &Inline) -> (&str, usize) {
    match piece {
        Inline::Roman(text) => (text, 0),
        Inline::Italic(text) | Inline::Bold(text) => (text, r"\fB\fR".len()),
        Inline::LineBreak => ("", 0),
    }
}

/// The bytes of a letter when it is escaped.
fn width(letter: char) -> usize {
    match letter {
        '-' | '\\' | FIXED | WHOLE => 2,
        '\'' => r"\*(Aq".len(),
        letter if letter.is_ascii() => 1,
        _ => r"\[u0000]".len(),
    }
}
