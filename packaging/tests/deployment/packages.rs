//! `packages.toml` against deployment 5: every file of the contract, with its mode and whether it is configuration; and
//! what is ours beside.

use crate::root;
use nfv_packaging::{Config, Content, Format, Table, stage};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;

use Config::{NoReplace, Replace};

/// Files of the contract: package, path, mode; configuration that stays, is replaced, or none.
#[rustfmt::skip]
const CONTRACT: &[(&str, &str, u32, Option<Config>)] = &[
    ("nfv-plugins", "/etc/nfv/nfv_plugins/alarm_handlers/config.ini", 0o600, Some(NoReplace)),
    ("nfv-plugins", "/etc/nfv/nfv_plugins/event_log_handlers/config.ini", 0o600, Some(NoReplace)),
    ("nfv-plugins", "/etc/nfv/nfv_plugins/nfvi_plugins/config.ini", 0o600, Some(NoReplace)),
    ("nfv-plugins", "/etc/logrotate.d/nfvi-plugins.logrotate", 0o644, Some(Replace)),
    ("nfv-tools", "/usr/bin/nfv-forensic", 0o755, None),
    ("nfv-tools", "/usr/bin/nfv-notify", 0o755, None),
    ("nfv-tools", "/usr/lib64/python2.7/site-packages/nfv_tools/forensic.ini", 0o644, None),
    ("nfv-vim", "/usr/bin/nfv-vim", 0o755, None),
    ("nfv-vim", "/usr/bin/nfv-vim-api", 0o755, None),
    ("nfv-vim", "/usr/bin/nfv-vim-manage", 0o755, None),
    ("nfv-vim", "/usr/bin/nfv-vim-webserver", 0o755, None),
    ("nfv-vim", "/etc/nfv/vim/config.ini", 0o600, Some(NoReplace)),
    ("nfv-vim", "/etc/nfv/vim/debug.ini", 0o600, Some(NoReplace)),
    ("nfv-vim", "/usr/lib/ocf/resource.d/nfv/vim", 0o755, None),
    ("nfv-vim", "/usr/lib/ocf/resource.d/nfv/vim-api", 0o755, None),
    ("nfv-vim", "/usr/lib/ocf/resource.d/nfv/vim-webserver", 0o755, None),
    ("nfv-client", "/usr/bin/sw-manager", 0o755, None),
    ("nfv-client", "/etc/bash_completion.d/sw-manager", 0o444, None),
    ("nova-api-proxy", "/usr/bin/nova-api-proxy", 0o755, None),
    ("nova-api-proxy", "/etc/rc.d/init.d/api-proxy", 0o755, Some(Replace)),
    ("nova-api-proxy", "/etc/systemd/system/api-proxy.service", 0o644, Some(Replace)),
    ("nova-api-proxy", "/etc/proxy/nova-api-proxy.conf", 0o700, Some(NoReplace)),
    ("nova-api-proxy", "/etc/proxy/api-proxy-paste.ini", 0o700, Some(Replace)),
    ("mtce-guestAgent", "/usr/local/bin/guestAgent", 0o755, None),
    ("mtce-guestAgent", "/etc/init.d/guestAgent", 0o755, Some(Replace)),
    ("mtce-guestAgent", "/etc/mtc", 0o755, None),
    ("mtce-guestAgent", "/etc/mtc/tmp", 0o755, None),
    ("mtce-guestAgent", "/etc/mtc/guestAgent.ini", 0o644, Some(Replace)),
    ("mtce-guestAgent", "/usr/lib/systemd/system/guestAgent.service", 0o644, None),
    ("mtce-guestAgent", "/etc/logrotate.d/guestAgent.logrotate", 0o644, Some(Replace)),
    ("mtce-guestAgent", "/usr/lib/ocf/resource.d/platform/guestAgent", 0o755, None),
    ("mtce-guestServer", "/usr/local/bin/guestServer", 0o755, None),
    ("mtce-guestServer", "/etc/init.d/guestServer", 0o755, Some(Replace)),
    ("mtce-guestServer", "/etc/mtc", 0o755, None),
    ("mtce-guestServer", "/etc/mtc/tmp", 0o755, None),
    ("mtce-guestServer", "/etc/mtc/guestServer.ini", 0o644, Some(Replace)),
    ("mtce-guestServer", "/etc/pmon.d/guestServer.conf", 0o644, Some(Replace)),
    ("mtce-guestServer", "/usr/lib/systemd/system/guestServer.service", 0o644, None),
    ("mtce-guestServer", "/etc/logrotate.d/guestServer.logrotate", 0o644, Some(Replace)),
    ("host-guest-comm", "/usr/sbin/host_agent", 0o750, None),
    ("host-guest-comm", "/usr/lib64/libhostguestmsg.so.2.0.5", 0o755, None),
    ("host-guest-comm", "/usr/lib64/libhostguestmsg.so.2.0", 0o644, None),
    ("host-guest-comm", "/usr/lib64/libhostguestmsg.so.2", 0o644, None),
    ("host-guest-comm", "/etc/init.d/host_agent", 0o750, Some(Replace)),
    ("host-guest-comm", "/etc/pmon.d/host_agent.conf", 0o640, Some(Replace)),
    ("host-guest-comm", "/usr/lib/systemd/system/host_agent.service", 0o640, None),
    ("guest-host-comm", "/usr/sbin/guest_agent", 0o750, None),
    ("guest-host-comm", "/usr/sbin/server_group_app", 0o750, None),
    ("guest-host-comm", "/usr/lib64/libguesthostmsg.so.2.0.5", 0o755, None),
    ("guest-host-comm", "/usr/lib64/libguesthostmsg.so.2.0", 0o644, None),
    ("guest-host-comm", "/usr/lib64/libguesthostmsg.so.2", 0o644, None),
    ("guest-host-comm", "/usr/lib64/libservergroup.so.2.0.5", 0o755, None),
    ("guest-host-comm", "/usr/lib64/libservergroup.so.2.0", 0o644, None),
    ("guest-host-comm", "/usr/lib64/libservergroup.so.2", 0o644, None),
    ("guest-host-comm", "/usr/lib/systemd/system/guest-agent.service", 0o644, None),
    ("host-guest-comm-dev", "/usr/include/cgcs/host_guest_msg.h", 0o644, None),
    ("host-guest-comm-dev", "/usr/lib64/libhostguestmsg.so", 0o644, None),
    ("guest-host-comm-dev", "/usr/include/cgcs/guest_host_msg.h", 0o644, None),
    ("guest-host-comm-dev", "/usr/lib64/libguesthostmsg.so", 0o644, None),
    ("guest-host-comm-dev", "/usr/lib64/libservergroup.so", 0o644, None),
    ("guest-scale-agent", "/usr/sbin/guest_scale_agent", 0o750, None),
    ("guest-scale-agent", "/usr/sbin/offline_cpus", 0o750, None),
    ("guest-scale-agent", "/usr/sbin/app_scale_helper", 0o750, None),
    ("guest-scale-agent", "/etc/init.d/offline_cpus", 0o750, Some(Replace)),
    ("guest-scale-agent", "/usr/lib/systemd/system/offline-cpus.service", 0o750, None),
    ("guest-scale-agent", "/usr/lib/systemd/system/guest-scale-agent.service", 0o750, None),
    ("guest-scale-helper", "/usr/sbin/guest_scale_helper", 0o750, None),
    ("guest-client", "/usr/local/bin/guest-client", 0o744, None),
    ("guest-client", "/usr/local/lib/libguest_common_api.so.3.0.1", 0o644, None),
    ("guest-client", "/usr/local/lib/libguest_heartbeat_api.so.3.0.1", 0o644, None),
    ("guest-client", "/etc/guest-client/heartbeat/guest_heartbeat.conf", 0o755, Some(Replace)),
    ("guest-client", "/etc/guest-client/heartbeat/sample_event_handling_script", 0o755, Some(Replace)),
    ("guest-client", "/etc/guest-client/heartbeat/sample_health_check_script", 0o755, Some(Replace)),
    ("guest-client", "/usr/lib/systemd/system/guest-client.service", 0o644, None),
    ("guest-client", "/etc/guest-client/guest-client.systemd", 0o744, Some(Replace)),
    ("guest-client-devel", "/usr/include/guest-client/guest_heartbeat_msg_defs.h", 0o644, None),
];

