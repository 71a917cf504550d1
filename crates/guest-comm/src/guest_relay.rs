//! What guest_agent does with what comes.
//!
//! | From | What | To |
//! |---|---|---|
//! | an application, bound to an abstract address | request with `dest_addr` | the host, with the sender's address added |
//! | the host | message with `dest_addr` | the application of that address, without it |
//! | anyone | anything else | dropped, with a line in the log |
//!
//! Contract: guest 3.4.

use guest_protocol::framing::JsonLines;
use guest_protocol::messaging::CHANNEL_MESSAGE;
use guest_protocol::messaging::envelope::{
    Address, ChannelMessage, EnvelopeError, GuestAppDelivery, GuestAppRequest, datagram_text,
};

use crate::app_socket::Sender;
use crate::log_line::{LogLine, Severity};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestAction {
    /// Write it to the channel.
    ToHost {
        /// The application it comes from.
        source: Address,
        /// A whole message.
        message: Vec<u8>,
    },
    /// Send it as a datagram.
    ToApp {
        /// To whom.
        dest: Address,
        /// The datagram.
        datagram: String,
    },
    /// Write it to the log.
    Log(LogLine),
}

/// guest_agent without its sockets.
#[derive(Debug)]
pub struct GuestRelay {
    frames: JsonLines,
}

impl Default for GuestRelay {
    fn default() -> Self {
        Self { frames: JsonLines::new(CHANNEL_MESSAGE) }
    }
}

impl GuestRelay {
    /// Bytes came from the host.
    pub fn on_channel_bytes(&mut self, bytes: &[u8]) -> Vec<GuestAction> {
        let frames = self.frames.texts(bytes);
        frames
            .into_iter()
            .map(|frame| match frame {
                Ok(object) => from_host(object.get()),
                Err(error) => log(Severity::Debug, error.to_string()),
            })
            .collect()
    }

    /// The connection to the host was lost: what comes next does not continue what came before.
    pub fn on_channel_lost(&mut self) {
        self.frames.reset();
    }

    /// A datagram came from an application.
    pub fn on_datagram(&mut self, bytes: &[u8], sender: &Sender) -> GuestAction {
        let request = match GuestAppRequest::parse(&datagram_text(bytes)) {
            Ok(request) => request,
            Err(error) => return log(Severity::Error, app_error(&error)),
        };
        let Sender::Abstract(source) = sender else {
            return log(Severity::Info, "client address not in abstract namespace, dropping");
        };
        let message = ChannelMessage { data: request.data, dest: request.dest, source: source.clone() };
        GuestAction::ToHost { source: source.clone(), message: message.from_guest() }
    }
}

fn from_host(object: &str) -> GuestAction {
    match ChannelMessage::parse(object) {
        Ok(ChannelMessage { data, dest, source }) => {
            let delivery = GuestAppDelivery { data, source: source.as_str().to_owned() };
            GuestAction::ToApp { dest, datagram: delivery.compose() }
        }
        Err(error) => log(Severity::Error, error.to_string()),
    }
}

/// What is wrong with a datagram of an application, in the agents' words.
pub(crate) fn app_error(error: &EnvelopeError) -> String {
    match error {
        EnvelopeError::Version(version) => {
            format!("message from app version {version}, expected 2, dropping")
        }
        EnvelopeError::Missing("dest_addr") => "failed to parse dest_address".to_owned(),
        EnvelopeError::NotJson | EnvelopeError::Missing(_) => error.to_string(),
    }
}

