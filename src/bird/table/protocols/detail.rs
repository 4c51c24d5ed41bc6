//! A line of details: a label, a colon, a value; and the values that several lines have.

use std::time::Duration;

use crate::bird::table::Timer;

/// A line of details.
pub(super) struct Detail<'a> {
    /// So many blanks stand before it.
    pub(super) indent: usize,
    /// What stands before the first colon, or the whole line.
    pub(super) label: &'a str,
    /// What stands behind it.
    pub(super) value: &'a str,
}

impl<'a> Detail<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let line = text.trim_ascii_start();
        let indent = text.len() - line.len();
        // Whatever a neighbour wrote stands behind a colon of BIRD's.
        let (label, value) = line.split_once(':').unwrap_or((line, ""));
        Self {
            indent,
            label: label.trim_ascii_end(),
            value: value.trim_ascii(),
        }
    }
}

/// `13.244/20` or `118.496/-`: seconds of how many.
pub(in crate::bird::table) fn timer(text: &str) -> Option<Timer> {
    let (remaining, of) = text.split_once('/')?;
    Some(Timer {
        remaining: seconds(remaining.trim())?,
        of: match of.trim() {
            "-" => None,
            of => Some(seconds(of)?),
        },
    })
}

/// `13.244`; zero for less than nothing: a timer that is overdue.
pub(in crate::bird::table) fn seconds(text: &str) -> Option<Duration> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: u64 = number(whole)?;
    let nanoseconds = if fraction.is_empty() {
        0
    } else {
        // As many digits as there are, at most nine that count.
        let is_number = fraction.bytes().all(|byte| byte.is_ascii_digit());
        let counted = fraction.get(..9).unwrap_or(fraction);
        let missing = 9_usize.checked_sub(counted.len()).filter(|_| is_number)?;
        let scale = 10_u32.checked_pow(u32::try_from(missing).ok()?)?;
        number::<u32>(counted)?.checked_mul(scale)?
    };
    Some(if negative {
        Duration::ZERO
    } else {
        Duration::new(whole, nanoseconds)
    })
}

/// The words of a text, for lines that are mostly blanks: by bytes, not by characters.
pub(super) fn words(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        // Blanks only, as in the rows: both have to find the same words.
        let start = text.bytes().position(|byte| byte != b' ');
        text = &text[start.unwrap_or(text.len())..];
        let end = text.bytes().position(|byte| byte == b' ');
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        text = rest;
        (!word.is_empty()).then_some(word)
    })
}

/// Digits and nothing else: no sign, which [`str::parse`] would take.
pub(in crate::bird::table) fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_are_read_however_bird_prints_them() {
        let timer = |text| timer(text).map(|timer| (timer.remaining, timer.of));
        let milliseconds = Duration::from_millis;
        let whole = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(timer("13.244/20"), Some((milliseconds(13_244), whole(20))));
        assert_eq!(timer("118.496/-"), Some((milliseconds(118_496), None)));
        assert_eq!(
            timer("58.954 / 60"),
            Some((milliseconds(58_954), whole(60)))
        );
        assert_eq!(timer("-0.012/20"), Some((Duration::ZERO, whole(20))));
        assert_eq!(timer("0.000/0"), Some((Duration::ZERO, whole(0))));
        assert_eq!(
            timer("7/0.5"),
            Some((milliseconds(7000), Some(milliseconds(500))))
        );
        for bad in [
            "",
            "/",
            "1",
            "a/b",
            "1/",
            "--1/2",
            "1.x/2",
            "1.2.3/4",
            "1.1234567890x/2",
            "1.00\u{fbef}\u{fbef}\u{fbef}0/2",
            "99999999999999999999/1",
        ] {
            assert_eq!(timer(bad), None, "{bad}");
        }
        assert_eq!(seconds("1.1234567891"), Some(Duration::new(1, 123_456_789)));
    }

    #[test]
    fn numbers_that_do_not_fit_are_none() {
        assert_eq!(number::<u32>("4294967295"), Some(u32::MAX));
        for bad in ["4294967296", "+1", "-1", "", " 1", "1 "] {
            assert_eq!(number::<u32>(bad), None, "{bad}");
        }
    }
}
