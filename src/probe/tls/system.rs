//! The authorities of this host. There are more than a hundred, so one copy serves all checks, for as long as any uses
//! it.

use std::ptr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::CryptoProvider;

use super::trust::web_pki;

/// They are read again because of a refusal at most so often: that takes milliseconds of a processor, and checks may
/// fail ten times a second.
const PAUSE: Duration = Duration::from_mins(1);

/// Whoever reads them holds this: however many checks wait for a disk that hangs, one thread does.
static TURN: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(1)));

/// Never held while something is read.
static SHARED: Mutex<Shared> = Mutex::new(Shared {
    verifier: Weak::new(),
    given_up: None,
});

struct Shared {
    verifier: Weak<WebPkiServerVerifier>,
    /// When it was last given up for one that is read anew.
    given_up: Option<Instant>,
}

/// What has to be held while [`verifier`] is called.
pub(super) fn turn() -> Arc<Semaphore> {
    Arc::clone(&TURN)
}

/// What verifies by them; read only if nobody has it. An error goes on from "the prober".
pub(super) fn verifier(
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, String> {
    if let Some(verifier) = shared().verifier.upgrade() {
        return Ok(verifier);
    }
    let mut roots = RootCertStore::empty();
    let (added, _ignored) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        return Err("found no certificate authorities on this host: install ca-certificates, or name a `ca_file`".to_owned());
    }
    let verifier = web_pki(roots, provider)?;
    shared().verifier = Arc::downgrade(&verifier);
    Ok(verifier)
}

/// Whether the one that has just refused a certificate should not be used again, since there is a newer one, or may
/// be: `update-ca-certificates` says nothing to us.
pub(super) fn is_outdated(refusing: &Arc<dyn ServerCertVerifier>) -> bool {
    shared().is_outdated(refusing, Instant::now())
}

fn shared() -> MutexGuard<'static, Shared> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn is_outdated(&mut self, refusing: &Arc<dyn ServerCertVerifier>, now: Instant) -> bool {
        let is_current =
            |current: Arc<_>| ptr::addr_eq(Arc::as_ptr(&current), Arc::as_ptr(refusing));
        if !self.verifier.upgrade().is_some_and(is_current) {
            return true;
        }
        let is_soon = |last| now.saturating_duration_since(last) < PAUSE;
        if self.given_up.is_some_and(is_soon) {
            return false;
        }
        self.given_up = Some(now);
        self.verifier = Weak::new();
        true
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use lab::Authority;
    use tokio::task::spawn_blocking;
    use tokio_rustls::rustls::crypto::ring;

    use super::super::Client;
    use super::*;
    use crate::config::{Tls, Trust};

    fn some_verifier() -> Arc<WebPkiServerVerifier> {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new(directory.path(), "authority").unwrap();
        let roots = super::super::trust::authorities(authority.file()).unwrap();
        web_pki(roots, &Arc::new(ring::default_provider())).unwrap()
    }

    #[test]
    fn one_that_refuses_is_given_up_at_most_once_a_minute() {
        let [first, second] = [some_verifier(), some_verifier()];
        let refusing = |verifier: &Arc<WebPkiServerVerifier>| {
            Arc::clone(verifier) as Arc<dyn ServerCertVerifier>
        };
        let (first_one, second_one) = (refusing(&first), refusing(&second));
        let start = Instant::now();
        let mut shared = Shared {
            verifier: Arc::downgrade(&first),
            given_up: None,
        };
        assert!(shared.is_outdated(&first_one, start));
        assert!(shared.verifier.upgrade().is_none(), "the next one reads");
        assert!(shared.is_outdated(&first_one, start), "another check");

        shared.verifier = Arc::downgrade(&second);
        assert!(
            shared.is_outdated(&first_one, start),
            "there is a newer one"
        );
        assert!(!shared.is_outdated(&second_one, start + PAUSE / 2));
        assert!(shared.verifier.upgrade().is_some());
        assert!(shared.is_outdated(&second_one, start + PAUSE));
        assert!(shared.verifier.upgrade().is_none());
    }

    /// As if one of them read from a disk that hangs.
    #[test]
    fn however_many_wait_for_them_they_take_no_thread() {
        let settings = Tls {
            name: None,
            trust: Trust::System,
        };
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let builder = builder.enable_all().max_blocking_threads(1);
        builder.build().unwrap().block_on(async {
            let reader = turn().acquire_owned().await;
            let clients = [(); 3].map(|()| Client::new(&settings, &[]));
            let waiting = clients
                .each_ref()
                .map(|client| client.loaded(Duration::from_millis(20)));
            for result in join_all(waiting).await {
                let slow = "could not read certificates within 20ms";
                assert_eq!(result.err().as_deref(), Some(slow));
            }
            assert_eq!(spawn_blocking(|| "done").await.unwrap(), "done");
            drop(reader);
        });
    }
}
