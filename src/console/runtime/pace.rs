//! How often a frame may be drawn. A frame that comes too soon is put off, never dropped, so the last state is always shown.

use std::time::Duration;

use tokio::time::Instant;

/// Frames that may follow each other at once after a rest: a key, the answer it brings, and the next key. The last of them is
/// for input alone, so that whoever types never waits for what happens by itself.
const AT_ONCE: u32 = 3;

const SECOND_NS: u64 = 1_000_000_000;

/// So many frames in any one second, and no more.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two frames that follow each other for long.
    interval: Duration,
    /// When the frames drawn so far would have been drawn at an even pace.
    even: Instant,
}

impl Pace {
    /// At most `frames` in any one second.
    pub fn new(frames: u32, now: Instant) -> Self {
        // In one second there are those at once, and those of the even pace.
        let steady = u64::from(frames.saturating_sub(AT_ONCE - 1).max(1));
        Self {
            interval: Duration::from_nanos(SECOND_NS.div_ceil(steady)),
            even: now,
        }
    }

    /// When the next frame may be drawn for what happens by itself.
    pub fn next(&self) -> Instant {
        self.ahead_by(AT_ONCE - 2)
    }

    /// When the next frame may be drawn for what was typed.
    pub fn next_for_input(&self) -> Instant {
        self.ahead_by(AT_ONCE - 1)
    }

    fn ahead_by(&self, frames: u32) -> Instant {
        self.even.checked_sub(self.interval * frames).unwrap_or(self.even)
    }

    /// A frame is drawn.
    pub fn drawn(&mut self, now: Instant) {
        self.even = self.even.max(now) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many frames are drawn within each second when there is always something to draw, and at every `typed` of a
    /// millisecond something that was typed.
    fn busiest_second(frames: u32, typed: u64) -> usize {
        let start = Instant::now();
        let mut pace = Pace::new(frames, start);
        let mut drawn: Vec<Instant> = Vec::new();
        for ms in 0..5_000 {
            let now = start + Duration::from_millis(ms);
            let due = if ms.is_multiple_of(typed) {
                pace.next_for_input()
            } else {
                pace.next()
            };
            if due <= now {
                pace.drawn(now);
                drawn.push(now);
            }
        }
        let within = |from: &Instant| {
            let to = *from + Duration::from_secs(1);
            drawn.iter().filter(|at| (*from..to).contains(at)).count()
        };
        drawn.iter().map(within).max().unwrap()
    }

    #[test]
    fn there_are_never_more_frames_in_a_second_than_are_allowed() {
        for frames in [30, 10] {
            for typed in [1, 7, 100, 10_000] {
                let most = busiest_second(frames, typed);
                let allowed = usize::try_from(frames).unwrap();
                assert!((allowed - 2..=allowed).contains(&most), "{most} of {frames}");
            }
        }
    }

    #[test]
    fn a_key_and_its_answer_are_shown_at_once() {
        let now = Instant::now();
        let mut pace = Pace::new(10, now);
        assert!(pace.next_for_input() <= now);
        pace.drawn(now);
        assert!(pace.next() <= now);
        pace.drawn(now);
        assert!(pace.next() > now);
    }

    #[test]
    fn a_key_is_shown_at_once_however_much_happens_by_itself() {
        let start = Instant::now();
        let mut pace = Pace::new(30, start);
        for ms in 0..5_000 {
            let now = start + Duration::from_millis(ms);
            if ms.is_multiple_of(40) {
                assert!(pace.next_for_input() <= now, "after {ms} ms");
                pace.drawn(now);
            } else if pace.next() <= now {
                pace.drawn(now);
            }
        }
    }
}
