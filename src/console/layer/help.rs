//! What every key does here, made from the command list and the keys in force.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::Layer;
use crate::console::command::{self, Command, Scope};
use crate::console::keymap::Keymap;
use crate::console::message::Effect;
use crate::console::model::Cx;
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::widget::selection::Selection;

enum Item {
    Heading(Scope),
    Command { keys: String, help: &'static str },
}

/// Help for where the focus is.
pub struct Help {
    items: Vec<Item>,
    selection: Selection,
}

impl Help {
    /// For these scopes, the most specific first.
    pub fn new(keymap: &Keymap, scopes: &[Scope]) -> Self {
        let mut items = Vec::new();
        for scope in scopes {
            items.push(Item::Heading(*scope));
            for entry in command::ALL.iter().filter(|entry| entry.scopes.contains(scope)) {
                // A key that a more specific scope has taken is not a key of this command here.
                let keys: Vec<String> = keymap
                    .keys(*scope, entry.command)
                    .filter(|key| keymap.find(scopes, *key) == Some(entry.command))
                    .map(|key| key.to_string())
                    .collect();
                if !keys.is_empty() {
                    items.push(Item::Command {
                        keys: keys.join("  "),
                        help: entry.help,
                    });
                }
            }
        }
        Self {
            items,
            selection: Selection::default(),
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
            _ => self.selection.command(command, self.items.len()).then(Vec::new),
        }
    }

    fn hints(&self) -> Vec<Command> {
        vec![Command::Back]
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui.popup(frame, area, "Help: what the keys do here");
        let window = self.selection.window(self.items.len(), usize::from(inner.height));
        let lines: Vec<Line<'_>> = self
            .items
            .get(window)
            .unwrap_or_default()
            .iter()
            .map(|item| match item {
                Item::Heading(scope) => ui.line(Role::Title, format!(" {scope}")),
                Item::Command { keys, help } => Line::from(vec![
                    ui.span(Role::Key, format!("   {:<18}", ui.fit(keys, 18))),
                    Span::raw(" "),
                    ui.span(Role::Text, *help),
                ]),
            })
            .collect();
        frame.render_widget(Paragraph::new(lines), inner);
    }
}
