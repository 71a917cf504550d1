//! A VM under QEMU, emulated, made by tests/real/guest.sh: ports as libvirt names them, a shell on one more port.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use crate::stack::VM;

/// Emulated VMs on a busy machine are slow.
const PATIENCE: Duration = Duration::from_secs(300);
/// Interval of its heart, ms: an emulator is slow, and must not look dead.
const INTERVAL: &str = "3000";

/// One process of QEMU.
struct Machine {
    qemu: Child,
    directory: TempDir,
    shell: UnixStream,
    monitor: PathBuf,
    heart: PathBuf,
}

/// QEMU's monitor.
struct Monitor(UnixStream);

impl Monitor {
    async fn order(&mut self, command: &str) {
        self.0.write_all(format!("{command}\n").as_bytes()).await.unwrap();
    }

    /// Asks again and again until the answer holds this.
    async fn ask_until(&mut self, question: &str, answer: &str) {
        let (mut said, begun) = (String::new(), Instant::now());
        while !said.contains(answer) {
            assert!(begun.elapsed() < PATIENCE && !said.contains("failed"), "no {answer}: {said}");
            self.order(question).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            let mut buffer = [0; 8192];
            let length = self.0.read(&mut buffer).await.unwrap();
            assert!(length > 0, "qemu has ended: {said}");
            said.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    }
}

/// The VM, wherever it runs.
pub struct RealVm {
    machine: Machine,
    sockets: PathBuf,
    commands: u32,
    powered_on: Instant,
}

impl RealVm {
    /// Switches it on and waits until it is up.
    pub async fn boot(sockets: &Path) -> Self {
        let machine = Machine::start(sockets, None).await;
        let vm = Self { machine, sockets: sockets.to_owned(), commands: 0, powered_on: Instant::now() };
        vm.machine.wait_until_up().await;
        vm
    }

    /// Time since power-on.
    pub fn age(&self) -> Duration {
        self.powered_on.elapsed()
    }

    /// It stands still.
    pub fn stop(&self) {
        self.machine.signal(Signal::SIGSTOP);
    }

    /// As a hard reboot does: QEMU ends and is started anew.
    pub async fn reset(&mut self) {
        self.machine.end().await;
        self.machine = Machine::start(&self.sockets, None).await;
        self.powered_on = Instant::now();
        self.machine.wait_until_up().await;
    }

    /// As a live migration does: a QEMU on the other host takes the memory over, then that on the first one ends.
    pub async fn migrate(&mut self, sockets: &Path) {
        let way = self.machine.directory.path().join("way");
        let address = format!("unix:{}", way.display());
        let mut other = Machine::start(sockets, Some(&address)).await;
        // Its ports listen before the way does; its monitor answers when all does.
        let mut monitor = other.monitor().await;
        monitor.ask_until("info status", "(inmigrate)").await;
        let mut monitor = self.machine.monitor().await;
        monitor.order(&format!("migrate -d {address}")).await;
        monitor.ask_until("info migrate", "Migration status: completed").await;
        std::mem::swap(&mut self.machine, &mut other);
        other.end().await;
        sockets.clone_into(&mut self.sockets);
    }

    /// Runs a command in the VM; gives what it prints.
    pub async fn shell(&mut self, command: &str) -> String {
        self.commands += 1;
        let mark = format!("end-{}", self.commands);
        let text = format!("{command}\necho; echo {mark}\n");
        self.machine.shell.write_all(text.as_bytes()).await.unwrap();
        let printed = tokio::time::timeout(PATIENCE, async {
            let (mut printed, mut buffer) = (String::new(), [0; 4096]);
            loop {
                let length = self.machine.shell.read(&mut buffer).await.unwrap();
                assert!(length > 0, "qemu has ended: {printed}");
                printed.push_str(&String::from_utf8_lossy(&buffer[..length]));
                if let Some((before, _)) = printed.replace('\r', "").split_once(&format!("\n{mark}\n")) {
                    return before.to_owned();
                }
            }
        });
        printed.await.unwrap_or_else(|_| panic!("the VM has not run {command:?}"))
    }
}

impl Machine {
    async fn start(sockets: &Path, incoming: Option<&str>) -> Self {
        let given = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        let directory = tempfile::Builder::new().prefix("nfv-vm-").tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let heart = sockets.join(format!("cgcs.heartbeat.{VM}.sock"));
        let mut command = Command::new("qemu-system-x86_64");
        command
            .args(["-accel", "tcg", "-m", "192", "-smp", "1", "-nodefaults", "-no-user-config"])
            .args(["-display", "none", "-no-reboot"])
            .args(["-kernel", &given("NFV_GUEST_KERNEL_IMAGE"), "-initrd", &given("NFV_GUEST_INITRAMFS")])
            .arg("-append")
            .arg(format!("console=ttyS0 quiet panic=-1 no_timer_check hostname=guest heartbeat={INTERVAL}"))
            .arg("-chardev")
            .arg(format!("file,id=console,path={}", at("console").display()))
            .args(["-serial", "chardev:console", "-device", "virtio-serial"])
            .args(["-monitor", &format!("unix:{},server=on,wait=off", at("monitor").display())]);
        for (id, name, path) in [("p0", "cgcs.heartbeat", &heart), ("p1", "test.shell", &at("shell"))] {
            command
                .args(["-chardev", &format!("socket,id={id},path={},server=on,wait=off", path.display())])
                .args(["-device", &format!("virtserialport,chardev={id},name={name}")]);
        }
        if let Some(address) = incoming {
            command.args(["-incoming", address]);
        }
        let mut qemu = command.stdin(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        let begun = Instant::now();
        let shell = loop {
            if let Ok(shell) = UnixStream::connect(at("shell")).await {
                break shell;
            }
            assert!(qemu.try_wait().unwrap().is_none(), "qemu has ended");
            assert!(begun.elapsed() < PATIENCE, "qemu does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        Self { monitor: at("monitor"), heart, qemu, directory, shell }
    }

    async fn wait_until_up(&self) {
        let begun = Instant::now();
        loop {
            let printed = std::fs::read(self.directory.path().join("console")).unwrap_or_default();
            let printed = String::from_utf8_lossy(&printed);
            if printed.contains("guest is up") {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "the VM is not up: {printed}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn monitor(&self) -> Monitor {
        Monitor(UnixStream::connect(&self.monitor).await.unwrap())
    }

    fn signal(&self, signal: Signal) {
        let pid = self.qemu.id().unwrap();
        kill(Pid::from_raw(pid.cast_signed()), signal).unwrap();
    }

    /// QEMU ends, and its socket goes, as libvirt sees to.
    async fn end(&mut self) {
        self.signal(Signal::SIGCONT);
        self.signal(Signal::SIGTERM);
        tokio::time::timeout(PATIENCE, self.qemu.wait()).await.unwrap().unwrap();
        let _ = std::fs::remove_file(&self.heart);
    }
}
