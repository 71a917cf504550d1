//! vCPU scaling from end to end: guest_scale_helper on the host, guest_scale_agent in the VM. A directory stands for the
//! system's, and the application's script does what the system would do to its list.

use std::fs::{create_dir_all, read_to_string, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::built;
use crate::machine::{Machine, receive, send, with_machines};
use crate::messaging::Site;
use crate::process::{Process, wait_until};

const INSTANCE: &str = "instance-0000000a";

struct Cpus {
    dir: tempfile::TempDir,
}

impl Cpus {
    fn four() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for cpu in 1..4 {
            create_dir_all(dir.path().join(format!("cpu{cpu}"))).unwrap();
            write(dir.path().join(format!("cpu{cpu}/online")), "1\n").unwrap();
        }
        write(dir.path().join("online"), "0-3\n").unwrap();
        Self { dir }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn state(&self, cpu: u32) -> String {
        read_to_string(self.path().join(format!("cpu{cpu}/online"))).unwrap().trim().to_owned()
    }

    fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    /// The agent, whose application's script is this.
    fn agent(&self, vm: &Machine, script: &str) -> Process {
        let script = self.script("app_scale_helper", script);
        self.script("offline_cpus", &format!("touch {}/offlined", self.path().display()));
        let path = format!("{}:{}", self.path().display(), std::env::var("PATH").unwrap());
        let mut command = vm.command(built::program("guest_scale_agent"));
        command.env("PATH", path).arg("--cpu-dir").arg(self.path()).arg("--app-helper").arg(script);
        let process = Process::start(&mut command);
        wait_until("the agent has put vCPUs off line", || self.path().join("offlined").exists());
        process
    }
}

fn helper(host: &Machine, arguments: &[&str]) -> (i32, String, String) {
    let mut command = host.command(built::program("guest_scale_helper"));
    let output = command.args(["--instance_name", INSTANCE]).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Asks until the way to the VM is there.
fn scaled(host: &Machine, arguments: &[&str], code: i32) {
    let arguments = [arguments, &["--timeout", "5000"]].concat();
    let mut last = (0, String::new(), String::new());
    wait_until(&format!("{arguments:?} ends with {code}"), || {
        last = helper(host, &arguments);
        last.0 == code
    });
    assert_eq!(last.1, "");
}

#[test]
fn vcpus_go_off_line_and_come_back() {
    with_machines("scale::vcpus_go_off_line_and_come_back", || {
        let site = Site::start(INSTANCE);
        let cpus = Cpus::four();
        let online = cpus.path().join("online");
        let online = online.display();
        let script = format!(
            "case \"$1\" in --cpu_del) echo 0,2-3 > {online}; exit 1;; esac\necho \"$*\" > {}/told; echo 0-3 > {online}",
            cpus.path().display()
        );
        let _agent = cpus.agent(&site.vm, &script);
        scaled(&site.host, &["--cpu_del"], 1);
        assert_eq!((cpus.state(1), cpus.state(3)), ("0".to_owned(), "1".to_owned()));
        scaled(&site.host, &["--cpu_add", "1", "[0, 1,2,3]"], 1);
        assert_eq!(cpus.state(1), "1");
        assert_eq!(read_to_string(cpus.path().join("told")).unwrap(), "--cpu_add 1 [0,1,2,3]\n");
        // the VM says what it cannot do
        let (code, _, text) = helper(&site.host, &["--cpu_add", "9", "[0]", "--timeout", "60000"]);
        assert_eq!(code, 255);
        assert_eq!(
            text,
            "Error: guest helper scaling cpu up failed: can't open cpu online path: No such file or directory\n"
        );
    });
}

#[test]
fn without_a_script_the_last_vcpu_goes() {
    with_machines("scale::without_a_script_the_last_vcpu_goes", || {
        let site = Site::start(INSTANCE);
        let cpus = Cpus::four();
        let _agent = cpus.agent(&site.vm, "exit 127");
        scaled(&site.host, &["--cpu_del"], 3);
        assert_eq!((cpus.state(3), cpus.state(2)), ("0".to_owned(), "1".to_owned()));
    });
}

#[test]
fn a_scale_agent_that_was_killed_answers_again() {
    with_machines("scale::a_scale_agent_that_was_killed_answers_again", || {
        let site = Site::start(INSTANCE);
        let cpus = Cpus::four();
        let mut agent = cpus.agent(&site.vm, "exit 2");
        scaled(&site.host, &["--cpu_del"], 2);
        agent.kill();
        let (code, ..) = helper(&site.host, &["--cpu_del", "--timeout", "700"]);
        assert_eq!(code, 254);
        let mut agent = cpus.agent(&site.vm, "exit 2");
        scaled(&site.host, &["--cpu_add", "2", "[0,1,2,3]"], 2);
        // a second one cannot be
        let mut second = Process::start(&mut site.vm.command(built::program("guest_scale_agent")));
        assert_eq!(second.end().code(), Some(255));
        assert!(agent.runs());
    });
}

#[test]
fn the_helper_ends_as_the_answer_says() {
    with_machines("scale::the_helper_ends_as_the_answer_says", || {
        let host = Machine::start();
        // nobody there
        let (code, _, text) = helper(&host, &["--cpu_del"]);
        assert_eq!((code, text.as_str()), (255, "hg_send_msg failed: sendto: Connection refused\n"));
        let agent = host.socket("cgcs.messaging");
        // nobody answers
        assert_eq!(helper(&host, &["--cpu_del", "--timeout", "600"]).0, 254);
        assert_eq!(
            receive(&agent),
            r#"{"data":{"version":2,"msg_type":"scale_request","timeout_ms":100,"resource":"cpu","direction":"down"},"version":2,"dest_addr":"cgcs.scale","dest_instance":"instance-0000000a"}"#
        );
        let answer = |data: &str| {
            format!(
                r#"{{"data":{data},"version":2,"source_addr":"cgcs.scale","source_instance":"{INSTANCE}"}}"#
            )
        };
        let bad = r#"{"version":3,"resource":"cpu","direction":"down"}"#;
        let incomplete = r#"{"version":2,"resource":"cpu","direction":"down","result":"success"}"#;
        let good = r#"{"result":"success","offline_cpu":3,"online_cpus":[0,1,2],"version":2,"resource":"cpu","direction":"down"}"#;
        let failed = r#"{"result":"fail","err_msg":"why","version":2,"resource":"cpu","direction":"down"}"#;
        let cases: [(&[&str], i32, &[&str]); 4] = [
            (&[good], 3, &[]),
            (&[failed], 255, &[]),
            (&[incomplete], 255, &["failed to parse offline_cpu"]),
            (&[bad, "7", good], 3, &["invalid version 3, expecting 2", "failed to parse version"]),
        ];
        for (answers, code, nacks) in cases {
            let helper = std::thread::scope(|scope| {
                let helper = scope.spawn(|| helper(&host, &["--cpu_del", "--timeout", "60000"]));
                receive(&agent);
                for data in answers {
                    send(&agent, "scale-0000000a", &answer(data)).unwrap();
                }
                helper.join().unwrap()
            });
            assert_eq!(helper.0, code, "{answers:?}: {helper:?}");
            for nack in nacks {
                assert_eq!(
                    receive(&agent),
                    format!(
                        r#"{{"data":{{"version":2,"msg_type":"nack","log_msg":"{nack}"}},"version":2,"dest_addr":"cgcs.scale","dest_instance":"{INSTANCE}"}}"#
                    )
                );
            }
        }
    });
}

#[test]
fn the_helper_tells_how_it_is_used() {
    let run = |arguments: &[&str]| {
        std::process::Command::new(built::program("guest_scale_helper")).args(arguments).output().unwrap()
    };
    let usage = "guest_scale_helper --instance_name <name>\n                    \
                 --cpu_del | --cpu_add <index> <cur_mask>\n                    \
                 [--timeout <millisec, at least 1000>]\n\n";
    let help = run(&["--help"]);
    assert_eq!((help.status.code(), String::from_utf8(help.stdout).unwrap()), (Some(255), usage.to_owned()));
    let wrong = run(&["--cpu_del", "--dance"]);
    assert_eq!(
        (wrong.status.code(), String::from_utf8(wrong.stdout).unwrap()),
        (Some(255), format!("Unknown argument --dance\n{usage}"))
    );
}
