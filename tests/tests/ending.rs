//! How nfv-vim ends, and what the database file is then: after each way of ending the main file alone holds everything
//! that was committed, or what is beside it is told and taken up. Contract: deployment 4.3, 10; lessons 7.

#![allow(clippy::unwrap_used)]

use nfv_site::configuration::Settings;
use nfv_site::{Options, Site, configuration};
use nfv_vim_db::check::{Severity, WriteAheadLog, check};
use nfv_vim_db::{DATABASE_FILE, Database};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// An end may take this long; the contract's 10 s, and what a loaded machine adds.
const END_LIMIT: Duration = Duration::from_secs(14);

async fn site_with(more: Settings) -> Site {
    let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/small.toml");
    let settings = [configuration::quick(), more].concat();
    Site::start(&Options { cluster, settings, directory: None, lab_arguments: Vec::new() }).await.unwrap()
}

/// A site whose VIM knows everything.
async fn known_site() -> Site {
    let mut site = site_with(Vec::new()).await;
    site.start_vim().unwrap();
    site.wait_until_known(Duration::from_secs(120)).await.unwrap();
    site
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

fn not_running(site: &Site) -> bool {
    site.directory().join("run/.nfv-vim.not_running").exists()
}

/// Numbers of hosts and instances in a copy of the main file alone.
fn in_main_file(directory: &Path) -> (usize, usize) {
    let alone = tempfile::tempdir().unwrap();
    std::fs::copy(directory.join(DATABASE_FILE), alone.path().join(DATABASE_FILE)).unwrap();
    let snapshot = Database::open(alone.path()).unwrap().load().unwrap();
    assert_eq!(snapshot.quarantined, []);
    (snapshot.hosts.len(), snapshot.instances.len())
}

async fn counts(site: &Site) -> (usize, usize) {
    let hosts = site.cloud().hosts().await.unwrap().len();
    (hosts, site.cloud().vms().await.unwrap().len())
}

async fn wait_for(site: &Site, text: &str) {
    wait_for_times(site, text, 1).await;
}

async fn wait_for_times(site: &Site, text: &str, times: usize) {
    let begun = Instant::now();
    let said = || std::fs::read_to_string(site.directory().join("vim.out")).unwrap_or_default();
    while said().matches(text).count() < times {
        assert!(begun.elapsed() < Duration::from_secs(60), "no {text:?} in: {}", site.tail("vim.out"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn manage(arguments: &[&str]) -> (Option<i32>, String) {
    let mut program = std::env::current_exe().unwrap();
    program.pop();
    if program.ends_with("deps") {
        program.pop();
    }
    let output = Command::new(program.join("nfv-vim-manage")).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn after_a_signal_the_main_file_alone_holds_everything() {
    run(async {
        for (signal, code, flag) in [(Signal::SIGTERM, 143, false), (Signal::SIGINT, 0, true)] {
            let mut site = known_site().await;
            let expected = counts(&site).await;
            let begun = Instant::now();
            site.signal_vim(signal).unwrap();
            let status = site.wait_vim(END_LIMIT).await.unwrap();
            assert!(begun.elapsed() < END_LIMIT);
            assert_eq!((status.code(), not_running(&site)), (Some(code), flag));
            let database = site.directory().join("db");
            assert_eq!(in_main_file(&database), expected);
            let check = check(&database).unwrap();
            assert_eq!(check.log, WriteAheadLog::Closed);
            assert_eq!(check.worst().filter(|worst| *worst > Severity::Note), None, "{:#?}", check.findings);
        }
    });
}

#[test]
fn after_a_kill_the_log_is_told_and_the_next_start_takes_it_up() {
    run(async {
        let mut site = known_site().await;
        let expected = counts(&site).await;
        let database = site.directory().join("db");
        let directory = database.display().to_string();
        assert!(matches!(check(&database).unwrap().log, WriteAheadLog::InUse(_)));
        site.kill_vim().await.unwrap();
        let (code, told) = manage(&["db-check", "-d", &directory]);
        assert_eq!(code, Some(3), "{told}");
        assert!(told.contains("left in the write-ahead log"), "{told}");
        site.start_vim().unwrap();
        // what it knew before is in its event logs already; that it has taken the file up is what counts
        wait_for_times(&site, "Started", 2).await;
        site.stop_vim().await.unwrap();
        assert_eq!(in_main_file(&database), expected);
        assert_eq!(manage(&["db-check", "-d", &directory]).0, Some(0));
    });
}

#[test]
fn an_end_is_forced_when_the_core_hangs_and_loses_nothing() {
    run(async {
        for (signal, flag) in [(Signal::SIGTERM, false), (Signal::SIGINT, true)] {
            let mut site = known_site().await;
            let expected = counts(&site).await;
            // the core's thread is the process's first: held, it neither hears the signal nor lets go of the database
            let pid = Pid::from_raw(i32::try_from(site.vim_pid().unwrap()).unwrap());
            ptrace::seize(pid, ptrace::Options::empty()).unwrap();
            ptrace::interrupt(pid).unwrap();
            waitpid(pid, Some(WaitPidFlag::__WALL)).unwrap();
            let begun = Instant::now();
            site.signal_vim(signal).unwrap();
            let status = site.wait_vim(END_LIMIT).await.unwrap();
            assert!(begun.elapsed() >= Duration::from_secs(9), "{:?}", begun.elapsed());
            assert_eq!((status.code(), not_running(&site)), (Some(1), flag), "{}", site.tail("vim.out"));
            assert!(site.tail("vim.out").contains("shutdown took longer than 10 s"));
            assert_eq!(in_main_file(&site.directory().join("db")), expected);
        }
    });
}

#[test]
fn it_ends_in_time_while_it_starts() {
    run(async {
        // another process holds the database, so that the start waits
        let mut site = site_with(Vec::new()).await;
        let database = site.directory().join("db");
        drop(Database::open(&database).unwrap());
        let holder = held_by_another(&database);
        site.start_vim().unwrap();
        wait_for(&site, "starts.").await;
        let begun = Instant::now();
        site.signal_vim(Signal::SIGTERM).unwrap();
        site.wait_vim(END_LIMIT).await.unwrap();
        assert!(begun.elapsed() < END_LIMIT);
        drop(holder);
        assert_eq!(check(&database).unwrap().log, WriteAheadLog::Closed);
    });
}

/// The system's Python holds the database's write lock until this is dropped.
fn held_by_another(directory: &Path) -> impl Drop {
    struct Holder(std::process::Child);
    impl Drop for Holder {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
    let script = "import sqlite3, sys, time\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                  c.execute('BEGIN EXCLUSIVE')\nprint('held', flush=True)\ntime.sleep(600)";
    let mut child = Command::new("python3")
        .args(["-c", script])
        .arg(directory.join(DATABASE_FILE))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
    assert_eq!(line, "held\n");
    Holder(child)
}

/// A file system of its own for the database, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where mounting is not allowed.
    fn new(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mounted = mount(Some("tmpfs"), at, Some("tmpfs"), MsFlags::empty(), Some("size=1m"));
        mounted.ok().map(|()| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}

#[test]
fn on_a_full_disk_it_ends_in_time_and_what_was_committed_stays() {
    run(async {
        let holder = tempfile::tempdir().unwrap();
        let Some(disk) = SmallDisk::new(&holder.path().join("disk")) else {
            println!("NOTICE: not tested, a file system cannot be mounted here (needs root)");
            return;
        };
        let database = disk.0.clone();
        let more = vec![("database", "database_dir", database.display().to_string())];
        let mut site = site_with(more).await;
        site.start_vim().unwrap();
        site.wait_until_known(Duration::from_secs(120)).await.unwrap();
        let expected = counts(&site).await;
        // all that is left goes to something else
        let _ = std::fs::write(database.join("filler"), vec![0; 2 << 20]);
        site.cloud().act(&serde_json::json!({"do": "vm-crash", "vm": "other-0"})).await.unwrap();
        wait_for(&site, "Commit failed, trying again").await;
        let begun = Instant::now();
        site.signal_vim(Signal::SIGTERM).unwrap();
        let status = site.wait_vim(END_LIMIT).await.unwrap();
        assert!(begun.elapsed() < END_LIMIT);
        assert!(matches!(status.code(), Some(143 | 200)), "{status}: {}", site.tail("vim.out"));
        std::fs::remove_file(database.join("filler")).unwrap();
        let snapshot = Database::open(&database).unwrap().load().unwrap();
        assert_eq!((snapshot.hosts.len(), snapshot.instances.len()), expected);
        assert_eq!(in_main_file(&database), expected);
    });
}

#[test]
fn status_tells_whether_it_runs() {
    run(async {
        let mut site = known_site().await;
        let config = site.directory().join("config.ini").display().to_string();
        let round = site.directory().join("run/.nfv-vim.audit_round");
        let begun = Instant::now();
        while !round.exists() {
            assert!(begun.elapsed() < Duration::from_secs(180), "no round of audits");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let (code, told) = manage(&["status", "-c", &config]);
        assert_eq!(code, Some(0), "{told}");
        let pid = site.vim_pid().unwrap();
        let (hosts, instances) = counts(&site).await;
        for part in [
            format!("nfv-vim: runs, process {pid}, since "),
            format!("Port 127.0.0.1:{} (nfv-vim-api): open", site.vim_ports().rpc),
            format!("Port 127.0.0.1:{} (hosts that boot): open", site.vim_ports().host),
            "Last round of audits: ".to_owned(),
            "vim_db_v1: nothing is wrong".to_owned(),
            format!("Hosts: {hosts} ("),
            format!("Instances: {instances} ({instances} enabled)"),
            "Alarms: 0".to_owned(),
        ] {
            assert!(told.contains(&part), "{part:?} in {told}");
        }
        site.stop_vim().await.unwrap();
        let (code, told) = manage(&["status", "-c", &config]);
        assert_eq!(code, Some(3), "{told}");
        assert!(told.starts_with("nfv-vim: does not run\n"), "{told}");
    });
}
