//! How a form looks: labels in one column, what is filled in beside them, notes and errors below, and help for the row that
//! has the focus at the foot.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::{Form, Input, Item, Row};
use crate::console::command::{Command, Scope};
use crate::console::layer::centered;
use crate::console::theme::Role;
use crate::console::ui::{Ui, visible, wrapped};
use crate::console::widget::{failure, table};
use crate::domain::units;

/// Lines for the things of a row of several; where there are more, the last one says so.
const MULTI: usize = 7;

/// Lines of help at the foot, and one above them: at least, so that most forms look alike.
const FOOT: u16 = 3;

/// One drawn line, and what of the form it shows.
struct Drawn {
    line: Line<'static>,
    /// The row whose field begins here, to be drawn over the line.
    field: Option<usize>,
    focused: bool,
    /// It says something about the focused row: it should be on the screen with it.
    about_focused: bool,
}

impl Form {
    /// Draws it.
    pub fn view(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        if area.height == 0 || area.width < 8 {
            return;
        }
        let foot = self.foot(area);
        let body = Rect {
            height: area.height - foot,
            ..area
        };
        let label = self.label_width(area.width);
        let drawn = self.lines(ui, label, usize::from(area.width));
        // The focused line has to be on the screen, and where there is room also what is said below it.
        let mut scroll = self.scroll.clone();
        let about = drawn.iter().rposition(|line| line.focused || line.about_focused);
        scroll.select(about.unwrap_or(0));
        scroll.window(drawn.len(), usize::from(body.height));
        scroll.select(drawn.iter().rposition(|line| line.focused).unwrap_or(0));
        let mut window = scroll.window(drawn.len(), usize::from(body.height));
        if drawn.len() <= usize::from(body.height) {
            window = 0..drawn.len();
        }
        self.scroll.take_offset(&scroll);
        let end = window.end;
        for (y, line) in (body.y..).zip(drawn.get(window).unwrap_or_default()) {
            let place = Rect { y, height: 1, ..body };
            frame.render_widget(&line.line, place);
            let field = Rect {
                x: place.x + label + 2,
                width: place.width.saturating_sub(label + 3),
                ..place
            };
            if let Some(Row {
                input: Input::Text(text),
                usual,
                ..
            }) = line.field.and_then(|at| self.rows.get(at))
            {
                text.view(ui, frame, field, line.focused);
                if text.text().is_empty() && !usual.is_empty() {
                    // Where what is typed will stand, under the cursor too.
                    frame.render_widget(ui.line(Role::Muted, ui.fit(usual, usize::from(field.width))), field);
                }
            } else if line.focused {
                ui.set_cursor(ratatui::layout::Position::new(field.x, y));
            }
        }
        let below = drawn.len().saturating_sub(end);
        if foot > 0 && below > 0 {
            let text = format!(" {} {}", ui.glyphs.sorted[1], units::count(below, "more line"));
            let place = Rect {
                y: area.bottom() - foot,
                height: 1,
                ..area
            };
            frame.render_widget(ui.line(Role::Muted, text), place);
        }
        if foot > 0 {
            let place = Rect {
                y: area.bottom() - foot + 1,
                height: foot - 1,
                ..area
            };
            let place = place.inner(Margin::new(1, 0));
            let help = self.focused().map_or("", |row| row.help.as_str());
            let (width, height) = (usize::from(place.width), usize::from(place.height));
            let help = failure::kept(ui, (Role::Muted, help), Vec::new(), width, height);
            frame.render_widget(Paragraph::new(help), place);
        }
        self.view_editor(ui, frame, area);
    }

    /// Lines of the foot: so many as the help takes, and none where there is no room for it.
    fn foot(&self, area: Rect) -> u16 {
        if area.height <= FOOT + 4 {
            return 0;
        }
        let width = usize::from(area.width.saturating_sub(2));
        let help = self.focused().map_or(0, |row| wrapped(&row.help, width).len());
        let foot = u16::try_from(help + 1).unwrap_or(FOOT);
        foot.clamp(FOOT, FOOT.max(area.height / 2))
    }

    fn label_width(&self, width: u16) -> u16 {
        let widest = self.rows.iter().map(|row| row.label.width()).max().unwrap_or(0);
        u16::try_from(widest + 2).unwrap_or(width).min(width / 3)
    }

