//! Command lines as Python 2.7's `argparse` reads them and tells of them, byte for byte.
//!
//! Written by hand although structopt is the house library: scripts of the platform see the exact texts and exit codes,
//! and the habits behind them are not ones that clap can be told: options by unambiguous prefix, `-dDIR`, `-d=DIR`,
//! values that look like options refused, a negative number taken as a value, candidates of an ambiguous option in the
//! order of a hash table, help wrapped by Python's rules at the width in `COLUMNS`.
//!
//! A [`Parser`] is a table of options and perhaps commands with parsers of their own. [`Parser::parse`] gives what was
//! said ([`Matches`]) or why there is nothing to do ([`Stop`]). Options that the original did not have
//! ([`Opt::addition`]) are known by their full name only and stand in no help or usage, nor do commands that it did not
//! have ([`Parser::additional_commands`]), so that nothing that the original answers changes by them.
//!
//! Contract: deployment 2.1, vim-api 4.1.

mod help;
mod parse;
#[cfg(test)]
mod tests;
mod wrap;

use std::collections::BTreeMap;

/// Width of a terminal when `COLUMNS` does not tell.
const DEFAULT_COLUMNS: i64 = 80;

/// A command line, or the part of it that belongs to one command.
#[derive(Clone, Debug)]
pub struct Parser {
    prog: String,
    usage: Option<&'static str>,
    description: Option<&'static str>,
    options: Vec<Opt>,
    positional: Option<Positional>,
}

/// What follows the options.
#[derive(Clone, Debug)]
enum Positional {
    /// One word.
    Word { name: &'static str, help: &'static str },
    /// A command and all that belongs to it.
    Commands { title: &'static str, commands: Vec<Command> },
}

#[derive(Clone, Debug)]
struct Command {
    name: &'static str,
    help: &'static str,
    parser: Parser,
    addition: bool,
}

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it is there or not.
    Flag,
    /// Any text.
    Text,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A whole number from the first to the second, both included; shown as a list of all of them.
    Number(i64, i64),
    /// A whole number from the first to the second, both included; shown by its name. Only additions take such.
    Range(i64, i64),
    /// `-h`
    Help,
}

/// How an option is told of in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// By its name only.
    Plainly,
    With(&'static str),
    NotAtAll,
}

/// An option.
#[derive(Clone, Debug)]
pub struct Opt {
    names: Vec<&'static str>,
    takes: Takes,
    told: Told,
    required: bool,
    addition: bool,
}

impl Opt {
    /// An option by its names (`-d`, `--database`), the long one last, which is also the key of its value.
    pub fn new(names: &[&'static str], takes: Takes) -> Self {
        Self { names: names.to_vec(), takes, told: Told::Plainly, required: false, addition: false }
    }

    /// Explained by this text in the help.
    pub fn help(self, text: &'static str) -> Self {
        Self { told: Told::With(text), ..self }
    }

    /// Not shown in help and usage.
    pub fn hidden(self) -> Self {
        Self { told: Told::NotAtAll, ..self }
    }

    /// Must be given.
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// One that the original does not have: hidden, and known by its full name only.
    pub fn addition(self) -> Self {
        Self { told: Told::NotAtAll, addition: true, ..self }
    }

    /// The long name without dashes.
    fn key(&self) -> &'static str {
        self.names.last().map_or("", |name| name.trim_start_matches('-'))
    }

    /// As errors name it.
    fn title(&self) -> String {
        self.names.join("/")
    }
}

/// The value of an option or positional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// A flag was there.
    Flag,
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
}

/// What a command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// The commands in the order of their depth.
    pub commands: Vec<&'static str>,
    values: BTreeMap<&'static str, Given>,
}

impl Matches {
    /// Whether the flag was given; by its long name without dashes.
    pub fn flag(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The text that was given; the last one wins.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.values.get(key)? {
            Given::Text(text) => Some(text),
            Given::Flag | Given::Number(_) => None,
        }
    }

