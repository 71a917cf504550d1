//! Previews.
use super::Vim;
use nfv_nfvi::RequestId;
use nfv_vim_rpc::preview::PreviewHost;
use nfv_vim_rpc::strategy::GetStrategy;
use nfv_vim_rpc::{ResponseBody as Body, ResultCode};

impl Vim {
    pub(super) fn preview_host_request(&mut self, id: RequestId, _asked: &PreviewHost) {
        self.refuse(id, ResultCode::Failed, Body::PreviewHost);
    }

    pub(super) fn preview_strategy_request(&mut self, id: RequestId, _asked: &GetStrategy) {
        self.refuse(id, ResultCode::Failed, Body::PreviewStrategy);
    }
}
