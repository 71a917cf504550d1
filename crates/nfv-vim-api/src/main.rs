//! `nfv-vim-api`: the process. Contract: vim-api 1.1; deployment 4.2, 4.3.

use nfv_vim_api::{ExitStatus, run};
use std::path::PathBuf;
use std::process::ExitCode;
use structopt::StructOpt;
use structopt::clap::ErrorKind;

/// Options of the process.
#[derive(Debug, StructOpt)]
#[structopt(name = "nfv-vim-api", about = "REST API of the Virtual Infrastructure Manager")]
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
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{}", error.message);
            return ExitCode::from(ExitStatus::BadOptions.code());
        }
    };
    if options.tox {
        eprintln!("nfv-vim-api: test mode is the same as the ordinary one here");
    }
    ExitCode::from(run(options.config.as_deref()).code())
}
