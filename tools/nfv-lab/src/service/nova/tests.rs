//! Nova through its requests: rules, microversions, migrations, evacuation.

use serde_json::{Value, json};

use crate::model::Cloud;
use crate::ports::{BoundPorts, Service};
use crate::service::testing::{call, cloud, cloud_of, pass, server};
use crate::service::{Request, answer};

fn nova(cloud: &mut Cloud, method: &str, path: &str, body: Value) -> (u16, Value) {
    let tenant = cloud.keystone.tenants[0].id.clone();
    call(cloud, Service::Nova, method, &format!("/v2.1/{tenant}{path}"), body)
}

fn act(cloud: &mut Cloud, name: &str, body: Value) -> (u16, Value) {
    let id = server(cloud, name);
    nova(cloud, "POST", &format!("/servers/{id}/action"), body)
}

/// `vm_state`, `task_state`, host.
fn states(cloud: &mut Cloud, name: &str) -> (String, Option<String>, String) {
    let id = server(cloud, name);
    let (_, body) = nova(cloud, "GET", &format!("/servers/{id}"), Value::Null);
    let server = &body["server"];
    let text = |key: &str| server[key].as_str().map(str::to_owned);
    (
        text("OS-EXT-STS:vm_state").expect("a state"),
        text("OS-EXT-STS:task_state"),
        text("OS-EXT-SRV-ATTR:host").unwrap_or_default(),
    )
}

fn settled(state: &str, host: &str) -> (String, Option<String>, String) {
    (state.into(), None, host.into())
}

#[test]
fn an_action_sets_a_task_takes_time_and_ends_in_the_new_state() {
    let mut cloud = cloud();
    let rows = [
        (json!({"pause": null}), "pausing", "paused", "PAUSED"),
        (json!({"unpause": null}), "unpausing", "active", "ACTIVE"),
        (json!({"suspend": null}), "suspending", "suspended", "SUSPENDED"),
        (json!({"resume": null}), "resuming", "active", "ACTIVE"),
        (json!({"os-stop": null}), "powering-off", "stopped", "SHUTOFF"),
        (json!({"os-start": null}), "powering-on", "active", "ACTIVE"),
        (json!({"reboot": {"type": "SOFT"}}), "rebooting", "active", "ACTIVE"),
        (json!({"reboot": {"type": "HARD"}}), "rebooting_hard", "active", "ACTIVE"),
    ];
    for (body, task, state, status) in rows {
        assert_eq!(act(&mut cloud, "a0", body.clone()).0, 202, "{body}");
        assert_eq!(states(&mut cloud, "a0").1.as_deref(), Some(task), "{body}");
        pass(&mut cloud, 20.0);
        assert_eq!(states(&mut cloud, "a0"), settled(state, "worker-0"), "{body}");
        let id = server(&cloud, "a0");
        assert_eq!(cloud.servers[&id].status(), status);
    }
}

#[test]
fn refusals_are_nova_s_404_409_and_400() {
    let mut cloud = cloud();
    let (status, body) = nova(&mut cloud, "POST", "/servers/nobody/action", json!({"pause": null}));
    assert_eq!((status, body["itemNotFound"]["code"].as_u64()), (404, Some(404)));
    let (status, body) = act(&mut cloud, "a0", json!({"unpause": null}));
    assert_eq!(status, 409);
    let text = body["conflictingRequest"]["message"].as_str().expect("a message");
    assert!(text.contains("Cannot 'unpause' instance") && text.contains("vm_state active"), "{text}");
    assert_eq!(act(&mut cloud, "a0", json!({"pause": null})).0, 202);
    let (status, body) = act(&mut cloud, "a0", json!({"suspend": null}));
    assert_eq!(status, 409);
    assert!(body["conflictingRequest"]["message"].as_str().expect("text").contains("task_state pausing"));
    for bad in [json!({"dance": null}), json!({}), json!({"reboot": {}}), json!({"os-migrateLive": {}})] {
        let (status, body) = act(&mut cloud, "a1", bad.clone());
        assert_eq!((status, body["badRequest"]["code"].as_u64()), (400, Some(400)), "{bad}");
    }
}

