//! The platform's sequences: lock, unlock, failure, recovery; guests, patches, upgrade, time.

use serde_json::{Value, json};

use super::Cloud;
use super::host::Host;
use super::notice::{Notice, Sender};
use crate::ports::Service;
use crate::service::testing::{call, cloud, cloud_of, pass, server};

fn states(host: &Host) -> (&'static str, &'static str, &'static str) {
    (host.admin.as_str(), host.oper.as_str(), host.avail.as_str())
}

/// Short forms of the notices since the last look.
fn told(cloud: &mut Cloud) -> Vec<String> {
    cloud
        .take_notices()
        .iter()
        .map(|Notice { sender, body, path, .. }| {
            let change = &body["state-change"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            match sender {
                Sender::Mtc => format!(
                    "{} {} {}",
                    text(&change["administrative"]),
                    text(&change["operational"]),
                    text(&change["availability"])
                ),
                Sender::Sysinv => text(&body["action"]),
                Sender::Host => path.clone(),
                Sender::Guest => format!("{} {}", text(&body["event-type"]), body["event-data"]),
                Sender::Nova => path.clone(),
            }
        })
        .collect()
}

#[test]
fn a_lock_waits_for_the_vim_and_is_then_carried_out() {
    let mut cloud = cloud();
    cloud.lock_host("worker-0", false).expect("it can be locked");
    assert_eq!(told(&mut cloud), ["lock"]);
    assert!(cloud.lock_host("worker-0", false).is_err(), "one action at a time");
    pass(&mut cloud, 100.0);
    assert_eq!(states(&cloud.hosts["worker-0"]), ("unlocked", "enabled", "available"));
    assert_eq!(cloud.hosts["worker-0"].action, "lock");
    let uuid = cloud.hosts["worker-0"].uuid.clone();
    let body = json!([{"path": "/action", "value": "services-disabled", "op": "replace"}]);
    let (status, body) = call(&mut cloud, Service::Sysinv, "PATCH", &format!("/v1/ihosts/{uuid}"), body);
    assert_eq!((status, body["hostname"].as_str()), (200, Some("worker-0")));
    pass(&mut cloud, 2.0);
    assert_eq!(states(&cloud.hosts["worker-0"]), ("locked", "disabled", "online"));
    assert_eq!(cloud.hosts["worker-0"].action, "");
    assert_eq!(told(&mut cloud), ["locked disabled online"]);
    assert_eq!(cloud.alarms[0].alarm_id, "200.001");
}

#[test]
fn a_lock_is_given_up_when_the_vim_cannot_or_does_not_answer() {
    let mut cloud = cloud();
    cloud.lock_host("worker-0", false).expect("it can be locked");
    cloud.services_disable_failed("worker-0", "no room").expect("it exists");
    let host = &cloud.hosts["worker-0"];
    assert_eq!((host.action.as_str(), host.vim_progress.as_str()), ("", "no room"));
    cloud.lock_host("worker-0", false).expect("it can be locked again");
    pass(&mut cloud, 200.0);
    cloud.services_disable_extend("worker-0").expect("it exists");
    pass(&mut cloud, 200.0);
    assert_eq!(cloud.hosts["worker-0"].action, "lock", "the extension counts");
    pass(&mut cloud, 101.0);
    assert_eq!(cloud.hosts["worker-0"].action, "");
    assert_eq!(states(&cloud.hosts["worker-0"]), ("unlocked", "enabled", "available"));
}

#[test]
fn an_unlock_restarts_the_host_and_tells_each_step() {
    let mut cloud = cloud();
    cloud.lock_host("worker-2", false).expect("it can be locked");
    cloud.services_disabled("worker-2").expect("it exists");
    pass(&mut cloud, 2.0);
    told(&mut cloud);
    assert!(cloud.lock_host("worker-2", false).is_err(), "locked already");
    cloud.unlock_host("worker-2").expect("it can be unlocked");
    assert!(!cloud.host_works("worker-2"), "a locked host runs no compute service");
    pass(&mut cloud, 60.0);
    assert_eq!(
        told(&mut cloud),
        [
            "unlock",
            "unlocked disabled offline",
            "booting",
            "unlocked disabled intest",
            "unlocked enabled available"
        ]
    );
    assert!(cloud.host_works("worker-2"));
    assert!(cloud.hosts["worker-2"].uptime(cloud.now()) < 60);
    cloud.services_enabled("worker-2").expect("it exists");
    assert_eq!(cloud.hosts["worker-2"].vim_progress, "services-enabled");
    assert!(cloud.alarms.is_empty());
}

#[test]
fn a_force_lock_does_not_wait() {
    let mut cloud = cloud();
    cloud.lock_host("worker-0", true).expect("it can be locked");
    assert_eq!(states(&cloud.hosts["worker-0"]), ("locked", "disabled", "offline"));
    pass(&mut cloud, 60.0);
    assert_eq!(
        told(&mut cloud),
        ["force-lock", "locked disabled offline", "booting", "locked disabled online"]
    );
}

#[test]
fn a_failed_host_goes_offline_and_comes_back() {
    let mut cloud = cloud();
    cloud.fail_host("worker-0", Some(5.0), Some(30.0)).expect("it exists");
    assert!(told(&mut cloud).is_empty(), "nobody has noticed yet");
    pass(&mut cloud, 3.0);
    assert_eq!(told(&mut cloud), ["unlocked disabled failed"]);
    pass(&mut cloud, 10.0);
    assert_eq!(told(&mut cloud), ["unlocked disabled offline"]);
    assert_eq!(cloud.hosts["worker-0"].uptime(cloud.now()), 0);
    pass(&mut cloud, 100.0);
    assert_eq!(told(&mut cloud), ["booting", "unlocked disabled intest", "unlocked enabled available"]);
}

#[test]
fn a_host_that_dies_while_it_boots_starts_again_from_the_beginning() {
    let mut cloud = cloud();
    cloud.lock_host("worker-2", false).expect("it can be locked");
    cloud.services_disabled("worker-2").expect("it exists");
    pass(&mut cloud, 2.0);
    cloud.unlock_host("worker-2").expect("it can be unlocked");
    pass(&mut cloud, 22.0);
    told(&mut cloud);
    cloud.fail_host("worker-2", Some(1.0), None).expect("it exists");
    pass(&mut cloud, 100.0);
    assert_eq!(told(&mut cloud), ["unlocked disabled failed", "unlocked disabled offline"]);
}

#[test]
fn a_host_is_added_put_into_service_and_deleted_again() {
    let mut cloud = cloud();
    let spec = json!({"name": "worker-9", "personality": "worker", "vcpus": 2});
    let spec: crate::config::HostSpec = serde_json::from_value(spec).expect("a host");
    cloud.enrol_host(&spec).expect("the name is free");
    assert!(cloud.enrol_host(&spec).is_err(), "only once");
    let added = cloud.take_notices().remove(0);
    assert_eq!((added.method, added.path.as_str()), ("POST", "/nfvi-plugins/v1/hosts"));
    assert_eq!(
        (&added.body["hostname"], &added.body["subfunctions"], &added.body["administrative"]),
        (&json!("worker-9"), &json!("worker"), &json!("locked"))
    );
    assert!(cloud.hosts["worker-9"].compute.is_none());
    cloud.label_host("worker-9", "a", Some("b")).expect("it exists");
    assert_eq!(
        cloud.take_notices()[0].body,
        json!({"uuid": cloud.hosts["worker-9"].uuid, "hostname": "worker-9"})
    );
    cloud.unlock_host("worker-9").expect("it is online");
    pass(&mut cloud, 60.0);
    assert!(cloud.host_works("worker-9"), "its compute service has registered itself");
    assert!(cloud.delete_host("worker-9").is_err(), "not while it is unlocked");
    cloud.lock_host("worker-9", false).expect("it can be locked");
    cloud.services_disabled("worker-9").expect("it exists");
    pass(&mut cloud, 2.0);
    cloud.take_notices();
    cloud.delete_host("worker-9").expect("it is locked");
    let deleted = cloud.take_notices().remove(0);
    assert_eq!((deleted.method, &deleted.body["action"]), ("DELETE", &json!("delete")));
    assert_eq!(call(&mut cloud, Service::Sysinv, "DELETE", "/v1/ihosts/worker-9", Value::Null).0, 204);
    assert!(!cloud.hosts.contains_key("worker-9"));
}

#[test]
fn sysinv_s_refusal_is_json_in_json() {
    let mut cloud = cloud();
    let body = json!([{"path": "/action", "value": "unlock", "op": "replace"}]);
    let (status, body) = call(&mut cloud, Service::Sysinv, "PATCH", "/v1/ihosts/worker-0", body);
    assert_eq!(status, 400);
    let inner: Value = serde_json::from_str(body["error_message"].as_str().expect("text")).expect("JSON");
    assert!(inner["faultstring"].as_str().expect("text").contains("already 'unlocked'"));
}

#[test]
fn mtc_shows_states_and_asks_for_its_client() {
    let mut cloud = cloud();
    let (status, body) = call(
        &mut cloud,
        Service::Mtc,
        "GET",
        "/v1/hosts/worker-0",
        json!({"uuid": "x", "hostname": "worker-0"}),
    );
    assert_eq!(status, 200);
    let state = json!({"administrative": "unlocked", "operational": "enabled", "availability": "available"});
    let mut with_ports = state.clone();
    with_ports["data_ports_oper"] = json!("enabled");
    with_ports["data_ports_avail"] = json!("available");
    assert_eq!(body["state"], with_ports);
    let (_, body) = call(&mut cloud, Service::Mtc, "GET", "/v1/hosts/controller-0", Value::Null);
    assert_eq!(body["state"], state, "a controller has no data ports");
    cloud.set_data_ports("worker-0", true).expect("it exists");
    assert_eq!(cloud.take_notices()[0].body["state-change"]["data_ports_avail"], "failed");
    assert_eq!(call(&mut cloud, Service::Mtc, "GET", "/v1/hosts/nobody", Value::Null).0, 404);
    let (_, body) = call(&mut cloud, Service::Mtc, "GET", "/v1/systems", Value::Null);
    assert_eq!(body["hosts"].as_array().map(Vec::len), Some(5));
    let cleared = json!({"severity": "cleared"});
    assert_eq!(call(&mut cloud, Service::Mtc, "PATCH", "/v1/hosts/worker-0", cleared).0, 405);
    let failed = json!({"severity": "failed"});
    assert_eq!(call(&mut cloud, Service::Mtc, "PATCH", "/v1/hosts/worker-0", failed).0, 200);
    assert_eq!(told(&mut cloud), ["unlocked disabled failed"]);
}

#[test]
fn a_guest_beats_votes_and_fails() {
    let mut cloud = cloud();
    let id = server(&cloud, "a0");
    let path = format!("/v1/instances/{id}");
    let services = |state: &str| json!({"uuid": id, "hostname": "worker-0", "services": [{"service": "heartbeat", "state": state}]});
    assert_eq!(call(&mut cloud, Service::Guest, "PATCH", &path, services("enabled")).0, 404);
    assert_eq!(call(&mut cloud, Service::Guest, "POST", &path, services("enabled")).0, 200);
    pass(&mut cloud, 5.0);
    assert!(told(&mut cloud)[0].starts_with("service"));
    let (_, body) = call(&mut cloud, Service::Guest, "GET", &path, Value::Null);
    assert_eq!(body["services"][0]["status"], "enabled");
    let vote = json!({"uuid": id, "hostname": "worker-0", "action": "live_migrate_begin"});
    let (_, body) = call(&mut cloud, Service::Guest, "POST", &format!("{path}/vote"), vote);
    assert_eq!((&body["timeout"], &body["action"]), (&json!("15"), &json!("live_migrate_begin")));
    pass(&mut cloud, 1.0);
    assert!(told(&mut cloud)[0].contains("\"guest-response\":\"allow\""));
    assert!(cloud.fail_heartbeat(&id, "reboot", false));
    let alarm = told(&mut cloud).remove(0);
    assert!(alarm.contains("\"repair-action\":\"reboot\"") && alarm.contains("\"failed\""), "{alarm}");
    assert!(cloud.start_heartbeat(&id));
    let service = told(&mut cloud).remove(0);
    assert!(service.contains("\"status\":\"enabled\""), "{service}");
    cloud.fail_host("worker-0", None, None).expect("it exists");
    told(&mut cloud);
    assert!(cloud.ask_guest(&id, "stop", true));
    pass(&mut cloud, 1.0);
    assert!(told(&mut cloud).is_empty(), "a dead guest does not answer");
    assert_eq!(call(&mut cloud, Service::Guest, "DELETE", &path, Value::Null).0, 204);
}

#[test]
fn patches_are_installed_one_host_after_the_other() {
    let mut cloud = cloud_of(&format!("{}\n[[patch]]\nname = \"P1\"\n", crate::service::testing::CLUSTER));
    let current = |cloud: &mut Cloud| {
        let (_, body) = call(cloud, Service::Patching, "GET", "/v1/query_hosts", Value::Null);
        let hosts = body["data"].as_array().expect("hosts").clone();
        hosts.iter().filter(|host| host["patch_current"] == true).count()
    };
    assert_eq!(current(&mut cloud), 0);
    cloud.patching.will_fail.insert("worker-1".into());
    for host in ["worker-0", "worker-1"] {
        let path = format!("/v1/host_install_async/{host}");
        assert_eq!(call(&mut cloud, Service::Patching, "POST", &path, Value::Null).1["error"], "");
    }
    pass(&mut cloud, 20.0);
    assert_eq!(current(&mut cloud), 1);
    assert!(cloud.patching.failed.contains("worker-1"));
    let (_, body) = call(&mut cloud, Service::Patching, "GET", "/v1/query", Value::Null);
    assert_eq!(body["pd"]["P1"]["patchstate"], "Partial-Apply");
}

#[test]
fn an_applied_patch_is_to_be_installed_on_hosts_that_had_all_before() {
    let mut cloud = cloud();
    let waiting = |cloud: &mut Cloud| {
        let (_, body) = call(cloud, Service::Patching, "GET", "/v1/query_hosts", Value::Null);
        body["data"].as_array().expect("hosts").iter().filter(|host| host["requires_reboot"] == true).count()
    };
    for patch in ["P1", "P2"] {
        assert_eq!(waiting(&mut cloud), 0);
        cloud.apply_patch(patch, true).expect("it is new");
        assert!(cloud.apply_patch(patch, true).is_err());
        assert_eq!(waiting(&mut cloud), 5);
        for name in cloud.hosts.keys().cloned().collect::<Vec<_>>() {
            assert!(cloud.install_patches(&name).is_err(), "it is not locked");
            cloud.hosts.get_mut(&name).expect("listed").admin = super::host::Admin::Locked;
            cloud.install_patches(&name).expect("it is locked");
        }
        pass(&mut cloud, 20.0);
        cloud.hosts.values_mut().for_each(|host| host.admin = super::host::Admin::Unlocked);
        assert_eq!(cloud.patching.patches[patch].patch_state, "Applied");
    }
}

#[test]
fn whoever_plays_a_guest_learns_when_it_runs_and_when_it_starts_anew() {
    use crate::model::action::Taken;
    use crate::model::rules::ServerAction;
    let mut cloud = cloud();
    let id = server(&cloud, "a0");
    let boots = |cloud: &Cloud| (cloud.guest_runs(&id), cloud.servers[&id].boots);
    let act = |cloud: &mut Cloud, action: ServerAction| {
        cloud.server_action(&id, action, Taken { checks_first: false }).expect("taken");
        pass(cloud, 10.0);
        boots(cloud)
    };
    assert_eq!(boots(&cloud), (true, 1));
    assert_eq!(act(&mut cloud, ServerAction::LiveMigrate { host: None }), (true, 1));
    assert_eq!(act(&mut cloud, ServerAction::HardReboot), (true, 2));
    assert_eq!(act(&mut cloud, ServerAction::Stop), (false, 2));
    assert_eq!(act(&mut cloud, ServerAction::Start), (true, 3));
    cloud.fail_host("worker-2", None, None).expect("it exists");
    assert_eq!(boots(&cloud), (false, 3));
    pass(&mut cloud, 120.0);
    assert_eq!(act(&mut cloud, ServerAction::Evacuate { host: None }), (true, 4));
}

#[test]
fn an_upgrade_goes_through_its_states() {
    let mut cloud = cloud();
    let state = |cloud: &mut Cloud| {
        call(cloud, Service::Sysinv, "GET", "/v1/upgrade", Value::Null).1["upgrades"][0]["state"].clone()
    };
    assert_eq!(state(&mut cloud), Value::Null);
    let start = json!({"force": "false"});
    assert_eq!(call(&mut cloud, Service::Sysinv, "POST", "/v1/upgrade", start).1["state"], "starting");
    pass(&mut cloud, 10.0);
    assert_eq!(state(&mut cloud), "started");
    assert!(cloud.upgrade_activate().is_err(), "hosts still run the old release");
    let to = cloud.upgrade.as_ref().expect("under way").to.clone();
    cloud.hosts.values_mut().for_each(|host| host.software_load.clone_from(&to));
    let activate = json!([{"path": "/state", "value": "activation-requested", "op": "replace"}]);
    assert_eq!(call(&mut cloud, Service::Sysinv, "PATCH", "/v1/upgrade", activate).0, 200);
    pass(&mut cloud, 20.0);
    assert_eq!(state(&mut cloud), "activation-complete");
    assert_eq!(call(&mut cloud, Service::Sysinv, "DELETE", "/v1/upgrade", Value::Null).0, 200);
    pass(&mut cloud, 10.0);
    assert_eq!(state(&mut cloud), Value::Null);
}

#[test]
fn the_same_seed_gives_the_same_course_of_events() {
    let run = || {
        let mut cloud = cloud_of(&crate::service::testing::CLUSTER.replace("jitter = 0.0", "jitter = 0.5"));
        for name in ["a0", "a1", "b0", "b1"] {
            let id = server(&cloud, name);
            let action = crate::model::rules::ServerAction::HardReboot;
            let how = crate::model::action::Taken { checks_first: false };
            cloud.server_action(&id, action, how).expect("taken");
        }
        pass(&mut cloud, 20.0);
        cloud.history.iter().map(|record| (record.name.clone(), record.ended)).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
    assert!(run().iter().all(|(_, ended)| ended.is_some()));
}

#[test]
fn nova_tells_each_change_when_there_is_a_broker() {
    let mut cloud = cloud();
    cloud.nova_notices = true;
    let id = server(&cloud, "a0");
    let how = crate::model::action::Taken { checks_first: false };
    let action = crate::model::rules::ServerAction::LiveMigrate { host: None };
    cloud.server_action(&id, action, how).expect("taken");
    pass(&mut cloud, 10.0);
    let notices = cloud.take_notices();
    let events: Vec<_> = notices.iter().map(|notice| notice.path.as_str()).collect();
    assert_eq!(
        events,
        [
            "compute.instance.update",
            "compute.instance.live_migration.pre.start",
            "compute.instance.update",
            "compute.instance.live_migration.post.dest.end"
        ]
    );
    assert_eq!(notices[0].body["new_task_state"], "migrating");
    assert_eq!(notices[2].body["host"], "worker-2");
    // a word here, a number when it is asked for
    assert_eq!(notices[0].body["power_state"], "running");
    for key in ["instance_id", "display_name", "tenant_id", "state", "power_state", "image_meta", "metadata"]
    {
        assert!(!notices[0].body[key].is_null(), "{key}");
    }
}
