//! Command lines, read as Python 2.7's `argparse` reads them.
//!
//! Written by hand although structopt is the house library: scripts of the platform see the exact texts and exit codes
//! of the original's tools, and the habits behind them (options by unambiguous prefix, `-dDIR`, `-d=DIR`, values that
//! look like options refused, a negative number taken as a value) are not ones that clap can be told.
//!
//! Contract: deployment 2.1, 7.1, 7.2.

use std::collections::BTreeMap;

use crate::python_text::quoted;

/// What an option does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it asks for help.
    Help,
    /// Nothing: its being there counts.
    Flag,
    /// A value.
    Value,
    /// A value, and the command line is wrong without it.
    RequiredValue,
}

/// An option with its two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opt {
    /// With one dash.
    pub short: &'static str,
    /// With two dashes.
    pub long: &'static str,
    /// What it does.
    pub takes: Takes,
}

impl Opt {
    /// `-h`, `--help`.
    pub const HELP: Opt = Opt { short: "-h", long: "--help", takes: Takes::Help };

    /// An option with a value.
    pub const fn value(short: &'static str, long: &'static str) -> Self {
        Self { short, long, takes: Takes::Value }
    }

    /// An option with a value that must be there.
    pub const fn required(short: &'static str, long: &'static str) -> Self {
        Self { short, long, takes: Takes::RequiredValue }
    }

    fn title(&self) -> String {
        format!("{}/{}", self.short, self.long)
    }
}

/// The options of a program or command.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// All of them.
    pub known: &'static [Opt],
    /// Their long names in the order in which Python's hash table lists them when a prefix is ambiguous.
    pub hashed: &'static [&'static str],
}

/// What was given, by the option's long name. A flag's value is empty.
pub type Values = BTreeMap<&'static str, String>;

/// How reading the arguments ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// All is well.
    Values(Values),
    /// Help was asked for.
    Help,
    /// The command line is wrong.
    Error(String),
}

/// How reading a program's first argument, its command, ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum First {
    /// The command.
    Command(String),
    /// Help was asked for.
    Help,
    /// The command line is wrong.
    Error(String),
}

/// What one argument is taken for.
#[derive(Debug, PartialEq, Eq)]
enum Argument {
    /// A value.
    Plain,
    /// An option, perhaps with a value glued to it.
    Option { opt: Opt, short: bool, glued: Option<String> },
    /// Looks like an option and is none.
    Unknown,
}

const ONLY_HELP: Options = Options { known: &[Opt::HELP], hashed: &["--help"] };

/// The first argument of a program whose first argument is a command; there is none or one.
pub fn first(argument: Option<&str>) -> First {
    let Some(argument) = argument.filter(|argument| *argument != "--") else {
        return First::Error("too few arguments".to_owned());
    };
    match ONLY_HELP.classify(argument) {
        Err(error) => First::Error(error),
        Ok(Argument::Plain) => First::Command(argument.to_owned()),
        Ok(Argument::Unknown) => First::Error("too few arguments".to_owned()),
        Ok(Argument::Option { glued: None, .. }) => First::Help,
        Ok(Argument::Option { opt, short, glued: Some(glued) }) => {
            match ONLY_HELP.cluster(opt, short, glued) {
                Err(error) => First::Error(error),
                Ok(_) => First::Help,
            }
        }
    }
}

impl Options {
    /// Reads arguments that are all options.
    pub fn parse(&self, arguments: &[String]) -> Parsed {
        self.read(arguments).unwrap_or_else(Parsed::Error)
    }

