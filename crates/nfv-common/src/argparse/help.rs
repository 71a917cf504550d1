//! Help and usage texts.

use super::wrap::wrap;
use super::{Opt, Parser, Positional, Takes, Told};

/// Column at which explanations start at most.
const MAX_HELP_COLUMN: i64 = 24;
/// A column of text is at least so wide.
const MIN_TEXT_WIDTH: i64 = 11;
const INDENT: usize = 2;
const PREFIX: &str = "usage: ";

/// A line of the help: what is written and what it means, perhaps deeper inside.
struct Item<'a> {
    invocation: String,
    help: Option<&'a str>,
    depth: usize,
}

impl Parser {
    /// The usage alone, as it stands before errors.
    pub(super) fn usage_text(&self, width: i64) -> String {
        format!("{}\n", self.usage_block(width).trim_matches('\n'))
    }

    /// The whole help.
    pub fn help_text(&self, width: i64) -> String {
        let mut out = self.usage_block(width);
        if let Some(description) = self.description {
            let lines = wrap(description, text_width(width));
            out = out + &lines.join("\n") + "\n\n";
        }
        let mut positionals = Vec::new();
        let mut optionals = Vec::new();
        let mut commands = Vec::new();
        let mut title = "";
        for option in &self.options {
            let help = match option.told {
                Told::NotAtAll => continue,
                Told::Plainly => None,
                Told::With(text) => Some(text),
            };
            optionals.push(Item { invocation: option.invocation(), help, depth: INDENT });
        }
        match &self.positional {
            None => {}
            Some(Positional::Word { name, help }) => {
                positionals.push(Item { invocation: (*name).to_owned(), help: Some(*help), depth: INDENT });
            }
            Some(Positional::Commands { title: name, commands: all }) => {
                title = name;
                commands.push(Item { invocation: String::new(), help: None, depth: INDENT });
                for command in all.iter().filter(|command| !command.addition) {
                    commands.push(Item {
                        invocation: command.name.to_owned(),
                        help: Some(command.help),
                        depth: 2 * INDENT,
                    });
                }
            }
        }
        let sections =
            [("positional arguments", positionals), ("optional arguments", optionals), (title, commands)];
        // the indent of commands does not count here
        let longest =
            sections.iter().flat_map(|(_, items)| items).map(|item| item.invocation.len() + INDENT).max();
        let column =
            longest.map_or(0, |longest| longest as i64 + 2).min(MAX_HELP_COLUMN.min((width - 20).max(4)));
        for (title, items) in sections.iter().filter(|(_, items)| !items.is_empty()) {
            out = out + "\n" + title + ":\n";
            for item in items {
                item.write(&mut out, column, width);
            }
            out.push('\n');
        }
        while out.contains("\n\n\n") {
            out = out.replace("\n\n\n", "\n\n");
        }
        format!("{}\n", out.trim_matches('\n'))
    }

