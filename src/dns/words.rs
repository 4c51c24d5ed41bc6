//! Lengths of time in a verdict's one line.

/// `45 s`, `90 min`, `47 h`, `13 d`: whole units, rounded down, of which there are at least two where there can be.
pub(super) fn span(seconds: u64) -> String {
    let (unit, name) = match seconds {
        0..120 => (1, "s"),
        120..7_200 => (60, "min"),
        7_200..172_800 => (3_600, "h"),
        _ => (86_400, "d"),
    };
    format!("{} {name}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_fits_the_length() {
        let lengths = [0, 119, 120, 7_199, 7_200, 172_799, 172_800, 1_209_599];
        let shown = lengths.map(span).join(", ");
        assert_eq!(shown, "0 s, 119 s, 2 min, 119 min, 2 h, 47 h, 2 d, 13 d");
    }
}
