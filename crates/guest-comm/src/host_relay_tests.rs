use super::*;

const FILE: &str = "cgcs.messaging.instance-0000000a.sock";

fn instance() -> InstanceName {
    InstanceName::new("instance-0000000a").unwrap()
}

fn app() -> Sender {
    Sender::Abstract(Address::new("scale-0000000a").unwrap())
}

/// The actions, lines of the log as their texts.
fn brief(actions: &[HostAction]) -> Vec<String> {
    let brief = actions.iter().map(|action| match action {
        HostAction::Connect(_) => "connect".to_owned(),
        HostAction::Close(_) => "close".to_owned(),
        HostAction::ToGuest { .. } => "to guest".to_owned(),
        HostAction::ToApp { .. } => "to app".to_owned(),
        HostAction::Log { line, .. } => line.text.split_once(": ").unwrap().1.to_owned(),
    });
    brief.collect()
}

fn up(now: Instant) -> HostRelay {
    let mut relay = HostRelay::new(10);
    relay.on_file_created(FILE);
    relay.on_connect(&instance(), ConnectResult::Connected, now);
    relay
}

fn is_up(relay: &mut HostRelay) -> bool {
    let datagram = br#"{"data":{},"version":2,"dest_addr":"a","dest_instance":"instance-0000000a"}"#;
    matches!(relay.on_datagram(datagram, &app()), HostAction::ToGuest { .. })
}

/// Every row of the table in the module's doc.
#[test]
fn an_instance_is_connected_from_its_file_on() {
    let now = Instant::now();
    let mut relay = HostRelay::new(10);
    assert_eq!(relay.on_file_created(FILE), [HostAction::Connect(instance())]);
    assert!(!is_up(&mut relay));
    assert_eq!(
        brief(&relay.on_connect(&instance(), ConnectResult::Connected, now)),
        ["Connection accepted to 'cgcs.messaging.instance-0000000a.sock'"]
    );
    assert!(is_up(&mut relay));
    assert_eq!(brief(&relay.on_file_created(FILE)), ["'instance-0000000a' is already known"]);
    assert_eq!(relay.next_deadline(), None);
    let deleted = relay.on_file_deleted(FILE);
    assert_eq!(
        brief(&deleted),
        ["Detected deletion of vio file 'cgcs.messaging.instance-0000000a.sock'", "close"]
    );
    assert!(!is_up(&mut relay));
    assert_eq!(brief(&relay.on_file_deleted(FILE)), ["Couldn't find record for instance instance-0000000a"]);
}

#[test]
fn a_refused_connection_is_tried_again_every_second() {
    let mut now = Instant::now();
    let mut relay = HostRelay::new(10);
    relay.on_file_created(FILE);
    for _ in 0..100 {
        relay.on_connect(&instance(), ConnectResult::TryLater, now);
        assert_eq!(relay.next_deadline(), Some(now + CONNECT_RETRY));
        assert_eq!(relay.on_timer(now + CONNECT_RETRY / 2), []);
        now += CONNECT_RETRY;
        assert_eq!(relay.on_timer(now), [HostAction::Connect(instance())]);
        assert_eq!(relay.on_timer(now), []);
    }
    relay.on_connect(&instance(), ConnectResult::Connected, now);
    assert!(is_up(&mut relay));
}

#[test]
fn a_connection_that_cannot_be_is_forgotten() {
    let now = Instant::now();
    for (result, text) in [
        (
            ConnectResult::Failed("Permission denied".into()),
            "connect to 'cgcs.messaging.instance-0000000a.sock' failed: Permission denied",
        ),
        (ConnectResult::Gone, "'cgcs.messaging.instance-0000000a.sock' has gone"),
    ] {
        let mut relay = HostRelay::new(10);
        relay.on_file_created(FILE);
        assert_eq!(brief(&relay.on_connect(&instance(), result, now)), [text]);
        assert_eq!(relay.next_deadline(), None);
        assert_eq!(relay.on_file_created(FILE), [HostAction::Connect(instance())]);
    }
}

#[test]
fn an_instance_that_hangs_up_is_connected_again_while_its_file_is_there() {
    let now = Instant::now();
    let mut relay = up(now);
    assert_eq!(relay.on_bytes(&instance(), b"{\"version\":"), []);
    assert_eq!(
        brief(&relay.on_hang_up(&instance(), now)),
        ["Detected disconnect of instance 'instance-0000000a'", "close"]
    );
    assert!(!is_up(&mut relay));
    assert_eq!(relay.on_hang_up(&instance(), now), []);
    assert_eq!(relay.on_timer(now + CONNECT_RETRY), [HostAction::Connect(instance())]);
    relay.on_connect(&instance(), ConnectResult::Connected, now);
    // the new connection does not continue the old one
    let good = br#"{"data":{},"version":2,"dest_addr":"a","source_addr":"b"}"#;
    assert_eq!(brief(&relay.on_bytes(&instance(), good)), ["to app"]);
}

#[test]
fn a_file_that_goes_while_its_socket_is_connected_ends_it() {
    let now = Instant::now();
    let mut relay = HostRelay::new(10);
    relay.on_file_created(FILE);
    assert_eq!(relay.on_file_deleted(FILE).len(), 1);
    assert_eq!(relay.on_connect(&instance(), ConnectResult::Connected, now), [HostAction::Close(instance())]);
    relay.on_file_created(FILE);
    relay.on_connect(&instance(), ConnectResult::TryLater, now);
    relay.on_file_deleted(FILE);
    assert_eq!(relay.next_deadline(), None);
    assert_eq!(relay.on_timer(now + CONNECT_RETRY), []);
}

