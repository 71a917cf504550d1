//! offline_cpus, its init script and app_scale_helper, against guest 1.3.

use crate::packaging;
use crate::run::{Outcome, Place};

/// A wget that writes what the metadata service would answer, and a machine with four CPUs.
fn machine(answer: &str) -> Place {
    let mut place = Place::new();
    place.script("bin/wget", &format!("#!/bin/sh\necho \"$@\" >{}\n{answer}\n", place.text("asked")));
    place.set("PATH", format!("{}:{}", place.text("bin"), std::env::var("PATH").unwrap()));
    place.set("NFV_SYSFS", place.text("sys"));
    place.set("NFV_OFFLINE_CPUS", packaging("guest/offline_cpus").to_str().unwrap());
    for cpu in 0..4 {
        place.file(&format!("sys/devices/system/cpu/cpu{cpu}/online"), "1\n");
    }
    place.file("sys/devices/system/cpu/online", "0-3\n");
    place
}

fn run(place: &Place, script: &str, arguments: &[&str]) -> Outcome {
    place.run(&packaging(script), arguments)
}

fn online(place: &Place) -> String {
    (0..4)
        .map(|cpu| {
            let file = place.path(&format!("sys/devices/system/cpu/cpu{cpu}/online"));
            std::fs::read_to_string(file).unwrap().trim().to_owned()
        })
        .collect()
}

#[test]
fn the_cpus_that_the_host_keeps_offline_go_offline() {
    for (answer, left) in [("set([])", "1111"), ("set([1, 3])", "1010"), ("set([2])", "1101")] {
        let place = machine(&format!("echo '{answer}'"));
        assert_eq!(run(&place, "guest/offline_cpus", &[]).code, 0);
        assert_eq!(online(&place), left, "{answer}");
        let asked = std::fs::read_to_string(place.path("asked")).unwrap();
        assert_eq!(asked.trim(), "-t 3 -T 5 -qO - http://169.254.169.254/latest/meta-data/offline_cpuset");
    }
}

#[test]
fn nothing_is_changed_when_the_host_cannot_be_asked() {
    let place = machine("exit 4");
    assert_eq!(run(&place, "guest/offline_cpus", &[]).code, 255);
    assert_eq!(online(&place), "1111");
    let place = machine("echo 'set([9])'");
    assert_eq!(run(&place, "guest/offline_cpus", &[]).code, 255, "there is no such CPU");
}

#[test]
fn the_last_cpu_that_is_online_is_the_one_to_go() {
    for (list, code) in [("0-3", 3), ("0-1,5-7", 7), ("0", 0), ("0-2,9", 9)] {
        let place = machine("echo 'set([])'");
        place.file("sys/devices/system/cpu/online", &format!("{list}\n"));
        assert_eq!(run(&place, "guest/app_scale_helper", &["--cpu_del"]).code, code, "{list}");
    }
    let place = machine("echo 'set([3])'");
    assert_eq!(run(&place, "guest/app_scale_helper", &["--cpu_del"]).code, 3);
    assert_eq!(online(&place), "1110", "what the host keeps offline is brought in line before");
    assert_eq!(run(&place, "guest/app_scale_helper", &["--cpu_add", "3", "[0,1,2,3]"]).code, 0);
    assert_eq!(run(&place, "guest/app_scale_helper", &[]).code, 255);
}
