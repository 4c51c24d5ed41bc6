//! Who asks over the control socket, and whether that user may give orders.
//!
//! The kernel says which user and group the other end has (`SO_PEERCRED`). Names and memberships come from
//! the host's name service, which may ask the network: it is asked on a thread of its own, for a while only,
//! and a question without an answer counts as a no.

use std::ffi::CString;
use std::io;
use std::os::unix::fs::chown;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::model::GroupName;

/// How long the name service may take.
const DEADLINE: Duration = Duration::from_secs(1);

/// How long it may take where nothing depends on its answer but a name.
const SHORT: Duration = Duration::from_millis(100);

/// So many questions to the name service may be unanswered: each holds a thread that others need.
const MAX_QUESTIONS: usize = 4;

/// The user and the group of a process at the other end of a socket, as the kernel knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its effective user.
    pub user: u32,
    /// Its effective group.
    pub group: u32,
    /// The user that logged in and became it, as by `sudo`: the kernel's audit remembers (`loginuid`).
    pub login: Option<u32>,
}

impl Peer {
    /// The other end; `None` if the kernel does not say.
    #[must_use]
    pub fn of(stream: &UnixStream) -> Option<Self> {
        let credentials = stream.peer_cred().ok()?;
        Some(Self {
            user: credentials.uid(),
            group: credentials.gid(),
            login: credentials.pid().and_then(login),
        })
    }
}

/// Who logged in, for a process; `None` where nobody did, or the kernel keeps no record. A process that has ended
/// since, or whose number is another's by now, is a matter of microseconds, and of a name in the history only.
fn login(process: i32) -> Option<u32> {
    /// What stands there for nobody.
    const NOBODY: u32 = u32::MAX;
    let text = std::fs::read_to_string(format!("/proc/{process}/loginuid")).ok()?;
    text.trim().parse().ok().filter(|user| *user != NOBODY)
}

/// Somebody who asks for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Name or number of the user.
    pub name: String,
    /// Why the order is refused, and what to do; `None` if it is not.
    pub denied: Option<String>,
}

/// Knows who may give orders: root, the user of this process, and the members of a group.
#[derive(Debug, Clone)]
pub struct Operators {
    group: Option<GroupName>,
    questions: Arc<Semaphore>,
}

/// What the name service says of a user.
struct Known {
    name: Option<String>,
    is_member: bool,
}

impl Operators {
    /// With the members of this group, if there is one.
    #[must_use]
    pub fn new(group: Option<GroupName>) -> Self {
        Self {
            group,
            questions: Arc::new(Semaphore::new(MAX_QUESTIONS)),
        }
    }

    /// Finds out who that is, and whether that user may give orders.
    pub async fn identify(&self, peer: Option<Peer>) -> Caller {
        let Some(peer) = peer else {
            return Caller {
                name: "unknown".to_owned(),
                denied: Some("the kernel does not say who asks".to_owned()),
            };
        };
        // Whoever may stop the daemon may give it orders, whether names can be looked up or not.
        if peer.user == 0 {
            return Caller {
                name: self.name_of_root(peer).await,
                denied: None,
            };
        }
        let group = self.group.clone();
        let known = self.ask(move || known(peer, group.as_ref())).await;
        let (name, is_member) = match &known {
            Ok(known) => (known.name.clone(), known.is_member),
            Err(_) => (None, false),
        };
        let name = name.unwrap_or_else(|| peer.user.to_string());
        let may = is_member || peer.user == Uid::effective().as_raw();
        Caller {
            denied: (!may).then(|| self.denial(&name, known.err())),
            name,
        }
    }

    /// `root`, with whoever became it. No order of root's waits long for a name.
    async fn name_of_root(&self, peer: Peer) -> String {
        let Some(login) = peer.login.filter(|login| *login != 0) else {
            return "root".to_owned();
        };
        let name = self.ask(move || User::from_uid(Uid::from_raw(login)).ok().flatten());
        match timeout(SHORT, name).await {
            Ok(Ok(Some(user))) => format!("{} as root", user.name),
            Ok(Ok(None) | Err(_)) | Err(_) => format!("user {login} as root"),
        }
    }

    fn denial(&self, name: &str, unknown: Option<String>) -> String {
        let why = match (unknown, &self.group) {
            (Some(unknown), _) => unknown,
            (None, Some(group)) => format!(
                "{name} is not in the group {group}: `usermod -aG {group} {name}` as root changes that"
            ),
            (None, None) => {
                "only root and the daemon's own user may, until `daemon.operator_group` in \
                             the configuration names a group"
                    .to_owned()
            }
        };
        format!("{name} may not give orders; {why}. As root, or with sudo, it works now")
    }

    /// Gives the group the socket, so that its members can connect.
    pub async fn hand_over(&self, socket: &Path) -> Result<(), String> {
        let Some(group) = self.group.clone() else {
            return Ok(());
        };
        let path = socket.to_owned();
        let name = group.clone();
        let asked = self.ask(move || {
            let group = number(&name)?.as_raw();
            chown(path, None, Some(group)).map_err(|error| refused(&error))
        });
        let given = asked.await.and_then(|given| given);
        given.map_err(|error| {
            format!(
                "the control socket {} cannot be given to the group {group}: {error}. Its members cannot \
                 connect until that is mended and the daemon restarted",
                socket.display()
            )
        })
    }