/// Packages of the contract that are not built: Python packages for containers, sources of the original for debuggers,
/// and kits to build them in a guest.
const NOT_BUILT: &[&str] = &["-wheels", "-dbg", "-cgts-sdk", "nfv 1.0"];

/// Units that installing enables.
const ENABLED: &[(&str, &[&str])] = &[
    ("mtce-guestServer", &["guestServer"]),
    ("host-guest-comm", &["host_agent"]),
    ("guest-host-comm", &["guest-agent"]),
    ("guest-scale-agent", &["offline-cpus", "guest-scale-agent"]),
    ("guest-client", &["guest-client"]),
];

fn table() -> Table {
    Table::parse(&std::fs::read_to_string(root().join("packaging/packages.toml")).unwrap()).unwrap()
}

#[test]
fn the_rpms_hold_what_the_contract_lists_and_what_is_ours() {
    let mut ours = BTreeSet::new();
    let mut found = BTreeMap::new();
    for package in &table().packages {
        for file in package.files(Format::Rpm).unwrap() {
            let key = (package.name(Format::Rpm).to_owned(), file.path.clone());
            found.insert(key, (file.mode, file.config));
        }
    }
    for (package, path, mode, config) in CONTRACT {
        let key = ((*package).to_owned(), (*path).to_owned());
        assert_eq!(found.remove(&key), Some((*mode, *config)), "{package}: {path}");
    }
    for (package, path) in found.keys() {
        let allowed = path.starts_with("/usr/share/man/")
            || path.starts_with("/usr/share/doc/")
            || path.starts_with("/usr/share/bash-completion/")
            || (package == "nfv-vim" && path.ends_with(".service"))
            || path == "/usr/bin/nfv-histogram"
            || path.starts_with("/usr/share/nfv/");
        assert!(allowed, "{package}: {path} is neither the contract's nor known to be ours");
        ours.insert(path);
    }
    assert!(!ours.is_empty());
}

