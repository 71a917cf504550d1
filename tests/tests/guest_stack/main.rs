//! A guest with a heartbeat, with everything between it and the VIM real: nfv-vim, guestAgent, a guestServer on each
//! of two computes, and guest_client. Simulated are the cloud (the lab), mtcAgent (one datagram for each host) and, but
//! for the ignored test, the VM. Contract: guest 11.1 to 11.4; vim-behaviour 10.1, 10.5.

#![allow(clippy::unwrap_used)]

mod real_vm;
mod stack;

use std::time::{Duration, Instant};

use nfv_site::StandIn;
use real_vm::RealVm;
use stack::{ESTABLISHED, LIMIT, Stack, VM};

/// What the guest was asked and told.
async fn wait_for_guest(vm: &StandIn, event: &str) {
    let begun = Instant::now();
    while !vm.events().iter().any(|seen| seen == event) {
        assert!(begun.elapsed() < LIMIT, "the guest was not told {event}: {:?}", vm.events());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Within this time a loss has to reach Nova. Nominal are two to three intervals of the heart (6 to 9 s here).
const REPORTED_IN: Duration = Duration::from_secs(30);

async fn play_with_a_stand_in() {
    let mut stack = Stack::start().await;
    let mut vm = StandIn::new(&stack.site, "guest", VM).unwrap();
    vm.run_on(&stack.sockets(0)).unwrap();
    vm.start_client().unwrap();
    stack.wait_for_log(ESTABLISHED, 1).await;

    // 11.2: the client is killed. The loss is declared after two intervals of a second, and the VIM reboots the VM.
    let since = stack.last_entry().await;
    let killed = Instant::now();
    vm.kill_client().await.unwrap();
    stack.wait_for_nova(since, "reboot").await;
    println!("from the client's death to the reboot asked of Nova: {} ms", killed.elapsed().as_millis());
    stack.wait_for_log("Guest Heartbeat failed for instance guest", 1).await;
    vm.start_client().unwrap();
    stack.wait_for_log("Reboot complete for instance guest", 1).await;
    stack.wait_for_log(ESTABLISHED, 2).await;
    let actions = stack.nova_actions(since).await;
    assert_eq!(actions.iter().filter(|action| *action == "reboot").count(), 1, "{actions:?}");
    assert_eq!(vm.events(), [] as [String; 0], "a repair asks nobody");

    // 11.4, refused: the guest stays where it is.
    vm.refuse().unwrap();
    let since = stack.last_entry().await;
    stack.lock_its_host().await;
    stack.wait_for_log("Live-Migrate rejected for instance guest now on host compute-0", 1).await;
    stack.wait_for_log("the \"guest\" is busy", 1).await;
    assert_eq!(vm.events(), ["revocable live_migrate_begin"]);
    assert!(!stack.nova_actions(since).await.contains(&"os-migrateLive".to_owned()));
    assert!(stack.is_on("compute-0").await);
    stack.wait_until_its_host_is_enabled().await;

    // 11.4, agreed: it moves, and its heart beats on the other host.
    vm.agree().unwrap();
    let since = stack.last_entry().await;
    stack.lock_its_host().await;
    stack.wait_for_nova(since, "os-migrateLive").await;
    vm.run_on(&stack.sockets(1)).unwrap();
    stack.wait_for_log("Live-Migrate complete for instance guest", 1).await;
    stack.wait_for_log(ESTABLISHED, 3).await;
    wait_for_guest(&vm, "irrevocable live_migrate_end").await;
    let told = vm.events();
    let wanted = [
        "revocable live_migrate_begin",
        "revocable live_migrate_begin",
        "irrevocable live_migrate_begin",
        "irrevocable live_migrate_end",
    ];
    assert_eq!(told, wanted);
    stack.site.stop_vim().await.unwrap();
}

/// Nova's part of the repair, and what has to come of it; `failures` is how often the heart has failed by now.
async fn is_rebooted(stack: &mut Stack, vm: &mut RealVm, since: u64, failures: usize) {
    vm.reset().await;
    stack.wait_for_log("Guest Heartbeat failed for instance guest", failures).await;
    stack.wait_for_log("Reboot complete for instance guest", failures).await;
    stack.wait_for_log(ESTABLISHED, failures + 1).await;
    assert_eq!(stack.nova_actions(since).await.iter().filter(|action| *action == "reboot").count(), 1);
}

/// The same with a kernel and QEMU: what happens to the VM is done to the emulator or by a shell in the VM.
async fn play_with_a_real_vm() {
    let mut stack = Stack::start().await;
    let mut vm = RealVm::boot(&stack.sockets(0)).await;
    stack.wait_for_log(ESTABLISHED, 1).await;
    println!("11.1: the heart beats {:.1} s after power-on", vm.age().as_secs_f32());

    // 11.2: the VM stands still.
    let since = stack.last_entry().await;
    let stopped = Instant::now();
    vm.stop();
    stack.wait_for_nova(since, "reboot").await;
    let took = stopped.elapsed();
    println!("11.2: from SIGSTOP of qemu to the reboot asked of Nova: {:.1} s", took.as_secs_f32());
    assert!(took < REPORTED_IN);
    is_rebooted(&mut stack, &mut vm, since, 1).await;

    // 11.2: the VM runs, its client does not.
    let since = stack.last_entry().await;
    vm.shell("touch /tmp/hold-guest-client").await;
    let killed = Instant::now();
    vm.shell("killall -9 guest-client").await;
    stack.wait_for_nova(since, "reboot").await;
    let took = killed.elapsed();
    println!("11.2: from the client's death to the reboot asked of Nova: {:.1} s", took.as_secs_f32());
    assert!(took < REPORTED_IN);
    is_rebooted(&mut stack, &mut vm, since, 2).await;

    // 11.4, refused: it stays, and its heart beats on.
    vm.shell("touch /tmp/vote_no_to_migrate").await;
    let since = stack.last_entry().await;
    stack.lock_its_host().await;
    stack.wait_for_log("Live-Migrate rejected for instance guest now on host compute-0", 1).await;
    // The VIM writes a guest's words in lower case and without the final dot (contract: southbound 9.4).
    stack.wait_for_log("Action rejected by instance: file /tmp/vote_no_to_migrate exists", 1).await;
    stack.wait_until_its_host_is_enabled().await;
    assert!(!stack.nova_actions(since).await.contains(&"os-migrateLive".to_owned()));
    assert!(stack.is_on("compute-0").await);
    println!("11.4: refused, and the VM stays on compute-0");

    // 11.4, agreed: it moves with its memory, and its heart beats on the other host.
    vm.shell("rm /tmp/vote_no_to_migrate; echo of the first host > /tmp/memory").await;
    let since = stack.last_entry().await;
    stack.lock_its_host().await;
    stack.wait_for_nova(since, "os-migrateLive").await;
    vm.migrate(&stack.sockets(1)).await;
    stack.wait_for_log("Live-Migrate complete for instance guest", 1).await;
    stack.wait_for_log(ESTABLISHED, 4).await;
    assert!(stack.is_on("compute-1").await);
    assert_eq!(vm.shell("cat /tmp/memory").await.trim(), "of the first host");
    println!("11.4: agreed, and the VM's heart beats on compute-1");
    assert_eq!(stack.log().matches("Guest Heartbeat failed for instance guest").count(), 2);
    stack.site.stop_vim().await.unwrap();
}

fn run(play: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
        .block_on(play);
}

#[test]
fn a_guest_is_watched_asked_told_and_repaired_by_the_real_stack() {
    run(play_with_a_stand_in());
}

#[test]
#[ignore = "needs QEMU, a kernel and an initramfs: tests/real/guest.sh runs it"]
fn a_real_vm_is_watched_asked_moved_and_repaired_by_the_real_stack() {
    run(play_with_a_real_vm());
}
