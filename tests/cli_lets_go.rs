//! What the retention lets go after a run that somebody asks for is said before it, and asked about where somebody is there.

#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot do its work fails the test; clippy exempts only the test functions themselves"
)]

#[path = "support/lib.rs"]
mod support;

use support::shop::Shop;
use support::terminal::Setting;

fn runs(shop: &Shop) -> usize {
    shop.home.json(&["runs", "list"]).as_array().unwrap().len()
}

#[test]
fn a_run_that_lets_more_go_than_it_brings_asks_at_a_terminal_and_only_says_so_elsewhere() {
    let shop = Shop::with_job();
    let engine = shop.home.start_engine();
    for _ in 0..3 {
        let ran = shop.line("run nightly").ok();
        assert!(!ran.stderr.contains("would go"), "{}", ran.stderr);
    }
    let last = shop.home.json(&["runs", "list"]);
    let last = last[0]["id"].as_str().unwrap();
    shop.line("job edit nightly --keep last:1").ok();
    for line in [vec!["run", "nightly"], vec!["runs", "retry", last]] {
        let terminal = Setting::console(&shop.home, &line).open();
        terminal.wait_for_text("Run job nightly now? [y/N]");
        terminal.wait_for_text("the oldest of");
        terminal.send("n\r");
        terminal.wait_for_text("nothing was done; answer y, or give --yes, to go ahead");
        assert_eq!(runs(&shop), 3);
    }
    // Nobody is there to be asked: a script goes on as it always has.
    let ran = shop.run(&["--json", "runs", "retry", last]).ok();
    assert!(
        ran.stderr
            .contains("job nightly: files keeps the newest one: 3 backups"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("would go after the run"), "{}", ran.stderr);
    assert_eq!(ran.json()["status"], "success");
    // Now one makes room for one.
    let ran = shop.line("run nightly").ok();
    assert!(!ran.stderr.contains("would go"), "{}", ran.stderr);
    drop(engine);
}
