//! What fails is the service.

use std::net::{IpAddr, SocketAddr};

use lab::{Answer, DnsServer, Error, FakeDns, Lie, Result, Software, zone};

use crate::fault::{End, Fault, Meaning, Place};
use crate::stage::{ASIDE, BOTH, Setup, Stage, V4, V6_PREFIX};

/// Asks for data that it knows.
const FOR_DATA: Setup = Setup {
    checks: &[
        "dns: { name: www.example.com, type: A, expect: { answer: \"^192\\\\.0\\\\.2\\\\.81$\" } }",
    ],
    ..Setup::USUAL
};

/// Asks over TCP, too.
const OVER_TCP: Setup = Setup {
    checks: &[
        "dns: { name: example.com, type: SOA }",
        "dns: { name: example.com, type: SOA, transport: tcp }",
    ],
    ..Setup::USUAL
};

const NONE: &str = "not tried";

/// The table.
pub(super) fn faults() -> Vec<Fault> {
    let fault = |name, how, peers, begin| {
        Fault::usual(
            Place::Server,
            Meaning::Service(BOTH),
            [name, how, peers],
            begin,
        )
    };
    vec![
        fault(
            "server killed",
            "`kill -9` of nsd, started again",
            "anycast-healthchecker: withdrawn after 19.1 s, announced after 15.0 s. exabgp healthcheck: goes on announcing, with MED 1000",
            killed,
        ),
        fault(
            "server frozen",
            "SIGSTOP, SIGCONT",
            "exabgp healthcheck: about 22 s. birdwatcher: 40 s where the check's child hangs, with a timeout of 2 s; anycast-sentinel likewise 12 s with 0.5 s. runityru/anycastd: 10 s a try with a timeout of 0.3 s",
            frozen,
        ),
        fault("server slow", "good answers after 1.5 s", NONE, |stage| {
            fake(stage, Lie::Late)
        }),
        fault(
            "67 % loss",
            "two of three packets to the server are dropped",
            "invisible to all that count consecutive failures, which is each of them: exabgp healthcheck never withdrew in 95 checks",
            loss,
        ),
        fault(
            "SERVFAIL",
            "from an nsd without its zone file",
            NONE,
            |stage| aside(stage, Answer::ServFail, None),
        ),
        fault("REFUSED", "from an nsd without the zone", NONE, |stage| {
            aside(stage, Answer::Refused, None)
        }),
        Fault {
            setup: FOR_DATA,
            ..fault(
                "wrong data",
                "from an nsd with another address in its zone",
                "runityru/anycastd: any address passes; `localhost` passes without any DNS server",
                |stage| aside(stage, Answer::Normal, Some(("192.0.2.81", "192.0.2.99"))),
            )
        },
        fault(
            "truncation",
            "every answer is empty and truncated",
            NONE,
            |stage| fake(stage, Lie::Truncated),
        ),
        Fault {
            setup: OVER_TCP,
            ..fault(
                "TCP dead",
                "TCP to port 53 is dropped, UDP is not",
                NONE,
                |stage| drops(stage, "tcp dport 53"),
            )
        },
        Fault {
            meaning: Meaning::Service(&[V6_PREFIX]),
            ..fault(
                "one family dead",
                "IPv6 to port 53 is dropped, IPv4 is not: only the IPv6 prefix goes",
                "anycast-sentinel: the other way round, withdraws neither: \"absent\" for one family was the end for both",
                |stage| drops(stage, "meta nfproto ipv6 udp dport 53"),
            )
        },
        Fault {
            meaning: Meaning::Service(&[crate::stage::V4_PREFIX]),
            ..fault(
                "address removed",
                "the IPv4 address leaves the loopback: only its prefix goes",
                "anycast-healthchecker: at its next check, 10 s apart",
                address_removed,
            )
        },
    ]
}

fn killed(stage: &mut Stage<'_>) -> Result<End> {
    stage.server_dies()?;
    Ok(Box::new(|stage| stage.server_returns()))
}

fn frozen(stage: &mut Stage<'_>) -> Result<End> {
    stage.server.process()?.freeze()?;
    Ok(Box::new(|stage| stage.server.process()?.thaw()))
}

fn loss(stage: &mut Stage<'_>) -> Result<End> {
    drops(stage, "udp dport 53 numgen inc mod 3 < 2")
}

fn drops(stage: &mut Stage<'_>, matching: &str) -> Result<End> {
    stage.lab.node().drop_packets(matching)?;
    Ok(Box::new(|stage| stage.lab.node().undrop()))
}

/// A liar answers in the server's place.
fn fake(stage: &mut Stage<'_>, lie: Lie) -> Result<End> {
    let mut liars = Vec::new();
    for address in ASIDE {
        let address: IpAddr = address.parse().map_err(|_| Error::new(address))?;
        let node = stage.lab.node();
        liars.push(FakeDns::start(node, SocketAddr::new(address, 53), lie)?);
    }
    diverted(stage, liars)
}

/// Another nsd answers in the server's place, with something else in its zone.
fn aside(stage: &mut Stage<'_>, answer: Answer, other: Option<(&str, &str)>) -> Result<End> {
    let mut server = DnsServer::start(stage.lab.node(), Software::Nsd, "aside", &ASIDE)?;
    if let Some((right, wrong)) = other {
        server.serve(&zone().replace(right, wrong))?;
    }
    server.restart(answer)?;
    diverted(stage, server.into_process()?)
}

/// Whoever listens aside answers, and is kept until the end.
fn diverted<T: 'static>(stage: &mut Stage<'_>, others: T) -> Result<End> {
    stage.strikes();
    stage.lab.node().divert_dns(ASIDE[0], ASIDE[1])?;
    Ok(Box::new(move |stage| {
        let ended = stage.lab.node().undivert_dns();
        drop(others);
        ended
    }))
}

fn address_removed(stage: &mut Stage<'_>) -> Result<End> {
    stage.lab.remove_address(V4)?;
    Ok(Box::new(|stage| stage.lab.add_address(V4)))
}
