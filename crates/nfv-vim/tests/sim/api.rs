//! What users ask by nfv-vim-api, and what a step of a strategy would ask of the directors.

use super::secs;
use super::world::World;
use nfv_nfvi::RequestId;
use nfv_vim::core::director::DirectorCommand;
use nfv_vim::core::host::service::HostService;
use nfv_vim::core::{Input, Vim};
use nfv_vim_rpc::image::{CreateImage, UpdateImage};
use nfv_vim_rpc::instance::Get;
use nfv_vim_rpc::network::{CreateNetwork, DeleteNetwork, GetNetwork, UpdateNetwork};
use nfv_vim_rpc::subnet::{CreateSubnet, DeleteSubnet, UpdateSubnet};
use nfv_vim_rpc::volume::{CreateVolume, UpdateVolume};
use nfv_vim_rpc::{ByUuid, Request, Response, ResponseBody, ResultCode};

/// No request of the API may take longer than its calls may.
const LONGEST_ANSWER: std::time::Duration = secs(600);

impl World {
    /// A user asks for something. The answer must come, once, and fit.
    pub(super) fn api_asks(&mut self) {
        let all: Vec<_> = self.cloud.servers.keys().cloned().collect();
        let Some(uuid) = self.pick(&all) else { return };
        let by = || ByUuid::new(uuid.clone());
        if self.rng.u32(0..3) == 0 {
            return self.api_asks_for_stock();
        }
        let request = match self.rng.u32(0..11) {
            0 => Request::StopInstance(by()),
            1 => Request::StartInstance(by()),
            2 => Request::RebootInstance(by()),
            3 => Request::PauseInstance(by()),
            4 => Request::UnpauseInstance(by()),
            5 => Request::LiveMigrateInstance(by()),
            6 => Request::ColdMigrateInstance(by()),
            7 => Request::EvacuateInstance(by()),
            8 => Request::GetInstance(Get::all()),
            9 => Request::GetInstance(Get::one(uuid.clone())),
            _ => Request::StopInstance(ByUuid::new("nobody")),
        };
        let changes = !matches!(&request, Request::GetInstance(_));
        if let Some(server) = self.cloud.servers.get_mut(&uuid).filter(|_| changes) {
            server.failures += 1;
            server.asked = Some(self.now);
            server.user_stopped |= matches!(&request, Request::StopInstance(_));
        }
        self.ask_api(request);
    }

    /// A user makes, changes or deletes an image, a volume, a network or a subnet.
    fn api_asks_for_stock(&mut self) {
        let stock = &self.cloud.stock;
        let images: Vec<_> = stock.images.keys().cloned().collect();
        let volumes: Vec<_> = stock.volumes.keys().cloned().collect();
        let networks: Vec<_> = stock.networks.values().map(|network| network.name.clone()).collect();
        let uuid = |uuid: Option<String>| Some(uuid.unwrap_or_else(|| "nobody".to_owned()));
        let (image, volume) = (uuid(self.pick(&images)), uuid(self.pick(&volumes)));
        let network = uuid(self.pick(&networks));
        let number = self.rng.u32(0..20);
        let (name, text) = (Some(format!("made-{number}")), Some(format!("text {number}")));
        let request = match self.rng.u32(0..14) {
            0 => Request::CreateImage(CreateImage { name, ..CreateImage::default() }),
            1 => {
                Request::UpdateImage(UpdateImage { uuid: image, description: text, ..UpdateImage::default() })
            }
            2 => Request::DeleteImage(ByUuid { uuid: image }),
            3 => Request::CreateVolume(CreateVolume { name, size_gb: Some(1), ..CreateVolume::default() }),
            4 => Request::UpdateVolume(UpdateVolume { uuid: volume, description: text }),
            5 => Request::DeleteVolume(ByUuid { uuid: volume }),
            6 => Request::CreateNetwork(CreateNetwork {
                name,
                network_type: Some("vlan".to_owned()),
                segmentation_id: Some(number.to_string()),
                physical_network: Some("physnet0".to_owned()),
                is_shared: Some(false),
            }),
            7 => Request::UpdateNetwork(UpdateNetwork { name: network, is_shared: Some(number > 9) }),
            8 => Request::DeleteNetwork(DeleteNetwork { by_uuid: None, by_name: network }),
            9 => Request::CreateSubnet(CreateSubnet {
                network_name: network,
                ip_version: Some("4".to_owned()),
                subnet_ip: Some("10.0.0.0".to_owned()),
                subnet_prefix: Some("24".to_owned()),
                ..CreateSubnet::default()
            }),
            10 => Request::UpdateSubnet(UpdateSubnet {
                network_name: network,
                subnet_ip: Some("10.0.0.0".to_owned()),
                subnet_prefix: Some("24".to_owned()),
                is_dhcp_enabled: Some(number > 9),
                ..UpdateSubnet::default()
            }),
            11 => Request::DeleteSubnet(DeleteSubnet {
                network_name: network,
                subnet_ip: Some("10.0.0.0".to_owned()),
                subnet_prefix: Some(24),
            }),
            12 => Request::GetImage(Get::one(image.unwrap_or_default())),
            _ => Request::GetNetwork(GetNetwork {
                get_all: false,
                filter_by_uuid: None,
                filter_by_name: network,
            }),
        };
        self.ask_api(request);
    }

