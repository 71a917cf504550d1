//! `nfv-forensic`: what happened, according to the VIM's log. Contract: deployment 7.1.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

/// The output is written in blocks of this size.
const BLOCK: usize = 64 * 1024;

fn main() -> ExitCode {
    let mut stdout = BufWriter::with_capacity(BLOCK, io::stdout().lock());
    let ran = nfv_tools::forensic::run(std::env::args_os().skip(1), &mut stdout, &mut io::stderr());
    match ran.and_then(|code| stdout.flush().map(|()| code)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // a reader that has seen enough, `| head`, is no failure worth a word
            if error.kind() != io::ErrorKind::BrokenPipe {
                eprintln!("nfv-forensic: cannot write the report: {error}");
            }
            ExitCode::FAILURE
        }
    }
}
