//! Paths, headers and bodies that nobody would send. Nothing of it may end in a 5xx, and nothing may grow.
//!
//! `NFV_API_FUZZ` is the number of requests (a thousand otherwise), `NFV_API_SEED` the seed. The VIM answers everything
//! with success, so a 5xx could only be the API's own fault.

use crate::client::{exchange, request};
use crate::lab::{Lab, Reaction};
use crate::process::Process;
use fastrand::Rng;
use serde_json::{Value, json};

const UUID: &str = "523cbd2d-f7f8-4707-8617-d085386f8711";
const WORDS: [&str; 34] = [
    "api",
    "orchestration",
    "sw-patch",
    "sw-upgrade",
    "strategy",
    "actions",
    "virtualised-resources",
    "computes",
    "images",
    "volumes",
    "networks",
    "operate",
    "migrate",
    "extensions",
    "hosts",
    "instances",
    "history",
    "preview",
    "compute-0",
    UUID,
    "x",
    "",
    ".",
    "..",
    "%2e%2e",
    "%00",
    "%ff",
    "a.xml",
    "b.json",
    "%",
    "ä",
    "openapi.json",
    "metrics",
    "healthz",
];
const METHODS: [&str; 9] = ["GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "ZORK"];
const KEYS: [&str; 24] = [
    "action",
    "stage-id",
    "force",
    "controller-apply-type",
    "storage-apply-type",
    "worker-apply-type",
    "default-instance-action",
    "max-parallel-worker-hosts",
    "compute_operation",
    "migrate_type",
    "name",
    "disk_size",
    "network_resource_id",
    "network_resource_type",
    "type_network_data",
    "update_network_data",
    "network_resource_ids",
    "layer3_attributes",
    "compute_id",
    "compute_data",
    "image_id",
    "meta_data",
    "wrs_physical_network",
    "zork",
];
const TYPES: [&str; 7] = [
    "application/json",
    "application/json",
    "text/xml",
    "text/plain",
    "application/x-www-form-urlencoded",
    "",
    "/;=",
];

fn value(rng: &mut Rng, depth: u32) -> Value {
    match rng.u8(0..if depth > 3 { 9 } else { 12 }) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(rng.i64(-3..120)),
        3 => json!(rng.i64(..)),
        4 => json!(rng.f64() * 1e30),
        5 => json!(
            rng.choice(["serial", "apply-stage", "abort", "live", "start", "network", "yes", "7"]).unwrap()
        ),
        6 => json!(rng.choice(["", "{", "{\"a\": 1}", "ä€\u{1F600}\u{0}", "None", " 1 ", UUID]).unwrap()),
        7 | 8 => json!("x".repeat(rng.usize(0..2000))),
        9 => (0..rng.usize(0..4)).map(|_| value(rng, depth + 1)).collect(),
        _ => object(rng, depth + 1),
    }
}

fn object(rng: &mut Rng, depth: u32) -> Value {
    let count = rng.usize(0..8);
    Value::Object(
        (0..count).map(|_| ((*rng.choice(KEYS.iter()).unwrap()).to_owned(), value(rng, depth))).collect(),
    )
}

/// A body that is right but for a few places.
fn nearly_right(rng: &mut Rng) -> Value {
    let kind = rng.u8(0..6);
    of_kind(rng, kind)
}