    /// A request of the API reaches the VIM, if there is one.
    pub fn ask_api(&mut self, request: Request) {
        if self.vim.is_none() {
            return;
        }
        self.api_requests += 1;
        let id = RequestId(1_000_000 + self.api_requests);
        let what = format!("api: {request:?}");
        self.journal.line(self.now, &what);
        self.api_open.insert(id, (self.now, what.clone()));
        self.input(Input::Request { id, body: Box::new(request) }, &what);
    }

    /// The VIM answers a request of the API.
    pub(super) fn answered_api(&mut self, id: RequestId, responses: &[Response]) {
        let Some((asked, what)) = self.api_open.remove(&id) else {
            return self.fail(format!("request {} of the API is answered and nobody waits", id.0));
        };
        let results: Vec<_> = responses.iter().map(|response| response.result.as_str()).collect();
        self.journal.routine(self.now, format_args!("{what} is answered {results:?}"));
        if self.now.since(asked) > LONGEST_ANSWER {
            self.fail(format!("{what} was answered after {} s", self.now.since(asked).as_secs()));
        }
        let Some(vim) = &self.vim else { return };
        if let Err(wrong) = fits(vim, &what, responses) {
            self.fail(format!("{what}: {wrong}"));
        }
    }

    /// A step of a strategy asks the directors for something.
    pub(super) fn strategy_step(&mut self) {
        let quiet = self.hosts_where(|host| host.is_quiet() && !host.locked && host.enabled);
        let locked = self.hosts_where(|host| host.is_quiet() && host.locked);
        let Some(host) = self.pick(if quiet.is_empty() { &locked } else { &quiet }) else { return };
        let on_host: Vec<_> = self
            .cloud
            .servers
            .values()
            .filter(|server| server.host.as_ref() == Some(&host))
            .map(|server| server.uuid.clone())
            .collect();
        let stopped: Vec<_> =
            on_host.iter().filter(|uuid| self.cloud.servers[*uuid].vm == "stopped").cloned().collect();
        let command = match self.rng.u32(0..10) {
            0 | 1 if quiet.len() > 1 || self.simplex => DirectorCommand::LockHosts(vec![host]),
            2 if !locked.is_empty() => DirectorCommand::UnlockHosts(locked),
            3 if !locked.is_empty() && !self.simplex => DirectorCommand::RebootHosts(locked),
            4 => DirectorCommand::SwactHosts(vec![host, "nowhere".to_owned()]),
            5 => DirectorCommand::DisableHostServices { hosts: vec![host], service: HostService::Compute },
            6 | 7 if !on_host.is_empty() => DirectorCommand::MigrateInstances(on_host),
            8 if !on_host.is_empty() => DirectorCommand::StopInstances(on_host),
            _ if !stopped.is_empty() => {
                DirectorCommand::StartInstances { uuids: stopped, serial: self.rng.bool() }
            }
            _ => return,
        };
        let touched: &[String] = match &command {
            DirectorCommand::MigrateInstances(uuids)
            | DirectorCommand::StopInstances(uuids)
            | DirectorCommand::StartInstances { uuids, .. } => uuids,
            _ => &[],
        };
        let emptied = match &command {
            DirectorCommand::MigrateInstances(uuids) => {
                uuids.first().and_then(|uuid| self.cloud.servers[uuid].host.clone())
            }
            DirectorCommand::DisableHostServices { hosts, .. } => hosts.first().cloned(),
            _ => None,
        };
        if let Some(host) = emptied.and_then(|host| self.cloud.hosts.get_mut(&host)) {
            host.emptied = Some(self.now);
        }
        for uuid in touched {
            if let Some(server) = self.cloud.servers.get_mut(uuid) {
                server.failures += 1;
                server.user_stopped |= matches!(&command, DirectorCommand::StopInstances(_));
            }
        }
        self.command(command);
    }

    /// The directors get a command, if there is a VIM.
    pub fn command(&mut self, command: DirectorCommand) {
        let now = self.wall();
        let Some(vim) = &mut self.vim else { return };
        self.journal.line(self.now, &format!("strategy: {command:?}"));
        let (status, outcome) = vim.command(now, command);
        self.journal.routine(self.now, format_args!("strategy: {status:?}"));
        if status.failed == status.reason.is_empty() {
            self.fail(format!("a command that failed must say why, others nothing: {status:?}"));
        }
        self.carry_out(outcome);
    }

    /// What a strategy took down on purpose is taken up again.
    pub(super) fn services_back(&mut self) {
        let Some(vim) = &self.vim else { return };
        let locked = vim.hosts().filter(|host| host.services_locked);
        let hosts: Vec<_> = locked.map(|host| host.name().to_owned()).collect();
        if !hosts.is_empty() {
            self.command(DirectorCommand::EnableHostServices { hosts, service: HostService::Compute });
        }
    }
}

/// The answer is one that this request may have.
fn fits(vim: &Vim, what: &str, responses: &[Response]) -> Result<(), String> {
    if what.contains("get_all: true") {
        let shown: Vec<_> = responses
            .iter()
            .filter_map(|response| match &response.body {
                ResponseBody::GetInstance(instance) => instance.uuid.as_deref(),
                _ => None,
            })
            .collect();
        let known: Vec<_> = vim.instances().map(|instance| instance.uuid()).collect();
        return if shown == known {
            Ok(())
        } else {
            Err(format!("{shown:?} are shown, {known:?} are known"))
        };
    }
    let [response] = responses else { return Err(format!("{} answers", responses.len())) };
    if what.contains("nobody") && response.result == ResultCode::Success {
        return Err("nobody was found".to_owned());
    }
    Response::decode(&response.encode()).map(|_| ()).map_err(|error| error.to_string())
}
