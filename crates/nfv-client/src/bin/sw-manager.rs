//! `sw-manager`: software patches and upgrades from the command line.

use nfv_client::console::Console;
use nfv_client::run::{INTERRUPTED, run};
use std::process::ExitCode;

const NAME: &str = "sw-manager";

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            Console::standard().err(&format!("{NAME}: cannot start: {error}\n"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        tokio::select! {
            code = start() => code,
            _ = tokio::signal::ctrl_c() => {
                Console::standard().out(INTERRUPTED);
                0
            }
        }
    });
    // a name that is being looked up must not keep the process
    runtime.shutdown_background();
    ExitCode::from(code)
}

async fn start() -> u8 {
    let mut console = Console::standard();
    let mut arguments = Vec::new();
    let mut all = std::env::args_os();
    let path = all.next().unwrap_or_default();
    let prog = std::path::Path::new(&path).file_name().map_or(NAME.into(), |name| name.to_string_lossy());
    for argument in all {
        match argument.into_string() {
            Ok(argument) => arguments.push(argument),
            Err(odd) => {
                console.err(&format!("{prog}: error: argument {} is not UTF-8\n", odd.to_string_lossy()));
                return 2;
            }
        }
    }
    let environment = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    run(&prog, &arguments, &environment, &mut console).await
}
