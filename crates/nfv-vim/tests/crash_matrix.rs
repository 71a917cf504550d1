//! The VIM crashes at every database commit of every scenario, once before what the commit led to has left the process
//! and once after. A new process reads the real database and must bring everything to the same end, with no request to
//! Nova made twice and none forgotten.
#![allow(clippy::unwrap_used)] // in helpers of tests

mod sim;

use sim::script::{self, End, Run, SCRIPTS, Script};
use sim::world::CrashPoint;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads that play.
const THREADS: usize = 2;

/// What differs between two ends, as one text.
fn difference(calm: &End, crashed: &End) -> Option<String> {
    let mut told = Vec::new();
    for (name, text) in &calm.hosts {
        if crashed.hosts.get(name) != Some(text) {
            told.push(format!("{name}: {text} without the crash, {:?} with it", crashed.hosts.get(name)));
        }
    }
    for (name, text) in &calm.servers {
        if crashed.servers.get(name) != Some(text) {
            told.push(format!("{name}: {text} without the crash, {:?} with it", crashed.servers.get(name)));
        }
    }
    if calm.guests != crashed.guests {
        told.push(format!("guests: {:?} without the crash, {:?} with it", calm.guests, crashed.guests));
    }
    if calm.alarms != crashed.alarms {
        told.push(format!("alarms: {:?} without the crash, {:?} with it", calm.alarms, crashed.alarms));
    }
    if calm.done != crashed.done {
        told.push(format!("done: {:?} without the crash, {:?} with it", calm.done, crashed.done));
    }
    if calm.refused != crashed.refused {
        told.push(format!("refused: {:?} without the crash, {:?} with it", calm.refused, crashed.refused));
    }
    for (one, other) in calm.rows.iter().zip(&crashed.rows).filter(|(one, other)| one != other) {
        told.push(format!("row without the crash {one}\n  with it {other}"));
    }
    (!told.is_empty()).then(|| told.join("\n  "))
}

fn calm_run(script: &Script) -> Run {
    match script::play(script, None) {
        Ok(run) => run,
        Err((failure, tail)) => panic!("{}: without a crash: {}\n{tail}", script.name, failure.what),
    }
}

fn crashed(script: &Script, calm: &Run, point: CrashPoint) -> Option<String> {
    let told = match script::play(script, Some(point)) {
        Ok(run) if run.crashes != 1 => Some(format!("{} crashes instead of one", run.crashes)),
        Ok(run) => difference(&calm.end, &run.end),
        Err((failure, tail)) => Some(format!("{}\n{tail}", failure.what)),
    };
    told.map(|told| {
        let when = if point.effects_left { "after its effects left" } else { "before its effects left" };
        format!("{}: crash at commit {} {when}:\n  {told}", script.name, point.commit)
    })
}

fn matrix(script: &Script) {
    let calm = calm_run(script);
    assert!(!calm.end.done.is_empty(), "{}: nothing was asked of Nova", script.name);
    let points: Vec<_> = (calm.first_commit + 1..=calm.last_commit)
        .flat_map(|commit| [false, true].map(|effects_left| CrashPoint { commit, effects_left }))
        .collect();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(story) = crashed(script, &calm, *point) {
                        failed.lock().unwrap().push((point.commit, story));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    for (_, story) in failed.iter().take(4) {
        eprintln!("{story}");
    }
    println!("{}: {} crashes", script.name, points.len());
    assert!(failed.is_empty(), "{}: {} of {} crashes end otherwise", script.name, failed.len(), points.len());
}

#[test]
fn server_in_error_is_rebooted_once() {
    matrix(&SCRIPTS[0]);
}

#[test]
fn servers_of_a_dead_host_are_evacuated_once() {
    matrix(&SCRIPTS[1]);
}

#[test]
fn lock_with_live_migration_and_unlock_are_carried_out_once() {
    matrix(&SCRIPTS[2]);
}

#[test]
fn lock_with_cold_migration_is_carried_out_once() {
    matrix(&SCRIPTS[3]);
}

#[test]
fn crashed_server_is_rebooted_once() {
    matrix(&SCRIPTS[4]);
}

#[test]
fn lock_of_a_host_with_guests_is_carried_out_once() {
    matrix(&SCRIPTS[5]);
}

#[test]
fn guests_of_a_dead_host_are_evacuated_once() {
    matrix(&SCRIPTS[6]);
}

#[test]
fn failed_guest_is_rebooted_once_and_a_deleted_one_forgotten() {
    matrix(&SCRIPTS[7]);
}
