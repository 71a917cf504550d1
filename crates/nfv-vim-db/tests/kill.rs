//! `kill -9` at any moment: the database opens and holds whole batches only, and every one that was reported done.
//! Contract: deployment 1.2; issue "Foundation", done-when about kill -9.
#![allow(clippy::unwrap_used)] // a test may

mod support;

use nfv_vim_db::row::{HostRow, InstanceRow, StateRow, SystemRow};
use nfv_vim_db::{Snapshot, Write};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use support::{directory, loaded, open};

const DIRECTORY: &str = "NFV_DB_KILL_DIRECTORY";
const HOSTS: usize = 5;
const INSTANCES: usize = 40;

/// A batch that carries one number into several tables, and replaces a row of another.
fn batch(host: &HostRow, instance: &InstanceRow, generation: u64) -> Vec<Write> {
    let mark = generation.to_string();
    let hosts = (0..HOSTS).map(|index| {
        let name = format!("host-{index}");
        Write::PutHost(HostRow { uuid: name.clone(), name, uptime: mark.clone(), ..host.clone() })
    });
    let instances = (0..INSTANCES).map(|index| {
        let uuid = format!("instance-{index}");
        Write::PutInstance(InstanceRow { uuid, elapsed_time_in_state: mark.clone(), ..instance.clone() })
    });
    let before = generation.saturating_sub(1).to_string();
    hosts
        .chain([Write::DeleteSystem { name: before }])
        .chain(instances)
        .chain([
            Write::PutSystem(SystemRow { name: mark.clone(), description: String::new() }),
            Write::PutState(StateRow {
                kind: "kill".to_owned(),
                key: "generation".to_owned(),
                data: mark.clone(),
            }),
        ])
        .collect()
}

/// The number that all rows carry; panics where they differ.
fn generation(snapshot: &Snapshot) -> u64 {
    assert_eq!(snapshot.quarantined, []);
    let Some(state) = snapshot.state.first() else {
        assert!(snapshot.hosts.is_empty() && snapshot.instances.is_empty() && snapshot.systems.is_empty());
        return 0;
    };
    let mark = &state.data;
    assert_eq!((snapshot.hosts.len(), snapshot.instances.len()), (HOSTS, INSTANCES));
    assert!(snapshot.hosts.iter().all(|row| row.uptime == *mark));
    assert!(snapshot.instances.iter().all(|row| row.elapsed_time_in_state == *mark));
    let systems: Vec<&String> = snapshot.systems.iter().map(|row| &row.name).collect();
    assert_eq!(systems, [mark]);
    mark.parse().unwrap()
}

/// What the child does: applies batches for ever, saying which are done. Not a test of its own.
#[test]
#[ignore = "the child of the test below"]
fn child_applies_batches_for_ever() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let sample = loaded("present.json");
    let sample = open(sample.path()).load().unwrap();
    let mut database = open(Path::new(&directory));
    let first = generation(&database.load().unwrap()) + 1;
    for number in first.. {
        database.apply(&batch(&sample.hosts[0], &sample.instances[0], number)).unwrap();
        println!("done {number}");
    }
}

#[test]
fn a_kill_at_any_moment_leaves_whole_batches_and_all_that_were_done() {
    let directory = directory();
    let mut last = 0;
    for round in 0..12_u32 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_applies_batches_for_ever", "--ignored", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut done = last;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // The moment within a batch varies: after so many batches, and then so long as a bit of counting takes.
        let wanted = last + 3 + u64::from(round);
        while done < wanted {
            let line = lines.next().expect("the child goes on").unwrap();
            if let Some(number) = line.rsplit_once("done ") {
                done = number.1.parse().unwrap();
            }
        }
        std::hint::black_box((0..u64::from(round) * 40_000).map(std::hint::black_box).sum::<u64>());
        child.kill().unwrap();
        child.wait().unwrap();
        // What the child still said before it died was done as well.
        for line in lines.map_while(Result::ok) {
            if let Some(number) = line.strip_prefix("done ") {
                done = number.parse().unwrap_or(done);
            }
        }
        last = generation(&open(directory.path()).load().unwrap());
        assert!(last >= done, "round {round}: {done} was reported done, {last} is there");
    }
}
