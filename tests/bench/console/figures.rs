//! Figures beside their budgets.

use std::fmt;
use std::time::Duration;

/// Times of one thing, sorted; at least one.
pub struct Sample(Vec<Duration>);

/// A time as it is shown: in milliseconds.
pub struct Shown(Duration);

/// What is printed.
pub struct Report {
    /// Figures beyond their budgets.
    missed: Vec<String>,
}

impl Sample {
    pub fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }

    /// The time that this share of them does not exceed.
    pub fn at(&self, share: f64) -> Shown {
        Shown(self.quantile(share))
    }

    pub fn median(&self) -> Shown {
        self.at(0.5)
    }

    pub fn most(&self) -> Shown {
        self.at(1.0)
    }

    /// Whether this share of them keeps a budget.
    pub fn is_within(&self, share: f64, budget: Duration) -> bool {
        self.quantile(share) <= budget
    }

    pub fn median_is_within(&self, budget: Duration) -> bool {
        self.is_within(0.5, budget)
    }

    pub fn most_is_within(&self, budget: Duration) -> bool {
        self.is_within(1.0, budget)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a short list"
    )]
    fn quantile(&self, share: f64) -> Duration {
        let place = (share * self.0.len() as f64).ceil() as usize;
        self.0[place.clamp(1, self.0.len()) - 1]
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms", self.0.as_secs_f64() * 1_000.0)
    }
}

impl Report {
    pub fn new() -> Self {
        println!("\n{:<50} {:<72} budget", "", "figure");
        Self { missed: Vec::new() }
    }

    /// One figure, and whether it keeps its budget.
    pub fn line(&mut self, what: &str, figure: &str, budget: &str, is_kept: bool) {
        println!("{what:<50} {figure:<72} {budget}");
        if !is_kept {
            self.missed.push(what.to_owned());
        }
    }

    /// Names what misses its budget.
    pub fn end(&self) {
        if self.missed.is_empty() {
            println!("\nevery budget is kept");
        } else {
            println!("\nbeyond their budgets: {}", self.missed.join("; "));
        }
    }
}
