//! A BIRD that misbehaves as no real one can be made to. Whatever it says, the daemon never crashes, never
//! claims what is not so, keeps trying, and gets there once BIRD behaves.

use std::time::Duration;

use lab::{Answer, Controller, DnsServer, Error, FakeBird, Lab, Mischief, Result, Software};
use serde_json::Value;

use crate::scene::{V4, V6, lab, settings};

/// The protocols of the service.
pub(crate) const PROTOCOLS: [&str; 4] = [
    "anycast_resolver_v4",
    "anycast_resolver_v4_drain",
    "anycast_resolver_v6",
    "anycast_resolver_v6_drain",
];

/// The program with its configuration, and no BIRD.
pub(crate) fn installed(lab: &Lab) -> Result<Controller<'_>> {
    Controller::install(lab, env!("CARGO_BIN_EXE_anycastctl"), &settings())
}

struct Scene<'lab> {
    lab: &'lab Lab,
    controller: Controller<'lab>,
    fake: FakeBird,
    server: DnsServer<'lab>,
}

impl<'lab> Scene<'lab> {
    /// Both families are up.
    fn announced(lab: &'lab Lab) -> Result<Self> {
        let mut controller = installed(lab)?;
        let fake = FakeBird::start(&lab.node().directory().join("bird.ctl"), &PROTOCOLS)?;
        let server = DnsServer::start(lab.node(), Software::Nsd, "dns", &[V4, V6])?;
        controller.start()?;
        let scene = Self {
            lab,
            controller,
            fake,
            server,
        };
        scene.is("announced")?;
        Ok(scene)
    }

    fn status(&self) -> Result<Value> {
        let outcome = self.controller.call(&["status", "--json"])?;
        serde_json::from_str(&outcome.output)
            .map_err(|error| Error::new(format!("{error} in {outcome:?}")))
    }

    fn up(&self) -> usize {
        PROTOCOLS
            .iter()
            .filter(|name| self.fake.is_up(name))
            .count()
    }

    /// Waits until the daemon says this of both families, and it is so.
    fn is(&self, state: &str) -> Result<()> {
        let wanted = if state == "announced" { 2 } else { 0 };
        self.lab.wait_until(state, || {
            let document = self.status()?;
            let families = document["services"][0]["families"].as_array();
            let so = families
                .into_iter()
                .flatten()
                .all(|family| family["actual"] == state && family["error"].is_null());
            if so && self.up() == wanted {
                return Ok(());
            }
            Err(Error::new(format!("{} up; {document}", self.up())))
        })
    }

    /// Nothing is said to be withdrawn that is up.
    fn is_honest(&self) -> Result<()> {
        let document = self.status()?;
        let families = document["services"][0]["families"].as_array();
        let claimed = families
            .into_iter()
            .flatten()
            .all(|family| family["actual"] == "withdrawn");
        if claimed && self.up() > 0 {
            return Err(Error::new(format!("{} up, and {document}", self.up())));
        }
        Ok(())
    }

    /// The server dies while BIRD misbehaves, and comes back after BIRD has come to its senses.
    fn survives(mut self, mischief: Mischief) -> Result<()> {
        self.fake.behave(mischief);
        self.server.kill()?;
        self.lab
            .stays("honest", Duration::from_secs(3), || self.is_honest())?;
        self.fake.behave(Mischief::None);
        self.is("withdrawn")?;
        self.server.restart(Answer::Normal)?;
        self.is("announced")?;
        assert!(self.controller.daemon()?.is_running());
        Ok(())
    }
}

fn survives(mischief: Mischief) -> Result<()> {
    let lab = lab()?;
    Scene::announced(&lab)?.survives(mischief)
}

/// It is unusual and no trouble: what is due happens meanwhile.
fn bears(mischief: Mischief) -> Result<()> {
    let lab = lab()?;
    let mut scene = Scene::announced(&lab)?;
    scene.fake.behave(mischief);
    scene.server.kill()?;
    scene.is("withdrawn")?;
    scene.server.restart(Answer::Normal)?;
    scene.is("announced")
}

#[test]
fn garbage() -> Result<()> {
    survives(Mischief::Garbage)
}

#[test]
fn half_a_line_for_ever() -> Result<()> {
    survives(Mischief::HalfALine)
}

#[test]
fn hanging_up_in_the_middle() -> Result<()> {
    survives(Mischief::HangsUp)
}

#[test]
fn two_replies_for_one_command() -> Result<()> {
    survives(Mischief::TwoReplies)
}

#[test]
fn refusing() -> Result<()> {
    survives(Mischief::Refuses)
}

#[test]
fn done_and_not_done() -> Result<()> {
    survives(Mischief::Pretends)
}

#[test]
fn done_and_never_said() -> Result<()> {
    survives(Mischief::KeepsSilent)
}

#[test]
fn notices_between_the_lines() -> Result<()> {
    bears(Mischief::Notices)
}

#[test]
fn an_overflow_in_the_table() -> Result<()> {
    bears(Mischief::Overflow)
}

/// The table cannot be used, and the withdraw does not need it. Nor is all of it kept in memory.
fn floods(mischief: Mischief) -> Result<()> {
    let lab = lab()?;
    let mut scene = Scene::announced(&lab)?;
    scene.fake.behave(mischief);
    scene.server.kill()?;
    lab.wait_until("down", || match scene.up() {
        0 => Ok(()),
        number => Err(number),
    })?;
    let (resident, _) = scene.controller.daemon()?.usage()?;
    assert!(resident < 60_000_000, "{resident} bytes");
    scene.fake.behave(Mischief::None);
    scene.is("withdrawn")?;
    scene.server.restart(Answer::Normal)?;
    scene.is("announced")
}

#[test]
fn thirty_megabytes_of_rows() -> Result<()> {
    floods(Mischief::Flood)
}

#[test]
fn thirty_megabytes_of_empty_lines() -> Result<()> {
    floods(Mischief::EmptyFlood)
}
