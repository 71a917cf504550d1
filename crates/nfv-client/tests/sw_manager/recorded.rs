//! Everything that the original prints, byte for byte, and everything that it asks.
//!
//! `recorded/*.txt` hold, for each case, how the process ended, what it wrote and which requests it made, as the original
//! (Python 2.7.18, `PYTHONIOENCODING=utf-8`) did against this same server. With `SW_MANAGER_RECORD=PROGRAM` in the
//! environment the test writes those files anew from what PROGRAM does, instead of comparing; with
//! `SW_MANAGER_RECORD_GROUP=GROUP` that one only.

use crate::cases::{Case, PASSWORD, TOKEN, groups};
use crate::fake::{Asked, Fake};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// How a process ended.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub asked: Vec<Asked>,
    pub address: String,
}

/// Runs the program of this project, or another one.
pub fn run(case: Case, program: &str) -> Ended {
    let fake = Fake::start(case.script);
    let server = format!("http://{}", fake.address);
    let mut command = Command::new(program);
    command.args(&case.arguments).stdin(Stdio::null()).env_clear().env("PYTHONIOENCODING", "utf-8");
    for (name, value) in case.environment {
        command.env(name, value.replace("{server}", &server));
    }
    let output = command.output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        asked: fake.asked(),
        address: fake.address.clone(),
    }
}

pub fn ours() -> &'static str {
    env!("CARGO_BIN_EXE_sw-manager")
}

impl Ended {
    /// As it stands in a file: `{address}` for the server, secrets hidden, each line marked.
    fn text(&self) -> String {
        let mut out = format!("exit {}\n", self.code);
        for asked in &self.asked {
            let kind = asked.header("Content-Type").unwrap_or("-");
            let token = asked.header("X-Auth-Token").unwrap_or("-");
            let accept = asked.header("Accept").unwrap_or("-");
            writeln!(out, "asked {} {} type {kind} token {token} accept {accept}", asked.method, asked.path)
                .unwrap();
            if !asked.body.is_empty() {
                writeln!(out, "      {}", asked.body).unwrap();
            }
        }
        for (mark, text) in [("1", &self.stdout), ("2", &self.stderr)] {
            for line in text.split_inclusive('\n') {
                let end = if line.ends_with('\n') { ">" } else { "\\" };
                let line = line.trim_end_matches('\n').replace('\r', "\\r");
                writeln!(out, "{mark}{end}{line}").unwrap();
            }
        }
        // the length of the password's request is part of what is shown
        out.replace(&self.address, "{address}")
    }
}

/// What ours hides and the original does not.
fn without_secrets(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.starts_with('1') {
                line.replace(TOKEN, "***").replace(PASSWORD, "***") + "\n"
            } else {
                line.to_owned() + "\n"
            }
        })
        .collect()
}

fn file(group: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/sw_manager/recorded/{group}.txt"))
}

/// All cases of a group in one text.
fn played(cases: Vec<Case>, program: &str) -> Vec<(String, String)> {
    cases
        .into_iter()
        .map(|case| {
            let name = case.name.clone();
            (name, run(case, program).text())
        })
        .collect()
}

#[test]
fn the_original_would_have_done_the_same() {
    if let Ok(program) = std::env::var("SW_MANAGER_RECORD") {
        let wanted = std::env::var("SW_MANAGER_RECORD_GROUP").ok();
        for (group, cases) in groups() {
            if wanted.as_ref().is_some_and(|wanted| wanted != group) {
                continue;
            }
            let played = played(cases, &program);
            let text: String = played.iter().map(|(name, text)| format!("=== {name}\n{text}")).collect();
            std::fs::write(file(group), text).unwrap();
        }
        return;
    }
    let mut different = Vec::new();
    let mut count = 0;
    for (group, cases) in groups() {
        let recorded = std::fs::read_to_string(file(group)).unwrap();
        let mut recorded = recorded.split("=== ").skip(1);
        for (name, text) in played(cases, ours()) {
            count += 1;
            let (known, expected) = recorded.next().unwrap_or_default().split_once('\n').unwrap_or_default();
            assert_eq!(name, known, "{group} is recorded in another order");
            let expected = without_secrets(expected);
            if text != expected {
                different.push(format!("=== {group}: {name}\n--- original\n{expected}--- ours\n{text}"));
            }
        }
        assert_eq!(recorded.next(), None, "{group}: recorded but not played");
    }
    assert!(different.is_empty(), "{} of {count} differ\n{}", different.len(), different.join("\n"));
}
