//! `anycastctl drain`, `undrain`, `withdraw`, `pin` and `release`: what an operator orders.
//!
//! The daemon has it in force when it answers; the command then waits for BIRD, and shows what is so.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::sleep;

use super::source::Source;
use super::{Code, Failure, Output, runtime};
use crate::cli::{End, Give};
use crate::columns::clean;
use crate::control::{self, Response};
use crate::model::Period;
use crate::overrides::{Action, Kind, Outcome, Override, Report, Request, Whom};
use crate::policy::Announcement;
use crate::status::{Actual, FamilyStatus, Service, Snapshot, clock};

/// Between two looks at the status.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What came of it, as JSON.
#[derive(Debug, Serialize)]
struct Document {
    #[serde(flatten)]
    report: Report,
    /// The services after it, as in the status document.
    status: Vec<Service>,
}

/// Gives an order.
pub fn give(config: &Path, kind: Kind, order: Give) -> Result<Output, Failure> {
    let for_ms = order.period.map(Period::millis);
    end(config, Action::Give { kind, for_ms }, order.common)
}

/// Ends an order, or does anything else that a request can do, and waits for BIRD.
pub fn end(config: &Path, action: Action, end: End) -> Result<Output, Failure> {
    let (request, wait) = (request(action, &end), wait(&end));
    let Source { control, talk, .. } = Source::find(config, end.control);
    let runtime = runtime()?;
    let report = runtime.block_on(ask(&control, &request));
    let report = report.map_err(|failure| Failure {
        message: format!("{talk}{}", failure.message),
        ..failure
    })?;
    let mut stderr = talk + &warnings(&request, &report);
    let done = report.services.iter().filter(|outcome| is_done(outcome));
    let names: HashSet<_> = done.map(|outcome| outcome.service.clone()).collect();
    let seen = runtime.block_on(watch(&control, &names, wait.unwrap_or_default()));
    let (status, reached) = match seen {
        Ok(snapshot) => {
            let bird = snapshot.bird.error;
            let mut services = snapshot.services;
            services.retain(|service| names.contains(&service.name));
            let reached = wait.map_or(Code::Success, |_| {
                reached(&services, target(action), bird, &mut stderr)
            });
            (services, reached)
        }
        Err(error) => {
            let _ = writeln!(
                stderr,
                "the daemon has taken it, but what is announced now cannot be told: {error}"
            );
            (Vec::new(), Code::Environment)
        }
    };
    let code = code(&report, reached);
    let document = Document { report, status };
    let stdout = if end.json {
        super::document(&document)?
    } else {
        lines(&document)
    };
    Ok(Output {
        stdout,
        stderr,
        code,
    })
}

fn request(action: Action, end: &End) -> Request {
    let names = || end.services.iter().map(ToString::to_string).collect();
    Request {
        whom: if end.all {
            Whom::All
        } else {
            Whom::Services(names())
        },
        action,
        reason: end.reason.as_ref().map(ToString::to_string),
    }
}

/// How long to wait for BIRD; `None` to look once.
fn wait(end: &End) -> Option<Duration> {
    (!end.no_wait).then(|| end.wait.duration())
}

async fn ask(control: &Path, request: &Request) -> Result<Report, Failure> {
    match control::ask(control, control::Request::Order(request.clone())).await {
        Ok(Response::Order(report)) => Ok(report),
        Ok(_) => Err(Failure::new(
            Code::Environment,
            &"the daemon answered something else",
        )),
        Err(error @ control::Error::Invalid(_)) => Err(Failure::new(Code::Usage, &error)),
        Err(error) => Err(Failure::new(Code::Environment, &error)),
    }
}