    /// Off the runtime's thread. A question that is given up goes on holding its place until it ends.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let unanswered = || {
            let time = DEADLINE.as_secs();
            format!("the host's name service did not answer within {time} s")
        };
        let place = Arc::clone(&self.questions).try_acquire_owned();
        let place = place.map_err(|_| unanswered())?;
        let asked = tokio::task::spawn_blocking(move || {
            let answer = question();
            drop(place);
            answer
        });
        match timeout(DEADLINE, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(unanswered()),
        }
    }
}

/// What the system said, and what giving a file to a group takes.
fn refused(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "{error}: the daemon's user has to be a member of it, and its unit has to allow giving files away \
             (`SupplementaryGroups=` and `SystemCallFilter=@chown`, see operator_group.conf among the examples)"
        ),
        _ => error.to_string(),
    }
}

/// A user that nobody knows is in no group but that of its process.
fn known(peer: Peer, group: Option<&GroupName>) -> Known {
    let user = User::from_uid(Uid::from_raw(peer.user)).ok().flatten();
    let group = group.and_then(|group| number(group).ok());
    let is_member = group.is_some_and(|group| {
        group.as_raw() == peer.group || user.as_ref().is_some_and(|user| is_in(user, group))
    });
    Known {
        name: user.map(|user| user.name),
        is_member,
    }
}

fn is_in(user: &User, group: Gid) -> bool {
    let groups = CString::new(user.name.as_str()).map(|name| getgrouplist(&name, user.gid));
    matches!(groups, Ok(Ok(groups)) if groups.contains(&group))
}

fn number(group: &GroupName) -> Result<Gid, String> {
    match Group::from_name(group.as_str()) {
        Ok(Some(group)) => Ok(group.gid),
        Ok(None) => Err("there is no such group on this host".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A user that is in the password database of every system, and its group by its own entry.
    fn nobody() -> User {
        User::from_name("nobody").unwrap().unwrap()
    }

    fn group_of_nobody() -> GroupName {
        let group = Group::from_gid(nobody().gid).unwrap().unwrap();
        group.name.parse().unwrap()
    }

    fn peer(user: u32, group: u32) -> Peer {
        Peer {
            user,
            group,
            login: None,
        }
    }

    /// A number that no database has.
    const STRANGER: u32 = 3_999_999_999;

    #[tokio::test]
    async fn root_and_our_own_user_may() {
        let operators = Operators::new(None);
        let own = Uid::effective().as_raw();
        for user in [0, own] {
            assert_eq!(
                operators.identify(Some(peer(user, STRANGER))).await.denied,
                None
            );
        }
        assert_eq!(operators.identify(Some(peer(0, 0))).await.name, "root");
        for (login, name) in [
            (0, "root".to_owned()),
            (nobody().uid.as_raw(), "nobody as root".to_owned()),
            (STRANGER, format!("user {STRANGER} as root")),
        ] {
            let peer = Peer {
                login: Some(login),
                ..peer(0, 0)
            };
            assert_eq!(operators.identify(Some(peer)).await.name, name);
        }
    }

    #[tokio::test]
    async fn members_may_and_others_are_told_what_to_do() {
        let nobody = nobody().uid.as_raw();
        let members = Operators::new(Some(group_of_nobody()));
        let member = members.identify(Some(peer(nobody, STRANGER))).await;
        assert_eq!((member.name.as_str(), member.denied), ("nobody", None));
        let others = Operators::new(Some("root".parse().unwrap()));
        let denied = others.identify(Some(peer(nobody, STRANGER))).await.denied;
        assert!(denied.unwrap().contains("usermod -aG root nobody"));
        // The group of the process counts, too.
        assert_eq!(others.identify(Some(peer(nobody, 0))).await.denied, None);
        let without = Operators::new(None).identify(Some(peer(nobody, 0))).await;
        assert!(without.denied.unwrap().contains("daemon.operator_group"));
    }

    #[tokio::test]
    async fn who_is_unknown_may_not() {
        for group in [
            None,
            Some(group_of_nobody()),
            Some("no-such-group".parse().unwrap()),
        ] {
            let operators = Operators::new(group);
            let stranger = operators.identify(Some(peer(STRANGER, STRANGER))).await;
            assert_eq!(stranger.name, STRANGER.to_string());
            assert!(stranger.denied.is_some());
            assert!(operators.identify(None).await.denied.is_some());
        }
    }

    #[tokio::test]
    async fn a_name_service_that_hangs_is_a_no_and_is_not_asked_for_ever() {
        let operators = Operators::new(Some(group_of_nobody()));
        let places = Arc::clone(&operators.questions);
        let _all = places.acquire_many(4).await.unwrap();
        let nobody = operators
            .identify(Some(peer(nobody().uid.as_raw(), 0)))
            .await;
        assert!(nobody.denied.unwrap().contains("did not answer"));
        assert_eq!(operators.identify(Some(peer(0, 0))).await.denied, None);
    }

    #[tokio::test]
    async fn the_socket_goes_to_a_group_that_exists() {
        let directory = tempfile::tempdir().unwrap();
        let none = Operators::new(None).hand_over(directory.path()).await;
        assert_eq!(none, Ok(()));
        let unknown = Operators::new(Some("no-such-group".parse().unwrap()));
        let error = unknown.hand_over(directory.path()).await.unwrap_err();
        assert!(error.contains("there is no such group"), "{error}");
    }
}
