//! A `dns` check, validated.

use std::net::IpAddr;

use super::Connection;
use crate::dns::Asked;

/// Questions, whom they go to and what has to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsCheck {
    /// The server's address; `None` asks each of the service's own host addresses.
    pub server: Option<IpAddr>,
    /// The server's port.
    pub port: u16,
    /// How the questions travel.
    pub connection: Connection,
    /// What is asked, all of it at once, and what has to come back; 1 to [`Tally::MOST`](crate::dns::Tally::MOST).
    pub questions: Vec<Asked>,
    /// So many of the questions have to pass; at least one, and no more than there are.
    pub needed: usize,
}

impl DnsCheck {
    /// One question without more ado, over UDP at port 53 of the service's own addresses.
    #[must_use]
    pub fn one(asked: Asked) -> Self {
        Self {
            server: None,
            port: 53,
            connection: Connection::default(),
            questions: vec![asked],
            needed: 1,
        }
    }
}
