//! Any configuration that is accepted renders to something that BIRD accepts.

use std::cell::Cell;
use std::thread;

use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

use super::arbitrary::file;
use super::birds::{birds, is_expected};
use super::*;
use crate::bird::binary::Binary;

/// What one BIRD has against a configuration that is rendered for it.
fn objection(
    bird: &Binary,
    config: &Config,
    passwords: &[(NeighborName, Password)],
) -> Option<String> {
    let target = config.bird.version;
    if bird.version? < target {
        return None;
    }
    let judgement = bird.judge(config, passwords).unwrap();
    let mut messages = judgement.messages.iter();
    let unexpected = messages.any(|message| !is_expected(target, &message.text));
    (unexpected || !judgement.accepted).then(|| format!("{bird:?} {judgement:?}"))
}

/// What any BIRD has against it; all are asked at once.
fn objections(
    birds: &[Binary],
    config: &Config,
    passwords: &[(NeighborName, Password)],
) -> Vec<String> {
    thread::scope(|scope| {
        let ask = |bird| scope.spawn(move || objection(bird, config, passwords));
        let asked: Vec<_> = birds.iter().map(ask).collect();
        let said = asked.into_iter().map(|thread| thread.join().unwrap());
        said.flatten().collect()
    })
}

/// 256 cases, or as many as `PROPTEST_CASES` says.
#[test]
fn what_is_accepted_loads() {
    let birds = birds();
    let (all, accepted) = (Cell::new(0_u32), Cell::new(0_u32));
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&(file(), "[ -!#-~é]{1,40}"), |(text, password)| {
        all.set(all.get() + 1);
        let Ok(mut parsed) = Config::parse("config.yaml", &text) else {
            return Ok(());
        };
        accepted.set(accepted.get() + 1);
        // A target younger than all there are would try nothing.
        let newest = birds.iter().filter_map(|bird| bird.version).max();
        let target = &mut parsed.config.bird.version;
        *target = newest.map_or(*target, |newest| newest.min(*target));
        let passwords = passwords(&parsed.config, &password);
        let said = objections(&birds, &parsed.config, &passwords);
        prop_assert!(said.is_empty(), "{said:?}");
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, (text, _))) => panic!("{why}\n{text}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
    let (all, accepted) = (all.get(), accepted.get());
    assert!(
        accepted * 10 > all * 8,
        "only {accepted} of {all} are valid: what is tested then?"
    );
}
