//! Questions that are asked one after another. There is one connection, so that more threads would answer nothing sooner: each
//! would wait, and keep the memory of the largest answer it ever got.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

type Question = Box<dyn FnOnce() + Send>;

/// Who waits, and whether somebody sees to them.
#[derive(Default)]
pub struct Turns(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Question>,
    is_served: bool,
}

impl Turns {
    /// Asks on a thread that may wait, when those before it are answered. No answer means that it broke off in a panic.
    pub async fn ask<T: Send + 'static>(&self, question: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (tell, answer) = oneshot::channel();
        // Nobody may wait for it any more.
        self.put(Box::new(move || drop(tell.send(question()))));
        answer.await.ok()
    }

    fn put(&self, question: Question) {
        let mut queue = lock(&self.0);
        queue.waiting.push_back(question);
        if !queue.is_served {
            queue.is_served = true;
            let queue = Arc::clone(&self.0);
            spawn_blocking(move || serve(&queue));
        }
    }
}

fn serve(queue: &Mutex<Queue>) {
    while let Some(question) = next(queue) {
        // Whoever asked learns of a panic by getting no answer, and the hook has told of it.
        let _ = catch_unwind(AssertUnwindSafe(question));
    }
}

fn next(queue: &Mutex<Queue>) -> Option<Question> {
    let mut queue = lock(queue);
    let question = queue.waiting.pop_front();
    queue.is_served = question.is_some();
    question
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    // No question is asked while it is held.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn who_asks_while_another_is_answered_is_answered_after_it_by_the_same_thread() {
        let (turns, (release, held)) = (Turns::default(), mpsc::channel());
        let first = turns.ask(move || {
            held.recv().unwrap();
            (0, thread::current().id())
        });
        let others = (1..10).map(|number| turns.ask(move || (number, thread::current().id())));
        let all = async { futures_util::join!(first, join_all(others), async { release.send(()).unwrap() }) };
        let (first, others, ()) = all.await;
        let by = first.unwrap().1;
        let expected: Vec<_> = (1..10).map(|number| Some((number, by))).collect();
        assert_eq!(others, expected);
    }

    #[tokio::test]
    async fn one_that_breaks_off_gets_no_answer_and_holds_up_no_other() {
        let turns = Turns::default();
        let (broken, whole) = futures_util::join!(turns.ask(|| assert_eq!(1, 2)), turns.ask(|| 3));
        assert_eq!((broken, whole), (None, Some(3)));
        assert_eq!(turns.ask(|| 4).await, Some(4));
    }
}
