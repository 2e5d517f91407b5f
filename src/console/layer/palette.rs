//! A command by its name, or a pane, job, adapter, profile or run by its: typed, completed, chosen.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};

use super::{Layer, centered};
use crate::console::command::{self, Command, Scope};
use crate::console::key::Key;
use crate::console::message::{Effect, Place, Reply};
use crate::console::model::{Cx, Model, Named};
use crate::console::pane::runs::Brief;
use crate::console::pane::{PaneId, system};
use crate::console::theme::Role;
use crate::console::ui::Ui;
use crate::console::view::key_sign;
use crate::console::widget::field::Field;
use crate::console::widget::selection::Selection;
use crate::console::widget::table::{self, Column, Row, Table};

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Command(Command),
    /// A command of a pane that is not shown.
    Elsewhere(PaneId, Command),
    Place(Place),
}

struct Item {
    name: String,
    keys: String,
    about: String,
    /// Of a run, what stands in the place of these words: it changes with the time, and is cut otherwise.
    run: Option<Brief>,
    what: What,
}

impl Item {
    fn place(named: Named, place: Place) -> Self {
        match named {
            Named::Job(name) => Self::named(name, "job", place),
            Named::Adapter(name) => Self::named(name, "adapter", place),
            Named::Run(run) => Self {
                about: run.about(),
                run: Some(run.clone()),
                ..Self::named(run.name(), "", place)
            },
        }
    }

    fn named(name: String, about: &str, place: Place) -> Self {
        Self {
            name,
            keys: String::new(),
            about: about.to_owned(),
            run: None,
            what: What::Place(place),
        }
    }

    /// The commands of the panes that are not shown, each with the name of its pane. All that the overview has is somewhere
    /// else as well.
    fn elsewhere(model: &Model) -> Vec<Self> {
        let mut items = Vec::new();
        for entry in command::ALL
            .iter()
            .filter(|entry| !(model.start.read_only && entry.changes))
        {
            let panes = PaneId::ALL
                .into_iter()
                .filter(|pane| *pane != PaneId::Overview && *pane != model.pane);
            items.extend(
                panes
                    .filter(|pane| entry.scopes.contains(&pane.scope()))
                    .map(|pane| Self {
                        name: entry.name.to_owned(),
                        keys: keys(model, &[pane.scope()], entry.command),
                        about: format!("{}: {}", pane.title(), entry.help),
                        run: None,
                        what: What::Elsewhere(pane, entry.command),
                    }),
            );
        }
        items
    }

    /// How well it answers to what was typed, in lower case; the less, the better. What works here comes before what does
    /// elsewhere, which is shown to those who ask for it. A name goes before what only speaks of it: `restore` is the command,
    /// wherever it works, and not a run that was one.
    fn rank(&self, text: &str) -> Option<u8> {
        let likeness = self.likeness(text);
        match self.what {
            What::Elsewhere(..) if text.is_empty() => None,
            What::Elsewhere(..) => likeness.map(|rank| match rank {
                WHOLE => WHOLE,
                BEGINS => BEGINS_ELSEWHERE,
                rank => rank + WORDS,
            }),
            What::Command(_) | What::Place(_) => likeness,
        }
    }

    fn likeness(&self, text: &str) -> Option<u8> {
        let (name, about) = (self.name.to_lowercase(), self.about.to_lowercase());
        match name.find(text) {
            Some(0) if name == text => Some(WHOLE),
            Some(0) => Some(BEGINS),
            Some(_) => Some(WITHIN),
            None if says(&about, text) => Some(SAYS),
            // `shop failed`: a word of it is of the name, the other of how it stands.
            None => text
                .split_whitespace()
                .all(|word| name.contains(word) || says(&about, word))
                .then_some(WORDS),
        }
    }
}

/// The key of a command in these scopes; empty when it has none.
fn keys(model: &Model, scopes: &[Scope], command: Command) -> String {
    let key = model.start.keymap.shown(scopes, command);
    key.map(|key| key_sign(&key.to_string())).unwrap_or_default()
}

/// How something answers to what was typed: it is called just so, its name begins so, or so does that of a command of another
/// pane, its name has it, a sentence about it does, or all words of it are somewhere.
const WHOLE: u8 = 0;
const BEGINS: u8 = 1;
const WITHIN: u8 = 2;
const BEGINS_ELSEWHERE: u8 = 3;
const SAYS: u8 = 4;
const WORDS: u8 = 5;

