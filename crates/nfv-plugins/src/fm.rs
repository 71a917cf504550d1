//! Alarms as Fault Management shows them over REST. Contract: southbound 12.7.

use crate::openstack::caller::{Caller, InAnswer};
use crate::openstack::catalog::Service;
use crate::openstack::fields;
use crate::openstack::rest::Request;
use nfv_nfvi::CallError;
use nfv_nfvi::object::FmAlarm;
use reqwest::Method;
use serde_json::Value;

/// All alarms, suppressed ones included.
pub(crate) async fn alarms(caller: &mut Caller<'_>) -> Result<Vec<FmAlarm>, CallError> {
    let url = format!("{}/alarms?include_suppress=True", caller.base(Service::Fm).await?);
    let body = caller.read(Request::new("fm", "get_alarms", Method::GET, url)).await?;
    let read = |entry: &Value| {
        Ok(FmAlarm {
            alarm_uuid: fields::text(entry, "uuid")?,
            alarm_id: fields::text(entry, "alarm_id")?,
            entity_instance_id: fields::text(entry, "entity_instance_id")?,
            severity: fields::text(entry, "severity")?,
            reason_text: fields::optional_text(entry, "reason_text").unwrap_or_default(),
            timestamp: fields::optional_text(entry, "timestamp").unwrap_or_default(),
            mgmt_affecting: fields::flag(entry, "mgmt_affecting")?,
        })
    };
    let entries = fields::list(&body, "alarms").in_answer("fm alarms")?;
    entries.iter().map(read).collect::<Result<_, _>>().in_answer("fm alarms")
}
