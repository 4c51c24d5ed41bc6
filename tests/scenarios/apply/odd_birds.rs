//! BIRDs that do not do what they say.

use super::*;

/// Whatever else is at the socket, nothing is written, and it ends.
#[test]
fn a_bird_that_lies() -> Result<()> {
    let lab = lab()?;
    let controller = installed(&lab)?;
    let directory = lab.node().directory();
    let fake = FakeBird::start(&directory.join("bird.ctl"), &PROTOCOLS)?;
    edit(&controller, "hold_time: 10s", "hold_time: 12s")?;
    let old = kept(&directory.join("bird.conf"))?;
    for mischief in [
        Mischief::Garbage,
        Mischief::HalfALine,
        Mischief::HangsUp,
        Mischief::TwoReplies,
        Mischief::Flood,
    ] {
        fake.behave(mischief);
        let outcome = call(&controller, &[])?;
        assert_eq!(outcome.code, Some(4), "{mischief:?}: {outcome:?}");
        assert_eq!(kept(&directory.join("bird.conf"))?, old, "{mischief:?}");
    }
    for unusual in [Mischief::Notices, Mischief::Overflow] {
        fake.behave(unusual);
        ends(&call(&controller, &[])?, 0, "applied")?;
    }
    Ok(())
}

/// It takes the new files, and does not do what belongs to it: the old files are back.
#[test]
fn a_bird_that_does_not_keep_its_word() -> Result<()> {
    let lab = lab()?;
    let controller = installed(&lab)?;
    let directory = lab.node().directory();
    let fake = FakeBird::start(&directory.join("bird.ctl"), &PROTOCOLS)?;
    edit(&controller, "hold_time: 10s", "hold_time: 12s")?;
    let old = kept(&directory.join("bird.conf"))?;
    for (mischief, words) in [
        (
            Mischief::NeverConfirms,
            "BIRD had nothing to confirm (Nothing to do)",
        ),
        (Mischief::NeverReady, "BIRD is still at it after 2 s"),
        (
            Mischief::ConfiguresSilently,
            "BIRD did not answer `configure timeout 23` within 5 s",
        ),
    ] {
        fake.behave(mischief);
        let outcome = call(&controller, &["--confirm", "2s"])?;
        ends(&outcome, 1, words)?;
        assert_eq!(kept(&directory.join("bird.conf"))?, old, "{mischief:?}");
    }
    fake.behave(Mischief::None);
    ends(&call(&controller, &[])?, 0, "applied")?;
    assert_ne!(kept(&directory.join("bird.conf"))?, old);
    Ok(())
}
