//! Networks and their subnets. Contract: vim-api 1.10. Networks are known by their names here.

use super::{Answer, failed, listed, payload, single, unexpected};
use crate::vim::{SHORT, VimClient};
use crate::wire::schema::{Field, Kind, Need, Record, given, may, must};
use crate::wire::{Fault, Node, Values};
use nfv_vim_rpc::network::{CreateNetwork, DeleteNetwork, GetNetwork, Network, UpdateNetwork};
use nfv_vim_rpc::subnet::{CreateSubnet, DeleteSubnet, GetSubnet, Subnet, UpdateSubnet};
use nfv_vim_rpc::{Request, ResponseBody, ResultCode};

static SUBNET: Record = Record {
    name: "NetworkSubnetType",
    fields: &[
        may("network_id", Kind::Text, Need::Optional),
        must("ip_version", Kind::Text),
        may("gateway_ip", Kind::Text, Need::OrNull),
        may("is_dhcp_enabled", Kind::Flag, Need::OrFlag(true)),
        may("meta_data", Kind::Text, Need::OrNull),
        must("wrs_subnet_ip", Kind::Text),
        must("wrs_subnet_prefix", Kind::Count),
    ],
};

static QOS: Record = Record {
    name: "NetworkQosType",
    fields: &[may("qos_name", Kind::Text, Need::OrNull), may("qos_value", Kind::Text, Need::OrNull)],
};

static NETWORK: Record = Record {
    name: "NetworkType",
    fields: &[
        may("bandwidth", Kind::Int, Need::OrInt(0)),
        may("type_of_network", Kind::Choice(&["flat", "vlan", "vxlan"]), Need::OrNull),
        may("type_of_segment", Kind::Text, Need::OrNull),
        may("network_qos", Kind::List(&Kind::Record(&QOS)), Need::OrEmpty),
        may("is_shared", Kind::Flag, Need::OrFlag(false)),
        may("sharing_criteria", Kind::Text, Need::OrNull),
        may("layer3_attributes", Kind::List(&Kind::Record(&SUBNET)), Need::OrEmpty),
        may("meta_data", Kind::Text, Need::OrNull),
        may("wrs_physical_network", Kind::Text, Need::Optional),
    ],
};

/// Body of a new network.
pub static CREATE: Record = Record {
    name: "NetworkCreateInputData",
    fields: &[
        must("network_resource_id", Kind::Text),
        may("reservation_id", Kind::Text, Need::Optional),
        must("network_resource_type", Kind::Choice(&["subnet", "network"])),
        may("type_network_data", Kind::Record(&NETWORK), Need::OrNull),
        may("type_subnet_data", Kind::Record(&SUBNET), Need::OrNull),
        may("meta_data", Kind::Text, Need::OrNull),
    ],
};

/// Body of a change.
pub static UPDATE: Record = Record {
    name: "NetworkUpdateInputData",
    fields: &[
        must("network_resource_id", Kind::Text),
        may("update_network_data", Kind::Record(&NETWORK), Need::OrNull),
        may("update_subnet_data", Kind::Record(&SUBNET), Need::OrNull),
        may("meta_data", Kind::Text, Need::OrNull),
    ],
};

/// Body of a deletion.
pub static DELETE: Record = Record {
    name: "NetworkDeleteInputData",
    fields: &[given("network_resource_ids", Kind::List(&Kind::Text))],
};

static RESOURCE: Record = Record {
    name: "NetworkResourceType",
    fields: &[must("resource_id", Kind::Text), must("network_attributes", Kind::Record(&NETWORK))],
};

const OPERATION_RESULT: Field = must("operation_result", Kind::Text);
const MESSAGE: Field = must("message", Kind::Text);

/// Networks as they are shown.
pub static SHOWN: Record = Record {
    name: "NetworkQueryOutputData",
    fields: &[OPERATION_RESULT, must("query_result", Kind::List(&Kind::Record(&RESOURCE))), MESSAGE],
};

