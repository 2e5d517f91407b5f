//! Themes as TOML: a style for each role, `bad = { fg = "203", bold = true }`. A user's theme is a patch over a built-in one,
//! named by `base`; what it leaves out stays as it is there.

use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};
use toml::{Table, Value};

use super::{Role, Theme};
use crate::domain::{Error, Result};

/// The built-in themes: the first is the default.
const BUILT_IN: [(&str, &str); 5] = [
    ("dark", include_str!("../../../assets/themes/dark.toml")),
    ("light", include_str!("../../../assets/themes/light.toml")),
    (
        "high-contrast",
        include_str!("../../../assets/themes/high-contrast.toml"),
    ),
    ("colour-blind", include_str!("../../../assets/themes/colour-blind.toml")),
    (MONO, include_str!("../../../assets/themes/mono.toml")),
];

/// The theme without colours.
pub const MONO: &str = "mono";

/// Attributes of a style, by their names in a file.
const ATTRIBUTES: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

impl Theme {
    /// The themes that come with the program, the default first.
    pub fn built_in() -> Vec<Self> {
        // A test holds that all of them can be read.
        BUILT_IN
            .iter()
            .filter_map(|(name, text)| Self::parse(name, text).ok())
            .collect()
    }

    /// The default theme.
    pub fn dark() -> Self {
        Self::built_in().into_iter().next().unwrap_or_else(Self::plain)
    }

    /// The theme in `text`, the content of `NAME.toml`.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let wrong = |message: String| Error::usage(message).on(format!("theme {name}"));
        let table: Table =
            toml::from_str(text).map_err(|error| wrong(format!("it cannot be read: {}", error.message())))?;
        let base = match table.get("base") {
            None => Self::plain(),
            Some(base) => {
                let base = base.as_str().unwrap_or_default();
                let (base, text) = BUILT_IN.iter().find(|(name, _)| *name == base).ok_or_else(|| {
                    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
                    wrong(format!("there is no theme '{base}' to begin with"))
                        .next(format!("one of {}", names.join(", ")))
                })?;
                Self::parse(base, text)?
            }
        };
        let mut theme = Self {
            name: name.to_owned(),
            ..base
        };
        if let Some(unknown) = table.keys().find(|key| !matches!(key.as_str(), "base" | "styles")) {
            return Err(
                wrong(format!("'{unknown}' means nothing in a theme")).next("write base = \"dark\" and [styles]")
            );
        }
        let styles = table.get("styles").and_then(Value::as_table);
        for (role, style) in styles.into_iter().flatten() {
            let slot = Role::ALL.iter().position(|(_, name)| name == role).ok_or_else(|| {
                let names: Vec<&str> = Role::ALL.iter().map(|(_, name)| *name).collect();
                wrong(format!("there is no role '{role}'")).next(format!("one of {}", names.join(", ")))
            })?;
            let read = read_style(style).map_err(|message| {
                wrong(format!("{role}: {message}")).next("write it as { fg = \"203\", bg = \"#202020\", bold = true }")
            })?;
            if let Some(slot) = theme.styles.get_mut(slot) {
                *slot = read;
            }
        }
        Ok(theme)
    }

    fn plain() -> Self {
        Self {
            name: String::new(),
            styles: Role::ALL.map(|_| Style::new()),
        }
    }
}

fn read_style(style: &Value) -> Result<Style, String> {
    let style = style.as_table().ok_or("it is not a style")?;
    let mut read = Style::new();
    for (key, value) in style {
        if let Some((_, attribute)) = ATTRIBUTES.iter().find(|(name, _)| name == key) {
            match value.as_bool() {
                Some(true) => read = read.add_modifier(*attribute),
                Some(false) => {}
                None => return Err(format!("{key} is neither true nor false")),
            }
            continue;
        }
        let color = || -> Result<Color, String> {
            let text = value.as_str().ok_or_else(|| format!("{key} is not a text"))?;
            Color::from_str(text).map_err(|_| format!("'{text}' is no colour"))
        };
        read = match key.as_str() {
            "fg" => read.fg(color()?),
            "bg" => read.bg(color()?),
            _ => return Err(format!("'{key}' means nothing in a style")),
        };
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_that_comes_along_has_a_style_for_every_role() {
        for (name, text) in BUILT_IN {
            let theme = Theme::parse(name, text).unwrap();
            let table: Table = toml::from_str(text).unwrap();
            for (_, role) in Role::ALL {
                assert!(table["styles"].get(role).is_some(), "{name} has no {role}");
            }
            assert_eq!(theme.name, name);
        }
        assert_eq!(Theme::built_in().len(), BUILT_IN.len());
    }

    #[test]
    fn the_theme_without_colours_has_none() {
        let mono = Theme::built_in().into_iter().find(|theme| theme.name == MONO).unwrap();
        for (role, _) in Role::ALL {
            let style = mono.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn a_users_theme_changes_what_it_names() {
        let theme = Theme::parse("mine", "base = \"light\"\n[styles]\nbad = { fg = \"red\" }\n").unwrap();
        let light = Theme::built_in()
            .into_iter()
            .find(|theme| theme.name == "light")
            .unwrap();
        assert_eq!(theme.style(Role::Bad), Style::new().fg(Color::Red));
        assert_eq!(theme.style(Role::Good), light.style(Role::Good));
    }

    #[test]
    fn a_mistake_is_named() {
        for (text, word) in [
            ("base = \"neon\"", "neon"),
            ("[styles]\nloud = {}", "loud"),
            ("[styles]\nbad = { fg = \"reddish\" }", "reddish"),
            ("[styles]\nbad = { bold = 1 }", "bold"),
            ("[colors]\n", "colors"),
            ("[styles", "cannot be read"),
        ] {
            let error = Theme::parse("mine", text).unwrap_err();
            assert!(error.message.contains(word), "{error}");
            assert_eq!(error.object, "theme mine");
        }
    }
}
