//! Whether a file is there.

use std::fs;
use std::io::ErrorKind;

use super::finding::Finding;
use crate::config::FileCheck;

/// Looks. A link that leads nowhere is no file.
pub(super) fn look(check: &FileCheck) -> Finding {
    let path = check.path.display();
    let found = match fs::metadata(&check.path) {
        Ok(_) => true,
        Err(error) if is_absent(error.kind()) => false,
        Err(error) => {
            return Finding::unknown(format!(
                "the prober cannot see whether {path} is there: {error}"
            ));
        }
    };
    let detail = if found {
        format!("{path} is there")
    } else {
        format!("{path} is not there")
    };
    if found == check.present {
        Finding::pass(detail)
    } else {
        Finding::fail(detail)
    }
}

fn is_absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::health::Verdict;

    fn verdict(path: &Path, present: bool) -> (Verdict, String) {
        let path = path.to_owned();
        let finding = look(&FileCheck { path, present });
        (finding.verdict, finding.detail)
    }

    #[test]
    fn a_file_is_there_or_not() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("flag");
        let absent = format!("{} is not there", file.display());
        assert_eq!(verdict(&file, false), (Verdict::Pass, absent.clone()));
        assert_eq!(verdict(&file, true), (Verdict::Fail, absent));
        fs::write(&file, "").unwrap();
        let there = format!("{} is there", file.display());
        assert_eq!(verdict(&file, false), (Verdict::Fail, there.clone()));
        assert_eq!(verdict(&file, true), (Verdict::Pass, there));
        assert_eq!(verdict(&file.join("below"), true).0, Verdict::Fail);
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert_eq!(verdict(&link, true).0, Verdict::Fail);
    }

    #[test]
    fn what_cannot_be_seen_is_unknown() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("loop");
        std::os::unix::fs::symlink(&link, &link).unwrap();
        let (verdict, detail) = verdict(&link, false);
        assert_eq!(verdict, Verdict::Unknown);
        assert!(
            detail.starts_with("the prober cannot see whether "),
            "{detail}"
        );
    }
}