    fn lines(&self, ui: &Ui<'_>, label: u16, width: usize) -> Vec<Drawn> {
        let mut drawn = Vec::new();
        let plain = |line: Line<'static>| Drawn {
            line,
            field: None,
            focused: false,
            about_focused: false,
        };
        for (at, row) in self.rows.iter().enumerate().filter(|(_, row)| !row.hidden) {
            if let Some(section) = &row.section {
                if !drawn.is_empty() {
                    drawn.push(plain(Line::default()));
                }
                drawn.push(plain(ui.line(Role::Title, format!(" {section}"))));
            }
            let focused = at == self.focus;
            let below = " ".repeat(usize::from(label) + 2);
            let room = width.saturating_sub(usize::from(label) + 3);
            match &row.input {
                Input::Multi { items, selection } if !items.is_empty() => {
                    // As with a choice: of the one that has the focus all is said, below it where it must be.
                    let named = |(item, taken): &(Item, bool)| ticked(ui, item, *taken, room);
                    let beside = |text: &str| room.saturating_sub(text.width() + 2);
                    let cut = items
                        .get(selection.at())
                        .filter(|one| focused && visible(&one.0.about).width() > beside(&named(one)));
                    let told = cut.map_or_else(Vec::new, |(item, _)| wrapped(&item.about, room));
                    let (window, more) = selection.window_told(items.len(), MULTI.saturating_sub(told.len()).max(1));
                    for (index, one) in items.iter().enumerate().skip(window.start).take(window.len()) {
                        let here = focused && index == selection.at();
                        let first = index == window.start;
                        let head = Self::head(ui, if first { &row.label } else { "" }, label, focused && first);
                        let role = if here { Role::Selected } else { Role::Text };
                        let text = named(one);
                        let about = if here && !told.is_empty() {
                            String::new()
                        } else {
                            words(ui, &one.0.about, beside(&text))
                        };
                        let line = Line::from(vec![
                            head,
                            ui.span(role, text),
                            ui.span(Role::Muted, format!("  {about}")),
                        ]);
                        drawn.push(Drawn {
                            line,
                            field: None,
                            focused: here,
                            about_focused: false,
                        });
                        let below_it = if here { told.as_slice() } else { &[] };
                        drawn.extend(below_it.iter().map(|part| Drawn {
                            about_focused: true,
                            ..plain(ui.line(Role::Muted, format!("{below}{part}")))
                        }));
                    }
                    if more > 0 {
                        let text = format!("{below}{}", table::more_rows(ui, more));
                        drawn.push(Drawn {
                            about_focused: focused,
                            ..plain(ui.line(Role::Muted, text))
                        });
                    }
                }
                input => {
                    let head = Self::head(ui, &row.label, label, focused);
                    drawn.push(Drawn {
                        line: Line::from(vec![head, filled_in(ui, input, focused, room)]),
                        field: Some(at),
                        focused,
                        about_focused: false,
                    });
                }
            }
            let mut say = |role: Role, text: String| {
                drawn.push(Drawn {
                    about_focused: focused,
                    ..plain(ui.line(role, text))
                });
            };
            // What is chosen is not cut: what there is no room for beside it stands below.
            if let Input::Choice { items, at } = &row.input
                && let Some(item) = items.get(*at).filter(|_| focused)
                && !fits(ui, item, items.len() > 1, room)
            {
                for part in wrapped(&item.about, room) {
                    say(Role::Muted, format!("{below}{part}"));
                }
            }
            for part in row.note.iter().flat_map(|note| wrapped(note, room)) {
                say(Role::Muted, format!("{below}{part}"));
            }
            if let Some(error) = &row.error {
                for mut line in failure::lines(ui, error, room) {
                    line.spans.insert(0, Span::raw(below.clone()));
                    drawn.push(Drawn {
                        about_focused: focused,
                        ..plain(line)
                    });
                }
            }
        }
        drawn
    }

    fn head(ui: &Ui<'_>, label: &str, width: u16, focused: bool) -> Span<'static> {
        let sign = if focused { ui.glyphs.cursor } else { " " };
        let width = usize::from(width);
        let text = ui.fit(label, width.saturating_sub(1));
        let room = " ".repeat((width + 1).saturating_sub(text.width()));
        let role = if focused { Role::Accent } else { Role::Muted };
        ui.span(role, format!("{sign}{text}{room}"))
    }

    fn view_editor(&self, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
        let Some(editor) = &self.editor else { return };
        let label = self.focused().map_or("", |row| row.label.as_str());
        let key = |command| ui.key(&[Scope::Form], command);
        let leaves = if editor.is_leaving {
            "again discards it"
        } else {
            "leaves it as it was"
        };
        let place = centered(area, 76, 14);
        let title = format!(
            "{label} {dot} {} takes it {dot} {} {leaves}",
            key(Command::Save),
            key(Command::Back),
            dot = ui.glyphs.dot,
        );
        let inner = ui.popup(
            frame,
            place,
            &ui.fit(&title, usize::from(place.width.saturating_sub(6))),
        );
        if inner.width == 0 || inner.height == 0 {
            return;
        }
        let mut editor = editor.area.clone();
        editor.set_cursor_line_style(ui.style(Role::Text));
        editor.set_style(ui.style(Role::Text));
        frame.render_widget(&editor, inner);
        let cursor = editor.screen_cursor();
        let cells = |number: usize, most: u16| u16::try_from(number).unwrap_or(most).min(most.saturating_sub(1));
        ui.set_cursor(ratatui::layout::Position::new(
            inner.x + cells(cursor.col, inner.width),
            inner.y + cells(cursor.row, inner.height),
        ));
    }
}

