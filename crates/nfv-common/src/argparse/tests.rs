//! Beside what `argparse` of Python 2.7.18 printed for the same parser. What a whole tool answers stands with the tool.

use super::{Opt, Parser, Stop, Takes, python_int, width, wrap::wrap};

const DESCRIPTION: &str = "Does things with hosts, stop-start or otherwise, whatever is asked of it";

fn tool() -> Parser {
    Parser::new("tool")
        .description(DESCRIPTION)
        .option(Opt::new(&["-v", "--verbose"], Takes::Flag).help("tell more"))
        .option(
            Opt::new(&["-n", "--number"], Takes::Number(2, 4))
                .required()
                .help("how many hosts are taken at a time"),
        )
        .option(Opt::new(&["-t", "--text-of-all-things"], Takes::Text).help("a text"))
        .option(Opt::new(&["--hidden"], Takes::Text).hidden())
        .option(Opt::new(&["--new-one"], Takes::Text).addition())
        .word("word", "a word that is looked for")
}

const AT_80: &str = "\
usage: tool [-h] [-v] -n {2,3,4} [-t TEXT_OF_ALL_THINGS] word

Does things with hosts, stop-start or otherwise, whatever is asked of it

positional arguments:
  word                  a word that is looked for

optional arguments:
  -h, --help            show this help message and exit
  -v, --verbose         tell more
  -n {2,3,4}, --number {2,3,4}
                        how many hosts are taken at a time
  -t TEXT_OF_ALL_THINGS, --text-of-all-things TEXT_OF_ALL_THINGS
                        a text
";

const AT_40: &str = "\
usage: tool [-h] [-v] -n {2,3,4}
            [-t TEXT_OF_ALL_THINGS]
            word

Does things with hosts, stop-start or
otherwise, whatever is asked of it

positional arguments:
  word            a word that is
                  looked for

optional arguments:
  -h, --help      show this help
                  message and exit
  -v, --verbose   tell more
  -n {2,3,4}, --number {2,3,4}
                  how many hosts are
                  taken at a time
  -t TEXT_OF_ALL_THINGS, --text-of-all-things TEXT_OF_ALL_THINGS
                  a text
";

const AT_0: &str = "\
usage: tool
       [-h]
       [-v]
       -n
       {2,3,4}
       [-t TEXT_OF_ALL_THINGS]
       word

Does things
with hosts,
stop-start
or
otherwise,
whatever is
asked of it

positional arguments:
  word
    a word that
    is looked
    for

optional arguments:
  -h, --help
    show this
    help
    message and
    exit
  -v, --verbose
    tell more
  -n {2,3,4}, --number {2,3,4}
    how many
    hosts are
    taken at a
    time
  -t TEXT_OF_ALL_THINGS, --text-of-all-things TEXT_OF_ALL_THINGS
    a text
";

#[test]
fn help_is_laid_out_for_the_width_of_the_terminal() {
    for (columns, expected) in
        [(None, AT_80), (Some("x"), AT_80), (Some("200"), AT_80), (Some(" +40 "), AT_40), (Some("0"), AT_0)]
    {
        assert_eq!(tool().help_text(width(columns)), expected, "{columns:?}");
    }
}

#[test]
fn lines_break_where_python_breaks_them() {
    let cases: [(&str, usize, &[&str]); 6] = [
        ("stop-start stop-start", 11, &["stop-start", "stop-start"]),
        ("abcdefghijklmnopqrstuvwxyz is long", 11, &["abcdefghijk", "lmnopqrstuv", "wxyz is", "long"]),
        ("a b", 1, &["a", "b"]),
        ("one two-three-x", 8, &["one two-", "three-x"]),
        ("x-y ab-cd 1a-2b ab-12", 4, &["x-y", "ab-", "cd", "1a-", "2b a", "b-12"]),
        ("", 4, &[]),
    ];
    for (text, width, expected) in cases {
        assert_eq!(wrap(text, width), expected, "{text}");
    }
}

#[test]
fn numbers_are_read_as_python_reads_them() {
    let read = |text| python_int(text).map(|(_, shown)| shown);
    let cases = [
        ("+ 5", Some("5")),
        ("- 5", Some("-5")),
        (" 05 ", Some("5")),
        ("-0", Some("0")),
        ("99999999999999999999", Some("99999999999999999999L")),
        ("--5", None),
        ("5L", None),
        ("", None),
        ("\u{665}", None),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn an_addition_is_known_by_its_full_name_only() {
    let parse = |line: &str| {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        tool().parse(&arguments, 78)
    };
    let matches = parse("-n 3 word --new-one x").unwrap();
    assert_eq!((matches.text("new-one"), matches.number("number")), (Some("x"), Some(3)));
    assert_eq!(parse("-n 3 word --new-one=y").unwrap().text("new-one"), Some("y"));
    let Err(Stop::Usage(error)) = parse("-n 3 word --new x") else { panic!("accepted") };
    assert!(error.ends_with("\ntool: error: unrecognized arguments: --new x\n"), "{error}");
}

#[test]
fn additional_commands_are_taken_and_not_told() {
    let command = |help| Parser::new("").option(Opt::new(&["--deep"], Takes::Flag).help(help));
    let plain = || Parser::new("tool").commands("Commands", vec![("old", "as ever", command("x"))]);
    let more = plain().additional_commands(vec![("new", command("y").word("name", "which one"))]);
    assert_eq!(more.help_text(78), plain().help_text(78));
    let wrong = ["newer".to_owned()];
    assert_eq!(more.parse(&wrong, 78), plain().parse(&wrong, 78));
    let matches = more.parse(&["new", "--deep", "x"].map(str::to_owned), 78).unwrap();
    assert_eq!((matches.commands.as_slice(), matches.text("name")), (&["new"][..], Some("x")));
    assert!(matches.flag("deep"));
    let Err(Stop::Help(help)) = more.parse(&["new", "-h"].map(str::to_owned), 78) else { panic!("no help") };
    assert!(help.starts_with("usage: tool new [-h] [--deep] name\n"), "{help}");
}
