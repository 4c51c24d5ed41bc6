//! Every DNS server of the lab answers, dies, hangs and fails as ordered.

use lab::{Answer, DnsServer, FakeDns, Lab, Lie, Result, Software, ask};

const V4: &str = "192.0.2.53";
const V6: &str = "2001:db8:53::53";

fn lives_and_dies(software: Software) -> Result<()> {
    let lab = Lab::new(&[V4, V6])?;
    let mut server = DnsServer::start(lab.node(), software, "dns", &[V4, V6])?;
    assert_eq!(ask(lab.node(), V6, true)?, "NOERROR");

    server.process()?.freeze()?;
    assert!(
        ask(lab.node(), V4, false).is_err(),
        "frozen, yet it answers"
    );
    server.process()?.thaw()?;
    lab.wait_until("answers after the thaw", || ask(lab.node(), V4, false))?;

    server.restart(Answer::ServFail)?;
    server.restart(Answer::Refused)?;
    server.restart(Answer::Normal)?;

    server.process()?.terminate()?;
    assert!(ask(lab.node(), V4, false).is_err(), "ended, yet it answers");
    server.restart(Answer::Normal)?;
    server.kill()?;
    assert!(
        ask(lab.node(), V6, false).is_err(),
        "killed, yet it answers"
    );
    Ok(())
}

#[test]
fn nsd_lives_and_dies() -> Result<()> {
    lives_and_dies(Software::Nsd)
}

#[test]
fn unbound_lives_and_dies() -> Result<()> {
    lives_and_dies(Software::Unbound)
}

#[test]
fn named_lives_and_dies() -> Result<()> {
    lives_and_dies(Software::Named)
}

#[test]
fn tcp_can_be_dropped_alone() -> Result<()> {
    let lab = Lab::new(&[V4])?;
    let _server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4])?;
    lab.node().drop_tcp(53)?;
    assert_eq!(ask(lab.node(), V4, false)?, "NOERROR");
    assert!(
        ask(lab.node(), V4, true).is_err(),
        "TCP is dropped, yet it answers"
    );
    lab.node().undrop()?;
    assert_eq!(ask(lab.node(), V4, true)?, "NOERROR");
    Ok(())
}

#[test]
fn liars_lie() -> Result<()> {
    let lab = Lab::new(&[])?;
    let address = "127.0.0.1:53".parse().expect("an address");
    let honest = FakeDns::start(lab.node(), address, Lie::None)?;
    assert_eq!(ask(lab.node(), "127.0.0.1", false)?, "NOERROR");
    drop(honest);
    for lie in [
        Lie::WrongId,
        Lie::WrongQuestion,
        Lie::Silence,
        Lie::Truncated,
        Lie::HalfAHeader,
    ] {
        let _liar = FakeDns::start(lab.node(), address, lie)?;
        let heard = ask(lab.node(), "127.0.0.1", false);
        assert!(heard.is_err(), "{lie:?} was believed: {heard:?}");
    }
    Ok(())
}
