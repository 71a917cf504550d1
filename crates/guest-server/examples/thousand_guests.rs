//! Benchmark: guestServer on one core with many simulated VMs. Prints figures; fails only when a VM is declared lost.
//!
//! ```text
//! thousand_guests <path of guestServer> [guests] [seconds]
//! ```
//!
//! Twice the given time: first alone on its core, then with two processes that keep the core busy. Beside it a process
//! that only sleeps tells how late the machine itself lets anyone be on that core.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use guest_daemon::receive_buffer;
use guest_protocol::framing::JsonLines;
use guest_protocol::heartbeat::datagram::{AgentEvent, ServerCommand};
use guest_protocol::heartbeat::instance::InstanceUuid;
use guest_protocol::heartbeat::message::{ChallengeResponse, GuestMessage, HostMessage, Init, MAX_LENGTH};
use guest_protocol::heartbeat::words::{CorrectiveAction, Health, Switch};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const INTERVAL: Duration = Duration::from_millis(400);
/// Stands for the path when this program is to sleep only.
const SLEEPER: &str = "--sleeper";

#[derive(Default)]
struct Told {
    running: AtomicUsize,
    stopped: AtomicUsize,
    lost: AtomicUsize,
}

struct Guest {
    stream: UnixStream,
    framer: JsonLines,
    sequence: u32,
}

