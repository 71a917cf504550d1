//! The command line: the options of oslo.config and oslo.log, and nothing else.
//!
//! The exact texts and exit codes of Python's argparse are part of the contract, so the options are a table here and
//! not a structopt.
//!
//! Contract: nova-api-proxy 2.

use std::path::PathBuf;

/// Name shown and looked up in the paste file, whatever the executable is called.
pub const PROGRAM: &str = "nova-api-proxy";
/// What `--version` prints.
pub const VERSION: &str = "1.0";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve with these options.
    Run(Arguments),
    /// Print this on standard output and end with 0.
    Print(String),
    /// Print this on standard error and end with 2.
    Refuse(String),
}

/// Where a file or directory of configuration was named; their order counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// `--config-file`
    File(PathBuf),
    /// `--config-dir`
    Directory(PathBuf),
}

/// The options given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Configuration files and directories in order.
    pub sources: Vec<ConfigSource>,
    /// Options of `[DEFAULT]` with the text that wins over the files.
    pub settings: Vec<(&'static str, String)>,
}

/// An option: its spellings, the setting it belongs to, and what it takes.
struct Spelling {
    names: &'static [&'static str],
    setting: &'static str,
    takes: Takes,
    help: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// A value with this name in the usage.
    Value(&'static str),
    /// Nothing; sets this text.
    Nothing(&'static str),
}

const fn value(
    names: &'static [&'static str],
    setting: &'static str,
    meta: &'static str,
    help: &'static str,
) -> Spelling {
    Spelling { names, setting, takes: Takes::Value(meta), help }
}

const fn switch(
    names: &'static [&'static str],
    setting: &'static str,
    sets: &'static str,
    help: &'static str,
) -> Spelling {
    Spelling { names, setting, takes: Takes::Nothing(sets), help }
}

const HELP: &str = "help";
const SHOW_VERSION: &str = "version";
const CONFIG_DIR: &str = "config_dir";
const CONFIG_FILE: &str = "config_file";

const SPELLINGS: &[Spelling] = &[
    switch(&["-h", "--help"], HELP, "", "show this help message and exit"),
    value(&["--config-dir"], CONFIG_DIR, "DIR", "directory of *.conf files, read in sorted order"),
    value(&["--config-file"], CONFIG_FILE, "PATH", "configuration file; may be repeated, later files win"),
    switch(&["--debug", "-d"], "debug", "true", "log at DEBUG"),
    value(
        &["--log-config-append", "--log-config", "--log_config"],
        "log_config_append",
        "PATH",
        "Python logging configuration file; other logging options are then ignored",
    ),
    value(&["--log-date-format"], "log_date_format", "DATE_FORMAT", "format of %(asctime)s in log lines"),
    value(&["--log-dir", "--logdir"], "log_dir", "LOG_DIR", "directory of a relative log file"),
    value(&["--log-file", "--logfile"], "log_file", "PATH", "log file"),
    switch(&["--nodebug"], "debug", "false", "the inverse of --debug"),
    switch(&["--nouse-journal"], "use_journal", "false", "the inverse of --use-journal"),
    switch(&["--nouse-json"], "use_json", "false", "the inverse of --use-json"),
    switch(&["--nouse-syslog"], "use_syslog", "false", "the inverse of --use-syslog"),
    switch(&["--nowatch-log-file"], "watch_log_file", "false", "the inverse of --watch-log-file"),
    value(
        &["--syslog-log-facility"],
        "syslog_log_facility",
        "SYSLOG_LOG_FACILITY",
        "facility of syslog lines",
    ),
    switch(&["--use-journal"], "use_journal", "true", "log to the journal"),
    switch(&["--use-json"], "use_json", "true", "log lines are JSON"),
    switch(&["--use-syslog"], "use_syslog", "true", "log to syslog"),
    switch(&["--version"], SHOW_VERSION, "", "show the version and exit"),
    switch(&["--watch-log-file"], "watch_log_file", "true", "look for the log file being moved away"),
];

/// Reads the arguments behind the program's name.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Command {
    let mut given = Arguments::default();
    let mut unknown = Vec::new();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, attached) = match argument.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (argument.clone(), None),
        };
        let spelling = match find(&name) {
            Ok(Some(spelling)) => spelling,
            Ok(None) => {
                unknown.push(argument);
                continue;
            }
            Err(text) => return refuse(&text),
        };
        let value = match (spelling.takes, attached) {
            (Takes::Nothing(sets), None) => sets.to_owned(),
            (Takes::Nothing(_), Some(value)) => {
                let names = spelling.names.join("/");
                return refuse(&format!("argument {names}: ignored explicit argument '{value}'"));
            }
            (Takes::Value(_), Some(value)) => value,
            (Takes::Value(_), None) => match arguments.next() {
                Some(value) if !value.starts_with('-') || value == "-" => value,
                _ => return refuse(&format!("argument {}: expected one argument", spelling.names.join("/"))),
            },
        };
        match spelling.setting {
            HELP => return Command::Print(help()),
            SHOW_VERSION => return Command::Print(format!("{VERSION}\n")),
            CONFIG_DIR => given.sources.push(ConfigSource::Directory(value.into())),
            CONFIG_FILE => given.sources.push(ConfigSource::File(value.into())),
            setting => given.settings.push((setting, value)),
        }
    }
    if unknown.is_empty() {
        Command::Run(given)
    } else {
        refuse(&format!("unrecognized arguments: {}", unknown.join(" ")))
    }
}

