//! An alarm on the wall clock. It rings at an instant, also when the machine slept through it, and at once when somebody
//! sets the clock, so that nothing has to look at the time in between.

use std::future::pending;
use std::os::fd::OwnedFd;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::domain::time::Timestamp;
use crate::domain::{Error, Result};

/// A timer of the operating system.
pub struct Alarm {
    timer: AsyncFd<OwnedFd>,
    set_for: Option<Timestamp>,
}

impl Alarm {
    /// An alarm that is not set.
    pub fn new() -> Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Realtime, flags).map_err(|error| failed(&error))?;
        let timer = AsyncFd::with_interest(timer, Interest::READABLE).map_err(|error| failed(&error))?;
        Ok(Self { timer, set_for: None })
    }

    /// Sets it for `at`; `None` turns it off.
    pub fn set(&mut self, at: Option<Timestamp>) -> Result<()> {
        // All zero would turn the timer off, and a time in the past rings at once.
        let millis = at.map_or(0, |at| at.millis().max(1));
        let value = Timespec {
            tv_sec: millis.div_euclid(1000),
            tv_nsec: millis.rem_euclid(1000) * 1_000_000,
        };
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        let spec = Itimerspec {
            it_interval: none,
            it_value: value,
        };
        timerfd_settime(self.timer.get_ref(), flags, &spec).map_err(|error| failed(&error))?;
        self.set_for = at;
        Ok(())
    }

    /// Returns when it rings or the clock was set; never while it is off.
    pub async fn ring(&self) -> Result<()> {
        if self.set_for.is_none() {
            return pending().await;
        }
        loop {
            let mut ready = self.timer.readable().await.map_err(|error| failed(&error))?;
            let mut expirations = [0_u8; 8];
            match rustix::io::read(self.timer.get_ref(), &mut expirations) {
                Err(error) if error == rustix::io::Errno::AGAIN => ready.clear_ready(),
                // CANCELED says that the clock was set: that is as good as ringing.
                Ok(_) | Err(rustix::io::Errno::CANCELED) => {
                    ready.clear_ready();
                    return Ok(());
                }
                Err(error) => return Err(failed(&error)),
            }
        }
    }
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::failed(format!("the timer does not work: {error}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Clock;

    #[tokio::test]
    async fn rings_when_the_time_has_come_and_for_a_time_that_has_passed() {
        let now = Clock::System.now();
        let mut alarm = Alarm::new().unwrap();
        alarm.set(Some(now.plus(Duration::from_millis(30)))).unwrap();
        alarm.ring().await.unwrap();
        assert!(Clock::System.now() >= now.plus(Duration::from_millis(30)));
        alarm.set(Some(Timestamp::from_millis(0))).unwrap();
        alarm.ring().await.unwrap();
    }
}
