//! Our ini reader against Python's own, over files made to be nasty.
//!
//! The reference is Python 2.7's ConfigParser; its answers are recorded in `ini_corpus/expected.json`
//! (`cd tests/ini_corpus && python2.7 oracle.py *.ini > expected.json`). Where the test machine has a `python3`, its
//! parser is asked too, set up as alike as it can be; the files on which it cannot agree stand in [`PYTHON3_DIFFERS`]
//! with the rule that differs. With `NFV_PYTHON2=<interpreter>` the recorded answers are checked against the real
//! thing, and random files with them.
//!
//! Contract: deployment 3.1.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use nfv_common::config::InterpolationError;
use nfv_common::config::ini::{Document, SyntaxError};
use serde_json::{Value, json};

/// Files on which every python3 reads something else than Python 2.7, and why.
const PYTHON3_DIFFERS: &[(&str, &str)] = &[
    ("comment_in_continuation", "2.7 keeps comments in lines that continue a value; 3 cuts them"),
    ("comment_in_front_of_value", "2.7 keeps a value that starts with ';'; 3 takes it as a comment"),
    ("comment_only_first_semicolon_counts", "2.7 looks at the first ';' only; 3 at each"),
    ("comment_rem", "2.7 knows rem comments; 3 does not"),
    ("continuation", "2.7 drops blank lines inside a value; 3 keeps them"),
    ("continuation_over_comments_and_blanks", "2.7 drops blank lines inside a value; 3 keeps them"),
    ("control_white_space", "2.7 takes bytes 28 to 31 as text; 3 as white space"),
    ("empty_value_then_continuation", "2.7 takes \"\" as the empty value; 3 as two quotes"),
    ("empty_values", "2.7 takes \"\" as the empty value; 3 as two quotes"),
    ("indented_comment_after_header", "2.7 refuses an indented line after a header; 3 sees a comment"),
    ("indented_comment_before_section", "2.7 refuses an indented line before a header; 3 sees a comment"),
    ("indented_header", "2.7 knows headers in the first column only; 3 anywhere"),
    ("indented_key_after_header", "2.7 refuses an indented line after a header; 3 sees a key"),
    ("key_looks_like_comment_later", "2.7 has no comments in keys; 3 cuts the line at ' ;'"),
    ("key_own_name", "2.7 offers the section's name as __name__; 3 does not"),
    ("puppet_edits", "2.7 refuses an indented line after a header; 3 sees a key"),
    ("utf8", "2.7 lower-cases ASCII only; 3 here lower-cases the bytes as Latin-1"),
];

/// Files on which python3 differs from some version on.
const PYTHON3_MAY_DIFFER: &[(&str, &str)] = &[
    ("section_brackets", "2.7 ends a section name at the first ']'; 3.10 and later at the last"),
    ("section_looks_like_path", "2.7 ends a section name at the first ']'; 3.10 and later at the last"),
];

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ini_corpus")
}

/// Name to path of every file of the corpus.
fn files() -> BTreeMap<String, PathBuf> {
    let files: BTreeMap<String, PathBuf> = std::fs::read_dir(corpus())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ini"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    assert!(files.len() >= 70, "the corpus has lost files");
    files
}

fn recorded() -> BTreeMap<String, Value> {
    serde_json::from_slice(&std::fs::read(corpus().join("expected.json")).unwrap()).unwrap()
}

/// Our reading, in the form of `oracle.py`.
fn ours(content: &[u8]) -> Value {
    let document = match Document::parse(content) {
        Ok(document) => document,
        Err(SyntaxError::NoSectionHeader(_)) => return json!({"error": "MissingSectionHeaderError"}),
        Err(SyntaxError::BadLines(_)) => return json!({"error": "ParsingError"}),
    };
    let (mut raw, mut resolved) = (json!({}), json!({}));
    for name in document.section_names() {
        raw[name] = json!(document.section(name).unwrap());
        let values = document.resolved(name).unwrap().into_iter().map(|(key, value)| {
            let value = match value {
                Ok(text) => json!(text),
                Err(InterpolationError::Syntax(_)) => json!({"error": "InterpolationSyntaxError"}),
                Err(InterpolationError::Missing(_)) => json!({"error": "InterpolationMissingOptionError"}),
                Err(InterpolationError::Depth) => json!({"error": "InterpolationDepthError"}),
                Err(InterpolationError::Length) => panic!("no file here is that long"),
            };
            (key, value)
        });
        resolved[name] = Value::Object(values.collect());
    }
    json!({"raw": raw, "resolved": resolved})
}

