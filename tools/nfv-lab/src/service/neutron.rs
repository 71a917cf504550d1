//! Neutron 2.0 with the StarlingX `host` extension. Contract: southbound 3.4.

use serde_json::{Value, json};

use super::page::{next_link, page};
use super::{Reply, Request};
use crate::model::Cloud;
use crate::model::storage::{Network, NetworkHost, Subnet};

/// Answers a request.
pub fn answer(cloud: &mut Cloud, request: &Request) -> Reply {
    let path = request.path.trim_end_matches(".json").to_owned();
    let segments: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    let Some((&"v2.0", rest)) = segments.split_first() else {
        return fault(404, "The resource could not be found.");
    };
    let method = request.method.as_str();
    match rest {
        ["extensions"] if method == "GET" => extensions(cloud),
        ["networks", rest @ ..] => networks(cloud, request, method, rest),
        ["subnets", rest @ ..] => subnets(cloud, request, method, rest),
        ["hosts", rest @ ..] if cloud.features.neutron_host_extension => hosts(cloud, request, method, rest),
        _ => fault(404, "The resource could not be found."),
    }
}

fn fault(status: u16, message: &str) -> Reply {
    let kind = if status == 404 { "NotFound" } else { "InvalidInput" };
    Reply::json(status, &json!({"NeutronError": {"type": kind, "message": message, "detail": ""}}))
}

fn extensions(cloud: &Cloud) -> Reply {
    let mut list = vec![
        json!({"alias": "provider", "name": "Provider Network", "description": "", "links": []}),
        json!({"alias": "agent", "name": "agent", "description": "", "links": []}),
    ];
    if cloud.features.neutron_host_extension {
        list.push(json!({"alias": "host", "name": "Host", "description": "", "links": []}));
    }
    Reply::ok(&json!({"extensions": list}))
}

fn network_json(network: &Network) -> Value {
    json!({
        "id": network.id, "name": network.name, "admin_state_up": network.up,
        "status": if network.up { "ACTIVE" } else { "DOWN" }, "shared": network.shared, "mtu": 1500,
        "provider:physical_network": network.physical_network,
        "provider:network_type": network.network_type,
        "provider:segmentation_id": network.segmentation_id,
    })
}

fn networks(cloud: &mut Cloud, request: &Request, method: &str, rest: &[&str]) -> Reply {
    let body = request.json();
    let wanted = &body["network"];
    match (method, rest) {
        ("GET", []) => {
            let page = match page(&cloud.networks, request, cloud.features.page_limit, |_| true) {
                Ok(page) => page,
                Err(text) => return fault(400, &text),
            };
            let list: Vec<_> = page.items.iter().map(|network| network_json(network)).collect();
            let mut body = json!({"networks": list});
            if let Some(marker) = page.next {
                body["networks_links"] = next_link(request, &marker);
            }
            Reply::ok(&body)
        }
        ("POST", []) => {
            let Some(name) = wanted["name"].as_str() else {
                return fault(400, "Failed to parse request: network needs a name.");
            };
            let text = |key: &str, default: &str| wanted[key].as_str().unwrap_or(default).to_owned();
            let network = Network {
                id: cloud.stable_id("network", &format!("{name}/{:?}", cloud.now())),
                name: name.to_owned(),
                up: wanted["admin_state_up"].as_bool().unwrap_or(true),
                shared: wanted["shared"].as_bool().unwrap_or(false),
                network_type: text("provider:network_type", "vlan"),
                physical_network: text("provider:physical_network", "physnet0"),
                segmentation_id: wanted["provider:segmentation_id"]
                    .as_u64()
                    .and_then(|id| u32::try_from(id).ok()),
            };
            let reply = Reply::json(201, &json!({"network": network_json(&network)}));
            cloud.networks.insert(network.id.clone(), network);
            reply
        }
        (_, [id]) => {
            let Some(network) = cloud.networks.get_mut(*id) else {
                return fault(404, &format!("Network {id} could not be found."));
            };
            match method {
                "GET" => Reply::ok(&json!({"network": network_json(network)})),
                "PUT" => {
                    network.up = wanted["admin_state_up"].as_bool().unwrap_or(network.up);
                    network.shared = wanted["shared"].as_bool().unwrap_or(network.shared);
                    Reply::ok(&json!({"network": network_json(network)}))
                }
                "DELETE" => {
                    let id = network.id.clone();
                    cloud.networks.remove(&id);
                    cloud.subnets.retain(|_, subnet| subnet.network != id);
                    Reply::empty(204)
                }
                _ => fault(405, "Method not allowed"),
            }
        }
        _ => fault(404, "The resource could not be found."),
    }
}

