//! Hooks as lines of text: a command each, quoted as for a shell and run without one. In front of it may stand `@5m`, its time
//! limit, and `$`, which hands it to the shell as it is. A line that begins with two spaces goes on with the one above.

use std::time::Duration;

use crate::domain::job::{Hook, When};
use crate::domain::units::{exact_duration, parse_duration};
use crate::domain::{Error, Result, words};

/// How long a hook may take when nothing is said.
const USUAL_LIMIT: Duration = Duration::from_mins(1);

/// What a line that goes on begins with.
const CONTINUED: &str = "  ";

/// The hooks of one kind as lines.
pub fn to_lines(hooks: &[Hook], when: When) -> Vec<String> {
    hooks
        .iter()
        .filter(|hook| hook.when == when)
        .flat_map(lines_of)
        .collect()
}

fn lines_of(hook: &Hook) -> Vec<String> {
    let limit = if hook.timeout == USUAL_LIMIT {
        String::new()
    } else {
        format!("@{} ", exact_duration(hook.timeout).replace(' ', ""))
    };
    let command = if hook.shell {
        format!("$ {}", hook.command.concat())
    } else {
        words::join(&hook.command)
    };
    let text = limit + &command;
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default().to_owned();
    std::iter::once(first)
        .chain(lines.map(|line| format!("{CONTINUED}{line}")))
        .collect()
}

/// The hooks that lines say.
pub fn from_lines(lines: &[String], when: When) -> Result<Vec<Hook>> {
    let mut commands: Vec<String> = Vec::new();
    for line in lines {
        match (line.strip_prefix(CONTINUED), commands.last_mut()) {
            (Some(rest), Some(command)) => {
                command.push('\n');
                command.push_str(rest);
            }
            _ if line.trim().is_empty() => {}
            _ => commands.push(line.trim_start().to_owned()),
        }
    }
    commands.iter().map(|command| hook(command, when)).collect()
}

fn hook(text: &str, when: When) -> Result<Hook> {
    let (timeout, command) = match text.strip_prefix('@') {
        None => (USUAL_LIMIT, text),
        Some(rest) => {
            let (limit, command) = rest.split_once(' ').unwrap_or((rest, ""));
            (parse_duration(limit)?, command)
        }
    };
    let nothing = || Error::usage(format!("'{text}' has no command")).next("write a program, or delete the line");
    let (shell, command) = match command.strip_prefix('$') {
        Some(script) => (true, vec![script.strip_prefix(' ').unwrap_or(script).to_owned()]),
        None => (false, words::split(command)?),
    };
    if command.first().is_none_or(|program| program.trim().is_empty()) {
        return Err(nothing());
    }
    Ok(Hook {
        when,
        command,
        shell,
        timeout,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn a_line_is_a_command_with_its_limit_and_its_shell() {
        let hooks = from_lines(
            &lines(&[
                "logger 'backup begins'",
                "",
                "@5m $ pg_ctl promote | tee log",
                "  echo done",
            ]),
            When::Before,
        )
        .unwrap();
        assert_eq!(hooks[0].command, ["logger", "backup begins"]);
        assert_eq!((hooks[0].shell, hooks[0].timeout), (false, USUAL_LIMIT));
        assert_eq!(hooks[1].command, ["pg_ctl promote | tee log\necho done"]);
        assert_eq!((hooks[1].shell, hooks[1].timeout), (true, Duration::from_mins(5)));
    }

    #[test]
    fn what_is_no_command_is_named() {
        for text in ["@5m", "@soon logger", "logger 'x", "$ ", "''"] {
            assert!(from_lines(&lines(&[text]), When::After).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_hook_survives_being_written(
            command in prop::collection::vec("[a-z' $@\n]{1,8}", 1..4), shell in any::<bool>(), seconds in 1_u64..10_000,
        ) {
            let command = if shell { vec![command.concat()] } else { command };
            prop_assume!(!command[0].trim().is_empty());
            let hook = Hook { when: When::After, command, shell, timeout: Duration::from_secs(seconds) };
            let lines = to_lines(std::slice::from_ref(&hook), When::After);
            prop_assert_eq!(from_lines(&lines, When::After).unwrap(), vec![hook]);
        }
    }
}
