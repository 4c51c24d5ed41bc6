//! What a release of BIRD cannot do, by name: `tests/README.md` has the same as a table.

use crate::{Bird, Error, Result};

/// Something that some releases cannot do, or do in another way. A scenario that meets one asserts that the release
/// really is so, and goes on with what the user gets instead; nothing is left out for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exception {
    /// Before 2.0.11 the configuration knows no roles (RFC 9234): BIRD refuses the whole file. `check` refuses `role`
    /// for these releases, and says which one knows it.
    NoRoles,
    /// Before 2.0.8 BFD has no options within a BGP protocol: BIRD refuses the whole file. What is rendered has them in
    /// the protocol `bfd1`, so that nothing is missing but different timers for one neighbour written by hand.
    NoBfdOptions,
    /// Before 2.16 BFD has no password of its own within a BGP protocol: BIRD refuses the whole file. Nothing that is
    /// rendered has one.
    NoBfdPasswords,
    /// Before 2.0.8 there is no `enforce first as`: BIRD refuses the whole file. Nothing that is rendered needs it.
    NoEnforceFirstAs,
    /// Before 2.16 a connection to the control socket cannot choose how times are written. What is rendered says it for
    /// all (`timeformat base iso long ms`); beside a file written by hand, times may lack their date.
    NoTimeFormat,
    /// BIRD 3 does not look again at routes that an export limit kept back, at `reload out` neither. `diff` says that a
    /// higher limit alone does not let them out, and what does: a new announcement.
    BlockedStaysBlocked,
    /// BIRD 3 dies when a kernel protocol gets another filter. With `bird.version` 3 the protocol is rendered under a
    /// name of its own for each form; without, `apply` changes nothing and says what to set.
    KernelChangeKills,
    /// BIRD 3 does not mark a limit that only warns as hit. Its log has the warning, and the metrics the routes and the
    /// limit.
    NoMarkAtWarnings,
    /// From 3.4, BIRD uses the memory of a BGP protocol that it removes or restarts while it configures after it has
    /// freed it, and dies if the C library has given that back to the kernel. `diff` and `apply` say so, and what helps:
    /// the library keeps it where [`Bird::KEEPS_MEMORY`] is in BIRD's environment, as it is in the laboratory.
    ClosedSessionKills,
}

impl Exception {
    /// Every one, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::NoRoles,
        Self::NoBfdOptions,
        Self::NoBfdPasswords,
        Self::NoEnforceFirstAs,
        Self::NoTimeFormat,
        Self::BlockedStaysBlocked,
        Self::KernelChangeKills,
        Self::NoMarkAtWarnings,
        Self::ClosedSessionKills,
    ];

    /// Which releases are so, in words.
    #[must_use]
    pub const fn releases(self) -> &'static str {
        match self {
            Self::NoRoles => "before 2.0.11",
            Self::NoBfdOptions | Self::NoEnforceFirstAs => "before 2.0.8",
            Self::NoBfdPasswords | Self::NoTimeFormat => "before 2.16",
            Self::BlockedStaysBlocked | Self::KernelChangeKills | Self::NoMarkAtWarnings => {
                "BIRD 3"
            }
            Self::ClosedSessionKills => "from 3.4",
        }
    }

    /// Whether a release, such as `2.0.12`, is so.
    #[must_use]
    pub fn is_of(self, release: &str) -> bool {
        let numbers: Vec<u32> = release
            .split('.')
            .map_while(|part| part.parse().ok())
            .collect();
        match self {
            Self::NoRoles => numbers < vec![2, 0, 11],
            Self::NoBfdOptions | Self::NoEnforceFirstAs => numbers < vec![2, 0, 8],
            Self::NoBfdPasswords | Self::NoTimeFormat => numbers < vec![2, 16],
            Self::BlockedStaysBlocked | Self::KernelChangeKills | Self::NoMarkAtWarnings => {
                numbers >= vec![3]
            }
            Self::ClosedSessionKills => numbers >= vec![3, 4],
        }
    }

    /// Whether the node's BIRD is so.
    pub fn is_met(self) -> Result<bool> {
        Ok(self.is_of(&Bird::node_release()?))
    }

    /// Fails unless what was `seen` is what the node's release is known for.
    pub fn assert(self, seen: bool) -> Result<()> {
        let release = Bird::node_release()?;
        if seen == self.is_of(&release) {
            return Ok(());
        }
        let is = if seen { "is" } else { "is not" };
        Err(Error::new(format!(
            "BIRD {release} {is} `{self:?}`, which is said of those {}: correct `lab::Exception` and the table in tests/README.md",
            self.releases()
        )))
    }
}