#[test]
fn a_live_migration_moves_to_a_host_with_room_and_stays_where_none_has() {
    let mut cloud = cloud();
    let live = json!({"os-migrateLive": {"block_migration": "auto", "host": null}});
    assert_eq!(act(&mut cloud, "a0", live.clone()).0, 202);
    assert_eq!(states(&mut cloud, "a0").1.as_deref(), Some("migrating"));
    pass(&mut cloud, 10.0);
    assert_eq!(states(&mut cloud, "a0"), settled("active", "worker-2"), "worker-1 is full");
    assert_eq!(act(&mut cloud, "a1", live.clone()).0, 202);
    pass(&mut cloud, 10.0);
    assert_eq!(states(&mut cloud, "a1"), settled("active", "worker-2"));
    // worker-0 is free now, but its compute service is disabled.
    cloud.hosts.get_mut("worker-0").and_then(|host| host.compute.as_mut()).expect("compute").enabled = false;
    assert_eq!(act(&mut cloud, "b0", live).0, 202);
    pass(&mut cloud, 10.0);
    assert_eq!(states(&mut cloud, "b0"), settled("active", "worker-1"));
    let failed = cloud.history.last().expect("a record");
    assert_eq!((failed.action, failed.outcome), ("live-migrate", crate::model::action::Outcome::Failed));
}

#[test]
fn room_is_claimed_when_a_migration_begins() {
    let mut cloud = cloud();
    for name in ["a0", "a1", "b0"] {
        let live = json!({"os-migrateLive": {"block_migration": "auto", "host": "worker-2"}});
        assert_eq!(act(&mut cloud, name, live).0, 202);
    }
    pass(&mut cloud, 10.0);
    let there = ["a0", "a1", "b0"].iter().filter(|name| states(&mut cloud, name).2 == "worker-2").count();
    assert_eq!(there, 2, "worker-2 has room for two");
}

#[test]
fn evacuation_is_refused_while_the_compute_service_is_up_and_works_when_it_is_down() {
    let mut cloud = cloud();
    let evacuate = json!({"evacuate": {}});
    let (status, body) = act(&mut cloud, "a0", evacuate.clone());
    assert_eq!(status, 400);
    assert_eq!(body["badRequest"]["message"], "Compute service of worker-0 is still in use.");
    cloud.fail_host("worker-0", None, None).expect("it exists");
    assert_eq!(act(&mut cloud, "a0", evacuate.clone()).0, 400, "it was seen a moment ago");
    pass(&mut cloud, 61.0);
    assert_eq!(act(&mut cloud, "a0", evacuate.clone()).0, 202);
    assert_eq!(states(&mut cloud, "a0").1.as_deref(), Some("rebuilding"));
    pass(&mut cloud, 10.0);
    assert_eq!(states(&mut cloud, "a0"), settled("active", "worker-2"));
}

#[test]
fn forced_down_lets_evacuation_happen_at_once() {
    let mut cloud = cloud();
    cloud.fail_host("worker-0", None, None).expect("it exists");
    let (_, body) = nova(&mut cloud, "GET", "/os-services?host=worker-0&binary=nova-compute", Value::Null);
    assert_eq!(body["services"].as_array().map(Vec::len), Some(1));
    let id = body["services"][0]["id"].as_str().expect("a uuid").to_owned();
    let (status, body) = nova(&mut cloud, "PUT", &format!("/os-services/{id}"), json!({"forced_down": true}));
    assert_eq!((status, body["service"]["state"].as_str()), (200, Some("down")));
    assert_eq!(act(&mut cloud, "a0", json!({"evacuate": {}})).0, 202);
    let (status, body) = nova(
        &mut cloud,
        "PUT",
        &format!("/os-services/{id}"),
        json!({"status": "disabled", "disabled_reason": "disabled by VIM"}),
    );
    let service = &body["service"];
    assert_eq!(
        (status, &service["status"], &service["host"], &service["binary"]),
        (200, &json!("disabled"), &json!("worker-0"), &json!("nova-compute"))
    );
}

#[test]
fn an_evacuation_without_a_valid_host_ends_in_error() {
    let mut cloud = cloud();
    for host in ["worker-0", "worker-2"] {
        cloud.fail_host(host, None, None).expect("it exists");
    }
    pass(&mut cloud, 61.0);
    assert_eq!(act(&mut cloud, "a0", json!({"evacuate": {}})).0, 202);
    assert_eq!(states(&mut cloud, "a0"), settled("error", "worker-0"));
    let id = server(&cloud, "a0");
    let (_, body) = nova(&mut cloud, "GET", &format!("/servers/{id}"), Value::Null);
    assert!(body["server"]["fault"]["message"].as_str().expect("a fault").starts_with("No valid host"));
}

