//! What the successors of this software learnt the hard way about orchestration, and which test keeps it learnt. A row
//! without a test, or whose test is gone, fails.

use std::path::Path;

/// Which test keeps a lesson.
enum Kept {
    /// In this file (from the root of the project), where this text stands.
    By(&'static str, &'static str),
    /// There is nothing here that it could happen to.
    NoSuchThing(&'static str),
}

use Kept::{By, NoSuchThing};

const CASES: &str = "crates/nfv-vim/tests/data/strategy-cases.json";
const MATRIX: &str = "crates/nfv-vim/tests/strategy_nights/matrix.rs";
const ENGINE: &str = "crates/nfv-common/src/strategy/tests.rs";
const SETTINGS: &str = "crates/nfv-vim/src/runtime/settings.rs";
const NIGHT: &str = "tests/tests/strategy/night.rs";

/// Number and words of each lesson.
const LESSONS: [(u32, &str, Kept); 22] = [
    (31, "every topology, strategy and policy gives its stages", By(CASES, "fixed-")),
    (32, "one model of a host", By("crates/nfv-vim/tests/strategy_cases/dicts.rs", "pub fn check")),
    (33, "states of neighbours are an open set", By(CASES, "patch-host-patch-failed")),
    (34, "wait for alarms to clear, with a bound", By(CASES, "wait-data-sync")),
    (
        35,
        "checks have a grace",
        By(ENGINE, "fn a_failed_step_with_attempts_left_is_begun_again_after_its_pause"),
    ),
    (36, "no wait for an alarm that the strategy itself causes", By(CASES, "900.101")),
    (37, "ignored alarms are configuration", By(CASES, "config_ignore_alarms")),
    (
        38,
        "stored strategies of all releases load",
        By("crates/nfv-vim/tests/old_strategies.rs", "fn strategies_of_the_dumps_load_or_say_why_not"),
    ),
    (39, "each step says how it resumes", By(ENGINE, "fn each_resume_rule")),
    (40, "a failed patch is told as failed", By(CASES, "patch-host-patch-failed")),
    (
        41,
        "plans by host, instances when they run",
        By("crates/nfv-vim/tests/strategy_cases/better.rs", "late-instance"),
    ),
    (
        42,
        "each step can be tried again",
        By(ENGINE, "fn a_failed_step_with_attempts_left_is_begun_again_after_its_pause"),
    ),
    (43, "limits and waits are configuration", By(SETTINGS, "fn waits_and_deadlines_of_strategies_are_read")),
    (44, "done is what is seen, not what was accepted", By(CASES, "patch-restart-lock")),
    (45, "the order of hosts and swacts", By(NIGHT, "fn check_stages")),
    (
        46,
        "a new strategy converges from any step",
        By(MATRIX, "fn an_abort_at_any_step_leaves_no_host_locked_and_a_new_strategy_converges"),
    ),
    (
        47,
        "an abort wakes what waits",
        By(MATRIX, "fn an_abort_at_any_step_leaves_no_host_locked_and_a_new_strategy_converges"),
    ),
    (48, "each step says what an abort does to it", By(ENGINE, "fn each_abort_class")),
    (49, "one order of undoing", By(CASES, "patch-abort-second-stage")),
    (
        50,
        "what callers sent before is still taken",
        By("crates/nfv-vim-rpc/tests/wire.rs", "fn missing_keys_are_null_and_get_all_is_then_true"),
    ),
    (
        51,
        "new fields are optional",
        By("crates/nfv-vim-rpc/tests/wire.rs", "fn missing_keys_are_null_and_get_all_is_then_true"),
    ),
    (52, "ask the component itself", NoSuchThing("no Kubernetes upgrade in this release")),
];

#[test]
fn each_lesson_about_orchestration_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let numbers: Vec<_> = LESSONS.iter().map(|(number, ..)| *number).collect();
    assert_eq!(numbers, (31..=52).collect::<Vec<_>>());
    for (number, words, kept) in &LESSONS {
        match kept {
            By(file, text) => {
                let content = std::fs::read_to_string(root.join(file)).unwrap_or_default();
                assert!(content.contains(text), "lesson {number} ({words}): {text} is not in {file}");
            }
            NoSuchThing(why) => assert!(!why.is_empty(), "lesson {number}"),
        }
    }
}
