//! Nova's servers: listing, details, making and removing. Contract: southbound 3.1, 5.2.1, 5.2.4.

use super::caller::{Caller, InAnswer, is_404};
use super::catalog::Service;
use super::fields::{self, FieldError, encoded};
use super::nova::{VERSION, VERSION_HEADER};
use super::rest::Request;
use nfv_nfvi::CallError;
use nfv_nfvi::answer::Paged;
use nfv_nfvi::call::Page;
use nfv_nfvi::object::{
    AdminState, EmbeddedFlavor, Instance, InstanceAction, InstanceAvailStatus, NovaStates, OperState,
    power_state_text, states_from_nova,
};
use reqwest::Method;
use serde_json::{Value, json};

async fn url(caller: &mut Caller<'_>, path: &str) -> Result<String, CallError> {
    let base = caller.base(Service::Nova).await?;
    let token = caller.token().await?;
    Ok(format!("{base}/v2.1/{}/servers{path}", token.project_id))
}

fn request(function: &'static str, method: Method, url: String) -> Request {
    Request::new("nova", function, method, url).wrs().header(VERSION_HEADER, VERSION)
}

/// One page of ids and names.
pub(crate) async fn list(caller: &mut Caller<'_>, page: &Page) -> Result<Paged<(String, String)>, CallError> {
    let url = match &page.next {
        Some(next) => next.clone(),
        None => url(caller, &format!("?limit={}&all_tenants=1", page.limit)).await?,
    };
    let body = caller.read(Request::new("nova", "get_servers", Method::GET, url).wrs()).await?;
    let read = |entry: &Value| Ok((fields::text(entry, "id")?, fields::text(entry, "name")?));
    let entries = fields::list(&body, "servers").in_answer("nova servers")?;
    Ok(Paged {
        entries: entries.iter().map(read).collect::<Result<_, _>>().in_answer("nova servers")?,
        next: fields::next_link(&body, "servers_links"),
    })
}

pub(crate) async fn get(caller: &mut Caller<'_>, uuid: &str) -> Result<Instance, CallError> {
    let url = url(caller, &format!("/{}", encoded(uuid))).await?;
    let body = caller.read(request("get_server", Method::GET, url)).await?;
    let server = fields::object(&body, "server").in_answer("nova servers")?;
    instance(server).in_answer("nova servers")
}

/// What a new server is made of.
pub(crate) struct NewServer<'a> {
    pub name: &'a str,
    pub flavor: &'a str,
    pub image: Option<&'a str>,
    pub block_devices: Option<&'a Value>,
    pub networks: Option<&'a Value>,
}

/// Makes a server and reads it.
pub(crate) async fn create(caller: &mut Caller<'_>, new: &NewServer<'_>) -> Result<Instance, CallError> {
    let mut server = json!({"name": new.name, "flavorRef": new.flavor});
    if let Some(image) = new.image {
        server["imageRef"] = image.into();
    }
    if let Some(devices) = new.block_devices {
        server["block_device_mapping_v2"] = devices.clone();
    }
    let networks: Vec<Value> = new
        .networks
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|network| !network["uuid"].is_null())
        .cloned()
        .collect();
    if !networks.is_empty() {
        server["networks"] = networks.into();
    }
    let url = url(caller, "").await?;
    let body =
        caller.read(request("create_server", Method::POST, url).json(&json!({"server": server}))).await?;
    let id = fields::object(&body, "server").and_then(|server| fields::text(server, "id"));
    get(caller, &id.in_answer("nova servers")?).await
}

/// A server that is not there counts as removed.
pub(crate) async fn delete(caller: &mut Caller<'_>, uuid: &str) -> Result<(), CallError> {
    let url = url(caller, &format!("/{}", encoded(uuid))).await?;
    match caller.send(request("delete_server", Method::DELETE, url)).await {
        Err(error) if !is_404(&error) => Err(error),
        _ => Ok(()),
    }
}