    fn read(&self, arguments: &[String]) -> Result<Parsed, String> {
        // After `--` everything is a value; all arguments are judged before any is acted upon.
        let plain_from = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
        let mut kinds = Vec::with_capacity(arguments.len());
        for argument in &arguments[..plain_from] {
            kinds.push(self.classify(argument)?);
        }
        let mut values = Values::new();
        let mut extras = Vec::new();
        let mut index = 0;
        while let Some(kind) = kinds.get(index) {
            let argument = &arguments[index];
            index += 1;
            let (opt, short, glued) = match kind {
                Argument::Plain | Argument::Unknown => {
                    extras.push(argument.as_str());
                    continue;
                }
                Argument::Option { opt, short, glued } => (*opt, *short, glued.clone()),
            };
            let (met, last, glued) = match glued {
                None => (vec![opt], opt, None),
                Some(glued) => self.cluster(opt, short, glued)?,
            };
            for flag in met.iter().filter(|opt| opt.takes == Takes::Flag) {
                values.insert(flag.long, String::new());
            }
            if matches!(last.takes, Takes::Value | Takes::RequiredValue) {
                let value = match glued {
                    Some(value) => value,
                    None if kinds.get(index) == Some(&Argument::Plain) => {
                        index += 1;
                        arguments[index - 1].clone()
                    }
                    None => return Err(format!("argument {}: expected one argument", last.title())),
                };
                values.insert(last.long, value);
            }
            // a cluster is resolved to its end before its first option acts
            if met.iter().any(|opt| opt.takes == Takes::Help) {
                return Ok(Parsed::Help);
            }
        }
        extras.extend(arguments[plain_from..].iter().map(String::as_str));
        let missing =
            self.known.iter().find(|opt| opt.takes == Takes::RequiredValue && !values.contains_key(opt.long));
        if let Some(missing) = missing {
            return Err(format!("argument {} is required", missing.title()));
        }
        if !extras.is_empty() {
            return Err(format!("unrecognized arguments: {}", extras.join(" ")));
        }
        Ok(Parsed::Values(values))
    }

    /// Resolves an option with something glued to it: `-dDIR` is a value, `-hd` two short options. Returns all options
    /// met, the last of them, and its glued value.
    fn cluster(
        &self,
        opt: Opt,
        short: bool,
        glued: String,
    ) -> Result<(Vec<Opt>, Opt, Option<String>), String> {
        let mut opt = opt;
        let mut glued = glued;
        let mut met = vec![opt];
        loop {
            if matches!(opt.takes, Takes::Value | Takes::RequiredValue) {
                return Ok((met, opt, Some(glued)));
            }
            let ignored =
                || format!("argument {}: ignored explicit argument {}", opt.title(), quoted(&glued));
            let mut letters = glued.chars();
            let next =
                letters.next().filter(|_| short).map(|letter| format!("-{letter}")).ok_or_else(ignored)?;
            let Some(next) = self.known.iter().find(|known| known.short == next) else {
                return Err(ignored());
            };
            opt = *next;
            met.push(opt);
            glued = letters.as_str().to_owned();
            if glued.is_empty() {
                return Ok((met, opt, None));
            }
        }
    }

    fn exact(&self, name: &str) -> Option<Opt> {
        self.known.iter().find(|known| known.short == name || known.long == name).copied()
    }

    fn classify(&self, argument: &str) -> Result<Argument, String> {
        if !argument.starts_with('-') {
            return Ok(Argument::Plain);
        }
        let short = !argument.starts_with("--");
        if let Some(opt) = self.exact(argument) {
            return Ok(Argument::Option { opt, short, glued: None });
        }
        if argument.len() == 1 {
            return Ok(Argument::Plain);
        }
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument, None),
        };
        if let (Some(opt), Some(_)) = (self.exact(name), &value) {
            return Ok(Argument::Option { opt, short, glued: value });
        }
        if short {
            let end = argument.char_indices().nth(2).map_or(argument.len(), |(at, _)| at);
            let (name, glued) = argument.split_at(end);
            if let Some(opt) = self.exact(name) {
                return Ok(Argument::Option { opt, short, glued: Some(glued.to_owned()) });
            }
        } else {
            let matching: Vec<&str> =
                self.hashed.iter().copied().filter(|known| known.starts_with(name)).collect();
            match matching.as_slice() {
                [] => {}
                [only] => {
                    if let Some(opt) = self.exact(only) {
                        return Ok(Argument::Option { opt, short, glued: value });
                    }
                }
                several => {
                    return Err(format!("ambiguous option: {argument} could match {}", several.join(", ")));
                }
            }
        }
        let looks_like_value = is_negative_number(argument) || argument.contains(' ');
        Ok(if looks_like_value { Argument::Plain } else { Argument::Unknown })
    }
}

/// `-5`, `-.5`, `-1.5`.
fn is_negative_number(argument: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = argument.strip_prefix('-').unwrap_or_default();
    match number.split_once('.') {
        None => !number.is_empty() && digits(number),
        Some((whole, fraction)) => digits(whole) && !fraction.is_empty() && digits(fraction),
    }
}

/// The arguments as text, or which one is none.
///
/// # Errors
/// The message for the one that is not UTF-8.
pub fn texts(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Vec<String>, String> {
    let text = |argument: std::ffi::OsString| {
        argument.into_string().map_err(|odd| format!("argument {} is not UTF-8", odd.to_string_lossy()))
    };
    arguments.into_iter().map(text).collect()
}
