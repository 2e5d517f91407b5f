//! Several ways to the same end, taken in turns within one run, so that what else the machine does meets all of them.

use std::time::Duration;

/// One way: its name, how it is gone, and how long each round took.
struct Way<'a> {
    name: &'static str,
    go: Box<dyn Fn() -> Duration + 'a>,
    took: Vec<Duration>,
}

/// Ways to be compared with the first.
pub struct Contest<'a> {
    title: &'static str,
    bytes: u64,
    ways: Vec<Way<'a>>,
}

impl<'a> Contest<'a> {
    /// Each way moves `bytes` of plain dump.
    pub fn new(title: &'static str, bytes: u64) -> Self {
        Self {
            title,
            bytes,
            ways: Vec::new(),
        }
    }

    /// One more way, which says how long it took.
    pub fn way(mut self, name: &'static str, go: impl Fn() -> Duration + 'a) -> Self {
        self.ways.push(Way {
            name,
            go: Box::new(go),
            took: Vec::new(),
        });
        self
    }

    /// Goes all ways in turns, every other round backwards, and prints what came of it.
    pub fn run(mut self, rounds: u64) {
        for round in 0..rounds {
            let mut order: Vec<&mut Way<'a>> = self.ways.iter_mut().collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for way in order {
                way.took.push((way.go)());
            }
        }
        self.report();
    }

    fn report(&self) {
        println!(
            "{:<44} {:>8} {:>8}   first way is … times as fast",
            self.title, "seconds", "MB/s"
        );
        for way in &self.ways {
            let seconds = median(way.took.iter().map(Duration::as_secs_f64).collect());
            let rounds = self
                .ways
                .first()
                .into_iter()
                .flat_map(|first| way.took.iter().zip(&first.took));
            let ratio = median(
                rounds
                    .map(|(way, first)| way.as_secs_f64() / first.as_secs_f64())
                    .collect(),
            );
            let speed = self.bytes as f64 / 1e6 / seconds;
            println!("  {:<42} {seconds:>8.2} {speed:>8.1} {ratio:>8.3}", way.name);
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 {
        at(middle)
    } else {
        f64::midpoint(at(middle - 1), at(middle))
    }
}