#[test]
fn the_names_are_those_of_the_contract() {
    let section = crate::contract_section("## 5. Packages");
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    let table = table();
    for package in &table.packages {
        let name = package.name(Format::Rpm);
        let named = rows
            .iter()
            .any(|row| row.split('|').nth(1).unwrap_or_default().split([' ', ',']).any(|word| word == name));
        assert!(named, "{name} is no package of the contract");
    }
    let known: Vec<_> = table.packages.iter().map(|package| package.name(Format::Rpm)).collect();
    for row in rows.iter().take_while(|row| !row.starts_with("| Group")) {
        let names = row.split('|').nth(1).unwrap().trim();
        let built = names.split([' ', ',']).any(|word| known.contains(&word));
        assert!(built || NOT_BUILT.iter().any(|part| names.contains(part)) || names == "Package", "{names}");
    }
}

#[test]
fn a_deb_differs_only_in_places_and_modes_of_its_own() {
    for package in &table().packages {
        let name = package.name(Format::Deb);
        assert_eq!(name, name.to_lowercase(), "Debian's names are in small letters");
        for file in package.files(Format::Deb).unwrap() {
            assert!(!file.path.starts_with("/usr/lib64/"), "{}: not a place of Debian's", file.path);
            assert!(!file.path.starts_with("/etc/rc.d/"), "{}: not a place of Debian's", file.path);
            assert_eq!(file.mode & 0o022, 0, "{} can be written by others", file.path);
            let secret = file.path.starts_with("/etc/nfv/") || file.path.ends_with("/nova-api-proxy.conf");
            assert!(!secret || file.mode & 0o077 == 0, "{} can be read by others", file.path);
            // dpkg takes what is in /etc as configuration; a unit there would win over those of an operator
            assert!(!file.path.starts_with("/etc/systemd/"), "{}", file.path);
        }
    }
}