/// Letters of a word from which on it can be told what is looked for in a sentence.
const TELLING: usize = 3;

/// Whether a sentence has a word, or several one behind the other, that begin so.
fn says(sentence: &str, text: &str) -> bool {
    let begins = |(at, _): (usize, &str)| {
        sentence
            .get(..at)
            .is_none_or(|before| !before.ends_with(char::is_alphanumeric))
    };
    text.chars().count() >= TELLING && sentence.match_indices(text).any(begins)
}

/// What can be typed.
pub struct Palette {
    field: Field,
    items: Vec<Item>,
    found: Vec<usize>,
    selection: Selection,
    /// What was selected and is not among the items just now: a run that ends has left one list before it is in the other.
    missing: Option<What>,
    read_only: bool,
}

impl Palette {
    /// What makes sense where the focus is, and every thing that has a name.
    pub fn new(model: &Model) -> Self {
        let scopes = model.scopes();
        let commands = command::ALL
            .iter()
            .filter(|entry| entry.scopes.iter().any(|scope| scopes.contains(scope)))
            .filter(|entry| entry.command != Command::Palette && !(model.start.read_only && entry.changes))
            .map(|entry| Item {
                name: entry.name.to_owned(),
                keys: keys(model, &scopes, entry.command),
                about: entry.help.to_owned(),
                run: None,
                what: What::Command(entry.command),
            });
        let things = model
            .names()
            .into_iter()
            .map(|(named, place)| Item::place(named, place));
        let items: Vec<Item> = commands.chain(things).chain(Item::elsewhere(model)).collect();
        let mut palette = Self {
            field: Field::default(),
            found: (0..items.len()).collect(),
            items,
            selection: Selection::default(),
            missing: None,
            read_only: model.start.read_only,
        };
        palette.search();
        palette
    }

    /// What is called so first, then what begins with the text, then what contains it; the first of them is selected.
    fn search(&mut self) {
        self.find();
        self.missing = None;
        self.selection.select(0);
    }

    fn find(&mut self) {
        let text = self.field.text().trim().to_lowercase();
        let items = self.items.iter().enumerate();
        let mut found: Vec<(u8, usize)> = items
            .filter_map(|(index, item)| Some((item.rank(&text)?, index)))
            .collect();
        found.sort_unstable();
        self.found = found.into_iter().map(|(_, index)| index).collect();
    }

    /// Puts others in the place of all items that are like these; whatever of both is selected stays so.
    fn replace(&mut self, like: fn(&What) -> bool, others: impl Iterator<Item = Item>) {
        let missing = self.missing.take();
        let selected = missing.or_else(|| self.item(self.selection.at()).map(|item| item.what.clone()));
        let begins = self.items.iter().position(|item| like(&item.what));
        self.items.retain(|item| !like(&item.what));
        let begins = begins.unwrap_or(self.items.len());
        self.items.splice(begins..begins, others);
        self.find();
        let at = (0..self.found.len()).find(|row| self.item(*row).map(|item| &item.what) == selected.as_ref());
        if let Some(at) = at {
            self.selection.select(at);
        } else {
            self.missing = selected;
            self.selection.clamp(self.found.len());
        }
    }

    /// What is said when nothing is found: a command of that name may work in a log or a form, or change something.
    fn nothing_found(&self) -> String {
        let text = self.field.text().trim().to_lowercase();
        let Some(entry) = command::ALL.iter().find(|entry| entry.name.starts_with(&text)) else {
            return "nothing here is called that".to_owned();
        };
        let name = entry.name;
        let scopes: Vec<&str> = entry.scopes.iter().map(|scope| scope.name()).collect();
        if self.read_only && entry.changes {
            return format!(
                "'{name}' of {} changes something, and this console is read-only",
                scopes.join(", ")
            );
        }
        match scopes.split_last() {
            Some((last, [])) => format!("'{name}' works in {last}, not here"),
            Some((last, others)) => format!("'{name}' works in {} and {last}, not here", others.join(", ")),
            None => "nothing here is called that".to_owned(),
        }
    }

    fn item(&self, row: usize) -> Option<&Item> {
        self.found.get(row).and_then(|index| self.items.get(*index))
    }
}

