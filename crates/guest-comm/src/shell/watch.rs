//! The directory in which libvirt puts the sockets of the ports.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use super::{Fatal, failed};

/// What happened in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A file is there.
    Created(String),
    /// A file has gone.
    Deleted(String),
    /// Some changes were missed: look at all files.
    Missed,
    /// The directory itself has gone.
    Ended,
}

/// Watches the directory.
#[derive(Debug)]
pub struct Watch {
    inotify: Inotify,
    directory: PathBuf,
}

impl Watch {
    /// Watches `directory` from now on.
    pub fn begin(directory: &Path) -> Result<Self, Fatal> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC);
        let inotify = inotify.map_err(failed("inotify_init failed"))?;
        let events = AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVED_FROM;
        let added = inotify.add_watch(directory, events);
        added.map_err(failed(format!("cannot watch {}", directory.display())))?;
        Ok(Self { inotify, directory: directory.to_owned() })
    }

    /// The names of all files that are there now.
    pub fn files(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The path of a file.
    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.join(file)
    }

    /// What has happened since the last call.
    pub fn changes(&self) -> Result<Vec<Change>, Fatal> {
        let events = match self.inotify.read_events() {
            Ok(events) => events,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(Vec::new()),
            Err(error) => return Err(Fatal::new("cannot read what happened in the directory", error)),
        };
        let changes = events.into_iter().filter_map(|event| {
            let name = event.name.and_then(|name| name.into_string().ok());
            let has = |flag| event.mask.intersects(flag);
            if has(AddWatchFlags::IN_Q_OVERFLOW) {
                Some(Change::Missed)
            } else if has(AddWatchFlags::IN_IGNORED) {
                Some(Change::Ended)
            } else if has(AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO) {
                name.map(Change::Created)
            } else {
                name.map(Change::Deleted)
            }
        });
        Ok(changes.collect())
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_come_and_go_are_told_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("qemu");
        assert!(Watch::begin(&place).is_err());
        fs::create_dir(&place).unwrap();
        fs::write(place.join("early"), "").unwrap();
        let watch = Watch::begin(&place).unwrap();
        assert_eq!(watch.files().unwrap(), ["early"]);
        assert_eq!(watch.changes().unwrap(), []);
        fs::write(watch.path("a"), "").unwrap();
        fs::remove_file(watch.path("a")).unwrap();
        fs::rename(watch.path("early"), watch.path("late")).unwrap();
        let created = |name: &str| Change::Created(name.into());
        let deleted = |name: &str| Change::Deleted(name.into());
        assert_eq!(watch.changes().unwrap(), [created("a"), deleted("a"), deleted("early"), created("late")]);
        fs::remove_dir_all(&place).unwrap();
        assert_eq!(watch.changes().unwrap(), [deleted("late"), Change::Ended]);
    }
}
