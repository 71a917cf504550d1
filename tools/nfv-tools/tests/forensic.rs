//! nfv-forensic beside what the original prints (data/, made by data/record), and its own cases.

#![allow(clippy::unwrap_used)]

use flate2::read::GzDecoder;
use nfv_tools::forensic;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Exit code, standard output, standard error.
fn run(arguments: &[&str]) -> (u8, String, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let code = forensic::run(arguments, &mut stdout, &mut stderr).unwrap();
    (code, String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// A directory with this log and a configuration that names it.
fn with_log(log: &[u8]) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("vim.log"), log).unwrap();
    let config = directory.path().join("forensic.ini");
    let text = format!("[files]\nnfv-vim: {}\n", directory.path().join("vim.log").display());
    std::fs::write(&config, text).unwrap();
    let config = config.display().to_string();
    (directory, config)
}

#[test]
fn outputs_are_the_originals_to_the_byte() {
    let mut compared = 0;
    for entry in std::fs::read_dir(data()).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) =
            path.file_name().unwrap().to_str().unwrap().strip_suffix(".log.gz").map(str::to_owned)
        else {
            continue;
        };
        let expected = unpacked(&data().join(format!("{name}.out.gz")));
        let (_directory, config) = with_log(&unpacked(&path));
        let (code, found, _) = run(&["-c", &config]);
        assert_eq!(code, 0);
        let expected = String::from_utf8(expected).unwrap();
        // the lines first: a difference in one shows
        for (number, (found, expected)) in
            found.split(['\n', '\r']).zip(expected.split(['\n', '\r'])).enumerate()
        {
            assert_eq!(found, expected, "{name}, line {}", number + 1);
        }
        assert_eq!(found, expected, "{name}");
        compared += 1;
    }
    assert!(compared >= 2, "the test data is missing");
}

fn line(time: &str, file: &str, message: &str) -> String {
    format!("2019-01-23T{time} controller-0 {:>36}[6581]     INFO {file:>42}.27    {message}\n", "VIM_Thread")
}

/// The contract's example.
fn example() -> String {
    [
        line("10:00:00.100", "_host_state_enabling.py", "Entering state (enabling) for compute-0."),
        line("10:00:03.350", "_host_state_enabled.py", "Entering state (enabled) for compute-0."),
        line(
            "10:00:04.000",
            "_host.py",
            "Host State-Change detected: nfvi_admin_state=unlocked host_admin_state=unlocked, nfvi_oper_state=enabled \
             host_oper_state=disabled, nfvi_avail_state=available host_avail_status=offline, locking=False unlocking=False \
             fsm current_state=enabled for compute-0.",
        ),
        line("10:00:05.010", "_instance_state_stop.py", "Entering state (stop) for vm-0."),
        line("10:00:07.010", "_instance_state_initial.py", "Entering state (initial) for vm-0."),
        line(
            "10:00:08.010",
            "_instance_director.py",
            "Migrate of instance vm-0 from host compute-0 timed out.",
        ),
    ]
    .concat()
}

const EXAMPLE: &str = "
Analysis:
  2019-01-23 10:00:00.100  Entering state (enabling) for compute-0.
  2019-01-23 10:00:03.350 (Δ=0:00:03.250000)  Entering state (enabled) for compute-0.
    2019-01-23 10:00:05.010 (Δ=0:00:02)  Entering state (stop) for vm-0.
 ** 2019-01-23 10:00:08.010  Migrate of instance vm-0 from host compute-0 timed out.

Host-States (last-seen):
   0. 2019-01-23 10:00:04.000        compute-0: unlocked enabled available

Instance-States (last-seen):
";

#[test]
fn the_contracts_example_is_printed_as_there() {
    let (_directory, config) = with_log(example().as_bytes());
    let (code, stdout, _) = run(&["-c", &config]);
    assert_eq!(code, 0);
    assert_eq!(stdout, format!("{}{EXAMPLE}", "\r  Complete: 0%".repeat(7)));
}

