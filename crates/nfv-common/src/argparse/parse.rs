//! Reading a command line.

use super::{Given, Matches, Opt, Parser, Positional, Stop, Takes, columns, python_int};
use crate::python_dict::ordered;
use crate::python_text::quoted_bytes;
use std::ffi::OsString;

/// What one argument is taken for.
enum Kind<'a> {
    /// `--`, after which everything is a value.
    Dashes,
    /// A value.
    Value,
    /// Looks like an option and is none.
    Unknown,
    /// An option, perhaps with a value glued to it.
    Option { option: &'a Opt, short: bool, glued: Option<String> },
}

impl Kind<'_> {
    fn is_option(&self) -> bool {
        matches!(self, Kind::Unknown | Kind::Option { .. })
    }
}

/// An error that concerns an option, without the usage.
enum Wrong {
    Text(String),
    Stop(Stop),
}

impl From<Stop> for Wrong {
    fn from(stop: Stop) -> Self {
        Wrong::Stop(stop)
    }
}

impl Parser {
    /// Reads the arguments after the program's name; `width` is that of a line of help ([`super::width`]).
    ///
    /// # Errors
    /// Help was asked for, or the arguments are wrong.
    pub fn parse(&self, arguments: &[String], width: i64) -> Result<Matches, Stop> {
        let mut matches = Matches::default();
        let extras = self.parse_known(arguments, width, &mut matches)?;
        if !extras.is_empty() {
            return Err(self.error(width, &format!("unrecognized arguments: {}", extras.join(" "))));
        }
        Ok(matches)
    }

    /// As [`Self::parse`], of the process's arguments, with lines of [`super::columns`].
    ///
    /// # Errors
    /// As [`Self::parse`] and [`Self::texts`].
    pub fn read(&self, arguments: impl IntoIterator<Item = OsString>) -> Result<Matches, Stop> {
        self.parse(&self.texts(arguments)?, columns())
    }

    /// The process's arguments as texts.
    ///
    /// # Errors
    /// An argument is not UTF-8.
    pub fn texts(&self, arguments: impl IntoIterator<Item = OsString>) -> Result<Vec<String>, Stop> {
        let text = |argument: OsString| {
            argument.into_string().map_err(|odd| {
                self.error(columns(), &format!("argument {} is not UTF-8", odd.to_string_lossy()))
            })
        };
        arguments.into_iter().map(text).collect()
    }

    /// Usage and error.
    fn error(&self, width: i64, text: &str) -> Stop {
        Stop::Usage(format!("{}{}: error: {text}\n", self.usage_text(width), self.prog))
    }

    /// Gives back what nobody knows.
    fn parse_known(
        &self,
        arguments: &[String],
        width: i64,
        matches: &mut Matches,
    ) -> Result<Vec<String>, Stop> {
        let mut reader = Reader {
            parser: self,
            arguments,
            kinds: Vec::with_capacity(arguments.len()),
            width,
            matches,
            positional: self.positional.as_ref(),
            extras: Vec::new(),
            extras_of_command: Vec::new(),
        };
        reader.read().map_err(|wrong| match wrong {
            Wrong::Text(text) => self.error(width, &text),
            Wrong::Stop(stop) => stop,
        })?;
        let Reader { mut extras, extras_of_command, positional, .. } = reader;
        extras.extend(extras_of_command);
        if positional.is_some() {
            return Err(self.error(width, "too few arguments"));
        }
        for option in &self.options {
            if option.required && !matches.values.contains_key(option.key()) {
                return Err(self.error(width, &format!("argument {} is required", option.title())));
            }
        }
        Ok(extras)
    }