#[test]
fn a_listing_stands_for_the_changes_that_were_missed() {
    let mut relay = up(Instant::now());
    let other = "cgcs.messaging.instance-0000000b.sock".to_owned();
    let actions = relay.on_listing(&[other.clone(), "domain-1".into(), "cgcs.heartbeat.x.sock".into()]);
    assert_eq!(
        brief(&actions),
        ["Detected deletion of vio file 'cgcs.messaging.instance-0000000a.sock'", "close", "connect"]
    );
    assert_eq!(brief(&relay.on_listing(&[other])), ["'instance-0000000b' is already known"]);
}

#[test]
fn there_is_a_limit_of_instances() {
    let mut relay = HostRelay::new(2);
    assert_eq!(brief(&relay.on_file_created("cgcs.messaging.a.sock")), ["connect"]);
    assert_eq!(brief(&relay.on_file_created("cgcs.messaging.b.sock")), ["connect"]);
    assert_eq!(
        brief(&relay.on_file_created("cgcs.messaging.c.sock")),
        ["hit max number of instances, c is not served"]
    );
    relay.on_file_deleted("cgcs.messaging.a.sock");
    assert_eq!(brief(&relay.on_file_created("cgcs.messaging.c.sock")), ["connect"]);
}

#[test]
fn a_message_of_a_guest_goes_to_the_application_with_the_instances_name() {
    let mut relay = up(Instant::now());
    let bytes = concat!(
        "\n",
        r#"{"data":{"version":2,"msg_type":"status_query","seq":1},"version":2,"dest_addr":"cgcs.server_grp","source_addr":"cgcs.server_grp"}"#,
        "\n"
    );
    let datagram = r#"{"data":{"version":2,"msg_type":"status_query","seq":1},"version":2,"source_addr":"cgcs.server_grp","source_instance":"instance-0000000a"}"#;
    let dest = Address::new("cgcs.server_grp").unwrap();
    assert_eq!(
        relay.on_bytes(&instance(), bytes.as_bytes()),
        [HostAction::ToApp { instance: instance(), dest, datagram: datagram.into() }]
    );
}

#[test]
fn a_guest_cannot_say_that_it_is_another() {
    let mut relay = up(Instant::now());
    let bytes =
        br#"{"data":1,"version":2,"dest_addr":"a","source_addr":"b","source_instance":"instance-0000000b"}"#;
    let actions = relay.on_bytes(&instance(), bytes);
    let HostAction::ToApp { datagram, .. } = &actions[0] else { panic!("{actions:?}") };
    assert_eq!(datagram, r#"{"data":1,"version":2,"source_addr":"b","source_instance":"instance-0000000a"}"#);
}

#[test]
fn a_request_of_an_application_goes_to_the_guest() {
    let mut relay = up(Instant::now());
    let datagram =
        br#"{"data":{"a":1},"version":2,"dest_addr":"cgcs.scale","dest_instance":"instance-0000000a"}"#;
    let message = concat!(
        r#"{"data":{"a":1},"version":2,"dest_addr":"cgcs.scale","source_addr":"scale-0000000a"}"#,
        "\n"
    );
    assert_eq!(
        relay.on_datagram(datagram, &app()),
        HostAction::ToGuest {
            instance: instance(),
            source: Address::new("scale-0000000a").unwrap(),
            message: message.as_bytes().to_vec()
        }
    );
}

#[test]
fn requests_that_cannot_be_forwarded_are_dropped() {
    let mut relay = up(Instant::now());
    let good = r#"{"data":1,"version":2,"dest_addr":"a","dest_instance":"instance-0000000a"}"#;
    let cases = [
        ("", app(), "failed to parse msg"),
        ("{}", app(), "failed to parse version"),
        ("{\"version\":1}", app(), "message from app version 1, expected 2, dropping"),
        ("{\"version\":2}", app(), "failed to parse dest_address"),
        ("{\"version\":2,\"dest_addr\":\"a\"}", app(), "failed to parse dest_instance"),
        ("{\"version\":2,\"dest_addr\":\"a\",\"dest_instance\":\"x\"}", app(), "failed to parse data"),
        (
            r#"{"data":1,"version":2,"dest_addr":"a","dest_instance":"instance-0000000b-and-more"}"#,
            app(),
            "unable to find instance connection socket for instance-0000000b-an",
        ),
        (good, Sender::Path, "client address not in abstract namespace, dropping"),
        (good, Sender::Unbound, "client address not in abstract namespace, dropping"),
    ];
    for (datagram, sender, text) in cases {
        assert_eq!(brief(&[relay.on_datagram(datagram.as_bytes(), &sender)]), [text], "{datagram}");
    }
}

#[test]
fn what_a_guest_says_wrong_is_told_with_its_name() {
    let mut relay = up(Instant::now());
    let actions = relay.on_bytes(&instance(), b"{\"version\":1}\n{\"version\":2}\n{\n");
    assert_eq!(
        brief(&actions),
        [
            "instance-0000000a: received version 1, expected 2",
            "instance-0000000a: failed to parse source_addr",
            "a newline ends a message before it is complete"
        ]
    );
    assert!(actions.iter().all(|action| matches!(action, HostAction::Log { cause: Some(_), .. })));
    let unknown = InstanceName::new("instance-0000000b").unwrap();
    assert_eq!(relay.on_bytes(&unknown, b"{}\n"), []);
}