fn of_kind(rng: &mut Rng, kind: u8) -> Value {
    let mut body = match kind {
        0 => {
            json!({"controller-apply-type": "serial", "storage-apply-type": "serial", "worker-apply-type": "parallel",
                    "default-instance-action": "migrate"})
        }
        1 => json!({"action": "apply-stage", "stage-id": 1}),
        2 => {
            json!({"name": "n", "disk_size": 1, "container_format": "bare", "disk_format": "raw", "image_data_ref": "u"})
        }
        3 => json!({"network_resource_id": "n", "network_resource_type": "network", "type_network_data": {
                    "wrs_physical_network": "p", "layer3_attributes": [
                        {"ip_version": "4", "wrs_subnet_ip": "1.2.3.0", "wrs_subnet_prefix": 24}]}}),
        4 => json!({"compute_id": "c", "image_id": UUID, "compute_data": {"flavour_id": "f",
                    "virtual_cpu": {"num_virtual_cpu": 1}, "virtual_memory": {"virtual_mem_size": 1},
                    "virtual_storage": {"type_of_storage": "volume", "size_of_storage": 1}}}),
        _ => json!({"compute_operation": "start"}),
    };
    let keys = body.as_object_mut().unwrap();
    let names: Vec<String> = keys.keys().cloned().collect();
    if rng.bool() {
        let name = rng.choice(names.iter()).unwrap();
        keys.insert(name.clone(), value(rng, 0));
    }
    body
}

fn body(rng: &mut Rng) -> Option<Vec<u8>> {
    match rng.u8(0..8) {
        0 => None,
        1 => Some((0..rng.usize(0..200)).map(|_| rng.u8(..)).collect()),
        2 => Some(format!("<r><action>{}</action><stage-id>1</stage-id><x/></r>", rng.i32(..)).into_bytes()),
        3 => {
            let mut text = nearly_right(rng).to_string().into_bytes();
            let at = rng.usize(..text.len());
            text[at] = rng.u8(..);
            Some(text)
        }
        4 => Some(["[".repeat(rng.usize(1..5000)), "]".repeat(10)].concat().into_bytes()),
        5 => Some(object(rng, 0).to_string().into_bytes()),
        _ => Some(nearly_right(rng).to_string().into_bytes()),
    }
}

/// Method, path and body that belong together; the body is often right.
fn fitting(rng: &mut Rng) -> (String, String, Option<Vec<u8>>) {
    let network = "/api/virtualised-resources/networks".to_owned();
    let patch = "/api/orchestration/sw-patch/strategy".to_owned();
    let computes = "/api/virtualised-resources/computes".to_owned();
    let (method, path, kind) = match rng.u8(0..7) {
        0 => ("POST", patch, 0),
        1 => ("POST", patch + "/actions", 1),
        2 => ("POST", "/api/virtualised-resources/volumes".to_owned(), 2),
        3 => ("POST", network, 3),
        4 => ("POST", computes, 4),
        5 => ("POST", format!("{computes}/{UUID}/operate"), 5),
        _ => ("GET", format!("{computes}/{UUID}"), 5),
    };
    (method.to_owned(), path, Some(of_kind(rng, kind).to_string().into_bytes()))
}

fn path(rng: &mut Rng) -> String {
    let known = [
        "/api/orchestration/sw-patch/strategy",
        "/api/orchestration/sw-upgrade/strategy/actions",
        "/api/virtualised-resources/computes",
        "/api/virtualised-resources/images",
        "/api/virtualised-resources/volumes",
        "/api/virtualised-resources/networks",
        "/api/extensions/hosts/compute-0/history",
        "/api/extensions/hosts/compute-0/preview",
        "/api/extensions/instances/523cbd2d-f7f8-4707-8617-d085386f8711/history",
        "/api/extensions/orchestration/sw-patch/strategy/preview",
    ];
    let mut path = match rng.u8(0..3) {
        0 => (0..rng.usize(0..7)).map(|_| format!("/{}", rng.choice(WORDS.iter()).unwrap())).collect(),
        1 => (*rng.choice(known.iter()).unwrap()).to_owned(),
        _ => format!("{}/{}", rng.choice(known.iter()).unwrap(), rng.choice(WORDS.iter()).unwrap()),
    };
    if path.is_empty() {
        path.push('/');
    }
    if rng.u8(0..8) == 0 {
        path += rng
            .choice([
                "?a=1",
                "?",
                "?_method=delete",
                "?%ff=%",
                "?a&b&c=ä",
                "?limit=1",
                "?limit=99999999999999999999",
                "?limit=%ff",
                "?action=lock-force",
                "?action=&action",
            ])
            .unwrap();
    }
    path
}

