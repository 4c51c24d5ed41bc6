//! The faults, one after the other, and what the neighbours have meanwhile.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fault::{Act, Before, Cell, Expected};
use super::judge::{Judgement, Presence, Seen, judge};
use super::promise::{A_WHILE, RETURN, SLACK};
use super::report::{Event, Outcome};
use super::stage::{Stage, last_words};
use super::witness::Witness;

/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// What has come has to stay for so long.
const SETTLED: Duration = Duration::from_millis(500);

/// Whoever is later than twice his time and this does not come at all.
const BEYOND: Duration = Duration::from_secs(5);

/// Between two attempts to have everything announced.
const RELEASE_AGAIN: Duration = Duration::from_secs(1);

/// What plays, and who looks.
pub(crate) struct Play {
    pub(crate) stage: Stage,
    pub(crate) witness: Witness,
    /// The services, by name.
    pub(crate) services: Vec<String>,
    /// How long the longest of them may take to be announced, and to be withdrawn.
    pub(crate) announced: Duration,
    pub(crate) withdrawn: Duration,
}

impl Play {
    /// Plays them, and tells what comes of each. An error: nothing can be played any more.
    pub(crate) async fn all(
        &mut self,
        cells: &[Cell],
        tell: impl Fn(&Event) -> Result<(), String>,
    ) -> Result<(), String> {
        if !self.becomes(Presence::All, RETURN + self.announced).await {
            let words = last_words().join("\n  ");
            return Err(format!(
                "nothing can be tested: the routers opposite do not get every prefix within {} s. The daemon's last words:\n  {words}",
                (RETURN + self.announced).as_secs()
            ));
        }
        // A daemon that has just started keeps no connection to the server yet, whose end would be news.
        sleep(A_WHILE).await;
        tell(&Event::Ready)?;
        for cell in cells {
            let outcome = self.outcome(cell).await?;
            tell(&Event::Played(Box::new(outcome)))?;
        }
        Ok(())
    }

    async fn outcome(&mut self, cell: &Cell) -> Result<Outcome, String> {
        let mut outcome = match self.prepared(cell.before).await? {
            None => self.cell(cell).await?,
            Some(reason) => Outcome::unplayed(cell, reason),
        };
        if outcome.right {
            self.stage.mend().await?;
        } else {
            outcome.log = last_words();
            // The next fault must not suffer from what this one left behind.
            self.stage.renew().await?;
        }
        Ok(outcome)
    }

    /// Everything is well, and then as it has to be before a fault; otherwise why it cannot be played.
    async fn prepared(&mut self, before: Before) -> Result<Option<String>, String> {
        if !self.becomes(Presence::All, RETURN + self.announced).await {
            return Ok(Some(
                "not played: the services were not announced before it".to_owned(),
            ));
        }
        if before == Before::Announced {
            return Ok(None);
        }
        self.stage.kill_server().await?;
        let is_gone = self.becomes(Presence::None, self.withdrawn + BEYOND).await;
        let reason = "not played: the services were not withdrawn before it";
        Ok((!is_gone).then(|| reason.to_owned()))
    }

    async fn cell(&mut self, cell: &Cell) -> Result<Outcome, String> {
        let began = Instant::now();
        let counted = self.witness.withdrawals().await;
        let goes_on = self.stage.break_down(cell.fault).await?;
        let mut seen = vec![self.watch(&cell.during, began, counted).await];
        if let Some(goes_on) = goes_on {
            goes_on.await.map_err(|error| error.to_string())??;
        }
        let mut judged = vec![self.judged(&cell.during, seen.first()).await];
        if let Some(after) = &cell.after {
            self.stage.release().await;
            let began = Instant::now();
            let counted = self.witness.withdrawals().await;
            self.stage.repair(cell.fault).await?;
            seen.push(self.watch(after, began, counted).await);
            judged.push(self.judged(after, seen.last()).await);
        }
        Ok(Outcome::new(cell, &seen, &judged))
    }

    async fn judged(&mut self, act: &Act, seen: Option<&Seen>) -> Judgement {
        let empty = Seen::default();
        let mut judged = judge(act, seen.unwrap_or(&empty), &self.services);
        if act.expected == Expected::Out && !self.witness.is_established().await {
            judged.wrong = Some("the sessions did not come back".to_owned());
        }
        judged
    }