impl Layer for Palette {
    fn title(&self) -> String {
        "Command".to_owned()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Dialog, Scope::List]
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn command(&mut self, command: Command, _cx: &Cx<'_>) -> Option<Vec<Effect>> {
        let len = self.found.len();
        self.missing = None;
        match command {
            Command::Accept => Some(match self.item(self.selection.at()).map(|item| &item.what) {
                Some(What::Command(command)) => vec![Effect::Close, Effect::Command(*command)],
                Some(What::Elsewhere(pane, command)) => vec![Effect::Close, Effect::Elsewhere(*pane, *command)],
                Some(What::Place(place)) => vec![Effect::Close, Effect::Go(place.clone())],
                None => vec![Effect::Bell],
            }),
            Command::NextButton => self.selection.command(Command::Down, len).then(Vec::new),
            Command::PreviousButton => self.selection.command(Command::Up, len).then(Vec::new),
            _ => self.selection.command(command, len).then(Vec::new),
        }
    }

    /// The profiles came, which are read once somebody may look for one.
    fn reply(&mut self, reply: &Reply, _cx: &Cx<'_>) -> Vec<Effect> {
        if let Reply::System(system::Reply::Profiles(Ok(profiles))) = reply {
            let items = profiles.iter().map(|shown| {
                let name = shown.profile.name.clone();
                Item::named(name.clone(), "profile", Place::Profile(name))
            });
            let is_best = self.selection.at() == 0;
            self.replace(|what| matches!(what, What::Place(Place::Profile(_))), items);
            if is_best {
                // What answers best to what was typed may only have come with these.
                self.selection.select(0);
            }
        }
        Vec::new()
    }

    fn lists_names(&self) -> bool {
        true
    }

    fn take_names(&mut self, names: Vec<(Named, Place)>) {
        let items = names.into_iter().map(|(named, place)| Item::place(named, place));
        let like = |what: &What| {
            !matches!(
                what,
                What::Command(_) | What::Elsewhere(..) | What::Place(Place::Profile(_))
            )
        };
        self.replace(like, items);
    }

    fn key(&mut self, key: Key, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.field.key(key) {
            self.search();
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _cx: &Cx<'_>) -> Vec<Effect> {
        if self.field.paste(text) {
            self.search();
        }
        Vec::new()
    }

    fn hints(&self) -> Vec<Command> {
        let go = (!self.found.is_empty()).then_some(Command::Accept);
        go.into_iter().chain([Command::Back]).collect()
    }

    fn word(&self, command: Command) -> Option<&'static str> {
        (command == Command::Accept).then_some("go")
    }

    fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let inner = ui.popup(frame, centered(area, 76, 18), "Command or name");
        if inner.height == 0 {
            return;
        }
        let columns = [
            Column::new("NAME", 18, 1, 0),
            Column::new("KEY", 9, 0, 1),
            Column::new("WHAT IT DOES", 20, 2, 2),
        ];
        let list = Table {
            columns: &columns,
            len: self.found.len(),
            selection: &self.selection,
            sorted: None,
            focused: true,
        };
        let below = Rect {
            y: inner.y + 1,
            height: inner.height - 1,
            ..inner
        };
        if self.found.is_empty() {
            let text = ui.fit(&self.nothing_found(), usize::from(below.width.saturating_sub(2)));
            frame.render_widget(ui.line(Role::Warn, text), below.inner(Margin::new(2, 1)));
        }
        let widths = table::widths(&columns, below.width.saturating_sub(table::GUTTER));
        let width = |column: usize| usize::from(widths.get(column).copied().flatten().unwrap_or(0));
        table::draw_all_told(ui, frame, below, &list, |row| match self.item(row) {
            Some(Item { run: Some(run), .. }) => Row::new([
                (Role::Text, run.name_in(ui, width(0))),
                (Role::Key, String::new()),
                run.stands_in(ui, width(2)),
            ]),
            Some(item) => Row::new([
                (Role::Text, item.name.clone()),
                (Role::Key, item.keys.clone()),
                (Role::Muted, item.about.clone()),
            ]),
            None => Row::default(),
        });
        frame.render_widget(ui.line(Role::Accent, " :"), Rect { height: 1, ..inner });
        let field = Rect {
            x: inner.x + 2,
            width: inner.width.saturating_sub(3),
            height: 1,
            ..inner
        };
        self.field.view(ui, frame, field, true);
    }
}