/// Every message is answered with success and all keys that any answer has.
fn answered(request: &Value) -> Reaction {
    let kind = request["type"].as_str().unwrap_or_default();
    let kind = kind.replace("create-sw-upgrade", "create-sw-update").replace("-request", "-response");
    let phase = json!({"name": "build", "timeout": 0, "inprogress": false, "completion_percentage": 0,
        "current_stage": 0, "stop_at_stage": 0, "total_stages": 0, "stages": [], "result": "initial",
        "result_reason": "", "start_date_time": "", "end_date_time": ""});
    let strategy = json!({"uuid": UUID, "name": "sw-patch", "state": "initial", "current_phase": "build",
        "current_phase_completion_percentage": 0, "build_phase": phase, "apply_phase": phase, "abort_phase": phase,
        "controller_apply_type": "serial", "storage_apply_type": "serial", "swift_apply_type": "ignore",
        "worker_apply_type": "serial", "max_parallel_worker_hosts": 2, "default_instance_action": "migrate",
        "alarm_restrictions": "strict"});
    Reaction::Answers(vec![json!({
        "version": "1.0", "type": kind, "result": "success", "uuid": UUID, "name": "n",
        "strategy": strategy.to_string(),
    })])
}

fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_ends_in_a_5xx_and_nothing_grows() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (count, seed) = (number("NFV_API_FUZZ", 1000), number("NFV_API_SEED", 1));
    let lab = Lab::start().await;
    lab.vim.react(answered);
    let more = "client_timeout_in_secs=2\nmax_request_body=20000\n";
    let process = Process::start(lab.vim_address, lab.keystone_address, more).await;
    let mut rng = Rng::with_seed(seed);
    let mut first = None;
    let mut classes = [0u64; 6];
    for n in 0..count {
        let (method, path, body) = (*rng.choice(METHODS.iter()).unwrap(), path(&mut rng), body(&mut rng));
        let (method, path, body) =
            if rng.u8(0..3) == 0 { fitting(&mut rng) } else { (method.to_owned(), path, body) };
        let mut headers = vec![("Content-Type".to_owned(), (*rng.choice(TYPES.iter()).unwrap()).to_owned())];
        let token = if rng.u8(0..20) == 0 { format!("t{}", rng.u64(..)) } else { "good".to_owned() };
        headers.push(("X-Auth-Token".to_owned(), token));
        if rng.u8(0..4) == 0 {
            let accept =
                ["text/html", "application/xml", "text/xml;q=0.1", "*/*", ";,", "application/json;q=9"];
            headers.push(("Accept".to_owned(), (*rng.choice(accept.iter()).unwrap()).to_owned()));
        }
        if rng.u8(0..10) == 0 {
            headers.push((format!("X-{}", rng.u32(..)), "y".repeat(rng.usize(0..3000))));
        }
        let bytes = request(&method, &path, &headers, body.as_deref());
        let shown = || format!("request {n} of seed {seed}: {}", String::from_utf8_lossy(&bytes));
        // what is no HTTP closes the connection, with or without a word
        if let Some(answer) = exchange(process.address, &bytes).await {
            assert!(answer.status < 500, "{}\n{answer:?}", shown());
            classes[usize::from(answer.status / 100)] += 1;
        }
        if n == count / 4 {
            first = Some((resident(process.id()), descriptors(process.id())));
        }
    }
    assert!(classes[2] > 0 && classes[4] > 0, "{classes:?}");
    let (memory, open) = first.unwrap();
    let (memory_now, open_now) = (resident(process.id()), descriptors(process.id()));
    println!(
        "{count} requests: {classes:?} by class, memory {memory} -> {memory_now} kB, files {open} -> {open_now}"
    );
    assert!(memory_now < memory + 8 * 1024, "memory grew from {memory} to {memory_now} kB");
    assert!(open_now <= open + 16, "open files grew from {open} to {open_now}");
}
