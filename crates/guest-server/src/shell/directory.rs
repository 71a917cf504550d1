//! The directory in which QEMU makes a socket for each channel.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use guest_protocol::heartbeat::instance::InstanceUuid;
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

/// A change in the directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    Found(InstanceUuid),
    Gone(InstanceUuid),
    /// Changes were lost, or the directory itself was replaced: all channels have to be looked for.
    Unknown,
}

/// Watches the directory.
pub(super) struct Directory {
    inotify: Inotify,
    watching: bool,
}

impl Directory {
    pub(super) fn new() -> nix::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        Ok(Self { inotify, watching: false })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }

    /// Begins to watch, if it does not yet; the directory may appear later than this process.
    pub(super) fn watch(&mut self, path: &Path) -> nix::Result<()> {
        if !self.watching {
            let what = AddWatchFlags::IN_CREATE
                | AddWatchFlags::IN_MOVED_TO
                | AddWatchFlags::IN_DELETE
                | AddWatchFlags::IN_MOVED_FROM
                | AddWatchFlags::IN_ONLYDIR;
            self.inotify.add_watch(path, what)?;
            self.watching = true;
        }
        Ok(())
    }

    /// What has changed.
    pub(super) fn changes(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        loop {
            match self.inotify.read_events() {
                Ok(events) => {
                    for event in events {
                        if event.mask.intersects(AddWatchFlags::IN_Q_OVERFLOW | AddWatchFlags::IN_IGNORED) {
                            self.watching &= !event.mask.contains(AddWatchFlags::IN_IGNORED);
                            changes.push(Change::Unknown);
                            continue;
                        }
                        let name = event.name.unwrap_or_default();
                        let Some(uuid) = name.to_str().and_then(InstanceUuid::of_channel) else { continue };
                        let gone = AddWatchFlags::IN_DELETE | AddWatchFlags::IN_MOVED_FROM;
                        changes.push(if event.mask.intersects(gone) {
                            Change::Gone(uuid)
                        } else {
                            Change::Found(uuid)
                        });
                    }
                }
                Err(Errno::EINTR) => {}
                Err(_) => return changes,
            }
        }
    }
}

/// All channels in the directory.
pub(super) fn search(path: &Path) -> std::io::Result<Vec<InstanceUuid>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let name = entry?.file_name();
        found.extend(name.to_str().and_then(InstanceUuid::of_channel));
    }
    found.sort();
    Ok(found)
}
