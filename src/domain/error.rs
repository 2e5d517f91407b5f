//! One error for all layers: what happened, to which object, and what to do next. Its kind decides the exit code, its
//! `transient` mark whether a run is tried again.

use std::fmt;

/// The result of everything that can go wrong in Backstay.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure this is; each has an exit code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was tried and did not work (exit 1).
    Failed,
    /// The command was not understood or the input is not valid (exit 2).
    Usage,
    /// Part of it was done (exit 3).
    Partial,
    /// No such thing (exit 4).
    NotFound,
    /// Somebody else holds it right now (exit 5).
    Busy,
    /// It would destroy something and was not confirmed (exit 6).
    Refused,
    /// It was stopped on request (exit 130).
    Interrupted,
    /// It could not be looked at, which says nothing about it: no permission, too many open files (exit 1).
    Inaccessible,
    /// The key that was given is not the one that it was sealed with (exit 1).
    WrongKey,
}

impl Kind {
    /// A kind for each exit code, in their order.
    pub const ALL: [Self; 7] = [
        Self::Failed,
        Self::Usage,
        Self::Partial,
        Self::NotFound,
        Self::Busy,
        Self::Refused,
        Self::Interrupted,
    ];

    /// What its exit code says, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Failed | Self::Inaccessible | Self::WrongKey => "failed",
            Self::Usage => "the command or its input is not valid",
            Self::Partial => "done in part",
            Self::NotFound => "no such thing",
            Self::Busy => "locked or busy",
            Self::Refused => "refused: it would destroy something and was not confirmed",
            Self::Interrupted => "interrupted",
        }
    }

    /// The process exit code scripts may rely on.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed | Self::Inaccessible | Self::WrongKey => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::NotFound => 4,
            Self::Busy => 5,
            Self::Refused => 6,
            Self::Interrupted => 130,
        }
    }
}

/// What happened · to which object · what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Decides the exit code.
    pub kind: Kind,
    /// What happened, one sentence without a full stop; names the object when `object` is empty.
    pub message: String,
    /// The thing it happened to, as the operator knows it: `job nightly`, `adapter nas`, a path. May be empty.
    pub object: String,
    /// The next step, as an instruction. May be empty when there is none.
    pub next: String,
    /// Whether the same thing may work later without anybody changing anything (network, lock, busy).
    pub transient: bool,
    /// Each failure by itself, where this tells of several.
    pub parts: Vec<Self>,
}