#[track_caller]
fn log(severity: Severity, text: impl AsRef<str>) -> GuestAction {
    GuestAction::Log(LogLine::new(severity, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str) -> Address {
        Address::new(name).unwrap()
    }

    fn said(action: &GuestAction) -> (Severity, &str) {
        match action {
            GuestAction::Log(line) => (line.severity, line.text.split_once(": ").unwrap().1),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_of_an_application_goes_to_the_host_with_its_address() {
        let sender = Sender::Abstract(address("cgcs.server_grp"));
        let datagram = br#"{"data":{"version":2,"msg_type":"broadcast","data":"x"},"version":2,"dest_addr":"cgcs.server_grp"}"#;
        let action = GuestRelay::default().on_datagram(datagram, &sender);
        let message = concat!(
            "\n",
            r#"{"data":{"version":2,"msg_type":"broadcast","data":"x"},"version":2,"dest_addr":"cgcs.server_grp","source_addr":"cgcs.server_grp"}"#,
            "\n"
        );
        let message = message.as_bytes().to_vec();
        assert_eq!(action, GuestAction::ToHost { source: address("cgcs.server_grp"), message });
    }

    #[test]
    fn a_message_of_the_host_goes_to_the_application_it_names() {
        let bytes = concat!(
            r#"{"data":{"a":1},"version":2,"dest_addr":"cgcs.scale","source_addr":"scale-0000000a"}"#,
            "\n"
        );
        let actions = GuestRelay::default().on_channel_bytes(bytes.as_bytes());
        let datagram = r#"{"data":{"a":1},"version":2,"source_addr":"scale-0000000a"}"#.to_owned();
        assert_eq!(actions, [GuestAction::ToApp { dest: address("cgcs.scale"), datagram }]);
    }

    #[test]
    fn requests_that_cannot_be_forwarded_are_dropped() {
        let app = Sender::Abstract(address("app"));
        let good = br#"{"data":1,"version":2,"dest_addr":"a"}"#.as_slice();
        let cases: [(&[u8], Sender, Severity, &str); 8] = [
            (b"", app.clone(), Severity::Error, "failed to parse msg"),
            (b"nonsense", app.clone(), Severity::Error, "failed to parse msg"),
            (b"{\"a\":1}", app.clone(), Severity::Error, "failed to parse version"),
            (
                b"{\"version\":3}",
                app.clone(),
                Severity::Error,
                "message from app version 3, expected 2, dropping",
            ),
            (b"{\"version\":2}", app.clone(), Severity::Error, "failed to parse dest_address"),
            (b"{\"version\":2,\"dest_addr\":\"a\"}", app, Severity::Error, "failed to parse data"),
            (good, Sender::Path, Severity::Info, "client address not in abstract namespace, dropping"),
            (good, Sender::Unbound, Severity::Info, "client address not in abstract namespace, dropping"),
        ];
        for (datagram, sender, severity, text) in cases {
            let action = GuestRelay::default().on_datagram(datagram, &sender);
            assert_eq!(said(&action), (severity, text), "{}", datagram.escape_ascii());
        }
    }

    #[test]
    fn messages_that_cannot_be_delivered_are_dropped_and_the_next_one_is_found() {
        let mut relay = GuestRelay::default();
        let good = concat!(r#"{"data":{},"version":2,"dest_addr":"a","source_addr":"b"}"#, "\n");
        let cases = [
            ("{\"version\":2,\"sou\n", "a newline ends a message before it is complete"),
            ("garbage\n", "a message is not a JSON object"),
            ("{\"version\":1}\n", "received version 1, expected 2"),
            ("{\"data\":1}\n", "failed to parse version"),
            ("{\"version\":2,\"dest_addr\":\"a\",\"data\":1}\n", "failed to parse source_addr"),
            ("{\"version\":2,\"source_addr\":\"a\",\"data\":1}\n", "failed to parse dest_addr"),
            ("{\"version\":2,\"source_addr\":\"a\",\"dest_addr\":\"b\"}\n", "failed to parse data"),
        ];
        for (bytes, text) in cases {
            let actions = relay.on_channel_bytes(format!("{bytes}{good}").as_bytes());
            assert_eq!(actions.len(), 2, "{bytes}");
            assert_eq!(said(&actions[0]).1, text, "{bytes}");
            assert!(matches!(actions[1], GuestAction::ToApp { .. }), "{bytes}");
        }
    }

    #[test]
    fn a_new_connection_does_not_continue_the_old_one() {
        let mut relay = GuestRelay::default();
        assert_eq!(relay.on_channel_bytes(b"{\"version\":2,\"data"), []);
        relay.on_channel_lost();
        let good = r#"{"data":{},"version":2,"dest_addr":"a","source_addr":"b"}"#;
        assert!(matches!(relay.on_channel_bytes(good.as_bytes())[..], [GuestAction::ToApp { .. }]));
    }
}
