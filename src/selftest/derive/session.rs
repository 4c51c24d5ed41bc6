//! A neighbour as it is written for the stage.

use serde_json::{Value, json};

use super::DIRECTORY;
use super::service::texts;
use crate::config::{Config, GracefulRestart, Import, Limit, LimitAction, Limits, Neighbor, Role};

/// Where its password is other than in the operator's, and the names of its protocols may be.
pub(super) fn neighbor(config: &Config, neighbor: &Neighbor) -> Value {
    let sessions: Vec<Value> = neighbor
        .sessions
        .iter()
        .map(|session| json!({ "local": session.local, "remote": session.remote }))
        .collect();
    let mut written = json!({
        "asn": neighbor.asn.get(),
        "sessions": sessions,
        "bfd": neighbor.bfd,
        "ttl_security": neighbor.ttl_security,
        "passive": neighbor.passive,
        "graceful_restart": graceful_restart(neighbor.graceful_restart),
        "import": import(neighbor.import),
        "limits": limits(neighbor.limits),
        "communities": texts(&neighbor.communities),
        "large_communities": texts(&neighbor.large_communities),
        "prepend": neighbor.prepend,
        "drain": {
            "graceful_shutdown": neighbor.drain.graceful_shutdown,
            "prepend": neighbor.drain.prepend,
        },
    });
    optional(
        &mut written,
        "hold_time",
        neighbor.hold_time.map(|time| json!(time.to_string())),
    );
    optional(
        &mut written,
        "multihop",
        neighbor.multihop.map(|hops| json!(hops)),
    );
    optional(&mut written, "port", neighbor.port.map(|port| json!(port)));
    optional(
        &mut written,
        "local_pref",
        neighbor.local_pref.map(|value| json!(value)),
    );
    let password = neighbor.password.as_ref();
    optional(
        &mut written,
        "password_file",
        password.map(|_| json!(password_file())),
    );
    if let Some(role) = neighbor.role {
        written["role"] = json!(word(role.role));
        written["require_role"] = json!(role.required);
    }
    if neighbor.services.is_some() {
        let heard = config
            .services
            .iter()
            .filter(|service| neighbor.gets(&service.name));
        let heard: Vec<String> = heard.map(|service| service.name.to_string()).collect();
        written["services"] = json!(heard);
    }
    written
}

/// The password of all sessions of the stage.
pub(crate) fn password_file() -> String {
    format!("{DIRECTORY}/password")
}

fn optional(written: &mut Value, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        written[key] = value;
    }
}

fn graceful_restart(value: GracefulRestart) -> &'static str {
    match value {
        GracefulRestart::Aware => "aware",
        GracefulRestart::Full => "full",
        GracefulRestart::None => "none",
    }
}

fn import(value: Import) -> &'static str {
    match value {
        Import::None => "none",
        Import::DefaultRoute => "default_route",
    }
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Provider => "provider",
        Role::Customer => "customer",
        Role::Peer => "peer",
        Role::RsServer => "rs_server",
        Role::RsClient => "rs_client",
    }
}

fn limits(limits: Limits) -> Value {
    let mut written = json!({ "import": limit(limits.import), "export": limit(limits.export) });
    optional(&mut written, "receive", limits.receive.map(limit));
    written
}

fn limit(limit: Limit) -> Value {
    let action = match limit.action {
        LimitAction::Warn => "warn",
        LimitAction::Block => "block",
        LimitAction::Restart => "restart",
        LimitAction::Disable => "disable",
    };
    let mut written = json!({ "action": action });
    optional(&mut written, "max", limit.max.map(|max| json!(max)));
    written
}
