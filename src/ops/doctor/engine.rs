//! Does an engine run, and is it this version's.

use super::Finding;
use crate::domain::units;
use crate::ops::{Session, engine_process};

const CHECK: &str = "engine";

pub(super) fn look(session: &Session) -> Finding {
    let status = match engine_process::status(session) {
        Ok(status) => status,
        Err(error) => return Finding::of_error(CHECK, &error),
    };
    if !status.running {
        return Finding::warn(
            CHECK,
            "none runs, so no schedule is followed",
            "`backstay daemon start` starts one; `backstay daemon install` starts it with the machine",
        );
    }
    let Some(engine) = &status.engine else {
        return Finding::ok(CHECK, "one is just starting");
    };
    if engine.stopping_until.is_some() {
        return Finding::warn(
            CHECK,
            format!(
                "process {} is stopping and waits for {}; nothing new is begun",
                engine.pid,
                units::count(status.runs_running, "run")
            ),
            "`backstay daemon start` once it has ended",
        );
    }
    let told = format!(
        "runs as process {}, up {}",
        engine.pid,
        units::duration(session.now().since(engine.started_at))
    );
    match status.other_version() {
        None => Finding::ok(CHECK, told),
        Some(other) => Finding::warn(
            CHECK,
            format!(
                "{told}, and is version {other} where this program is {}",
                env!("CARGO_PKG_VERSION")
            ),
            "`backstay daemon stop`, then `backstay daemon start`",
        ),
    }
}
