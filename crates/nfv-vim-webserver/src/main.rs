//! `nfv-vim-webserver`: the dashboard. Contract: deployment 4.2, 4.3.

use nfv_vim_webserver::process::{self, ExitStatus};
use std::path::PathBuf;
use std::process::ExitCode;
use structopt::StructOpt;
use structopt::clap::ErrorKind;

/// Options of the process.
#[derive(Debug, StructOpt)]
#[structopt(name = "nfv-vim-webserver", about = "Virtual Infrastructure Manager Web Server")]
struct Options {
    /// configuration file
    #[structopt(short = "c", long = "config", parse(from_os_str))]
    config: Option<PathBuf>,
    /// tox test environment
    #[structopt(short = "t", long = "tox")]
    tox: bool,
}

fn main() -> ExitCode {
    let options = match Options::from_args_safe() {
        Ok(options) => options,
        Err(error) if matches!(error.kind, ErrorKind::HelpDisplayed | ErrorKind::VersionDisplayed) => {
            println!("{}", error.message);
            return ExitCode::from(ExitStatus::Done.code());
        }
        Err(error) => {
            eprintln!("{}", error.message);
            return ExitCode::from(ExitStatus::BadOption.code());
        }
    };
    if options.tox {
        eprintln!("nfv-vim-webserver: test mode is the same as the ordinary one here");
    }
    ExitCode::from(process::run(options.config.as_deref()).code())
}
