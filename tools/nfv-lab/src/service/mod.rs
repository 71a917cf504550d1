//! The services: one file each, from a request to calls of the model and an answer. No sockets here.

pub mod cinder;
pub mod fm;
pub mod glance;
pub mod guest;
pub mod keystone;
pub mod mtc;
pub mod neutron;
pub mod nova;
pub mod page;
pub mod patching;
pub mod sysinv;

use serde_json::{Value, json};

use crate::model::Cloud;
use crate::ports::{BoundPorts, Service};

/// A request, read completely.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, ...
    pub method: String,
    /// Path without query.
    pub path: String,
    /// Raw query.
    pub query_text: String,
    /// Query, decoded.
    pub query: Vec<(String, String)>,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request with the query taken from the path; for tests and the lab's own use.
    #[must_use]
    pub fn new(method: &str, path_and_query: &str) -> Self {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        Self {
            method: method.into(),
            path: path.into(),
            query_text: query.into(),
            query: parse_query(query),
            ..Self::default()
        }
    }

    /// The first header of that name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first query value of that name.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `Null` when it is empty or none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The parts of the path.
    #[must_use]
    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    /// The base of links: what the client called the service.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.header("host").unwrap_or("127.0.0.1"))
    }
}

/// Splits and decodes a query.
#[must_use]
pub fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .filter(|_| bytes[at] == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (hex, bytes[at]) {
            (Some(byte), _) => {
                out.push(byte);
                at += 2;
            }
            (None, b'+') => out.push(b' '),
            (None, byte) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers beside `Content-Type` and `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// `application/json` when there is a body.
    pub content_type: &'static str,
    /// Body.
    pub body: Vec<u8>,
}

impl Reply {
    /// JSON.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        Self { status, headers: Vec::new(), content_type: "application/json", body }
    }

    /// 200 with JSON.
    #[must_use]
    pub fn ok(body: &Value) -> Self {
        Self::json(200, body)
    }

    /// No body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), content_type: "application/json", body: Vec::new() }
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The refusal of a token.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::json(
            401,
            &json!({"error": {
                "message": "The request you have made requires authentication.",
                "code": 401,
                "title": "Unauthorized",
            }}),
        )
        .with("WWW-Authenticate", "Keystone uri=\"http://127.0.0.1:5000\"")
    }
}

/// What a service may know beside its request.
#[derive(Debug)]
pub struct Context<'a> {
    /// Project of the token (empty where none is asked for).
    pub tenant: String,
    /// Where the services are, for the catalog.
    pub ports: &'a BoundPorts,
    /// Address in the catalog.
    pub bind: &'a str,
}

/// Answers a request.
pub fn answer(
    service: Service,
    cloud: &mut Cloud,
    request: &Request,
    ports: &BoundPorts,
    bind: &str,
) -> Reply {
    let mut context = Context { tenant: String::new(), ports, bind };
    let open = cloud.keystone.settings.open.iter().any(|name| name == service.as_str());
    if !open && !keystone::is_public(service, request) {
        let token = request.header("x-auth-token").unwrap_or_default();
        match cloud.keystone.valid(token, cloud.now()) {
            Some(token) => context.tenant = token.tenant.clone(),
            None => return Reply::unauthorized(),
        }
    } else if let Some(tenant) = cloud.keystone.tenants.first() {
        context.tenant = tenant.id.clone();
    }
    match service {
        Service::Keystone => keystone::answer(cloud, request, &context),
        Service::Nova => nova::answer(cloud, request, &context),
        Service::Neutron => neutron::answer(cloud, request),
        Service::Cinder => cinder::answer(cloud, request),
        Service::Glance => glance::answer(cloud, request),
        Service::Sysinv => sysinv::answer(cloud, request),
        Service::Mtc => mtc::answer(cloud, request),
        Service::Patching => patching::answer(cloud, request),
        Service::Fm => fm::answer(cloud, request),
        Service::Guest => guest::answer(cloud, request),
        Service::Control => Reply::empty(404),
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A small cloud for the tests of services and model.

    use super::*;
    use crate::config::ClusterFile;

    /// Two controllers, three workers of 4 CPUs, four servers of 2 CPUs on worker-0 and worker-1; all times exact.
    pub const CLUSTER: &str = r#"
        timings = { jitter = 0.0 }
        [[host]]
        name = "controller-{n}"
        count = 2
        personality = "controller"
        [[host]]
        name = "worker-{n}"
        count = 3
        personality = "worker"
        vcpus = 4
        memory_mb = 8192
        [[flavor]]
        name = "small"
        vcpus = 2
        ram_mb = 1024
        disk_gb = 1
        [[flavor]]
        name = "large"
        vcpus = 4
        ram_mb = 2048
        disk_gb = 1
        [[image]]
        name = "tiny"
        [[volume]]
        name = "data"
        [[snapshot]]
        name = "data-snap"
        volume = "data"
        [[network]]
        name = "net0"
        [[subnet]]
        name = "subnet0"
        network = "net0"
        cidr = "10.0.0.0/24"
        [[group]]
        name = "apart"
        policy = "anti-affinity"
        [[vm]]
        name = "a{n}"
        count = 2
        flavor = "small"
        host = "worker-0"
        [[vm]]
        name = "b{n}"
        count = 2
        flavor = "small"
        host = "worker-1"
        boot_volume = true
    "#;

    pub fn cloud() -> Cloud {
        cloud_of(CLUSTER)
    }

    pub fn cloud_of(text: &str) -> Cloud {
        let file = ClusterFile::parse(text).expect("a good file");
        Cloud::build(&file, jiff::Timestamp::UNIX_EPOCH).expect("a good cluster")
    }

    pub fn server(cloud: &Cloud, name: &str) -> String {
        cloud.servers.values().find(|server| server.name == name).expect("exists").id.clone()
    }

    /// Lets simulated seconds pass.
    pub fn pass(cloud: &mut Cloud, seconds: f64) {
        cloud.advance(cloud.now() + std::time::Duration::from_secs_f64(seconds));
    }

    /// A request with a good token, answered by the service.
    pub fn call(cloud: &mut Cloud, service: Service, method: &str, path: &str, body: Value) -> (u16, Value) {
        let mut request = Request::new(method, path);
        if !body.is_null() {
            request.body = body.to_string().into_bytes();
        }
        let tenant = cloud.keystone.tenants[0].id.clone();
        let (token, _) = cloud.issue_token(tenant);
        request.headers = vec![
            ("x-auth-token".into(), token),
            ("host".into(), "127.0.0.1:1".into()),
            ("user-agent".into(), "vim/1.0".into()),
            ("wrs-header".into(), "true".into()),
            ("x-openstack-nova-api-version".into(), "2.53".into()),
        ];
        let reply = answer(service, cloud, &request, &BoundPorts::new(), "127.0.0.1");
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let request = Request::new("GET", "/a?x=1&y=a%20b+c&flag&z=%zz");
        assert_eq!(request.query("x"), Some("1"));
        assert_eq!(request.query("y"), Some("a b c"));
        assert_eq!(request.query("flag"), Some(""));
        assert_eq!(request.query("z"), Some("%zz"));
        assert_eq!(request.path, "/a");
    }

    #[test]
    fn every_service_refuses_an_unknown_token() {
        let mut cloud = testing::cloud();
        for service in Service::ALL.into_iter().filter(|&service| service != Service::Control) {
            let mut request = Request::new("GET", "/v1/anything");
            assert_eq!(
                answer(service, &mut cloud, &request, &BoundPorts::new(), "x").status,
                401,
                "{service:?}"
            );
            request.headers.push(("x-auth-token".into(), "nonsense".into()));
            assert_eq!(
                answer(service, &mut cloud, &request, &BoundPorts::new(), "x").status,
                401,
                "{service:?}"
            );
        }
    }
}