    /// Usage and an empty line.
    fn usage_block(&self, width: i64) -> String {
        if let Some(usage) = self.usage {
            return format!("{PREFIX}{usage}\n\n");
        }
        let told = self.options.iter().filter(|option| option.told != Told::NotAtAll);
        let optionals: Vec<String> = told.map(Opt::usage).collect();
        let positional = match &self.positional {
            None => None,
            Some(Positional::Word { name, .. }) => Some(*name),
            // an empty name, a blank, and what follows
            Some(Positional::Commands { .. }) => Some(" ..."),
        };
        let mut parts = vec![self.prog.as_str()];
        parts.extend(optionals.iter().map(String::as_str));
        parts.extend(positional);
        let line = parts.join(" ");
        if (PREFIX.len() + line.len()) as i64 <= width {
            return format!("{PREFIX}{line}\n\n");
        }
        let positionals: Vec<&str> = positional.iter().map(|text| text.trim()).collect();
        // where lines break, an option in brackets stays in one piece
        let optionals: Vec<&str> = optionals
            .iter()
            .flat_map(|option| option.split(|c: char| c == ' ' && !option.starts_with('[')))
            .collect();
        // a short name is followed by options, a long one has a line of its own
        let lines = if ((PREFIX.len() + self.prog.len()) as f64) <= 0.75 * width as f64 {
            let indent = PREFIX.len() + self.prog.len() + 1;
            if optionals.is_empty() && positionals.is_empty() {
                vec![self.prog.clone()]
            } else {
                let named = |parts: &[&str]| -> Vec<String> {
                    let parts: Vec<&str> =
                        std::iter::once(self.prog.as_str()).chain(parts.iter().copied()).collect();
                    let mut lines = fill(&parts, indent, PREFIX.len(), width);
                    if let Some(first) = lines.first_mut() {
                        *first = first.trim_start_matches(' ').to_owned();
                    }
                    lines
                };
                if optionals.is_empty() {
                    named(&positionals)
                } else {
                    let mut lines = named(&optionals);
                    lines.extend(fill(&positionals, indent, indent, width));
                    lines
                }
            }
        } else {
            let indent = PREFIX.len();
            let all: Vec<&str> = optionals.iter().chain(&positionals).copied().collect();
            let mut lines = fill(&all, indent, indent, width);
            if lines.len() > 1 {
                lines = fill(&optionals, indent, indent, width);
                lines.extend(fill(&positionals, indent, indent, width));
            }
            lines.insert(0, self.prog.clone());
            lines
        };
        format!("{PREFIX}{}\n\n", lines.join("\n"))
    }
}

impl Opt {
    /// `OS_AUTH_URL`, `{serial,ignore}` or nothing.
    fn value_name(&self) -> Option<String> {
        match self.takes {
            Takes::Flag | Takes::Help => None,
            Takes::Text | Takes::Range(..) => Some(self.key().replace('-', "_").to_uppercase()),
            Takes::Choice(choices) => Some(format!("{{{}}}", choices.join(","))),
            Takes::Number(from, to) => {
                let numbers: Vec<_> = (from..=to).map(|number| number.to_string()).collect();
                Some(format!("{{{}}}", numbers.join(",")))
            }
        }
    }

    fn usage(&self) -> String {
        let name = self.names.first().copied().unwrap_or_default();
        let text = match self.value_name() {
            None => name.to_owned(),
            Some(value) => format!("{name} {value}"),
        };
        if self.required { text } else { format!("[{text}]") }
    }

    fn invocation(&self) -> String {
        let value = self.value_name().map_or_else(String::new, |value| format!(" {value}"));
        let names: Vec<_> = self.names.iter().map(|name| format!("{name}{value}")).collect();
        names.join(", ")
    }
}

impl Item<'_> {
    fn write(&self, out: &mut String, column: i64, width: i64) {
        let name = &self.invocation;
        *out += &" ".repeat(self.depth);
        *out += name;
        let Some(help) = self.help else {
            out.push('\n');
            return;
        };
        let indent = " ".repeat(usize::try_from(column).unwrap_or(0));
        let room = column - self.depth as i64 - 2;
        if name.len() as i64 <= room {
            *out += &" ".repeat(usize::try_from(room - name.len() as i64 + 2).unwrap_or(0));
        } else {
            out.push('\n');
            *out += &indent;
        }
        let lines = wrap(help, text_width(width - column));
        *out += &lines.join(&format!("\n{indent}"));
        out.push('\n');
    }
}

fn text_width(width: i64) -> usize {
    usize::try_from(width.max(MIN_TEXT_WIDTH)).unwrap_or(0)
}

/// Lines of the parts, each indented; the first one starts at `start`.
fn fill(parts: &[&str], indent: usize, start: usize, width: i64) -> Vec<String> {
    let margin = " ".repeat(indent);
    let mut lines = Vec::new();
    let mut line: Vec<&str> = Vec::new();
    let mut length = start as i64 - 1;
    for part in parts {
        if length + 1 + part.len() as i64 > width && !line.is_empty() {
            lines.push(format!("{margin}{}", line.join(" ")));
            line.clear();
            length = indent as i64 - 1;
        }
        line.push(part);
        length += part.len() as i64 + 1;
    }
    if !line.is_empty() {
        lines.push(format!("{margin}{}", line.join(" ")));
    }
    lines
}
