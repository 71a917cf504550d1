//! Stands in for a daemon in the tests of the init scripts, which know a daemon by its executable: writes its pid to the
//! file that `STAND_IN_PID_FILE` names and lives until a signal ends it. Arguments are not looked at.

fn main() -> std::io::Result<()> {
    if let Some(file) = std::env::var_os("STAND_IN_PID_FILE") {
        std::fs::write(file, std::process::id().to_string())?;
    }
    loop {
        std::thread::park();
    }
}