/// What a Python interpreter reads; none when it cannot be started.
fn python(interpreter: &str, files: &[PathBuf]) -> Option<BTreeMap<String, Value>> {
    let output = Command::new(interpreter).arg(corpus().join("oracle.py")).args(files).output().ok()?;
    assert!(output.status.success(), "{interpreter}: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn every_file_reads_as_recorded_from_python_2_7() {
    let recorded = recorded();
    let files = files();
    assert!(recorded.keys().eq(files.keys()), "expected.json does not match the files; record it anew");
    for (name, path) in files {
        assert_eq!(ours(&std::fs::read(path).unwrap()), recorded[&name], "{name}");
    }
}

#[test]
fn python3_agrees_but_where_the_table_says_why_not() {
    let files: Vec<PathBuf> = files().into_values().collect();
    let Some(python3) = python("python3", &files) else {
        eprintln!("no python3 here: nothing compared");
        return;
    };
    let listed =
        |table: &[(&str, &str)], name: &str| table.iter().any(|(file, _)| format!("{file}.ini") == name);
    for (name, expected) in recorded() {
        if listed(PYTHON3_DIFFERS, &name) {
            assert_ne!(python3[&name], expected, "{name}: python3 agrees, the table is out of date");
        } else if !listed(PYTHON3_MAY_DIFFER, &name) {
            assert_eq!(python3[&name], expected, "{name}");
        }
    }
    for (file, _) in PYTHON3_DIFFERS.iter().chain(PYTHON3_MAY_DIFFER) {
        assert!(python3.contains_key(&format!("{file}.ini")), "the table names '{file}', which is not there");
    }
}

#[test]
fn python2_agrees_on_the_corpus_and_on_random_files() {
    let Ok(interpreter) = std::env::var("NFV_PYTHON2") else {
        eprintln!("NFV_PYTHON2 is not set: nothing compared");
        return;
    };
    let corpus: Vec<PathBuf> = files().into_values().collect();
    let real = python(&interpreter, &corpus).expect("NFV_PYTHON2 names an interpreter");
    assert_eq!(real, recorded(), "the recorded answers are not those of {interpreter}");

    let dir = tempfile::tempdir().unwrap();
    let mut random = Random(0x5eed);
    let mut contents = BTreeMap::new();
    for index in 0..1500 {
        let content = random.ini_file();
        let path = dir.path().join(format!("{index:04}.ini"));
        std::fs::write(&path, &content).unwrap();
        contents.insert(path, content);
    }
    let paths: Vec<PathBuf> = contents.keys().cloned().collect();
    let real = python(&interpreter, &paths).unwrap();
    let mut readable = 0;
    for (path, content) in &contents {
        let name = path.file_name().unwrap().to_str().unwrap();
        let expected = &real[name];
        readable += usize::from(expected.get("raw").is_some());
        assert_eq!(ours(content), *expected, "{:?}", String::from_utf8_lossy(content));
    }
    assert!(readable > 300, "only {readable} of the random files are readable: the generator is too wild");
}

#[test]
fn no_content_makes_the_reader_panic_and_what_it_reads_is_well_formed() {
    let mut random = Random(1);
    for round in 0..20_000 {
        let content = if round % 2 == 0 { random.ini_file() } else { random.bytes() };
        let Ok(document) = Document::parse(&content) else { continue };
        for name in document.section_names() {
            assert!(!name.is_empty() && !name.contains([']', '\n']), "{content:?}");
            for (key, value) in document.section(name).unwrap() {
                assert!(!key.is_empty() && !key.contains(['=', ':', '\n']), "{content:?}");
                assert_eq!(key.to_ascii_lowercase(), key, "{content:?}");
                for line in value.split('\n') {
                    assert_eq!(line.trim_matches([' ', '\t', '\r', '\u{b}', '\u{c}']), line, "{content:?}");
                }
            }
            let resolved = document.resolved(name).unwrap();
            assert_eq!(resolved.len(), document.section(name).unwrap().len());
        }
    }
}

/// A small seeded generator (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.next(200)).map(|_| self.next(256) as u8).collect()
    }

    /// Pieces that mean something, thrown together; mostly whole lines, so that many files are readable.
    fn ini_file(&mut self) -> Vec<u8> {
        const LINES: &[&str] = &[
            "[s]",
            "[t]",
            "[DEFAULT]",
            "[s] x",
            "a = 1",
            "B: 2 ; c",
            "c =",
            "c = \"\"",
            "d = x;y ;z",
            "e = ;x ",
            "\n",
            "# c",
            "; c",
            "rem c",
            "  more",
            "\tmore ; c",
            " # more",
            "a = %(c)s%(b)s",
            "b = %(__name__)s",
            "f = 5%%",
            "f = %(nope)s",
            "f = %",
            "url = http://x:1/y",
            "  ",
            "remark = rem",
            "A B = c d",
        ];
        const PIECES: &[&str] = &[
            "[", "]", "=", ":", ";", "#", " ", "\t", "\r", "\n", "a", "B", "%", "(", ")", "s", "\"\"", "rem",
            "\u{b}", "\u{e9}",
        ];
        let mut file = Vec::new();
        if self.next(8) != 0 {
            file.extend_from_slice(b"[first]\nkey = value\n");
        }
        for _ in 0..self.next(14) {
            if self.next(12) == 0 {
                for _ in 0..self.next(8) {
                    file.extend_from_slice(PIECES[self.next(PIECES.len())].as_bytes());
                }
            } else {
                file.extend_from_slice(LINES[self.next(LINES.len())].as_bytes());
            }
            file.extend_from_slice(if self.next(10) == 0 { b"\r\n" } else { b"\n" });
        }
        file
    }
}
