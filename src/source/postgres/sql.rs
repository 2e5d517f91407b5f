//! SQL as text: quoting, and reading `pg_dump`'s own statements word by word. Nothing here ever touches the contents of
//! tables; those are bytes and stay bytes.

/// An identifier, quoted.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string constant, whatever the server's setting of `standard_conforming_strings`.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        return format!("E'{}'", quoted.replace('\\', "\\\\"));
    }
    format!("'{quoted}'")
}

/// A value in a libpq connection string.
pub(super) fn connection_value(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// One word of a statement, with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Keyword or name; a quoted name or string without its quotes.
    pub(super) text: String,
    /// How it is written.
    pub(super) form: Form,
    /// Byte range in the text.
    pub(super) range: std::ops::Range<usize>,
}

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `create`, `shop`, `12`.
    Bare,
    /// `"Shop"`.
    Quoted,
    /// `'text'`.
    Text,
    /// `=`, `;`, `,` …
    Sign,
}

impl Word {
    /// Whether it is this keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.form == Form::Bare && self.text.eq_ignore_ascii_case(keyword)
    }

    /// The name it stands for, if it is one.
    pub(super) fn as_name(&self) -> Option<&str> {
        matches!(self.form, Form::Bare | Form::Quoted).then_some(self.text.as_str())
    }

    fn is_end(&self) -> bool {
        self.form == Form::Sign && self.text == ";"
    }
}

/// The words of `sql`. Comments are left out. `standard_conforming_strings` is taken to be on, as `pg_dump` sets it.
pub(super) fn words(sql: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut position = 0;
    while let Some(rest) = sql.get(position..)
        && let Some(first) = rest.chars().next()
    {
        let (length, word) = match first {
            _ if rest.starts_with("--") => (rest.find('\n').unwrap_or(rest.len()), None),
            first if first.is_whitespace() => (first.len_utf8(), None),
            '"' | '\'' => {
                let (length, text) = quoted(rest, first);
                let form = if first == '"' { Form::Quoted } else { Form::Text };
                (length, Some((text, form)))
            }
            first if is_part_of_name(first) => {
                let length = rest.find(|next| !is_part_of_name(next)).unwrap_or(rest.len());
                (
                    length,
                    Some((rest.get(..length).unwrap_or_default().to_owned(), Form::Bare)),
                )
            }
            sign => (sign.len_utf8(), Some((sign.to_string(), Form::Sign))),
        };
        let range = position..position + length;
        words.extend(word.map(|(text, form)| Word { text, form, range }));
        position += length;
    }
    words
}

/// The statements of `sql`, each with its words but without the final semicolon.
pub(super) fn statements(sql: &str) -> Vec<(&str, Vec<Word>)> {
    let mut statements = Vec::new();
    for statement in words(sql).split(Word::is_end) {
        let (Some(first), Some(last)) = (statement.first(), statement.last()) else {
            continue;
        };
        let text = sql.get(first.range.start..last.range.end).unwrap_or_default();
        let base = first.range.start;
        let own = statement.iter().cloned().map(|mut word| {
            word.range = word.range.start - base..word.range.end - base;
            word
        });
        statements.push((text, own.collect()));
    }
    statements
}

fn is_part_of_name(letter: char) -> bool {
    letter == '_' || letter == '$' || letter == '.' || letter.is_alphanumeric()
}

/// Length and meaning of the quoted word at the front of `text`; a doubled quote stands for one.
fn quoted(text: &str, quote: char) -> (usize, String) {
    let mut meaning = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != quote {
            meaning.push(letter);
        } else if letters.next_if(|(_, next)| *next == quote).is_some() {
            meaning.push(quote);
        } else {
            return (at + 1, meaning);
        }
    }
    (text.len(), meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_like_sql_stay_names() {
        assert_eq!(identifier("a\"; DROP"), "\"a\"\"; DROP\"");
        assert_eq!(literal("it's \\"), "E'it''s \\\\'");
        assert_eq!(connection_value("a=b host='x'\\"), "'a=b host=\\'x\\'\\\\'");
    }

    #[test]
    fn a_semicolon_inside_quotes_ends_nothing() {
        let found = statements("-- head;\nALTER DATABASE \"a;\"\"b\" SET x TO 'c;''d';\n\nGRANT y TO z;\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].0, "ALTER DATABASE \"a;\"\"b\" SET x TO 'c;''d'");
        assert_eq!(found[0].1[2].as_name(), Some("a;\"b"));
        assert_eq!(&found[0].0[found[0].1[2].range.clone()], "\"a;\"\"b\"");
        assert!(found[1].1[0].is("grant"));
    }
}
