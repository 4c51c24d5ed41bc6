//! The question that a sheet makes.

use std::net::SocketAddr;

use super::super::place::Server;
use super::super::{Ask, Unclear};
use super::{Sheet, once};
use crate::config::{Channel, Connection, DnsCheck, Origin, Tls, Trust, UrlPath};
use crate::dns::{
    Asked, DNSClass, EdnsRequest, Expectation, Question, Rcode, RecordType, Transport,
};

impl Sheet {
    /// The question.
    pub(in crate::ask) fn ask(mut self) -> Result<Ask, Unclear> {
        let server = self.server.take().ok_or(Unclear::NoServer)?;
        let edns = self.edns()?;
        let channel = self.channel()?;
        let port = port(&server, self.port)?;
        let port = port.unwrap_or_else(|| channel.transport().port());
        let origin = start(&server, self.origin)?;
        let (name, kind) = match (self.name, self.record_type) {
            (None, None) => (".".parse()?, RecordType::NS),
            (name, kind) => (
                name.map_or_else(|| ".".parse(), |(_, name)| Ok(name))?,
                kind.map_or(RecordType::A, |(_, kind)| kind),
            ),
        };
        let question = Question {
            class: self.class.map_or(DNSClass::IN, |(_, class)| class),
            recursion_desired: self.recursion_desired,
            checking_disabled: self.checking_disabled,
            authentic_data: self.authentic_data,
            edns,
            ..Question::new(name, kind)
        };
        let expect = Expectation {
            rcodes: vec![Rcode::NO_ERROR, Rcode::NX_DOMAIN],
            min_answers: 0,
            ..Expectation::default()
        };
        let check = DnsCheck {
            server: Some(server.address),
            port,
            connection: Connection { channel, origin },
            ..DnsCheck::one(Asked { question, expect })
        };
        Ok(Ask {
            server: SocketAddr::new(server.address, port),
            check,
            timeout: self.timeout,
            short: self.short,
        })
    }

    fn edns(&self) -> Result<Option<EdnsRequest>, Unclear> {
        if !self.edns {
            let needs = [
                (self.dnssec, "+dnssec"),
                (self.nsid, "+nsid"),
                (self.buffer_size.is_some(), "+bufsize"),
            ];
            let needs = needs.into_iter().find(|(is_said, _)| *is_said);
            return match needs {
                Some((_, word)) => Err(Unclear::Together(word, "+noedns")),
                None => Ok(None),
            };
        }
        Ok(Some(EdnsRequest {
            buffer_size: self.buffer_size.unwrap_or(EdnsRequest::BUFFER_SIZE),
            dnssec: self.dnssec,
            nsid: self.nsid,
        }))
    }

    /// Words about TLS alone ask over TLS, as with `kdig`.
    fn channel(&mut self) -> Result<Channel, Unclear> {
        let trust = match (self.authorities.take(), self.certificate.take()) {
            (Some(_), Some(_)) => return Err(Unclear::Together("+tls-ca", "+tls-pin")),
            (Some(file), None) => Trust::Authorities(file),
            (None, Some(file)) => Trust::Certificate(file),
            (None, None) => Trust::System,
        };
        let tls = Tls {
            name: self.tls_name.take(),
            trust,
        };
        let is_plain = tls == Tls::default();
        let usual = if is_plain {
            Transport::Udp
        } else {
            Transport::Tls
        };
        let transport = self.transport.take().map_or(usual, |(_, word)| word);
        if self.fallback_to_tcp && transport != Transport::Udp {
            return Err(Unclear::Together("+noignore", name(transport)));
        }
        match transport {
            Transport::Udp if is_plain => Ok(Channel::Udp {
                fallback_to_tcp: self.fallback_to_tcp,
            }),
            Transport::Tcp if is_plain => Ok(Channel::Tcp),
            Transport::Udp | Transport::Tcp => Err(Unclear::Together("+tls-…", name(transport))),
            Transport::Tls => Ok(Channel::Tls(tls)),
            Transport::Https => Ok(Channel::Https {
                tls,
                path: self.path.take().unwrap_or_else(UrlPath::dns_query),
            }),
            Transport::Quic => Ok(Channel::Quic(tls)),
        }
    }
}

fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "+notcp",
        Transport::Tcp => "+tcp",
        Transport::Tls => "+tls",
        Transport::Https => "+https",
        Transport::Quic => "+quic",
    }
}

fn port(server: &Server, told: Option<u16>) -> Result<Option<u16>, Unclear> {
    let ours = server.port.map(|port| (server.text.clone(), port));
    let told = told.map(|port| (format!("-p {port}"), port));
    Ok(once("the port", ours, told)?.map(|(_, port)| port))
}

fn start(server: &Server, origin: Origin) -> Result<Origin, Unclear> {
    let source = origin.source;
    if let Some(source) = source.filter(|source| source.is_ipv4() != server.address.is_ipv4()) {
        return Err(Unclear::Families(source, server.address));
    }
    let own = origin.interface.map(|name| (format!("-b %{name}"), name));
    let zone = server.interface.clone();
    let zone = zone.map(|name| (server.text.clone(), name));
    let interface = once("the interface", own, zone)?.map(|(_, name)| name);
    Ok(Origin { source, interface })
}
