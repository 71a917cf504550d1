//! The VM itself: the system's files of its vCPUs, and the application's script.

use std::fs::{File, OpenOptions, read_to_string};
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use guest_comm::app_socket::error_text;
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::agent::{Line, Machine, ScriptEnd, SetLine};

/// Time between two looks whether a script has ended.
const SCRIPT_LOOK: Duration = Duration::from_millis(10);
/// vCPUs a list of the system may name.
const CPU_LIMIT: u32 = 8192;

/// The VM.
#[derive(Clone, Debug)]
pub struct Vm {
    /// `/sys/devices/system/cpu`.
    pub cpus: PathBuf,
    /// The application's script.
    pub script: PathBuf,
    /// How long a script may run before it is killed. (The host gives up much earlier, but a script may be slow and its
    /// work still be of use.)
    pub script_limit: Duration,
}

impl Machine for Vm {
    fn ask_script(&mut self) -> ScriptEnd {
        self.run(&["--cpu_del"])
    }

    fn tell_script(&mut self, cpu: i32, online: &str) -> ScriptEnd {
        self.run(&["--cpu_add", &cpu.to_string(), online])
    }

    fn set_line(&mut self, cpu: i32, line: Line) -> SetLine {
        let path = self.cpus.join(format!("cpu{cpu}/online"));
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) => {
                return SetLine::Failed(format!("can't open cpu online path: {}", error_text(&error)));
            }
        };
        match is_in_line(&mut file, line) {
            Ok(true) => return SetLine::Already,
            Ok(false) => {}
            Err(error) => {
                return SetLine::Failed(format!("can't read cpu online value: {}", error_text(&error)));
            }
        }
        match file.write_all(line.digit().to_string().as_bytes()) {
            Ok(()) => SetLine::Done,
            Err(_) => SetLine::Failed(format!("can't set cpu {cpu} {}", line.as_str())),
        }
    }

    fn online(&mut self) -> Result<Vec<u32>, String> {
        let path = self.cpus.join("online");
        let text = read_to_string(&path);
        let text = text.map_err(|error| format!("can't read {}: {}", path.display(), error_text(&error)))?;
        cpus(&text).ok_or_else(|| "format error, unable to parse range\n".to_owned())
    }
}

