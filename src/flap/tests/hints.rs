//! What may be wrong where BIRD names no error.

use super::*;
use crate::flap::hint::{Md5, hint};

const NETSTAT: &str =
    "TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPSackShifted
TcpExt: 0 1 20 300 4
IpExt: InNoRoutes InTruncatedPkts
IpExt: 7 8
";

fn hinted(sighting: &Sighting, refused: Md5) -> String {
    let since = "2026-11-22T12:00:00.5Z".parse().unwrap();
    hint(sighting, Some((refused, since))).unwrap_or_default()
}

#[test]
fn the_kernel_says_what_it_refused() {
    let wanted = Md5 {
        failure: 300,
        unexpected: 20,
        not_found: 1,
    };
    assert_eq!(Md5::read(NETSTAT), Some(wanted));
    for text in ["", "TcpExt: A B\n", "TcpExt: TCPMD5Failure\nTcpExt: x\n"] {
        assert_eq!(Md5::read(text), None, "{text:?}");
    }
    assert_eq!(Md5::default().since(wanted), Md5::default());
}

#[test]
fn refused_segments_point_to_a_password() {
    let waiting = seen(SessionState::Connect, 0.0, 2.0);
    let (failure, not_found, unexpected) = (4, 4, 4);
    let none = Md5::default();
    for (refused, words) in [
        (
            Md5 { failure, ..none },
            "4 TCP segments with a wrong MD5 signature since 2026-11-22T12:00:00Z",
        ),
        (
            Md5 { not_found, ..none },
            "without an MD5 signature, where a password is set here",
        ),
        (
            Md5 { unexpected, ..none },
            "with an MD5 signature, where no password is set here",
        ),
    ] {
        let text = hinted(&waiting, refused);
        assert!(text.starts_with("possibly a password mismatch: "), "{text}");
        assert!(text.contains(words), "{text}");
    }
    let few = Md5 { failure: 2, ..none };
    assert_eq!(hinted(&waiting, few), "", "leftovers");
}

#[test]
fn nothing_is_suspected_of_a_session_that_is_up_or_says_why_it_is_not() {
    let failure = Md5 {
        failure: 9,
        ..Md5::default()
    };
    let refused = Sighting {
        state: Some(SessionState::Active),
        ..failed(0.0, 60.0, ErrorClass::Socket, "Connection refused")
    };
    let down = seen(SessionState::Down, 0.0, 60.0);
    for sighting in [up(0.0, 60.0), down, Sighting::default(), refused] {
        assert_eq!(hinted(&sighting, failure), "");
    }
}

#[test]
fn silence_for_long_is_worth_a_word() {
    let none = Md5::default();
    assert_eq!(hinted(&seen(SessionState::Idle, 0.0, 5.0), none), "");
    let idle = hinted(&seen(SessionState::Idle, 0.0, 60.0), none);
    assert!(idle.contains("on a link of this host"), "{idle}");
    let connecting = seen(SessionState::Connect, 0.0, 60.0);
    assert_eq!(hinted(&connecting, none), "");
    let answering = with_bfd(connecting, BfdState::Up, 0.0, 60.0);
    let answering = hinted(&answering, none);
    assert!(answering.contains("answers BFD and not BGP"), "{answering}");
}
