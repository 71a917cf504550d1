//! What would happen to a host, or what applying a strategy would do: asked of the VIM. docs/extensions.md.

use super::console::{decoded, to_text};
use super::{Site, answer};
use actix_web::{HttpResponse, web};
use nfv_vim_rpc::client::{AskError, Client};
use nfv_vim_rpc::preview::{HostPreviewAction, Preview, PreviewHost};
use nfv_vim_rpc::strategy::GetStrategy;
use nfv_vim_rpc::{Request, Response, ResponseBody, ResultCode};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Most questions to the VIM at once, of all who look.
const MOST_QUESTIONS: usize = 4;
/// How long one waits for its turn, and then for the answer.
const TURN_LIMIT: Duration = Duration::from_secs(10);
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// The VIM, as far as it is asked.
#[derive(Debug)]
pub struct Foresight {
    client: Option<Client>,
    turns: Semaphore,
}

impl Foresight {
    /// The VIM at this address.
    pub fn new(address: Option<SocketAddr>) -> Self {
        let client = address.map(|address| {
            let any: IpAddr =
                if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
            Client::new(address, SocketAddr::new(any, 0))
        });
        Self { client, turns: Semaphore::new(MOST_QUESTIONS) }
    }

    async fn ask(&self, request: &Request) -> Result<Response, String> {
        let Some(client) = &self.client else {
            return Err("The configuration does not say where the VIM is asked ([vim] rpc_host, rpc_port)."
                .to_owned());
        };
        let turn = tokio::time::timeout(TURN_LIMIT, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err("Too many others ask the VIM at this moment.".to_owned());
        };
        client.ask_one(request, ANSWER_LIMIT).await.map_err(|error| match error {
            AskError::Unreachable(why) => format!("The VIM is not reached: {why}."),
            AskError::NoAnswer(why) => format!("The VIM does not answer: {why}."),
        })
    }
}

/// `host/{name}` with `action`, or `strategy/{kind}`.
pub async fn show(site: &web::Data<Site>, of: &str, query: &str) -> HttpResponse {
    let (request, absent) = match of.split_once('/') {
        Some(("host", name)) => match (decoded(name), action(query)) {
            (Some(name), Some(action)) => {
                let request = PreviewHost { host_name: Some(name), action };
                (Request::PreviewHost(request), "The VIM does not know this host.")
            }
            (None, _) => return answer::plain(400, "The name cannot be read."),
            (_, None) => return answer::plain(400, "action is lock, lock-force or fail."),
        },
        Some(("strategy", kind @ ("sw-patch" | "sw-upgrade"))) => {
            let request = GetStrategy { sw_update_type: Some(kind.to_owned()), uuid: None };
            (Request::PreviewStrategy(request), "The VIM has no such strategy.")
        }
        _ => return answer::plain(404, "There is nothing of this kind to look ahead at."),
    };
    let response = match site.foresight.ask(&request).await {
        Ok(response) => response,
        Err(why) => return answer::plain(503, &why),
    };
    let preview: Preview = match response.body {
        ResponseBody::PreviewHost(preview) | ResponseBody::PreviewStrategy(preview) => preview,
        other => return answer::plain(503, &format!("The VIM answered with {}.", other.kind())),
    };
    match response.result {
        ResultCode::Success => answer::json(to_text(&preview)),
        ResultCode::NotFound => answer::plain(404, absent),
        ResultCode::Failed | ResultCode::Conflict | ResultCode::Unknown => match preview.refused {
            Some(why) => answer::plain(503, &format!("The VIM cannot tell: {why}.")),
            None => answer::plain(503, "The VIM cannot tell."),
        },
    }
}

/// The action of a query; none when it is none that there is.
fn action(query: &str) -> Option<HostPreviewAction> {
    let named = query.split('&').find_map(|pair| pair.strip_prefix("action="));
    named.map_or(Some(HostPreviewAction::default()), HostPreviewAction::named)
}
