//! Fills a directory with the database and files of a large site, and changes them while somebody looks.
//!
//! ```text
//! dashboard_site DIR fill HOSTS INSTANCES     database and files
//! dashboard_site DIR fail INSTANCE            an instance fails, with an event log
//! dashboard_site DIR recover INSTANCE         it runs again
//! dashboard_site DIR host NAME failed|well    a host fails or comes back
//! dashboard_site DIR advance STAGES           the strategy goes on
//! dashboard_site DIR decide INSTANCE UNTIL    it is to be rebooted, and that is awaited
//! dashboard_site DIR done INSTANCE            it was
//! dashboard_site DIR storm COUNT              so many instances change, ten in each transaction
//! ```

#[path = "../tests/site/mod.rs"]
mod site;

use anyhow::{Context, bail};
use nfv_common::event_log::EventId;
use nfv_vim_db::{Database, Write};
use site::{BROKEN, FAILED, RUNNING, Size, WELL, compute_name, decisions, place, uuid};
use std::io::Write as _;
use std::path::Path;

const SIZE_FILE: &str = "size";
/// Number of the decision that is made while somebody looks.
const DECISION: i64 = 1000;

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [directory, command @ ..] = words.as_slice() else { bail!("a directory is needed") };
    let directory = Path::new(directory);
    if let ["fill", hosts, instances] = command {
        let size = Size { computes: hosts.parse()?, instances: instances.parse()? };
        std::fs::create_dir_all(directory)?;
        std::fs::write(directory.join(SIZE_FILE), format!("{hosts} {instances}"))?;
        let mut database = Database::open(&directory.join("db"))?;
        for writes in site::writes(&size).chunks(1000) {
            database.apply(writes)?;
        }
        database.close()?;
        std::fs::write(directory.join("events.log"), site::event_file(400))?;
        std::fs::write(directory.join("alarms.log"), "")?;
        return Ok(());
    }
    let text = std::fs::read_to_string(directory.join(SIZE_FILE)).context("not filled yet")?;
    let (hosts, instances) = text.split_once(' ').context("odd size")?;
    let size = Size { computes: hosts.parse()?, instances: instances.parse()? };
    let mut database = Database::open(&directory.join("db"))?;
    match command {
        [what @ ("fail" | "recover"), number] => {
            let number: usize = number.parse()?;
            let host = compute_name(place(number, &size));
            let (states, event, words) = match *what {
                "fail" => (BROKEN, EventId::InstanceFailed, "has failed"),
                _ => (RUNNING, EventId::InstanceRebooted, "runs again"),
            };
            database.apply(&[Write::PutInstance(site::instance(number, &host, states))])?;
            let now = std::process::Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%S.%6NZ"]).output()?;
            let now = String::from_utf8(now.stdout)?;
            let text = format!("Instance {number} {words} on host {host}");
            let record = site::log_record(9000 + number as u64, event, &uuid(2, number), &text, now.trim());
            let mut file = std::fs::File::options().append(true).open(directory.join("events.log"))?;
            file.write_all(record.as_bytes())?;
        }
        ["host", name, state] => {
            let states = if *state == "failed" { FAILED } else { WELL };
            database.apply(&[Write::PutHost(site::host(name, "worker", states))])?;
        }
        ["decide", number, until] => {
            database.apply(&[decisions::under_way(DECISION, number.parse()?, "reboot", until)])?;
        }
        ["done", number] => {
            let key = uuid(2, number.parse()?);
            let more = serde_json::json!({});
            database.apply(&[decisions::decision(
                DECISION,
                "instance",
                &key,
                "reboot",
                "it has failed",
                more,
            )])?;
        }
        ["advance", done] => database.apply(&[Write::PutSwUpdate(site::strategy(&size, done.parse()?))])?,
        ["storm", count] => {
            let count: usize = count.parse()?;
            for first in (0..count).step_by(10) {
                let writes: Vec<Write> = (first..(first + 10).min(count))
                    .map(|number| {
                        let number = number % size.instances;
                        let host = compute_name((place(number, &size) + first) % size.computes);
                        Write::PutInstance(site::instance(number, &host, RUNNING))
                    })
                    .collect();
                database.apply(&writes)?;
            }
        }
        _ => bail!("unknown command"),
    }
    database.close()?;
    Ok(())
}
