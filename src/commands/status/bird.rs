//! The status without the daemon: what BIRD itself says, and what its intent files would have it do.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::bird::client::{Client, Error};
use crate::bird::command::Command;
use crate::bird::survey;
use crate::bird::table::{self, Protocol};
use crate::config::defaults::BIRD_SOCKET;
use crate::config::{self, Config};
use crate::intent;
use crate::model::Family;
use crate::observed::{Known, Survey};
use crate::reconcile::{FamilyView, Intent, ProtocolView, Seen};
use crate::status::{
    self, Actual, Damping, Export, FamilyStatus, Health, Node, Service, Session, Snapshot, VERSION,
};

/// How long all questions about exports may take: BIRD 3 with a full table needs up to 66 ms for each.
const EXPORTS_TIME: Duration = Duration::from_secs(2);

/// Why nothing is decided.
const NOBODY: &str = "anycastctl is not running";

/// Asks BIRD. Without a configuration only its BGP sessions are shown.
pub(super) async fn observe(config: Option<&Config>) -> Result<Snapshot, Error> {
    let socket = config.map_or_else(|| Path::new(BIRD_SOCKET), |config| &config.bird.socket);
    let mut client = Client::connect_restricted(socket).await?;
    let survey = survey::ask(&mut client).await?;
    let snapshot = |node, services, sessions| Snapshot {
        version: VERSION,
        at: survey.at,
        node,
        controller: None,
        bird: survey.bird(),
        services,
        sessions,
    };
    let Some(config) = config else {
        return Ok(snapshot(nobody(&survey), Vec::new(), found(&survey)));
    };
    let services = config.services.iter();
    let mut services: Vec<_> = services
        .map(|spec| service(config, spec, &survey))
        .collect();
    ask_exports(&mut client, config, &mut services).await;
    Ok(snapshot(
        (&config.node).into(),
        services,
        sessions(config, &survey),
    ))
}

/// Who BIRD says that it is.
fn nobody(survey: &Survey) -> Node {
    let mut sessions = survey
        .protocols
        .iter()
        .filter_map(|protocol| protocol.bgp.as_ref());
    Node {
        name: survey.daemon.hostname.clone().unwrap_or_default(),
        asn: sessions
            .find_map(|session| session.local_as)
            .unwrap_or_default(),
        router_id: survey
            .daemon
            .router_id
            .map_or_else(String::new, |id| id.to_string()),
    }
}

fn sessions(config: &Config, survey: &Survey) -> Vec<Session> {
    let neighbors = config.neighbors.iter();
    let sessions = neighbors.flat_map(|neighbor| {
        let named = neighbor.named_sessions();
        named.map(move |(name, session)| (name, session.remote, neighbor.asn.get()))
    });
    let shown = sessions.map(|(name, remote, asn)| {
        let name = name.as_str();
        survey.session(Known { name, remote, asn })
    });
    shown.collect()
}

/// The BGP sessions that BIRD has.
fn found(survey: &Survey) -> Vec<Session> {
    let sessions = survey
        .protocols
        .iter()
        .filter(|protocol| protocol.bgp.is_some());
    sessions
        .map(|protocol| survey.session(known(protocol)))
        .collect()
}

fn known(protocol: &Protocol) -> Known<'_> {
    let session = protocol.bgp.as_ref();
    let address = session.and_then(|session| session.neighbor_address.as_ref());
    Known {
        name: &protocol.name,
        remote: address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.address),
        asn: session
            .and_then(|session| session.neighbor_as)
            .unwrap_or_default(),
    }
}

fn service(config: &Config, spec: &config::Service, survey: &Survey) -> Service {
    let families: Vec<_> = spec
        .families()
        .map(|family| Found::of(config, spec, family, survey))
        .collect();
    let statuses: Vec<_> = families
        .iter()
        .map(|family| family.status(survey))
        .collect();
    let least = statuses.iter().min_by_key(|family| family.actual);
    Service {
        name: spec.name.to_string(),
        health: Health::Unknown,
        desired: None,
        actual: least.map_or(Actual::Unknown, |family| family.actual),
        reason: NOBODY.to_owned(),
        since: least.map_or(survey.at, |family| family.since),
        order: None,
        damping: Damping::default(),
        thresholds: spec.thresholds.into(),
        checks: Vec::new(),
        protocols: families.into_iter().flat_map(Found::protocols).collect(),
        exported_to: Vec::new(),
        families: statuses,
    }
}

/// A family as it was found.
struct Found {
    family: Family,
    names: [String; 2],
    has_twin: bool,
    view: FamilyView,
}

impl Found {
    fn of(config: &Config, spec: &config::Service, family: Family, survey: &Survey) -> Self {
        let names = spec.protocols(family);
        let [normal, drain] = names.each_ref().map(|name| ProtocolView {
            seen: survey.seen(name),
            intent: intent::read(&config.bird.intent_file(name)),
        });
        Self {
            family,
            has_twin: spec.has_twin(family),
            view: FamilyView { normal, drain },
            names,
        }
    }

    fn status(&self, survey: &Survey) -> FamilyStatus {
        let changed = self.names.iter().filter_map(|name| survey.protocol(name));
        let changed = changed
            .filter_map(|protocol| survey.wall(protocol.since))
            .max();
        FamilyStatus {
            family: self.family,
            desired: None,
            actual: self.view.actual().into(),
            reason: NOBODY.to_owned(),
            since: changed.unwrap_or(survey.at),
            damping: Damping::default(),
            error: None,
        }
    }

    fn protocols(self) -> impl Iterator<Item = status::Protocol> {
        let views = [self.view.normal, self.view.drain];
        let named = self.names.into_iter().zip(views);
        named
            .take(1 + usize::from(self.has_twin))
            .map(|(name, view)| status::Protocol {
                name,
                enabled: view.intent == Intent::Written,
                up: view.seen == Seen::Up,
                protected: None,
            })
    }
}

/// Asks for each announcement that is meant, as far as time allows; the rest stays unknown.
async fn ask_exports(client: &mut Client, config: &Config, services: &mut [Service]) {
    let deadline = Instant::now() + EXPORTS_TIME;
    let mut is_open = true;
    for announcement in config.announcements() {
        let spec = &config.services[announcement.service];
        let names = spec.protocols(announcement.prefix.family());
        let command = Command::ShowRouteExport {
            prefix: announcement.prefix,
            session: announcement.session.clone(),
        };
        let mut exported = None;
        if is_open {
            // After a failure nothing more may be asked there.
            match timeout_at(deadline, client.ask(&command)).await {
                Ok(Ok(reply)) => {
                    let exporting = table::exporting_protocols(&reply);
                    exported = Some(exporting.iter().any(|name| names.contains(name)));
                }
                Ok(Err(_)) | Err(_) => is_open = false,
            }
        }
        services[announcement.service].exported_to.push(Export {
            session: announcement.session,
            prefix: announcement.prefix.to_string(),
            exported,
        });
    }
}
