//! The frame around everything: one line of header, one of tabs, the pane, one line of hints; layers and toasts on top.

mod header;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::command::Command;
use super::message::Weight;
use super::model::Model;
use super::pane::PaneId;
use super::theme::Role;
use super::ui::Ui;
use super::widget::failure;
use crate::domain::time::Timestamp;

/// Below this there is no room for a pane.
const LEAST: (u16, u16) = (60, 15);

/// Hints in the footer at most.
const HINTS: usize = 8;

/// What came of drawing a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// When a text of it is no longer true.
    pub valid_until: Option<Timestamp>,
    /// Rows of lists that were formatted.
    pub rows_built: usize,
}

/// Draws everything.
pub fn view(model: &Model, frame: &mut Frame<'_>) -> Drawn {
    let area = frame.area();
    let Some(theme) = model.theme() else {
        return Drawn::default();
    };
    let mut ui = Ui::new(
        theme,
        model.start.glyphs,
        model.now,
        model.start.zone,
        &model.start.keymap,
    );
    ui.program = &model.start.program;
    ui.read_only = model.start.read_only;
    frame.buffer_mut().set_style(area, ui.style(Role::Text));
    let drawn = if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(&ui, frame, area);
        Drawn::default()
    } else {
        whole(model, &ui, frame, area)
    };
    if ui.glyphs.ascii {
        in_ascii(frame.buffer_mut());
    }
    drawn
}

/// Signs inside of sentences, which come from everywhere, as ASCII has them.
fn in_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        match cell.symbol() {
            "·" => cell.set_symbol("-"),
            "…" => cell.set_symbol("~"),
            "×" => cell.set_symbol("x"),
            _ => continue,
        };
    }
}

fn whole(model: &Model, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) -> Drawn {
    let line = |y: u16| Rect { y, height: 1, ..area };
    let body = Rect {
        y: area.y + 2,
        height: area.height - 3,
        ..area
    };
    header::draw(model, ui, frame, line(area.y));
    tabs(model, ui, frame, line(area.y + 1));
    model.shown().view(ui, frame, body);
    for layer in model.layers.iter() {
        layer.view(ui, frame, body);
    }
    footer(model, ui, frame, line(area.bottom() - 1));
    toast(model, ui, frame, area);
    if let Some(at) = ui.cursor() {
        frame.set_cursor_position(at);
    }
    if let Some(end) = model.toast_ends() {
        ui.note_until(end);
    }
    Drawn {
        valid_until: ui.valid_until(),
        rows_built: ui.rows_built(),
    }
}

fn too_small(ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
    let text = format!(
        "Backstay needs {}×{}, this is {}×{}",
        LEAST.0, LEAST.1, area.width, area.height
    );
    frame.render_widget(ui.line(Role::Warn, ui.fit(&text, usize::from(area.width))), area);
}

/// What each tab says, and where it begins and ends on the line.
fn tab_places(width: u16) -> Vec<(PaneId, &'static str, u16, u16)> {
    let all = |title: fn(PaneId) -> &'static str, gap: u16| {
        let mut x = 0;
        PaneId::ALL.map(|pane| {
            let from = x;
            x += u16::try_from(title(pane).len()).unwrap_or(0) + gap;
            (pane, title(pane), from, x)
        })
    };
    let full = all(PaneId::title, 4);
    if full.last().is_some_and(|(_, _, _, end)| *end <= width) {
        full.to_vec()
    } else {
        all(PaneId::short_title, 3).to_vec()
    }
}

/// The tab at a position on the screen.
pub fn tab_at(size: (u16, u16), at: Position) -> Option<PaneId> {
    if at.y != 1 {
        return None;
    }
    tab_places(size.0)
        .into_iter()
        .find(|(_, _, from, to)| (*from..*to).contains(&at.x))
        .map(|(pane, _, _, _)| pane)
}

fn tabs(model: &Model, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
    for (index, (pane, title, from, to)) in tab_places(area.width).into_iter().enumerate() {
        let chosen = pane == model.pane;
        let role = if chosen { Role::Selected } else { Role::Muted };
        let end = if chosen { " " } else { "" };
        let place = Rect {
            x: area.x + from,
            width: to - from,
            ..area
        };
        frame.render_widget(
            ui.span(role, format!(" {} {title}{end}", index + 1)),
            place.intersection(area),
        );
    }
}

