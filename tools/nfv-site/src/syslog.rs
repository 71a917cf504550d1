//! A stand-in for a controller's syslog-ng: takes the VIM's datagrams and writes the lines of `nfv-vim.log`.
//!
//! `<14>Jan 23 19:41:01.166   VIM_Thread[1]:   VIM_Thread[1]  INFO …` becomes
//! `2019-01-23T19:41:01.166 controller-0   VIM_Thread[1]  INFO …`. Contract: deployment 4.4.

use anyhow::Context;
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const HOST: &str = "controller-0";
const LONGEST: usize = 256 * 1024;
/// How often it is looked whether the site has ended.
const TURN: Duration = Duration::from_millis(200);

/// The listener; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Syslog {
    ending: Arc<AtomicBool>,
    socket: PathBuf,
}

impl Syslog {
    pub(crate) fn start(socket: &Path, file: &Path) -> anyhow::Result<Self> {
        if let Some(directory) = file.parent() {
            std::fs::create_dir_all(directory)?;
        }
        // one that an earlier site in the same directory has left
        let _ = std::fs::remove_file(socket);
        let listener =
            UnixDatagram::bind(socket).with_context(|| format!("cannot listen at {}", socket.display()))?;
        listener.set_read_timeout(Some(TURN))?;
        let mut out = std::fs::File::options().create(true).append(true).open(file)?;
        let ending = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ending);
        std::thread::spawn(move || {
            let mut buffer = vec![0; LONGEST];
            while !ended.load(Ordering::Relaxed) {
                if let Ok(length) = listener.recv(&mut buffer)
                    && let Some(line) = filed(&String::from_utf8_lossy(&buffer[..length]))
                {
                    // a site that is removed takes its log along
                    let _ = out.write_all(line.as_bytes());
                }
            }
        });
        Ok(Self { ending, socket: socket.to_owned() })
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// The line for the file; none for what is not of the VIM.
fn filed(datagram: &str) -> Option<String> {
    let text = datagram.trim_end_matches(['\0', '\n']);
    let (_, text) = text.split_once('>')?;
    let (date, rest) = text.split_at_checked("Jan 23 19:41:01.166".len())?;
    let (program, message) = rest.split_once("]:")?;
    program.trim_start().starts_with("VIM_").then_some(())?;
    let year = jiff::Zoned::now().year();
    let time = jiff::civil::DateTime::strptime("%Y %b %d %H:%M:%S%.f", format!("{year} {date}")).ok()?;
    Some(format!("{} {HOST}{message}\n", time.strftime("%Y-%m-%dT%H:%M:%S.%3f")))
}

#[cfg(test)]
mod tests {
    use super::filed;

    #[test]
    fn a_datagram_becomes_the_line_of_the_contract() {
        let who = format!("{:>36}[6581]", "VIM_Thread");
        let rest = "     INFO                     _host_state_enabled.py.27    Entering state (enabled) for compute-0.";
        let line = filed(&format!("<14>Jan 23 19:41:01.166 {who}: {who}{rest}\0")).unwrap();
        let year = jiff::Zoned::now().year();
        assert_eq!(line, format!("{year}-01-23T19:41:01.166 controller-0 {who}{rest}\n"));
        assert_eq!(filed("<14>Jan 23 19:41:01.166 other[1]: x"), None);
        assert_eq!(filed("x"), None);
    }
}
