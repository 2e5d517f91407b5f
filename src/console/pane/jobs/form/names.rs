//! Several names as one text: separated by commas, those with a comma in them in single quotes.

/// The names of a text. Quotes that are not closed end with the text.
pub fn split(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut quoted = false;
    // What stood in quotes is a name even when it is empty, and keeps its spaces.
    let mut exact = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' if quoted && letters.next_if_eq(&'\'').is_some() => name.push('\''),
            '\'' if quoted => quoted = false,
            '\'' if name.trim().is_empty() && !exact => {
                name.clear();
                (quoted, exact) = (true, true);
            }
            ',' if !quoted => {
                names.extend(finished(&mut name, &mut exact));
            }
            // Between a closing quote and the comma there is nothing but space.
            letter if exact && !quoted && letter.is_whitespace() => {}
            letter => name.push(letter),
        }
    }
    names.extend(finished(&mut name, &mut exact));
    names
}

fn finished(name: &mut String, exact: &mut bool) -> Option<String> {
    let whole = std::mem::take(name);
    if std::mem::take(exact) {
        return Some(whole);
    }
    Some(whole.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Names as a text, of which [`split`] makes the same names again.
pub fn join(names: &[String]) -> String {
    let quoted = |name: &String| {
        let plain = !name.is_empty() && name.trim() == name && !name.contains([',', '\'']);
        if plain {
            name.clone()
        } else {
            format!("'{}'", name.replace('\'', "''"))
        }
    };
    names.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_separated_by_commas() {
        assert_eq!(split("app, shop ,, my db"), ["app", "shop", "my db"]);
        assert_eq!(split(r#"public."A", 'a,b' , it's"#), [r#"public."A""#, "a,b", "it's"]);
        assert!(split("  ").is_empty());
    }

    proptest! {
        #[test]
        fn what_is_joined_is_split_into_the_same_names(names in prop::collection::vec("[a-z',\" ]{0,6}", 0..5)) {
            prop_assert_eq!(split(&join(&names)), names);
        }
    }
}