fn footer(model: &Model, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
    let scopes = model.scopes();
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    let position = if model.layers.is_empty() {
        model.shown().position()
    } else {
        String::new()
    };
    let room = usize::from(area.width).saturating_sub(position.len() + 1);
    let (back, own): (Vec<Command>, Vec<Command>) =
        model.hints().into_iter().partition(|command| *command == Command::Back);
    // Where letters are text, or something lies on top, these two are not there.
    let general: &[Command] = if model.layers.is_empty() && !model.takes_text() {
        &[Command::Palette, Command::Help]
    } else {
        &[]
    };
    let own: Vec<Command> = own.into_iter().take(HINTS - 1 - back.len()).collect();
    let left = HINTS - own.len() - back.len();
    let general = general.iter().skip(general.len().saturating_sub(left));
    let hint = |command: Command| {
        if model.start.read_only && command.entry().changes {
            return None;
        }
        let key = key_sign(&model.start.keymap.shown(&scopes, command)?.to_string());
        let word = model.word(command);
        let width = key.width() + word.len() + 3;
        Some((command, key, word, width))
    };
    let all: Vec<Command> = own.into_iter().chain(back).chain(general.copied()).collect();
    // Whatever else has to leave: the way back stays, and the key that shows all the others.
    let stays = |command: Command| matches!(command, Command::Back | Command::Help);
    let mut kept: usize = all
        .iter()
        .filter(|command| stays(**command))
        .filter_map(|command| hint(*command))
        .map(|(.., width)| width)
        .sum();
    for (command, key, word, width) in all.into_iter().filter_map(hint) {
        if stays(command) {
            kept = kept.saturating_sub(width);
        }
        if used + width + kept > room {
            continue;
        }
        used += width;
        spans.push(ui.span(Role::Key, key));
        spans.push(ui.span(Role::Muted, format!(" {word}  ")));
    }
    frame.render_widget(Line::from(spans), area);
    let width = u16::try_from(position.len() + 1).unwrap_or(0).min(area.width);
    let place = Rect {
        x: area.right() - width,
        width,
        ..area
    };
    frame.render_widget(ui.span(Role::Muted, position), place);
}

/// A key as people write it: `Tab`, `Ctrl-s`.
pub fn key_sign(key: &str) -> String {
    match key {
        "enter" => "Enter".to_owned(),
        "esc" => "Esc".to_owned(),
        "tab" => "Tab".to_owned(),
        "space" => "Space".to_owned(),
        "backspace" => "Backspace".to_owned(),
        "backtab" => "Shift-Tab".to_owned(),
        "up" => "Up".to_owned(),
        "down" => "Down".to_owned(),
        "left" => "Left".to_owned(),
        "right" => "Right".to_owned(),
        "home" => "Home".to_owned(),
        "end" => "End".to_owned(),
        "pgup" => "PgUp".to_owned(),
        "pgdn" => "PgDn".to_owned(),
        key => match key.split_once('-') {
            Some(("ctrl", rest)) => format!("Ctrl-{rest}"),
            Some(("alt", rest)) => format!("Alt-{}", key_sign(rest)),
            _ if key.len() > 1 && key.starts_with('f') => key.to_uppercase(),
            _ => key.to_owned(),
        },
    }
}

fn toast(model: &Model, ui: &Ui<'_>, frame: &mut Frame<'_>, area: Rect) {
    let Some(told) = &model.toast else { return };
    let (sign, role) = match told.toast.weight {
        Weight::Good => (ui.glyphs.good, Role::Good),
        Weight::Note => (ui.glyphs.dot, Role::Accent),
        Weight::Bad => (ui.glyphs.bad, Role::Bad),
    };
    let next = match told.toast.next.as_str() {
        "" => String::new(),
        next => format!(" {} {next}", ui.glyphs.arrow),
    };
    // All of it, over the whole width: what is half covered reads as one text with what covers it.
    let lines = failure::signed(
        ui,
        role,
        sign,
        &failure::in_the_console(ui, &format!("{}{next}", told.toast.text)),
        usize::from(area.width.saturating_sub(2)),
    );
    let height = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .min(area.height.saturating_sub(3));
    let place = Rect {
        y: area.bottom().saturating_sub(1 + height),
        height,
        ..area
    };
    ui.clear(frame, place);
    frame.buffer_mut().set_style(place, ui.style(Role::Selected));
    let lines: Vec<Line<'_>> = lines.into_iter().map(|line| ui.selected(line)).collect();
    frame.render_widget(Paragraph::new(lines), place.inner(Margin::new(1, 0)));
}
