//! Who gets a place at the control socket: no user takes those of all others, asks without a pause, or fills the history.
//!
//! Root is never kept waiting: whoever may end the daemon needs no flood, and an order of root's is urgent.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What users are told apart by; `None` is one that the kernel does not tell.
pub(super) type User = Option<u32>;

/// So many connections one user has at a time.
pub(super) const PLACES_OF_ONE: usize = 32;

/// So many users are remembered without a connection; more are forgotten, and begin anew.
const REMEMBERED: usize = 64;

/// What somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// What is in memory.
    Look,
    /// What is on the disk.
    Recall,
    /// Orders. Each is recorded, also when it is refused.
    Order,
    /// The configuration anew.
    Reload,
}

/// Why somebody is sent away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Others need places, too.
    #[error(
        "too many connections of this user are open: at most {PLACES_OF_ONE} at a time, each for a few seconds"
    )]
    Places,
    /// Looks.
    #[error("this user asks too often: at most {} times a second. Try again in a moment", LOOKS.a_second)]
    Looks,
    /// Orders.
    #[error(
        "this user gives orders too often: {} at once, and then {} a second. Nothing was done; try again in a moment, \
         name several services in one order, or be root, who may always",
        ORDERS.at_once, ORDERS.a_second
    )]
    Orders,
}

/// How often something may be done.
#[derive(Debug, Clone, Copy)]
struct Rate {
    at_once: u32,
    a_second: u32,
}

/// Far more than people and scripts ask.
const LOOKS: Rate = Rate {
    at_once: 200,
    a_second: 100,
};

/// What is on disk, some 30,000 events, lasts for hours at this rate.
const ORDERS: Rate = Rate {
    at_once: 60,
    a_second: 2,
};

/// Everybody who is connected, or was lately.
#[derive(Debug)]
pub(super) struct Crowd {
    users: HashMap<User, Share>,
    /// Places that are not root's, and how many there may be.
    taken: usize,
    most: usize,
}

#[derive(Debug)]
struct Share {
    places: usize,
    looks: Bucket,
    orders: Bucket,
}

/// What is left of a rate.
#[derive(Debug)]
struct Bucket {
    rate: Rate,
    left: f64,
    at: Instant,
}

impl Crowd {
    /// With so many places for others than root.
    pub(super) fn new(most: usize) -> Self {
        Self {
            users: HashMap::new(),
            taken: 0,
            most,
        }
    }

    /// Takes a place, which has to be given back.
    pub(super) fn enter(&mut self, user: User, now: Instant) -> Result<(), Refusal> {
        if is_root(user) {
            return Ok(());
        }
        self.forget(now);
        let share = self.users.entry(user).or_insert_with(|| Share::new(now));
        if share.places >= PLACES_OF_ONE || self.taken >= self.most {
            return Err(Refusal::Places);
        }
        share.places += 1;
        self.taken += 1;
        Ok(())
    }

    /// Gives a place back.
    pub(super) fn leave(&mut self, user: User) {
        if let Some(share) = self.users.get_mut(&user) {
            share.places = share.places.saturating_sub(1);
            self.taken = self.taken.saturating_sub(1);
        }
    }

    /// Whether somebody with a place may ask for this now.
    pub(super) fn ask(&mut self, user: User, wish: Wish, now: Instant) -> Result<(), Refusal> {
        let Some(share) = self.users.get_mut(&user) else {
            return Ok(());
        };
        let (bucket, price, refusal) = match wish {
            Wish::Look => (&mut share.looks, 1.0, Refusal::Looks),
            Wish::Recall => (&mut share.looks, 10.0, Refusal::Looks),
            Wish::Order => (&mut share.orders, 1.0, Refusal::Orders),
            Wish::Reload => (&mut share.orders, 10.0, Refusal::Orders),
        };
        if bucket.take(price, now) {
            Ok(())
        } else {
            Err(refusal)
        }
    }

    /// Those who have nothing to remember, if there are many.
    fn forget(&mut self, now: Instant) {
        if self.users.len() > REMEMBERED {
            self.users.retain(|_, share| !share.is_idle(now));
        }
    }
}

fn is_root(user: User) -> bool {
    user == Some(0)
}

impl Share {
    fn new(now: Instant) -> Self {
        Self {
            places: 0,
            looks: Bucket::new(LOOKS, now),
            orders: Bucket::new(ORDERS, now),
        }
    }

