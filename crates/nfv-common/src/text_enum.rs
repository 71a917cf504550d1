//! Enumerations whose values have a fixed text outside the process (alarm files, FM, JSON).
//!
//! One row per value, so that the text stands in one place: `as_str`, `parse`, `Display`, `FromStr` and serde all come
//! from that row.

/// A text that names no value of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a known {what}")]
pub struct UnknownText {
    /// What was to be read, for example `alarm type`.
    pub what: &'static str,
    /// The text found.
    pub text: String,
}

/// Defines an enumeration from rows `Variant = "text"`.
///
/// Gives the enum (serialised as its text), `ALL` in row order, `as_str`, `parse`, `Display` and `FromStr`.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident ($what:literal) { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $(
                #[doc = concat!("`", $text, "`")]
                #[serde(rename = $text)]
                $variant,
            )+
        }

        impl $name {
            /// Every value, in the order of the definition.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The text used outside the process.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)+
                }
            }

            /// The value with exactly this text.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some($name::$variant),)+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::text_enum::UnknownText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
                    .ok_or_else(|| $crate::text_enum::UnknownText { what: $what, text: text.to_owned() })
            }
        }
    };
}

pub(crate) use text_enum;
