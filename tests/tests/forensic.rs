//! The VIM's log, filed as a controller files it, read by nfv-forensic: every line has the grammar of the original's
//! tool, and the incident is told.

#![allow(clippy::unwrap_used)]

use nfv_common::forensic::{
    Action, Analysis, Context, Listener, LogSource, NotALine, Operation, Period, Record, RecordType, Stamp,
    gather,
};
use nfv_site::{Options, Site, configuration};
use serde_json::json;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Found {
    bad: Vec<String>,
    records: Vec<Record>,
}

impl Listener for Found {
    fn bad_line(&mut self, line: &[u8], error: NotALine) -> io::Result<()> {
        self.bad.push(format!("{}: {error}", String::from_utf8_lossy(line)));
        Ok(())
    }

    fn record(&mut self, record: Record) -> io::Result<()> {
        self.records.push(record);
        Ok(())
    }

    fn progress(&mut self, _: f64) -> io::Result<()> {
        Ok(())
    }
}

fn read(log: &Path) -> Found {
    let mut found = Found::default();
    let open = |path: &Path| -> io::Result<LogSource> { Ok(Box::new(std::fs::File::open(path)?)) };
    let period = Period { start: Stamp::MIN, end: Stamp::MAX };
    gather(&[log.to_owned()], &open, period, &mut found).unwrap();
    found
}

#[test]
fn a_crash_and_its_healing_stand_in_the_log() {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let cluster = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clusters/small.toml");
        let settings = configuration::quick();
        let mut site =
            Site::start(&Options { cluster, settings, directory: None, lab_arguments: Vec::new() })
                .await
                .unwrap();
        site.start_vim().unwrap();
        site.wait_until_known(Duration::from_secs(120)).await.unwrap();
        site.cloud().act(&json!({"do": "vm-crash", "vm": "other-0"})).await.unwrap();
        let uuid =
            site.cloud().vms().await.unwrap().into_iter().find(|vm| vm.name == "other-0").unwrap().uuid;
        let begun = Instant::now();
        let found = loop {
            let found = read(&site.vim_log());
            let healed = Operation::Reboot.analyse(&uuid, "other-0", Context::default(), &found.records);
            if healed == Analysis::Successful {
                break found;
            }
            assert!(begun.elapsed() < Duration::from_secs(180), "{healed}: {}", site.tail("log/nfv-vim.log"));
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        assert_eq!(found.bad, [""; 0]);
        let has = |kind: fn(&RecordType) -> bool| found.records.iter().any(|record| kind(&record.kind));
        assert!(has(|kind| matches!(kind, RecordType::HostState(_))));
        assert!(has(|kind| *kind == RecordType::Callback(Action::Reboot)));
        let ordered = found.records.windows(2).all(|pair| pair[0].time <= pair[1].time);
        assert!(ordered);
        site.stop_vim().await.unwrap();
    });
}
