//! A group of checks, as one check.

use std::borrow::Cow;

use super::CheckView;
use crate::config::{Need, OnFailure};
use crate::health::Health;

/// So many failures are told of in the reason of a group.
const TOLD: usize = 3;

/// The members of a group that decide on one family, each with everything that it looks at, as one check.
///
/// A member is well when all that it looks at is, and it fails when something of that does. `None`: no member decides.
#[must_use]
pub fn combined<'a>(
    name: &'a str,
    on_failure: OnFailure,
    need: Need,
    members: &[Vec<CheckView<'a>>],
) -> Option<CheckView<'a>> {
    let count = |wanted| {
        let members = members.iter();
        members.filter(|views| health(views) == wanted).count()
    };
    let (all, well, failed) = (
        members.len(),
        count(Health::Healthy),
        count(Health::Unhealthy),
    );
    let needed = need.of(all);
    let health = if well >= needed {
        Health::Healthy
    } else if all - failed < needed {
        Health::Unhealthy
    } else {
        Health::Unknown
    };
    let failures = failures(members).take(TOLD);
    let failures = failures.map(|view| format!("; {}: {}", view.name, view.reason));
    let reason = format!(
        "{well} of {all} pass, and {needed} are needed{}",
        failures.collect::<String>()
    );
    (all > 0).then(|| CheckView {
        name,
        health,
        reason: Cow::Owned(reason),
        on_failure,
        off_host: members.iter().flatten().all(|view| view.off_host),
    })
}

/// All that fails, in the order of the file.
fn failures<'v, 'a>(members: &'v [Vec<CheckView<'a>>]) -> impl Iterator<Item = &'v CheckView<'a>> {
    let views = members.iter().flatten();
    views.filter(|view| view.health == Health::Unhealthy)
}

fn health(views: &[CheckView<'_>]) -> Health {
    let is = |health| move |view: &CheckView<'_>| view.health == health;
    if views.iter().any(is(Health::Unhealthy)) {
        Health::Unhealthy
    } else if views.iter().all(is(Health::Healthy)) {
        Health::Healthy
    } else {
        Health::Unknown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn view(health: Health) -> CheckView<'static> {
        CheckView {
            name: "dns-1.1 at 192.0.2.53",
            health,
            reason: "3 failed in a row: refused".into(),
            on_failure: OnFailure::Withdraw,
            off_host: false,
        }
    }

    fn group(need: Need, members: &[Health]) -> CheckView<'static> {
        let members: Vec<_> = members.iter().map(|health| vec![view(*health)]).collect();
        combined("group-1", OnFailure::Withdraw, need, &members).unwrap()
    }

    const HEALTHS: [Health; 3] = [Health::Healthy, Health::Unhealthy, Health::Unknown];

    #[test]
    fn as_many_as_are_needed_decide() {
        use Health::{Healthy, Unhealthy, Unknown};
        for (need, members, expected) in [
            (Need::All, vec![Healthy, Healthy], Healthy),
            (Need::All, vec![Healthy, Unhealthy], Unhealthy),
            (Need::All, vec![Healthy, Unknown], Unknown),
            (Need::All, vec![Unhealthy, Unknown], Unhealthy),
            (Need::Any, vec![Unhealthy, Healthy], Healthy),
            (Need::Any, vec![Unknown, Healthy], Healthy),
            (Need::Any, vec![Unhealthy, Unknown], Unknown),
            (Need::Any, vec![Unhealthy, Unhealthy], Unhealthy),
            (Need::AtLeast(2), vec![Healthy, Unhealthy, Healthy], Healthy),
            (Need::AtLeast(2), vec![Healthy, Unhealthy, Unknown], Unknown),
            (
                Need::AtLeast(2),
                vec![Healthy, Unhealthy, Unhealthy],
                Unhealthy,
            ),
        ] {
            assert_eq!(
                group(need, &members).health,
                expected,
                "{need:?} {members:?}"
            );
        }
    }

    #[test]
    fn a_member_fails_with_anything_that_it_looks_at() {
        let both = vec![view(Health::Healthy), view(Health::Unhealthy)];
        let members = [both, vec![view(Health::Healthy)]];
        let of = |need| combined("g", OnFailure::Withdraw, need, &members).unwrap();
        assert_eq!(of(Need::All).health, Health::Unhealthy);
        assert_eq!(of(Need::Any).health, Health::Healthy);
    }

    #[test]
    fn operators_read_what_is_needed_and_what_fails() {
        let group = group(
            Need::AtLeast(2),
            &[Health::Healthy, Health::Unhealthy, Health::Unhealthy],
        );
        assert_eq!(
            group.reason,
            "1 of 3 pass, and 2 are needed; dns-1.1 at 192.0.2.53: 3 failed in a row: refused; \
             dns-1.1 at 192.0.2.53: 3 failed in a row: refused"
        );
    }

    #[test]
    fn without_a_member_there_is_no_check() {
        assert!(combined("g", OnFailure::Withdraw, Need::Any, &[]).is_none());
    }

    proptest! {
        #[test]
        fn nothing_that_gets_better_makes_a_group_worse(
            needed in 1_u32..4,
            members in prop::collection::vec(prop::sample::select(HEALTHS.to_vec()), 4),
            better in 0_usize..4,
        ) {
            let rank = |health| match health {
                Health::Unhealthy => 0,
                Health::Unknown => 1,
                Health::Healthy => 2,
            };
            let need = Need::AtLeast(needed);
            let before = group(need, &members).health;
            let mut members = members;
            members[better] = Health::Healthy;
            prop_assert!(rank(group(need, &members).health) >= rank(before));
        }
    }
}
