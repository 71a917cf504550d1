//! Neutron's networks and subnets. Contract: southbound 3.4, 5.4.

use super::caller::{Caller, InAnswer, is_404};
use super::catalog::Service;
use super::fields::{self, FieldError, encoded};
use super::rest::Request;
use nfv_nfvi::CallError;
use nfv_nfvi::answer::Paged;
use nfv_nfvi::call::Page;
use nfv_nfvi::object::{AdminState, Network, NetworkProviderData, OperState, Subnet};
use reqwest::Method;
use serde_json::{Value, json};

/// Networks or subnets: they have the same calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Network,
    Subnet,
}

impl Kind {
    /// Functions in the table of time limits, in the order list, get, create, update, delete.
    const fn functions(self) -> [&'static str; 5] {
        match self {
            Kind::Network => {
                ["get_networks", "get_network", "create_network", "update_network", "delete_network"]
            }
            Kind::Subnet => ["get_subnets", "get_subnet", "create_subnet", "update_subnet", "delete_subnet"],
        }
    }

    const fn one(self) -> &'static str {
        match self {
            Kind::Network => "network",
            Kind::Subnet => "subnet",
        }
    }

    const fn many(self) -> &'static str {
        match self {
            Kind::Network => "networks",
            Kind::Subnet => "subnets",
        }
    }
}

/// What can be read from an entry of its kind.
pub(crate) trait Resource: Sized {
    const KIND: Kind;
    fn read(entry: &Value) -> Result<Self, FieldError>;
}

impl Resource for Network {
    const KIND: Kind = Kind::Network;

    fn read(entry: &Value) -> Result<Self, FieldError> {
        let status = fields::text(entry, "status")?;
        let up = fields::flag(entry, "admin_state_up")?;
        Ok(Network {
            uuid: fields::text(entry, "id")?,
            name: fields::text(entry, "name")?,
            admin_state: if up { AdminState::Unlocked } else { AdminState::Locked },
            oper_state: if status == "ACTIVE" { OperState::Enabled } else { OperState::Disabled },
            avail_status: match status.as_str() {
                "BUILD" => vec!["building".to_owned()],
                "ERROR" => vec!["failed".to_owned()],
                _ => Vec::new(),
            },
            is_shared: fields::flag(entry, "shared")?,
            mtu: fields::optional_count(entry, "mtu").unwrap_or(0),
            provider_data: NetworkProviderData {
                physical_network: fields::optional_text(entry, "provider:physical_network"),
                network_type: fields::optional_text(entry, "provider:network_type"),
                segmentation_id: fields::optional_text(entry, "provider:segmentation_id"),
            },
        })
    }
}

impl Resource for Subnet {
    const KIND: Kind = Kind::Subnet;

    fn read(entry: &Value) -> Result<Self, FieldError> {
        let cidr = fields::text(entry, "cidr")?;
        let (ip, prefix) =
            cidr.split_once('/').ok_or_else(|| FieldError::wanted("cidr", "address/prefix"))?;
        Ok(Subnet {
            uuid: fields::text(entry, "id")?,
            name: fields::optional_text(entry, "name").unwrap_or_default(),
            ip_version: u8::try_from(fields::count(entry, "ip_version")?).unwrap_or(0),
            subnet_ip: ip.to_owned(),
            subnet_prefix: prefix.to_owned(),
            gateway_ip: fields::optional_text(entry, "gateway_ip"),
            network_uuid: fields::text(entry, "network_id")?,
            is_dhcp_enabled: fields::flag(entry, "enable_dhcp")?,
        })
    }
}

async fn request(
    caller: &mut Caller<'_>,
    function: &'static str,
    method: Method,
    path: &str,
) -> Result<Request, CallError> {
    let base = caller.base(Service::Neutron).await?;
    Ok(Request::new("neutron", function, method, format!("{base}/v2.0/{path}")).wrs())
}

fn one<R: Resource>(body: &Value) -> Result<R, CallError> {
    let name = format!("neutron {}", R::KIND.many());
    fields::object(body, R::KIND.one()).and_then(R::read).in_answer(&name)
}

/// One page; no Neutron has none.
pub(crate) async fn list<R: Resource>(caller: &mut Caller<'_>, page: &Page) -> Result<Paged<R>, CallError> {
    if !caller.neighbours.is_registered(Service::Neutron) {
        return Ok(Paged { entries: Vec::new(), next: None });
    }
    let (function, many) = (R::KIND.functions()[0], R::KIND.many());
    let get = match &page.next {
        Some(next) => Request::new("neutron", function, Method::GET, next.clone()).wrs(),
        None => request(caller, function, Method::GET, &format!("{many}?limit={}", page.limit)).await?,
    };
    let body = caller.read(get).await?;
    let name = format!("neutron {many}");
    let entries = fields::list(&body, many).in_answer(&name)?;
    Ok(Paged {
        entries: entries.iter().map(R::read).collect::<Result<_, _>>().in_answer(&name)?,
        next: fields::next_link(&body, &format!("{many}_links")),
    })
}

pub(crate) async fn get<R: Resource>(caller: &mut Caller<'_>, uuid: &str) -> Result<R, CallError> {
    let path = format!("{}/{}", R::KIND.many(), encoded(uuid));
    let get = request(caller, R::KIND.functions()[1], Method::GET, &path).await?;
    one(&caller.read(get).await?)
}

/// Makes one from the fields given.
pub(crate) async fn create<R: Resource>(caller: &mut Caller<'_>, wanted: Value) -> Result<R, CallError> {
    let post = request(caller, R::KIND.functions()[2], Method::POST, R::KIND.many()).await?;
    one(&caller.read(post.json(&wrapped(R::KIND, wanted))).await?)
}

/// Changes the fields given.
pub(crate) async fn update<R: Resource>(
    caller: &mut Caller<'_>,
    uuid: &str,
    wanted: Value,
) -> Result<R, CallError> {
    let path = format!("{}/{}", R::KIND.many(), encoded(uuid));
    let put = request(caller, R::KIND.functions()[3], Method::PUT, &path).await?;
    one(&caller.read(put.json(&wrapped(R::KIND, wanted))).await?)
}

fn wrapped(kind: Kind, wanted: Value) -> Value {
    let mut body = json!({});
    body[kind.one()] = wanted;
    body
}

/// Removes one; what is not there is done.
pub(crate) async fn delete(caller: &mut Caller<'_>, kind: Kind, uuid: &str) -> Result<(), CallError> {
    let path = format!("{}/{}", kind.many(), encoded(uuid));
    let delete = request(caller, kind.functions()[4], Method::DELETE, &path).await?;
    match caller.send(delete).await {
        Err(error) if !is_404(&error) => Err(error),
        _ => Ok(()),
    }
}
