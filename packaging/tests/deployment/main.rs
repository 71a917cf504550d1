//! What is installed, against docs/contract/deployment.md: packages, configuration files, resource agents, init scripts,
//! completion. Each module starts with what it holds against what.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod completion;
mod config_files;
mod guest_scripts;
mod init_scripts;
mod ocf_guest_agent;
mod ocf_vim;
mod packages;
mod run;
mod units;

use std::path::{Path, PathBuf};

/// The project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A file of `packaging`.
fn packaging(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The contract's text from this heading to the next one.
fn contract_section(heading: &str) -> String {
    let text = std::fs::read_to_string(root().join("docs/contract/deployment.md")).unwrap();
    let start = text.find(&format!("\n{heading}")).unwrap_or_else(|| panic!("no {heading}")) + 1;
    let level = heading.chars().take_while(|one| *one == '#').count();
    let body = &text[start..];
    let end = body
        .match_indices("\n#")
        .find(|(at, _)| body[at + 1..].chars().take_while(|one| *one == '#').count() <= level)
        .map_or(body.len(), |(at, _)| at);
    body[..end].to_owned()
}