/// The option of this name, or the only one whose name begins with it.
fn find(name: &str) -> Result<Option<&'static Spelling>, String> {
    if let Some(exact) = SPELLINGS.iter().find(|spelling| spelling.names.contains(&name)) {
        return Ok(Some(exact));
    }
    if !name.starts_with("--") || name.len() < 3 {
        return Ok(None);
    }
    let begun: Vec<&Spelling> = SPELLINGS
        .iter()
        .filter(|spelling| spelling.names.iter().any(|long| long.starts_with(name)))
        .collect();
    match begun.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        several => {
            let names = several.iter().flat_map(|s| s.names).filter(|long| long.starts_with(name));
            let names: Vec<&str> = names.copied().collect();
            Err(format!("ambiguous option: {name} could match {}", names.join(", ")))
        }
    }
}

fn usage() -> String {
    let mut text = format!("usage: {PROGRAM}");
    for spelling in SPELLINGS {
        match spelling.takes {
            Takes::Value(meta) => text.push_str(&format!(" [{} {meta}]", spelling.names[0])),
            Takes::Nothing(_) => text.push_str(&format!(" [{}]", spelling.names[0])),
        }
    }
    text.push('\n');
    text
}

fn help() -> String {
    let mut text = format!("{}\noptional arguments:\n", usage());
    for spelling in SPELLINGS {
        let meta = match spelling.takes {
            Takes::Value(meta) => format!(" {meta}"),
            Takes::Nothing(_) => String::new(),
        };
        let names: Vec<String> = spelling.names.iter().map(|name| format!("{name}{meta}")).collect();
        text.push_str(&format!("  {}\n                        {}\n", names.join(", "), spelling.help));
    }
    text
}

fn refuse(text: &str) -> Command {
    Command::Refuse(format!("{}{PROGRAM}: error: {text}\n", usage()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Command {
        parse(arguments.iter().map(|argument| (*argument).to_owned()))
    }

    #[test]
    fn options_are_read_in_all_their_spellings() {
        for (arguments, sources, settings) in [
            (vec![], vec![], vec![]),
            (vec!["--config-file", "a"], vec![ConfigSource::File("a".into())], vec![]),
            (
                vec!["--config-file=a", "--config-dir=d", "--config-file", "b"],
                vec![
                    ConfigSource::File("a".into()),
                    ConfigSource::Directory("d".into()),
                    ConfigSource::File("b".into()),
                ],
                vec![],
            ),
            (vec!["-d"], vec![], vec![("debug", "true")]),
            (vec!["--debug", "--nodebug"], vec![], vec![("debug", "true"), ("debug", "false")]),
            (vec!["--log-config-append", "l"], vec![], vec![("log_config_append", "l")]),
            (vec!["--log-config=l"], vec![], vec![("log_config_append", "l")]),
            (vec!["--log_config=l"], vec![], vec![("log_config_append", "l")]),
            (vec!["--log-date-format", "%H"], vec![], vec![("log_date_format", "%H")]),
            (vec!["--logfile", "f"], vec![], vec![("log_file", "f")]),
            (vec!["--logdir=d", "--log-file=f"], vec![], vec![("log_dir", "d"), ("log_file", "f")]),
            (
                vec!["--use-syslog", "--nouse-syslog"],
                vec![],
                vec![("use_syslog", "true"), ("use_syslog", "false")],
            ),
            (vec!["--syslog-log-facility", "local5"], vec![], vec![("syslog_log_facility", "local5")]),
            (
                vec!["--use-journal", "--nouse-journal"],
                vec![],
                vec![("use_journal", "true"), ("use_journal", "false")],
            ),
            (vec!["--use-json", "--nouse-json"], vec![], vec![("use_json", "true"), ("use_json", "false")]),
            (
                vec!["--watch-log-file", "--nowatch-log-file"],
                vec![],
                vec![("watch_log_file", "true"), ("watch_log_file", "false")],
            ),
            (vec!["--config-f=a"], vec![ConfigSource::File("a".into())], vec![]),
        ] {
            let settings =
                settings.into_iter().map(|(key, text): (_, &str)| (key, text.to_owned())).collect();
            assert_eq!(run(&arguments), Command::Run(Arguments { sources, settings }), "{arguments:?}");
        }
    }

    #[test]
    fn help_and_version_are_printed() {
        let Command::Print(text) = run(&["--help"]) else { panic!() };
        assert!(
            text.starts_with("usage: nova-api-proxy [-h] [--config-dir DIR] [--config-file PATH] [--debug]")
        );
        assert_eq!(run(&["-h"]), Command::Print(text));
        assert_eq!(run(&["--version"]), Command::Print("1.0\n".to_owned()));
    }

    #[test]
    fn everything_else_is_refused() {
        for (arguments, text) in [
            (vec!["x", "--debug", "--y=1"], "unrecognized arguments: x --y=1"),
            (vec!["--config-file"], "argument --config-file: expected one argument"),
            (vec!["--debug=1"], "argument --debug/-d: ignored explicit argument '1'"),
            (vec!["--config"], "ambiguous option: --config could match --config-dir, --config-file"),
        ] {
            let Command::Refuse(refused) = run(&arguments) else { panic!("{arguments:?}") };
            assert!(refused.starts_with("usage: nova-api-proxy [-h] "), "{refused}");
            assert!(refused.ends_with(&format!("\nnova-api-proxy: error: {text}\n")), "{refused}");
        }
    }
}
