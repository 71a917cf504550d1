//! The command line, read as Python 2.7's `argparse` reads it.
//!
//! Written by hand although structopt is the house library: scripts of the platform see the exact texts and exit codes,
//! and the habits behind them (an unknown command ends with 0, options by unambiguous prefix, `-dDIR`, `-d=DIR`, values
//! that look like options refused, a negative number taken as a value) are not ones that clap can be told.
//!
//! Contract: deployment 2.1.

use crate::python_text::quoted;

/// How reading the arguments of a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// Both options are there.
    Run { database: String, filename: String },
    /// Help was asked for.
    Help,
    /// The command line is wrong.
    Error(String),
}

/// How reading the first argument ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum First {
    /// The command.
    Command(String),
    /// Help was asked for.
    Help,
    /// The command line is wrong.
    Error(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opt {
    Help,
    Database,
    Filename,
}

impl Opt {
    fn title(self) -> &'static str {
        match self {
            Opt::Help => "-h/--help",
            Opt::Database => "-d/--database",
            Opt::Filename => "-f/--filename",
        }
    }
}

/// Option strings in the order in which argparse (its hash table) lists them in an error.
type Names = &'static [(&'static str, Opt)];
const COMMAND_OPTIONS: Names = &[
    ("--filename", Opt::Filename),
    ("--database", Opt::Database),
    ("--help", Opt::Help),
    ("-d", Opt::Database),
    ("-f", Opt::Filename),
    ("-h", Opt::Help),
];
const TOP_OPTIONS: Names = &[("--help", Opt::Help), ("-h", Opt::Help)];

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

/// The first argument of the tool; there is none or one.
pub(super) fn first(argument: Option<&str>) -> First {
    let Some(argument) = argument.filter(|argument| *argument != "--") else {
        return First::Error("too few arguments".to_owned());
    };
    match classify(argument, TOP_OPTIONS) {
        Err(error) => First::Error(error),
        Ok(Argument::Plain) => First::Command(argument.to_owned()),
        Ok(Argument::Unknown) => First::Error("too few arguments".to_owned()),
        Ok(Argument::Option { glued: None, .. }) => First::Help,
        Ok(Argument::Option { opt, short, glued: Some(glued) }) => {
            match cluster(opt, short, glued, TOP_OPTIONS) {
                Err(error) => First::Error(error),
                Ok(_) => First::Help,
            }
        }
    }
}

/// The arguments after a command.
pub(super) fn command(arguments: &[String]) -> Parsed {
    parse(arguments).unwrap_or_else(Parsed::Error)
}

fn parse(arguments: &[String]) -> Result<Parsed, String> {
    // After `--` everything is a value; all arguments are judged before any is acted upon.
    let plain_from = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let mut kinds = Vec::with_capacity(arguments.len());
    for argument in &arguments[..plain_from] {
        kinds.push(classify(argument, COMMAND_OPTIONS)?);
    }
    let (mut database, mut filename) = (None, None);
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
        let (help, last, glued) = match glued {
            None => (opt == Opt::Help, opt, None),
            Some(glued) => cluster(opt, short, glued, COMMAND_OPTIONS)?,
        };
        if last != Opt::Help {
            let value = match glued {
                Some(value) => value,
                None if kinds.get(index) == Some(&Argument::Plain) => {
                    index += 1;
                    arguments[index - 1].clone()
                }
                None => return Err(format!("argument {}: expected one argument", last.title())),
            };
            match last {
                Opt::Database => database = Some(value),
                Opt::Filename => filename = Some(value),
                Opt::Help => {}
            }
        }
        if help {
            return Ok(Parsed::Help);
        }
    }
    extras.extend(arguments[plain_from..].iter().map(String::as_str));
    let database = database.ok_or_else(|| format!("argument {} is required", Opt::Database.title()))?;
    let filename = filename.ok_or_else(|| format!("argument {} is required", Opt::Filename.title()))?;
    if !extras.is_empty() {
        return Err(format!("unrecognized arguments: {}", extras.join(" ")));
    }
    Ok(Parsed::Run { database, filename })
}

/// Resolves an option with something glued to it: `-dDIR` is a value, `-hd` two short options. Returns whether help is
/// among them, the last option, and its glued value.
fn cluster(
    opt: Opt,
    short: bool,
    glued: String,
    names: Names,
) -> Result<(bool, Opt, Option<String>), String> {
    let mut opt = opt;
    let mut glued = glued;
    let mut help = false;
    loop {
        if opt != Opt::Help {
            return Ok((help, opt, Some(glued)));
        }
        help = true;
        let ignored = || format!("argument {}: ignored explicit argument {}", opt.title(), quoted(&glued));
        let mut letters = glued.chars();
        let next = letters.next().filter(|_| short).map(|letter| format!("-{letter}")).ok_or_else(ignored)?;
        let Some((_, next)) = names.iter().find(|(name, _)| *name == next) else {
            return Err(ignored());
        };
        opt = *next;
        glued = letters.as_str().to_owned();
        if glued.is_empty() {
            return Ok((help, opt, None));
        }
    }
}

fn classify(argument: &str, names: Names) -> Result<Argument, String> {
    if !argument.starts_with('-') {
        return Ok(Argument::Plain);
    }
    let exact = |name: &str| names.iter().find(|(known, _)| *known == name).map(|(_, opt)| *opt);
    let short = !argument.starts_with("--");
    if let Some(opt) = exact(argument) {
        return Ok(Argument::Option { opt, short, glued: None });
    }
    if argument.len() == 1 {
        return Ok(Argument::Plain);
    }
    let (name, value) = match argument.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (argument, None),
    };
    if let (Some(opt), Some(_)) = (exact(name), &value) {
        return Ok(Argument::Option { opt, short, glued: value });
    }
    if short {
        let end = argument.char_indices().nth(2).map_or(argument.len(), |(at, _)| at);
        let (name, glued) = argument.split_at(end);
        if let Some(opt) = exact(name) {
            return Ok(Argument::Option { opt, short, glued: Some(glued.to_owned()) });
        }
    } else {
        let matching: Vec<_> = names.iter().filter(|(known, _)| known.starts_with(name)).collect();
        match matching.as_slice() {
            [] => {}
            [(_, opt)] => return Ok(Argument::Option { opt: *opt, short, glued: value }),
            several => {
                let several: Vec<&str> = several.iter().map(|(known, _)| *known).collect();
                return Err(format!("ambiguous option: {argument} could match {}", several.join(", ")));
            }
        }
    }
    let looks_like_value = is_negative_number(argument) || argument.contains(' ');
    Ok(if looks_like_value { Argument::Plain } else { Argument::Unknown })
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