#[test]
fn units_are_enabled_as_in_the_original() {
    let table = table();
    for package in &table.packages {
        let name = package.name(Format::Rpm);
        let expected = ENABLED.iter().find(|(other, _)| *other == name).map_or(&[][..], |(_, units)| units);
        assert_eq!(package.enable, expected, "{name}");
    }
}

#[test]
fn what_a_package_is_made_of_lies_in_the_project_and_can_be_read() {
    let project = root();
    let sources = stage::Sources { root: &project, programs: &project };
    for package in &table().packages {
        for file in package.files(Format::Rpm).unwrap() {
            // programs, headers and the guest's files come from the crates that build them
            let ours = match &file.content {
                Content::File(path, _) => path.starts_with("packaging") || path.starts_with("nova-api-proxy"),
                Content::Man(_) => true,
                Content::Program(_) | Content::Directory | Content::Link(_) => false,
            };
            let Some(path) = sources.path(&file.content).filter(|_| ours) else { continue };
            let text =
                std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let Content::File(_, with) = &file.content else { continue };
            let text = stage::substitute(&text, with);
            if !file.path.ends_with(".md") {
                assert!(!text.contains("@NAME@") && !text.contains("@SIDE@"), "{}", file.path);
                assert!(
                    text.contains("SPDX-License-Identifier")
                        || path.starts_with(project.join("nova-api-proxy"))
                );
            }
            if text.starts_with("#!") {
                assert_ne!(file.mode & 0o100, 0, "{} is a script", file.path);
            }
        }
    }
}

#[test]
fn scripts_have_no_errors_of_syntax() {
    let mut seen = 0;
    for directory in ["ocf", "init.d", "guest", "completion"] {
        for entry in std::fs::read_dir(crate::packaging(directory)).unwrap() {
            let path = entry.unwrap().path();
            let shell = if directory == "completion" { "bash" } else { "sh" };
            let output = std::process::Command::new(shell).arg("-n").arg(&path).output().unwrap();
            assert!(
                output.status.success(),
                "{}: {}",
                path.display(),
                String::from_utf8_lossy(&output.stderr)
            );
            if directory != "completion" {
                let mode = std::fs::metadata(&path).unwrap().permissions().mode();
                assert_ne!(mode & 0o111, 0, "{} is not executable", path.display());
            }
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen} scripts only");
    for package in &table().packages {
        for format in [Format::Deb, Format::Rpm] {
            let scripts = nfv_packaging::scripts::of(package, format, &package.files(format).unwrap());
            let all =
                [scripts.post_install, scripts.pre_remove, scripts.post_remove, scripts.post_transaction];
            for text in all.into_iter().flatten() {
                let output = std::process::Command::new("sh").args(["-n", "-c", &text]).output().unwrap();
                assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
            }
        }
    }
}

#[test]
fn what_is_not_built_is_named_and_the_packages_are_not_whole() {
    let project = root();
    let none = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let run = |partial: bool, names: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_nfv-package"));
        command.arg("--root").arg(&project).arg("--programs").arg(none.path()).arg("--out").arg(out.path());
        command.args(["--format", "rpm"]).args(partial.then_some("--partial")).args(names);
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, _, told) = run(false, &["nfv-vim"]);
    assert_eq!(code, Some(3));
    for program in ["nfv-vim", "nfv-vim-api", "nfv-vim-manage", "nfv-vim-webserver"] {
        assert!(told.contains(&format!("nfv-vim: /usr/bin/{program} wants")), "{told}");
    }
    assert!(told.contains("which is not built"), "{told}");
    let (code, made, told) = run(true, &["nfv-vim", "nfv-plugins"]);
    assert_eq!(code, Some(0));
    assert_eq!(made.lines().count(), 1, "only nfv-plugins can be made: {made}");
    assert!(told.contains("nfv-vim: left out"), "{told}");
    let manifest = std::fs::read_to_string(out.path().join("nfv-plugins/Cargo.toml")).unwrap();
    assert!(manifest.contains(
        "dest = \"/etc/nfv/nfv_plugins/nfvi_plugins/config.ini\", mode = \"600\", config = \"noreplace\""
    ));
    assert_eq!(run(false, &["nfv-what"]).0, Some(1));
}
