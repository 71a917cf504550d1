//! `nfv-vim-manage status`: how nfv-vim is, for an operator at a controller.
//!
//! Everything is looked at from outside (process, ports, flag files, database file), so that it also tells about a VIM
//! that hangs or is not there.

mod process;
mod site;

use nfv_common::argparse::{Opt, Parser, Takes};
use nfv_common::config::Settings;
use nfv_vim_db::check::{Check, Severity, check};
use nfv_vim_db::manage::{self, Outcome};
use process::{Running, find};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Below the help.
const EXIT_CODES: &str = "
exit code: 0 nfv-vim runs, 1 it cannot be told, 2 wrong options, 3 nfv-vim does not run,
  4 it runs, but a port is closed, audits have stopped or the database is damaged
";
const WHAT: &str =
    "Tell how nfv-vim is: process, ports, flag files, audits, database, hosts, instances, alarms";

fn parser() -> Parser {
    Parser::new("nfv-vim-manage").usage("nfv-vim-manage status [-h] [-c CONFIG]").description(WHAT).option(
        Opt::new(&["-c", "--config"], Takes::Text).help("configuration file (/etc/nfv/vim/config.ini)"),
    )
}

const CONFIG: &str = "/etc/nfv/vim/config.ini";
const RUN_DIRECTORY: &str = "/var/run";
const PID_FILE: &str = "nfv-vim.pid";
/// The flag files, and what each says when it is there. Contract: deployment 8.1.
const FLAGS: [(&str, &str); 3] = [
    (".nfv-vim.not_running", "nfv-vim has ended; the service manager starts it again"),
    (".nfv-vim.dor_complete", "recovery from a power failure of the site is over"),
    (".nfv-vim.unlock_complete", "instances stopped by a lock of the only host have been started"),
];
/// Its time is that of the last round of audits.
const AUDIT_ROUND: &str = ".nfv-vim.audit_round";
/// A round takes a minute or two; after this long without one something is wrong.
const AUDIT_LIMIT: Duration = Duration::from_secs(600);
/// How long a port may take to answer.
const PORT_LIMIT: Duration = Duration::from_secs(2);

const UNTELLABLE: u8 = 1;
const NOT_RUNNING: u8 = 3;
const TROUBLED: u8 = 4;

/// Runs the command with the arguments after its name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Outcome {
    let values = match parser().read(arguments) {
        Ok(values) => values,
        Err(stop) => return manage::stopped(stop, EXIT_CODES),
    };
    let config = Path::new(values.text("config").unwrap_or(CONFIG));
    if !config.exists() {
        return untellable(&format!("configuration file {} does not exist", config.display()));
    }
    match Settings::load(config) {
        Ok(settings) => Look::at(&settings, config).tell(),
        Err(error) => untellable(&error.to_string()),
    }
}

fn untellable(why: &str) -> Outcome {
    Outcome { stdout: format!("{why}\n"), code: UNTELLABLE, ..Outcome::default() }
}

/// A port that nfv-vim listens on.
struct Port {
    what: &'static str,
    at: String,
    open: bool,
}

/// What was seen.
struct Look {
    process: Option<Running>,
    ports: Vec<Port>,
    flags: Vec<&'static str>,
    audited: Option<SystemTime>,
    database: Result<Box<Check>, String>,
}

impl Look {
    fn at(settings: &Settings, config: &Path) -> Self {
        let run_dir = PathBuf::from(settings.get_or("vim", "run_dir", RUN_DIRECTORY));
        let database = match settings.get("database", "database_dir") {
            Some(directory) => check(Path::new(directory)).map(Box::new).map_err(|error| error.to_string()),
            None => Err("[database] database_dir is not configured".to_owned()),
        };
        Self {
            process: find(&run_dir.join(PID_FILE), config),
            ports: ports(settings),
            flags: FLAGS
                .iter()
                .filter(|(name, _)| run_dir.join(name).exists())
                .map(|(_, says)| *says)
                .collect(),
            audited: std::fs::metadata(run_dir.join(AUDIT_ROUND)).and_then(|file| file.modified()).ok(),
            database,
        }
    }

