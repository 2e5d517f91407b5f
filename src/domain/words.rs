//! A command as one text: split into words as a shell would, so that a hook can be typed and run without a shell, and written
//! back.

use super::{Error, Result};

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

/// Words as one text, of which [`split`] makes the same words again.
pub fn join(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// One word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-+=./:,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn unfinished(text: &str, what: &str) -> Error {
    Error::usage(format!("the command has {what}"))
        .on(format!("hook '{text}'"))
        .next("quote it as for a shell")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_joined_is_split_into_the_same_words(words in prop::collection::vec(".{0,12}", 0..6)) {
            prop_assert_eq!(split(&join(&words)).unwrap(), words);
        }
    }

    #[test]
    fn only_what_needs_it_is_quoted() {
        let words = ["notify-send", "it's done", ""].map(str::to_owned);
        assert_eq!(join(&words), r"notify-send 'it'\''s done' ''");
    }

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
