//! Keystone's projects. Contract: southbound 1.6, 5.7.

use super::caller::{Caller, InAnswer};
use super::catalog::Service;
use super::fields;
use super::rest::Request;
use nfv_nfvi::CallError;
use nfv_nfvi::object::Tenant;
use reqwest::Method;
use serde_json::Value;

/// All projects. One whose id is no uuid (the `default` domain's own, for instance) is kept with its id as is.
pub(crate) async fn tenants(caller: &mut Caller<'_>) -> Result<Vec<Tenant>, CallError> {
    let url = format!("{}/v3/projects", caller.base(Service::Keystone).await?);
    let body = caller.read(Request::new("keystone", "get_tenants", Method::GET, url)).await?;
    let read = |entry: &Value| {
        let id = fields::text(entry, "id")?;
        Ok(Tenant {
            uuid: fields::dashed_uuid(&id).unwrap_or(id),
            name: fields::text(entry, "name")?,
            description: fields::optional_text(entry, "description"),
            enabled: fields::flag(entry, "enabled")?,
        })
    };
    let entries = fields::list(&body, "projects").in_answer("keystone projects")?;
    entries.iter().map(read).collect::<Result<_, _>>().in_answer("keystone projects")
}
