//! `nfv-vim`: the VIM process. Contract: deployment 4.2, 4.3.

use nfv_vim::runtime;
use std::path::PathBuf;
use std::process::ExitCode;
use structopt::StructOpt;

/// Options of the process.
#[derive(Debug, StructOpt)]
#[structopt(name = "nfv-vim", about = "Virtual Infrastructure Manager")]
struct Options {
    /// configuration file
    #[structopt(short = "c", long = "config", parse(from_os_str))]
    config: PathBuf,
    /// tox test environment
    #[structopt(short = "t", long = "tox")]
    tox: bool,
}

fn main() -> ExitCode {
    // the original ends with 1 for help and bad options alike (deployment 4.3)
    let options = match Options::from_args_safe() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{}", error.message);
            return ExitCode::from(runtime::ExitStatus::BadStart.code());
        }
    };
    if options.tox {
        eprintln!("nfv-vim: test mode is the same as the ordinary one here");
    }
    ExitCode::from(runtime::run(&options.config).code())
}