    /// What the argument is taken for.
    fn classify(&self, argument: &str) -> Result<Kind<'_>, Wrong> {
        if !argument.starts_with('-') {
            return Ok(Kind::Value);
        }
        let short = !argument.starts_with("--");
        if let Some(option) = self.exact(argument) {
            return Ok(Kind::Option { option, short, glued: None });
        }
        if argument.len() == 1 {
            return Ok(Kind::Value);
        }
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument, None),
        };
        if let (Some(option), Some(_)) = (self.exact(name), &value) {
            return Ok(Kind::Option { option, short, glued: value });
        }
        if short {
            let end = argument.char_indices().nth(2).map_or(argument.len(), |(at, _)| at);
            let (name, glued) = argument.split_at(end);
            if let Some(option) = self.exact(name) {
                return Ok(Kind::Option { option, short, glued: Some(glued.to_owned()) });
            }
        } else {
            let known = self.options.iter().filter(|option| !option.addition);
            let names = ordered(known.flat_map(|option| option.names.iter().copied()));
            let possible: Vec<_> = names.into_iter().filter(|known| known.starts_with(name)).collect();
            match possible.as_slice() {
                [] => {}
                [known] => {
                    if let Some(option) = self.exact(known) {
                        return Ok(Kind::Option { option, short, glued: value });
                    }
                }
                several => {
                    return Err(Wrong::Text(format!(
                        "ambiguous option: {argument} could match {}",
                        several.join(", ")
                    )));
                }
            }
        }
        let looks_like_value = is_negative_number(argument) || argument.contains(' ');
        Ok(if looks_like_value { Kind::Value } else { Kind::Unknown })
    }

    fn exact(&self, name: &str) -> Option<&Opt> {
        self.options.iter().find(|option| option.names.contains(&name))
    }
}