/// Ends with its process.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().context("the path of guestServer is missing")?;
    if server == SLEEPER {
        return sleep_and_tell(arguments.next().context("no time")?.parse()?);
    }
    let guests: usize = arguments.next().map_or(Ok(1000), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(20), |text| text.parse())?;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard.min(65_536), hard)?;

    let root = tempfile::tempdir()?;
    let events = UdpSocket::bind("127.0.0.1:0")?;
    receive_buffer::enlarge(&events);
    let port = UdpSocket::bind("127.0.0.2:0")?.local_addr()?.port();
    prepare(root.path(), events.local_addr()?.port(), port)?;
    let uuids: Vec<_> = (0..guests)
        .filter_map(|guest| InstanceUuid::parse(&format!("1f0bc3e3-efbe-48b8-9688-{guest:012}")))
        .collect();
    let listeners: Vec<_> = uuids
        .iter()
        .map(|uuid| UnixListener::bind(root.path().join("q").join(uuid.channel())))
        .collect::<Result<_, _>>()?;

    let mut process = Running(
        Command::new("taskset")
            .args(["-c", "0", &server, "-f", "--root"])
            .arg(root.path())
            .stdout(Stdio::piped())
            .spawn()
            .context("taskset or guestServer cannot be started")?,
    );
    let (dumps, dumped) = mpsc::channel();
    let output = BufReader::new(process.0.stdout.take().context("no output")?);
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if let Some((_, figures)) = line.split_once(" Info : channels:") {
                let _ = dumps.send(figures.to_owned());
            }
        }
    });
    let told = Arc::new(Told::default());
    let counted = Arc::clone(&told);
    let receiver = events.try_clone()?;
    std::thread::spawn(move || count(&receiver, &counted));
    std::thread::spawn(move || play_guests(listeners));
    let add_all = || {
        for uuid in &uuids {
            let command = ServerCommand::AddInstance(uuid.clone(), Switch::Enabled);
            // One that does not get through is sent again in the second round.
            let _ = events.send_to(&command.encode("127.0.0.1"), ("127.0.0.2", port));
            std::thread::sleep(Duration::from_micros(500));
        }
    };
    add_all();
    let begun = Instant::now();
    while told.running.load(Ordering::Relaxed) < guests {
        if begun.elapsed() > Duration::from_secs(60) {
            bail!("only {} of {guests} hearts beat", told.running.load(Ordering::Relaxed));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("{guests} hearts beat after {:.1} s", begun.elapsed().as_secs_f64());
    let pid = Pid::from_raw(i32::try_from(process.0.id())?);
    let dump = |what: &str, busy: Duration, wall: Duration| -> anyhow::Result<()> {
        kill(pid, Signal::SIGUSR2)?;
        let figures = dumped.recv_timeout(Duration::from_secs(60)).context("no dump")?;
        let (stopped, lost) = (told.stopped.load(Ordering::Relaxed), told.lost.load(Ordering::Relaxed));
        println!(
            "{what}: channels:{figures}; stopped {stopped} lost {lost}; {:.0} % of the core",
            100.0 * busy.as_secs_f64() / wall.as_secs_f64()
        );
        Ok(())
    };
    // The first ones may have come before the server listened. What the beginning cost does not count.
    add_all();
    std::thread::sleep(Duration::from_secs(1));
    kill(pid, Signal::SIGUSR2)?;
    dumped.recv_timeout(Duration::from_secs(60)).context("no dump")?;

    let measure = |what: &str| -> anyhow::Result<()> {
        let (cpu, wall) = (processor_time(pid)?, Instant::now());
        let sleeper = Command::new("taskset")
            .args(["-c", "0"])
            .arg(std::env::current_exe()?)
            .args([SLEEPER, &seconds.to_string()])
            .output()?;
        dump(what, processor_time(pid)?.saturating_sub(cpu), wall.elapsed())?;
        print!("    beside it {}", String::from_utf8_lossy(&sleeper.stdout));
        Ok(())
    };
    measure("core of its own")?;
    let busy =
        || Command::new("taskset").args(["-c", "0", "sh", "-c", "while :; do :; done"]).spawn().map(Running);
    let load = [busy()?, busy()?];
    measure("core shared with two busy processes")?;
    drop(load);
    println!("memory: {}", memory(pid)?);
    if told.lost.load(Ordering::Relaxed) > 0 {
        bail!("a healthy guest was declared lost");
    }
    Ok(())
}

/// Wakes up every few milliseconds, and says how late.
fn sleep_and_tell(seconds: u64) -> anyhow::Result<()> {
    let (begun, step) = (Instant::now(), Duration::from_millis(5));
    let mut late = Vec::new();
    while begun.elapsed() < Duration::from_secs(seconds) {
        let due = Instant::now() + step;
        std::thread::sleep(step);
        late.push(due.elapsed().as_millis());
    }
    late.sort_unstable();
    let at = |percent: usize| late.get(late.len() * percent / 100).copied().unwrap_or_default();
    let worst = late.last().context("no time")?;
    println!("a process that only sleeps: late p50 {} p99 {} worst {worst} msec", at(50), at(99));
    Ok(())
}

fn prepare(root: &Path, agent: u16, port: u16) -> anyhow::Result<()> {
    for directory in ["etc/platform", "etc/mtc", "var/run", "q"] {
        std::fs::create_dir_all(root.join(directory))?;
    }
    std::fs::write(root.join("etc/platform/platform.conf"), "management_interface=lo\nsubfunction=worker\n")?;
    std::fs::write(root.join("etc/platform/.initial_config_complete"), "")?;
    std::fs::write(root.join("var/run/.goenabled"), "")?;
    let ini = format!(
        "[agent]\nrx_port={agent}\n[client]\nrx_port={port}\nhbs_failure_threshold=1\nhbs_pulse_period=400\n\
         channel_dir=/q\nbind_address=127.0.0.2\n"
    );
    std::fs::write(root.join("etc/mtc/guestServer.ini"), ini)?;
    Ok(())
}

fn count(events: &UdpSocket, told: &Told) {
    let mut buffer = [0; 2048];
    while let Ok((length, _)) = events.recv_from(&mut buffer) {
        match AgentEvent::decode(&buffer[..length]) {
            Ok(AgentEvent::Running(_)) => told.running.fetch_add(1, Ordering::Relaxed),
            Ok(AgentEvent::Stopped(_)) => told.stopped.fetch_add(1, Ordering::Relaxed),
            Ok(AgentEvent::Loss { .. }) => told.lost.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    }
}

/// All guests in one thread: each begins when it is connected, and answers at once.
fn play_guests(listeners: Vec<UnixListener>) -> anyhow::Result<()> {
    let epoll = Epoll::new(EpollCreateFlags::empty())?;
    for (index, listener) in listeners.iter().enumerate() {
        epoll.add(listener.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, index as u64))?;
    }
    let base = listeners.len() as u64;
    let mut guests: HashMap<u64, Guest> = HashMap::new();
    let mut events = vec![EpollEvent::empty(); 256];
    let mut buffer = [0; 4096];
    loop {
        let count = epoll.wait(&mut events, EpollTimeout::NONE)?;
        for event in &events[..count] {
            let token = event.data();
            if let Some(listener) = usize::try_from(token).ok().and_then(|index| listeners.get(index)) {
                let (stream, _) = listener.accept()?;
                epoll.add(stream.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, base + token))?;
                let mut guest = Guest { stream, framer: JsonLines::new(MAX_LENGTH), sequence: 1 };
                guest.stream.write_all(&GuestMessage::Init(init(token)).encode(1))?;
                guests.insert(base + token, guest);
                continue;
            }
            let Some(guest) = guests.get_mut(&token) else { continue };
            let length = guest.stream.read(&mut buffer)?;
            for frame in guest.framer.on_bytes(&buffer[..length]) {
                let Ok(HostMessage::Challenge { challenge }) =
                    HostMessage::decode(&frame?).map(|read| read.message)
                else {
                    continue;
                };
                guest.sequence += 1;
                let answer = GuestMessage::ChallengeResponse(ChallengeResponse {
                    response: challenge,
                    health: Health::Healthy.into(),
                    corrective_action: CorrectiveAction::Reboot.into(),
                    log: String::new(),
                });
                guest.stream.write_all(&answer.encode(guest.sequence))?;
            }
        }
    }
}

fn init(guest: u64) -> Init {
    let time = Duration::from_secs(9);
    Init {
        invocation_id: i32::try_from(guest).unwrap_or_default(),
        name: format!("vm{guest}"),
        heartbeat_interval: INTERVAL,
        vote: time,
        shutdown_notice: time,
        suspend_notice: time,
        resume_notice: time,
        restart: time,
        corrective_action: CorrectiveAction::Reboot.into(),
    }
}

fn processor_time(pid: Pid) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    // A tick is a hundredth of a second on every Linux that matters here.
    Ok(Duration::from_millis(ticks * 10))
}

fn memory(pid: Pid) -> anyhow::Result<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let lines = status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"));
    Ok(lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", "))
}
