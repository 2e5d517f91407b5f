//! `--secret key=env:NAME | file:PATH | stdin | prompt`: a secret's value is never an argument, where every user could read it.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::terminal;
use crate::domain::error::Context;
use crate::domain::secret::Secret;
use crate::domain::{Error, Result};

/// More than any credential; keeps a wrong path from being read into memory.
const LONGEST_BYTES: u64 = 64 * 1024;

/// A secret field and where its value is.
struct SecretFlag {
    key: String,
    at: Place,
}

#[derive(PartialEq, Eq)]
enum Place {
    Environment(String),
    File(PathBuf),
    Stdin,
    Prompt,
}

impl SecretFlag {
    /// Reads `key=env:NAME` and its like. The message never repeats the text: it might hold the secret itself. That is also
    /// why the grammar takes any text here, since its own messages do repeat it.
    fn parse(text: &str) -> Result<Self> {
        let bad = || {
            Error::usage("it does not say where the secret is")
                .on("--secret")
                .next("write KEY=env:NAME, KEY=file:PATH, KEY=stdin or KEY=prompt")
        };
        let (key, place) = text.split_once('=').ok_or_else(bad)?;
        let at = match place.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Place::Environment(name.to_owned()),
            Some(("file", path)) if !path.is_empty() => Place::File(PathBuf::from(path)),
            None if place == "stdin" => Place::Stdin,
            None if place == "prompt" => Place::Prompt,
            _ => return Err(bad()),
        };
        Ok(Self {
            key: key.trim().to_owned(),
            at,
        })
    }

    fn read(&self) -> Result<Secret> {
        let flag = format!("--secret {}", self.key);
        let value = match &self.at {
            Place::Environment(name) => std::env::var(name).map(Zeroizing::new).map_err(|_| {
                Error::usage(format!("the environment has no text variable {name}"))
                    .next(format!("export {name} first"))
            }),
            Place::File(path) => std::fs::File::open(path)
                .doing("cannot open it", path.display())
                .and_then(limited),
            Place::Stdin => stdin(),
            Place::Prompt => prompt(&self.key),
        };
        let value = value.map_err(|error| error.or_on(&flag))?;
        let value = value.strip_suffix('\n').unwrap_or(&value);
        let value = value.strip_suffix('\r').unwrap_or(value);
        if value.is_empty() {
            return Err(Error::usage("it is empty there")
                .on(flag)
                .next("put the secret there, or leave the flag out"));
        }
        Ok(Secret::new(value))
    }
}

/// Reads the values of all these flags.
pub fn read_all(flags: &[String]) -> Result<Vec<(String, Secret)>> {
    let flags: Vec<SecretFlag> = flags
        .iter()
        .map(|flag| SecretFlag::parse(flag))
        .collect::<Result<_>>()?;
    if flags.iter().filter(|flag| flag.at == Place::Stdin).count() > 1 {
        return Err(
            Error::usage("standard input can hold one secret only").next("give the others by env:NAME or file:PATH")
        );
    }
    flags
        .into_iter()
        .map(|flag| {
            let value = flag.read()?;
            Ok((flag.key, value))
        })
        .collect()
}

fn stdin() -> Result<Zeroizing<String>> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(
            Error::usage("standard input is a terminal, where the secret would be seen")
                .next("pipe it in, or use prompt in place of stdin"),
        );
    }
    limited(stdin)
}

fn prompt(key: &str) -> Result<Zeroizing<String>> {
    let nobody = || {
        Error::usage("there is no terminal to ask on").next(format!("give --secret {key}=env:NAME, file:PATH or stdin"))
    };
    if !terminal::is_interactive() {
        return Err(nobody());
    }
    terminal::ask(&format!("{key}: "), terminal::Echo::Hidden)
}

fn limited(from: impl Read) -> Result<Zeroizing<String>> {
    // Room for all of it at once: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(
        usize::try_from(LONGEST_BYTES).unwrap_or_default() + 1,
    ));
    from.take(LONGEST_BYTES + 1)
        .read_to_string(&mut text)
        .doing("cannot read it", "the secret")?;
    if text.len() as u64 > LONGEST_BYTES {
        return Err(Error::usage("that is too long for a secret").next("check the path"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_typed_as_an_argument_is_refused_and_not_repeated() {
        let error = SecretFlag::parse("password=hunter22").err().unwrap();
        assert!(!error.to_string().contains("hunter22"));
        assert!(SecretFlag::parse("password=env:").is_err());
        assert!(SecretFlag::parse("password=file:/run/secret").is_ok());
    }
}
