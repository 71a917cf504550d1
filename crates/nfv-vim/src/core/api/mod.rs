//! What nfv-vim-api asks for. Contract: vim-behaviour 9.6, vim-api 2.3.
//!
//! Questions are answered from the tables at once. Actions on instances are answered as soon as they are begun or
//! refused; how they go on is not told. What needs a call is answered when the call ends, each request by its own id.

mod instance;
mod object;

use super::nfvi_call::ApiCall;
use super::{Effect, Level, Vim};
use nfv_nfvi::object::ActionType;
use nfv_nfvi::{CallResult, RequestId};
use nfv_vim_rpc::{Request, Response, ResponseBody as Body, ResultCode};

const LOGGER: &str = "nfv_vim.vim_api_events";
const FILE: &str = "_vim_api_events.py";

impl Vim {
    pub(super) fn requested(&mut self, id: RequestId, request: Request) {
        use ActionType as A;
        self.log(Level::Debug, LOGGER, FILE, format!("Request {} of the API.", request.kind()));
        match request {
            Request::StartInstance(by) => self.act_on_instance(id, by, A::Start, Body::StartInstance),
            Request::StopInstance(by) => self.act_on_instance(id, by, A::Stop, Body::StopInstance),
            Request::PauseInstance(by) => self.act_on_instance(id, by, A::Pause, Body::PauseInstance),
            Request::UnpauseInstance(by) => self.act_on_instance(id, by, A::Unpause, Body::UnpauseInstance),
            Request::SuspendInstance(by) => self.act_on_instance(id, by, A::Suspend, Body::SuspendInstance),
            Request::ResumeInstance(by) => self.act_on_instance(id, by, A::Resume, Body::ResumeInstance),
            Request::RebootInstance(by) => self.act_on_instance(id, by, A::Reboot, Body::RebootInstance),
            Request::LiveMigrateInstance(by) => {
                self.act_on_instance(id, by, A::LiveMigrate, Body::LiveMigrateInstance);
            }
            Request::ColdMigrateInstance(by) => {
                self.act_on_instance(id, by, A::ColdMigrate, Body::ColdMigrateInstance);
            }
            Request::EvacuateInstance(by) => {
                self.act_on_instance(id, by, A::Evacuate, Body::EvacuateInstance);
            }
            Request::DeleteInstance(by) => self.act_on_instance(id, by, A::Delete, Body::DeleteInstance),
            Request::GetInstance(get) => self.get_instances(id, &get),
            Request::CreateStrategy(_)
            | Request::CreateUpgradeStrategy(_)
            | Request::ApplyStrategy(_)
            | Request::AbortStrategy(_)
            | Request::DeleteStrategy(_)
            | Request::GetStrategy(_) => self.strategy_requested(id, &request),
            Request::CreateInstance(asked) => self.instance_create(id, asked),
            Request::CreateImage(asked) => self.image_create(id, asked),
            Request::UpdateImage(asked) => self.image_change(id, asked),
            Request::DeleteImage(asked) => self.image_delete(id, asked),
            Request::GetImage(get) => self.get_images(id, &get),
            Request::CreateVolume(asked) => self.volume_create(id, asked),
            Request::UpdateVolume(asked) => self.volume_change(id, asked),
            Request::DeleteVolume(asked) => self.volume_delete(id, asked),
            Request::GetVolume(get) => self.get_volumes(id, &get),
            Request::CreateNetwork(asked) => self.network_create(id, asked),
            Request::UpdateNetwork(asked) => self.network_change(id, &asked),
            Request::DeleteNetwork(asked) => self.network_delete(id, &asked),
            Request::GetNetwork(get) => self.get_networks(id, &get),
            Request::CreateSubnet(asked) => self.subnet_create(id, asked),
            Request::UpdateSubnet(asked) => self.subnet_change(id, asked),
            Request::DeleteSubnet(asked) => self.subnet_delete(id, asked),
            Request::GetSubnet(get) => self.get_subnets(id, &get),
            Request::GetHistory(asked) => self.show_history(id, asked),
            Request::PreviewHost(asked) => self.preview_host_request(id, &asked),
            Request::PreviewStrategy(asked) => self.preview_strategy_request(id, &asked),
        }
    }

    /// The call behind a request ended.
    pub(super) fn api_answered(&mut self, id: RequestId, call: ApiCall, result: CallResult) {
        match call {
            ApiCall::CreateFlavor { asked } => self.flavor_made(id, *asked, result),
            ApiCall::CreateInstance { flavor } => self.instance_made(id, flavor, result),
            ApiCall::CreateImage => self.image_made(id, result, Body::CreateImage),
            ApiCall::UpdateImage => self.image_made(id, result, Body::UpdateImage),
            ApiCall::DeleteImage { uuid } => self.image_delete_answered(id, uuid, &result),
            ApiCall::CreateVolume => self.volume_made(id, result, Body::CreateVolume),
            ApiCall::UpdateVolume => self.volume_made(id, result, Body::UpdateVolume),
            ApiCall::DeleteVolume { uuid } => self.volume_delete_answered(id, uuid, &result),
            ApiCall::CreateNetwork => self.network_made(id, result, Body::CreateNetwork),
            ApiCall::UpdateNetwork => self.network_made(id, result, Body::UpdateNetwork),
            ApiCall::DeleteNetwork { uuid } => self.network_delete_answered(id, &uuid, &result),
            ApiCall::CreateSubnet => self.subnet_made(id, result, Body::CreateSubnet),
            ApiCall::UpdateSubnet => self.subnet_made(id, result, Body::UpdateSubnet),
            ApiCall::DeleteSubnet { uuid, asked } => self.subnet_delete_answered(id, &uuid, asked, &result),
        }
    }

    /// One message, and the request is answered.
    pub(super) fn respond(&mut self, request: RequestId, response: Response) {
        self.respond_all(request, vec![response]);
    }

    pub(super) fn respond_all(&mut self, request: RequestId, responses: Vec<Response>) {
        self.out.effects.push(Effect::Respond { request, responses });
    }

    pub(super) fn refuse<T: Default>(
        &mut self,
        id: RequestId,
        result: ResultCode,
        body: impl FnOnce(T) -> Body,
    ) {
        self.respond(id, Response::without(result, body));
    }
}