/// The instance that a server of Nova is.
fn instance(server: &Value) -> Result<Instance, FieldError> {
    let vm_state = fields::text(server, "OS-EXT-STS:vm_state")?;
    let task_state =
        fields::optional_text(server, "OS-EXT-STS:task_state").unwrap_or_else(|| "none".to_owned());
    let power_state = power_state_text(server["OS-EXT-STS:power_state"].as_i64().unwrap_or(-1));
    let (admin_state, oper_state, avail_status, action): (
        AdminState,
        OperState,
        Vec<InstanceAvailStatus>,
        InstanceAction,
    ) = states_from_nova(&vm_state, &task_state, power_state);
    let uuid = fields::text(server, "id")?;
    let priority = fields::optional_text(&server["metadata"], "sw:wrs:recovery_priority");
    let timeout = fields::optional_text(&server["metadata"], "hw:wrs:live_migration_timeout");
    Ok(Instance {
        name: fields::text(server, "name")?,
        tenant_id: fields::dashed_uuid(&fields::text(server, "tenant_id")?),
        admin_state,
        oper_state,
        avail_status,
        action,
        host_name: fields::optional_text(server, "OS-EXT-SRV-ATTR:host"),
        instance_type: server["flavor"].is_object().then(|| flavor(&server["flavor"])),
        image_uuid: fields::optional_text(&server["image"], "id"),
        live_migration_support: Some(supports_live_migration(server)),
        attached_volumes: Some(
            server["os-extended-volumes:volumes_attached"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|volume| fields::optional_text(volume, "id"))
                .collect(),
        ),
        recovery_priority: recovery_priority(&uuid, priority.as_deref()),
        live_migration_timeout: live_migration_timeout(&uuid, timeout.as_deref()),
        nfvi_data: NovaStates {
            vm_state,
            task_state,
            power_state: power_state.to_owned(),
            last_update_timestamp: fields::optional_text(server, "updated"),
        },
        uuid,
    })
}

fn flavor(flavor: &Value) -> EmbeddedFlavor {
    let count = |key| fields::optional_count(flavor, key).unwrap_or(0);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    EmbeddedFlavor {
        vcpus: count("vcpus"),
        ram: count("ram"),
        disk: count("disk"),
        ephemeral: count("ephemeral"),
        swap: count("swap"),
        original_name: fields::optional_text(flavor, "original_name").unwrap_or_default(),
        extra_specs: fields::entries(flavor, "extra_specs")
            .map(|(key, value)| (key.clone(), text(value)))
            .collect(),
    }
}

/// Devices passed through to the guest forbid a live migration.
fn supports_live_migration(server: &Value) -> bool {
    let nics = server["wrs-if:nics"].as_array().into_iter().flatten();
    let mut models = nics.filter_map(|nic| nic.as_object()?.values().next()?["vif_model"].as_str());
    let passthrough = models.any(|model| matches!(model, "pci-passthrough" | "pci-sriov"));
    !passthrough && server["flavor"]["extra_specs"].get("pci_passthrough:alias").is_none()
}

/// 1 to 10 from the metadata; anything else is no priority.
pub(crate) fn recovery_priority(uuid: &str, text: Option<&str>) -> Option<u8> {
    let text = text?;
    let priority = text.trim().parse().ok().filter(|priority| (1..=10).contains(priority));
    if priority.is_none() {
        tracing::info!("Instance {uuid}: recovery priority {text:?} is not in 1 to 10, ignored.");
    }
    priority
}

