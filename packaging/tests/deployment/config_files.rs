//! The configuration files as packaged, read by our own parsers, against deployment 3.2 to 3.7, key by key.

use crate::{contract_section, packaging};
use nfv_common::config::{OsloConfig, Settings};
use nfv_common::logging::{LevelTable, LoggingConfig};
use std::collections::BTreeMap;

type Keys = BTreeMap<(String, String), String>;

fn keys(settings: &Settings, sections: &[&str]) -> Keys {
    let mut found = Keys::new();
    for section in sections {
        for (key, value) in settings.section(section).unwrap_or_else(|| panic!("no section {section}")) {
            found.insert(((*section).to_owned(), key.clone()), value.clone());
        }
    }
    found
}

/// The table of 3.2: what stands in the column "File".
fn vim_table() -> Keys {
    let mut keys = Keys::new();
    let mut section = String::new();
    let text = contract_section("### 3.2 ");
    for row in text.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let (mut names, file) = (cells[1], cells[3]);
        if let Some(rest) = names.strip_prefix('[') {
            let (found, rest) = rest.split_once("] ").unwrap();
            section = found.to_owned();
            names = rest;
        }
        if file == "absent" || file == "section absent" || section == "dor-configuration" {
            continue;
        }
        let (names, values): (Vec<_>, Vec<_>) = if names.contains(" / ") {
            (names.split(" / ").collect(), file.split(" / ").collect())
        } else {
            (vec![names], vec![file])
        };
        assert_eq!(names.len(), values.len(), "{row}");
        let first = names[0];
        for (name, value) in names.iter().zip(values) {
            // _max stands for the name before it, with another end
            let name = match name.strip_prefix('_') {
                Some(end) => format!("{}_{end}", first.rsplit_once('_').unwrap().0),
                None => (*name).to_owned(),
            };
            let value = value.split(" (").next().unwrap();
            keys.insert((section.clone(), name), value.to_owned());
        }
    }
    keys
}

#[test]
fn the_vims_file_has_the_contracts_keys_and_values() {
    let settings = Settings::load(packaging("etc/nfv/vim/config.ini")).unwrap();
    let mut expected = vim_table();
    assert!(expected.len() > 30, "{expected:?}");
    let source = expected.insert(
        ("vim-webserver".into(), "source_dir".into()),
        "/usr/lib64/python2.7/site-packages/nfv_vim/webserver".into(),
    );
    assert_eq!(source.as_deref(), Some("…/nfv_vim/webserver"));
    let sections = [
        "debug",
        "database",
        "alarm",
        "event-log",
        "nfvi",
        "host-configuration",
        "instance-configuration",
        "vim",
        "vim-api",
        "vim-webserver",
        "sw-mgmt-configuration",
    ];
    assert_eq!(keys(&settings, &sections), expected);
    assert!(!settings.has_section("dor-configuration"));
    LoggingConfig::from_settings("VIM", &settings).unwrap();
}

#[test]
fn the_log_collector_finds_the_database_by_the_one_line_that_names_it() {
    let text = std::fs::read_to_string(packaging("etc/nfv/vim/config.ini")).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("database_dir")).collect();
    assert_eq!(lines, ["database_dir=/var/lib/vim"]);
}

#[test]
fn what_a_comment_shows_is_the_value_in_force_without_the_key() {
    // the comments of [instance-configuration] and so on: the column "Default" of 3.2
    let text = std::fs::read_to_string(packaging("etc/nfv/vim/config.ini")).unwrap();
    let table = contract_section("### 3.2 ");
    let mut shown = 0;
    for line in text.lines() {
        let Some((key, value)) = line.strip_prefix('#').and_then(|line| line.split_once('=')) else {
            continue;
        };
        if key.contains(' ') {
            continue;
        }
        shown += 1;
        // keys that the original has not
        const OURS: [&str; 8] = [
            "run_dir",
            "action_watch_interval_in_secs",
            "storm_guard_host_percentage",
            "storm_guard_window_in_secs",
            "decisions_per_object",
            "allowed_hosts",
            "login",
            "login_roles",
        ];
        if OURS.contains(&key) {
            continue;
        }
        let row = table
            .lines()
            .find(|row| {
                row.split('|').nth(1).is_some_and(|names| names.split([' ', ',']).any(|name| name == key))
            })
            .unwrap_or_else(|| panic!("{key} is no key of the contract"));
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let position = cells[1].split(" / ").position(|name| name.ends_with(key)).unwrap_or(0);
        let default = cells[4].split(" / ").nth(position).unwrap();
        let default = if default == "empty" { "" } else { default };
        assert_eq!(value, default, "{key}");
    }
    assert!(shown > 18, "{shown}");
}

