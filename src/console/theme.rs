//! How things look: a style for each role and a glyph for each sign. Views name roles, never colours, and every colour has a
//! glyph or a word beside it.

mod file;

use ratatui::style::Style;

pub use self::file::MONO;

/// What a piece of the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Text that matters less: labels, units, what is off.
    Muted,
    /// A name, a heading.
    Title,
    /// What is interactive or in focus.
    Accent,
    /// A border.
    Border,
    /// The border of what has the focus.
    Focus,
    /// The row that is selected.
    Selected,
    /// A row that is marked.
    Marked,
    /// It is well.
    Good,
    /// Not all of it is well: partial, late, degraded.
    Warn,
    /// It failed.
    Bad,
    /// It runs.
    Running,
    /// A key in a hint.
    Key,
    /// A match of a search.
    Match,
    /// What is being typed.
    Input,
    /// The header line.
    Header,
}

impl Role {
    /// Every role, with its name in theme files.
    pub const ALL: [(Self, &'static str); 16] = [
        (Self::Text, "text"),
        (Self::Muted, "muted"),
        (Self::Title, "title"),
        (Self::Accent, "accent"),
        (Self::Border, "border"),
        (Self::Focus, "focus"),
        (Self::Selected, "selected"),
        (Self::Marked, "marked"),
        (Self::Good, "good"),
        (Self::Warn, "warn"),
        (Self::Bad, "bad"),
        (Self::Running, "running"),
        (Self::Key, "key"),
        (Self::Match, "match"),
        (Self::Input, "input"),
        (Self::Header, "header"),
    ];
}

/// Signs, as a terminal that speaks UTF-8 shows them, and in ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// It is well.
    pub good: &'static str,
    /// Not all of it is well.
    pub warn: &'static str,
    /// It failed.
    pub bad: &'static str,
    /// It runs.
    pub running: &'static str,
    /// Off, paused, new.
    pub idle: &'static str,
    /// Waits.
    pub pending: &'static str,
    /// Left of the selected row.
    pub cursor: &'static str,
    /// Left of a marked row.
    pub mark: &'static str,
    /// It is locked, or sealed with a key.
    pub lock: &'static str,
    /// From here to there.
    pub arrow: &'static str,
    /// The text goes on.
    pub ellipsis: &'static str,
    /// Ascending, descending.
    pub sorted: [&'static str; 2],
    /// Eighths of a bar, from one to full.
    pub bar: [&'static str; 8],
    /// The rest of a bar.
    pub bar_rest: &'static str,
    /// Steps of a spark line, from least to most.
    pub spark: [&'static str; 8],
    /// Between two short facts.
    pub dot: &'static str,
    /// A day of a calendar.
    pub day: &'static str,
    /// Plain borders.
    pub ascii: bool,
}

/// The signs of a terminal that speaks UTF-8.
pub const UNICODE: Glyphs = Glyphs {
    good: "●",
    warn: "▲",
    bad: "✖",
    running: "▶",
    idle: "○",
    pending: "◌",
    cursor: "▌",
    mark: "◆",
    lock: "▣",
    arrow: "→",
    ellipsis: "…",
    sorted: ["▴", "▾"],
    bar: ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    bar_rest: "░",
    spark: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    dot: "·",
    day: "■",
    ascii: false,
};

/// The same in ASCII.
pub const ASCII: Glyphs = Glyphs {
    good: "o",
    warn: "!",
    bad: "X",
    running: ">",
    idle: "-",
    pending: ".",
    cursor: ">",
    mark: "*",
    lock: "#",
    arrow: "->",
    ellipsis: "~",
    sorted: ["^", "v"],
    bar: ["-", "-", "=", "=", "=", "#", "#", "#"],
    bar_rest: ".",
    spark: ["_", "_", ".", "-", "-", "=", "=", "#"],
    dot: "-",
    day: "#",
    ascii: true,
};

/// A style for each role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    styles: [Style; Role::ALL.len()],
}

impl Theme {
    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }
}