impl Vm {
    fn run(&self, arguments: &[&str]) -> ScriptEnd {
        let missing =
            || ScriptEnd::Failed("problem with shell or helper script, possibly script missing".into());
        match run_limited(command(&self.script, arguments), self.script_limit) {
            Ok(Some(status)) => match status.code() {
                Some(127) => missing(),
                Some(code) => ScriptEnd::Exited(code),
                None => ScriptEnd::Failed(format!("helper script was ended by a signal ({status})")),
            },
            Ok(None) => {
                let limit = self.script_limit.as_secs_f32();
                ScriptEnd::Failed(format!("helper script did not end within {limit} s and was killed"))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing(),
            Err(error) => ScriptEnd::Failed(format!("helper script cannot be run: {}", error_text(&error))),
        }
    }
}

/// The script by itself; through the shell when it does not say what runs it.
fn command(script: &Path, arguments: &[&str]) -> Command {
    let mut start = [0; 2];
    let named = File::open(script).and_then(|mut file| file.read_exact(&mut start)).is_ok();
    let binary = start == [0x7f, b'E'] || start == *b"#!";
    let mut command = Command::new(if named && !binary { Path::new("/bin/sh") } else { script });
    if named && !binary {
        command.arg(script);
    }
    command.args(arguments);
    command
}

/// Runs a command in a process group of its own, without input. `None`: it was killed, with all it had started, because
/// it took longer than `limit`.
pub fn run_limited(mut command: Command, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut child = command.stdin(Stdio::null()).process_group(0).spawn()?;
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            if let Ok(group) = i32::try_from(child.id()) {
                match killpg(Pid::from_raw(group), Signal::SIGKILL) {
                    Ok(()) | Err(Errno::ESRCH) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            child.wait()?;
            return Ok(None);
        }
        sleep(SCRIPT_LOOK);
    }
}

fn is_in_line(file: &mut File, line: Line) -> io::Result<bool> {
    let mut value = [0];
    file.read_exact(&mut value)?;
    let [value] = value;
    // the system's files are written from their beginning wherever one has read to
    io::Seek::rewind(file)?;
    Ok(char::from(value) == line.digit())
}

/// The numbers of a list like `0,2-5`, in order.
fn cpus(text: &str) -> Option<Vec<u32>> {
    let text = text.trim();
    let mut numbers = Vec::new();
    if text.is_empty() {
        return Some(numbers);
    }
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
        if last >= CPU_LIMIT || first > last {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir_all, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn vm(dir: &Path) -> Vm {
        Vm { cpus: dir.join("cpu"), script: dir.join("script"), script_limit: Duration::from_secs(60) }
    }

    fn script(vm: &Vm, text: &str) {
        write(&vm.script, text).unwrap();
        set_permissions(&vm.script, PermissionsExt::from_mode(0o755)).unwrap();
    }

    #[test]
    fn lists_of_the_system_are_read() {
        let cases = [
            ("0-3\n", Some(vec![0, 1, 2, 3])),
            ("0,2-3,7\n", Some(vec![0, 2, 3, 7])),
            ("0\n", Some(vec![0])),
            ("\n", Some(vec![])),
            ("x", None),
            ("3-", None),
            ("3-1", None),
            ("0-99999999", None),
            ("1,,2", None),
        ];
        for (text, numbers) in cases {
            assert_eq!(cpus(text), numbers, "{text}");
        }
    }

    #[test]
    fn a_vcpu_is_put_on_and_off_line() {
        let dir = tempfile::tempdir().unwrap();
        let mut vm = vm(dir.path());
        create_dir_all(vm.cpus.join("cpu1")).unwrap();
        let file = vm.cpus.join("cpu1/online");
        write(&file, "1\n").unwrap();
        assert_eq!(vm.set_line(1, Line::On), SetLine::Already);
        assert_eq!(vm.set_line(1, Line::Off), SetLine::Done);
        assert_eq!(read_to_string(&file).unwrap(), "0\n");
        assert_eq!(vm.set_line(1, Line::Off), SetLine::Already);
        assert_eq!(vm.set_line(1, Line::On), SetLine::Done);
        assert_eq!(
            vm.set_line(2, Line::On),
            SetLine::Failed("can't open cpu online path: No such file or directory".into())
        );
        write(&file, "").unwrap();
        assert!(
            matches!(vm.set_line(1, Line::On), SetLine::Failed(why) if why.starts_with("can't read cpu"))
        );
        assert!(vm.online().unwrap_err().starts_with("can't read "));
        write(vm.cpus.join("online"), "0-1\n").unwrap();
        assert_eq!(vm.online(), Ok(vec![0, 1]));
    }

    #[test]
    fn the_script_says_which_one_or_fails() {
        let dir = tempfile::tempdir().unwrap();
        let mut vm = vm(dir.path());
        let missing =
            ScriptEnd::Failed("problem with shell or helper script, possibly script missing".into());
        assert_eq!(vm.ask_script(), missing);
        script(&vm, "#!/bin/sh\n[ \"$*\" = --cpu_del ] && exit 3\nexit 9\n");
        assert_eq!(vm.ask_script(), ScriptEnd::Exited(3));
        // a script that does not say what runs it, and what it is told, unharmed by a shell
        let arguments = dir.path().join("arguments");
        script(&vm, &format!("printf '%s|' \"$@\" > {}\n", arguments.display()));
        assert_eq!(vm.tell_script(3, "[0,1,\"; exit 5\"]"), ScriptEnd::Exited(0));
        assert_eq!(read_to_string(arguments).unwrap(), "--cpu_add|3|[0,1,\"; exit 5\"]|");
        script(&vm, "#!/bin/sh\nexit 127\n");
        assert_eq!(vm.ask_script(), missing);
        script(&vm, "#!/bin/sh\nkill -9 $$\n");
        assert!(matches!(vm.ask_script(), ScriptEnd::Failed(why) if why.contains("signal")));
        script(&vm, "#!/nowhere/interpreter\n");
        assert_eq!(vm.ask_script(), missing);
    }

    #[test]
    fn a_script_that_hangs_is_killed_with_what_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let mut vm = vm(dir.path());
        vm.script_limit = Duration::from_millis(500);
        let pid = dir.path().join("pid");
        script(&vm, &format!("#!/bin/sh\nsleep 1000 &\necho $! > {}\nwait\n", pid.display()));
        assert!(matches!(vm.ask_script(), ScriptEnd::Failed(why) if why.contains("was killed")));
        if let Ok(text) = read_to_string(pid) {
            let sleeper = Pid::from_raw(text.trim().parse().unwrap());
            let deadline = Instant::now() + Duration::from_secs(60);
            while nix::sys::signal::kill(sleeper, None).is_ok() && !is_zombie(sleeper) {
                assert!(Instant::now() < deadline, "{sleeper} still runs");
                sleep(SCRIPT_LOOK);
            }
        }
    }

    fn is_zombie(pid: Pid) -> bool {
        read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }
}
