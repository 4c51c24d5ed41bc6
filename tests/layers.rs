//! Holds the layers of `src/lib.rs`: imports point downwards only, and the pure ones do no I/O.

use std::fs;
use std::path::{Path, PathBuf};

/// Files of the pure layers, as paths or folders below `src`.
const PURE: &[&str] = &[
    "ask.rs",
    "ask",
    "backoff.rs",
    "damping.rs",
    "decay.rs",
    "flap.rs",
    "flap",
    "harmless.rs",
    "model.rs",
    "model",
    "health.rs",
    "columns.rs",
    "history.rs",
    "history",
    "hold.rs",
    "init.rs",
    "init",
    "manual.rs",
    "manual",
    "metrics.rs",
    "metrics",
    "observed.rs",
    "overrides.rs",
    "overrides",
    "policy.rs",
    "policy",
    "reconcile.rs",
    "reload.rs",
    "compare.rs",
    "compare",
    "schedule.rs",
    "status.rs",
    "status",
    "watchdog.rs",
    "config.rs",
    "config",
    "render.rs",
    "render",
    "dns.rs",
    "dns",
];

/// Pure files in folders that are not.
const PURE_FILES: &[&str] = &[
    "apply/expectation.rs",
    "apply/loss.rs",
    "apply/report.rs",
    "apply/text.rs",
    "bird/reply.rs",
    "control/crowd.rs",
    "bird/command.rs",
    "bird/table.rs",
    "bird/table",
    "bird/file.rs",
    "bird/file",
    "selftest/answer.rs",
    "selftest/derive.rs",
    "selftest/derive",
    "selftest/fault.rs",
    "selftest/judge.rs",
    "selftest/layout.rs",
    "selftest/opposite.rs",
    "selftest/promise.rs",
    "selftest/report.rs",
    "selftest/text.rs",
    "log/line.rs",
    "log/text.rs",
    "log/json.rs",
    "log/journal.rs",
];

/// What the pure layers must not name.
const IMPURE: &[&str] = &[
    "tokio",
    "tracing",
    "std::fs",
    "std::process",
    "std::env",
    "std::thread",
    "std::os",
    "UdpSocket",
    "TcpStream",
    "UnixStream",
    "Instant::now",
    "Timestamp::now",
    "rand::",
];

/// What nobody but the named files may import.
const UPWARDS: &[(&str, &[&str])] = &[
    ("crate::apply", &["commands.rs", "commands/apply.rs"]),
    ("crate::brake", &["commands/brake.rs"]),
    ("crate::daemon", &["commands/run.rs"]),
    ("crate::log", &["commands/run.rs"]),
    (
        "crate::selftest",
        &[
            "commands/selftest.rs",
            "commands/selftest",
            "cli/selftest.rs",
            "selftest",
        ],
    ),
    ("crate::commands", &[]),
    ("crate::cli", &["commands.rs", "commands"]),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Lines of code: without comments, and without tests, which may read files.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).expect("the file can be read");
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number + 1, line.to_owned()))
        .collect()
}

fn is_test(path: &Path) -> bool {
    let path = path.strip_prefix(source()).unwrap_or(path);
    path.components().any(|part| part.as_os_str() == "tests")
        || path.file_name().is_some_and(|name| name == "tests.rs")
}

fn relative(path: &Path) -> String {
    path.strip_prefix(source())
        .expect("it lies below src")
        .display()
        .to_string()
}

fn below(path: &str, part: &str) -> bool {
    path == part || path.starts_with(&format!("{part}/"))
}

#[test]
fn the_pure_layers_do_no_io_and_read_no_clock() {
    let mut seen = 0;
    let mut found = Vec::new();
    for file in rust_files(&source())
        .into_iter()
        .filter(|file| !is_test(file))
    {
        let path = relative(&file);
        if !PURE.iter().chain(PURE_FILES).any(|part| below(&path, part)) {
            continue;
        }
        seen += 1;
        for (number, line) in code(&file) {
            let named = IMPURE.iter().filter(|word| line.contains(**word));
            found.extend(named.map(|word| format!("{path}:{number}: {word}")));
        }
    }
    assert!(
        seen > 20,
        "only {seen} files were looked at: were they moved?"
    );
    assert!(
        found.is_empty(),
        "the pure layers must not do this:\n{}",
        found.join("\n")
    );
}

#[test]
fn nobody_imports_what_is_above() {
    let mut found = Vec::new();
    for file in rust_files(&source()) {
        let path = relative(&file);
        for (number, line) in code(&file) {
            for (module, allowed) in UPWARDS {
                if line.contains(module) && !allowed.iter().any(|part| below(&path, part)) {
                    found.push(format!("{path}:{number}: {module}"));
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "these imports point upwards:\n{}",
        found.join("\n")
    );
}

#[test]
fn every_named_pure_module_exists() {
    for part in PURE.iter().chain(PURE_FILES) {
        assert!(
            source().join(part).exists(),
            "src/{part} is gone: mend this test"
        );
    }
}
