//! Our own program, at its defaults.

use lab::{Controller, Lab, Result, Service, Settings};

use super::{Announcer, Program};

const BINARY: &str = env!("CARGO_BIN_EXE_anycastctl");

/// What the first service's routes hang on.
pub(super) const PROTOCOL: &str = "anycast_service1_v4";

pub(super) fn start<'lab>(
    lab: &'lab Lab,
    addresses: &[String],
    events: bool,
) -> Result<Announcer<'lab>> {
    let services: Vec<Service> = addresses
        .iter()
        .enumerate()
        .map(|(index, address)| service(index + 1, address, events))
        .collect();
    let settings = Settings::new(services).without_bfd();
    let mut controller = Controller::install(lab, BINARY, &settings)?;
    let bird = controller.start_bird()?;
    controller.start()?;
    Ok(Announcer {
        program: Program::Ours(Box::new(controller)),
        _bird: Some(bird),
    })
}

/// The defaults, but for what follows an outage: one is measured after the other, and the service must be announced
/// again soon, however often it has failed.
fn service(number: usize, address: &str, events: bool) -> Service {
    let prefix = format!("{address}/32");
    let service = Service::new(&format!("service{number}"), &[prefix.as_str()])
        .default_timing()
        .with("damping: off")
        .with("rise: 1");
    with_events(service, events)
}

/// The one place that knows the key; by default it is on.
fn with_events(service: Service, events: bool) -> Service {
    if events {
        service
    } else {
        service.with("events: false")
    }
}