/// A network that was made or changed.
pub static CHANGED: Record = Record {
    name: "NetworkChangeOutputData",
    fields: &[OPERATION_RESULT, must("network_data", Kind::Record(&RESOURCE)), MESSAGE],
};

/// Networks that are gone.
pub static DELETED: Record = Record {
    name: "NetworkDeleteOutputData",
    fields: &[OPERATION_RESULT, must("network_resource_ids", Kind::List(&Kind::Text)), MESSAGE],
};

/// An answer with its three keys.
fn answer(name: &'static str, body: Node) -> Node {
    Node::Object(vec![("operation_result", Node::Null), (name, body), ("message", Node::Null)])
}

fn resource(network: Network, subnets: Vec<Node>) -> Node {
    // the original turns it into text whatever it is
    let segment = network.segmentation_id.unwrap_or_else(|| "None".to_owned());
    let attributes = Node::Object(vec![
        ("bandwidth", Node::Int(0)),
        ("type_of_network", Node::optional(network.network_type)),
        ("type_of_segment", Node::text(segment)),
        ("network_qos", Node::List(Vec::new())),
        ("is_shared", network.is_shared.map_or(Node::Null, Node::Flag)),
        ("sharing_criteria", Node::Null),
        ("layer3_attributes", Node::List(subnets)),
        ("meta_data", Node::Null),
    ]);
    Node::Object(vec![("resource_id", Node::optional(network.name)), ("network_attributes", attributes)])
}

fn show_subnet(subnet: Subnet) -> Node {
    // a number where it is one
    let prefix = subnet.subnet_prefix.map_or(Node::Null, |prefix| match prefix.parse() {
        Ok(number) => Node::Int(number),
        Err(_) => Node::text(prefix),
    });
    Node::Object(vec![
        ("network_id", Node::optional(subnet.network_uuid)),
        (
            "ip_version",
            Node::text(subnet.ip_version.map_or("None".to_owned(), |version| version.to_string())),
        ),
        ("gateway_ip", Node::optional(subnet.gateway_ip)),
        ("is_dhcp_enabled", subnet.is_dhcp_enabled.map_or(Node::Null, Node::Flag)),
        ("meta_data", Node::Null),
        ("wrs_subnet_ip", Node::optional(subnet.subnet_ip)),
        ("wrs_subnet_prefix", prefix),
    ])
}

/// A subnet of the request as it was sent.
fn echo(subnet: &Values) -> Node {
    let mut fields = Vec::new();
    if subnet.has("network_id") {
        fields.push(("network_id", Node::optional(subnet.text("network_id"))));
    }
    fields.extend([
        ("ip_version", Node::optional(subnet.text("ip_version"))),
        ("gateway_ip", Node::optional(subnet.text("gateway_ip"))),
        ("is_dhcp_enabled", subnet.flag("is_dhcp_enabled").map_or(Node::Null, Node::Flag)),
        ("meta_data", Node::optional(subnet.text("meta_data"))),
        ("wrs_subnet_ip", Node::optional(subnet.text("wrs_subnet_ip"))),
        ("wrs_subnet_prefix", Node::number(subnet.count("wrs_subnet_prefix"))),
    ]);
    Node::Object(fields)
}

async fn subnets(vim: &VimClient, network: Option<&str>) -> Result<Vec<Subnet>, Fault> {
    let get = GetSubnet {
        get_all: true,
        filter_by_uuid: None,
        filter_by_network_uuid: None,
        filter_by_network_name: network.map(str::to_owned),
    };
    vim.ask_all(Request::GetSubnet(get), |response| listed(response, payload!(GetSubnet))).await
}

async fn with_subnets(vim: &VimClient, network: Network) -> Result<Node, Fault> {
    let subnets = subnets(vim, network.name.as_deref()).await?;
    Ok(resource(network, subnets.into_iter().map(show_subnet).collect()))
}