#[test]
fn the_levels_of_all_loggers_are_those_of_the_contract() {
    let settings =
        Settings::load_interpolated(packaging("etc/nfv/vim/debug.ini"), &["debug-overall", "debug-loggers"])
            .unwrap();
    assert_eq!(settings.get("debug-overall", "debug_level"), Some("debug.level.debug"));
    assert_eq!(settings.get("debug-overall", "trace_level"), Some("debug.level.notice"));
    let mut expected = BTreeMap::new();
    let text = contract_section("### 3.3 ");
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        if matches!(cells[1], "critical" | "debug" | "info" | "verbose") {
            for name in loggers(cells[2]) {
                expected.insert(name, format!("debug.level.{}", cells[1]));
            }
        }
    }
    assert!(expected.len() > 130, "{}", expected.len());
    let found: BTreeMap<_, _> = settings.section("debug-loggers").unwrap().clone().into_iter().collect();
    assert_eq!(found, expected);
    let (_, complaints) = LevelTable::load(packaging("etc/nfv/vim/debug.ini")).unwrap();
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// The names that a list such as `a.{b,c}_d, e(.f,.g); h.i, .j` stands for.
fn loggers(list: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut depth = 0;
    let mut item = String::new();
    for one in list.chars().chain([',']) {
        match one {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(one, ',' | ';') {
            let text = item.trim().replace(' ', "");
            item.clear();
            if let Some(end) = text.strip_prefix('.') {
                let stem = names.last().unwrap().rsplit_once('.').unwrap().0.to_owned();
                names.push(format!("{stem}.{end}"));
            } else if let Some((stem, ends)) = text.split_once('(') {
                names.extend(braces(stem));
                names.extend(ends.trim_end_matches(')').split(',').map(|end| format!("{stem}{end}")));
            } else {
                names.extend(braces(&text));
            }
        } else {
            item.push(one);
        }
    }
    names
}

fn braces(text: &str) -> Vec<String> {
    let Some((before, rest)) = text.split_once('{') else { return vec![text.to_owned()] };
    let (inside, after) = rest.split_once('}').unwrap();
    inside.split(',').flat_map(|one| braces(&format!("{before}{one}{after}"))).collect()
}

/// 3.5; a service's keys are region, name, type and endpoint type.
#[test]
fn the_neighbours_file_has_the_contracts_keys_and_values() {
    let account = [
        ("username", "admin"),
        ("tenant", "admin"),
        ("authorization_protocol", "http"),
        ("authorization_ip", "192.168.204.2"),
        ("authorization_port", "5000"),
        ("user_domain_name", "Default"),
        ("project_domain_name", "Default"),
        ("keyring_service", "CGCS"),
    ];
    let services = [
        ("keystone", "keystone", "identity", "internal"),
        ("ceilometer", "ceilometer", "metering", "admin"),
        ("cinder", "cinderv2", "volumev2", "admin"),
        ("glance", "glance", "image", "admin"),
        ("neutron", "neutron", "network", "admin"),
        ("nova", "nova", "compute", "admin"),
        ("heat", "heat", "orchestration", "admin"),
        ("sysinv", "sysinv", "platform", "admin"),
        ("patching", "patching", "patching", "admin"),
        ("fm", "fm", "faultmanagement", "admin"),
    ];
    let others = [
        ("nova", "endpoint_override", "http://127.0.0.1:18774"),
        ("mtc", "endpoint_override", "http://localhost:2112"),
        ("guest", "endpoint_override", "http://localhost:2410"),
        ("amqp", "host", "192.168.204.2"),
        ("amqp", "port", "5672"),
        ("amqp", "user_id", "guest"),
        ("amqp", "password", "guest"),
        ("amqp", "virt_host", "/"),
        ("infrastructure-rest-api", "host", "127.0.0.1"),
        ("infrastructure-rest-api", "port", "30001"),
        ("guest-rest-api", "host", "127.0.0.1"),
        ("guest-rest-api", "port", "30002"),
        ("compute-rest-api", "host", "127.0.0.1"),
        ("compute-rest-api", "port", "30003"),
        ("compute-rest-api", "max_concurrent_requests", "128"),
        ("compute-rest-api", "max_request_wait_in_secs", "45"),
        ("host-listener", "host", "127.0.0.1"),
        ("host-listener", "port", "30004"),
        ("nfvi-timeouts", "openstack.get_token", "10"),
        ("nfvi-timeouts", "neutron.disable_host_services", "40"),
        ("nfvi-timeouts", "neutron.delete_host_services", "40"),
        ("nfvi-timeouts", "glance.upload_image_data_by_file", "180"),
        ("nfvi-timeouts", "glance.upload_image_data_by_url", "180"),
        ("nfvi-timeouts", "sysinv", "45"),
    ];
    let mut expected = Keys::new();
    let mut add = |section: &str, key: &str, value: &str| {
        expected.insert((section.to_owned(), key.to_owned()), value.to_owned());
    };
    for section in ["platform", "openstack"] {
        account.iter().for_each(|(key, value)| add(section, key, value));
    }
    for (section, name, kind, endpoint) in services {
        add(section, "region_name", "RegionOne");
        add(section, "service_name", name);
        add(section, "service_type", kind);
        add(section, "endpoint_type", endpoint);
    }
    others.iter().for_each(|(section, key, value)| add(section, key, value));
    let sections: std::collections::BTreeSet<_> =
        expected.keys().map(|(section, _)| section.clone()).collect();
    let sections: Vec<_> = sections.iter().map(String::as_str).collect();
    let settings = Settings::load(packaging("etc/nfv/nfv_plugins/nfvi_plugins/config.ini")).unwrap();
    assert_eq!(keys(&settings, &sections), expected);
}

#[test]
fn the_handlers_files_name_their_files() {
    for (directory, file) in [
        ("alarm_handlers", "/var/log/nfv-vim-alarms.log"),
        ("event_log_handlers", "/var/log/nfv-vim-events.log"),
    ] {
        let settings =
            Settings::load(packaging(&format!("etc/nfv/nfv_plugins/{directory}/config.ini"))).unwrap();
        assert_eq!(keys(&settings, &["File-Storage"]).len(), 1);
        assert_eq!(settings.get("File-Storage", "file"), Some(file));
    }
    let forensic = Settings::load(packaging("share/forensic.ini")).unwrap();
    assert_eq!(forensic.get("files", "nfv-vim"), Some("/var/log/nfv-vim.log"));
}

#[test]
fn the_guest_daemons_file() {
    let settings = Settings::load(packaging("etc/mtc/guest.ini")).unwrap();
    let expected = [
        ("agent", "rx_port", "2401"),
        ("agent", "vim_cmd_port", "2410"),
        ("agent", "hbs_failure_threshold", "1"),
        ("client", "rx_port", "2411"),
        ("client", "hbs_failure_threshold", "1"),
        ("client", "hbs_pulse_period", "400"),
        ("timeouts", "start_delay", "1"),
        ("debug", "flush", "1"),
        ("debug", "flush_thld", "5"),
    ];
    for (section, key, value) in expected {
        assert_eq!(settings.get(section, key), Some(value), "{section} {key}");
    }
    for key in ["timer", "json", "fsm", "http", "alive", "msg", "work", "state", "level", "all"] {
        assert_eq!(settings.get("debug", &format!("debug_{key}")), Some("0"), "{key}");
    }
}

#[test]
fn the_proxys_files() {
    let settings = OsloConfig::load([crate::root().join("nova-api-proxy/etc/nova-api-proxy.conf")]).unwrap();
    let expected = [
        ("DEFAULT", "api_paste_config", "api-proxy-paste.ini"),
        ("DEFAULT", "auth_strategy", "keystone"),
        ("DEFAULT", "debug", "False"),
        ("DEFAULT", "show_request_body", "False"),
        ("DEFAULT", "pool_size", "128"),
        ("DEFAULT", "osapi_proxy_listen", "0.0.0.0"),
        ("DEFAULT", "osapi_proxy_listen_port", "8774"),
        ("DEFAULT", "osapi_compute_listen", "0.0.0.0"),
        ("DEFAULT", "osapi_compute_listen_port", "18774"),
        ("keystone_authtoken", "admin_user", "nova"),
        ("keystone_authtoken", "admin_tenant_name", "services"),
    ];
    for (section, key, value) in expected {
        assert_eq!(settings.raw(section, key), Some(value), "{section} {key}");
    }
    let paste = Settings::load(crate::root().join("nova-api-proxy/etc/api-proxy-paste.ini")).unwrap();
    assert_eq!(paste.get("pipeline:nova-api-proxy", "pipeline"), Some("version authtoken acceptor proxyapp"));
}