    /// The number that was given; the last one wins.
    pub fn number(&self, key: &str) -> Option<i64> {
        match self.values.get(key)? {
            Given::Number(number) => Some(*number),
            Given::Flag | Given::Text(_) => None,
        }
    }
}

/// Why there is nothing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Help was asked for: the text for standard output; exit code 0.
    Help(String),
    /// The command line is wrong: usage and error for standard error; exit code 2.
    Usage(String),
    /// `-h=`, at which `argparse` itself fails with this Python error.
    Failed(&'static str),
}

/// The width of a line of help: two less than `COLUMNS`, which is 80 if it is not set or no number to Python.
pub fn width(columns: Option<&str>) -> i64 {
    columns.and_then(python_int).map_or(DEFAULT_COLUMNS, |(number, _)| number) - 2
}

/// The width of a line of help in this process, as `COLUMNS` in its environment says.
pub fn columns() -> i64 {
    width(std::env::var("COLUMNS").ok().as_deref())
}

impl Parser {
    /// A parser that knows `-h` and `--help`; `prog` stands before usage and errors.
    pub fn new(prog: impl Into<String>) -> Self {
        let help = Opt::new(&["-h", "--help"], Takes::Help).help("show this help message and exit");
        Self { prog: prog.into(), usage: None, description: None, options: vec![help], positional: None }
    }

    /// The usage in these words instead of one made of the options.
    pub fn usage(self, usage: &'static str) -> Self {
        Self { usage: Some(usage), ..self }
    }

    /// Stands below the usage in the help.
    pub fn description(self, description: &'static str) -> Self {
        Self { description: Some(description), ..self }
    }

    /// One option more.
    pub fn option(mut self, option: Opt) -> Self {
        self.options.push(option);
        self
    }

    /// Takes one word that is no option.
    pub fn word(self, name: &'static str, help: &'static str) -> Self {
        Self { positional: Some(Positional::Word { name, help }), ..self }
    }

    /// Takes a command (name, help, parser; that one's `prog` is made of this one's and the name).
    pub fn commands(self, title: &'static str, commands: Vec<(&'static str, &'static str, Parser)>) -> Self {
        let commands = commands
            .into_iter()
            .map(|(name, help, parser)| Command {
                name,
                help,
                parser: parser.below(&format!("{} {name}", self.prog)),
                addition: false,
            })
            .collect();
        Self { positional: Some(Positional::Commands { title, commands }), ..self }
    }

    /// Takes these commands as well, which the original does not have: they stand in no help, usage or error. There must
    /// be others ([`Self::commands`]) before.
    pub fn additional_commands(mut self, more: Vec<(&'static str, Parser)>) -> Self {
        let prog = self.prog.clone();
        if let Some(Positional::Commands { commands, .. }) = &mut self.positional {
            commands.extend(more.into_iter().map(|(name, parser)| Command {
                name,
                help: "",
                parser: parser.below(&format!("{prog} {name}")),
                addition: true,
            }));
        }
        self
    }

    /// With another name before its own, also in the commands of it.
    fn below(mut self, prog: &str) -> Self {
        prog.clone_into(&mut self.prog);
        if let Some(Positional::Commands { commands, .. }) = &mut self.positional {
            for command in commands {
                let parser = std::mem::replace(&mut command.parser, Parser::new(""));
                command.parser = parser.below(&format!("{prog} {}", command.name));
            }
        }
        self
    }
}

/// A whole number as Python's `int()` reads it, cut to the range of `i64`, and how Python shows it.
fn python_int(text: &str) -> Option<(i64, String)> {
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    // a sign and its number may stand apart
    let digits = digits.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    let signed = if negative && digits != "0" { format!("-{digits}") } else { digits.to_owned() };
    match signed.parse() {
        Ok(number) => Some((number, signed)),
        Err(_) => Some((if negative { i64::MIN } else { i64::MAX }, format!("{signed}L"))),
    }
}
