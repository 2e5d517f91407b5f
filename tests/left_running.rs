//! An engine that is killed cannot end the programs it started: the next one does, before it settles the run. What such a program
//! has started to outlive it is not the engine's to end.

#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test")]

#[path = "support/lib.rs"]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use support::home::Home;
use support::process::{lives, wait_for};

const LIMIT: Duration = Duration::from_secs(20);

/// A hook that waits for something it started, as psql waits for a server, and leaves a server running.
const HOOK: &str = "#!/bin/sh
cd \"$(dirname \"$0\")\"
setsid sleep 120 > /dev/null 2>&1 &
echo $! > server
sleep 120 &
echo $! > child
echo $$ > hook
wait
";

#[test]
fn what_a_killed_engine_left_running_ends_with_the_next_one() {
    let home = Home::new();
    rusqlite::Connection::open(home.beside("shop.db"))
        .unwrap()
        .execute_batch("CREATE TABLE orders (id INTEGER)")
        .unwrap();
    fs::create_dir(home.beside("disk")).unwrap();
    let hook = home.beside("hook.sh");
    fs::write(&hook, HOOK).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let set = |name: &str| format!("path={}", home.beside(name).display());
    for (name, driver, file) in [("shop", "sqlite", "shop.db"), ("disk", "local", "disk")] {
        home.run(&["adapter", "add", name, "--driver", driver, "--set", &set(file)])
            .ok();
    }
    let job = ["job", "add", "nightly", "--source", "shop", "--destination", "disk"];
    home.run(&[&job[..], &["--before", hook.to_str().unwrap()]].concat())
        .ok();

    let engine = home.start_engine();
    home.run(&["run", "nightly", "--detach"]).ok();
    let number = |name: &str| fs::read_to_string(home.beside(name)).ok()?.trim().parse::<u32>().ok();
    wait_for("the hook runs", LIMIT, || number("hook").is_some());
    let [hook, child, server] = ["hook", "child", "server"].map(|name| number(name).unwrap());
    engine.kill();
    assert!(lives(hook) && lives(child), "they outlive an engine that is killed");

    let engine = home.start_engine();
    wait_for("both have ended", LIMIT, || !lives(hook) && !lives(child));
    let told = format!("ended hook.sh (process {hook})");
    wait_for(&told, LIMIT, || engine.log().contains(&told));
    assert!(lives(server), "{}", engine.log());
    kill_process(Pid::from_raw(i32::try_from(server).unwrap()).unwrap(), Signal::KILL).unwrap();
    assert!(engine.stop());
}
