//! Finding nfv-vim among the processes.

use std::path::Path;
use std::time::{Duration, SystemTime};

const PROGRAM: &str = "nfv-vim";
/// Ticks of `/proc/<pid>/stat` in a second; the kernel's interface has always had 100.
const TICKS: u64 = 100;
/// Position of the start time behind the process's name in `/proc/<pid>/stat`.
const START_TIME: usize = 19;

/// nfv-vim as a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) pid: u32,
    pub(super) since: SystemTime,
}

/// The process that the pid file names, or else one that was started with this configuration. A pid file may outlive
/// its process, and the pid be another program's.
pub(super) fn find(pid_file: &Path, config: &Path) -> Option<Running> {
    let named = std::fs::read_to_string(pid_file).ok().and_then(|text| text.trim().parse().ok());
    if let Some(pid) = named
        && is_nfv_vim(pid, None)
    {
        return running(pid);
    }
    let processes = std::fs::read_dir("/proc").ok()?;
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| is_nfv_vim(*pid, Some(config))).find_map(running)
}

/// The process runs the program; with a configuration: that one. A dead one that nobody has waited for does not.
fn is_nfv_vim(pid: u32, config: Option<&Path>) -> bool {
    let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    let mut words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let program = words.next().unwrap_or_default();
    let named = Path::new(program.as_ref()).file_name().is_some_and(|name| name == PROGRAM);
    named && config.is_none_or(|config| words.any(|word| Path::new(word.as_ref()) == config))
}

fn running(pid: u32) -> Option<Running> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // the name may hold blanks and brackets
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: u64 = fields.split(' ').nth(START_TIME)?.parse().ok()?;
    let boot = std::fs::read_to_string("/proc/stat").ok()?;
    let boot: u64 = boot.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    let since =
        SystemTime::UNIX_EPOCH + Duration::from_secs(boot) + Duration::from_millis(ticks * 1000 / TICKS);
    Some(Running { pid, since })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_been_running_for_a_while_and_is_not_the_vim() {
        let own = std::process::id();
        let since = running(own).unwrap().since;
        let ago = SystemTime::now().duration_since(since).unwrap_or_default();
        assert!(ago < Duration::from_secs(24 * 3600), "{ago:?}");
        assert!(!is_nfv_vim(own, None));
    }
}
