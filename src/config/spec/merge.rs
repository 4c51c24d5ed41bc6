//! What a neighbour does not say itself: presets come first, then `neighbor_defaults`.

use std::net::IpAddr;

use super::{Drain, Field, File, Leaf, Limit, Limits, Named, Neighbor, Preset, Session, Text};
use crate::config::tree::NodeId;
use crate::model::Family;

impl File {
    /// The file with everything written out at every neighbour.
    pub(crate) fn resolved(&self) -> Self {
        let defaults = self.neighbor_defaults.value.clone().unwrap_or_default();
        let resolve = |(name, neighbor): &(String, Field<Neighbor>)| {
            let value = neighbor.value.as_ref();
            let value = value.map(|neighbor| neighbor.with_preset().or(&defaults));
            let node = neighbor.node;
            (name.clone(), Field { node, value })
        };
        let resolved = |Named(all): &Named<Neighbor>| Named(all.iter().map(resolve).collect());
        Self {
            neighbors: Field {
                node: self.neighbors.node,
                value: self.neighbors.value.as_ref().map(resolved),
            },
            ..self.clone()
        }
    }
}

impl<T: Clone> Field<T> {
    /// The field, or another one where the key does not stand in the file. A key without a value stays:
    /// it returns to the format's own default.
    fn or(&self, other: &Self) -> Self {
        if self.node.is_none() { other } else { self }.clone()
    }

    /// A section whose keys are merged one by one.
    fn merge(&self, other: &Self, merge: impl Fn(&T, &T) -> T) -> Self {
        match (&self.value, &other.value) {
            (Some(own), Some(defaults)) => Self {
                value: Some(merge(own, defaults)),
                ..self.clone()
            },
            _ => self.or(other),
        }
    }
}

impl Neighbor {
    fn with_preset(&self) -> Self {
        let Some(at) = self.preset.node else {
            return self.clone();
        };
        let preset = self.preset.value.as_ref().map(|preset| preset.0);
        let mut neighbor = self.or(&Preset::neighbor(preset, at));
        let sessions = neighbor.sessions.value.iter_mut().flatten();
        for session in sessions.filter_map(|session| session.value.as_mut()) {
            session.remote = session.remote.or(&remote(preset, session, at));
        }
        neighbor
    }

    /// This neighbour, with `defaults` for every key that it does not have. Sections are merged key by key.
    pub(crate) fn or(&self, defaults: &Self) -> Self {
        let own = self;
        let password = if own.has_password() { own } else { defaults };
        Self {
            preset: own.preset.clone(),
            asn: own.asn.or(&defaults.asn),
            sessions: own.sessions.clone(),
            password_file: password.password_file.clone(),
            password_credential: password.password_credential.clone(),
            password_env: password.password_env.clone(),
            bfd: own.bfd.or(&defaults.bfd),
            hold_time: own.hold_time.or(&defaults.hold_time),
            multihop: own.multihop.or(&defaults.multihop),
            ttl_security: own.ttl_security.or(&defaults.ttl_security),
            role: own.role.or(&defaults.role),
            require_role: own.require_role.or(&defaults.require_role),
            passive: own.passive.or(&defaults.passive),
            port: own.port.or(&defaults.port),
            graceful_restart: own.graceful_restart.or(&defaults.graceful_restart),
            import: own.import.or(&defaults.import),
            limits: own.limits.merge(&defaults.limits, Limits::or),
            services: own.services.or(&defaults.services),
            communities: own.communities.or(&defaults.communities),
            large_communities: own.large_communities.or(&defaults.large_communities),
            prepend: own.prepend.or(&defaults.prepend),
            local_pref: own.local_pref.or(&defaults.local_pref),
            drain: own.drain.merge(&defaults.drain, Drain::or),
        }
    }

    fn has_password(&self) -> bool {
        self.password_file.node.is_some()
            || self.password_credential.node.is_some()
            || self.password_env.node.is_some()
    }
}

/// The provider's address for a session, as if it stood where the preset stands; absent where it has none.
fn remote(preset: Option<Preset>, session: &Session, at: NodeId) -> Leaf<IpAddr> {
    let local = session.local.value.as_ref().map(|local| local.0);
    let known = preset.zip(local);
    let address = known.map(|(preset, local)| preset.remote(Family::of(local)));
    match address {
        Some(None) => Field::default(),
        address => Field {
            node: Some(at),
            value: address.flatten().map(Text),
        },
    }
}

impl Limits {
    fn or(&self, defaults: &Self) -> Self {
        Self {
            receive: self.receive.merge(&defaults.receive, Limit::or),
            import: self.import.merge(&defaults.import, Limit::or),
            export: self.export.merge(&defaults.export, Limit::or),
        }
    }
}

impl Limit {
    fn or(&self, defaults: &Self) -> Self {
        Self {
            max: self.max.or(&defaults.max),
            action: self.action.or(&defaults.action),
        }
    }
}

impl Drain {
    fn or(&self, defaults: &Self) -> Self {
        Self {
            graceful_shutdown: self.graceful_shutdown.or(&defaults.graceful_shutdown),
            prepend: self.prepend.or(&defaults.prepend),
        }
    }
}
