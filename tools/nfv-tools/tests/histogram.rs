//! nfv-histogram as a process: from a log to a drawing, and what it says where there is nothing. Contract: deployment
//! 7.3, 7.4.

#![allow(clippy::unwrap_used)]

use nfv_common::histogram::{Form, Histograms, names};
use std::path::Path;
use std::process::Command;

/// Exit code, standard output, standard error of the program in this directory.
fn run(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nfv-histogram"));
    let done = command.current_dir(directory).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code(), text(&done.stdout), text(&done.stderr))
}

/// What a VIM shows twice, at two moments.
fn log() -> String {
    let mut histograms = Histograms::default();
    let mut log = "2019-01-23T15:04:05.006 controller-0 VIM_Thread[1] INFO vim.py.1 Started\n".to_owned();
    for minute in 4..6 {
        let at = jiff::civil::DateTime::constant(2019, 1, 23, 15, minute, 1, 0);
        histograms.add(names::timer_callback("audit"), 3, at);
        histograms.add(names::execution_time("get_hosts"), 2, at);
        for line in histograms.lines(Form::Plain) {
            log += &format!(
                "2019-01-23T15:0{minute}:05.006 controller-0 {:>36}[1]     INFO {:>42}.120   {line}\n",
                "VIM_Thread", "histogram.py"
            );
        }
    }
    log
}

#[test]
fn a_log_becomes_tables_and_these_a_drawing_under_either_name() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("nfv-vim.log"), log()).unwrap();
    let (code, out, _) = run(place.path(), &["table"]);
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "csv/get_hosts[execution-time].csv\ncsv/timercallback:audit.csv\n")
    );
    for name in ["timer callback: audit", "timercallback:audit"] {
        let (code, out, error) = run(place.path(), &["plot", "--process", name, "--output", "d.svg"]);
        assert_eq!((code, out.as_str(), error.as_str()), (Some(0), "d.svg\n", ""), "{name}");
        let drawing = std::fs::read_to_string(place.path().join("d.svg")).unwrap();
        assert!(drawing.contains("timercallback:audit") && !drawing.contains("get_hosts"), "{drawing}");
        std::fs::remove_file(place.path().join("d.svg")).unwrap();
    }
}

#[test]
fn where_nothing_is_it_says_what_is_missing() {
    let place = tempfile::tempdir().unwrap();
    let told = |arguments: &[&str], code: i32, words: &[&str]| {
        let (status, out, error) = run(place.path(), arguments);
        let said = format!("{out}{error}");
        assert_eq!(status, Some(code), "{arguments:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{arguments:?}: no {word:?} in {said}");
        }
        assert!(!place.path().join("histograms.svg").exists(), "nothing is drawn");
    };
    told(&["table"], 1, &["there is no nfv-vim.log in ."]);
    told(&["table", "--directory", "none"], 1, &["cannot list none", "No such file"]);
    told(&["table", "gone.log"], 1, &["cannot read gone.log", "No such file"]);
    std::fs::write(place.path().join("nfv-vim.log"), log().lines().next().unwrap()).unwrap();
    told(&["table"], 0, &["No histograms are in ./nfv-vim.log", "kill -USR1"]);
    told(&["plot", "--all"], 1, &["cannot list csv", "make tables first"]);
    told(&["update"], 1, &["cannot list csv", "make tables first"]);
    std::fs::create_dir(place.path().join("csv")).unwrap();
    told(&["plot", "--all"], 1, &["there are no tables in csv", "make tables first"]);

    std::fs::write(place.path().join("nfv-vim.log"), log()).unwrap();
    run(place.path(), &["table"]);
    let there = "get_hosts[execution-time], timercallback:audit";
    told(&["plot"], 1, &["no histogram is chosen", "logplot.cfg", there]);
    told(&["plot", "--process", "zork"], 1, &["there is no table of zork in csv", "has a table", there]);
    told(&["plot", "--group", "g"], 1, &["logplot.cfg has no group g"]);
    told(&["plot", "--all", "--from", "2020-01-01"], 1, &["no displays in this range"]);
}
