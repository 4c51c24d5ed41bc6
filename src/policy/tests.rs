use proptest::prelude::*;

use super::*;

fn check(on_failure: OnFailure, health: Health) -> CheckView<'static> {
    let (name, reason) = match on_failure {
        OnFailure::Withdraw => ("dns-1 at 192.0.2.53", "3 failed in a row: refused"),
        OnFailure::Drain => ("recursion at 198.51.100.1", "3 failed in a row: timeout"),
    };
    CheckView {
        name,
        health,
        reason: reason.into(),
        on_failure,
        off_host: on_failure == OnFailure::Drain,
    }
}

fn local(health: Health) -> CheckView<'static> {
    check(OnFailure::Withdraw, health)
}

fn far(health: Health) -> CheckView<'static> {
    check(OnFailure::Drain, health)
}

fn order(kind: Kind) -> Override {
    Override {
        kind,
        reason: Some("new disks".to_owned()),
        by: "alice".to_owned(),
        since: "2026-11-22T21:00:00.5Z".parse().unwrap(),
        until: None,
    }
}

fn damping() -> Hold {
    Hold {
        until: "2026-11-22T21:04:30Z".parse().unwrap(),
        cycles: 3,
    }
}

fn missing() -> Addresses {
    Addresses::Missing("192.0.2.53/32".parse().unwrap())
}

/// A healthy family that is announced.
fn inputs<'a>(checks: &'a [CheckView<'a>]) -> Inputs<'a> {
    Inputs {
        stopping: None,
        order: None,
        addresses: Addresses::Present,
        checks,
        hold: None,
        current: Some(Announcement::Announced),
        has_twin: true,
    }
}

/// The first row that fits says what is desired; a dot fits everything. `local` is a check that withdraws, `far`
/// one that drains, `-` for none; `up` is announced or drained; `as it is` is no decision.
const TABLE: &str = "
stops address order    local far     held now  twin | desired
yes   .       .        .     .       .    .    .    | withdrawn
.     missing .        .     .       .    .    .    | withdrawn
.     .       withdraw .     .       .    .    .    | withdrawn
.     .       pin      .     .       .    .    .    | announced
.     .       .        fail  .       .    .    .    | withdrawn
.     .       drain    .     .       .    up   yes  | drained
.     .       none     .     fail    .    up   yes  | drained
.     unknown .        .     .       .    .    .    | as it is
.     .       .        ?     .       .    .    .    | as it is
.     .       .        .     ?       .    .    .    | as it is
.     .       .        .     .       yes  down .    | withdrawn
.     .       drain    .     .       .    down yes  | drained
.     .       none     .     fail    .    down yes  | drained
.     .       .        .     .       .    .    .    | announced
";

fn looked_up(words: &[&str]) -> &'static str {
    let fits = |row: &&str| {
        let (cells, _) = row.split_once('|').unwrap();
        let mut cells = cells.split_whitespace().zip(words);
        cells.all(|(cell, word)| cell == "." || cell == *word)
    };
    let row = TABLE.lines().skip(2).find(fits).unwrap();
    row.split_once('|').unwrap().1.trim()
}

