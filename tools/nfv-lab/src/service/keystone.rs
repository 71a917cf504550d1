//! Keystone v3. Contract: southbound 1.3, 1.6.

use serde_json::{Value, json};

use super::{Context, Reply, Request};
use crate::model::Cloud;
use crate::ports::Service;

/// Requests that need no token.
#[must_use]
pub fn is_public(service: Service, request: &Request) -> bool {
    let segments = request.segments();
    match service {
        Service::Keystone => {
            segments.is_empty()
                || segments == ["v3"]
                || (segments == ["v3", "auth", "tokens"] && request.method == "POST")
        }
        Service::Nova => segments.is_empty() || segments == ["v2.1"],
        Service::Neutron | Service::Cinder | Service::Glance => segments.is_empty(),
        _ => false,
    }
}

/// Answers a request.
pub fn answer(cloud: &mut Cloud, request: &Request, context: &Context<'_>) -> Reply {
    match (request.method.as_str(), request.segments().as_slice()) {
        ("GET", [] | ["v3"]) => versions(request),
        ("POST", ["v3", "auth", "tokens"]) => issue(cloud, request, context),
        ("GET", ["v3", "auth", "tokens"]) => show(cloud, request, context),
        ("DELETE", ["v3", "auth", "tokens"]) => {
            if let Some(token) = request.header("x-subject-token") {
                cloud.keystone.tokens.remove(token);
            }
            Reply::empty(204)
        }
        ("GET", ["v3", "projects"]) => {
            let projects: Vec<_> = cloud
                .keystone
                .tenants
                .iter()
                .map(|tenant| {
                    json!({
                        "id": tenant.id, "name": tenant.name, "description": tenant.description,
                        "enabled": true, "domain_id": "default", "is_domain": false,
                        "parent_id": "default",
                    })
                })
                .collect();
            Reply::ok(&json!({"projects": projects, "links": {"next": null, "previous": null}}))
        }
        _ => error(404, "Not Found", "The resource could not be found."),
    }
}

fn versions(request: &Request) -> Reply {
    let version = json!({
        "id": "v3.10", "status": "stable",
        "links": [{"rel": "self", "href": format!("{}/v3/", request.base())}],
    });
    if request.segments().is_empty() {
        Reply::json(300, &json!({"versions": {"values": [version]}}))
    } else {
        Reply::ok(&json!({"version": version}))
    }
}

fn error(code: u16, title: &str, message: &str) -> Reply {
    Reply::json(code, &json!({"error": {"code": code, "title": title, "message": message}}))
}

fn issue(cloud: &mut Cloud, request: &Request, context: &Context<'_>) -> Reply {
    let body = request.json();
    let identity = &body["auth"]["identity"];
    if identity["methods"] == json!(["token"]) {
        return exchange(cloud, &body, context);
    }
    let user = &identity["password"]["user"];
    if !identity["methods"].is_array() || !user.is_object() {
        return error(400, "Bad Request", "Expecting to find methods and a user in identity.");
    }
    let scope = &body["auth"]["scope"]["project"];
    let project = scope["name"].as_str().or(scope["id"].as_str());
    let project = project.unwrap_or(&cloud.keystone.settings.project).to_owned();
    let name = user["name"].as_str().or(user["id"].as_str()).unwrap_or_default().to_owned();
    let Ok(tenant) = cloud.keystone.check(&name, user["password"].as_str(), &project) else {
        return Reply::unauthorized();
    };
    let (id, token) = cloud.issue_token(tenant);
    Reply::json(201, &token_json(cloud, &token, context)).with("X-Subject-Token", id)
}

/// A token in exchange for another one, in the project that is wanted.
fn exchange(cloud: &mut Cloud, body: &Value, context: &Context<'_>) -> Reply {
    let old = body["auth"]["identity"]["token"]["id"].as_str().unwrap_or_default();
    if cloud.keystone.valid(old, cloud.now()).is_none() {
        return Reply::unauthorized();
    }
    let project = &body["auth"]["scope"]["project"];
    let wanted = project["name"].as_str().or(project["id"].as_str()).unwrap_or_default();
    let tenants = &cloud.keystone.tenants;
    let tenant = tenants.iter().find(|tenant| tenant.name == wanted || tenant.id == wanted);
    let Some(tenant) = tenant.map(|tenant| tenant.id.clone()) else { return Reply::unauthorized() };
    let (id, token) = cloud.issue_token(tenant);
    Reply::json(201, &token_json(cloud, &token, context)).with("X-Subject-Token", id)
}

fn show(cloud: &Cloud, request: &Request, context: &Context<'_>) -> Reply {
    let id = request.header("x-subject-token").unwrap_or_default();
    match cloud.keystone.valid(id, cloud.now()) {
        Some(token) => Reply::ok(&token_json(cloud, token, context)).with("X-Subject-Token", id),
        None => error(404, "Not Found", "Could not find token."),
    }
}

