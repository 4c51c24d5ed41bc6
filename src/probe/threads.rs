//! Threads for what may hang on a disk: so many for all probes together, so that a disk that hangs leaves enough of the
//! runtime's to everybody else, who may have a route to withdraw.

use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};

/// Threads that probes may take, half of those that tokio has.
pub(super) static THREADS: Threads = Threads::new(256);

/// So many threads.
pub(super) struct Threads(Semaphore);

impl Threads {
    const fn new(most: usize) -> Self {
        Self(Semaphore::const_new(most))
    }

    /// Does it on a thread, as soon as one is free. Whoever stops waiting before that has not asked; what has begun goes
    /// on to its end. An error means that it broke down.
    pub(super) async fn run<T: Send + 'static>(
        &'static self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        // It is never closed.
        let permit = self.0.acquire().await.ok();
        let working = spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        working.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn what_hangs_leaves_threads_to_others() {
        static ONE: Threads = Threads::new(1);
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().max_blocking_threads(2).build();
        let runtime = runtime.unwrap();
        let (free, hangs) = channel::<()>();
        let (others, after) = runtime.block_on(async move {
            let hanging = ONE.run(move || hangs.recv());
            let hanging = timeout(SHORT, hanging).await;
            assert!(hanging.is_err());
            for _ in 0..3 {
                assert!(timeout(SHORT, ONE.run(|| ())).await.is_err());
            }
            let others = timeout(LONG, spawn_blocking(|| "done")).await;
            drop(free);
            let after = timeout(LONG, ONE.run(|| "free again")).await;
            (others, after)
        });
        runtime.shutdown_background();
        assert_eq!(others.unwrap().unwrap(), "done");
        assert_eq!(after.unwrap().unwrap(), "free again");
    }
}
