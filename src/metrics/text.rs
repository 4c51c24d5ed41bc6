//! OpenMetrics, as Prometheus' text format 0.0.4.
//!
//! Samples are written alike in both. What differs are the comments: counters and infos are named there with
//! the ending that their samples have, infos are gauges, and there are neither units nor an end.

/// The same metrics.
pub(super) fn text(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut lines = open_metrics.lines().peekable();
    while let Some(line) = lines.next() {
        let kind = |line: &str| Some(line.strip_prefix("# TYPE ")?.rsplit_once(' ')?.1.to_owned());
        let (keyword, name, rest) = match comment(line) {
            None => {
                push(&mut text, &[line]);
                continue;
            }
            Some(("UNIT" | "EOF", ..)) => continue,
            Some(comment) => comment,
        };
        // The type stands after the help.
        let described = match keyword {
            "TYPE" => Some(rest.to_owned()),
            _ => lines.peek().and_then(|next| kind(next)),
        };
        let (ending, shown) = match described.as_deref() {
            Some("counter") => ("_total", "counter"),
            Some("info") => ("_info", "gauge"),
            _ => ("", rest),
        };
        let rest = if keyword == "TYPE" { shown } else { rest };
        push(&mut text, &["# ", keyword, " ", name, ending, " ", rest]);
    }
    text
}

fn push(text: &mut String, parts: &[&str]) {
    text.extend(parts.iter().copied().chain(["\n"]));
}

/// Keyword, name and the rest of a comment.
fn comment(line: &str) -> Option<(&str, &str, &str)> {
    let mut parts = line.strip_prefix("# ")?.splitn(3, ' ');
    let keyword = parts.next()?;
    let mut next = || parts.next().unwrap_or_default();
    Some((keyword, next(), next()))
}
