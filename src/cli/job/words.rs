//! Splits a command as a shell would into words, so that a hook can be typed as one text and run without a shell.

use crate::domain::{Error, Result};

/// The words of `text`: separated by white space, held together by `'…'`, `"…"` or a backslash. Nothing is expanded.
pub fn split(text: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '\\') => {
                let escaped = rest.next().ok_or_else(|| unfinished(text, "a backslash at its end"))?;
                word.get_or_insert_default().push(escaped);
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(unfinished(text, "a quote that is not closed"));
    }
    words.extend(word);
    Ok(words)
}

fn unfinished(text: &str, what: &str) -> Error {
    Error::usage(format!("the command has {what}"))
        .on(format!("hook '{text}'"))
        .next("quote it as for a shell")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        let split = |text| split(text).unwrap();
        assert_eq!(split("notify-send  done"), ["notify-send", "done"]);
        assert_eq!(split(r#"a 'b c' "d \" e" f\ g ''"#), ["a", "b c", "d \" e", "f g", ""]);
        assert_eq!(split(r"'a\b'"), [r"a\b"]);
        assert!(split("  ").is_empty());
    }

    #[test]
    fn what_is_not_closed_is_refused() {
        assert!(split("a 'b").is_err());
        assert!(split("a\\").is_err());
    }
}
