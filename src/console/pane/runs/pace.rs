//! How fast a run goes and when it may be done: from what it has moved in the last seconds, and until that is known from what
//! it has moved since its stage began.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::domain::execution::{Execution, Stage, Status};
use crate::domain::id::ExecutionId;
use crate::domain::time::Timestamp;

/// Looks that are kept: so many seconds are what "now" means.
const KEPT: usize = 10;

/// Looks are at least this far apart.
const APART: Duration = Duration::from_secs(1);

/// A shorter time says nothing.
const LEAST: Duration = Duration::from_secs(2);

/// How far the run was at a moment.
#[derive(Clone, Debug)]
struct Look {
    at: Timestamp,
    plain: u64,
    copies: BTreeMap<String, u64>,
}

/// The pace of one run.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    of: Option<(ExecutionId, Option<Stage>)>,
    looks: VecDeque<Look>,
}

impl Pace {
    /// Looks at a run.
    pub fn look(&mut self, run: &Execution, now: Timestamp) {
        let of = (run.id, run.progress.stage);
        if self.of != Some(of) || run.status != Status::Running {
            self.looks.clear();
            self.of = Some(of);
        }
        if self.looks.back().is_some_and(|last| now.since(last.at) < APART) {
            return;
        }
        if self.looks.len() == KEPT {
            self.looks.pop_front();
        }
        self.looks.push_back(Look {
            at: now,
            plain: run.progress.plain_bytes,
            copies: run.progress.copies.clone(),
        });
    }

    /// Plain bytes a second; `None` while nothing can be said.
    pub fn plain(&self, run: &Execution) -> Option<u64> {
        self.rate(run, run.progress.plain_bytes, |look| Some(look.plain))
    }

    /// Bytes a second written to a copy.
    pub fn copy(&self, run: &Execution, name: &str) -> Option<u64> {
        let moved = run.progress.copies.get(name).copied().unwrap_or(0);
        self.rate(run, moved, |look| look.copies.get(name).copied())
    }

    /// What is left of the plain bytes at the pace since the stage began; an estimate of an estimate. The last seconds would make
    /// it jump, since a compressor takes its bytes in gulps; but while nothing moves, nothing is said.
    pub fn left(&self, run: &Execution) -> Option<Duration> {
        let rest = run.progress.estimated_bytes.checked_sub(run.progress.plain_bytes)?;
        self.plain(run).filter(|rate| *rate > 0)?;
        let span = self.looks.back()?.at.since(stage_began(run)?);
        let rate = per_second(run.progress.plain_bytes, span).filter(|rate| *rate > 0)?;
        (rest > 0).then(|| Duration::from_secs(rest.div_ceil(rate)))
    }

    fn rate(&self, run: &Execution, now: u64, of: impl Fn(&Look) -> Option<u64>) -> Option<u64> {
        let (first, last) = (self.looks.front()?, self.looks.back()?);
        let span = last.at.since(first.at);
        if span >= LEAST {
            return per_second(of(last)?.saturating_sub(of(first)?), span);
        }
        let span = last.at.since(stage_began(run)?);
        if span < APART { None } else { per_second(now, span) }
    }
}

/// When the stage it is in began: it started, and the stages before took their time.
pub fn stage_began(run: &Execution) -> Option<Timestamp> {
    let took = run.progress.stages.iter().map(|(_, ms)| ms).sum();
    run.started_at.map(|started| started.plus(Duration::from_millis(took)))
}

fn per_second(bytes: u64, span: Duration) -> Option<u64> {
    let ms = span.as_millis().max(1);
    u64::try_from(u128::from(bytes) * 1_000 / ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::execution::{ExecutionType, Progress, Request, Trigger};

    const MIB: u64 = 1024 * 1024;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000).plus(Duration::from_secs(seconds))
    }

    /// A dump that began ten seconds after its run, by now with so many bytes of 1,000 MiB.
    fn run(plain: u64) -> Execution {
        Execution {
            id: "0190a0c0-0000-7000-8000-000000000001".parse().unwrap(),
            job_id: None,
            job_name: String::new(),
            revision: None,
            kind: ExecutionType::Backup,
            status: Status::Running,
            trigger: Trigger::Manual,
            triggered_by: String::new(),
            attempt: 1,
            source_id: None,
            created_at: at(0),
            not_before: at(0),
            started_at: Some(at(0)),
            ended_at: None,
            cancel_requested_at: None,
            size: None,
            path: None,
            error: None,
            progress: Progress {
                stage: Some(Stage::Dump),
                plain_bytes: plain,
                estimated_bytes: 1_000 * MIB,
                copies: BTreeMap::from([("nas".to_owned(), plain / 2)]),
                stages: vec![(Stage::Initialize, 10_000)],
                ..Progress::default()
            },
            request: Request::Backup,
        }
    }

    #[test]
    fn the_first_look_gives_the_mean_since_the_stage_began() {
        let mut pace = Pace::default();
        pace.look(&run(200 * MIB), at(30));
        assert_eq!(pace.plain(&run(200 * MIB)), Some(10 * MIB));
        assert_eq!(pace.copy(&run(200 * MIB), "nas"), Some(5 * MIB));
        assert_eq!(pace.left(&run(200 * MIB)), Some(Duration::from_secs(80)));
    }

    #[test]
    fn later_looks_give_the_pace_of_the_last_seconds() {
        let mut pace = Pace::default();
        for second in 0..30 {
            pace.look(&run(second * MIB), at(20 + second));
        }
        assert_eq!(pace.plain(&run(29 * MIB)), Some(MIB));
        // 29 MiB in the 39 seconds since the dump began.
        assert_eq!(pace.left(&run(29 * MIB)), Some(Duration::from_secs(1_306)));
        for second in 0..30 {
            pace.look(&run(29 * MIB), at(50 + second));
        }
        assert_eq!(pace.plain(&run(29 * MIB)), Some(0));
        assert_eq!(pace.left(&run(29 * MIB)), None, "what does not move is never done");
    }

    #[test]
    fn nothing_is_said_in_the_first_moment_nor_of_another_run_or_stage() {
        let mut pace = Pace::default();
        pace.look(&run(MIB), at(10));
        assert_eq!(pace.plain(&run(MIB)), None);
        pace.look(&run(5 * MIB), at(15));
        let mut verifies = run(5 * MIB);
        verifies.progress.stage = Some(Stage::Verify);
        verifies.progress.stages.push((Stage::Dump, 6_000));
        pace.look(&verifies, at(16));
        assert_eq!(pace.plain(&verifies), None);
    }

    #[test]
    fn more_than_was_estimated_leaves_nothing_to_say() {
        let mut pace = Pace::default();
        pace.look(&run(1_100 * MIB), at(30));
        assert_eq!(pace.left(&run(1_100 * MIB)), None);
    }
}
