//! Recorded strategies of the original, played against the VIM's own. Contract: strategies 9.
//!
//! Reads the project's two files, or those named in `NFV_STRATEGY_CASES` (separated by colons); arguments that are no
//! options name parts of case ids. Where the VIM does better than a recording on purpose, a rule in `better` says what
//! is checked instead; each rule must have its row in docs/differences.md, and is counted.

mod better;
mod cases;
mod data;
mod dicts;
mod runs;
mod view;
mod world;

use better::Rules;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

fn files() -> Vec<PathBuf> {
    if let Some(named) = std::env::var_os("NFV_STRATEGY_CASES").filter(|named| !named.is_empty()) {
        return std::env::split_paths(&named).collect();
    }
    let data = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"));
    ["strategy-cases.json", "strategy-cases-random.json"].map(|name| data.join(name)).to_vec()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("strategy_cases: test");
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<_> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-') && *argument != "strategy_cases")
        .collect();
    let is_wanted = |id: &str| wanted.is_empty() || wanted.iter().any(|part| id.contains(part.as_str()));
    let began = Instant::now();
    let mut rules = Rules::read();
    let (mut cases, mut runs, mut dicts, mut failed) = ((0, 0), (0, 0), (0, 0), Vec::new());
    for path in files() {
        let file = match data::File::read(&path) {
            Ok(file) => file,
            Err(why) => {
                failed.push(format!("{}: {why}", path.display()));
                continue;
            }
        };
        let mut count = |counter: &mut (usize, usize), id: &str, result: Result<(), String>| {
            counter.1 += 1;
            match result {
                Ok(()) => counter.0 += 1,
                Err(why) => failed.push(format!("{id}: {why}")),
            }
        };
        for case in file.cases.iter().filter(|case| is_wanted(&case.id)) {
            count(&mut cases, &case.id, cases::check(case, &mut rules));
        }
        for run in file.runs.iter().filter(|run| is_wanted(&run.case.id)) {
            count(&mut runs, &run.case.id, runs::check(run, &mut rules));
        }
        for dict in file.full_dicts.iter().filter(|dict| is_wanted(&dict.id)) {
            count(&mut dicts, &dict.id, dicts::check(dict));
        }
    }
    failed.extend(rules.unnamed());
    for why in &failed {
        println!("FAILED {why}");
    }
    for line in rules.report() {
        println!("{line}");
    }
    println!(
        "strategy_cases: {} of {} cases, {} of {} life-cycle runs, {} of {} stored strategies passed in {:.1} s",
        cases.0,
        cases.1,
        runs.0,
        runs.1,
        dicts.0,
        dicts.1,
        began.elapsed().as_secs_f64(),
    );
    let played = cases.1 + runs.1 + dicts.1;
    if failed.is_empty() && played > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
