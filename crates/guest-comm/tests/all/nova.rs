//! Nova's side of server groups, made from the contract: on each host a listener at `@cgcs.server_grp`, between them
//! what nova's RPC does.
//!
//! Contract: guest 3.5, 11.6.

use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use guest_protocol::messaging::envelope::{Address, Data, HostAppDelivery, HostAppRequest};
use guest_protocol::messaging::server_group::{
    GuestRequest, RefusedRequest, compose_broadcast, compose_nack, compose_notification,
    compose_status_response,
};

use crate::machine::{Machine, send};

/// A member of the one server group there is.
#[derive(Clone)]
pub struct Member {
    /// Its instance.
    pub instance: String,
    /// Index of its host.
    pub host: usize,
}

/// nova-compute on all hosts.
pub struct Nova {
    group: Arc<Group>,
}

struct Group {
    hosts: Vec<UnixDatagram>,
    members: Vec<Member>,
    ended: AtomicBool,
}

impl Nova {
    /// Listens on all hosts.
    pub fn start(hosts: &[&Machine], members: &[Member]) -> Self {
        let hosts = hosts.iter().map(|host| host.socket("cgcs.server_grp")).collect::<Vec<_>>();
        let group = Arc::new(Group { hosts, members: members.to_vec(), ended: AtomicBool::new(false) });
        for host in 0..group.hosts.len() {
            let group = Arc::clone(&group);
            group.hosts[host].set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
            thread::spawn(move || group.listen(host));
        }
        Self { group }
    }

    /// Something happened to a member: all of them hear of it.
    pub fn notify(&self, event: &str) {
        let event = serde_json::value::RawValue::from_string(event.to_owned()).unwrap();
        for member in &self.group.members {
            self.group.tell(member, &compose_notification(&event));
        }
    }
}

impl Drop for Nova {
    fn drop(&mut self) {
        self.group.ended.store(true, Ordering::Relaxed);
    }
}

impl Group {
    fn listen(&self, host: usize) {
        let mut buffer = [0; 4096];
        while !self.ended.load(Ordering::Relaxed) {
            if let Ok(length) = self.hosts[host].recv(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]);
                let delivery = HostAppDelivery::parse(&text).unwrap();
                self.hear(&delivery);
            }
        }
    }

    fn hear(&self, delivery: &HostAppDelivery) {
        let Some(asker) = self.members.iter().find(|member| member.instance == delivery.instance) else {
            return;
        };
        match GuestRequest::parse(&delivery.data) {
            Ok(GuestRequest::Broadcast { data }) => {
                let others = self.members.iter().filter(|member| member.instance != asker.instance);
                for member in others {
                    self.tell(member, &compose_broadcast(&asker.instance, &data));
                }
            }
            Ok(GuestRequest::StatusQuery { seq }) => {
                let mut last = String::new();
                for member in &self.members {
                    last = format!(r#"{{"display_name":"{}","state":"active","vcpus":2}}"#, member.instance);
                    let server = serde_json::value::RawValue::from_string(last.clone()).unwrap();
                    self.tell(asker, &compose_status_response(seq, &server));
                }
                // nova repeats the last server
                let done = r#"{"version":2,"msg_type":"status_response_done","seq":"#;
                self.tell(asker, &format!(r#"{done}{seq},"data":{last}}}"#));
            }
            Err(refused) => {
                let msg_type = match &refused {
                    RefusedRequest::Type(msg_type) => msg_type.as_str(),
                    RefusedRequest::NoData | RefusedRequest::Version(_) => "",
                };
                self.tell(asker, &compose_nack(msg_type, &refused.to_string()));
            }
        }
    }

    fn tell(&self, member: &Member, data: &str) {
        let request = HostAppRequest {
            data: Data::from_text(data).unwrap(),
            dest: Address::new("cgcs.server_grp").unwrap(),
            instance: member.instance.clone(),
        };
        // an agent that is not there is not there
        let _ = send(&self.hosts[member.host], "cgcs.messaging", &request.compose());
    }
}