#[test]
fn every_combination_is_as_in_the_table() {
    let health = |word: &str| match word {
        "pass" => Health::Healthy,
        "fail" => Health::Unhealthy,
        _ => Health::Unknown,
    };
    let mut seen = 0;
    let mut try_one = |words: [&str; 8], current: Option<Announcement>| {
        let [stops, address, ordered, near, distant, held, _, twin] = words;
        let kinds = [
            ("drain", Kind::Drain),
            ("withdraw", Kind::Withdraw),
            ("pin", Kind::Pin),
        ];
        let kind = kinds.iter().find(|(name, _)| *name == ordered);
        let order = kind.map(|(_, kind)| order(*kind));
        let mut checks = vec![local(health(near))];
        if distant != "-" {
            checks.push(far(health(distant)));
        }
        let decision = decide(&Inputs {
            stopping: (stops == "yes").then_some("SIGTERM"),
            order: order.as_ref(),
            addresses: match address {
                "present" => Addresses::Present,
                "missing" => missing(),
                _ => Addresses::Unknown,
            },
            checks: &checks,
            hold: (held == "yes").then(damping),
            current,
            has_twin: twin == "yes",
        });
        let desired = decision
            .desired
            .map_or_else(|| "as it is".to_owned(), |desired| desired.to_string());
        assert_eq!(desired, looked_up(&words), "{words:?} {}", decision.reason);
        assert!(!decision.reason.is_empty());
        seen += 1;
    };
    let states = [
        ("up", Some(Announcement::Announced)),
        ("up", Some(Announcement::Drained)),
        ("down", Some(Announcement::Withdrawn)),
        ("down", None),
    ];
    for stops in ["yes", "no"] {
        for address in ["present", "missing", "unknown"] {
            for ordered in ["none", "drain", "withdraw", "pin"] {
                for near in ["pass", "fail", "?"] {
                    for distant in ["-", "pass", "fail", "?"] {
                        for held in ["yes", "no"] {
                            for (now, current) in states {
                                for twin in ["yes", "no"] {
                                    try_one(
                                        [stops, address, ordered, near, distant, held, now, twin],
                                        current,
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(seen, 2 * 3 * 4 * 3 * 4 * 2 * 4 * 2);
}

#[test]
fn reasons_name_the_check_and_its_evidence() {
    let reason = |checks: &[CheckView<'_>]| decide(&inputs(checks)).reason;
    let (pass, fail) = (Health::Healthy, Health::Unhealthy);
    assert_eq!(
        reason(&[local(fail)]),
        "dns-1 at 192.0.2.53: 3 failed in a row: refused"
    );
    assert_eq!(reason(&[local(pass)]), "1 check passes");
    assert_eq!(reason(&[local(pass), far(pass)]), "2 checks pass");
    assert_eq!(
        reason(&[local(pass), local(Health::Unknown)]),
        "waiting for verdicts: 1 of 2 checks decided"
    );
}

#[test]
fn what_fails_everywhere_else_is_said_to_be_so() {
    let (pass, fail) = (Health::Healthy, Health::Unhealthy);
    let reason = |checks: &[CheckView<'_>]| decide(&inputs(checks)).reason;
    let evidence = "recursion at 198.51.100.1: 3 failed in a row: timeout";
    assert_eq!(
        reason(&[local(pass), far(fail)]),
        format!(
            "the only check of another host fails: the fault may lie beyond it, on the way or for the whole fleet: {evidence}"
        )
    );
    assert_eq!(
        reason(&[local(pass), far(fail), far(fail)]),
        format!(
            "all 2 checks of other hosts fail at once: the fault may lie beyond them, on the way or for the whole fleet: {evidence}"
        )
    );
    // One of them still passes, or one of this host fails as well: then it is more likely the other.
    assert_eq!(reason(&[local(pass), far(fail), far(pass)]), evidence);
    let own = |health| CheckView {
        off_host: false,
        ..far(health)
    };
    assert_eq!(reason(&[local(pass), far(fail), own(fail)]), evidence);
    assert_eq!(reason(&[local(pass), own(fail)]), evidence);
    let only = reason(&[local(pass), own(pass), far(fail)]);
    assert!(
        only.starts_with("the only check of another host fails: "),
        "{only}"
    );
}

#[test]
fn reasons_of_orders_say_who_and_since_when() {
    let (pass, fail) = (Health::Healthy, Health::Unhealthy);
    let reason = |kind, checks: &[CheckView<'_>], hold, addresses| {
        let mut order = order(kind);
        if kind == Kind::Drain {
            (order.reason, order.until) = (None, Some(damping().until));
        }
        decide(&Inputs {
            order: Some(&order),
            hold,
            addresses,
            current: Some(Announcement::Withdrawn),
            ..inputs(checks)
        })
        .reason
    };
    let present = Addresses::Present;
    let shown = [
        reason(Kind::Withdraw, &[local(pass)], None, present),
        reason(Kind::Drain, &[local(pass)], None, present),
        reason(Kind::Drain, &[local(pass)], Some(damping()), present),
        reason(Kind::Pin, &[local(pass)], None, present),
        reason(Kind::Pin, &[local(fail)], None, present),
        reason(Kind::Pin, &[local(Health::Unknown)], None, present),
        reason(Kind::Pin, &[local(pass)], Some(damping()), present),
        reason(Kind::Pin, &[local(pass)], None, missing()),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r"
    withdrawn by alice since 2026-11-22 21:00:00 UTC (new disks)
    drained by alice since 2026-11-22 21:00:00 UTC until 2026-11-22 21:04:30 UTC
    held until 21:04:30 UTC: it went down 3 times lately (damping); after that: drained by alice since 2026-11-22 21:00:00 UTC until 2026-11-22 21:04:30 UTC
    pinned by alice since 2026-11-22 21:00:00 UTC (new disks); the checks would announce it too
    PINNED by alice since 2026-11-22 21:00:00 UTC (new disks): announced although dns-1 at 192.0.2.53: 3 failed in a row: refused
    PINNED by alice since 2026-11-22 21:00:00 UTC (new disks): announced although waiting for verdicts: 0 of 1 checks decided
    PINNED by alice since 2026-11-22 21:00:00 UTC (new disks): announced although healthy again, but held until 21:04:30 UTC: it went down 3 times lately (damping)
    this host has no address within 192.0.2.53/32, so it is withdrawn although pinned by alice since 2026-11-22 21:00:00 UTC (new disks)
    ");
}

#[test]
fn reasons_of_a_hold_say_when_it_ends() {
    let (pass, fail) = (Health::Healthy, Health::Unhealthy);
    let reason = |checks: &[CheckView<'_>], cycles| {
        decide(&Inputs {
            hold: Some(Hold {
                cycles,
                ..damping()
            }),
            current: Some(Announcement::Withdrawn),
            ..inputs(checks)
        })
        .reason
    };
    let shown = [
        reason(&[local(pass)], 3),
        reason(&[local(pass)], 1),
        reason(&[local(fail)], 3),
    ];
    insta::assert_snapshot!(shown.join("\n"), @r"
    healthy again, but held until 21:04:30 UTC: it went down 3 times lately (damping)
    healthy again, but held until 21:04:30 UTC: it went down once lately (damping)
    dns-1 at 192.0.2.53: 3 failed in a row: refused; not announced again before 21:04:30 UTC: it went down 3 times lately (damping)
    ");
}

#[test]
fn without_a_drained_twin_it_is_announced_and_the_reason_says_so() {
    let order = order(Kind::Drain);
    let passes = [local(Health::Healthy)];
    let by_order = Inputs {
        order: Some(&order),
        has_twin: false,
        ..inputs(&passes)
    };
    let checks = [local(Health::Healthy), far(Health::Unhealthy)];
    let by_check = Inputs {
        has_twin: false,
        ..inputs(&checks)
    };
    for inputs in [by_order, by_check] {
        let decision = decide(&inputs);
        assert_eq!(decision.desired, Some(Announcement::Announced));
        assert!(
            decision
                .reason
                .ends_with("; announced all the same, because there is no drained protocol for it"),
            "{}",
            decision.reason
        );
    }
}

#[test]
fn only_failures_count_as_such() {
    let checks = [local(Health::Unhealthy)];
    let order = order(Kind::Withdraw);
    let failed = inputs(&checks);
    let stopped = Inputs {
        stopping: Some("SIGTERM"),
        ..failed
    };
    let ordered = Inputs {
        order: Some(&order),
        ..failed
    };
    let lacks = Inputs {
        addresses: missing(),
        ..ordered
    };
    let far = [far(Health::Unhealthy)];
    for (inputs, is_failure) in [
        (failed, true),
        (lacks, true),
        (stopped, false),
        (ordered, false),
        (inputs(&far), false),
    ] {
        assert_eq!(decide(&inputs).is_failure(), is_failure, "{inputs:?}");
    }
}

fn healths() -> impl Strategy<Value = Health> {
    prop::sample::select(vec![Health::Healthy, Health::Unhealthy, Health::Unknown])
}

fn any_checks() -> impl Strategy<Value = Vec<CheckView<'static>>> {
    let one = (healths(), any::<bool>(), any::<bool>()).prop_map(|(health, drains, off_host)| {
        let does = if drains {
            OnFailure::Drain
        } else {
            OnFailure::Withdraw
        };
        CheckView {
            off_host,
            ..check(does, health)
        }
    });
    prop::collection::vec(one, 0..6)
}

fn any_order() -> impl Strategy<Value = Option<Override>> {
    prop::option::of(
        prop::sample::select(vec![Kind::Drain, Kind::Withdraw, Kind::Pin]).prop_map(order),
    )
}

proptest! {
    #[test]
    fn holds_for_any_number_of_checks(
        checks in any_checks(),
        order in any_order(),
        lacks in any::<bool>(),
        held in any::<bool>(),
        current in prop::sample::select(vec![
            None,
            Some(Announcement::Withdrawn),
            Some(Announcement::Drained),
            Some(Announcement::Announced),
        ]),
        has_twin in any::<bool>(),
    ) {
        let decision = decide(&Inputs {
            stopping: None,
            order: order.as_ref(),
            addresses: if lacks { missing() } else { Addresses::Present },
            checks: &checks,
            hold: held.then(damping),
            current,
            has_twin,
        });
        let ordered = |kind| order.as_ref().is_some_and(|order| order.kind == kind);
        let fails = |does| checks.iter().any(|check| check.on_failure == does && check.health == Health::Unhealthy);
        let is_up = current.is_some_and(|current| current > Announcement::Withdrawn);
        let undecided = checks.iter().any(|check| check.health == Health::Unknown);
        let withdrawn = Some(Announcement::Withdrawn);

        // Whatever else there is, damping and other checks included.
        if lacks || ordered(Kind::Withdraw) || (fails(OnFailure::Withdraw) && !ordered(Kind::Pin)) {
            prop_assert_eq!(decision.desired, withdrawn);
        } else if ordered(Kind::Pin) {
            prop_assert_eq!(decision.desired, Some(Announcement::Announced));
        } else if is_up {
            prop_assert_ne!(decision.desired, withdrawn, "nothing but local failure withdraws");
        } else {
            let comes_back = decision.desired.is_some_and(|desired| desired > Announcement::Withdrawn);
            prop_assert_eq!(comes_back, !held && !undecided);
        }
        if decision.desired == Some(Announcement::Drained) {
            prop_assert!(has_twin && (ordered(Kind::Drain) || fails(OnFailure::Drain)));
        }
        if let Because::FailedCheck(position) = decision.because {
            prop_assert_eq!(checks[position].health, Health::Unhealthy);
        }
        prop_assert_eq!(is_out(&checks, Addresses::Present), fails(OnFailure::Withdraw));
    }

    /// Whoever repairs something need not look at the rest first.
    #[test]
    fn nothing_that_gets_better_takes_more_away(
        checks in any_checks(),
        better in any::<prop::sample::Index>(),
        order in any_order(),
        held in any::<bool>(),
        current in prop::sample::select(vec![Announcement::Withdrawn, Announcement::Drained, Announcement::Announced]),
        has_twin in any::<bool>(),
    ) {
        let after = |checks: &[CheckView<'_>]| {
            let decision = decide(&Inputs {
                stopping: None,
                order: order.as_ref(),
                addresses: Addresses::Present,
                checks,
                hold: held.then(damping),
                current: Some(current),
                has_twin,
            });
            decision.desired.unwrap_or(current)
        };
        let before = after(&checks);
        let mut checks = checks;
        if !checks.is_empty() {
            better.get_mut(&mut checks).health = Health::Healthy;
        }
        prop_assert!(after(&checks) >= before);
    }
}
