//! Server groups from end to end: applications in two VMs on two hosts, with both agents of each.

use std::path::Path;

use crate::built;
use crate::machine::{Machine, with_machines};
use crate::nova::{Member, Nova};
use crate::process::{Process, wait_until};
use crate::virtio::Port;

const A: &str = "instance-0000000a";
const B: &str = "instance-0000000b";

/// A host with one VM.
pub struct Site {
    /// The host's machine.
    pub host: Machine,
    /// The VM's machine.
    pub vm: Machine,
    /// The VM's port.
    pub port: Port,
    /// host_agent.
    pub host_agent: Process,
    /// guest_agent.
    pub guest_agent: Process,
    dir: tempfile::TempDir,
}

impl Site {
    /// A host with one VM, both agents running.
    pub fn start(instance: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sockets = dir.path().join("qemu");
        std::fs::create_dir(&sockets).unwrap();
        let (host, vm) = (Machine::start(), Machine::start());
        let host_agent = Self::host_agent(&host, &sockets);
        let port = Port::create(&sockets, instance, dir.path());
        let guest_agent = Self::guest_agent(&vm, &port);
        Self { host, vm, port, host_agent, guest_agent, dir }
    }

    fn host_agent(host: &Machine, sockets: &Path) -> Process {
        Process::start(host.command(built::program("host_agent")).arg("7").arg("--socket-dir").arg(sockets))
    }

    fn guest_agent(vm: &Machine, port: &Port) -> Process {
        Process::start(vm.command(built::program("guest_agent")).arg("7").arg("--device").arg(port.device()))
    }

    /// Where libvirt's sockets are.
    pub fn sockets(&self) -> std::path::PathBuf {
        self.dir.path().join("qemu")
    }

    /// Kills host_agent and starts it again.
    pub fn restart_host_agent(&mut self) {
        self.host_agent.kill();
        self.host_agent = Self::host_agent(&self.host, &self.sockets());
    }

    /// Kills guest_agent and starts it again.
    pub fn restart_guest_agent(&mut self) {
        self.guest_agent.kill();
        self.guest_agent = Self::guest_agent(&self.vm, &self.port);
    }

    /// Starts the sample application in the VM.
    pub fn app(&self, message: Option<&str>) -> Process {
        Process::start(self.vm.command(built::program("server_group_app")).args(message))
    }
}

fn two_sites() -> (Site, Site, Nova) {
    let (a, b) = (Site::start(A), Site::start(B));
    let members = [Member { instance: A.to_owned(), host: 0 }, Member { instance: B.to_owned(), host: 1 }];
    let nova = Nova::start(&[&a.host, &b.host], &members);
    (a, b, nova)
}

/// The status as the sample application prints it.
fn status() -> String {
    let server = |name: &str| format!(r#"{{ "display_name": "{name}", "state": "active", "vcpus": 2 }}"#);
    format!("got server group status response msg: [{},{}]", server(A), server(B))
}

/// Starts the application until it has got a status, which proves the way to the host and back.
fn connected_app(site: &Site) -> Process {
    let mut app = site.app(None);
    let mut seen = false;
    wait_until("the application gets a status", || {
        for line in app.lines() {
            seen |= line == status();
        }
        if !seen {
            // its only question may have been lost before the agents were connected, or may still be on its way
            std::thread::sleep(std::time::Duration::from_millis(500));
            seen |= app.lines().contains(&status());
            if !seen {
                app.kill();
                app = site.app(None);
            }
        }
        seen
    });
    app
}

/// Says something from `from` until `to` has heard it.
fn say(from: &Site, to: &Process, from_instance: &str, text: &str) {
    let heard = format!(
        "got server group broadcast msg: len: {}, sinstance: {from_instance}, msg: {text}",
        text.len()
    );
    let mut speaker = from.app(Some(text));
    let mut lines = Vec::new();
    wait_until("a broadcast is heard", || {
        lines.extend(to.lines());
        if lines.contains(&heard) {
            return true;
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
        lines.extend(to.lines());
        let done = lines.contains(&heard);
        if !done {
            speaker.kill();
            speaker = from.app(Some(text));
        }
        done
    });
    // who speaks hears its status, but not itself
    assert!(!speaker.lines().iter().any(|line| line.contains("broadcast")));
}

#[test]
fn vms_on_two_hosts_hear_each_other() {
    with_machines("messaging::vms_on_two_hosts_hear_each_other", || {
        let (a, b, nova) = two_sites();
        let on_b = connected_app(&b);
        say(&a, &on_b, A, "hello from /a/ to \"b\"");
        drop(on_b);
        let on_a = connected_app(&a);
        say(&b, &on_a, B, "and back");

        nova.notify(r#"{"payload":{"state":"stopped","host":"compute-1"},"event_type":"compute.instance.power_off.end","priority":"INFO"}"#);
        assert_eq!(
            on_a.line(),
            r#"got server group notification msg: { "payload": { "state": "stopped", "host": "compute-1" }, "event_type": "compute.instance.power_off.end", "priority": "INFO" }"#
        );
        // there is one application of the group in a VM
        let second = a.app(None);
        assert_eq!(
            second.line(),
            "error initializing library: unable to bind socket: Address already in use"
        );
    });
}

#[test]
fn an_application_with_the_c_library_is_a_member_like_any_other() {
    with_machines("messaging::an_application_with_the_c_library_is_a_member_like_any_other", || {
        let (a, b, _nova) = two_sites();
        drop(connected_app(&a));
        drop(connected_app(&b));
        let dir = tempfile::tempdir().unwrap();
        let program = built::compile("sg", &["servergroup", "json-c"], dir.path());
        let mut member = Process::start(a.vm.command(program).env("LD_LIBRARY_PATH", dir.path()));
        let mut lines = Vec::new();
        wait_until("the host refuses the unknown type", || {
            lines.extend(member.lines());
            lines.iter().any(|line| {
                line == "error: Nack received, error message from host: \
                         got server group message with invalid type other"
            })
        });
        let _speaker = b.app(Some("stop"));
        wait_until("the member is told to stop", || {
            lines.extend(member.lines());
            lines.contains(&format!("broadcast of {B}, 4: stop"))
        });
        assert!(member.end().success());
    });
}

#[test]
fn agents_that_were_killed_come_back() {
    with_machines("messaging::agents_that_were_killed_come_back", || {
        let (mut a, mut b, _nova) = two_sites();
        let on_b = connected_app(&b);
        say(&a, &on_b, A, "at first");
        a.restart_host_agent();
        say(&a, &on_b, A, "after the sender's host_agent");
        a.restart_guest_agent();
        say(&a, &on_b, A, "after the sender's guest_agent");
        b.restart_host_agent();
        say(&a, &on_b, A, "after the receiver's host_agent");
        b.restart_guest_agent();
        say(&a, &on_b, A, "after the receiver's guest_agent");
    });
}

#[test]
fn an_instance_that_moves_is_found_on_its_new_host() {
    with_machines("messaging::an_instance_that_moves_is_found_on_its_new_host", || {
        let (a, mut b, _nova) = two_sites();
        let on_b = connected_app(&b);
        say(&a, &on_b, A, "before");
        // its port goes with its file, and comes again
        b.guest_agent.kill();
        let sockets = b.sockets();
        let vm = sockets.parent().unwrap().to_owned();
        std::mem::replace(&mut b.port, Port::create(&vm, "placeholder", &vm)).release();
        b.port = Port::create(&sockets, B, &vm);
        b.restart_guest_agent();
        say(&a, &on_b, A, "after");
    });
}
