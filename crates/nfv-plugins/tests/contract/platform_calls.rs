//! The calls to sysinv, maintenance, the guest agent, patching, Fault Management and Kubernetes.

use crate::entry::{End, Entry, entry, host};
use crate::faults::Fault::*;
use nfv_nfvi::call::{
    GuestCall, HostRequest, HostServicesNotice, HostServicesOperation, InfrastructureCall, SwMgmtCall,
};
use nfv_nfvi::object::{ActionType, AdminState, GuestService, OperState};
use nfv_nfvi::{Call, ErrorKind};
use serde_json::{Value, json};

const HOST: &str = "GET /sysinv/v1/ihosts/u0";
const LABELS: &str = "GET /sysinv/v1/ihosts/u0/labels";
const QUERY: &str = "GET /mtc/v1/hosts/u0";

fn inventory() -> Value {
    json!({"uuid": "u0", "hostname": "compute-0", "personality": "worker", "subfunctions": "worker",
           "ihost_action": null, "uptime": 7})
}

fn states() -> (&'static str, Value) {
    let state = json!({"administrative": "unlocked", "operational": "enabled", "availability": "available"});
    (QUERY, json!({"state": state}))
}

fn labels() -> (&'static str, Value) {
    (LABELS, json!({"labels": []}))
}

fn infrastructure(row: &'static str, call: InfrastructureCall, answers: Vec<(&'static str, Value)>) -> Entry {
    entry(row, Call::Infrastructure(call), answers)
}

pub fn sysinv() -> Vec<Entry> {
    const PATCH: &str = "PATCH /sysinv/v1/ihosts/u0";
    let get_host = || InfrastructureCall::GetHost { uuid: "u0".into(), name: "compute-0".into() };
    let one_host = || vec![states(), labels(), (HOST, inventory())];
    let upgrade = || json!({"state": "started", "from_release": "18.03", "to_release": "19.01"});
    let replace = |path: &str, value: &str| json!({"path": path, "value": value, "op": "replace"});
    let action = |value: &str| json!([replace("/action", value)]);
    let failed = |value: &str| json!([replace("/action", value), replace("/vim_progress_status", "why")]);
    let notify = |row, notice, body| {
        let call = InfrastructureCall::NotifyHostServices { host: host("worker"), notice };
        infrastructure(row, call, vec![states(), labels(), (PATCH, inventory())]).body(body)
    };
    let request = |row, request, body| {
        let call = InfrastructureCall::RequestHost { host: host("worker"), request };
        infrastructure(row, call, vec![(PATCH, Value::Null)]).body(body).status_only()
    };
    use HostServicesNotice::*;
    let reason = || "why".to_owned();
    vec![
        infrastructure(
            "sysinv.get_system_info",
            InfrastructureCall::GetSystemInfo,
            vec![("GET /sysinv/v1/isystems", json!({"isystems": [{"name": "s", "description": "d"}]}))],
        ),
        infrastructure(
            "sysinv.get_hosts",
            InfrastructureCall::GetHosts,
            vec![states(), labels(), ("GET /sysinv/v1/ihosts", json!({"ihosts": [inventory()]}))],
        ),
        infrastructure("sysinv.get_host", get_host(), one_host()),
        infrastructure("sysinv.get_host_labels", get_host(), one_host()).target(LABELS),
        infrastructure(
            "sysinv.get_upgrade",
            InfrastructureCall::GetUpgrade,
            vec![("GET /sysinv/v1/upgrade", json!({"upgrades": [upgrade()]}))],
        ),
        infrastructure(
            "sysinv.upgrade_start",
            InfrastructureCall::UpgradeStart,
            vec![("POST /sysinv/v1/upgrade", upgrade())],
        )
        .body(json!({"force": "false"})),
        infrastructure(
            "sysinv.upgrade_activate",
            InfrastructureCall::UpgradeActivate,
            vec![("PATCH /sysinv/v1/upgrade", upgrade())],
        )
        .body(json!([replace("/state", "activation-requested")])),
        infrastructure(
            "sysinv.upgrade_complete",
            InfrastructureCall::UpgradeComplete,
            vec![("DELETE /sysinv/v1/upgrade", upgrade())],
        ),
        notify("sysinv.notify_host_services_enabled", Enabled, action("services-enabled")),
        notify("sysinv.notify_host_services_disabled", Disabled, action("services-disabled")),
        notify(
            "sysinv.notify_host_services_disable_extend",
            DisableExtend,
            action("services-disable-extend"),
        ),
        notify(
            "sysinv.notify_host_services_disable_failed",
            DisableFailed { reason: reason() },
            failed("services-disable-failed"),
        ),
        notify(
            "sysinv.notify_host_services_delete_failed",
            DeleteFailed { reason: reason() },
            failed("services-delete-failed"),
        ),
        infrastructure(
            "sysinv.notify_host_services_deleted",
            InfrastructureCall::NotifyHostServices { host: host("worker"), notice: Deleted },
            vec![("DELETE /sysinv/v1/ihosts/u0", Value::Null)],
        )
        .status_only(),
        request("sysinv.lock_host", HostRequest::Lock, action("lock")),
        request("sysinv.unlock_host", HostRequest::Unlock, action("unlock")),
        request("sysinv.reboot_host", HostRequest::Reboot, action("reboot")),
        request("sysinv.swact_from_host", HostRequest::Swact, action("swact")),
        infrastructure(
            "sysinv.upgrade_host",
            InfrastructureCall::RequestHost { host: host("worker"), request: HostRequest::Upgrade },
            vec![("POST /sysinv/v1/ihosts/u0/upgrade", Value::Null)],
        )
        .body(json!({"force": "false"}))
        .status_only(),
    ]
}