/// Seconds from the metadata; anything that is no number is none.
pub(crate) fn live_migration_timeout(uuid: &str, text: Option<&str>) -> Option<u64> {
    let text = text?;
    let timeout = text.trim().parse().ok();
    if timeout.is_none() {
        tracing::info!("Instance {uuid}: live migration timeout {text:?} is no number, ignored.");
    }
    timeout
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(change: impl FnOnce(&mut Value)) -> Value {
        let mut server = json!({
            "id": "f0f0c8f3-9f0d-4d6a-9f6f-0a51a8a4d8f7", "name": "vm-1",
            "tenant_id": "0123456789abcdef0123456789abcdef",
            "OS-EXT-STS:vm_state": "active", "OS-EXT-STS:task_state": null, "OS-EXT-STS:power_state": 1,
            "OS-EXT-SRV-ATTR:host": "compute-0", "updated": "2019-01-23T12:00:00Z", "image": {"id": "img"},
            "flavor": {"vcpus": 2, "ram": 512, "disk": 1, "ephemeral": 0, "swap": "", "original_name": "small",
                       "extra_specs": {"hw:mem_page_size": "large"}},
            "os-extended-volumes:volumes_attached": [{"id": "vol-1"}, {"nothing": 1}],
            "metadata": {"sw:wrs:recovery_priority": "3", "hw:wrs:live_migration_timeout": "180"},
        });
        change(&mut server);
        server
    }

    #[test]
    fn a_server_is_read_as_the_contract_has_it() {
        let got = instance(&server(|_| ())).unwrap();
        assert_eq!(got.tenant_id.as_deref(), Some("01234567-89ab-cdef-0123-456789abcdef"));
        assert_eq!((got.admin_state, got.oper_state), (AdminState::Unlocked, OperState::Enabled));
        assert_eq!(got.host_name.as_deref(), Some("compute-0"));
        assert_eq!(got.image_uuid.as_deref(), Some("img"));
        assert_eq!(got.attached_volumes, Some(vec!["vol-1".to_owned()]));
        assert_eq!((got.recovery_priority, got.live_migration_timeout), (Some(3), Some(180)));
        assert_eq!(got.live_migration_support, Some(true));
        assert_eq!(
            (got.nfvi_data.task_state.as_str(), got.nfvi_data.power_state.as_str()),
            ("none", "running")
        );
        let flavor = got.instance_type.unwrap();
        assert_eq!((flavor.vcpus, flavor.swap, flavor.original_name.as_str()), (2, 0, "small"));
    }

    #[test]
    fn odd_parts_of_a_server_do_not_lose_it() {
        let got = instance(&server(|s| {
            s["image"] = "".into();
            s["OS-EXT-SRV-ATTR:host"] = Value::Null;
            s["metadata"] = json!({"sw:wrs:recovery_priority": "11", "hw:wrs:live_migration_timeout": "x"});
            s["os-extended-volumes:volumes_attached"] = Value::Null;
            s["tenant_id"] = "not a uuid".into();
        }))
        .unwrap();
        assert_eq!((got.image_uuid, got.host_name, got.tenant_id), (None, None, None));
        assert_eq!((got.recovery_priority, got.live_migration_timeout), (None, None));
        assert!(instance(&server(|s| s["id"] = Value::Null)).is_err());
        assert!(instance(&server(|s| s["OS-EXT-STS:vm_state"] = Value::Null)).is_err());
    }

    #[test]
    fn passed_through_devices_forbid_live_migration() {
        for (nics, specs, supported) in [
            (json!([{"nic1": {"vif_model": "virtio"}}]), json!({}), true),
            (json!([{"nic1": {"vif_model": "pci-sriov"}}]), json!({}), false),
            (json!([{"nic1": {}}, {"nic2": {"vif_model": "pci-passthrough"}}]), json!({}), false),
            (Value::Null, json!({"pci_passthrough:alias": "x:1"}), false),
            (json!([1, {}]), Value::Null, true),
        ] {
            let got = instance(&server(|s| {
                s["wrs-if:nics"] = nics.clone();
                s["flavor"]["extra_specs"] = specs.clone();
            }));
            assert_eq!(got.unwrap().live_migration_support, Some(supported), "{nics} {specs}");
        }
    }
}
