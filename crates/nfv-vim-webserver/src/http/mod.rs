//! The shell: one handler for every request, which says in what order the rules apply.
//!
//! ```text
//!   request ──► name, method ──► the console's own paths ──► session, if there is a login ──► page data, stream
//!                           └──► the original's paths    ──► session, if there is a login ──► JSONP, files
//! ```

mod answer;
mod console;
mod health;
mod legacy;
mod metrics;
mod preview;
mod session;
mod stream;

pub use metrics::Metrics;
pub use session::Gate;

use crate::asset;
use crate::hub::Hub;
use crate::legacy::route::{Route, route};
use crate::settings::WebSettings;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use nfv_plugins::PlatformClient;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::Semaphore;

/// At most so many requests read the database at once.
const MAX_READERS: usize = 2;

/// Longest body of a request; there is only one that has any, the login.
pub const MAX_BODY: usize = 8 * 1024;

/// What handlers need.
#[derive(Debug)]
pub struct Site {
    /// Settings.
    pub settings: WebSettings,
    /// Shared state.
    pub hub: Arc<Hub>,
    /// Platform.
    pub client: Arc<PlatformClient>,
    /// Who may come in.
    pub gate: Gate,
    /// Counters.
    pub metrics: Metrics,
    /// Set when the process ends.
    pub ending: Arc<AtomicBool>,
    readers: Semaphore,
    foresight: preview::Foresight,
}

impl Site {
    /// Puts the parts together.
    pub fn new(
        settings: WebSettings,
        hub: Arc<Hub>,
        client: Arc<PlatformClient>,
        ending: Arc<AtomicBool>,
    ) -> Self {
        let gate = Gate::new(&settings.access);
        let (metrics, readers) = (Metrics::default(), Semaphore::new(MAX_READERS));
        let foresight = preview::Foresight::new(settings.vim);
        Self { settings, hub, client, gate, metrics, ending, readers, foresight }
    }
}

/// What a request asks for.
enum Wanted<'a> {
    Asset(&'static asset::Asset),
    Session,
    Login,
    Logout,
    State,
    Stock(&'a str),
    Host(&'a str),
    Instance(&'a str),
    Preview(&'a str),
    Entries,
    Stream,
    Metrics,
    Health,
    Legacy(Route),
}

impl<'a> Wanted<'a> {
    fn of(path: &'a str, target: &str) -> Self {
        if let Some(asset) = asset::find(path) {
            return Self::Asset(asset);
        }
        match path {
            "/console/api/session" => return Self::Session,
            "/console/api/login" => return Self::Login,
            "/console/api/logout" => return Self::Logout,
            "/console/api/state" => return Self::State,
            "/console/api/entries" => return Self::Entries,
            "/console/stream" => return Self::Stream,
            "/metrics" => return Self::Metrics,
            "/healthz" => return Self::Health,
            _ => {}
        }
        for (prefix, make) in [
            ("/console/api/stock/", Self::Stock as fn(&'a str) -> Self),
            ("/console/api/host/", Self::Host),
            ("/console/api/instance/", Self::Instance),
            ("/console/api/preview/", Self::Preview),
        ] {
            if let Some(name) = path.strip_prefix(prefix) {
                return make(name);
            }
        }
        Self::Legacy(route(target))
    }

    /// Who is not logged in gets it, too: the page that asks for the login, and what tells that the process lives.
    fn is_open(&self) -> bool {
        matches!(
            self,
            Self::Asset(_)
                | Self::Session
                | Self::Login
                | Self::Logout
                | Self::Metrics
                | Self::Health
                | Self::Legacy(Route::Index | Route::Favicon)
        )
    }

    /// It holds nothing of a host or instance, and supervisors ask by whatever name they know.
    fn is_probe(&self) -> bool {
        matches!(self, Self::Metrics | Self::Health)
    }

    /// For the counter; a few words, never a name.
    fn class(&self) -> &'static str {
        match self {
            Self::Asset(_) => "asset",
            Self::Session | Self::Login | Self::Logout => "session",
            Self::State | Self::Stock(_) | Self::Host(_) | Self::Instance(_) | Self::Entries => "console",
            Self::Preview(_) => "preview",
            Self::Stream => "stream",
            Self::Metrics | Self::Health => "probe",
            Self::Legacy(Route::Data(_)) => "jsonp",
            Self::Legacy(_) => "file",
        }
    }
}

/// Answers a request.
pub async fn serve(request: HttpRequest, body: web::Bytes, site: web::Data<Site>) -> HttpResponse {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let path = request.uri().path().to_owned();
    let wanted = Wanted::of(&path, &target);
    let class = wanted.class();
    let answer = dispatch(&request, &body, &site, wanted, &target).await;
    site.metrics.count(class, answer.status().as_u16());
    answer
}

async fn dispatch(
    request: &HttpRequest,
    body: &[u8],
    site: &web::Data<Site>,
    wanted: Wanted<'_>,
    target: &str,
) -> HttpResponse {
    if !wanted.is_probe() && !session::is_for_allowed_host(request, &site.settings.allowed_hosts) {
        return answer::plain(421, "This server does not go by that name; allowed_hosts says which it has.");
    }
    let ours = !matches!(wanted, Wanted::Legacy(_));
    match (request.method(), &wanted) {
        (&Method::POST, Wanted::Login | Wanted::Logout) => {}
        (_, Wanted::Login | Wanted::Logout) => return answer::post_only(),
        (&Method::GET, _) => {}
        (&Method::HEAD, _) if ours => {}
        (method, _) => return answer::unsupported(method),
    }
    if !wanted.is_open() {
        if session::is_of_another_site(request) {
            return answer::plain(403, "This is not for pages of other sites.");
        }
        if !site.gate.lets_in(request) {
            return answer::plain(401, "Log in first.");
        }
    }
    match wanted {
        Wanted::Asset(asset) => answer::asset(request, asset),
        Wanted::Session => session::show(request, site),
        Wanted::Login => session::login(request, body, site).await,
        Wanted::Logout => session::logout(request, site),
        Wanted::State => console::state(site),
        Wanted::Stock(name) => console::stock(site, name),
        Wanted::Host(name) => console::host(site, name).await,
        Wanted::Instance(uuid) => console::instance(site, uuid).await,
        Wanted::Preview(of) => preview::show(site, of, request.query_string()).await,
        Wanted::Entries => console::entries(site, request.query_string()),
        // nobody would read a body, and nothing tells when they are gone: it must not take a place
        Wanted::Stream if request.method() == Method::HEAD => answer::stream().finish(),
        Wanted::Stream => stream::open(request, site),
        Wanted::Metrics => site.metrics.show(site),
        Wanted::Health => health::show(site),
        Wanted::Legacy(route) => legacy::answer(request, site, route, target).await,
    }
}
