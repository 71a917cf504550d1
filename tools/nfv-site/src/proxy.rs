//! nova-api-proxy at a site: before the lab's Nova, with the VIM's compute API for the actions that are the VIM's.

use crate::client::Client;
use crate::configuration::LabPorts;
use crate::process::Process;
use anyhow::{Context, bail};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// It must listen within this time.
const START: Duration = Duration::from_secs(30);
/// A neighbour that says nothing for so long is given up; in production it is a quarter of an hour.
const SILENCE: Duration = Duration::from_secs(30);
/// What its log says before its address.
const LISTENING: &str = "osapi_proxy listening on ";
/// The paste file as it is shipped.
const PASTE: &str = include_str!("../../../nova-api-proxy/etc/api-proxy-paste.ini");

/// A running proxy. Dropping it kills it.
#[derive(Debug)]
pub struct Proxy {
    process: Process,
    port: u16,
    client: Client,
}

impl Proxy {
    pub(crate) async fn start(
        mut command: Command,
        directory: &Path,
        lab: LabPorts,
        vim: u16,
    ) -> anyhow::Result<Self> {
        let own = directory.join("proxy");
        std::fs::create_dir_all(&own).with_context(|| format!("cannot make {}", own.display()))?;
        let (file, log) = (own.join("nova-api-proxy.conf"), own.join("log"));
        std::fs::write(own.join("api-proxy-paste.ini"), PASTE).context("cannot write the paste file")?;
        let config = format!(
            "[DEFAULT]\nosapi_proxy_listen = 127.0.0.1\nosapi_proxy_listen_port = 0\n\
             osapi_compute_listen = 127.0.0.1\nosapi_compute_listen_port = {}\n\
             nfvi_compute_listen = 127.0.0.1\nnfvi_compute_listen_port = {vim}\n\
             run_dir = {}\nlog_file = {}\nupstream_answer_timeout = {}\n\
             [keystone_authtoken]\nauth_type = password\nauth_url = http://127.0.0.1:{}\n\
             auth_uri = http://127.0.0.1:{}\nusername = admin\npassword = admin\nproject_name = admin\n\
             user_domain_name = Default\nproject_domain_name = Default\n",
            lab.nova,
            own.display(),
            log.display(),
            SILENCE.as_secs(),
            lab.keystone,
            lab.keystone,
        );
        std::fs::write(&file, config).context("cannot write the proxy's configuration")?;
        command.arg("--config-file").arg(&file);
        // one that an earlier site in the same directory has left names another port
        let _ = std::fs::remove_file(&log);
        let mut process = Process::start(directory, "nova-api-proxy", command)?;
        let begun = Instant::now();
        let port = loop {
            if let Some(port) = port_in(&std::fs::read_to_string(&log).unwrap_or_default()) {
                break port;
            }
            process.check()?;
            if begun.elapsed() > START {
                bail!("nova-api-proxy does not listen after {} s", START.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        Ok(Self { process, port, client: Client::log_in(lab.keystone, port).await? })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// A client of Nova by way of the proxy.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// The port on which the proxy's log says it listens, once the line is whole.
fn port_in(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once(LISTENING)?;
    let (address, _) = rest.split_once('\n')?;
    address.trim_end().rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::port_in;

    #[test]
    fn the_port_is_read_from_a_whole_line() {
        assert_eq!(port_in("x\n1 INFO osapi_proxy listening on 127.0.0.1:4321\nmore"), Some(4321));
        assert_eq!(port_in("1 INFO osapi_proxy listening on 127.0.0.1:43"), None);
        assert_eq!(port_in(""), None);
    }
}