pub fn mtc() -> Vec<Entry> {
    vec![
        infrastructure(
            "mtc.system_query",
            InfrastructureCall::GetSystemState,
            vec![(
                "GET /mtc/v1/systems",
                json!({"hosts": [{"uuid": "u0", "hostname": "compute-0", "uptime": "12"}]}),
            )],
        ),
        infrastructure(
            "mtc.host_query",
            InfrastructureCall::GetHost { uuid: "u0".into(), name: "compute-0".into() },
            vec![(HOST, inventory()), labels(), states()],
        )
        .body(json!({"uuid": "u0", "hostname": "compute-0"})),
        infrastructure(
            "mtc.notify_host_severity",
            InfrastructureCall::NotifyHostFailed { host: host("worker") },
            vec![("PATCH /mtc/v1/hosts/u0", json!({"status": "pass"}))],
        )
        .body(json!({"uuid": "u0", "hostname": "compute-0", "severity": "failed"}))
        .status_only(),
    ]
}

pub fn guest() -> Vec<Entry> {
    const INSTANCE: &str = "/guest/v1/instances/i1";
    const DISABLE: &str = "PUT /guest/v1/hosts/u0/disable";
    let guest = |row, call, answers| entry(row, Call::Guest(call), answers);
    let services = |operation| GuestCall::HostServices { host: host("worker"), operation };
    let names = || json!({"uuid": "u0", "hostname": "compute-0"});
    let shown = || {
        json!({"uuid": "i1", "hostname": "compute-0", "services": [
        {"service": "heartbeat", "state": "enabled", "status": "enabled", "restart-timeout": "120"}]})
    };
    let line = |method: &str, end: &str| -> &'static str { format!("{method} {INSTANCE}{end}").leak() };
    let heartbeat = GuestService {
        name: "heartbeat".into(),
        admin_state: AdminState::Unlocked,
        oper_state: OperState::Disabled,
        restart_timeout: None,
    };
    let (uuid, host_name) = (|| "i1".to_owned(), || "compute-0".to_owned());
    let vote = || json!({"uuid": "i1", "hostname": "compute-0", "action": "stop", "timeout": "20"});
    let asked = || json!({"uuid": "i1", "hostname": "compute-0", "action": "stop"});
    use HostServicesOperation::*;
    vec![
        guest(
            "guest.host_services_create",
            services(Create),
            vec![(DISABLE, names()), ("POST /guest/v1/hosts/u0", names())],
        )
        .body(names())
        .status_only()
        .unlike(&[Status(404)], End::Good),
        guest(
            "guest.host_services_enable",
            services(Enable),
            vec![("PUT /guest/v1/hosts/u0/enable", names())],
        )
        .body(names())
        .status_only(),
        guest("guest.host_services_disable", services(Disable), vec![(DISABLE, names())])
            .body(names())
            .status_only()
            // the guest agent may be on the host that goes down
            .unlike(&[Status(404), Hang, Slow], End::Good),
        guest(
            "guest.host_services_delete",
            services(Delete),
            vec![("DELETE /guest/v1/hosts/u0", Value::Null)],
        )
        .status_only()
        .unlike(&[Status(404)], End::Good),
        guest(
            "guest.host_services_query",
            services(Query),
            vec![("GET /guest/v1/hosts/u0/disable", json!({"state": "enabled"}))],
        )
        .body(names())
        .unlike(&[Hang, Slow], End::Good),
        guest(
            "guest.guest_services_create",
            GuestCall::CreateServices {
                uuid: uuid(),
                host_name: host_name(),
                services: vec!["heartbeat".into()],
            },
            vec![(line("POST", ""), shown())],
        )
        .body(json!({"uuid": "i1", "hostname": "compute-0", "services": ["heartbeat"]}))
        .status_only(),
        guest(
            "guest.guest_services_set",
            GuestCall::SetServices { uuid: uuid(), host_name: host_name(), services: vec![heartbeat] },
            vec![(line("PATCH", ""), shown())],
        )
        .body(json!({"uuid": "i1", "hostname": "compute-0",
                     "services": [{"service": "heartbeat", "state": "enabled"}]})),
        guest(
            "guest.guest_services_delete",
            GuestCall::DeleteServices { uuid: uuid() },
            vec![(line("DELETE", ""), Value::Null)],
        )
        .status_only()
        .unlike(&[Status(404)], End::Good),
        guest(
            "guest.guest_services_query",
            GuestCall::QueryServices { uuid: uuid() },
            vec![(line("GET", ""), shown())],
        ),
        guest(
            "guest.guest_services_vote",
            GuestCall::Vote { uuid: uuid(), host_name: host_name(), action: ActionType::Stop },
            vec![(line("POST", "/vote"), vote())],
        )
        .body(asked())
        // every field has a default
        .unlike(&[WrongTypes, NoFields, NoBody], End::Good),
        guest(
            "guest.guest_services_notify",
            GuestCall::Notify { uuid: uuid(), host_name: host_name(), action: ActionType::Stop, pre: false },
            vec![(line("POST", "/notify"), vote())],
        )
        .body(asked())
        .unlike(&[WrongTypes, NoFields, NoBody], End::Good),
    ]
}