/// GET of all.
pub async fn list(vim: &VimClient) -> Result<Answer, Fault> {
    let get = GetNetwork { get_all: true, filter_by_uuid: None, filter_by_name: None };
    let read = |response| listed(response, payload!(GetNetwork));
    let networks = vim.ask_all(Request::GetNetwork(get), read).await?;
    let mut shown = Vec::with_capacity(networks.len());
    for network in networks {
        shown.push(with_subnets(vim, network).await?);
    }
    Ok(Answer::ok(answer("query_result", Node::List(shown))))
}

/// GET of one.
pub async fn get(vim: &VimClient, name: &str) -> Result<Answer, Fault> {
    let get = GetNetwork { get_all: false, filter_by_uuid: None, filter_by_name: Some(name.to_owned()) };
    let network = single(vim.ask_one(Request::GetNetwork(get), SHORT).await?, payload!(GetNetwork))?;
    Ok(Answer::ok(answer("query_result", Node::List(vec![with_subnets(vim, network).await?]))))
}

/// POST. When a subnet cannot be made the network goes again.
pub async fn create(vim: &VimClient, body: &Values) -> Result<Answer, Fault> {
    let name = body.text("network_resource_id");
    if body.text("network_resource_type").as_deref() != Some("network") {
        // the original answers 500 without a word
        return Err(Fault::Refused("Only networks can be created, not subnets by themselves.".to_owned()));
    }
    let wanted = body.record("type_network_data").ok_or_else(|| Fault::missing("type_network_data"))?;
    if !wanted.has("wrs_physical_network") {
        return Err(Fault::missing("wrs_physical_network"));
    }
    let request = CreateNetwork {
        name: name.clone(),
        network_type: wanted.text("type_of_network"),
        segmentation_id: Some(wanted.text("type_of_segment").unwrap_or_else(|| "None".to_owned())),
        physical_network: wanted.text("wrs_physical_network"),
        is_shared: wanted.flag("is_shared"),
    };
    let response = vim.ask_one(Request::CreateNetwork(request), SHORT).await?;
    if response.result == ResultCode::Conflict && matches!(response.body, ResponseBody::CreateNetwork(_)) {
        return Err(Fault::Conflict(None));
    }
    let network = listed(response, payload!(CreateNetwork))?;
    let mut made = Vec::new();
    for subnet in wanted.records("layer3_attributes").unwrap_or_default() {
        if let Err(fault) = create_subnet(vim, name.as_deref(), subnet).await {
            let delete = DeleteNetwork { by_uuid: None, by_name: name };
            // how that goes is not told: the subnet's fault is
            let _ = vim.ask_one(Request::DeleteNetwork(delete), SHORT).await;
            return Err(fault);
        }
        made.push(echo(subnet));
    }
    Ok(Answer::created(answer("network_data", resource(network, made))))
}

async fn create_subnet(vim: &VimClient, network: Option<&str>, subnet: &Values) -> Result<(), Fault> {
    let request = CreateSubnet {
        network_uuid: None,
        network_name: network.map(str::to_owned),
        ip_version: subnet.text("ip_version"),
        subnet_ip: subnet.text("wrs_subnet_ip"),
        subnet_prefix: Some(prefix_text(subnet)),
        gateway_ip: subnet.text("gateway_ip"),
        is_dhcp_enabled: subnet.flag("is_dhcp_enabled"),
    };
    let response = vim.ask_one(Request::CreateSubnet(request), SHORT).await?;
    listed(response, payload!(CreateSubnet)).map(|_| ())
}

async fn update_subnet(vim: &VimClient, network: Option<&str>, subnet: &Values) -> Result<(), Fault> {
    let gateway_ip = subnet.text("gateway_ip");
    let request = UpdateSubnet {
        network_name: network.map(str::to_owned),
        subnet_ip: subnet.text("wrs_subnet_ip"),
        subnet_prefix: Some(prefix_text(subnet)),
        delete_gateway: Some(gateway_ip.is_none()),
        gateway_ip,
        is_dhcp_enabled: subnet.flag("is_dhcp_enabled"),
    };
    let response = vim.ask_one(Request::UpdateSubnet(request), SHORT).await?;
    listed(response, payload!(UpdateSubnet)).map(|_| ())
}

