//! systemd units, process monitor and logrotate files, against deployment 4.7 to 4.9. What systemd itself says of the
//! units is asked by tests/real/packages.sh.

use crate::{packaging, root};
use nfv_common::config::Settings;

#[test]
fn units_say_what_the_contract_says() {
    let rows: [(&str, &[&str]); 10] = [
        (
            "packaging/systemd/guestAgent.service",
            &["Type=forking", "PIDFile=/run/guestAgent.pid", "Restart=no"],
        ),
        (
            "packaging/systemd/guestServer.service",
            &[
                "Type=forking",
                "PIDFile=/run/guestServer.pid",
                "Restart=no",
                "After=network.target syslog.service config.service",
                "Before=pmon.service",
                "TimeoutStartSec=10",
                "TimeoutStopSec=10",
            ],
        ),
        (
            "packaging/systemd/host_agent.service",
            &["Type=forking", "PIDFile=/run/host_agent.pid", "After=config.service", "Before=pmon.service"],
        ),
        (
            "packaging/systemd/guest-agent.service",
            &["Type=simple", "Restart=always", "After=cloud-init.service"],
        ),
        (
            "packaging/systemd/guest-scale-agent.service",
            &[
                "Type=simple",
                "Restart=always",
                "RestartSec=0",
                "After=cloud-init.service",
                "Wants=guest-agent.service",
            ],
        ),
        ("packaging/systemd/offline-cpus.service", &["ExecStart=/etc/init.d/offline_cpus start"]),
        (
            "nova-api-proxy/scripts/api-proxy.service",
            &[
                "Description=Nova Computer API Proxy",
                "After=syslog.target network.target",
                "Before=openstack-nova-conductor.service",
                "Type=simple",
                "Restart=always",
                "WantedBy=multi-user.target",
            ],
        ),
        (
            "packaging/systemd/nfv-vim.service",
            &[
                "Type=notify",
                "WatchdogSec=120",
                "SuccessExitStatus=143",
                "Restart=always",
                "NoNewPrivileges=yes",
                "ProtectSystem=full",
            ],
        ),
        (
            "packaging/systemd/nfv-vim-api.service",
            &["Type=notify", "WatchdogSec=60", "Restart=always", "NoNewPrivileges=yes", "ProtectSystem=full"],
        ),
        (
            "packaging/systemd/nfv-vim-webserver.service",
            &["Type=notify", "WatchdogSec=60", "Restart=always", "NoNewPrivileges=yes", "ProtectSystem=full"],
        ),
    ];
    for (file, lines) in rows {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        for line in lines {
            assert!(text.lines().any(|one| one == *line), "{file} has no line {line}");
        }
    }
}

#[test]
fn the_process_monitor_is_told_what_the_contract_says() {
    let rows: [(&str, &[(&str, &str)]); 2] = [
        ("guestServer", &[("restarts", "3"), ("interval", "3"), ("debounce", "10"), ("startuptime", "1")]),
        ("host_agent", &[("restarts", "3"), ("interval", "1"), ("debounce", "20"), ("startuptime", "5")]),
    ];
    for (name, own) in rows {
        let settings = Settings::load(packaging(&format!("pmon.d/{name}.conf"))).unwrap();
        let (pid, script) = (format!("/var/run/{name}.pid"), format!("/etc/init.d/{name}"));
        let common = [
            ("process", name),
            ("pidfile", &pid),
            ("script", &script),
            ("style", "lsb"),
            ("severity", "major"),
            ("mode", "passive"),
            ("subfunction", "worker"),
        ];
        for (key, value) in common.iter().chain(own) {
            assert_eq!(settings.get("process", key), Some(*value), "{name}: {key}");
        }
    }
}

#[test]
fn logs_are_rotated_as_the_contract_says() {
    let plugins = std::fs::read_to_string(packaging("logrotate.d/nfvi-plugins")).unwrap();
    let guests = std::fs::read_to_string(packaging("logrotate.d/guest-daemon")).unwrap();
    let has = |text: &str, line: &str| text.lines().any(|one| one.trim() == line);
    for line in ["/var/log/nfv-vim-alarms.log", "/var/log/nfv-vim-events.log", "/var/log/nfvi-openstack.log"]
    {
        assert!(has(&plugins, line), "{line}");
    }
    for line in ["nodateext", "size 10M", "start 1", "missingok", "rotate 20", "compress", "copytruncate"] {
        assert!(has(&plugins, line), "{line}");
    }
    for line in [
        "nodateext",
        "size 10M",
        "start 1",
        "missingok",
        "notifempty",
        "rotate 5",
        "compress",
        "sharedscripts",
    ] {
        assert!(has(&guests, line), "{line}");
    }
    assert!(guests.contains("systemctl reload syslog-ng"));
}