    fn tell(&self) -> Outcome {
        let mut text = String::new();
        let mut troubled = false;
        // Writing to a String cannot fail.
        match &self.process {
            Some(Running { pid, since }) => {
                let _ = writeln!(text, "nfv-vim: runs, process {pid}, since {}", moment(*since));
            }
            None => text.push_str("nfv-vim: does not run\n"),
        }
        for port in self.ports.iter().filter(|port| self.process.is_some() || port.open) {
            let state = if port.open { "open" } else { "CLOSED" };
            troubled |= !port.open;
            let _ = writeln!(text, "Port {} ({}): {state}", port.at, port.what);
        }
        for says in &self.flags {
            let _ = writeln!(text, "Flag: {says}");
        }
        match self.audited {
            Some(time) => {
                let _ = writeln!(text, "Last round of audits: {}", moment(time));
                troubled |= time.elapsed().is_ok_and(|ago| ago > AUDIT_LIMIT);
            }
            None => text.push_str("Last round of audits: none since this controller started\n"),
        }
        match &self.database {
            Ok(check) => {
                let result = match check.worst() {
                    None | Some(Severity::Note) => "nothing is wrong",
                    Some(Severity::Warning) => "with warnings, see nfv-vim-manage db-check",
                    Some(Severity::Error) => "DAMAGED, see nfv-vim-manage db-check",
                };
                troubled |= check.worst() == Some(Severity::Error);
                let _ = writeln!(text, "Database {}: {result}", check.path.display());
                site::tell(&check.snapshot, &mut text);
            }
            Err(error) => {
                troubled = true;
                let _ = writeln!(text, "Database: {error}");
            }
        }
        let code = match (&self.process, troubled) {
            (None, _) => NOT_RUNNING,
            (Some(_), true) => TROUBLED,
            (Some(_), false) => 0,
        };
        Outcome { stdout: text, code, ..Outcome::default() }
    }
}

/// Local time, and how long ago.
fn moment(time: SystemTime) -> String {
    let shown = jiff::Timestamp::try_from(time)
        .map(|time| time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default();
    format!("{shown} ({} ago)", span(time.elapsed().unwrap_or_default()))
}

fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 86_400, seconds / 3600, seconds / 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}

/// The ports in the configuration; those of plugins that cannot be read are left out.
fn ports(settings: &Settings) -> Vec<Port> {
    let plugins = settings.get("nfvi", "config_file").and_then(|file| Settings::load(file).ok());
    let mut ports = Vec::new();
    let mut add = |what, settings: Option<&Settings>, section, host, port| {
        let Some(settings) = settings else { return };
        if let (Some(host), Some(port)) = (settings.get(section, host), settings.get(section, port)) {
            let at = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
            let open = is_open(&at);
            ports.push(Port { what, at, open });
        }
    };
    add("nfv-vim-api", Some(settings), "vim", "rpc_host", "rpc_port");
    let plugins = plugins.as_ref();
    add("maintenance", plugins, "infrastructure-rest-api", "host", "port");
    add("guests", plugins, "guest-rest-api", "host", "port");
    add("nova-api-proxy", plugins, "compute-rest-api", "host", "port");
    add("hosts that boot", plugins, "host-listener", "host", "port");
    ports
}

fn is_open(at: &str) -> bool {
    let addresses = at.to_socket_addrs().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    addresses.iter().any(|address| TcpStream::connect_timeout(address, PORT_LIMIT).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_two_units_at_most() {
        for (seconds, text) in
            [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3660, "1 h 1 min"), (90_000, "1 d 1 h")]
        {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_site_where_nothing_runs_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let config = at("config.ini");
        let text = format!(
            "[database]\ndatabase_dir={}\n[vim]\nrpc_host=127.0.0.1\nrpc_port=1\nrun_dir={}\n",
            at("db").display(),
            at("run").display()
        );
        std::fs::write(&config, text).unwrap();
        std::fs::create_dir(at("run")).unwrap();
        std::fs::write(at("run/.nfv-vim.not_running"), "").unwrap();
        // a process that has long been gone
        std::fs::write(at("run/nfv-vim.pid"), "999999999\n").unwrap();
        let told = run(["-c".into(), config.clone().into_os_string()]);
        assert_eq!(told.code, NOT_RUNNING);
        assert!(told.stdout.starts_with("nfv-vim: does not run\nFlag: nfv-vim has ended"), "{}", told.stdout);
        assert!(told.stdout.contains("there is no database"), "{}", told.stdout);
        assert_eq!(run(["-c".into(), at("none").into_os_string()]).code, UNTELLABLE);
        assert_eq!(run(["-x".into()]).code, 2);
        assert!(run(["--he".into()]).stdout.contains("exit code"));
    }
}