fn subnet_json(subnet: &Subnet) -> Value {
    json!({
        "id": subnet.id, "name": subnet.name, "ip_version": subnet.ip_version, "cidr": subnet.cidr,
        "gateway_ip": subnet.gateway, "network_id": subnet.network, "enable_dhcp": subnet.dhcp,
    })
}

fn subnets(cloud: &mut Cloud, request: &Request, method: &str, rest: &[&str]) -> Reply {
    let body = request.json();
    let wanted = &body["subnet"];
    match (method, rest) {
        ("GET", []) => {
            let page = match page(&cloud.subnets, request, cloud.features.page_limit, |_| true) {
                Ok(page) => page,
                Err(text) => return fault(400, &text),
            };
            let list: Vec<_> = page.items.iter().map(|subnet| subnet_json(subnet)).collect();
            let mut body = json!({"subnets": list});
            if let Some(marker) = page.next {
                body["subnets_links"] = next_link(request, &marker);
            }
            Reply::ok(&body)
        }
        ("POST", []) => {
            let (Some(network), Some(cidr)) = (wanted["network_id"].as_str(), wanted["cidr"].as_str()) else {
                return fault(400, "Failed to parse request: subnet needs network_id and cidr.");
            };
            if !cloud.networks.contains_key(network) {
                return fault(404, &format!("Network {network} could not be found."));
            }
            let name = wanted["name"].as_str().unwrap_or_default();
            let subnet = Subnet {
                id: cloud.stable_id("subnet", &format!("{name}/{cidr}/{:?}", cloud.now())),
                name: name.to_owned(),
                network: network.to_owned(),
                ip_version: if wanted["ip_version"] == 6 { 6 } else { 4 },
                cidr: cidr.to_owned(),
                gateway: wanted["gateway_ip"].as_str().map(str::to_owned),
                dhcp: wanted["enable_dhcp"].as_bool().unwrap_or(true),
            };
            let reply = Reply::json(201, &json!({"subnet": subnet_json(&subnet)}));
            cloud.subnets.insert(subnet.id.clone(), subnet);
            reply
        }
        (_, [id]) => {
            let Some(subnet) = cloud.subnets.get_mut(*id) else {
                return fault(404, &format!("Subnet {id} could not be found."));
            };
            match method {
                "GET" => Reply::ok(&json!({"subnet": subnet_json(subnet)})),
                "PUT" => {
                    if let Some(gateway) = wanted.get("gateway_ip") {
                        subnet.gateway = gateway.as_str().map(str::to_owned);
                    }
                    subnet.dhcp = wanted["enable_dhcp"].as_bool().unwrap_or(subnet.dhcp);
                    Reply::ok(&json!({"subnet": subnet_json(subnet)}))
                }
                "DELETE" => {
                    cloud.subnets.remove(*id);
                    Reply::empty(204)
                }
                _ => fault(405, "Method not allowed"),
            }
        }
        _ => fault(404, "The resource could not be found."),
    }
}

fn host_json(host: &NetworkHost) -> Value {
    json!({"id": host.id, "name": host.name, "availability": if host.up { "up" } else { "down" }})
}

fn hosts(cloud: &mut Cloud, request: &Request, method: &str, rest: &[&str]) -> Reply {
    let body = request.json();
    let wanted = &body["host"];
    match (method, rest) {
        ("GET", []) => {
            let list: Vec<_> = cloud
                .network_hosts
                .values()
                .filter(|host| request.query("name").is_none_or(|name| name == host.name))
                .map(host_json)
                .collect();
            Reply::ok(&json!({"hosts": list}))
        }
        ("POST", []) => {
            let (Some(id), Some(name)) = (wanted["id"].as_str(), wanted["name"].as_str()) else {
                return fault(400, "Failed to parse request: host needs id and name.");
            };
            if cloud.network_hosts.values().any(|host| host.id == id || host.name == name) {
                return fault(409, &format!("Host {name} already exists."));
            }
            let host =
                NetworkHost { id: id.to_owned(), name: name.to_owned(), up: wanted["availability"] == "up" };
            let reply = Reply::json(201, &json!({"host": host_json(&host)}));
            cloud.network_hosts.insert(host.id.clone(), host);
            reply
        }
        (_, [id]) => {
            let Some(host) = cloud.network_hosts.get_mut(*id) else {
                return fault(404, &format!("Host {id} could not be found."));
            };
            match method {
                "GET" => Reply::ok(&json!({"host": host_json(host)})),
                "PUT" => match wanted["availability"].as_str() {
                    Some(word @ ("up" | "down")) => {
                        host.up = word == "up";
                        Reply::ok(&json!({"host": host_json(host)}))
                    }
                    _ => fault(400, "Invalid input for availability."),
                },
                "DELETE" => {
                    cloud.network_hosts.remove(*id);
                    Reply::empty(204)
                }
                _ => fault(405, "Method not allowed"),
            }
        }
        _ => fault(404, "The resource could not be found."),
    }
}
