//! What must hold for any bytes; shared by the fuzz targets and by the test that replays their corpora.

use std::time::Instant;

use guest_comm::app_socket::Sender;
use guest_comm::guest_relay::{GuestAction, GuestRelay};
use guest_comm::host_relay::{ConnectResult, HostAction, HostRelay};
use guest_comm::server_group::{Heard, Session};
use guest_protocol::messaging::CHANNEL_MESSAGE;
use guest_protocol::messaging::envelope::{
    Address, ChannelMessage, Data, Fields, GuestAppDelivery, GuestAppRequest, HostAppDelivery,
    HostAppRequest, InstanceName, datagram_text,
};
use guest_protocol::messaging::json_text::{self, Style};
use guest_protocol::messaging::scale::{Incoming, Response};
use guest_protocol::messaging::server_group::{GuestRequest, STATUS_LIMIT};
use guest_scale::agent::{Line, Machine, ScriptEnd, SetLine, handle};

const INSTANCE: &str = "instance-0000000a";

fn name(text: &str) -> InstanceName {
    InstanceName::new(text).expect("a name")
}

fn host() -> HostRelay {
    let mut relay = HostRelay::new(1);
    relay.on_file_created(&name(INSTANCE).socket());
    relay.on_connect(&name(INSTANCE), ConnectResult::Connected, Instant::now());
    relay
}

/// Lines of the log name their place, which differs with the way they came.
fn without_log(actions: Vec<HostAction>) -> Vec<HostAction> {
    actions.into_iter().filter(|action| !matches!(action, HostAction::Log { .. })).collect()
}

/// Bytes on a channel: the same however they are cut; what is delivered is one datagram of ours, which can be read.
pub fn channel(bytes: &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let whole = without_log(host().on_bytes(&name(INSTANCE), rest));
    let mut relay = host();
    let cut = rest.chunks(usize::from(*first) + 1);
    let parts = cut.flat_map(|part| relay.on_bytes(&name(INSTANCE), part)).collect::<Vec<_>>();
    assert_eq!(without_log(parts), whole);
    for action in &whole {
        let HostAction::ToApp { datagram, .. } = action else { panic!("{action:?}") };
        let delivery = HostAppDelivery::parse(datagram).expect("our own datagram");
        assert_eq!(delivery.instance, INSTANCE);
        assert_eq!(&delivery.compose(), datagram);
    }
    let mut guest = GuestRelay::default();
    let delivered = guest.on_channel_bytes(rest);
    let delivered = delivered.iter().filter(|action| matches!(action, GuestAction::ToApp { .. })).count();
    assert_eq!(delivered, whole.len());
    // after any bytes a newline brings the next message through
    let good = br#"{"data":{},"version":2,"dest_addr":"a","source_addr":"b"}"#;
    relay.on_bytes(&name(INSTANCE), b"\n");
    assert!(matches!(relay.on_bytes(&name(INSTANCE), good)[..], [HostAction::ToApp { .. }]));
}

/// A datagram at any of the sockets: what is read and written again is the same, and one line.
pub fn datagram(bytes: &[u8]) {
    let text = datagram_text(bytes);
    macro_rules! again {
        ($($kind:ident),*) => {$(
            if let Ok(message) = $kind::parse(&text) {
                let composed = message.compose();
                assert!(!composed.contains('\n'));
                assert_eq!($kind::parse(&composed), Ok(message));
            }
        )*};
    }
    again!(GuestAppRequest, HostAppRequest, ChannelMessage, GuestAppDelivery, HostAppDelivery);
    let sender = Sender::Abstract(Address::new("app").expect("an address"));
    if let HostAction::ToGuest { message, .. } = host().on_datagram(bytes, &sender) {
        // the other agent reads what this one writes, if it is no longer than messages are
        if message.len() <= CHANNEL_MESSAGE {
            assert!(matches!(
                GuestRelay::default().on_channel_bytes(&message)[..],
                [GuestAction::ToApp { .. }]
            ));
        }
    }
    if let GuestAction::ToHost { message, .. } = GuestRelay::default().on_datagram(bytes, &sender)
        && message.len() <= CHANNEL_MESSAGE
    {
        assert!(matches!(host().on_bytes(&name(INSTANCE), &message)[..], [HostAction::ToApp { .. }]));
    }
    if let Ok(fields) = Fields::first_in(&text)
        && let Some(raw) = fields.raw("data")
    {
        // text written anew means the same
        let plain = json_text::render(raw, Style::Plain);
        let spaced = serde_json::value::RawValue::from_string(json_text::render(raw, Style::Spaced));
        assert_eq!(json_text::render(&spaced.expect("JSON"), Style::Plain), plain);
        json_text::integer_of(raw);
        json_text::string_of(raw);
    }
}

/// What the host says to a member of a server group, a message on each line.
pub fn server_group(bytes: &[u8]) {
    let mut session = Session::default();
    let seq = session.query().begin();
    for line in bytes.split(|byte| *byte == b'\n') {
        let text = datagram_text(line);
        if let Some(data) = Data::from_text(&text) {
            let _ = GuestRequest::parse(&data);
            let datagram =
                format!(r#"{{"data":{},"version":2,"source_addr":"cgcs.server_grp"}}"#, data.as_str());
            let _ = session.on_datagram(datagram.as_bytes());
        }
        let _ = session.on_datagram(line);
        if let Ok(Some(Heard::Status(status))) = session.on_message(&text) {
            assert!(status.starts_with(b"[") && status.ends_with(b"]") && status.len() <= STATUS_LIMIT);
        }
        let request = Session::request("broadcast", 0, Some(&text)).expect("any text can be sent");
        let request = GuestAppRequest::parse(&request).expect("our own datagram");
        assert_eq!(GuestRequest::parse(&request.data), Ok(GuestRequest::Broadcast { data: text }));
    }
    // whatever came, the next question has its answer
    assert!(session.query().begin() > seq);
}

struct Fake;

impl Machine for Fake {
    fn ask_script(&mut self) -> ScriptEnd {
        ScriptEnd::Exited(3)
    }

    fn tell_script(&mut self, _cpu: i32, online: &str) -> ScriptEnd {
        assert!(online.starts_with('[') && !online.contains('\n'));
        ScriptEnd::Exited(0)
    }

    fn set_line(&mut self, cpu: i32, _line: Line) -> SetLine {
        if cpu == 3 { SetLine::Done } else { SetLine::Failed("why \"\n".to_owned()) }
    }

    fn online(&mut self) -> Result<Vec<u32>, String> {
        Ok(vec![0, 1, 2])
    }
}

/// Requests at guest_scale_agent, answers at guest_scale_helper.
pub fn scale(bytes: &[u8]) {
    let text = datagram_text(bytes);
    let _ = Response::parse(&text);
    let answered = matches!(Incoming::parse(&text), Incoming::Answered(..));
    let response = handle(&text, &mut Fake).response;
    assert_eq!(response.is_some(), answered);
    if let Some(response) = response {
        let data = Data::from_text(&response).expect("our own answer");
        let _ = Response::parse(data.as_str());
    }
}
