//! One item of `include`: the name of a file, or a pattern that matches the names in one directory.

use std::str::FromStr;

use glob::MatchOptions;

/// The longest pattern, in bytes (`PATH_MAX` of Linux).
const LONGEST: usize = 4096;

/// Which files to include.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// `None`: a plain name.
    names: Option<glob::Pattern>,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// Too short or too long.
    #[error("a pattern has 1 to {LONGEST} bytes, this one has {0}")]
    Length(usize),
    /// No file name.
    #[error("`{0}` names a directory: write for example `{directory}/*.yaml`", directory = .0.trim_end_matches('/'))]
    Directory(String),
    /// Wildcards before the file name.
    #[error(
        "`{0}` searches directories: `*`, `?` and `[…]` match file names only, name each directory"
    )]
    Directories(String),
    /// A bracket without its end, or the like.
    #[error("`{text}` is not a pattern: {reason} (`[[]` stands for a bracket)")]
    Syntax {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Pattern {
    /// The directory before the last `/`, as it is written; empty where there is none.
    #[must_use]
    pub fn directory(&self) -> &str {
        match self.text.rfind('/') {
            Some(0) => "/",
            Some(end) => &self.text[..end],
            None => "",
        }
    }

    /// The name of the one file that is meant, if it has no wildcards: then that file has to exist.
    #[must_use]
    pub fn plain_name(&self) -> Option<&str> {
        self.names.is_none().then_some(&self.text)
    }

    /// Whether a file of [`directory`](Self::directory) is meant. Hidden ones have to be named with their
    /// dot: editors keep their own files under such names.
    #[must_use]
    pub fn matches(&self, file_name: &str) -> bool {
        let options = MatchOptions {
            require_literal_leading_dot: true,
            ..MatchOptions::new()
        };
        let names = self.names.as_ref();
        names.is_some_and(|names| names.matches_with(file_name, options))
    }
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        if text.is_empty() || text.len() > LONGEST {
            return Err(InvalidPattern::Length(text.len()));
        }
        let name_start = text.rfind('/').map_or(0, |slash| slash + 1);
        let (directory, name) = text.split_at(name_start);
        let wild = |text: &str| text.contains(['*', '?', '[']);
        match name {
            _ if wild(directory) => Err(InvalidPattern::Directories(text.to_owned())),
            "**" => Err(InvalidPattern::Directories(text.to_owned())),
            "" | "." | ".." => Err(InvalidPattern::Directory(text.to_owned())),
            _ => Ok(Self {
                text: text.to_owned(),
                names: wild(name).then(|| names(text, name)).transpose()?,
            }),
        }
    }
}

fn names(text: &str, name: &str) -> Result<glob::Pattern, InvalidPattern> {
    glob::Pattern::new(name).map_err(|error| InvalidPattern::Syntax {
        text: text.to_owned(),
        reason: error.msg,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn wildcards_match_names_and_not_directories() {
        let yaml = pattern("conf.d/[0-9]?-*.yaml");
        assert_eq!((yaml.directory(), yaml.plain_name()), ("conf.d", None));
        assert!(yaml.matches("10-resolver.yaml"));
        assert!(!yaml.matches("resolver.yaml") && !yaml.matches("10-a.yml"));
        let all = pattern("/*.yaml");
        assert_eq!(all.directory(), "/");
        assert!(all.matches("a.yaml") && !all.matches(".a.yaml") && !all.matches("a.YAML"));
        assert!(pattern(".*").matches(".a"));
        assert!(pattern("a[[]b").matches("a[b"));
    }

    #[test]
    fn a_plain_name_is_one_file() {
        for (text, directory) in [("../a.yaml", ".."), ("a.yaml", ""), ("/a.yaml", "/")] {
            let plain = pattern(text);
            assert_eq!(
                (plain.directory(), plain.plain_name()),
                (directory, Some(text))
            );
            assert!(!plain.matches("a.yaml"));
        }
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        let long = "x".repeat(LONGEST + 1);
        let texts = [
            "", "conf.d/", "..", "a/**/b", "*/a", "**", "a**", "[a", &long,
        ];
        let errors = texts.map(|text| text.parse::<Pattern>().unwrap_err().to_string());
        insta::assert_snapshot!(errors.join("\n"));
    }
}
