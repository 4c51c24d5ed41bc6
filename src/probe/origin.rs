//! Sockets that start where a check wants them to: at an address, on an interface.
//!
//! An address or an interface that this host does not have says nothing about the server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use nix::errno::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

use super::errno::{Step, failure};
use crate::config::Origin;
use crate::dns::Failure;
use crate::model::InterfaceName;

impl Origin {
    /// A UDP socket that is connected to `server`: the kernel then drops what comes from elsewhere, and reports a
    /// closed port.
    pub(super) async fn udp(&self, server: SocketAddr) -> Result<UdpSocket, Failure> {
        let socket = self.bound(server)?;
        socket
            .connect(server)
            .await
            .map_err(|error| failure(Step::ConnectUdp, &error))?;
        Ok(socket)
    }

    /// A TCP connection to `server`.
    pub(crate) async fn tcp(&self, server: SocketAddr) -> Result<TcpStream, Failure> {
        let socket = match server {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.map_err(|error| failure(Step::Open, &error))?;
        if let Some(interface) = &self.interface {
            let result = socket.bind_device(Some(interface.as_str().as_bytes()));
            result.map_err(|error| no_interface(interface, &error))?;
        }
        if let Some(source) = self.source {
            let result = socket.bind(SocketAddr::new(source, 0));
            result.map_err(|error| no_source(source, &error))?;
        }
        let stream = socket.connect(server).await;
        stream.map_err(|error| failure(Step::ConnectTcp, &error))
    }

    fn bound(&self, server: SocketAddr) -> Result<UdpSocket, Failure> {
        let domain = Domain::for_address(server);
        let kind = Type::DGRAM.nonblocking().cloexec();
        let opened = |error| failure(Step::Open, &error);
        let socket = Socket::new(domain, kind, Some(Protocol::UDP)).map_err(opened)?;
        if let Some(interface) = &self.interface {
            let result = socket.bind_device(Some(interface.as_str().as_bytes()));
            result.map_err(|error| no_interface(interface, &error))?;
        }
        let source = self.source.unwrap_or_else(|| unspecified(server));
        let result = socket.bind(&SocketAddr::new(source, 0).into());
        result.map_err(|error| no_source(source, &error))?;
        UdpSocket::from_std(socket.into()).map_err(opened)
    }
}

fn unspecified(server: SocketAddr) -> IpAddr {
    match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

fn no_source(source: IpAddr, error: &io::Error) -> Failure {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EADDRNOTAVAIL) => Failure::Prober(format!(
            "cannot ask from {source}: this host does not have that address"
        )),
        _ => failure(Step::Open, error),
    }
}

fn no_interface(interface: &InterfaceName, error: &io::Error) -> Failure {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENODEV) => Failure::Prober(format!(
            "cannot ask over {interface}: this host has no such interface"
        )),
        Some(Errno::EPERM) => Failure::Prober(format!(
            "is not permitted to ask over {interface}: before Linux 5.7 that takes CAP_NET_RAW"
        )),
        _ => failure(Step::Open, error),
    }
}