fn token_json(cloud: &Cloud, token: &crate::model::identity::Token, context: &Context<'_>) -> Value {
    let left = token.expires.saturating_sub(cloud.now());
    let left = jiff::SignedDuration::try_from(left).unwrap_or_default();
    let expires = cloud.wall().checked_add(left).unwrap_or(cloud.wall());
    let format = "%Y-%m-%dT%H:%M:%S.%6fZ";
    let project = cloud.keystone.tenant(&token.tenant);
    let domain = json!({"id": "default", "name": "Default"});
    json!({"token": {
        "methods": ["password"],
        "user": {
            "id": cloud.stable_id("user", &cloud.keystone.settings.username).replace('-', ""),
            "name": cloud.keystone.settings.username,
            "domain": domain,
        },
        "project": {
            "id": token.tenant,
            "name": project.map_or("", |project| project.name.as_str()),
            "domain": domain,
        },
        "roles": [{"id": cloud.stable_id("role", "admin").replace('-', ""), "name": "admin"}],
        "issued_at": cloud.wall().strftime(format).to_string(),
        "expires_at": expires.strftime(format).to_string(),
        "catalog": catalog(cloud, &token.tenant, context),
    }})
}

/// Name, type, service, path of each catalog entry; `{t}` is the project.
const CATALOG: [(&str, &str, Service, &str); 11] = [
    ("keystone", "identity", Service::Keystone, "/v3"),
    ("nova", "compute", Service::Nova, "/v2.1/{t}"),
    ("neutron", "network", Service::Neutron, ""),
    ("cinder", "volume", Service::Cinder, "/v1/{t}"),
    ("cinderv2", "volumev2", Service::Cinder, "/v2/{t}"),
    ("cinderv3", "volumev3", Service::Cinder, "/v3/{t}"),
    ("glance", "image", Service::Glance, ""),
    ("sysinv", "platform", Service::Sysinv, "/v1"),
    ("patching", "patching", Service::Patching, ""),
    ("fm", "faultmanagement", Service::Fm, ""),
    ("vim", "nfv", Service::Control, ""),
];

fn catalog(cloud: &Cloud, tenant: &str, context: &Context<'_>) -> Value {
    let host = cloud.keystone.settings.catalog_host.as_deref().unwrap_or(context.bind);
    let region = &cloud.keystone.settings.region;
    let entries: Vec<_> = CATALOG
        .iter()
        .map(|(name, kind, service, path)| {
            let port = if *name == "vim" {
                cloud.keystone.settings.vim_api_port
            } else {
                context.ports.get(service).copied().unwrap_or_default()
            };
            let url = format!("http://{host}:{port}{}", path.replace("{t}", tenant));
            let endpoints: Vec<_> = ["admin", "internal", "public"]
                .iter()
                .map(|interface| {
                    json!({
                        "id": cloud.stable_id("endpoint", &format!("{name}/{interface}")).replace('-', ""),
                        "interface": interface, "region": region, "region_id": region, "url": url,
                    })
                })
                .collect();
            json!({
                "id": cloud.stable_id("service", name).replace('-', ""),
                "name": name, "type": kind, "endpoints": endpoints,
            })
        })
        .collect();
    Value::Array(entries)
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::ports::BoundPorts;

    fn login(project: &str) -> Request {
        let mut request = Request::new("POST", "/v3/auth/tokens");
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": "admin", "password": "x", "domain": {"name": "Default"}}}},
            "scope": {"project": {"name": project, "domain": {"name": "Default"}}},
        }});
        request.body = body.to_string().into_bytes();
        request
    }

    #[test]
    fn a_token_comes_with_a_catalog_and_opens_the_services_until_it_expires() {
        let mut cloud = testing::cloud();
        cloud.keystone.settings.vim_api_port = 20_005;
        let ports = BoundPorts::from([(Service::Nova, 18774), (Service::Sysinv, 6385)]);
        let reply = super::super::answer(Service::Keystone, &mut cloud, &login("admin"), &ports, "127.0.0.1");
        assert_eq!(reply.status, 201);
        let token = reply.headers[0].1.clone();
        let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
        let catalog = body["token"]["catalog"].as_array().expect("catalog");
        let nova = catalog.iter().find(|entry| entry["name"] == "nova").expect("nova");
        let tenant = body["token"]["project"]["id"].as_str().expect("id");
        assert_eq!(nova["endpoints"].as_array().map(Vec::len), Some(3));
        assert_eq!(nova["endpoints"][0]["url"], format!("http://127.0.0.1:18774/v2.1/{tenant}"));
        let vim = catalog.iter().find(|entry| entry["type"] == "nfv").expect("the VIM's API");
        assert_eq!(vim["endpoints"][0]["url"], "http://127.0.0.1:20005");
        assert_eq!(body["token"]["expires_at"], "1970-01-01T01:00:00.000000Z");

        let mut projects = Request::new("GET", "/v3/projects");
        projects.headers.push(("x-auth-token".into(), token));
        let status = |cloud: &mut Cloud| {
            super::super::answer(Service::Keystone, cloud, &projects, &ports, "127.0.0.1").status
        };
        assert_eq!(status(&mut cloud), 200);
        testing::pass(&mut cloud, 3600.0);
        assert_eq!(status(&mut cloud), 401);
    }

    #[test]
    fn an_unknown_project_is_refused() {
        let mut cloud = testing::cloud();
        let reply = super::super::answer(
            Service::Keystone,
            &mut cloud,
            &login("nobody"),
            &BoundPorts::new(),
            "127.0.0.1",
        );
        assert_eq!(reply.status, 401);
    }
}
