//! A virtio-serial port as QEMU makes it: a listening socket on the host's side, and one in place of the device on the
//! VM's side. Bytes are passed on as they come; a VM finds nobody until the host has connected, and loses its connection
//! when the host does.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// A port. Its thread ends with it.
pub struct Port {
    host: PathBuf,
    device: PathBuf,
    ended: Arc<AtomicBool>,
}

const LOOK: Duration = Duration::from_millis(10);

impl Port {
    /// The port of an instance: its socket in `sockets`, and the device in `vm`.
    pub fn create(sockets: &Path, instance: &str, vm: &Path) -> Self {
        let host = sockets.join(format!("cgcs.messaging.{instance}.sock"));
        let device = vm.join(format!("{instance}.port"));
        let ended = Arc::new(AtomicBool::new(false));
        let on_vm = UnixListener::bind(&device).unwrap();
        let on_host = UnixListener::bind(&host).unwrap();
        on_host.set_nonblocking(true).unwrap();
        on_vm.set_nonblocking(true).unwrap();
        let end = Arc::clone(&ended);
        thread::spawn(move || work(&on_host, &on_vm, &end));
        Self { host, device, ended }
    }

    /// What guest_agent is to open.
    pub fn device(&self) -> &Path {
        &self.device
    }
}

impl Port {
    /// Ends it; its files are gone afterwards.
    pub fn release(self) {}
}

impl Drop for Port {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = std::fs::remove_file(&self.host);
        let _ = std::fs::remove_file(&self.device);
    }
}

fn accept(listener: &UnixListener, ended: &AtomicBool) -> Option<UnixStream> {
    while !ended.load(Ordering::Relaxed) {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(LOOK)).unwrap();
            return Some(stream);
        }
        thread::sleep(LOOK);
    }
    None
}

fn work(on_host: &UnixListener, on_vm: &UnixListener, ended: &AtomicBool) {
    while let Some(mut host) = accept(on_host, ended) {
        'vms: while let Some(mut vm) = accept(on_vm, ended) {
            loop {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                if !pass(&mut host, &mut vm) {
                    break 'vms;
                }
                if !pass(&mut vm, &mut host) {
                    break;
                }
            }
        }
    }
}

/// Passes bytes on; false when there will be none any more.
fn pass(from: &mut UnixStream, to: &mut UnixStream) -> bool {
    let mut buffer = [0; 4096];
    match from.read(&mut buffer) {
        Ok(0) => false,
        Ok(length) => {
            // an end of the other side is seen when it is read
            let _ = to.write_all(&buffer[..length]);
            true
        }
        Err(error) => matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
    }
}
