//! Enums that are TEXT in the database, on the command line and in JSON: one table of words each.

/// Gives an enum its words: `as_str`, `Display`, `FromStr` and `ALL`.
macro_rules! text_enum {
    ($name:ident, $what:literal, { $($variant:ident => $text:literal),+ $(,)? }) => {
        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it, the same in SQL, JSON and on the command line.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::Error;

            fn from_str(text: &str) -> $crate::domain::Result<Self> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::domain::Error::usage(format!("'{text}' is not a {}", $what))
                        .next(format!("use one of {}", [$($text),+].join(", ")))),
                }
            }
        }
    };
}
