//! Carrying out what the model asks of `ops`: what has a lane one at a time, with the newest question waiting in place of
//! older ones; what is to be done whatever else is asked, at once.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::timeout;

use crate::console::message::{Ask, Lane, Reply, Ticket};
use crate::domain::Error;
use crate::ops::Session;

/// Questions under way.
pub struct Work {
    session: Session,
    tasks: JoinSet<Reply>,
    /// The lane of each task; `None` is an act.
    lanes: HashMap<Id, Option<Lane>>,
    /// Who waits for the answer of a task.
    tickets: HashMap<Id, Ticket>,
    /// The question that is under way in each lane that is taken.
    under_way: HashMap<Lane, AbortHandle>,
    /// The question that waits in each lane that is taken.
    waiting: HashMap<Lane, Option<Ask>>,
    asked: u64,
}

impl Work {
    /// Work done by `session`.
    pub fn new(session: Session) -> Self {
        Self {
            session,
            tasks: JoinSet::new(),
            lanes: HashMap::new(),
            tickets: HashMap::new(),
            under_way: HashMap::new(),
            waiting: HashMap::new(),
            asked: 0,
        }
    }

    /// Asks, or puts the question in the place of the one that waits in its lane.
    pub fn ask(&mut self, ask: Ask) {
        let lane = ask.lane();
        if let Some(lane) = lane {
            if let Some(waiting) = self.waiting.get_mut(&lane) {
                *waiting = Some(ask);
                return;
            }
            self.waiting.insert(lane, None);
        }
        self.asked += 1;
        let session = self.session.clone();
        let ticket = ask.ticket();
        let task = self.tasks.spawn(async move { ask.perform(&session).await });
        self.lanes.insert(task.id(), lane);
        if let Some(ticket) = ticket {
            self.tickets.insert(task.id(), ticket);
        }
        if let Some(lane) = lane {
            self.under_way.insert(lane, task);
        }
    }

    /// Stops what is asked in a lane, and what waits there. It is not answered, and what works on it elsewhere is told to stop.
    pub fn give_up(&mut self, lane: Lane) {
        if let Some(waiting) = self.waiting.get_mut(&lane) {
            *waiting = None;
        }
        if let Some(task) = self.under_way.get(&lane) {
            task.abort();
        }
    }

    /// The next answer. Waits for ever when nothing is asked; may be given up and called again.
    pub async fn next(&mut self) -> Reply {
        loop {
            match self.tasks.join_next_with_id().await {
                Some(ended) => {
                    if let Some(reply) = self.ended(ended) {
                        return reply;
                    }
                }
                None => std::future::pending().await,
            }
        }
    }

    /// An answer that is there already.
    pub fn ready(&mut self) -> Option<Reply> {
        loop {
            let ended = self.tasks.try_join_next_with_id()?;
            if let Some(reply) = self.ended(ended) {
                return Some(reply);
            }
        }
    }

    /// Questions that were asked; those that another took the place of were not.
    pub const fn asked(&self) -> u64 {
        self.asked
    }

    /// Whether something is asked that will be shown: an act may take its time.
    pub fn is_loading(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Waits, but not for ever, until what is to be done has been done: leaving must not lose it half-way.
    pub async fn finish(&mut self, limit: Duration) {
        let acts = async {
            while self.lanes.values().any(Option::is_none) {
                self.next().await;
            }
        };
        // What still goes on is an act that waits for another machine; the engine or the next console sees what became of it.
        let _ = timeout(limit, acts).await;
    }

    /// The answer, unless it was given up.
    fn ended(&mut self, ended: Result<(Id, Reply), JoinError>) -> Option<Reply> {
        let (id, reply) = match ended {
            Ok((id, reply)) => (id, Some(reply)),
            Err(error) if error.is_cancelled() => (error.id(), None),
            Err(error) => {
                let ticket = self.tickets.get(&error.id()).copied();
                (error.id(), Some(Reply::Done(Err(broken_off(&error))).told_to(ticket)))
            }
        };
        self.tickets.remove(&id);
        if let Some(lane) = self.lanes.remove(&id).flatten() {
            self.under_way.remove(&lane);
            if let Some(next) = self.waiting.remove(&lane).flatten() {
                self.ask(next);
            }
        }
        reply
    }
}

/// A task that ended in a panic. Its place is told once the console is left.
pub fn broken_off(error: &JoinError) -> Error {
    Error::failed(format!("it broke off: {error}")).next("try again; this is a defect")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(home: &tempfile::TempDir) -> Work {
        Work::new(Session::open(Some(home.path())).unwrap())
    }

    #[tokio::test]
    async fn of_the_questions_that_wait_in_a_lane_only_the_last_is_asked() {
        use crate::console::pane::overview;
        let home = tempfile::tempdir().unwrap();
        let mut work = work(&home);
        let question = || match overview::ask_status() {
            crate::console::message::Effect::Ask(ask) => ask,
            other => panic!("no question: {other:?}"),
        };
        for _ in 0..10 {
            work.ask(question());
        }
        assert!(work.is_loading());
        for _ in 0..2 {
            work.next().await;
        }
        assert!(!work.is_loading());
        assert_eq!(work.asked(), 2);
    }

    #[tokio::test]
    async fn what_is_given_up_stops_is_not_answered_and_frees_its_lane() {
        let home = tempfile::tempdir().unwrap();
        let mut work = work(&home);
        let question = crate::console::pane::overview::ask_status();
        let crate::console::message::Effect::Ask(question) = question else {
            panic!("no question: {question:?}");
        };
        let lane = question.lane().unwrap();
        let (held, dropped) = tokio::sync::oneshot::channel::<()>();
        let task = work.tasks.spawn(async move {
            let _held = held;
            std::future::pending().await
        });
        work.lanes.insert(task.id(), Some(lane));
        work.under_way.insert(lane, task);
        work.waiting.insert(lane, None);
        work.give_up(lane);
        // The next question in the lane waits until the one before is gone.
        work.ask(question);
        assert!(dropped.await.is_err(), "it stops");
        assert!(matches!(work.next().await, Reply::Overview(_)));
        while !work.tasks.is_empty() {
            assert!(work.ready().is_none());
            tokio::task::yield_now().await;
        }
        assert!(!work.is_loading());
    }

    #[tokio::test]
    async fn a_task_that_breaks_off_is_told_and_frees_its_lane() {
        let home = tempfile::tempdir().unwrap();
        let mut work = work(&home);
        let lane = Lane(crate::console::pane::PaneId::Runs, 0);
        let task = work.tasks.spawn(async { panic!("a defect") });
        work.lanes.insert(task.id(), Some(lane));
        work.waiting.insert(lane, None);
        let Reply::Done(Err(error)) = work.next().await else {
            panic!("it was not told");
        };
        assert!(error.message.contains("a defect"), "{error}");
        assert!(!work.is_loading());
    }
}