/// Looks until BIRD has what the daemon wants of these services, or time is up.
async fn watch(
    control: &Path,
    names: &HashSet<String>,
    wait: Duration,
) -> Result<Snapshot, control::Error> {
    let deadline = Instant::now() + wait;
    loop {
        let snapshot = match control::ask(control, control::Request::Status).await? {
            Response::Status(snapshot) => *snapshot,
            _ => {
                return Err(control::Error::Refused(
                    "it answered something else".to_owned(),
                ));
            }
        };
        let mut services = snapshot.services.iter();
        let waits = services.any(|service| names.contains(&service.name) && !is_settled(service));
        if !waits || Instant::now() >= deadline {
            return Ok(snapshot);
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Whether it changed something.
fn is_done(outcome: &Outcome) -> bool {
    let changed = outcome.order.is_some() || outcome.ended.is_some();
    outcome.refused.is_none() && changed
}

/// What a request wants to see.
fn target(action: Action) -> Announcement {
    match action {
        Action::Give {
            kind: Kind::Drain, ..
        } => Announcement::Drained,
        Action::Give {
            kind: Kind::Withdraw,
            ..
        } => Announcement::Withdrawn,
        Action::Give {
            kind: Kind::Pin, ..
        }
        | Action::Undrain
        | Action::Release => Announcement::Announced,
    }
}

/// Whether BIRD has what the daemon wants.
fn is_settled(service: &Service) -> bool {
    service
        .families
        .iter()
        .all(|family| has(family, family.desired))
}

fn has(family: &FamilyStatus, wanted: Option<Announcement>) -> bool {
    wanted.is_some() && family.actual == wanted.into()
}

/// The exit code of what is announced now, with what to tell about it.
fn reached(
    services: &[Service],
    target: Announcement,
    bird: Option<String>,
    stderr: &mut String,
) -> Code {
    let mut families = services.iter().flat_map(|service| &service.families);
    if families.all(|family| has(family, Some(target))) {
        return Code::Success;
    }
    if let Some(error) = bird {
        let _ = writeln!(
            stderr,
            "BIRD does not answer ({}). The daemon goes on trying; the order is in force",
            clean(&error)
        );
        return Code::Environment;
    }
    let families = services.iter().flat_map(|service| &service.families);
    let errors: Vec<_> = families
        .filter_map(|family| family.error.as_deref())
        .collect();
    for error in &errors {
        let _ = writeln!(
            stderr,
            "not done yet, the daemon goes on trying: {}",
            clean(error)
        );
    }
    if errors.is_empty() {
        Code::NotAsWanted
    } else {
        Code::Bird
    }
}

/// The worst of everything.
fn code(report: &Report, reached: Code) -> Code {
    let is_refused = report
        .services
        .iter()
        .any(|outcome| outcome.refused.is_some());
    let refused = is_refused.then_some(Code::NotAsWanted);
    let not_kept = report.not_kept.is_some().then_some(Code::Environment);
    let codes = [Some(reached), refused, not_kept];
    let worst = codes.into_iter().flatten().max_by_key(|code| code.number());
    worst.unwrap_or(reached)
}

/// What nobody should learn from the users.
fn warnings(request: &Request, report: &Report) -> String {
    let mut text = String::new();
    let done = report.services.iter().any(is_done);
    match request.action {
        Action::Give {
            kind: Kind::Pin,
            for_ms,
        } if done => {
            text += "WARNING: what is pinned stays announced whatever its checks say: if the DNS server dies, \
                     this node goes on drawing questions that nobody answers. `anycastctl release` ends it.\n";
            if for_ms.is_none() {
                text += "WARNING: without --for, it stays pinned until somebody releases it.\n";
            }
        }
        Action::Give {
            kind: Kind::Withdraw,
            ..
        } if done && request.whom == Whom::All => {
            text += "WARNING: this node announces none of its services any more, whatever their checks say: \
                     what no other node announces, nobody can reach. `anycastctl release --all` ends it.\n";
        }
        _ => {}
    }
    for outcome in &report.services {
        if let Some(refused) = &outcome.refused {
            let _ = writeln!(
                text,
                "{}: nothing was done: {}",
                outcome.service,
                clean(refused)
            );
        }
    }
    if let Some(error) = &report.not_kept {
        let _ = writeln!(
            text,
            "WARNING: this is in force, but would not survive a restart of the daemon, because it is not on \
             the disk: {}. The daemon goes on trying",
            clean(error)
        );
    }
    text
}

/// One line a service.
fn lines(document: &Document) -> String {
    let mut text = String::new();
    for outcome in &document.report.services {
        let mut services = document.status.iter();
        let now = services.find(|service| service.name == outcome.service);
        let now = now.map(|service| format!("; now {}", announced(service)));
        let _ = writeln!(
            text,
            "{}: {}{}",
            clean(&outcome.service),
            followed(outcome),
            now.unwrap_or_default()
        );
    }
    text
}

fn followed(outcome: &Outcome) -> String {
    let of = |order: &Override| format!("the {} of {}", order.kind, clean(&order.by));
    match (&outcome.order, &outcome.ended) {
        (Some(order), _) if outcome.refused.is_some() => format!("{} stays in force", of(order)),
        (None, _) if outcome.refused.is_some() => "no order".to_owned(),
        (Some(order), ended) => {
            let until = order.until.map_or_else(
                || "until it is released".to_owned(),
                |until| format!("until {}", clock(until)),
            );
            let instead = ended
                .as_ref()
                .map(|ended| format!(", in place of {}", of(ended)));
            format!("{} {until}{}", order.kind, instead.unwrap_or_default())
        }
        (None, Some(ended)) => format!("{} has ended", of(ended)),
        (None, None) => "nothing to end".to_owned(),
    }
}

/// What BIRD has, and why.
fn announced(service: &Service) -> String {
    let of = |family: &FamilyStatus| (family.actual, clean(&family.reason));
    let alike = service
        .families
        .windows(2)
        .all(|pair| of(&pair[0]) == of(&pair[1]));
    let families = service.families.iter();
    let mut parts = families.map(|family| {
        let (actual, reason) = of(family);
        let prefix = if alike {
            String::new()
        } else {
            format!("{} ", family.family)
        };
        format!("{prefix}{} ({reason})", word(actual))
    });
    if alike {
        parts.next().unwrap_or_default()
    } else {
        parts.collect::<Vec<_>>().join(", ")
    }
}

fn word(actual: Actual) -> &'static str {
    match actual {
        Actual::Withdrawn => "withdrawn",
        Actual::Drained => "drained",
        Actual::Announced => "announced",
        Actual::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Family;
    use crate::status;

    fn order(kind: Kind) -> Override {
        Override {
            kind,
            reason: None,
            by: "alice".to_owned(),
            since: "2026-11-22T21:00:00Z".parse().unwrap(),
            until: Some("2026-11-22T22:00:00.5Z".parse().unwrap()),
        }
    }

    fn outcome(order: Option<Override>, ended: Option<Override>, refused: Option<&str>) -> Outcome {
        Outcome {
            service: "resolver".to_owned(),
            order,
            ended,
            refused: refused.map(str::to_owned),
        }
    }

    fn family(
        family: Family,
        desired: Option<Announcement>,
        actual: Actual,
        error: Option<&str>,
    ) -> FamilyStatus {
        FamilyStatus {
            family,
            desired,
            actual,
            reason: "ordered".to_owned(),
            since: "2026-11-22T21:00:00Z".parse().unwrap(),
            damping: status::Damping::default(),
            error: error.map(str::to_owned),
        }
    }

    fn service(families: Vec<FamilyStatus>) -> Service {
        Service {
            name: "resolver".to_owned(),
            health: status::Health::Healthy,
            desired: None,
            actual: Actual::Unknown,
            reason: String::new(),
            since: "2026-11-22T21:00:00Z".parse().unwrap(),
            order: None,
            thresholds: status::Thresholds { fall: 3, rise: 5 },
            damping: status::Damping::default(),
            families,
            checks: vec![],
            protocols: vec![],
            exported_to: vec![],
        }
    }

    #[test]
    fn each_outcome_is_a_line() {
        for (outcome, line) in [
            (
                outcome(Some(order(Kind::Drain)), Some(order(Kind::Pin)), None),
                "drain until 2026-11-22 22:00:00 UTC, in place of the pin of alice",
            ),
            (
                outcome(None, Some(order(Kind::Drain)), None),
                "the drain of alice has ended",
            ),
            (outcome(None, None, None), "nothing to end"),
            (
                outcome(Some(order(Kind::Pin)), None, Some("no")),
                "the pin of alice stays in force",
            ),
            (outcome(None, None, Some("no")), "no order"),
        ] {
            assert_eq!(followed(&outcome), line);
        }
    }

    #[test]
    fn families_that_differ_are_shown_apart() {
        let drained = |name| family(name, Some(Announcement::Drained), Actual::Drained, None);
        let alike = service(vec![drained(Family::V4), drained(Family::V6)]);
        assert_eq!(announced(&alike), "drained (ordered)");
        let mut apart = alike;
        apart.families[1].actual = Actual::Withdrawn;
        let shown = announced(&apart);
        assert!(shown.contains("drained (ordered), "), "{shown}");
        assert!(shown.ends_with(" withdrawn (ordered)"), "{shown}");
    }

    #[test]
    fn the_exit_code_tells_what_is_so() {
        let drained = family(
            Family::V4,
            Some(Announcement::Drained),
            Actual::Drained,
            None,
        );
        let out = family(
            Family::V6,
            Some(Announcement::Withdrawn),
            Actual::Withdrawn,
            None,
        );
        let stuck = family(
            Family::V4,
            Some(Announcement::Drained),
            Actual::Announced,
            Some("8001"),
        );
        let gone = || Some("nobody listens".to_owned());
        for (families, bird, code) in [
            (vec![drained.clone()], None, Code::Success),
            (vec![drained, out.clone()], None, Code::NotAsWanted),
            (vec![stuck.clone()], None, Code::Bird),
            (vec![stuck], gone(), Code::Environment),
            (vec![], None, Code::Success),
        ] {
            let target = Announcement::Drained;
            let found = reached(&[service(families)], target, bird, &mut String::new());
            assert_eq!(found, code);
        }
        assert!(is_settled(&service(vec![out.clone()])));
        let undecided = FamilyStatus {
            desired: None,
            ..out
        };
        assert!(!is_settled(&service(vec![undecided])));
    }

    #[test]
    fn what_is_refused_or_not_kept_is_no_success() {
        let report = |refused, not_kept: Option<&str>| Report {
            services: vec![outcome(None, Some(order(Kind::Drain)), refused)],
            not_kept: not_kept.map(str::to_owned),
        };
        assert_eq!(code(&report(None, None), Code::Success), Code::Success);
        assert_eq!(
            code(&report(Some("no"), None), Code::Success),
            Code::NotAsWanted
        );
        assert_eq!(
            code(&report(Some("no"), Some("full")), Code::Success),
            Code::Environment
        );
        assert_eq!(code(&report(None, None), Code::Bird), Code::Bird);
    }
}