    /// Looks from the beginning of something until it is clear what has come of it.
    async fn watch(&mut self, act: &Act, began: Instant, counted: Option<u64>) -> Seen {
        let mut seen = Seen::default();
        if act.expected == Expected::Anything {
            sleep(act.longest()).await;
            return seen;
        }
        let mut up_since = None;
        loop {
            if let Some(each) = self.witness.look().await {
                seen.add(began.elapsed(), each);
            }
            if act.expected == Expected::Out
                && up_since.is_none()
                && self.witness.is_established().await
            {
                up_since = Some(began.elapsed());
            }
            if is_over(act, &seen, began.elapsed(), up_since) {
                break;
            }
            sleep(LOOK_AGAIN).await;
        }
        seen.until = began.elapsed();
        let now = self.witness.withdrawals().await;
        seen.withdrawals = counted
            .zip(now)
            .and_then(|(before, now)| now.checked_sub(before));
        seen
    }

    /// Waits until the routers have all or nothing.
    async fn becomes(&mut self, wanted: Presence, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut release = Instant::now();
        while Instant::now() < deadline {
            let there = self.witness.look().await;
            let is_so = there.is_some_and(|each| each.iter().all(|presence| *presence == wanted));
            if is_so && (wanted == Presence::None || self.witness.is_established().await) {
                return true;
            }
            if wanted == Presence::All && Instant::now() >= release {
                self.stage.release().await;
                release = Instant::now() + RELEASE_AGAIN;
            }
            sleep(LOOK_AGAIN).await;
        }
        false
    }
}

/// Whether it is clear what has come of it.
fn is_over(act: &Act, seen: &Seen, elapsed: Duration, up_since: Option<Duration>) -> bool {
    let longest = act.longest();
    let has_come = |wanted| {
        let is_quiet = elapsed.saturating_sub(seen.quiet_since()) >= SETTLED;
        (seen.last() == Some(wanted) && is_quiet) || elapsed >= longest * 2 + BEYOND
    };
    match act.expected {
        Expected::Withdrawn => has_come(Presence::None),
        Expected::Announced => has_come(Presence::All),
        Expected::Kept | Expected::Anything => elapsed >= longest,
        Expected::Out => match up_since {
            Some(since) => elapsed >= since + longest,
            None => elapsed >= RETURN + SLACK,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_over_at(expected: Expected, last: Presence, elapsed: u64, up_since: Option<u64>) -> bool {
        let act = Act {
            expected,
            times: vec![Duration::from_secs(2)],
            usual: Duration::ZERO,
        };
        let mut seen = Seen::default();
        seen.add(Duration::from_secs(1), vec![last]);
        let millis = Duration::from_millis;
        is_over(&act, &seen, millis(elapsed), up_since.map(millis))
    }

    #[test]
    fn what_has_come_has_to_stay_and_what_does_not_come_is_given_up() {
        assert!(!is_over_at(Expected::Withdrawn, Presence::None, 1400, None));
        assert!(is_over_at(Expected::Withdrawn, Presence::None, 1500, None));
        assert!(!is_over_at(Expected::Withdrawn, Presence::All, 8900, None));
        assert!(is_over_at(Expected::Withdrawn, Presence::All, 9000, None));
        assert!(is_over_at(Expected::Announced, Presence::All, 1500, None));
    }

    #[test]
    fn what_is_to_stay_is_looked_at_for_its_time() {
        assert!(!is_over_at(Expected::Kept, Presence::All, 1900, None));
        assert!(is_over_at(Expected::Kept, Presence::All, 2000, None));
        assert!(!is_over_at(Expected::Out, Presence::None, 60_000, None));
        assert!(!is_over_at(
            Expected::Out,
            Presence::None,
            60_000,
            Some(59_000)
        ));
        assert!(is_over_at(
            Expected::Out,
            Presence::None,
            61_000,
            Some(59_000)
        ));
        assert!(is_over_at(Expected::Out, Presence::None, 76_000, None));
    }
}