#[test]
fn a_live_migration_whose_source_dies_ends_in_error_and_one_whose_target_dies_stays() {
    let mut cloud = cloud();
    let live = json!({"os-migrateLive": {"block_migration": "auto", "host": "worker-2"}});
    assert_eq!(act(&mut cloud, "a0", live.clone()).0, 202);
    pass(&mut cloud, 1.0);
    cloud.fail_host("worker-0", None, None).expect("it exists");
    assert_eq!(states(&mut cloud, "a0"), settled("error", "worker-0"));
    assert_eq!(act(&mut cloud, "b0", live).0, 202);
    pass(&mut cloud, 1.0);
    cloud.fail_host("worker-2", None, None).expect("it exists");
    assert_eq!(states(&mut cloud, "b0"), settled("active", "worker-1"));
}

#[test]
fn servers_of_a_dead_host_stay_active_and_their_actions_stand_still_until_it_is_back() {
    let mut cloud = cloud();
    cloud.fail_host("worker-0", None, None).expect("it exists");
    assert_eq!(states(&mut cloud, "a0"), settled("active", "worker-0"));
    assert_eq!(act(&mut cloud, "a0", json!({"reboot": {"type": "HARD"}})).0, 202);
    pass(&mut cloud, 100.0);
    assert_eq!(states(&mut cloud, "a0").1.as_deref(), Some("rebooting_hard"));
    cloud.recover_host("worker-0").expect("it is down");
    pass(&mut cloud, 60.0);
    assert_eq!(states(&mut cloud, "a0"), settled("active", "worker-0"), "the reboot was taken up again");
    assert_eq!(states(&mut cloud, "a1"), settled("stopped", "worker-0"), "it did not survive");
}

#[test]
fn a_cold_migration_waits_for_confirmation_and_can_be_reverted() {
    let mut cloud = cloud();
    assert_eq!(act(&mut cloud, "a0", json!({"migrate": null})).0, 202);
    pass(&mut cloud, 20.0);
    assert_eq!(states(&mut cloud, "a0"), settled("resized", "worker-2"));
    assert_eq!(cloud.usage_of("worker-0").vcpus, 4, "the old place is kept");
    assert_eq!(act(&mut cloud, "a0", json!({"confirmResize": null})).0, 204);
    pass(&mut cloud, 5.0);
    assert_eq!(states(&mut cloud, "a0"), settled("active", "worker-2"));
    assert_eq!(cloud.usage_of("worker-0").vcpus, 2);

    let large = cloud.flavors.values().find(|flavor| flavor.name == "large").expect("large").id.clone();
    let (status, body) = act(&mut cloud, "b0", json!({"resize": {"flavorRef": large}}));
    assert_eq!(status, 400, "no host has four free CPUs");
    assert!(body["badRequest"]["message"].as_str().expect("text").contains("No valid host"));
    assert_eq!(act(&mut cloud, "a1", json!({"migrate": null})).0, 202);
    pass(&mut cloud, 20.0);
    assert_eq!(act(&mut cloud, "a1", json!({"revertResize": null})).0, 202);
    pass(&mut cloud, 20.0);
    assert_eq!(states(&mut cloud, "a1"), settled("active", "worker-0"));
}

#[test]
fn reset_state_ends_a_task_and_rebuild_and_delete_work() {
    let mut cloud = cloud();
    assert_eq!(act(&mut cloud, "a0", json!({"pause": null})).0, 202);
    assert_eq!(act(&mut cloud, "a0", json!({"os-resetState": {"state": "error"}})).0, 202);
    pass(&mut cloud, 10.0);
    assert_eq!(states(&mut cloud, "a0"), settled("error", "worker-0"), "the pause is forgotten");
    let image = cloud.images.keys().next().expect("an image").clone();
    assert_eq!(act(&mut cloud, "a0", json!({"rebuild": {"name": "a0", "imageRef": image}})).0, 202);
    pass(&mut cloud, 10.0);
    assert_eq!(states(&mut cloud, "a0"), settled("active", "worker-0"));
    let id = server(&cloud, "a0");
    assert_eq!(nova(&mut cloud, "DELETE", &format!("/servers/{id}"), Value::Null).0, 204);
    pass(&mut cloud, 10.0);
    assert_eq!(nova(&mut cloud, "GET", &format!("/servers/{id}"), Value::Null).0, 404);
}

#[test]
fn servers_of_an_anti_affinity_group_do_not_share_a_host() {
    let text = format!(
        "{}\n[[vm]]\nname = \"g{{n}}\"\ncount = 2\nflavor = \"small\"\ngroup = \"apart\"\n",
        crate::service::testing::CLUSTER
            .replace("vcpus = 4\n        memory_mb", "vcpus = 8\n        memory_mb")
    );
    let mut cloud = cloud_of(&text);
    let (first, second) = (states(&mut cloud, "g0").2, states(&mut cloud, "g1").2);
    assert_ne!(first, second);
    let live = json!({"os-migrateLive": {"block_migration": "auto", "host": second}});
    assert_eq!(act(&mut cloud, "g0", live).0, 202);
    pass(&mut cloud, 10.0);
    assert_eq!(states(&mut cloud, "g0").2, first, "refused by the group");
    let (_, body) = nova(&mut cloud, "GET", "/os-server-groups?all_projects=True", Value::Null);
    assert_eq!(body["server_groups"][0]["members"].as_array().map(Vec::len), Some(2));
    assert_eq!(body["server_groups"][0]["policies"], json!(["anti-affinity"]));
}

