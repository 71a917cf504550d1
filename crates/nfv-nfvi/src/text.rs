//! Enums whose values come as text from outside: known words are variants, all others are kept as they came.

/// Declares an enum of known texts with an `Other(String)` for the rest, its text form and its serde form.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vmeta])* #[doc = concat!("`", $text, "`")] $variant,)+
            /// A word this program does not know, kept as it came.
            Other(String),
        }

        impl $name {
            /// The word as it appears outside.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <Option<std::borrow::Cow<'de, str>>>::deserialize(d)?;
                Ok(Self::from(text.as_deref().unwrap_or_default()))
            }
        }
    };
}

pub(crate) use text_enum;

#[cfg(test)]
mod tests {
    use crate::object::AdminState;

    #[test]
    fn unknown_words_survive_a_round_trip() {
        for text in ["locked", "unlocked", "shiny"] {
            let state: AdminState = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{text}\""));
        }
        assert_eq!(AdminState::from("shiny"), AdminState::Other("shiny".into()));
        assert_eq!(AdminState::from("locked"), AdminState::Locked);
    }

    #[test]
    fn null_reads_as_the_empty_word() {
        assert_eq!(serde_json::from_str::<AdminState>("null").unwrap(), AdminState::Other(String::new()));
    }
}
