//! nfv-vim as a process: signals, flag file, exit status, configuration errors. Contract: deployment 4.2, 4.3.

#![allow(clippy::unwrap_used)]

use nfv_site::configuration::Settings;
use nfv_site::{Options, Site, configuration};
use nix::sys::signal::Signal;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

async fn site() -> Site {
    let site = site_with(Vec::new()).await;
    wait_for(&site, "Started").await;
    site
}

/// A site whose VIM is starting, with these settings beside the usual ones.
async fn site_with(more: Settings) -> Site {
    let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/small.toml");
    let settings = [configuration::quick(), more].concat();
    let options = Options { cluster, settings, directory: None, lab_arguments: Vec::new() };
    let mut site = Site::start(&options).await.unwrap();
    site.start_vim().unwrap();
    site
}

/// Waits until the VIM's output holds this text.
async fn wait_for(site: &Site, text: &str) {
    let begun = Instant::now();
    while !std::fs::read_to_string(site.directory().join("vim.out")).unwrap_or_default().contains(text) {
        assert!(begun.elapsed() < Duration::from_secs(20), "no {text:?} in: {}", site.tail("vim.out"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

fn not_running(site: &Site) -> bool {
    site.directory().join("run/.nfv-vim.not_running").exists()
}

#[test]
fn sigterm_ends_it_with_143_and_leaves_no_flag_and_no_log() {
    run(async {
        let mut site = site().await;
        let status = site.stop_vim().await.unwrap().unwrap();
        assert_eq!(status.code(), Some(143));
        assert!(!not_running(&site));
        assert!(!site.directory().join("db/vim_db_v1-wal").exists());
    });
}

#[test]
fn sigint_ends_it_with_0_and_leaves_the_flag() {
    run(async {
        let mut site = site().await;
        site.signal_vim(Signal::SIGINT).unwrap();
        let status = site.wait_vim(Duration::from_secs(10)).await.unwrap();
        assert_eq!(status.code(), Some(0));
        assert!(not_running(&site));
        assert!(!site.directory().join("db/vim_db_v1-wal").exists());
    });
}

#[test]
fn sighup_reads_the_levels_again_and_the_dump_tells_what_waits() {
    run(async {
        let mut site = site().await;
        site.signal_vim(Signal::SIGUSR1).unwrap();
        wait_for(&site, "Dump captured data complete.").await;
        site.signal_vim(Signal::SIGUSR2).unwrap();
        wait_for(&site, "Reset captured data complete.").await;
        let quiet = "[debug-overall]\ndebug_level: debug.level.error\ntrace_level: debug.level.error\n[debug-loggers]\n";
        std::fs::write(site.directory().join("debug.ini"), quiet).unwrap();
        site.signal_vim(Signal::SIGHUP).unwrap();
        wait_for(&site, "Reload signalled.").await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let before = std::fs::read_to_string(site.directory().join("vim.out")).unwrap().len();
        site.signal_vim(Signal::SIGUSR1).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let after = std::fs::read_to_string(site.directory().join("vim.out")).unwrap();
        assert!(!after[before..].contains("INFO"), "still written: {}", &after[before..]);
        site.stop_vim().await.unwrap();
    });
}

fn vim(arguments: &[&str]) -> Output {
    let mut program = std::env::current_exe().unwrap();
    program.pop();
    if program.ends_with("deps") {
        program.pop();
    }
    Command::new(program.join("nfv-vim")).args(arguments).output().unwrap()
}

#[test]
fn what_is_wrong_with_options_and_configuration_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty.ini");
    std::fs::write(&empty, "").unwrap();
    let bad = directory.path().join("bad.ini");
    std::fs::write(&bad, "no section\n").unwrap();
    let rows: [(&[&str], &str); 5] = [
        (&[], "--config"),
        (&["--what"], "--what"),
        (&["-c", "/nowhere/config.ini"], "/nowhere/config.ini does not exist"),
        (&["-c", empty.to_str().unwrap()], "empty.ini"),
        (&["-c", bad.to_str().unwrap()], "bad.ini"),
    ];
    for (arguments, says) in rows {
        let output = vim(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(text.contains(says), "{arguments:?}: {text}");
    }
}

#[test]
fn a_database_that_cannot_be_opened_ends_it_with_200_and_the_flag() {
    run(async {
        let mut site = site().await;
        site.stop_vim().await.unwrap();
        // the directory of the database is a file now
        std::fs::remove_dir_all(site.directory().join("db")).unwrap();
        std::fs::write(site.directory().join("db"), "").unwrap();
        site.start_vim().unwrap();
        let status = site.wait_vim(Duration::from_secs(10)).await.unwrap();
        assert_eq!(status.code(), Some(200));
        assert!(not_running(&site));
        assert!(site.tail("vim.out").contains("db"), "{}", site.tail("vim.out"));
    });
}

#[test]
fn a_fault_management_that_is_away_holds_up_neither_the_start_nor_the_end() {
    run(async {
        let mut site = site_with(vec![
            ("alarm", "handlers", "File-Storage, Fault-Management".to_owned()),
            ("event-log", "handlers", "File-Storage, Event-Log-Management".to_owned()),
        ])
        .await;
        wait_for(&site, "Started").await;
        site.wait_until_known(Duration::from_secs(60)).await.unwrap();
        // each log that waits is told once for all
        wait_for(&site, "Fault Management at controller:8001: event logs: not reached").await;
        let begun = Instant::now();
        assert_eq!(site.stop_vim().await.unwrap().unwrap().code(), Some(143));
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    });
}

#[test]
fn a_namespace_without_plugins_ends_it_with_200_and_the_flag() {
    run(async {
        let mut site = site_with(vec![("nfvi", "namespace", "nfv_vim.nfvi.plugins.v9".to_owned())]).await;
        let status = site.wait_vim(Duration::from_secs(10)).await.unwrap();
        assert_eq!(status.code(), Some(200));
        assert!(not_running(&site));
        let told = site.tail("vim.out");
        assert!(told.contains("[nfvi] namespace: nfv_vim.nfvi.plugins.v9 has no plugins"), "{told}");
    });
}