/// One reading of the arguments of one parser.
struct Reader<'a> {
    parser: &'a Parser,
    arguments: &'a [String],
    kinds: Vec<Kind<'a>>,
    width: i64,
    matches: &'a mut Matches,
    /// What has not come yet.
    positional: Option<&'a Positional>,
    extras: Vec<String>,
    extras_of_command: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self) -> Result<(), Wrong> {
        // all arguments are judged before any is acted upon, also those of a command
        let plain_from = self.arguments.iter().position(|argument| argument == "--");
        for (at, argument) in self.arguments.iter().enumerate() {
            let kind = match plain_from {
                Some(dashes) if at == dashes => Kind::Dashes,
                Some(dashes) if at > dashes => Kind::Value,
                _ => self.parser.classify(argument)?,
            };
            self.kinds.push(kind);
        }
        let mut at = 0;
        while let Some(next) = self.kinds.iter().skip(at).position(Kind::is_option).map(|next| at + next) {
            if at != next {
                let after = self.take_positional(at)?;
                if after > at {
                    at = after;
                    continue;
                }
                self.extras.extend_from_slice(&self.arguments[at..next]);
            }
            at = self.take_option(next)?;
        }
        let after = self.take_positional(at)?;
        self.extras.extend_from_slice(&self.arguments[after..]);
        Ok(())
    }

    /// Takes what is no option from here on, if something of the kind is waited for; gives the place after it.
    fn take_positional(&mut self, from: usize) -> Result<usize, Wrong> {
        let Some(positional) = self.positional else { return Ok(from) };
        let dashes = self.kinds[from..].iter().take_while(|kind| matches!(kind, Kind::Dashes)).count();
        let first = from + dashes;
        if !matches!(self.kinds.get(first), Some(Kind::Value)) {
            return Ok(from);
        }
        self.positional = None;
        match positional {
            Positional::Word { name, .. } => {
                self.matches.values.insert(name, Given::Text(self.arguments[first].clone()));
                let more = matches!(self.kinds.get(first + 1), Some(Kind::Dashes));
                Ok(first + 1 + usize::from(more))
            }
            Positional::Commands { commands, .. } => {
                let name = &self.arguments[from];
                let Some(command) = commands.iter().find(|command| command.name == name) else {
                    let told = commands.iter().filter(|command| !command.addition);
                    let names: Vec<_> = told.map(|command| quoted_bytes(command.name)).collect();
                    return Err(Wrong::Text(format!(
                        "argument : invalid choice: {} (choose from {})",
                        quoted_bytes(name),
                        names.join(", ")
                    )));
                };
                self.matches.commands.push(command.name);
                let rest = &self.arguments[from + 1..];
                self.extras_of_command = command.parser.parse_known(rest, self.width, self.matches)?;
                Ok(self.arguments.len())
            }
        }
    }

    /// Acts upon an option and its value; gives the place after them.
    fn take_option(&mut self, at: usize) -> Result<usize, Wrong> {
        let (option, short, glued) = match &self.kinds[at] {
            Kind::Option { option, short, glued } => (*option, *short, glued.clone()),
            Kind::Unknown | Kind::Value | Kind::Dashes => {
                self.extras.push(self.arguments[at].clone());
                return Ok(at + 1);
            }
        };
        let mut flags = Vec::new();
        let mut option = option;
        let mut glued = glued;
        // `-hd` is two short options
        while let (Takes::Flag | Takes::Help, Some(text)) = (option.takes, &glued) {
            let ignored = || {
                let text = quoted_bytes(text);
                Wrong::Text(format!("argument {}: ignored explicit argument {text}", option.title()))
            };
            if !short {
                return Err(ignored());
            }
            let mut letters = text.chars();
            let Some(letter) = letters.next() else {
                return Err(Wrong::Stop(Stop::Failed("string index out of range")));
            };
            let next = self.parser.exact(&format!("-{letter}")).ok_or_else(ignored)?;
            flags.push(option);
            let rest = letters.as_str();
            let rest = (!rest.is_empty()).then(|| rest.to_owned());
            option = next;
            glued = rest;
        }
        let mut after = at + 1;
        let value = match (option.takes, glued) {
            (Takes::Flag | Takes::Help, _) => None,
            (_, Some(value)) => Some(value),
            (_, None) if matches!(self.kinds.get(after), Some(Kind::Value)) => {
                after += 1;
                Some(self.arguments[at + 1].clone())
            }
            (_, None) => {
                return Err(Wrong::Text(format!("argument {}: expected one argument", option.title())));
            }
        };
        for flag in flags {
            self.act(flag, None)?;
        }
        self.act(option, value)?;
        Ok(after)
    }

    fn act(&mut self, option: &Opt, value: Option<String>) -> Result<(), Wrong> {
        let text = value.unwrap_or_default();
        let given = match option.takes {
            Takes::Help => return Err(Wrong::Stop(Stop::Help(self.parser.help_text(self.width)))),
            Takes::Flag => Given::Flag,
            Takes::Text => Given::Text(text),
            Takes::Choice(choices) if choices.contains(&text.as_str()) => Given::Text(text),
            Takes::Choice(choices) => {
                let choices: Vec<_> = choices.iter().map(quoted_bytes).collect();
                return Err(not_among(option, &quoted_bytes(text), &choices));
            }
            Takes::Range(from, to) => match python_int(&text) {
                Some((number, _)) if (from..=to).contains(&number) => Given::Number(number),
                Some(_) | None => {
                    return Err(Wrong::Text(format!(
                        "argument {}: invalid value: {} (a whole number from {from} to {to})",
                        option.title(),
                        quoted_bytes(text)
                    )));
                }
            },
            Takes::Number(from, to) => match python_int(&text) {
                Some((number, _)) if (from..=to).contains(&number) => Given::Number(number),
                Some((_, shown)) => {
                    let choices: Vec<_> = (from..=to).map(|number| number.to_string()).collect();
                    return Err(not_among(option, &shown, &choices));
                }
                None => {
                    let text = quoted_bytes(text);
                    return Err(Wrong::Text(format!(
                        "argument {}: invalid int value: {text}",
                        option.title()
                    )));
                }
            },
        };
        self.matches.values.insert(option.key(), given);
        Ok(())
    }
}

fn not_among(option: &Opt, value: &str, choices: &[String]) -> Wrong {
    Wrong::Text(format!(
        "argument {}: invalid choice: {value} (choose from {})",
        option.title(),
        choices.join(", ")
    ))
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
