//! Where a task reports to, and as what. Both change with the configuration, and a task may outlive several.
//!
//! The controller changes all addresses in one turn, after it has taken in what was reported under the old ones.
//! The runtime has one thread, so nothing is sent in between: no report that is addressed by a position of one
//! configuration is ever read with another. Reports that wait for room in the queue go out under the new address.

use std::future::pending;

use tokio::sync::{mpsc, watch};

use super::Report;

/// So many reports may wait for the controller; senders then wait, too.
const QUEUE: usize = 1024;

/// An address.
#[derive(Debug, Clone)]
pub(super) struct Address<T> {
    /// As what: mostly a position in the configuration.
    pub(super) id: T,
    /// To whom.
    pub(super) reports: mpsc::Sender<Report>,
}

/// An address as its task sees it.
pub(super) struct Mailbox<T>(watch::Receiver<Address<T>>);

/// A queue for the reports of one configuration.
pub(super) fn queue() -> (mpsc::Sender<Report>, mpsc::Receiver<Report>) {
    mpsc::channel(QUEUE)
}

impl<T: Clone> Mailbox<T> {
    /// Of what the controller tells here.
    pub(super) fn new(told: &watch::Sender<Address<T>>) -> Self {
        Self(told.subscribe())
    }

    /// As what the task reports now.
    pub(super) fn id(&mut self) -> T {
        self.0.borrow_and_update().id.clone()
    }

    /// Waits for another address than the last one that was read.
    pub(super) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // Nobody wants to know any more: whoever forgot this task ends it.
            pending::<()>().await;
        }
    }

    /// Sends what `report` makes of the address that is right when there is room for it. Nothing is sent once the
    /// controller has forgotten this task.
    pub(super) async fn send(&mut self, report: impl FnOnce(T) -> Report) {
        loop {
            let Address { id, reports } = self.0.borrow_and_update().clone();
            let room = reports.reserve().await;
            match (self.0.has_changed(), room) {
                (Ok(true), _) => {}
                (Ok(false), Ok(room)) => return room.send(report(id)),
                // The first: it is forgotten. The second: the daemon stops.
                (Err(_), _) | (Ok(false), Err(_)) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::FamilyId;
    use super::*;

    const fn family(service: usize) -> FamilyId {
        FamilyId { service, family: 0 }
    }

    fn position(report: &Report) -> usize {
        match report {
            Report::Ended(id) => id.service,
            _ => panic!("nothing else is sent"),
        }
    }

    #[tokio::test]
    async fn a_report_that_waits_for_room_goes_to_the_new_address() {
        let (reports, mut old) = mpsc::channel(1);
        let told = watch::Sender::new(Address {
            id: family(1),
            reports,
        });
        let mut mailbox = Mailbox::new(&told);
        mailbox.send(Report::Ended).await;
        let waiting = tokio::spawn(async move { mailbox.send(Report::Ended).await });
        tokio::task::yield_now().await;
        // As a reload does it: this makes room, and nobody may take it any more.
        old.close();
        assert_eq!(position(&old.try_recv().unwrap()), 1);
        let (reports, mut new) = mpsc::channel(1);
        told.send_replace(Address {
            id: family(2),
            reports,
        });
        drop(old);
        waiting.await.unwrap();
        assert_eq!(position(&new.try_recv().unwrap()), 2);
    }

    #[tokio::test]
    async fn room_that_was_given_under_the_old_address_is_not_used() {
        let (reports, mut old) = mpsc::channel(1);
        let told = watch::Sender::new(Address {
            id: family(1),
            reports: reports.clone(),
        });
        let mut mailbox = Mailbox::new(&told);
        mailbox.send(Report::Ended).await;
        let waiting = tokio::spawn(async move { mailbox.send(Report::Ended).await });
        tokio::task::yield_now().await;
        assert_eq!(position(&old.try_recv().unwrap()), 1);
        told.send_replace(Address {
            id: family(2),
            reports,
        });
        waiting.await.unwrap();
        assert_eq!(position(&old.try_recv().unwrap()), 2);
    }

    #[tokio::test]
    async fn whoever_is_forgotten_is_not_heard() {
        let (reports, mut queue) = mpsc::channel(1);
        let told = watch::Sender::new(Address {
            id: family(1),
            reports,
        });
        let mut mailbox = Mailbox::new(&told);
        drop(told);
        mailbox.send(Report::Ended).await;
        assert!(queue.try_recv().is_err());
    }
}
