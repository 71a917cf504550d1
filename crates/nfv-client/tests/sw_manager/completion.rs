//! Completion in bash, beside what the original's offers.
//!
//! `recorded/completion.txt` holds what the original's file offered for each line of words; the last word is the one that
//! is completed, `''` an empty one. `SW_MANAGER_RECORD_COMPLETION=FILE` writes it anew from the completion in FILE.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/completion/sw-manager");

/// What is offered for each line.
fn offered(file: &Path, lines: &[String]) -> Vec<String> {
    let mut script = format!("source '{}'\n", file.display());
    for line in lines {
        writeln!(script, "COMP_WORDS=(sw-manager {line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _swmanager; echo ${{COMPREPLY[@]}}")
            .unwrap();
    }
    let output = Command::new("bash").args(["--norc", "-c", &script]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn lines() -> Vec<String> {
    let mut lines: Vec<String> =
        ["''", "p", "u", "patch-strategy", "x", "x ''", "x y ''", "--debug ''", "--debug patch-strategy ''"]
            .map(str::to_owned)
            .to_vec();
    for area in ["patch-strategy", "upgrade-strategy"] {
        for rest in ["''", "c", "a", "ap", "x", "x ''", "x y ''"] {
            lines.push(format!("{area} {rest}"));
        }
        for action in ["create", "delete", "apply", "abort", "show"] {
            for rest in [
                "''",
                "x",
                "--stage-id ''",
                "--stage-id 1 ''",
                "--details ''",
                "--force ''",
                "--controller-apply-type ''",
                "--controller-apply-type s",
                "--storage-apply-type ''",
                "--worker-apply-type p",
                "--max-parallel-worker-hosts ''",
                "--max-parallel-worker-hosts 3 ''",
                "--instance-action ''",
                "--instance-action m",
                "--alarm-restrictions ''",
                "--alarm-restrictions r",
                "--alarm-restrictions strict ''",
                "--storage-apply-type serial --worker-apply-type ''",
            ] {
                lines.push(format!("{area} {action} {rest}"));
            }
            for letters in ["--c", "--s", "--d", "--wo", "--m", "--i", "--a", "--x"] {
                lines.push(format!("{area} {action} {letters}"));
            }
        }
    }
    lines
}

#[test]
fn the_original_offers_the_same() {
    let lines = lines();
    let recorded = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sw_manager/recorded/completion.txt");
    if let Ok(file) = std::env::var("SW_MANAGER_RECORD_COMPLETION") {
        let offered = offered(Path::new(&file), &lines);
        let text: String =
            lines.iter().zip(offered).map(|(line, offered)| format!("{line} => {offered}\n")).collect();
        std::fs::write(recorded, text).unwrap();
        return;
    }
    let offered = offered(Path::new(OURS), &lines);
    assert_eq!(offered.len(), lines.len());
    let sorted = |text: &str| {
        let mut words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        words.sort();
        words
    };
    let recorded = std::fs::read_to_string(recorded).unwrap();
    assert_eq!(recorded.lines().count(), lines.len());
    for ((line, offered), recorded) in lines.iter().zip(offered).zip(recorded.lines()) {
        let (known, expected) = recorded.split_once(" => ").unwrap();
        // bash shows them sorted
        assert_eq!((line.as_str(), sorted(&offered)), (known, sorted(expected)));
    }
}

#[test]
fn new_options_are_offered_once_a_dash_is_typed() {
    let watched = "--format --watch --watch-interval --watch-patience";
    let cases = [
        ("patch-strategy show --f", "--format".to_owned()),
        ("patch-strategy show -", format!("--details {watched}")),
        ("upgrade-strategy apply -", format!("--stage-id {watched} --preview")),
        ("upgrade-strategy apply --stage-id 1 -", format!("{watched} --preview")),
        ("patch-strategy apply --p", "--preview".to_owned()),
        ("h", "history host-lock".to_owned()),
        ("hi", "history".to_owned()),
        ("history ''", "host instance".to_owned()),
        ("history host ''", String::new()),
        ("history host compute-0 -", "--limit --format".to_owned()),
        ("history instance x --format ''", "text json".to_owned()),
        ("history instance x --limit ''", String::new()),
        ("history instance x --limit 3 -", "--limit --format".to_owned()),
        ("host-lock ''", String::new()),
        ("host-lock compute-0 -", "--preview --force --format".to_owned()),
        ("host-lock compute-0 --format ''", "text json".to_owned()),
        ("patch-strategy abort --watch -", watched.to_owned()),
        ("patch-strategy create --wat", "--watch --watch-interval --watch-patience".to_owned()),
        ("patch-strategy delete -", "--format".to_owned()),
        ("patch-strategy delete --format ''", "text json".to_owned()),
        ("patch-strategy show --format j", "json".to_owned()),
        ("patch-strategy show --watch-interval ''", String::new()),
    ];
    let lines: Vec<_> = cases.iter().map(|(line, _)| (*line).to_owned()).collect();
    for ((line, expected), offered) in cases.iter().zip(offered(Path::new(OURS), &lines)) {
        assert_eq!(offered.trim(), expected, "{line}");
    }
}

#[test]
fn the_command_is_bound_to_it() {
    let script = format!("source '{OURS}'; complete -p sw-manager");
    let output = Command::new("bash").args(["--norc", "-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "complete -o filenames -F _swmanager sw-manager\n");
}
