//! BGP protocols: one for each session that is not written by hand.

use std::net::IpAddr;

use serde::Serialize;

use super::{constant, filters, is_rendered, looks_up, pattern, table};
use crate::config::{
    self, Config, FlapAction, GracefulRestart, Import, LimitAction, Neighbor, Role, Session,
};
use crate::model::{Family, Period};

#[derive(Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a statement that is there or not"
)]
pub(super) struct Bgp {
    name: String,
    /// The file that says `disabled;` while the session is held for flapping. It stands first, so that whatever
    /// follows is as it would be without.
    drop_in: Option<String>,
    description: String,
    local: IpAddr,
    local_asn: u32,
    remote: IpAddr,
    remote_asn: u32,
    port: Option<u16>,
    /// iBGP is multihop for BIRD unless it says `direct`.
    direct: bool,
    multihop: Option<u8>,
    ttl_security: bool,
    passive: bool,
    role: Option<&'static str>,
    require_role: bool,
    /// The name of the constant that holds it.
    password: Option<String>,
    bfd: bool,
    /// Seconds.
    hold_time: Option<u64>,
    /// Seconds.
    keepalive_time: Option<u64>,
    graceful_restart: &'static str,
    channel: &'static str,
    /// The table where next hops are looked up.
    igp_table: Option<String>,
    next_hop_self: bool,
    receive_limit: Option<Limit>,
    import_limit: Limit,
    /// The only prefix that is taken.
    import: Option<&'static str>,
    export_limit: Limit,
    filter: String,
}

#[derive(Serialize)]
struct Limit {
    max: u32,
    action: &'static str,
}

impl Limit {
    fn new(limit: config::Limit, default: u32) -> Self {
        Self {
            max: limit.max.unwrap_or(default),
            action: match limit.action {
                LimitAction::Warn => "warn",
                LimitAction::Block => "block",
                LimitAction::Restart => "restart",
                LimitAction::Disable => "disable",
            },
        }
    }
}

pub(super) fn sessions(config: &Config) -> Vec<Bgp> {
    let counts = Family::ALL.map(|family| export_limit(config, family));
    let of_neighbor = |neighbor| {
        let sessions = Neighbor::named_sessions(neighbor);
        let rendered = sessions.filter(|(_, session)| is_rendered(session));
        rendered.map(move |(name, session)| {
            let [v4, v6] = counts;
            let most = if session.family() == Family::V4 {
                v4
            } else {
                v6
            };
            bgp(config, neighbor, name, session, most)
        })
    };
    config.neighbors.iter().flat_map(of_neighbor).collect()
}

fn bgp(
    config: &Config,
    neighbor: &Neighbor,
    name: String,
    session: &Session,
    export_limit: u32,
) -> Bgp {
    let family = session.family();
    let internal = config.is_internal(neighbor);
    let hold_time = neighbor.hold_time.map(seconds);
    let import = (neighbor.import == Import::DefaultRoute).then(|| default_route(family));
    let looks_up = import.is_some() && neighbor.multihop.is_some() && looks_up(config, family);
    let holds = config.flap.action == FlapAction::Hold;
    Bgp {
        drop_in: holds.then(|| pattern(&config.bird.intent_file(&name))),
        name,
        description: format!("{} {family}", neighbor.name),
        local: session.local,
        local_asn: config.node.asn.get(),
        remote: session.remote,
        remote_asn: neighbor.asn.get(),
        port: neighbor.port,
        direct: internal && neighbor.multihop.is_none(),
        multihop: neighbor.multihop,
        ttl_security: neighbor.ttl_security,
        passive: neighbor.passive,
        role: neighbor.role.map(|local| role(local.role)),
        require_role: neighbor.role.is_some_and(|local| local.required),
        password: neighbor.password.as_ref().map(|_| constant(&neighbor.name)),
        bfd: neighbor.bfd,
        hold_time,
        keepalive_time: hold_time.map(keepalive),
        graceful_restart: graceful_restart(neighbor.graceful_restart),
        channel: family.channel(),
        igp_table: looks_up.then(|| table(family)),
        next_hop_self: internal,
        receive_limit: neighbor
            .limits
            .receive
            .map(|limit| Limit::new(limit, u32::MAX)),
        import_limit: Limit::new(neighbor.limits.import, 1),
        import,
        export_limit: Limit::new(neighbor.limits.export, export_limit),
        filter: filters::name(&neighbor.name, family),
    }
}

pub(in crate::render) fn default_route(family: Family) -> &'static str {
    match family {
        Family::V4 => "0.0.0.0/0",
        Family::V6 => "::/0",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Provider => "provider",
        Role::Customer => "customer",
        Role::Peer => "peer",
        Role::RsServer => "rs_server",
        Role::RsClient => "rs_client",
    }
}

fn graceful_restart(graceful_restart: GracefulRestart) -> &'static str {
    match graceful_restart {
        GracefulRestart::Aware => "aware",
        GracefulRestart::Full => "on",
        GracefulRestart::None => "off",
    }
}

/// Hold times are whole seconds.
pub(in crate::render) fn seconds(time: Period) -> u64 {
    time.millis() / 1000
}

/// A third of the hold time (RFC 4271, 10), in seconds.
pub(in crate::render) fn keepalive(hold_time: u64) -> u64 {
    (hold_time / 3).max(1)
}

/// Four times what we have: a net against a filter that lets out too much, and never in the way.
pub(in crate::render) fn export_limit(config: &Config, family: Family) -> u32 {
    let services = config.services.iter();
    let own = services.map(|service| service.prefixes_of(family).count());
    u32::try_from(own.sum::<usize>())
        .unwrap_or(u32::MAX)
        .saturating_mul(4)
        .max(1)
}
