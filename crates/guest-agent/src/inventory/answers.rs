//! Answers of the VIM. Contract: guest 8.

use guest_daemon::log::Level;
use guest_protocol::heartbeat::vim;
use guest_protocol::heartbeat::words::Switch;

use super::agent::{Agent, CallKind};

impl Agent {
    /// The VIM has answered a request: the body of a good answer, or what went wrong.
    pub fn on_answer(&mut self, kind: &CallKind, answer: Result<&[u8], String>) {
        match kind {
            CallKind::HostState(hostname) => self.on_host_state(hostname, answer),
            CallKind::HostInstances(hostname) => self.on_host_instances(hostname, answer),
            CallKind::Event => {
                if let Err(why) = answer {
                    self.log(Level::Error, format!("failed to send to vim: {why}"));
                }
            }
            CallKind::Loss => self.on_loss_answer(answer),
        }
    }

    fn on_host_state(&mut self, hostname: &str, answer: Result<&[u8], String>) {
        let Some(host) = self.hosts.get_mut(hostname) else { return };
        host.asking_state = false;
        let state = answer
            .and_then(|body| vim::host_reporting(body).ok_or_else(|| "no state in the answer".to_owned()));
        match state {
            Ok(reporting) => {
                host.got_state = true;
                host.reporting = reporting;
                if reporting.is_on() {
                    self.log(Level::Info, format!("{hostname} fault reporting enabled"));
                    if self.hosts.get(hostname).is_some_and(|host| host.got_instances) {
                        self.query(hostname);
                    }
                }
            }
            Err(why) => {
                let text = format!("{hostname} failed to get host level reporting state: {why}");
                self.log(Level::Warn, text);
            }
        }
    }

    fn on_host_instances(&mut self, hostname: &str, answer: Result<&[u8], String>) {
        let Some(host) = self.hosts.get_mut(hostname) else { return };
        host.asking_instances = false;
        let listed = answer.and_then(|body| {
            vim::host_instances(body).ok_or_else(|| "no instances in the answer".to_owned())
        });
        let listed = match listed {
            Ok(listed) => listed,
            Err(why) => {
                self.log(Level::Warn, format!("{hostname} failed to get host instances: {why}"));
                return;
            }
        };
        host.got_instances = true;
        for instance in listed {
            let reporting = instance.reporting.unwrap_or(Switch::Disabled);
            // An unknown host is logged; mtcAgent will tell of it.
            let _ = self.add_instance(&instance.hostname, &instance.uuid, reporting);
        }
        self.query(hostname);
    }

    fn on_loss_answer(&mut self, answer: Result<&[u8], String>) {
        match answer {
            Ok(body) => {
                // The VIM of the time says `admin_state` in the place of `state`: nothing to be learned from it.
                let listed = vim::loss_answer(body);
                if let Some((instance, reporting)) =
                    listed.and_then(|instance| instance.reporting.map(|reporting| (instance, reporting)))
                {
                    let _ = self.mod_instance(&instance.hostname, &instance.uuid, reporting);
                }
            }
            Err(why) => self.log(Level::Error, format!("failed to tell the vim of a loss: {why}")),
        }
    }
}
