//! What every key does here, made from the command list and the keys in force.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Layer;
use crate::console::command::{self, Command, Scope};
use crate::console::keymap::Keymap;
use crate::console::message::Effect;
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::{Ui, wrapped};
use crate::console::view::key_sign;
use crate::console::widget::field::EDITING;
use crate::console::widget::scroll::Scroll;

/// Cells for the keys of a command.
const KEYS: usize = 18;

enum Item {
    Heading(&'static str),
    Command { keys: String, help: &'static str },
}

/// Help for where the focus is.
pub struct Help {
    items: Vec<Item>,
    scroll: Scroll,
}

impl Help {
    /// For these scopes, the most specific first; of a console that may change nothing only what it may do. What does nothing
    /// here is not listed, nor a letter where letters are text: what edits a line begins it then.
    pub fn new(
        keymap: &Keymap,
        scopes: &[Scope],
        read_only: bool,
        types: bool,
        lacks: impl Fn(Command) -> bool,
    ) -> Self {
        let mut items = Vec::new();
        if types {
            items.push(Item::Heading("while a line is typed"));
            items.extend(EDITING.iter().map(|(key, help)| Item::Command {
                keys: key_sign(key),
                help,
            }));
        }
        // What several scopes have is said once, where it is most specific.
        let mut said = Vec::new();
        for scope in scopes {
            items.push(Item::Heading(scope.name()));
            for entry in command::ALL.iter().filter(|entry| entry.scopes.contains(scope)) {
                // Over a pane little of what every list and every place has is within reach.
                let is_beyond = scopes.first().is_some_and(|top| !top.reaches(*scope, entry.command));
                if said.contains(&entry.command) || (read_only && entry.changes) || is_beyond || lacks(entry.command) {
                    continue;
                }
                // A key that a more specific scope has taken is not a key of this command here.
                let keys: Vec<String> = keymap
                    .keys(*scope, entry.command)
                    .filter(|key| keymap.find(scopes, *key) == Some(entry.command))
                    .filter(|key| !types || key.text().is_none())
                    .map(|key| key_sign(&key.to_string()))
                    .collect();
                if !keys.is_empty() {
                    said.push(entry.command);
                    items.push(Item::Command {
                        keys: keys.join("  "),
                        help: entry.help,
                    });
                }
            }
        }
        Self {
            items,
            scroll: Scroll::default(),
        }
    }
}

impl Layer for Help {
    fn title(&self) -> String {
        "Help".to_owned()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::List]
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        match command {
            Command::Open | Command::Help => Some(vec![Effect::Close]),
            _ => self.scroll.command(command).then(Vec::new),
        }
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui.popup(frame, area, "Help: what the keys do here");
        let width = usize::from(inner.width).saturating_sub(KEYS + 5);
        let lines: Vec<Line<'_>> = self
            .items
            .iter()
            .flat_map(|item| match item {
                Item::Heading(text) => vec![ui.line(Role::Title, format!(" {text}"))],
                Item::Command { keys, help } => wrapped(help, width)
                    .into_iter()
                    .enumerate()
                    .map(|(at, text)| {
                        let keys = if at == 0 { ui.fit(keys, KEYS) } else { String::new() };
                        Line::from(vec![
                            ui.span(Role::Key, format!("   {keys:<KEYS$}")),
                            Span::raw(" "),
                            ui.span(Role::Text, text),
                        ])
                    })
                    .collect(),
            })
            .collect();
        self.scroll.view(ui, frame, inner, lines);
    }
}
