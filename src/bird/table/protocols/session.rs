//! The details of a BGP session.

use super::detail::{Detail, number, seconds, timer, words};
use super::{Part, Side};
use crate::bird::table::bgp::{
    Authentication, Bgp, Capabilities, Capability, LastError, NeighborAddress, SessionState,
};
use crate::bird::table::protocol::ProtocolState;

/// What a row says of a session: its state and its last error, or the error alone if it is shut down.
pub(super) fn of_row(state: ProtocolState, info: &str) -> Bgp {
    let (first, rest) = info.split_once(' ').unwrap_or((info, ""));
    let (state, error) = match SessionState::of(first) {
        Some(state) => (Some(state), rest),
        None if state == ProtocolState::Down => (Some(SessionState::Down), info),
        None => (None, info),
    };
    Bgp {
        state,
        last_error: LastError::of(error),
        ..Bgp::default()
    }
}

/// Takes a line in, and says what the next one is about; `None` if the line is not understood.
pub(super) fn read(bgp: &mut Bgp, part: Part, detail: &Detail<'_>) -> Option<Part> {
    /// How far a session's own lines are indented.
    const OWN: usize = 4;
    match part {
        Part::Capabilities(side) if detail.indent > OWN => {
            let capabilities = match side {
                Side::Local => &mut bgp.local_capabilities,
                Side::Neighbor => &mut bgp.neighbor_capabilities,
            };
            capability(capabilities.get_or_insert_default(), detail)?;
            Some(part)
        }
        Part::Authentication if detail.indent > OWN => {
            authentication(bgp.tcp_ao.get_or_insert_default(), detail)?;
            Some(part)
        }
        _ => own(bgp, detail),
    }
}

fn own(bgp: &mut Bgp, detail: &Detail<'_>) -> Option<Part> {
    let value = detail.value;
    match detail.label {
        "Neighbor address" => bgp.neighbor_address = Some(neighbor_address(value)?),
        "Neighbor range" => bgp.neighbor_range = Some(value.split(' ').next()?.parse().ok()?),
        "Neighbor port" => bgp.neighbor_port = Some(number(value)?),
        "Neighbor AS" => bgp.neighbor_as = Some(number(value)?),
        "Local AS" => bgp.local_as = Some(number(value)?),
        "Neighbor graceful restart active" => bgp.neighbor_graceful_restart = true,
        "Neighbor ID" => bgp.neighbor_id = Some(value.parse().ok()?),
        "Session" => bgp.session = Some(value.to_owned()),
        "Source address" => bgp.source_address = Some(value.parse().ok()?),
        "TX pending" => bgp.pending_bytes = Some(number(value.strip_suffix(" bytes")?)?),
        "Last error" => bgp.last_error = Some(LastError::of(value)?),
        "Local capabilities" => {
            bgp.local_capabilities = Some(Capabilities::default());
            return Some(Part::Capabilities(Side::Local));
        }
        "Neighbor capabilities" => {
            bgp.neighbor_capabilities = Some(Capabilities::default());
            return Some(Part::Capabilities(Side::Neighbor));
        }
        "TCP-AO" => {
            bgp.tcp_ao = Some(Authentication::default());
            return Some(Part::Authentication);
        }
        label => {
            let slot = match label {
                "Hold timer" => &mut bgp.hold_timer,
                "Keepalive timer" => &mut bgp.keepalive_timer,
                "Send hold timer" => &mut bgp.send_hold_timer,
                "Error wait" => &mut bgp.error_wait,
                "Connect delay" => &mut bgp.connect_delay,
                "Restart timer" => &mut bgp.restart_timer,
                _ => return None,
            };
            *slot = Some(timer(value)?);
        }
    }
    Some(Part::Session)
}

/// `10.99.0.10`, `fe80::2%eth0`, either with ` onlink` behind it.
fn neighbor_address(text: &str) -> Option<NeighborAddress> {
    let (text, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (address, interface) = match text.split_once('%') {
        Some((address, interface)) => (address, Some(interface.to_owned())),
        None => (text, None),
    };
    Some(NeighborAddress {
        address: address.parse().ok()?,
        interface,
        on_link: rest == "onlink",
    })
}

fn capability(capabilities: &mut Capabilities, detail: &Detail<'_>) -> Option<()> {
    let value = detail.value;
    match detail.label {
        "AF announced" => {
            capabilities.families = words(value).map(str::to_owned).collect();
        }
        "Restart time" => capabilities.restart_time = Some(seconds(value)?),
        "LL stale time" => capabilities.stale_time = Some(seconds(value)?),
        "Hostname" => capabilities.hostname = Some(value.to_owned()),
        "Role" => capabilities.role = Some(value.to_owned()),
        // Details of capabilities that nobody has asked for yet.
        "AF supported" | "AF preserved" | "IPv6 nexthop" | "RX" | "TX" | "Restart recovery" => {}
        label => capabilities.offered.push(Capability::of(label)?),
    }
    Some(())
}

fn authentication(tcp_ao: &mut Authentication, detail: &Detail<'_>) -> Option<()> {
    match detail.label {
        "Good packets" => tcp_ao.good_packets = Some(number(detail.value)?),
        "Bad packets" => tcp_ao.bad_packets = Some(number(detail.value)?),
        // Numbers of keys, which say nothing without the configuration.
        "Current key" | "RNext key" => {}
        _ => return None,
    }
    Some(())
}
