//! The VIM starts on databases of earlier releases: the project's own dumps always, the original's where
//! `NFV_DB_DUMPS` names a directory with them.

#![allow(clippy::unwrap_used)]

use nfv_site::{Options, Site, configuration};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn dumps_in(directory: &Path) -> Vec<PathBuf> {
    let mut dumps: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    dumps.sort();
    dumps
}

fn manage() -> PathBuf {
    let mut directory = std::env::current_exe().unwrap();
    directory.pop();
    if directory.ends_with("deps") {
        directory.pop();
    }
    directory.join("nfv-vim-manage")
}

/// Loads the dump into the database of a new site and starts the VIM on it.
async fn start_on(dump: &Path) {
    let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/small.toml");
    let options =
        Options { cluster, settings: configuration::quick(), directory: None, lab_arguments: Vec::new() };
    let mut site = Site::start(&options).await.unwrap();
    let loaded = Command::new(manage())
        .args(["db-load-data", "-d"])
        .arg(site.directory().join("db"))
        .arg("-f")
        .arg(dump)
        .output()
        .unwrap();
    assert!(loaded.status.success(), "{}: {}", dump.display(), String::from_utf8_lossy(&loaded.stdout));
    site.start_vim().unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    site.check_vim().unwrap();
    let out = std::fs::read_to_string(site.directory().join("vim.out")).unwrap();
    assert!(out.contains("Started"), "{}: {out}", dump.display());
    assert!(!out.contains("left out"), "{}: {out}", dump.display());
    let status = site.stop_vim().await.unwrap().unwrap();
    assert_eq!(status.code(), Some(143), "{}", dump.display());
    assert!(!site.directory().join("db/vim_db_v1-wal").exists(), "{}: a log is left", dump.display());
}

fn start_on_all(directory: &Path) {
    let dumps = dumps_in(directory);
    assert!(!dumps.is_empty(), "no dump in {}", directory.display());
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for dump in dumps {
        println!("starting on {}", dump.display());
        tokio.block_on(start_on(&dump));
    }
}

#[test]
fn the_vim_starts_on_the_projects_own_dumps() {
    start_on_all(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/nfv-vim-db/tests/dumps"));
}

#[test]
fn the_vim_starts_on_dumps_of_the_original() {
    match std::env::var_os("NFV_DB_DUMPS") {
        Some(directory) => start_on_all(Path::new(&directory)),
        None => println!("NOTICE: skipped, NFV_DB_DUMPS names no directory with dumps of the original"),
    }
}