/// That it is gone already is as good.
async fn delete_subnet(vim: &VimClient, network: Option<&str>, subnet: &Subnet) -> Result<(), Fault> {
    let request = DeleteSubnet {
        network_name: network.map(str::to_owned),
        subnet_ip: subnet.subnet_ip.clone(),
        subnet_prefix: subnet.subnet_prefix.as_deref().and_then(|prefix| prefix.parse().ok()),
    };
    let response = vim.ask_one(Request::DeleteSubnet(request), SHORT).await?;
    match (response.result, response.body) {
        (ResultCode::Success | ResultCode::NotFound, ResponseBody::DeleteSubnet(_)) => Ok(()),
        (result, ResponseBody::DeleteSubnet(_)) => Err(failed(result, None)),
        (_, other) => Err(unexpected(&other)),
    }
}

fn prefix_text(subnet: &Values) -> String {
    subnet.count("wrs_subnet_prefix").map_or("None".to_owned(), |prefix| prefix.to_string())
}

/// PATCH: subnets that are not there are made, those that are changed, all others go. Nothing is taken back when one of
/// these fails.
pub async fn update(vim: &VimClient, body: &Values) -> Result<Answer, Fault> {
    let name = body.text("network_resource_id");
    let wanted = body.record("update_network_data").ok_or_else(|| Fault::missing("update_network_data"))?;
    let request = UpdateNetwork { name: name.clone(), is_shared: wanted.flag("is_shared") };
    let network =
        single(vim.ask_one(Request::UpdateNetwork(request), SHORT).await?, payload!(UpdateNetwork))?;
    let there = subnets(vim, network.name.as_deref()).await?;
    let wanted = wanted.records("layer3_attributes").unwrap_or_default();
    let network_name = name.as_deref();
    let (change, add): (Vec<&Values>, Vec<&Values>) =
        wanted.iter().partition(|subnet| there.iter().any(|other| same(subnet, other)));
    for subnet in add {
        create_subnet(vim, network_name, subnet).await?;
    }
    for subnet in there.iter().filter(|other| !wanted.iter().any(|subnet| same(subnet, other))) {
        delete_subnet(vim, network_name, subnet).await?;
    }
    for subnet in change {
        update_subnet(vim, network_name, subnet).await?;
    }
    Ok(Answer::ok(answer("network_data", with_subnets(vim, network).await?)))
}

/// The same address, in whatever letters, and prefix.
fn same(wanted: &Values, there: &Subnet) -> bool {
    let address = |text: Option<String>| text.map(|text| text.to_lowercase());
    address(wanted.text("wrs_subnet_ip")) == address(there.subnet_ip.clone())
        && Some(prefix_text(wanted)) == there.subnet_prefix
}

/// DELETE of some, by name: what is gone is told, and it is a fault when none is.
pub async fn delete(vim: &VimClient, body: &Values) -> Result<Answer, Fault> {
    let names = body.texts("network_resource_ids").ok_or_else(|| Fault::missing("network_resource_ids"))?;
    let mut gone = Vec::new();
    for name in names {
        let request = DeleteNetwork { by_uuid: None, by_name: Some(name.clone()) };
        let response = vim.ask_one(Request::DeleteNetwork(request), SHORT).await;
        let deleted = response.is_ok_and(|response| {
            response.result == ResultCode::Success && matches!(response.body, ResponseBody::DeleteNetwork(_))
        });
        if deleted {
            gone.push(Node::text(name));
        }
    }
    if gone.is_empty() {
        return Err(Fault::NotFound);
    }
    Ok(Answer::ok(answer("network_resource_ids", Node::List(gone))))
}
