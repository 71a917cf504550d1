//! The command line beside what the original answers (observed with Python 2.7).

use super::argparse::{self, Transfer};
use super::{Outcome, run};
use nfv_common::argparse::Stop;
use std::ffi::OsString;

/// How reading a command line ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Parsed {
    Command(String),
    Run(Transfer),
    Help,
    Error(String),
}

impl From<Stop> for Parsed {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Help(_) => Parsed::Help,
            Stop::Usage(text) => {
                let (_, error) = text.split_once("nfv-vim-manage: error: ").unwrap_or_default();
                Parsed::Error(error.trim_end().to_owned())
            }
            Stop::Failed(error) => panic!("{error}"),
        }
    }
}

fn first(argument: Option<&str>) -> Parsed {
    let arguments: Vec<String> = argument.map(str::to_owned).into_iter().collect();
    argparse::first(&arguments).map_or_else(Parsed::from, Parsed::Command)
}

fn command(arguments: &[String]) -> Parsed {
    argparse::command("", "", arguments).map_or_else(Parsed::from, Parsed::Run)
}

fn ran(database: &str, filename: &str) -> Parsed {
    Parsed::Run(Transfer { database: database.to_owned(), filename: filename.to_owned() })
}

fn wrong(text: &str) -> Parsed {
    Parsed::Error(text.to_owned())
}

#[test]
fn the_first_argument_is_read_as_the_original_does() {
    let command = |name: &str| Parsed::Command(name.to_owned());
    let ignored = "argument -h/--help: ignored explicit argument";
    let cases = [
        (None, wrong("too few arguments")),
        (Some("foo"), command("foo")),
        (Some("-h"), Parsed::Help),
        (Some("--he"), Parsed::Help),
        (Some("-hh"), Parsed::Help),
        (Some("-x"), wrong("too few arguments")),
        (Some("--"), wrong("too few arguments")),
        (Some("-1"), command("-1")),
        (Some("-a b"), command("-a b")),
        (Some("-"), command("-")),
        (Some(""), command("")),
        (Some("-hx"), wrong(&format!("{ignored} 'x'"))),
        (Some("--help=3"), wrong(&format!("{ignored} '3'"))),
        (Some("--=x"), wrong(&format!("{ignored} 'x'"))),
    ];
    for (argument, expected) in cases {
        assert_eq!(first(argument), expected, "{argument:?}");
    }
}

#[test]
fn the_arguments_of_a_command_are_read_as_the_original_does() {
    let ambiguous = |argument: &str| {
        wrong(&format!("ambiguous option: {argument} could match --filename, --database, --help"))
    };
    let no_database = wrong("argument -d/--database: expected one argument");
    let no_filename = wrong("argument -f/--filename: expected one argument");
    let ignored = wrong("argument -h/--help: ignored explicit argument 'x'");
    let cases = [
        ("", wrong("argument -d/--database is required")),
        ("-h", Parsed::Help),
        ("-d", no_database.clone()),
        ("-d x", wrong("argument -f/--filename is required")),
        ("-f x", wrong("argument -d/--database is required")),
        ("-d a -f b", ran("a", "b")),
        ("--data=a --f=b", ran("a", "b")),
        ("--database a --filename=b c d", wrong("unrecognized arguments: c d")),
        ("-da -f=b", ran("a", "b")),
        ("-d a -f b -x y", wrong("unrecognized arguments: -x y")),
        ("--=x -d a -f b", ambiguous("--=x")),
        ("--= -h", ambiguous("--=")),
        ("-h --=x", ambiguous("--=x")),
        ("-d -f b", no_database.clone()),
        ("-hx -d a", ignored.clone()),
        ("--help=x", ignored),
        ("-d -- x -f b", no_database.clone()),
        ("-d a -f b -- c -d", wrong("unrecognized arguments: -- c -d")),
        ("-d a -d c -f b", ran("c", "b")),
        ("-hd x", Parsed::Help),
        ("-hd", no_database.clone()),
        ("-hh", Parsed::Help),
        ("-d= -f b", ran("", "b")),
        ("--xx=3 -d a -f b", wrong("unrecognized arguments: --xx=3")),
        ("-d a -h", Parsed::Help),
        ("x -h", Parsed::Help),
        ("--d -f b", no_database.clone()),
        ("-d a -f b -y", wrong("unrecognized arguments: -y")),
        ("-d a -f --", no_filename.clone()),
        ("-f - -d -", ran("-", "-")),
        ("-d a -f b c -x -d d", wrong("unrecognized arguments: c -x")),
        ("-d -1 -f -.5", ran("-1", "-.5")),
        ("-d -1.", no_database),
        ("-d=a=b -f=c", ran("a=b", "c")),
        ("--database=-x --filename --help", no_filename),
    ];
    for (line, expected) in cases {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(command(&arguments), expected, "{line}");
    }
    let spaced = ["-d", "a b", "-f", "-a b"].map(str::to_owned);
    assert_eq!(command(&spaced), ran("a b", "-a b"));
}

#[test]
fn an_argument_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let Outcome { stdout, stderr, code } = run([OsString::from_vec(vec![0xff])]);
    assert_eq!((stdout.as_str(), code), ("", 2));
    assert!(stderr.ends_with("nfv-vim-manage: error: argument \u{fffd} is not UTF-8\n"), "{stderr}");
}
