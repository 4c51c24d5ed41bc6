//! What an error of the kernel says about the server.
//!
//! | error | when | why | verdict |
//! |---|---|---|---|
//! | any | opening a socket | the server has not even been addressed: out of file descriptors (EMFILE, ENFILE), of memory (ENOBUFS, ENOMEM) or of ports (EADDRINUSE), or not permitted by a sandbox | unknown |
//! | ECONNREFUSED | any | nobody listens | fail |
//! | ECONNRESET, ECONNABORTED, EPIPE | any | the server gave up the connection | fail |
//! | ETIMEDOUT | any | the kernel's own timers found no answer | fail |
//! | ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, ENONET | any | no route, or a router says so; a client of this address fares no better | fail |
//! | EINVAL | connecting | how Linux reports a `blackhole` route | fail |
//! | EADDRNOTAVAIL | connecting, UDP | the socket has a port already, so what is missing is any address that could reach the server (IPv6 switched off) | fail |
//! | EADDRNOTAVAIL | connecting, TCP | the same or, and this cannot be told apart, no port left | unknown |
//! | EACCES | after connecting | `ICMPv6`: "administratively prohibited" | fail |
//! | EPROTO, EOPNOTSUPP, ENOPROTOOPT | any | other ICMP errors | fail |
//! | EPERM | any | our own packet filter or a full connection table | unknown |
//! | EACCES | connecting | a security module, or a `prohibit` route | unknown |
//! | EADDRNOTAVAIL, ENODEV | binding to `source` and `interface` | this host does not have them: the server has not even been addressed | unknown |
//! | none: not of the kernel | any | TLS: records that cannot be read, or an alert | fail |
//! | anything else | any | nothing that was foreseen: not a reason to withdraw a route at once | unknown |
//!
//! Unknown is not for ever: without a verdict for `stale_after` the service counts as unhealthy.

use std::io;

use nix::errno::Errno;

use crate::dns::Failure;

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Making a socket, and for UDP giving it a port.
    Open,
    /// Connecting a UDP socket: no packet is sent.
    ConnectUdp,
    /// Connecting over TCP.
    ConnectTcp,
    /// Sending and receiving.
    Transfer,
}

/// The failure that `error` stands for.
pub(super) fn failure(step: Step, error: &io::Error) -> Failure {
    let Some(number) = error.raw_os_error() else {
        return Failure::Tls(format!("the TLS connection broke off: {error}"));
    };
    let errno = Errno::from_raw(number);
    if step == Step::Open {
        return Failure::Prober(trouble(errno, error));
    }
    match (errno, step) {
        (Errno::ECONNREFUSED, _) => Failure::Refused,
        (Errno::ECONNRESET | Errno::ECONNABORTED | Errno::EPIPE, _) => Failure::Reset,
        _ => match obstacle(errno, step) {
            Some(reason) => Failure::Unreachable(reason),
            None => Failure::Prober(trouble(errno, error)),
        },
    }
}

fn obstacle(errno: Errno, step: Step) -> Option<&'static str> {
    let connecting = step != Step::Transfer;
    match errno {
        Errno::ENETUNREACH => Some("no route to the network"),
        Errno::EHOSTUNREACH => Some("no route to the host"),
        Errno::ENETDOWN => Some("the network is down"),
        Errno::EHOSTDOWN | Errno::ENONET => Some("the host is down"),
        Errno::ETIMEDOUT => Some("the connection timed out"),
        Errno::EPROTO | Errno::EOPNOTSUPP | Errno::ENOPROTOOPT => Some("the network refuses"),
        Errno::EINVAL if connecting => Some("a blackhole route"),
        Errno::EADDRNOTAVAIL if step == Step::ConnectUdp => Some("no address to ask from"),
        Errno::EACCES if !connecting => Some("administratively prohibited"),
        _ => None,
    }
}

/// Goes on from "the prober".
fn trouble(errno: Errno, error: &io::Error) -> String {
    match errno {
        Errno::EMFILE => "has no file descriptors left",
        Errno::ENFILE => "runs on a host without file descriptors left",
        Errno::ENOBUFS | Errno::ENOMEM => "has no memory left for sockets",
        Errno::EADDRINUSE | Errno::EADDRNOTAVAIL => "has no local port or address to ask from",
        Errno::EPERM | Errno::EACCES => {
            "is not permitted to ask: look at packet filter and sandbox"
        }
        Errno::EAFNOSUPPORT => "runs on a host without this address family",
        _ => return format!("cannot ask: {error}"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Verdict;

    fn verdict(step: Step, errno: Errno) -> Verdict {
        let error = io::Error::from_raw_os_error(errno as i32);
        failure(step, &error).verdict()
    }

    const STEPS: [Step; 3] = [Step::ConnectUdp, Step::ConnectTcp, Step::Transfer];

    #[test]
    fn what_server_and_network_say_fails_at_every_step() {
        for errno in [
            Errno::ECONNREFUSED,
            Errno::ECONNRESET,
            Errno::ENETUNREACH,
            Errno::EHOSTUNREACH,
            Errno::ETIMEDOUT,
        ] {
            for step in STEPS {
                assert_eq!(verdict(step, errno), Verdict::Fail, "{errno} {step:?}");
            }
        }
    }

    #[test]
    fn our_own_trouble_is_unknown_at_every_step() {
        for errno in [
            Errno::EMFILE,
            Errno::ENFILE,
            Errno::ENOBUFS,
            Errno::ENOMEM,
            Errno::EPERM,
            Errno::EXDEV,
        ] {
            assert_eq!(verdict(Step::Open, errno), Verdict::Unknown);
            for step in STEPS {
                assert_eq!(verdict(step, errno), Verdict::Unknown, "{errno} {step:?}");
            }
        }
    }

    #[test]
    fn nothing_is_known_of_a_server_that_was_not_addressed() {
        for errno in [Errno::EADDRINUSE, Errno::EACCES, Errno::EINVAL] {
            assert_eq!(verdict(Step::Open, errno), Verdict::Unknown);
        }
    }

    #[test]
    fn some_errors_depend_on_the_step() {
        for (errno, verdicts) in [
            (
                Errno::EADDRNOTAVAIL,
                [Verdict::Fail, Verdict::Unknown, Verdict::Unknown],
            ),
            (
                Errno::EINVAL,
                [Verdict::Fail, Verdict::Fail, Verdict::Unknown],
            ),
            (
                Errno::EACCES,
                [Verdict::Unknown, Verdict::Unknown, Verdict::Fail],
            ),
        ] {
            let found = STEPS.map(|step| verdict(step, errno));
            assert_eq!(found, verdicts, "{errno}");
        }
    }

    #[test]
    fn operators_read_what_is_missing() {
        let error = io::Error::from_raw_os_error(Errno::EMFILE as i32);
        let text = failure(Step::Open, &error).to_string();
        assert_eq!(text, "the prober has no file descriptors left");
    }
}
