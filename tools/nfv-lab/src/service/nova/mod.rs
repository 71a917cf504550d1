//! Nova 2.1 with microversions up to 2.53. Contract: southbound 3.1 to 3.3.

mod actions;
mod flavors;
mod hosts;
mod servers;

use serde_json::json;

use super::{Context, Reply, Request};
use crate::model::Cloud;
use crate::model::action::NovaFault;

pub use actions::parse as parse_action;

/// Newest minor version (Pike).
const NEWEST: u32 = 53;

/// First parts of paths; anything else after `/v2.1` is a project.
const COLLECTIONS: [&str; 7] =
    ["servers", "flavors", "os-aggregates", "os-hypervisors", "os-services", "os-server-groups", "limits"];

/// A request after its version and project are checked.
struct Call<'a> {
    request: &'a Request,
    /// Path after version and project.
    path: Vec<&'a str>,
    /// Minor version.
    minor: u32,
    /// Project of the token.
    tenant: &'a str,
    /// StarlingX additions are wanted.
    wrs: bool,
}

/// Answers a request.
pub fn answer(cloud: &mut Cloud, request: &Request, context: &Context<'_>) -> Reply {
    let segments = request.segments();
    let (version, rest) = match segments.split_first() {
        Some((version @ (&"v2.1" | &"v2"), rest)) => (*version, rest),
        Some(_) => return not_found("The resource could not be found."),
        None => return versions(request),
    };
    if rest.is_empty() {
        return versions(request);
    }
    let Some(minor) = minor_version(request, version) else {
        return fault(
            406,
            "computeFault",
            &format!("Version is not supported by the API. Minimum is 2.1 and maximum is 2.{NEWEST}."),
        );
    };
    let path = if COLLECTIONS.contains(&rest[0]) {
        rest
    } else if rest[0] == context.tenant {
        &rest[1..]
    } else {
        return bad_request(&format!(
            "Malformed request URL: URL's project_id '{}' doesn't match Context's project_id '{}'",
            rest[0], context.tenant
        ));
    };
    let wrs = request.header("wrs-header").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let call = Call { request, path: path.to_vec(), minor, tenant: &context.tenant, wrs };
    let reply = route(cloud, &call);
    let version = format!("2.{minor}");
    reply
        .with("OpenStack-API-Version", format!("compute {version}"))
        .with("X-OpenStack-Nova-API-Version", version)
        .with("X-Compute-Request-Id", format!("req-{}", cloud.stable_id("request", &request.path)))
}

fn route(cloud: &mut Cloud, call: &Call<'_>) -> Reply {
    let path: Vec<&str> = call.path.clone();
    match (call.request.method.as_str(), path.as_slice()) {
        ("GET", ["servers"]) => servers::list(cloud, call, false),
        ("GET", ["servers", "detail"]) => servers::list(cloud, call, true),
        ("POST", ["servers"]) => servers::create(cloud, call),
        ("GET", ["servers", id]) => servers::show(cloud, call, id),
        ("DELETE", ["servers", id]) => actions::delete(cloud, id),
        ("POST", ["servers", id, "action"]) => actions::act(cloud, call, id),
        ("GET", ["servers", id, "os-volume_attachments"]) => servers::attachments(cloud, id),
        ("POST", ["servers", id, "os-volume_attachments"]) => servers::attach(cloud, call, id),
        ("GET", ["flavors"]) => flavors::list(cloud, call, false),
        ("GET", ["flavors", "detail"]) => flavors::list(cloud, call, true),
        ("POST", ["flavors"]) => flavors::create(cloud, call),
        ("GET", ["flavors", id]) => flavors::show(cloud, call, id),
        ("DELETE", ["flavors", id]) => flavors::delete(cloud, id),
        ("GET", ["flavors", id, "os-extra_specs"]) => flavors::extra_specs(cloud, id),
        ("POST", ["flavors", id, "os-extra_specs"]) => flavors::set_extra_specs(cloud, call, id),
        ("GET", ["os-aggregates"]) => hosts::aggregates(cloud),
        ("GET", ["os-hypervisors"]) => hosts::hypervisors(cloud, call, false),
        ("GET", ["os-hypervisors", "detail"]) => hosts::hypervisors(cloud, call, true),
        ("GET", ["os-hypervisors", id]) => hosts::hypervisor(cloud, call, id),
        ("GET", ["os-services"]) => hosts::services(cloud, call),
        ("PUT", ["os-services", "create"]) => hosts::create_service(cloud, call),
        ("PUT", ["os-services", id]) => hosts::update_service(cloud, call, id),
        ("DELETE", ["os-services", id]) => hosts::delete_service(cloud, call, id),
        ("GET", ["os-server-groups"]) => servers::groups(cloud, call),
        _ => not_found("The resource could not be found."),
    }
}

/// None: not supported.
fn minor_version(request: &Request, version: &str) -> Option<u32> {
    if version == "v2" {
        return Some(1);
    }
    let text = request
        .header("openstack-api-version")
        .and_then(|value| value.strip_prefix("compute "))
        .or_else(|| request.header("x-openstack-nova-api-version"));
    match text.map(str::trim) {
        None => Some(1),
        Some("latest") => Some(NEWEST),
        Some(text) => {
            let minor = text.strip_prefix("2.")?.parse().ok()?;
            (1..=NEWEST).contains(&minor).then_some(minor)
        }
    }
}

fn versions(request: &Request) -> Reply {
    let version = json!({
        "id": "v2.1", "status": "CURRENT", "version": format!("2.{NEWEST}"), "min_version": "2.1",
        "links": [{"rel": "self", "href": format!("{}/v2.1/", request.base())}],
    });
    if request.segments().is_empty() {
        Reply::ok(&json!({"versions": [version]}))
    } else {
        Reply::ok(&json!({"version": version}))
    }
}

fn fault(status: u16, kind: &str, message: &str) -> Reply {
    let mut body = serde_json::Map::new();
    body.insert(kind.into(), json!({"message": message, "code": status}));
    Reply::json(status, &body.into())
}

fn not_found(message: &str) -> Reply {
    fault(404, "itemNotFound", message)
}

fn bad_request(message: &str) -> Reply {
    fault(400, "badRequest", message)
}

fn conflict(message: &str) -> Reply {
    fault(409, "conflictingRequest", message)
}

fn nova_fault(error: &NovaFault) -> Reply {
    match error {
        NovaFault::NotFound(text) => not_found(text),
        NovaFault::Conflict(text) => conflict(text),
        NovaFault::BadRequest(text) => bad_request(text),
    }
}

#[cfg(test)]
mod tests;
