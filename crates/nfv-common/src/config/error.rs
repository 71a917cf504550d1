//! What can be wrong with a configuration file.

use super::ini::SyntaxError;
use super::interpolation::InterpolationError;

/// A configuration file that cannot be used, or a value in it. (Texts are boxed to keep results small.)
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file exists but cannot be read. (A missing file counts as an empty one.)
    #[error("cannot read configuration file {file}: {cause}")]
    Read {
        /// Path of the file.
        file: Box<str>,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file breaks the rules of the format.
    #[error("configuration file {file}: {cause}")]
    Syntax {
        /// Path of the file.
        file: Box<str>,
        /// Which rule, where.
        #[source]
        cause: SyntaxError,
    },
    /// A `%` reference in a value cannot be resolved.
    #[error("configuration file {file}: [{section}] {key}: {cause}")]
    Interpolation {
        /// Path of the file.
        file: Box<str>,
        /// Section of the value.
        section: Box<str>,
        /// Key of the value.
        key: Box<str>,
        /// What is wrong with the reference.
        #[source]
        cause: InterpolationError,
    },
    /// A required section is absent.
    #[error("configuration file {file} has no section [{section}]")]
    NoSection {
        /// Path of the file.
        file: Box<str>,
        /// The section asked for.
        section: Box<str>,
    },
    /// A required key is absent.
    #[error("configuration file {file} has no key '{key}' in section [{section}]")]
    NoKey {
        /// Path of the file.
        file: Box<str>,
        /// Section asked.
        section: Box<str>,
        /// The key asked for.
        key: Box<str>,
    },
    /// A value is not of the type needed.
    #[error("configuration file {file}: [{section}] {key} = '{value}' is not {expected}")]
    Value {
        /// Path of the file.
        file: Box<str>,
        /// Section of the value.
        section: Box<str>,
        /// Key of the value.
        key: Box<str>,
        /// The value found.
        value: Box<str>,
        /// What was expected, for example `an integer`.
        expected: &'static str,
    },
    /// The configuration library refused the collected values.
    #[error("cannot collect the configuration of {file}: {cause}")]
    Collect {
        /// Path of the file.
        file: Box<str>,
        /// Why.
        #[source]
        cause: config::ConfigError,
    },
}
