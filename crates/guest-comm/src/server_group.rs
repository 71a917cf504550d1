//! What an application of a server group does: says something to the group, asks how its members are, hears of both.
//!
//! [`Session`] is the pure half, [`Member`] has the socket. The C library `libservergroup` is built on both.
//!
//! Contract: guest 2.4, 3.5.

use std::os::fd::{AsFd, BorrowedFd};

use guest_protocol::messaging::envelope::{
    Address, Data, EnvelopeError, GuestAppDelivery, GuestAppRequest, datagram_text,
};
use guest_protocol::messaging::server_group::{
    HostMessage, HostMessageError, StatusError, StatusQuery, compose_request,
};
use guest_protocol::messaging::{AGENT_ADDRESS, APP_READ, SERVER_GROUP_ADDRESS};

use crate::app_socket::{AppSocket, error_text};

/// What an application hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Another member said something.
    Broadcast {
        /// The member's instance.
        source_instance: String,
        /// What it said.
        message: String,
    },
    /// Something happened to a member: JSON text.
    Notification(String),
    /// How all members are: the text of a JSON array.
    Status(Vec<u8>),
}

/// Why something could not be done, in the library's words.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// Another process has the address: there is one application of the group in a VM.
    #[error("unable to bind socket: {0}")]
    Bind(String),
    /// The agent is not there, or does not read.
    #[error("sendto: {0}")]
    Send(String),
    /// The socket failed.
    #[error("error receiving msg: {0}")]
    Receive(String),
    /// The message's text cannot be sent.
    #[error("failed to parse msg")]
    Text,
    /// The message is none.
    #[error("{}", envelope_text(.0))]
    Envelope(#[from] EnvelopeError),
    /// The message comes from someone else.
    #[error("unknown sender address {0}")]
    Stranger(String),
    /// What the message says cannot be used.
    #[error(transparent)]
    Message(#[from] HostMessageError),
    /// The answer is not to our question.
    #[error(transparent)]
    Status(#[from] StatusError),
    /// The host refused what was asked.
    #[error("Nack received, error message from host: {0}")]
    Nack(String),
}

fn envelope_text(error: &EnvelopeError) -> String {
    match error {
        EnvelopeError::Version(_) => "invalid version".to_owned(),
        EnvelopeError::NotJson | EnvelopeError::Missing(_) => error.to_string(),
    }
}

/// An application's side of the protocol, without its socket.
#[derive(Debug, Default)]
pub struct Session {
    query: StatusQuery,
}

impl Session {
    /// The datagram for the agent with a message of this type.
    pub fn request(msg_type: &str, seq: i32, data: Option<&str>) -> Result<String, GroupError> {
        let data = Data::from_text(&compose_request(msg_type, seq, data)).ok_or(GroupError::Text)?;
        let dest = Address::new(SERVER_GROUP_ADDRESS).ok_or(GroupError::Text)?;
        Ok(GuestAppRequest { data, dest }.compose())
    }

    /// The status query.
    pub fn query(&mut self) -> &mut StatusQuery {
        &mut self.query
    }

    /// A datagram came from the agent.
    pub fn on_datagram(&mut self, datagram: &[u8]) -> Result<Option<Heard>, GroupError> {
        let delivery = GuestAppDelivery::parse(&datagram_text(datagram))?;
        if delivery.source != SERVER_GROUP_ADDRESS {
            return Err(GroupError::Stranger(delivery.source));
        }
        self.on_message(delivery.data.as_str())
    }

    /// The host said this: the value of `data`.
    pub fn on_message(&mut self, data: &str) -> Result<Option<Heard>, GroupError> {
        Ok(match HostMessage::parse(data)? {
            HostMessage::Broadcast { source_instance, data } => {
                Some(Heard::Broadcast { source_instance, message: data })
            }
            HostMessage::Notification { data } => Some(Heard::Notification(data)),
            HostMessage::StatusResponse { seq, data } => {
                self.query.on_response(seq.cast_unsigned(), data.as_bytes())?;
                None
            }
            HostMessage::StatusResponseDone { seq } => {
                Some(Heard::Status(self.query.on_done(seq.cast_unsigned())?))
            }
            HostMessage::Nack { log_msg } => return Err(GroupError::Nack(log_msg)),
        })
    }
}

/// A member of a server group.
#[derive(Debug)]
pub struct Member {
    socket: AppSocket,
    agent: Address,
    session: Session,
}

impl Member {
    /// Takes the place of the VM's one application of the group.
    pub fn join() -> Result<Self, GroupError> {
        let name = |name| Address::new(name).ok_or(GroupError::Text);
        let socket = AppSocket::bind(&name(SERVER_GROUP_ADDRESS)?);
        let socket = socket.map_err(|error| GroupError::Bind(error_text(&error)))?;
        Ok(Self { socket, agent: name(AGENT_ADDRESS)?, session: Session::default() })
    }

    /// Says something to all other members.
    pub fn broadcast(&self, message: &str) -> Result<(), GroupError> {
        self.send("broadcast", 0, Some(message))
    }

    /// Asks how all members are. A question that has no answer yet is given up.
    pub fn request_status(&mut self) -> Result<(), GroupError> {
        let seq = self.session.query().begin();
        let sent = self.send("status_query", seq.cast_signed(), None);
        if sent.is_err() {
            self.session.query().cancel();
        }
        sent
    }

    /// Sends a message of any type.
    pub fn send(&self, msg_type: &str, seq: i32, data: Option<&str>) -> Result<(), GroupError> {
        let datagram = Session::request(msg_type, seq, data)?;
        let sent = self.socket.send(&self.agent, datagram.as_bytes());
        sent.map_err(|error| GroupError::Send(error_text(&error)))
    }

    /// Reads one datagram, if there is one.
    pub fn hear(&mut self) -> Result<Option<Heard>, GroupError> {
        let mut buffer = [0; APP_READ];
        match self.socket.receive(&mut buffer) {
            Ok(Some((datagram, _))) => self.session.on_datagram(datagram),
            Ok(None) => Ok(None),
            Err(error) => Err(GroupError::Receive(error_text(&error))),
        }
    }

    /// What has come so far of the status, and what is heard apart from the socket.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }
}

impl AsFd for Member {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivered(data: &str) -> String {
        format!(r#"{{"data":{data},"version":2,"source_addr":"cgcs.server_grp"}}"#)
    }

    #[test]
    fn requests_have_their_exact_bytes() {
        assert_eq!(
            Session::request("broadcast", 0, Some("x")).unwrap(),
            r#"{"data":{"version":2,"msg_type":"broadcast","data":"x"},"version":2,"dest_addr":"cgcs.server_grp"}"#
        );
        assert_eq!(
            Session::request("status_query", 3, None).unwrap(),
            r#"{"data":{"version":2,"msg_type":"status_query","seq":3},"version":2,"dest_addr":"cgcs.server_grp"}"#
        );
    }

    #[test]
    fn everything_the_host_says_is_heard() {
        let mut session = Session::default();
        let mut hear = |data: &str| session.on_datagram(delivered(data).as_bytes()).unwrap();
        assert_eq!(
            hear(
                r#"{"version":"version","msg_type":"broadcast","source_instance":"instance-00000001","data":"x"}"#
            ),
            Some(Heard::Broadcast { source_instance: "instance-00000001".into(), message: "x".into() })
        );
        assert_eq!(
            hear(r#"{"msg_type":"notification","data":{"event_type":"e"}}"#),
            Some(Heard::Notification(r#"{ "event_type": "e" }"#.into()))
        );
        let seq = session.query().begin();
        let mut hear = |data: String| session.on_datagram(delivered(&data).as_bytes()).unwrap();
        assert_eq!(hear(format!(r#"{{"msg_type":"status_response","seq":{seq},"data":{{"a":1}}}}"#)), None);
        assert_eq!(
            hear(format!(r#"{{"msg_type":"status_response_done","seq":{seq}}}"#)),
            Some(Heard::Status(br#"[{ "a": 1 }]"#.to_vec()))
        );
    }

    #[test]
    fn what_is_wrong_is_said_in_the_librarys_words() {
        let mut session = Session::default();
        let cases = [
            ("nonsense".to_owned(), "failed to parse msg"),
            ("{}".to_owned(), "failed to parse version"),
            ("{\"version\":1}".to_owned(), "invalid version"),
            ("{\"version\":2}".to_owned(), "failed to parse source_addr"),
            (r#"{"version":2,"source_addr":"x","data":{}}"#.to_owned(), "unknown sender address x"),
            (r#"{"version":2,"source_addr":"cgcs.server_grp"}"#.to_owned(), "failed to parse data"),
            (delivered("{}"), "failed to parse msg_type"),
            (
                delivered(r#"{"msg_type":"nack","orig_msg_type":"broadcast","log_msg":"no"}"#),
                "Nack received, error message from host: no",
            ),
            (
                delivered(r#"{"msg_type":"status_response_done","seq":9}"#),
                "status resp done seqnum 9 doesn't match expected 0",
            ),
        ];
        for (datagram, text) in cases {
            let error = session.on_datagram(datagram.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), text, "{datagram}");
        }
    }
}