    fn is_idle(&mut self, now: Instant) -> bool {
        self.places == 0 && self.looks.is_full(now) && self.orders.is_full(now)
    }
}

impl Bucket {
    fn new(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            left: f64::from(rate.at_once),
            at: now,
        }
    }

    fn take(&mut self, price: f64, now: Instant) -> bool {
        self.refill(now);
        let enough = self.left >= price;
        if enough {
            self.left -= price;
        }
        enough
    }

    fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.left >= f64::from(self.rate.at_once)
    }

    fn refill(&mut self, now: Instant) {
        let passed: Duration = now.saturating_duration_since(self.at);
        self.at = self.at.max(now);
        let more = passed.as_secs_f64() * f64::from(self.rate.a_second);
        self.left = (self.left + more).min(f64::from(self.rate.at_once));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOT: User = Some(0);
    const ALICE: User = Some(1000);
    const BOB: User = Some(1001);

    /// So many of a thousand wishes are granted at one moment.
    fn granted(crowd: &mut Crowd, user: User, wish: Wish, now: Instant) -> usize {
        (0..1000)
            .filter(|_| crowd.ask(user, wish, now).is_ok())
            .count()
    }

    #[test]
    fn nobody_takes_the_places_of_others_and_root_always_has_one() {
        let now = Instant::now();
        let mut crowd = Crowd::new(2 * PLACES_OF_ONE - 2);
        let entered =
            |crowd: &mut Crowd, user| (0..100).filter(|_| crowd.enter(user, now).is_ok()).count();
        assert_eq!(entered(&mut crowd, ALICE), PLACES_OF_ONE);
        assert_eq!(entered(&mut crowd, BOB), PLACES_OF_ONE - 2);
        assert_eq!(entered(&mut crowd, None), 0);
        assert_eq!(entered(&mut crowd, ROOT), 100);
        crowd.leave(ROOT);
        assert_eq!(crowd.enter(BOB, now), Err(Refusal::Places));
        crowd.leave(ALICE);
        assert_eq!(crowd.enter(BOB, now), Ok(()));
    }

    #[test]
    fn rates_are_of_each_user_and_come_back_with_time() {
        let now = Instant::now();
        let mut crowd = Crowd::new(100);
        for user in [ALICE, BOB] {
            crowd.enter(user, now).unwrap();
            assert_eq!(granted(&mut crowd, user, Wish::Look, now), 200);
            assert_eq!(granted(&mut crowd, user, Wish::Order, now), 60);
            assert_eq!(granted(&mut crowd, user, Wish::Reload, now), 0);
        }
        let later = now + Duration::from_secs(1);
        assert_eq!(granted(&mut crowd, ALICE, Wish::Recall, later), 10);
        assert_eq!(granted(&mut crowd, ALICE, Wish::Order, later), 2);
        // Whoever goes and comes back is not a stranger.
        crowd.leave(BOB);
        crowd.enter(BOB, later).unwrap();
        assert_eq!(granted(&mut crowd, BOB, Wish::Order, later), 2);
        crowd.enter(ROOT, now).unwrap();
        assert_eq!(granted(&mut crowd, ROOT, Wish::Order, now), 1000);
    }

    #[test]
    fn who_was_here_long_ago_is_forgotten() {
        let now = Instant::now();
        let mut crowd = Crowd::new(100);
        for number in 1..=200 {
            crowd.enter(Some(number), now).unwrap();
            crowd.ask(Some(number), Wish::Order, now).unwrap();
            crowd.leave(Some(number));
        }
        crowd.enter(ALICE, now + Duration::from_secs(1)).unwrap();
        assert_eq!(crowd.users.len(), 1);
    }

    proptest! {
        #[test]
        fn places_are_counted_right(steps in prop::collection::vec((0u32..4, any::<bool>()), 0..300)) {
            let now = Instant::now();
            let mut crowd = Crowd::new(40);
            let mut places = [0_usize; 4];
            for (user, enters) in steps {
                let place = &mut places[user as usize];
                if !enters && *place > 0 {
                    crowd.leave(Some(user));
                    *place -= 1;
                } else if enters && crowd.enter(Some(user), now).is_ok() {
                    *place += 1;
                }
                let others: usize = places[1..].iter().sum();
                prop_assert_eq!(crowd.taken, others);
                prop_assert!(others <= 40 && places[1..].iter().all(|one| *one <= PLACES_OF_ONE));
            }
        }
    }
}
