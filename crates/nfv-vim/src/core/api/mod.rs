//! What nfv-vim-api asks for. Contract: vim-behaviour 9.6, vim-api 2.3.
//!
//! Questions are answered from the tables at once. Actions on instances are answered as soon as they are begun or
//! refused; how they go on is not told. What needs a call is answered when the call ends, each request by its own id.

mod instance;

use super::{Effect, Level, Vim};
use nfv_nfvi::RequestId;
use nfv_nfvi::object::ActionType;
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
            // tables of these are not in the core yet: the connection closes without an answer
            Request::CreateInstance(_)
            | Request::CreateImage(_)
            | Request::UpdateImage(_)
            | Request::DeleteImage(_)
            | Request::GetImage(_)
            | Request::CreateVolume(_)
            | Request::UpdateVolume(_)
            | Request::DeleteVolume(_)
            | Request::GetVolume(_)
            | Request::CreateNetwork(_)
            | Request::UpdateNetwork(_)
            | Request::DeleteNetwork(_)
            | Request::GetNetwork(_)
            | Request::CreateSubnet(_)
            | Request::UpdateSubnet(_)
            | Request::DeleteSubnet(_)
            | Request::GetSubnet(_) => self.respond_all(id, Vec::new()),
        }
    }

    /// One message, and the request is answered.
    pub(super) fn respond(&mut self, request: RequestId, response: Response) {
        self.respond_all(request, vec![response]);
    }

    pub(super) fn respond_all(&mut self, request: RequestId, responses: Vec<Response>) {
        self.out.effects.push(Effect::Respond { request, responses });
    }

    pub(super) fn refuse<T: Default>(&mut self, id: RequestId, result: ResultCode, body: impl FnOnce(T) -> Body) {
        self.respond(id, Response::without(result, body));
    }
}
