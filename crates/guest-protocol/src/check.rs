//! What must hold of every parser, whatever it is fed. The fuzz targets and the replay of their corpora call the same
//! functions, so that what fuzzing found once is looked at in each test run.

use crate::framing::JsonLines;
use crate::heartbeat::application::{ApplicationStream, LENGTH};
use crate::heartbeat::datagram::{AgentEvent, HostCommand, ServerCommand};
use crate::heartbeat::message::{GuestMessage, HostMessage, MAX_LENGTH};
use crate::heartbeat::vim::{VimRequest, host_instances, host_reporting, loss_answer};

/// Framing and messages: how the bytes are cut makes no difference; what is read can be written and read again.
///
/// # Panics
/// When that does not hold.
pub fn framing(bytes: &[u8]) {
    let whole = JsonLines::new(MAX_LENGTH).on_bytes(bytes);
    let mut lines = JsonLines::new(MAX_LENGTH);
    let cut: Vec<_> = bytes.chunks(3).flat_map(|chunk| lines.on_bytes(chunk)).collect();
    assert_eq!(whole, cut);
    for object in whole.into_iter().flatten() {
        if let Ok(read) = GuestMessage::decode(&object) {
            let again = reread(&read.message.encode(read.sequence));
            let again = GuestMessage::decode(&again).map(|again| again.message.encode(read.sequence));
            assert_eq!(again, Ok(read.message.encode(read.sequence)));
        }
        if let Ok(read) = HostMessage::decode(&object) {
            let again = reread(&read.message.encode(read.sequence));
            let again = HostMessage::decode(&again).map(|again| again.message.encode(read.sequence));
            assert_eq!(again, Ok(read.message.encode(read.sequence)));
        }
    }
}

fn reread(bytes: &[u8]) -> crate::framing::Object {
    // A word of a stranger may be as long as its message was.
    let mut frames = JsonLines::new(8 * MAX_LENGTH).on_bytes(bytes);
    assert_eq!(frames.len(), 1);
    frames.remove(0).unwrap_or_default()
}

/// Messages of applications: how the bytes are cut makes no difference; what is read can be written and read again.
///
/// # Panics
/// When that does not hold.
pub fn application(bytes: &[u8]) {
    let whole = ApplicationStream::default().on_bytes(bytes);
    let mut stream = ApplicationStream::default();
    let cut: Vec<_> = bytes.chunks(7).flat_map(|chunk| stream.on_bytes(chunk)).collect();
    assert_eq!(whole, cut);
    assert!(whole.len() <= bytes.len() / LENGTH);
    for (sequence, message) in whole.into_iter().flatten() {
        let once = message.encode(sequence);
        let again = ApplicationStream::default().on_bytes(&once);
        let again: Vec<_> = again.into_iter().flatten().map(|(number, read)| read.encode(number)).collect();
        assert_eq!(again, [once]);
    }
}

/// Datagrams: what is read can be written and read again.
///
/// # Panics
/// When that does not hold.
pub fn datagram(bytes: &[u8]) {
    if let Ok(command) = ServerCommand::decode(bytes) {
        let again = command.encode("::1");
        // A text that fills the datagram has no room for a longer source.
        if again.len() < 1060 {
            assert_eq!(ServerCommand::decode(&again), Ok(command));
        }
    }
    if let Ok(event) = AgentEvent::decode(bytes) {
        let again = event.encode();
        if again.last() == Some(&0) {
            assert_eq!(AgentEvent::decode(&again), Ok(event));
        }
    }
    if let Ok(command) = HostCommand::decode(bytes) {
        let again = command.encode();
        if again.len() < 1060 {
            assert_eq!(HostCommand::decode(&again), Ok(command));
        }
    }
}

/// Bodies of the VIM: nothing is too strange to be read.
pub fn vim(bytes: &[u8]) {
    let _ = VimRequest::read(bytes).first_service();
    let _ = host_reporting(bytes);
    let _ = host_instances(bytes);
    let _ = loss_answer(bytes);
}
