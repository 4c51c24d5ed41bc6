//! The orders that a start finds on the disk, read before anything is announced.
//!
//! There is a file only while there are orders, and it is replaced as a whole: one that is damaged says for
//! certain that something was ordered, and not what. Whoever takes it for nothing announces a service that
//! an operator had withdrawn; whoever withdraws everything lets one bad file take a healthy node off the
//! Internet. The intent files are the other witness: what they have BIRD announce was announced by our own
//! decision, so nobody had withdrawn it, and it stays, as the checks have it. What they have drained stays
//! drained. What is not announced stays withdrawn until an operator releases it: after a reboot, which
//! empties that directory, this is everything. Each of these is an order like any other, given by
//! `anycastctl`, kept, shown, and told under the problems of the daemon. The damaged file is kept beside the
//! new one.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use crate::config::Config;
use crate::files::{keep_unreadable_orders, read_orders};
use crate::intent;
use crate::overrides::{Kind, Orders, Override};
use crate::reconcile::Intent;

/// Who gives an order where nobody knows what was ordered.
pub(super) const OURSELVES: &str = "anycastctl";

/// How long a disk may take to read a small file.
const READ_DEADLINE: Duration = Duration::from_secs(5);

/// What a start finds.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What is in force.
    pub(super) orders: Orders,
    /// What is wrong with it, and what to do.
    pub(super) problem: Option<String>,
    /// Whether these take the place of what is on the disk.
    pub(super) replaces: bool,
}

/// Reads what is in force, before anything is announced.
pub(super) async fn find(config: &Arc<Config>) -> Found {
    let reading = Arc::clone(config);
    let work = tokio::task::spawn_blocking(move || match read_orders(&reading.daemon.state_dir) {
        Ok(orders) => Found {
            orders,
            ..Found::default()
        },
        Err(error) => {
            let kept = keep_unreadable_orders(&reading.daemon.state_dir);
            let kept = kept.map_or_else(
                |error| error.to_string(),
                |path| format!("it is kept as {}", path.display()),
            );
            in_doubt(&reading, &format!("{error} ({kept})"), intent::read)
        }
    });
    if let Ok(Ok(found)) = timeout(READ_DEADLINE, work).await {
        return found;
    }
    let (path, time) = (config.daemon.state_dir.display(), READ_DEADLINE.as_secs());
    let error = format!("{path} could not be read within {time} s, which a restart tries again");
    // The intent files may hang as well: nothing is known to be announced. The file may be good.
    let found = in_doubt(config, &error, |_| Intent::Foreign);
    Found {
        replaces: false,
        ..found
    }
}

/// See the module.
fn in_doubt(config: &Config, error: &str, intent: impl Fn(&Path) -> Intent) -> Found {
    let mut orders = Orders::new();
    for service in &config.services {
        let is_on = |twin: usize| {
            let mut families = service.families().map(|family| service.protocols(family));
            families.any(|names| intent(&config.bird.intent_file(&names[twin])) == Intent::Written)
        };
        let kind = match (is_on(0), is_on(1)) {
            (true, _) => continue,
            (false, true) => Kind::Drain,
            (false, false) => Kind::Withdraw,
        };
        let order = Override {
            kind,
            reason: Some("the file of the orders could not be read: it stays as it was".to_owned()),
            by: OURSELVES.to_owned(),
            since: Timestamp::now(),
            until: None,
        };
        orders.insert(service.name.to_string(), order);
    }
    let held: Vec<_> = orders.keys().map(String::as_str).collect();
    let held = match held.as_slice() {
        [] => "every service is announced, so none had been withdrawn".to_owned(),
        held => format!("not announced, and kept so: {}", held.join(", ")),
    };
    let problem = format!(
        "nobody knows what operators had ordered: {error}. {held}. Give the orders that you know of again, and \
         end the others with `anycastctl release`"
    );
    Found {
        orders,
        problem: Some(problem),
        replaces: true,
    }
}
