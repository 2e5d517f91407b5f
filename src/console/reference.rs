//! The key reference, made from the command list: what is documented is what is bound.

use std::fmt::Write;

use super::command::{self, Scope};
use super::keymap::Keymap;
use super::theme::{Role, Theme};
use super::widget::field::EDITING;

/// The reference as Markdown.
pub fn markdown() -> String {
    let keymap = Keymap::default();
    let mut text = String::from(
        "# The console\n\nEvery command of the console with its keys. Where several apply, what has the focus decides. A command without a \
         key is reached by its name: `:` asks for one.\n\n`keys.toml` beside the master key changes keys and is read again whenever it \
         changes: a section a scope, a list of keys a command, an empty list for none.\n\n```toml\n[jobs]\nrun = [\"r\", \"f9\"]\n\
         pause = []\n```\n\nA pane's section applies together with `lists` and `everywhere`, the log's with `runs` besides: no two commands of \
         sections that apply together may have one key. A file that gives a command the key of another one, as `run = [\"j\"]` would \
         `down`'s, is refused with both named, and the keys stay as they were; it is taken once the same file gives the other command \
         other keys, or none. Forms, dialogs and steps lie on top and need to differ only from what works there too. Where the tables \
         below have a key twice, as `/` in `log` and `lists`, the first of them counts: log before runs, steps before forms, all before lists.\n",
    );
    for scope in Scope::ALL {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n## {scope}\n\n| command | keys | what it does |\n|---|---|---|\n"
        );
        for entry in command::ALL.iter().filter(|entry| entry.scopes.contains(&scope)) {
            let keys: Vec<String> = keymap
                .keys(scope, entry.command)
                .map(|key| format!("`{}`", key.to_string().replace('|', "\\|")))
                .collect();
            let _ = writeln!(text, "| `{}` | {} | {} |", entry.name, keys.join(" "), entry.help);
        }
    }
    text.push_str("\n## While a line is typed\n\n| keys | what it does |\n|---|---|\n");
    for (key, help) in EDITING {
        let _ = writeln!(text, "| `{key}` | {help} |");
    }
    text.push_str("\nA proposal that is shown as selected is replaced by what is typed or pasted first; an arrow keeps it to be edited.\n");
    let themes: Vec<String> = Theme::built_in()
        .into_iter()
        .map(|theme| format!("`{}`", theme.name))
        .collect();
    let roles: Vec<String> = Role::ALL.iter().map(|(_, name)| format!("`{name}`")).collect();
    let _ = write!(
        text,
        "\n## Themes\n\n`--theme` chooses one, `T` goes to the next: {}. With `NO_COLOR` there is only `mono`. A file \
         `themes/NAME.toml` beside the master key adds one, as a patch over another:\n\n```toml\nbase = \"dark\"\n\n[styles]\n\
         bad = {{ fg = \"203\", bold = true }}\nselected = {{ bg = \"#303030\" }}\n```\n\nA colour is a name, a number up to 255, or \
         `#rrggbb`; attributes are `bold`, `dim`, `italic`, `underlined`, `reversed`. The roles: {}.\n",
        themes.join(", "),
        roles.join(", ")
    );
    text
}
