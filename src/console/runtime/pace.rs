//! How often a frame may be drawn. A frame that comes too soon is put off, never dropped, so the last state is always shown.

use std::time::Duration;

use tokio::time::Instant;

/// Frames that may follow each other at once after a rest: a key, and the answer it brings.
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

    /// When the next frame may be drawn.
    pub fn next(&self) -> Instant {
        self.even
            .checked_sub(self.interval * (AT_ONCE - 1))
            .unwrap_or(self.even)
    }

    /// A frame is drawn.
    pub fn drawn(&mut self, now: Instant) {
        self.even = self.even.max(now) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many frames are drawn within each second when there is always something to draw.
    fn busiest_second(frames: u32) -> usize {
        let start = Instant::now();
        let mut pace = Pace::new(frames, start);
        let mut drawn: Vec<Instant> = Vec::new();
        let mut now = start;
        while now < start + Duration::from_secs(5) {
            now = now.max(pace.next());
            pace.drawn(now);
            drawn.push(now);
        }
        let within = |from: &Instant| {
            let to = *from + Duration::from_secs(1);
            drawn.iter().filter(|at| (*from..to).contains(at)).count()
        };
        drawn.iter().map(within).max().unwrap()
    }

    #[test]
    fn there_are_never_more_frames_in_a_second_than_are_allowed() {
        assert_eq!(busiest_second(30), 30);
        assert_eq!(busiest_second(10), 10);
    }

    #[test]
    fn a_key_and_its_answer_are_shown_at_once() {
        let now = Instant::now();
        let mut pace = Pace::new(10, now);
        for _ in 0..AT_ONCE {
            assert!(pace.next() <= now);
            pace.drawn(now);
        }
        assert!(pace.next() > now);
    }
}
