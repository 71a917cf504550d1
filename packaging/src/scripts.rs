//! What a package does when it is installed and removed: units, links and directories. Nothing is restarted, and
//! neither configuration nor database is touched: when processes change over is decided by who runs them.

use crate::table::{Content, Format, InstalledFile, Package};
use std::fmt::Write as _;

/// The scripts of one package; those that do nothing are absent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scripts {
    /// After its files are there.
    pub post_install: Option<String>,
    /// Before its files go.
    pub pre_remove: Option<String>,
    /// After its files have gone.
    pub post_remove: Option<String>,
    /// rpm only: when all packages of the transaction are done.
    pub post_transaction: Option<String>,
}

/// The scripts of this package in this format.
pub fn of(package: &Package, format: Format, files: &[InstalledFile]) -> Scripts {
    match format {
        Format::Deb => deb(package, files),
        Format::Rpm => rpm(package, files),
    }
}

fn deb(package: &Package, files: &[InstalledFile]) -> Scripts {
    // cargo-deb packs no empty directories
    let directories: Vec<_> = files.iter().filter(|file| file.content == Content::Directory).collect();
    let mut post_install = String::new();
    let mut pre_remove = String::new();
    let mut post_remove = String::new();
    for directory in &directories {
        let _ = writeln!(post_install, "    install -d -m {:o} {}", directory.mode, directory.path);
    }
    for directory in directories.iter().rev() {
        let _ = writeln!(
            post_remove,
            "if [ \"$1\" = purge ]; then rmdir --ignore-fail-on-non-empty {0} 2>/dev/null || true; fi",
            directory.path
        );
    }
    // dpkg leaves the mode of a configuration file that is there already: an older package's may be readable by all
    for file in files.iter().filter(|file| file.path.starts_with("/etc/") && file.mode & 0o077 == 0) {
        let _ = writeln!(
            post_install,
            "    if [ -e {0} ] && ! dpkg-statoverride --list {0} >/dev/null; then chmod {1:o} {0}; fi",
            file.path, file.mode
        );
    }
    for unit in &package.enable {
        let _ = write!(
            post_install,
            "    deb-systemd-helper unmask {unit}.service >/dev/null || true\n    \
             if deb-systemd-helper --quiet was-enabled {unit}.service; then\n        \
             deb-systemd-helper enable {unit}.service >/dev/null || true\n    \
             else\n        \
             deb-systemd-helper update-state {unit}.service >/dev/null || true\n    \
             fi\n"
        );
        let _ = write!(
            pre_remove,
            "if [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then\n    \
             deb-systemd-invoke stop {unit}.service >/dev/null || true\n\
             fi\n"
        );
        let _ = write!(
            post_remove,
            "if [ -x /usr/bin/deb-systemd-helper ]; then\n    \
             case $1 in\n        \
             remove) deb-systemd-helper mask {unit}.service >/dev/null || true ;;\n        \
             purge)\n            \
             deb-systemd-helper purge {unit}.service >/dev/null || true\n            \
             deb-systemd-helper unmask {unit}.service >/dev/null || true\n            \
             ;;\n    \
             esac\n\
             fi\n"
        );
    }
    if files.iter().any(is_unit) {
        let reload =
            "if [ -d /run/systemd/system ]; then systemctl --system daemon-reload >/dev/null || true; fi\n";
        let _ = write!(post_install, "    {reload}");
        post_remove.push_str(reload);
    }
    let post_install = Some(post_install)
        .filter(|text| !text.is_empty())
        .map(|text| format!("if [ \"$1\" = configure ]; then\n{text}fi\n"));
    let script = |text: Option<String>| text.map(|text| format!("#!/bin/sh\nset -e\n{text}exit 0\n"));
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Scripts {
        post_install: script(post_install),
        pre_remove: script(some(pre_remove)),
        post_remove: script(some(post_remove)),
        post_transaction: None,
    }
}

fn rpm(package: &Package, files: &[InstalledFile]) -> Scripts {
    let mut post_install = String::new();
    let mut pre_remove = String::new();
    let mut post_remove = String::new();
    // cargo-generate-rpm packs neither links nor empty directories. An older package that has them removes them after
    // post_install of this one: they are made again when all is done
    let mut post_transaction = String::new();
    for file in files {
        match &file.content {
            Content::Link(target) => {
                let _ = writeln!(post_install, "ln -sfn {target} {}", file.path);
                let _ = writeln!(post_remove, "if [ \"$1\" = 0 ]; then rm -f {}; fi", file.path);
            }
            Content::Directory => {
                let _ = writeln!(post_install, "install -d -m {:o} {}", file.mode, file.path);
                // the inner one comes later in the table, and goes first
                let empty = format!("if [ \"$1\" = 0 ]; then rmdir {} 2>/dev/null || :; fi\n", file.path);
                post_remove.insert_str(0, &empty);
            }
            Content::Program(_) | Content::File(..) | Content::Man(_) => {}
        }
    }
    if !package.libraries.is_empty() {
        post_install.push_str("ldconfig\n");
        post_remove.push_str("ldconfig\n");
    }
    post_transaction.push_str(&post_install);
    if files.iter().any(is_unit) {
        post_install.push_str("systemctl daemon-reload >/dev/null 2>&1 || :\n");
        for unit in &package.enable {
            let _ = writeln!(post_install, "systemctl enable {unit}.service >/dev/null 2>&1 || :");
            let _ = writeln!(
                pre_remove,
                "if [ \"$1\" = 0 ]; then systemctl disable --now {unit}.service >/dev/null 2>&1 || :; fi"
            );
        }
        post_remove.push_str("systemctl daemon-reload >/dev/null 2>&1 || :\n");
    }
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Scripts {
        post_install: some(post_install),
        pre_remove: some(pre_remove),
        post_remove: some(post_remove),
        post_transaction: some(post_transaction),
    }
}

fn is_unit(file: &InstalledFile) -> bool {
    file.path.ends_with(".service")
}