#[test]
fn ids_of_hypervisors_are_numbers_before_2_53_and_uuids_from_then_on() {
    let mut cloud = cloud();
    let tenant = cloud.keystone.tenants[0].id.clone();
    let (token, _) = cloud.issue_token(tenant.clone());
    let mut ask = |version: Option<&str>| {
        let mut request = Request::new("GET", &format!("/v2.1/{tenant}/os-hypervisors"));
        request.headers.push(("x-auth-token".into(), token.clone()));
        if let Some(version) = version {
            request.headers.push(("x-openstack-nova-api-version".into(), version.into()));
        }
        let reply = answer(Service::Nova, &mut cloud, &request, &BoundPorts::new(), "x");
        let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
        (reply.status, body["hypervisors"][0]["id"].clone())
    };
    assert_eq!(ask(None), (200, json!(1)));
    assert_eq!(ask(Some("2.52")), (200, json!(1)));
    assert!(ask(Some("2.53")).1.as_str().is_some_and(|id| id.len() == 36));
    assert_eq!(ask(Some("2.99")).0, 406);
}

#[test]
fn lists_are_paged_by_absolute_links_and_a_foreign_project_is_refused() {
    let mut cloud = cloud();
    let (_, first) = nova(&mut cloud, "GET", "/servers?limit=3&all_tenants=1", Value::Null);
    assert_eq!(first["servers"].as_array().map(Vec::len), Some(3));
    let link = first["servers_links"][0]["href"].as_str().expect("a link").to_owned();
    let path = link.strip_prefix("http://127.0.0.1:1").expect("absolute");
    let (_, second) = call(&mut cloud, Service::Nova, "GET", path, Value::Null);
    assert_eq!(second["servers"].as_array().map(Vec::len), Some(1));
    assert_eq!(second["servers_links"], Value::Null);
    assert_eq!(call(&mut cloud, Service::Nova, "GET", "/v2.1/other/servers", Value::Null).0, 400);
}

#[test]
fn a_server_shows_what_the_microversion_and_the_wrs_header_ask_for() {
    let mut cloud = cloud();
    let id = server(&cloud, "b0");
    let (_, body) = nova(&mut cloud, "GET", &format!("/servers/{id}"), Value::Null);
    let shown = &body["server"];
    assert_eq!(shown["image"], "");
    assert_eq!(shown["flavor"]["original_name"], "small");
    assert_eq!(shown["os-extended-volumes:volumes_attached"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["OS-EXT-STS:power_state"], 1);
    assert!(shown["wrs-if:nics"].is_array());
}

#[test]
fn services_can_be_created_and_deleted() {
    let mut cloud = cloud();
    let (_, body) = nova(&mut cloud, "GET", "/os-services?host=worker-2&binary=nova-compute", Value::Null);
    let id = body["services"][0]["id"].as_str().expect("a uuid").to_owned();
    assert_eq!(nova(&mut cloud, "DELETE", &format!("/os-services/{id}"), Value::Null).0, 204);
    let (_, body) = nova(&mut cloud, "GET", "/os-services?host=worker-2&binary=nova-compute", Value::Null);
    assert_eq!(body["services"], json!([]));
    let (status, body) =
        nova(&mut cloud, "PUT", "/os-services/create", json!({"binary": "nova-compute", "host": "worker-2"}));
    assert_eq!(
        (status, body),
        (200, json!({"service": {"status": "created", "host": "worker-2", "binary": "nova-compute"}}))
    );
}

#[test]
fn a_created_server_is_built_on_a_host_with_room() {
    let mut cloud = cloud();
    let flavor = cloud.flavors.values().find(|flavor| flavor.name == "small").expect("small").id.clone();
    let image = cloud.images.keys().next().expect("an image").clone();
    let body = json!({"server": {"name": "new", "flavorRef": flavor, "imageRef": image}});
    let (status, _) = nova(&mut cloud, "POST", "/servers", body);
    assert_eq!(status, 202);
    assert_eq!(states(&mut cloud, "new").0, "building");
    pass(&mut cloud, 10.0);
    assert_eq!(states(&mut cloud, "new"), settled("active", "worker-2"));
}
