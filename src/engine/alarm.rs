//! An alarm on the wall clock. It rings at an instant, also when the machine slept through it, and at once when somebody
//! sets the clock, so that nothing has to look at the time in between.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::sync::Notify;

use crate::domain::error::in_words;
use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};

/// A timer of the operating system, and a thread that sleeps on it.
pub struct Alarm {
    timer: Arc<OwnedFd>,
    rung: Arc<Notify>,
    closed: Arc<AtomicBool>,
}

impl Alarm {
    /// An alarm that is not set.
    pub fn new() -> Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::CLOEXEC).map_err(|error| failed(&error))?;
        let alarm = Self {
            timer: Arc::new(timer),
            rung: Arc::new(Notify::new()),
            closed: Arc::new(AtomicBool::new(false)),
        };
        let (timer, rung, closed) = (
            Arc::clone(&alarm.timer),
            Arc::clone(&alarm.rung),
            Arc::clone(&alarm.closed),
        );
        let sleeper = move || {
            let mut expirations = [0_u8; 8];
            loop {
                // An error is the clock having been set (ECANCELED) or a signal: a reason to look, as good as ringing.
                let _ = rustix::io::read(&*timer, &mut expirations);
                if closed.load(Ordering::SeqCst) {
                    return;
                }
                rung.notify_one();
            }
        };
        std::thread::Builder::new()
            .name("alarm".to_owned())
            .spawn(sleeper)
            .map_err(|error| failed(&error))?;
        Ok(alarm)
    }

    /// Sets it for `at`; `None` turns it off.
    pub fn set(&self, at: Option<Timestamp>) -> Result<()> {
        // All zero would turn the timer off, and a time in the past rings at once.
        let millis = at.map_or(0, |at| at.millis().max(1));
        let value = Timespec {
            tv_sec: millis.div_euclid(1000),
            tv_nsec: millis.rem_euclid(1000) * 1_000_000,
        };
        let spec = Itimerspec {
            it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: value,
        };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        match timerfd_settime(&*self.timer, flags, &spec) {
            // The clock was set a moment ago: the timer is armed all the same, and it is time to look.
            Err(rustix::io::Errno::CANCELED) => {
                self.rung.notify_one();
                Ok(())
            }
            set => set.map(drop).map_err(|error| failed(&error)),
        }
    }

    /// Returns when it rings or the clock was set. It may return once too often; look at the time.
    pub async fn ring(&self) {
        self.rung.notified().await;
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the thread so that it ends. Were this to fail, a sleeping thread would stay behind and do no harm.
        let _ = self.set(Some(Timestamp::default()));
    }
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::failed(format!("the timer does not work: {}", in_words(error)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Clock;

    #[tokio::test]
    async fn rings_when_the_time_has_come_and_for_a_time_that_has_passed() {
        let now = Clock::System.now();
        let alarm = Alarm::new().unwrap();
        alarm.set(Some(now.plus(Duration::from_millis(30)))).unwrap();
        alarm.ring().await;
        assert!(Clock::System.now() >= now.plus(Duration::from_millis(30)));
        alarm.set(Some(Timestamp::from_millis(0))).unwrap();
        alarm.ring().await;
    }
}