pub fn patching() -> Vec<Entry> {
    let patching = |row, call, answers| entry(row, Call::SwMgmt(call), answers);
    let host = json!({"hostname": "c", "subfunctions": "worker", "sw_version": "19.01", "requires_reboot": false,
        "patch_current": true, "state": "idle", "patch_failed": false, "interim_state": false});
    vec![
        patching(
            "patching.query_patches",
            SwMgmtCall::QueryUpdates,
            vec![(
                "GET /patching/v1/query",
                json!({"pd": {"P1": {"sw_version": "19.01", "repostate": "Applied", "patchstate": "Applied"}}}),
            )],
        ),
        patching(
            "patching.query_hosts",
            SwMgmtCall::QueryHosts,
            vec![("GET /patching/v1/query_hosts", json!({"data": [host]}))],
        ),
        patching(
            "patching.host_install_async",
            SwMgmtCall::UpdateHosts { host_names: vec!["compute-0".into()] },
            vec![("POST /patching/v1/host_install_async/compute-0", json!({"error": "not noticed"}))],
        )
        .status_only(),
    ]
}

pub fn fault_management() -> Vec<Entry> {
    let alarm = json!({"uuid": "u", "alarm_id": "700.001", "entity_instance_id": "e", "severity": "critical",
        "reason_text": "r", "timestamp": "t", "mgmt_affecting": "False"});
    vec![infrastructure(
        "fm.get_alarms",
        InfrastructureCall::GetAlarms,
        vec![("GET /fm/alarms?include_suppress=True", json!({"alarms": [alarm]}))],
    )]
}

pub fn kubernetes() -> Vec<Entry> {
    const NODE: &str = "GET /kubernetes/api/v1/nodes/compute-0";
    const PATCH: &str = "PATCH /kubernetes/api/v1/nodes/compute-0";
    let services = |operation| InfrastructureCall::ContainerHostServices { host: host("worker"), operation };
    let other = json!({"key": "other", "effect": "NoExecute", "timeAdded": "2019-01-23T15:04:05Z"});
    let ours = json!({"key": "services", "value": "disabled", "effect": "NoExecute"});
    let node = json!({"spec": {"podCIDR": "x", "taints": [other, ours]}});
    vec![
        infrastructure(
            "kubernetes_client.untaint_node",
            services(HostServicesOperation::Enable),
            vec![(NODE, node), (PATCH, json!({"kind": "Node"}))],
        )
        .body(json!({"spec": {"taints": [other]}}))
        .status_only()
        .unlike(&[Status(401)], End::Fails(ErrorKind::TokenExpired)),
        infrastructure(
            "kubernetes_client.delete_node",
            services(HostServicesOperation::Delete),
            vec![("DELETE /kubernetes/api/v1/nodes/compute-0", json!({"status": "Success"}))],
        )
        .body(json!({}))
        .status_only()
        // it is gone already
        .unlike(&[Status(404)], End::Good),
    ]
}
