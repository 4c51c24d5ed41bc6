//! Which format somebody wants, from the header `Accept` (RFC 9110, 12.5.1).

use super::Format;

const OPEN_METRICS: &str = "application/openmetrics-text";

/// OpenMetrics where it is asked for by its name and liked at least as much as plain text; else the older format, which
/// everybody reads.
#[must_use]
pub fn negotiate(accept: &str) -> Format {
    let liking = |kind: &str| {
        let ranges = accept.split(',').map(range);
        let own = ranges.filter(|(name, _)| name.eq_ignore_ascii_case(kind));
        own.map(|(_, liking)| liking).max().unwrap_or(0)
    };
    let open_metrics = liking(OPEN_METRICS);
    if open_metrics > 0 && open_metrics >= liking("text/plain") {
        Format::OpenMetrics
    } else {
        Format::Text
    }
}

/// A media range and how much it is liked, in thousandths. A liking that cannot be read is none.
fn range(range: &str) -> (&str, u32) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (name, weight.map_or(1000, thousandths))
}

fn thousandths(weight: &str) -> u32 {
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = part.len().min(3);
    match (
        whole,
        part.get(..digits)
            .and_then(|part| format!("{part:0<3}").parse().ok()),
    ) {
        ("1", Some(_)) => 1000,
        ("0", Some(part)) => part,
        _ => 0,
    }
}
