//! SQL as text: quoting, and reading `pg_dump`'s own statements word by word. Nothing here ever touches the contents of
//! tables; those are bytes and stay bytes.

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
    /// `'text'`, `E'te\\xt'`.
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

/// The words of `sql`. Comments are left out. `standard_conforming_strings` is taken to be on, as `pg_dump` sets it. What else
/// there may be in SQL comes out as some words or other; [`is_plain`] tells.
pub(super) fn words(sql: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut position = 0;
    while let Some(rest) = sql.get(position..)
        && let Some(first) = rest.chars().next()
    {
        let (length, word) = match first {
            _ if rest.starts_with("--") => (rest.find('\n').unwrap_or(rest.len()), None),
            first if first.is_whitespace() => (first.len_utf8(), None),
            '"' => {
                let (length, name) = quoted(rest, first, false);
                (length, Some((name, Form::Quoted)))
            }
            '\'' => {
                let (length, text) = quoted(rest, first, false);
                (length, Some((text, Form::Text)))
            }
            'e' | 'E' if rest.get(1..).is_some_and(|rest| rest.starts_with('\'')) => {
                let (length, text) = quoted(rest.get(1..).unwrap_or_default(), '\'', true);
                (length + 1, Some((text, Form::Text)))
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

/// Whether `psql` is sure to read one statement in this and no command of its own, whatever its settings and those of the server.
/// A backslash that it finds outside of quotes is such a command, which may run any program on this machine; where quotes begin
/// and end is therefore left in no doubt. What `pg_dump` writes about roles, tablespaces and databases is all like this.
pub(super) fn is_plain(statement: &str) -> bool {
    let mut between = 0;
    for word in words(statement) {
        let gap = statement.get(between..word.range.start).unwrap_or_default();
        let written = statement.get(word.range.clone()).unwrap_or_default();
        // No comments, no blanks that are a part of names elsewhere, no quotes of a kind that is not told apart here.
        if gap.contains(|letter| !matches!(letter, ' ' | '\t' | '\n')) || !is_plain_word(&word, written) {
            return false;
        }
        between = word.range.end;
    }
    // psql reads lines as C does, up to a zero byte.
    !statement.contains('\0') && statement.get(between..).is_some_and(str::is_empty)
}

fn is_plain_word(word: &Word, written: &str) -> bool {
    // A quote inside is written twice, so that an odd one is without its partner.
    let is_closed = |quote: char| written.matches(quote).count().is_multiple_of(2);
    match word.form {
        Form::Bare => !written.contains('$'),
        Form::Quoted => is_closed('"'),
        // What a backslash means in a text without the E depends on a setting.
        Form::Text if written.starts_with('\'') => is_closed('\'') && !written.contains('\\'),
        Form::Text => is_closed('\'') && !written.replace(r"\\", "").contains('\\'),
        Form::Sign => matches!(written, "=" | "," | "(" | ")" | "-"),
    }
}

fn is_part_of_name(letter: char) -> bool {
    letter == '_' || letter == '$' || letter == '.' || letter.is_alphanumeric()
}

/// Length and meaning of the quoted word at the front of `text`; a doubled quote stands for one, and so does what follows a
/// backslash if it escapes.
fn quoted(text: &str, quote: char, backslash_escapes: bool) -> (usize, String) {
    let mut meaning = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && backslash_escapes {
            meaning.extend(letters.next().map(|(_, escaped)| escaped));
        } else if letter != quote {
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
        assert_eq!(crate::source::identifier("a\"; DROP"), "\"a\"\"; DROP\"");
        assert_eq!(literal("it's \\"), "E'it''s \\\\'");
        assert_eq!(connection_value("a=b host='x'\\"), "'a=b host=\\'x\\'\\\\'");
    }

    #[test]
    fn a_text_with_backslashes_is_one_word() {
        let found = words(r"ICU_RULES = E'it''s \\ \'x\'' e'' fe'\' x");
        let texts: Vec<&str> = found.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["ICU_RULES", "=", r"it's \ 'x'", "", "fe", r"\", "x"]);
        assert_eq!(found[2].form, Form::Text);
    }

    #[test]
    fn only_what_psql_cannot_take_for_anything_else_is_plain() {
        for statement in [
            "ALTER ROLE \"a\\b\" IN DATABASE \"c\"\"d\" SET search_path TO 'x''y', 'z'",
            r"COMMENT ON ROLE x IS E'it''s C:\\dir\\'",
            "ALTER TABLESPACE t SET (random_page_cost=1.1, effective_io_concurrency=-1)",
            "GRANT a TO b WITH INHERIT TRUE\n\tGRANTED BY c",
        ] {
            assert!(is_plain(statement), "{statement}");
        }
        for statement in [
            r"SELECT 1 \! ls",
            r"SELECT '\'",
            r"SELECT E'\''",
            r"SELECT E'\n'",
            "SELECT 'x",
            "SELECT 'x''",
            "SELECT \"x",
            "SELECT E'x",
            "SELECT a /* x */",
            "SELECT -- x\n1",
            "SELECT 1 -- x",
            "SELECT $a$ x $a$",
            "SELECT x$1",
            "SELECT :x",
            "SELECT 1; SELECT 2",
            "SELECT U&'x'",
            "SELECT\u{a0}1",
            "SELECT\r1",
            "SELECT 'a\0'",
            "SELECT 1\u{3000}",
        ] {
            assert!(!is_plain(statement), "{statement}");
        }
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
