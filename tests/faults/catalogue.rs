//! Every fault that is played.

mod bird;
mod controller;
mod host;
mod neighbor;
mod server;
mod socket;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lab::{Error, Result};

use crate::fault::{End, Fault};

/// All of them, in the order of the table.
pub(crate) fn faults() -> Vec<Fault> {
    let places = [
        server::faults(),
        bird::faults(),
        socket::faults(),
        controller::faults(),
        host::faults(),
        neighbor::faults(),
    ];
    places.into_iter().flatten().collect()
}

/// Does something over and over in a thread of its own, until the end.
fn again_and_again(mut step: impl FnMut() -> Result<()> + Send + 'static) -> End {
    let over = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&over);
    let thread = std::thread::spawn(move || {
        while !seen.load(Ordering::Relaxed) {
            step()?;
            std::thread::sleep(Duration::from_millis(rand::random_range(50..400)));
        }
        Ok(())
    });
    Box::new(move |_| {
        over.store(true, Ordering::Relaxed);
        let ended = thread.join();
        ended.map_err(|_| Error::new("a thread of the fault has panicked"))?
    })
}