impl Error {
    /// An error of `kind` that says what happened.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            object: String::new(),
            next: String::new(),
            transient: false,
            parts: Vec::new(),
        }
    }

    /// Several failures as one, which is short, for each has been told where it happened: the first, and what else failed. May
    /// pass where one of them may. `None` for none.
    pub fn several(mut parts: Vec<Self>) -> Option<Self> {
        if parts.len() < 2 {
            return parts.pop();
        }
        let first = parts.first()?;
        let mut others: Vec<&str> = Vec::new();
        for error in parts.iter().skip(1) {
            let what = if error.object.is_empty() {
                &error.message
            } else {
                &error.object
            };
            if *what != first.object && !others.contains(&what.as_str()) {
                others.push(what);
            }
        }
        // What is named already has failed in more than one way.
        let more = match parts.len() - 1 - others.len() {
            0 => String::new(),
            number => format!("and {number} more"),
        };
        let others = match others.as_slice() {
            [] => more,
            _ if more.is_empty() => format!("failed too: {}", others.join(", ")),
            _ => format!("failed too: {}, {more}", others.join(", ")),
        };
        let next = parts.iter().map(|error| &error.next).find(|next| !next.is_empty());
        Some(Self {
            message: joined([first.without_next(), others]),
            next: next.cloned().unwrap_or_default(),
            transient: parts.iter().any(|error| error.transient),
            ..Self::new(first.kind, "")
        })
        .map(|all| Self { parts, ..all })
    }

    /// Says what else there is to it.
    #[must_use]
    pub fn and(mut self, remark: &str) -> Self {
        self.message = joined([self.message.as_str(), remark]);
        if !self.parts.is_empty() {
            self.parts.push(Self::new(self.kind, remark));
        }
        self
    }

    /// Something was tried and did not work.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// The input is not valid.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// Somebody else holds it; it may work later.
    pub fn busy(message: impl Into<String>) -> Self {
        Self {
            transient: true,
            ..Self::new(Kind::Busy, message)
        }
    }

    /// It would destroy something and was not confirmed.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// It was stopped on request.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self::new(Kind::Interrupted, message)
    }

    /// Whether this says nothing about the thing that was looked at, because it could not be looked at.
    pub const fn says_nothing(&self) -> bool {
        self.transient || matches!(self.kind, Kind::Inaccessible | Kind::Refused | Kind::Interrupted)
    }

    /// Names the object it happened to.
    #[must_use]
    pub fn on(mut self, object: impl Into<String>) -> Self {
        self.object = object.into();
        self
    }

    /// Names the object unless one is named already: the layer nearest to the failure knows best.
    #[must_use]
    pub fn or_on(self, object: impl Into<String>) -> Self {
        if self.object.is_empty() { self.on(object) } else { self }
    }

    /// Says what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// What happened and to which object, in one text.
    pub fn without_next(&self) -> String {
        if self.object.is_empty() {
            self.message.clone()
        } else {
            format!("{}: {}", self.object, self.message)
        }
    }

    /// Marks a failure that may pass by itself.
    #[must_use]
    pub fn transient(mut self) -> Self {
        self.transient = true;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.without_next())?;
        if !self.next.is_empty() {
            write!(f, " · {}", self.next)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Adds the object, and for I/O errors a plain sentence, to a failure of a lower layer.
pub trait Context<T> {
    /// `what` says what was being done, as in "cannot read"; `object` is the path or thing it was done to.
    fn doing(self, what: &str, object: impl fmt::Display) -> Result<T>;
}

impl<T> Context<T> for std::io::Result<T> {
    fn doing(self, what: &str, object: impl fmt::Display) -> Result<T> {
        self.map_err(|error| from_io(&error, what, &object.to_string()))
    }
}

/// Several messages as one, `; ` between them. What a message ends in does not double that.
pub fn joined<S: AsRef<str>>(messages: impl IntoIterator<Item = S>) -> String {
    let mut all = String::new();
    for message in messages {
        let message = message.as_ref().trim_end_matches([';', ' ', '\n']);
        if !all.is_empty() && !message.is_empty() {
            all.push_str("; ");
        }
        all.push_str(message);
    }
    all
}

/// What an error of the system says, without its number: `(os error 2)` says nothing that the words before it do not.
pub fn in_words(error: &dyn fmt::Display) -> String {
    let told = error.to_string();
    match told.split_once(" (os error ") {
        Some((words, rest)) => words.to_owned() + rest.split_once(')').map_or("", |(_, rest)| rest),
        None => told,
    }
}

/// An I/O failure in words, with the next step where there is an obvious one.
pub fn from_io(error: &std::io::Error, what: &str, object: &str) -> Error {
    use std::io::ErrorKind as Io;
    let told = error.to_string();
    // Of a temporary file that could not be made its own name is told too, which nobody has chosen.
    let told = told
        .split(" at path \"")
        .next()
        .filter(|_| error.get_ref().is_some())
        .unwrap_or(&told);
    let told = in_words(&told);
    let failed = Error::failed(format!("{what}: {told}")).on(object);
    match error.kind() {
        Io::NotFound => Error {
            kind: Kind::NotFound,
            ..failed
        }
        .next("check the path"),
        Io::NotADirectory | Io::IsADirectory | Io::AlreadyExists | Io::InvalidFilename => failed.next("check the path"),
        Io::InvalidData => failed.next("it has to be text in UTF-8"),
        Io::PermissionDenied => failed.next("check the owner and the permissions, or run as a user who may"),
        Io::StorageFull | Io::QuotaExceeded => failed.next("free some space there, then run it again"),
        Io::ReadOnlyFilesystem => failed.next("make it writable again, then run it again"),
        Io::TimedOut
        | Io::Interrupted
        | Io::WouldBlock
        | Io::ConnectionReset
        | Io::ConnectionRefused
        | Io::BrokenPipe => failed.transient(),
        _ => failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_file_is_not_named() {
        let gone = tempfile::tempdir().unwrap().path().to_owned();
        let made = tempfile::Builder::new().prefix(".backstay-").tempfile_in(&gone);
        let error = made.doing("cannot make a file there", gone.display()).unwrap_err();
        assert!(error.message.contains("No such file"), "{error}");
        assert!(!error.to_string().contains(".backstay-"), "{error}");
    }

    #[test]
    fn the_number_of_a_system_error_is_not_told() {
        let missing = std::io::Error::from_raw_os_error(2);
        assert_eq!(in_words(&missing), "No such file or directory");
        assert_eq!(
            in_words(&format!("{missing} about [\"/srv\"]")),
            "No such file or directory about [\"/srv\"]"
        );
        assert_eq!(in_words(&"a file (os error)"), "a file (os error)");
    }

    #[test]
    fn several_are_told_by_the_first_and_by_what_else_failed_and_each_stays_whole() {
        let lost = |object: &str| Error::failed("the link broke").on(object);
        let parts = vec![
            lost("database shop"),
            lost("database crm").next("mend it").transient(),
            lost("database crm"),
            Error::failed("no room"),
        ];
        let all = Error::several(parts.clone()).unwrap();
        assert_eq!(
            all.to_string(),
            "database shop: the link broke; failed too: database crm, no room, and 1 more · mend it"
        );
        assert!(all.transient && all.parts == parts);
        let more = all.and("not backed up: wiki");
        assert!(more.message.ends_with("and 1 more; not backed up: wiki"), "{more}");
        assert_eq!(more.parts.last().unwrap().message, "not backed up: wiki");
        assert_eq!(Error::several(vec![lost("nas")]), Some(lost("nas")));
        assert_eq!(Error::several(Vec::new()), None);
    }

    #[test]
    fn messages_are_joined_by_one_semicolon() {
        assert_eq!(joined(["a;", "", "b; ", "c"]), "a; b; c");
        assert_eq!(joined(["DROP DATABASE shop;"]), "DROP DATABASE shop");
    }
}
