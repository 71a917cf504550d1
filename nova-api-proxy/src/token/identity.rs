//! What Keystone says of a token, as the headers that the upstreams get.
//!
//! Contract: nova-api-proxy 5.1.

use jiff::Timestamp;
use nfv_common::pyjson;
use serde_json::Value;

/// The identity behind a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Header lines for a user's token.
    pub headers: String,
    /// Header lines for a service's token (`X-Service-…`).
    pub service_headers: String,
    /// Name of the user, for the log.
    pub user: String,
    /// Name of the project, for the log.
    pub project: String,
    /// Names of the roles.
    pub roles: Vec<String>,
    /// When the token ends.
    pub expires: Timestamp,
}

impl Identity {
    /// Reads the body of Keystone's answer; `catalog` tells whether the service catalog is a header.
    ///
    /// Nothing is given for an answer that names no user or no end.
    pub fn read(answer: &Value, catalog: bool) -> Option<Self> {
        let token = &answer["token"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let user = &token["user"];
        let project = &token["project"];
        let domain = &token["domain"];
        text(&user["id"])?;
        let expires: Timestamp = token["expires_at"].as_str()?.parse().ok()?;
        let roles = token["roles"].as_array().map(Vec::as_slice).unwrap_or_default();
        let roles: Vec<String> = roles.iter().filter_map(|role| text(&role["name"])).collect();
        let mut headers = String::new();
        let mut service_headers = String::new();
        put(&mut headers, "x-identity-status", "Confirmed");
        put(&mut service_headers, "x-service-identity-status", "Confirmed");
        for (part, value) in [
            ("roles", Some(roles.join(","))),
            ("user-id", text(&user["id"])),
            ("user-name", text(&user["name"])),
            ("user-domain-id", text(&user["domain"]["id"])),
            ("user-domain-name", text(&user["domain"]["name"])),
            ("project-id", text(&project["id"])),
            ("project-name", text(&project["name"])),
            ("project-domain-id", text(&project["domain"]["id"])),
            ("project-domain-name", text(&project["domain"]["name"])),
            ("domain-id", text(&domain["id"])),
            ("domain-name", text(&domain["name"])),
        ] {
            // what a token does not have is Python's None
            let value = value.as_deref().unwrap_or("None");
            put(&mut headers, &format!("x-{part}"), value);
            put(&mut service_headers, &format!("x-service-{part}"), value);
        }
        let name = |value: &Value| text(value).unwrap_or_else(|| "None".to_owned());
        let (user_name, project_name) = (name(&user["name"]), name(&project["name"]));
        put(&mut headers, "x-role", &roles.join(","));
        put(&mut headers, "x-user", &user_name);
        put(&mut headers, "x-tenant-id", &name(&project["id"]));
        put(&mut headers, "x-tenant-name", &project_name);
        put(&mut headers, "x-tenant", &project_name);
        let admin = token["is_admin_project"].as_bool().unwrap_or(true);
        put(&mut headers, "x-is-admin-project", if admin { "True" } else { "False" });
        if catalog && let Some(services) = token["catalog"].as_array() {
            put(&mut headers, "x-service-catalog", &pyjson::to_string(&v2_catalog(services)));
        }
        Some(Self { headers, service_headers, user: user_name, project: project_name, roles, expires })
    }
}

impl keystone_token::Weigh for Identity {
    fn size(&self) -> usize {
        let roles: usize = self.roles.iter().map(|role| role.len() + size_of::<String>()).sum();
        size_of::<Self>()
            + self.headers.len()
            + self.service_headers.len()
            + self.user.len()
            + self.project.len()
            + roles
    }
}

/// Writes a header line; what could end it is left out of the value.
fn put(headers: &mut String, name: &str, value: &str) {
    headers.push_str(name);
    headers.push_str(": ");
    headers.extend(value.chars().map(|c| if c.is_control() { ' ' } else { c }));
    headers.push_str("\r\n");
}

/// The catalog in the form of identity v2: one object per service and region.
fn v2_catalog(services: &[Value]) -> Value {
    let services = services.iter().map(|service| {
        let mut regions: Vec<(Value, serde_json::Map<String, Value>)> = Vec::new();
        for endpoint in service["endpoints"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let region =
                endpoint.get("region").or_else(|| endpoint.get("region_id")).cloned().unwrap_or_default();
            let interface = endpoint["interface"].as_str().unwrap_or_default();
            let urls = match regions.iter_mut().position(|(own, _)| *own == region) {
                Some(at) => &mut regions[at].1,
                None => {
                    let urls = serde_json::Map::from_iter([("region".to_owned(), region.clone())]);
                    regions.push((region, urls));
                    let last = regions.len() - 1;
                    &mut regions[last].1
                }
            };
            urls.insert(format!("{interface}URL"), endpoint["url"].clone());
        }
        let endpoints: Vec<Value> = regions.into_iter().map(|(_, urls)| urls.into()).collect();
        serde_json::json!({ "type": service["type"], "name": service["name"], "endpoints": endpoints })
    });
    Value::Array(services.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(expires: &str) -> Value {
        let domain = json!({ "id": "default", "name": "Default" });
        json!({ "token": {
            "expires_at": expires,
            "user": { "id": "u-1", "name": "admin", "domain": domain },
            "project": { "id": "p-1", "name": "demo", "domain": domain },
            "roles": [{ "id": "1", "name": "admin" }, { "id": "2", "name": "member" }],
            "is_admin_project": false,
            "catalog": [{ "type": "compute", "name": "nova", "id": "x", "endpoints": [
                { "region": "R1", "interface": "public", "url": "http://pub:8774/v2.1" },
                { "region": "R1", "interface": "internal", "url": "http://int:8774/v2.1" },
                { "region": "R1", "interface": "admin", "url": "http://adm:8774/v2.1" },
                { "region": "R2", "interface": "public", "url": "http://r2:8774/v2.1" },
            ]}],
        }})
    }

    #[test]
    fn every_header_of_the_contract_is_there() {
        let identity = Identity::read(&answer("2026-11-23T00:00:00.000000Z"), true).unwrap();
        let mut lines: Vec<&str> = identity.headers.trim_end().split("\r\n").collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "x-domain-id: None",
                "x-domain-name: None",
                "x-identity-status: Confirmed",
                "x-is-admin-project: False",
                "x-project-domain-id: default",
                "x-project-domain-name: Default",
                "x-project-id: p-1",
                "x-project-name: demo",
                "x-role: admin,member",
                "x-roles: admin,member",
                "x-service-catalog: [{\"endpoints\": [{\"adminURL\": \"http://adm:8774/v2.1\", \"internalURL\": \
                 \"http://int:8774/v2.1\", \"publicURL\": \"http://pub:8774/v2.1\", \"region\": \"R1\"}, {\"publicURL\": \
                 \"http://r2:8774/v2.1\", \"region\": \"R2\"}], \"name\": \"nova\", \"type\": \"compute\"}]",
                "x-tenant-id: p-1",
                "x-tenant-name: demo",
                "x-tenant: demo",
                "x-user-domain-id: default",
                "x-user-domain-name: Default",
                "x-user-id: u-1",
                "x-user-name: admin",
                "x-user: admin",
            ]
        );
        assert!(
            identity.service_headers.starts_with("x-service-identity-status: Confirmed\r\nx-service-roles: ")
        );
        assert_eq!(identity.service_headers.lines().count(), 12);
        assert_eq!((identity.user.as_str(), identity.project.as_str()), ("admin", "demo"));
    }

    #[test]
    fn other_scopes_and_odd_answers() {
        let domain = json!({ "token": {
            "expires_at": "2026-11-23T00:00:00Z", "user": { "id": "u", "name": "a\r\nX-Roles: admin" },
            "domain": { "id": "d", "name": "D" },
        }});
        let identity = Identity::read(&domain, true).unwrap();
        for line in
            ["x-domain-id: d\r\n", "x-project-id: None\r\n", "x-is-admin-project: True\r\n", "x-roles: \r\n"]
        {
            assert!(identity.headers.contains(line), "{line}");
        }
        assert!(
            identity.headers.contains("x-user: a  X-Roles: admin\r\n") && !identity.headers.contains("\nX-")
        );
        assert!(!identity.headers.contains("x-service-catalog"));
        assert!(!Identity::read(&answer("2026-11-23T00:00:00Z"), false).unwrap().headers.contains("catalog"));
        for odd in [json!({}), json!([]), json!({ "token": { "user": { "id": "u" } } }), answer("soon")] {
            assert_eq!(Identity::read(&odd, true), None);
        }
    }
}
