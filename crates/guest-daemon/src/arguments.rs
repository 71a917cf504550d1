//! The command line of maintenance daemons. Contract: guest 1.4.

use std::path::PathBuf;

/// What the command line says. Options that only other daemons use are taken and do nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Stay in the foreground and log to standard output.
    pub foreground: bool,
    /// Show the arguments.
    pub verbose: bool,
    /// Run the (empty) test head and end.
    pub test: bool,
    /// Directory that stands for `/`; for tests and trials.
    pub root: Option<PathBuf>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Print this and end with status 0.
    Print(String),
    /// Run.
    Run(Arguments),
}

/// Short name, long name, whether a value follows, explanation.
const OPTIONS: [(char, &str, bool, &str); 15] = [
    ('h', "help", false, "Display this usage information"),
    ('a', "active", false, "Specify service as Active"),
    ('d', "debug", true, "Enter specified debug level <0..15>"),
    ('f', "foreground", false, "Run in foreground"),
    ('l', "log", false, "Log to file ; /var/log/<daemon>.log"),
    ('p', "password", true, "Password"),
    ('v', "verbose", false, "Show command line arguments"),
    ('V', "Virtual", false, "Running in virtual environment"),
    ('t', "test", false, "Run Test Head"),
    ('g', "gap", true, "Gap in seconds"),
    ('m', "mode", true, "Word string representing a run mode"),
    ('n', "number", true, "A number"),
    ('c', "command", true, "Command"),
    ('u', "username", true, "Username"),
    ('i', "ipaddr", true, "Ipaddr"),
];
const ROOT: &str = "--root";

fn usage() -> String {
    let mut text = "\nUsage: <daemon> options ...\n".to_owned();
    for (short, long, value, explanation) in OPTIONS {
        let long = if value { format!("{long} <value>") } else { long.to_owned() };
        text.push_str(&format!("\t-{short} --{long:<17} -  {explanation}\n"));
    }
    text.push_str(&format!("\t   {ROOT} <directory>  -  Directory that stands for /\n\n"));
    text
}

/// Reads the arguments, without the program's name. The first `--help` or unknown option ends the reading.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Command {
    let mut parsed = Arguments::default();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        if let Some(root) = argument.strip_prefix("--root=") {
            parsed.root = Some(root.into());
            continue;
        }
        if argument == ROOT {
            parsed.root = arguments.next().map(PathBuf::from);
            continue;
        }
        if argument == "--" {
            break;
        }
        if let Some(long) = argument.strip_prefix("--") {
            let (name, attached) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            let Some((short, _, value, _)) = OPTIONS.iter().find(|option| option.1 == name) else {
                return unknown('?');
            };
            if *value && attached.is_none() && arguments.next().is_none() {
                return unknown('?');
            }
            if !set(&mut parsed, *short) {
                return Command::Print(usage());
            }
            continue;
        }
        // Words that are no options mean nothing.
        let Some(shorts) = argument.strip_prefix('-') else { continue };
        let mut rest = shorts.chars();
        while let Some(short) = rest.next() {
            let Some((_, _, value, _)) = OPTIONS.iter().find(|option| option.0 == short) else {
                return unknown('?');
            };
            if *value {
                if rest.as_str().is_empty() && arguments.next().is_none() {
                    return unknown('?');
                }
                break;
            }
            if !set(&mut parsed, short) {
                return Command::Print(usage());
            }
        }
    }
    Command::Run(parsed)
}

fn unknown(option: char) -> Command {
    Command::Print(format!("Unsupported option ({option})\n{}", usage()))
}

/// False when help is wanted.
fn set(arguments: &mut Arguments, short: char) -> bool {
    match short {
        'h' => return false,
        'f' => arguments.foreground = true,
        'v' => arguments.verbose = true,
        't' => arguments.test = true,
        _ => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &str) -> Command {
        parse(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_taken_in_all_spellings() {
        let foreground = Command::Run(Arguments { foreground: true, ..Arguments::default() });
        for words in
            ["-f", "--foreground", "-lf", "-l -f", "-d 7 -f", "-d7 -f", "--debug 7 -f", "--debug=7 -f word"]
        {
            assert_eq!(run(words), foreground, "{words}");
        }
        assert_eq!(run("-l"), Command::Run(Arguments::default()));
        assert_eq!(run("-l -- -f"), Command::Run(Arguments::default()));
        let root = Command::Run(Arguments { root: Some("/x".into()), test: true, ..Arguments::default() });
        assert_eq!(run("--root /x -t"), root);
        assert_eq!(run("-t --root=/x"), root);
    }

    #[test]
    fn help_and_unknown_options_print_the_table() {
        let Command::Print(text) = run("-h -f") else { panic!() };
        assert!(text.contains("-f --foreground"), "{text}");
        for (short, long, _, _) in OPTIONS {
            assert!(text.contains(&format!("-{short} --{long}")), "{text}");
        }
        for words in ["-x", "--what", "-d", "--debug"] {
            let Command::Print(text) = run(words) else { panic!("{words}") };
            assert!(text.starts_with("Unsupported option"), "{text}");
        }
    }
}
