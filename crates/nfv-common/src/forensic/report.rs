//! What `nfv-forensic` prints: a time line, then what was last seen.
//!
//! Contract: deployment 7.1.

use std::collections::HashMap;
use std::io::{self, Write};

use super::{Director, End, Record, RecordType, Stamp};

/// Writes the time line while records arrive, the states last seen at the end.
pub struct Report<W> {
    out: W,
    /// When each host entered its state.
    hosts: HashMap<Vec<u8>, Stamp>,
    /// The state each instance entered last.
    instances: HashMap<Vec<u8>, (Stamp, Vec<u8>)>,
    hosts_seen: HashMap<Vec<u8>, (Stamp, Vec<u8>)>,
    instances_seen: HashMap<Vec<u8>, (Stamp, Vec<u8>)>,
}

impl<W: Write> Report<W> {
    /// Begins a report.
    ///
    /// # Errors
    /// Writing failed, here and below.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(b"\nAnalysis:\n")?;
        Ok(Self {
            out,
            hosts: HashMap::new(),
            instances: HashMap::new(),
            hosts_seen: HashMap::new(),
            instances_seen: HashMap::new(),
        })
    }

    /// Adds a record; they come in the order of time.
    ///
    /// # Errors
    /// Writing failed.
    pub fn record(&mut self, record: Record) -> io::Result<()> {
        let name = |field| record.field(field).to_vec();
        match record.kind {
            RecordType::HostState(_) => {
                let before = self.hosts.insert(name("host_name"), record.time);
                self.entry("  ", record.time, before.map(|before| (before, record.time)), &record.log)
            }
            RecordType::Director(Director::Evacuate | Director::Migrate, end) => {
                let mark = match end {
                    End::Failed | End::TimedOut => " ** ",
                    End::Completed | End::Inprogress => "    ",
                };
                self.entry(mark, record.time, None, &record.log)
            }
            RecordType::InstanceState(_) => {
                self.instances.insert(name("instance_name"), (record.time, record.log));
                Ok(())
            }
            RecordType::InstanceInitial => {
                let Some((entered, log)) = self.instances.get(record.field("instance_name")) else {
                    return Ok(());
                };
                let (entered, log) = (*entered, log.clone());
                self.entry("    ", entered, Some((entered, record.time)), &log)
            }
            RecordType::NfviAction => self.entry("    ", record.time, None, &record.log),
            RecordType::HostNfviStateChange => {
                let (key, text) = (name("host_name"), host_text(&record));
                self.hosts_seen.insert(key, (record.time, text));
                Ok(())
            }
            RecordType::InstanceNfviStateChange => {
                let (key, text) = (name("instance_name"), instance_text(&record));
                self.instances_seen.insert(key, (record.time, text));
                Ok(())
            }
            RecordType::InstanceEnd(..) | RecordType::Callback(_) | RecordType::Guest(_) => Ok(()),
        }
    }

    fn entry(
        &mut self,
        mark: &str,
        time: Stamp,
        elapsed: Option<(Stamp, Stamp)>,
        log: &[u8],
    ) -> io::Result<()> {
        match elapsed {
            Some((from, to)) => write!(self.out, "{mark}{time} (\u{394}={})  ", to.since(from))?,
            None => write!(self.out, "{mark}{time}  ")?,
        }
        self.out.write_all(log)?;
        self.out.write_all(b"\n")
    }

    /// Adds what was last seen, and gives back where it was written.
    ///
    /// # Errors
    /// Writing failed.
    pub fn finish(mut self) -> io::Result<W> {
        last_seen(&mut self.out, "Host", self.hosts_seen)?;
        last_seen(&mut self.out, "Instance", self.instances_seen)?;
        Ok(self.out)
    }
}

/// Of the same time by name.
fn last_seen(out: &mut impl Write, what: &str, seen: HashMap<Vec<u8>, (Stamp, Vec<u8>)>) -> io::Result<()> {
    writeln!(out, "\n{what}-States (last-seen):")?;
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_by(|(a_name, (a, _)), (b_name, (b, _))| (a, a_name).cmp(&(b, b_name)));
    for (index, (_, (time, text))) in seen.into_iter().enumerate() {
        write!(out, "{index:4}. {time} ")?;
        out.write_all(&text)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Right-aligned in `width` bytes.
fn right(text: &[u8], width: usize) -> Vec<u8> {
    let mut out = vec![b' '; width.saturating_sub(text.len())];
    out.extend_from_slice(text);
    out
}

fn joined(start: Vec<u8>, parts: &[(&str, &[u8])]) -> Vec<u8> {
    parts.iter().fold(start, |mut out, (before, value)| {
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(value);
        out
    })
}

fn host_text(record: &Record) -> Vec<u8> {
    let start = right(record.field("host_name"), 16);
    joined(
        start,
        &[
            (": ", record.field("nfvi_admin_state")),
            (" ", record.field("nfvi_oper_state")),
            (" ", record.field("nfvi_avail_state")),
        ],
    )
}

fn instance_text(record: &Record) -> Vec<u8> {
    let start = right(record.field("instance_name"), 32);
    joined(
        start,
        &[
            (" (", record.field("instance_uuid")),
            ("): ", record.field("instance_admin_state")),
            (" ", record.field("instance_oper_state")),
            (" ", record.field("instance_avail_status")),
            (" (", record.field("nfvi_vm_state")),
            (" ", record.field("nfvi_task_state")),
            (" ", record.field("nfvi_power_state")),
            (") on host ", record.field("host_name")),
        ],
    )
}
