//! What a program's end says: pure.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use nix::sys::signal::Signal;

use super::running::Said;
use crate::config::ExitCodes;
use crate::health::Verdict;
use crate::probe::finding::{Finding, printable};

/// So many characters of what a program says are shown.
const SHOWN: usize = 200;

/// The verdict, with the first line that the program wrote.
pub(super) fn judge(codes: ExitCodes, end: ExitStatus, said: &Said) -> Finding {
    let line = first_line(codes, &said.output).or_else(|| first_line(codes, &said.errors));
    let Some(code) = end.code() else {
        return Finding::unknown(behind(&killed(end), line));
    };
    let verdict = verdict(codes, code);
    let number = format!("exit code {code}");
    let detail = match (codes, verdict, line) {
        // These say themselves what they mean.
        (_, Verdict::Pass, Some(line)) | (ExitCodes::Nagios, Verdict::Fail, Some(line)) => line,
        (_, _, line) => behind(&number, line),
    };
    Finding::new(verdict, detail)
}

fn verdict(codes: ExitCodes, code: i32) -> Verdict {
    match (codes, code) {
        (ExitCodes::Plain, 0) | (ExitCodes::Nagios, 0 | 1) => Verdict::Pass,
        (ExitCodes::Plain, 1) | (ExitCodes::Nagios, 2) => Verdict::Fail,
        (ExitCodes::Plain | ExitCodes::Nagios, _) => Verdict::Unknown,
    }
}

fn killed(end: ExitStatus) -> String {
    let signal = end.signal().unwrap_or_default();
    match Signal::try_from(signal) {
        Ok(signal) => format!("killed by {signal}"),
        Err(_) => format!("killed by signal {signal}"),
    }
}

fn behind(what: &str, line: Option<String>) -> String {
    match line {
        Some(line) => format!("{what}: {line}"),
        None => what.to_owned(),
    }
}

/// The first line that holds anything, as it may be printed. Behind `|`, plugins of Nagios write figures for programs.
fn first_line(codes: ExitCodes, bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let figures = match codes {
        ExitCodes::Plain => None,
        ExitCodes::Nagios => Some('|'),
    };
    let lines = text.lines().map(|line| match figures {
        Some(bar) => line.split(bar).next().unwrap_or_default(),
        None => line,
    });
    let mut lines = lines.map(str::trim);
    lines
        .find(|line| !line.is_empty())
        .map(|line| printable(line, SHOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(codes: ExitCodes, status: i32, output: &[u8], errors: &[u8]) -> (Verdict, String) {
        let said = Said {
            output: output.to_vec(),
            errors: errors.to_vec(),
        };
        let finding = judge(codes, ExitStatus::from_raw(status), &said);
        (finding.verdict, finding.detail)
    }

    fn exited(codes: ExitCodes, code: i32, output: &str) -> (Verdict, String) {
        ended(codes, code << 8, output.as_bytes(), b"")
    }

    fn found(verdict: Verdict, detail: &str) -> (Verdict, String) {
        (verdict, detail.to_owned())
    }

    #[test]
    fn plain_codes_are_up_down_and_unknown() {
        let plain = |code, output| exited(ExitCodes::Plain, code, output);
        assert_eq!(plain(0, ""), found(Verdict::Pass, "exit code 0"));
        assert_eq!(plain(0, "fine\nmore"), found(Verdict::Pass, "fine"));
        assert_eq!(plain(1, ""), found(Verdict::Fail, "exit code 1"));
        assert_eq!(
            plain(1, "\n\n  sick \n"),
            found(Verdict::Fail, "exit code 1: sick")
        );
        for code in [2, 3, 126, 127, 255] {
            let detail = format!("exit code {code}: a | b");
            assert_eq!(plain(code, "a | b"), found(Verdict::Unknown, &detail));
        }
    }

    #[test]
    fn codes_of_nagios_are_read_as_its_plugins_mean_them() {
        let nagios = |code, output| exited(ExitCodes::Nagios, code, output);
        let slow = "DNS WARNING - 2.1 seconds|time=2.1s;1;3";
        assert_eq!(
            nagios(0, "DNS OK | time=0s"),
            found(Verdict::Pass, "DNS OK")
        );
        assert_eq!(
            nagios(1, slow),
            found(Verdict::Pass, "DNS WARNING - 2.1 seconds")
        );
        assert_eq!(
            nagios(2, "CRITICAL - dead"),
            found(Verdict::Fail, "CRITICAL - dead")
        );
        assert_eq!(nagios(2, "| a=1"), found(Verdict::Fail, "exit code 2"));
        for code in [3, 4, 127] {
            let detail = format!("exit code {code}: check_dns: unknown argument");
            let unknown = nagios(code, "check_dns: unknown argument");
            assert_eq!(unknown, found(Verdict::Unknown, &detail));
        }
    }

    #[test]
    fn one_that_was_killed_said_nothing() {
        let plain = |status| ended(ExitCodes::Plain, status, b"half", b"");
        assert_eq!(plain(9), found(Verdict::Unknown, "killed by SIGKILL: half"));
        assert_eq!(
            plain(11 + 128),
            found(Verdict::Unknown, "killed by SIGSEGV: half")
        );
        assert_eq!(
            plain(40),
            found(Verdict::Unknown, "killed by signal 40: half")
        );
    }

    #[test]
    fn errors_are_shown_where_there_is_no_other_output() {
        let ended = |output, errors| ended(ExitCodes::Plain, 1 << 8, output, errors).1;
        assert_eq!(ended(b"out", b"err"), "exit code 1: out");
        assert_eq!(ended(b" \n", b"err"), "exit code 1: err");
    }

    #[test]
    fn whatever_is_written_stays_one_short_line_of_text() {
        let noise: Vec<u8> = (0..=255)
            .filter(|byte| *byte != b'\n')
            .cycle()
            .take(5000)
            .collect();
        let bells = "a\x1b[31m\u{202e}b\0\t\u{7}".as_bytes();
        let shown = ended(ExitCodes::Plain, 1 << 8, bells, b"").1;
        assert_eq!(shown, "exit code 1: a\\u{1b}[31m\\u{202e}b\\u{0}\\t\\u{7}");
        let (_, detail) = ended(ExitCodes::Plain, 1 << 8, &noise, b"");
        assert!(detail.chars().all(|character| !character.is_control()));
        let long = "é".repeat(SHOWN + 1);
        let shown = exited(ExitCodes::Plain, 0, &long).1;
        assert_eq!(shown, format!("{}…", "é".repeat(SHOWN)));
    }
}
