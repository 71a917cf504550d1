//! SPECIFICATION.md: what holds a promise exists; what is promised was measured, and is kept.
#![allow(clippy::unwrap_used)]

use nfv_site::promises;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The texts between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// All sources of tests, in one text.
fn sources(directory: &Path, into: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, into);
        } else if name.ends_with(".rs") {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn whatever_holds_a_promise_exists() {
    let benches = read("tools/bench");
    let mut tests = String::new();
    sources(&root(), &mut tests);
    let rows: Vec<_> = promises::rows(&read("SPECIFICATION.md")).collect();
    assert!(rows.len() > 20, "{} promises", rows.len());
    for row in &rows {
        let by = quoted(row.last().unwrap());
        assert!(!by.is_empty(), "{row:?} is held by nothing");
        for by in by {
            let exists = match by.strip_prefix("tools/bench ") {
                Some(bench) => benches.contains(&format!("#   tools/bench {bench}")),
                None if by.contains('/') => root().join(by).exists(),
                None => tests.contains(&format!("fn {by}()")),
            };
            assert!(exists, "{row:?}: there is no {by}");
        }
    }
}

/// Where a benchmark prints a figure: the beginning of a promise, and parts that stand one after the other on the first
/// line of its output that has the first of them; runs of blanks count as one, commas as none, and `{}` stands for the next
/// number of the figure.
const PRINTED: [(&str, &[&str]); 24] = [
    ("nfv-vim with 10,000 instances", &["started again with that database {} s until it answers"]),
    ("nfv-vim learns a site", &["learning the whole site from nothing {} s"]),
    ("nfv-vim-api answers after", &["this open after {} ms"]),
    ("nfv-vim at 200 hosts", &["peak memory {} MB (wanted: under 150)"]),
    ("nfv-vim-api after a list", &["this memory {} MB after one list of 10000 instances"]),
    ("guestServer with 1,000 guests", &["VmHWM: {} kB"]),
    ("nova-api-proxy under load", &["peak memory MB: proxy {} nginx {} "]),
    ("nfv-forensic on a log", &["round 3:", "peak memory {} MB"]),
    ("All processes under load", &["load 30 minutes"]),
    ("All processes under load", &["yes nothing is lost"]),
    ("All processes under load", &["yes memory is flat"]),
    ("All processes under load", &["yes descriptors are flat"]),
    ("A host with 51 servers fails", &["of it the VIM's own time {} ms"]),
    ("Each further evacuation", &["own time of each further decision median {} ms"]),
    ("A day of 100 hosts", &["time of the core {} s"]),
    ("The plan of a strategy", &["parallel: planning 101 stages: median {} ms"]),
    ("Requests to the neighbours", &["all {}"]),
    ("Requests for tokens", &["keystone tokens 0"]),
    ("nfv-vim-api, one of 10,000", &["this one instance 16 clients", "p99 {} ms"]),
    ("nova-api-proxy, a GET", &["proxy ", " {} "]),
    ("nova-api-proxy at 2,000", &["proxy ", "+{} "]),
    ("nfv-forensic, MB of log", &["round 4:", "{} MB/s of processor time"]),
    ("1,000 VMs that beat", &["core of its own:", "stopped 0 lost 0;"]),
    ("The same 1,000 VMs", &["core of its own:", "p99<{} "]),
];

/// The first line with the first part has them all, one after the other.
fn prints(output: &str, parts: &[String]) -> bool {
    let mut lines = output.lines().map(|line| {
        let words = line.replace(',', "");
        words.split_whitespace().collect::<Vec<_>>().join(" ") + " "
    });
    let Some(line) = lines.find(|line| line.contains(&parts[0])) else { return false };
    let mut rest = line.as_str();
    parts.iter().all(|part| match rest.split_once(part.as_str()) {
        Some((_, behind)) => {
            rest = behind;
            true
        }
        None => false,
    })
}

#[test]
fn figures_are_those_that_were_measured_and_keep_the_promise() {
    let text = read("SPECIFICATION.md");
    let promises = promises::read(&text);
    let with_bench = text.lines().filter(|line| line.starts_with("| ") && line.contains("`tools/bench "));
    assert_eq!(promises.len(), with_bench.count(), "rows that cannot be read");
    for promise in &promises {
        let name = promise.bench.split(' ').next().unwrap();
        let output = read(&format!("docs/measured/{name}.txt"));
        let printed: Vec<_> = PRINTED.iter().filter(|(what, _)| promise.what.starts_with(what)).collect();
        assert!(!printed.is_empty(), "{promise:?}: nobody knows where this is printed");
        for (_, parts) in printed {
            let mut figures = promises::numbers(&promise.measured).into_iter().map(|(number, _)| number);
            let mut filled = Vec::new();
            for part in *parts {
                let mut part = (*part).to_owned();
                while part.contains("{}") {
                    part = part.replacen("{}", &figures.next().unwrap(), 1);
                }
                filled.push(part);
            }
            assert!(prints(&output, &filled), "{promise:?}: {filled:?} is not in docs/measured/{name}.txt");
        }
        let used = promise.used().unwrap_or_else(|| panic!("{promise:?}: this cannot be compared"));
        assert!(used <= 1.0, "{promise:?} is broken");
    }
}

#[test]
fn the_plot_shows_these_figures() {
    let machine = read("docs/measured/machine.txt");
    let plot = promises::draw(&promises::read(&read("SPECIFICATION.md")), &machine);
    assert!(plot == read("docs/pictures/promises.svg"), "it is out of date: run nfv-bench promises");
}