#[test]
fn compressed_and_several_files_are_one_log() {
    let (directory, config) = with_log(b"");
    let whole = example();
    let (first, second): (Vec<_>, Vec<_>) =
        whole.split_inclusive('\n').enumerate().partition(|(index, _)| index % 2 == 0);
    let part = |lines: Vec<(usize, &str)>| lines.into_iter().map(|(_, line)| line).collect::<String>();
    let packed = std::fs::File::create(directory.path().join("a.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, part(first).as_bytes()).unwrap();
    packed.finish().unwrap();
    std::fs::write(directory.path().join("b"), part(second)).unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(&config, format!("[files]\nnfv-vim: {}\n    {}\n", at("a.gz"), at("b"))).unwrap();
    let (code, stdout, _) = run(&["-c", &config]);
    assert_eq!(code, 0);
    assert!(stdout.ends_with(EXAMPLE), "{stdout}");
}

#[test]
fn dates_limit_what_is_told() {
    let (_directory, config) = with_log(example().as_bytes());
    let of = |more: &[&str]| run(&[&["-c", config.as_str()], more].concat());
    let (_, stdout, _) = of(&["-s", "2019-01-23 10:00:05", "-e", "2019-01-23 10:00:08"]);
    let (_, analysis) = stdout.split_once("Analysis:\n").unwrap();
    assert!(analysis.starts_with("    2019-01-23 10:00:05.010 (Δ=0:00:02)"), "{stdout}");
    assert!(!analysis.contains("timed out"), "{stdout}");
    // the end date alone works here, and is told under its own name
    let (code, stdout, _) = of(&["-e", "2019-01-23 10:00:01"]);
    assert!(code == 0 && stdout.contains("(enabling)") && !stdout.contains("(enabled)"), "{stdout}");
    for (option, name) in [("-s", "Start"), ("-e", "End")] {
        let (code, stdout, _) = of(&[option, "yesterday"]);
        let expected = format!("{name}-Date 'yesterday' is invalid, expected=<YYYY-MM-DD HH:MM:SS>\n");
        assert_eq!((code, stdout), (1, expected));
    }
}

#[test]
fn what_is_wrong_is_told_as_the_original_does() {
    let (directory, config) = with_log(b"");
    let at = |name: &str| directory.path().join(name).display().to_string();
    let told = |text: &str| format!("{text}\n");
    let usage = "usage: nfv-forensic [-h] [-c CONFIG] [-s START_DATE] [-e END_DATE]\n";
    assert_eq!(run(&[]), (1, told("No configuration given."), String::new()));
    let (code, _, stderr) = run(&["-x"]);
    assert_eq!(code, 2);
    assert_eq!(stderr, format!("{usage}nfv-forensic: error: unrecognized arguments: -x\n"));
    let (code, stdout, _) = run(&["-h"]);
    assert!(code == 0 && stdout.starts_with(usage) && stdout.ends_with("end date\n"), "{stdout}");
    let none = told("Exception: 'NoneType' object has no attribute 'items'");
    assert_eq!(run(&["-c", &at("none")]), (1, none, String::new()));
    assert_eq!(run(&["-c", &config]), (1, told("Exception: float division by zero"), String::new()));
    std::fs::write(&config, "[files]\nother: /x\n").unwrap();
    let parser = told("Exception: 'NoneType' object has no attribute 'parse'");
    assert_eq!(run(&["-c", &config]), (1, parser, String::new()));
    std::fs::write(&config, "[files]\nnfv-vim: /none\n").unwrap();
    let missing = told("Exception: [Errno 2] No such file or directory: '/none'");
    assert_eq!(run(&["-c", &config]), (1, missing, String::new()));
}

#[test]
fn workers_lines_and_the_present_form_of_instances_are_read() {
    let worker = example().replace("VIM_Thread[", "VIM_Compute-Worker-0_Thread[");
    let present = line(
        "10:00:09.000",
        "_vim_nfvi_events.py",
        "Instance state-change, nfvi_instance={'attached_volumes': [], 'name': u'vm-0', 'tenant_id': u'24b9', \
         'avail_status': ['failed'], 'nfvi_data': {'vm_state': u'error', 'task_state': 'none', 'power_state': 'running'}, \
         'recovery_priority': None, 'instance_type': {}, 'oper_state': 'disabled', 'host_name': u'compute-0', \
         'image_uuid': None, 'action': '', 'admin_state': 'unlocked', 'uuid': u'8d80'}.",
    );
    let (_directory, config) = with_log(format!("{worker}{present}").as_bytes());
    let (_, stdout, _) = run(&["-c", &config]);
    assert!(!stdout.contains("Bad line"), "{stdout}");
    let last = format!(
        "   0. 2019-01-23 10:00:09.000 {:>32} (8d80): unlocked disabled 'failed' (error none running) on host compute-0\n",
        "vm-0"
    );
    assert!(stdout.ends_with(&last), "{stdout}");
}