/// A choice with what it is about.
fn told(ui: &Ui<'_>, item: &Item) -> String {
    format!("{} {} {}", item.name, ui.glyphs.dot, item.about)
}

/// One of several by its name, and whether it is taken.
fn ticked(ui: &Ui<'_>, item: &Item, taken: bool, room: usize) -> String {
    let sign = if taken { "[x]" } else { "[ ]" };
    ui.fit(&format!("{sign} {}", item.name), room)
}

/// As many whole words of `text` as there is room for: of a path or an address half a word may be the name of another one.
fn words(ui: &Ui<'_>, text: &str, room: usize) -> String {
    let text = visible(text);
    if text.width() <= room {
        return text.into_owned();
    }
    let ends = text
        .match_indices(' ')
        .map(|(at, _)| text.get(..at).unwrap_or_default());
    let fitting = ends.take_while(|words| words.width() + 1 + ui.glyphs.ellipsis.width() <= room);
    match fitting.last().map(|words| words.trim_end_matches([' ', '·'])) {
        Some(words) if !words.is_empty() => format!("{words} {}", ui.glyphs.ellipsis),
        _ => String::new(),
    }
}

/// Whether there is room for both beside the label, and for the signs around them where there are several to choose from.
fn fits(ui: &Ui<'_>, item: &Item, several: bool, room: usize) -> bool {
    told(ui, item).width() + if several { 4 } else { 0 } <= room
}

fn filled_in(ui: &Ui<'_>, input: &Input, focused: bool, room: usize) -> Span<'static> {
    let role = if focused { Role::Selected } else { Role::Text };
    match input {
        // Drawn by itself.
        Input::Text(_) => Span::raw(""),
        Input::Toggle(on) => ui.span(role, if *on { "[x] yes" } else { "[ ] no" }),
        Input::Choice { items, at } => {
            let several = focused && items.len() > 1;
            let text = match items.get(*at) {
                Some(item) if item.about.is_empty() || !fits(ui, item, several, room) => item.name.clone(),
                Some(item) => told(ui, item),
                None => "nothing to choose from".to_owned(),
            };
            let text = if focused && items.len() > 1 {
                format!("< {text} >")
            } else {
                text
            };
            ui.span(role, ui.fit(&text, room))
        }
        Input::Multi { .. } => ui.span(Role::Muted, "nothing to choose from"),
        Input::Lines(lines) => {
            let text = match (lines.first(), lines.len()) {
                (None, _) => "none".to_owned(),
                (Some(first), 1) => first.clone(),
                (Some(first), lines) => format!("{first}  (and {} more)", lines - 1),
            };
            ui.span(role, ui.fit(&text, room))
        }
    }
}
