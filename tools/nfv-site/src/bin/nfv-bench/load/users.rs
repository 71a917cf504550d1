//! Users who do something with their servers: requests to nova-api-proxy that the VIM carries out.

use super::caller::{Caller, Question};
use super::tally::Verdict;
use super::weather::Part;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What answers to actions depend on.
const ACTION: &[Part] = &[Part::Keystone, Part::Nova];
/// An action is given up after this time: its server's host may have died.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a user looks whether it is done.
const LOOK: Duration = Duration::from_secs(1);

/// An action, and the status that a server has afterwards.
type Step = (&'static str, &'static str);

/// What users do, each by itself leading back to where it began.
const ERRANDS: [&[Step]; 5] = [
    &[("os-stop", "SHUTOFF"), ("os-start", "ACTIVE")],
    &[("pause", "PAUSED"), ("unpause", "ACTIVE")],
    &[("suspend", "SUSPENDED"), ("resume", "ACTIVE")],
    &[("reboot", "ACTIVE")],
    &[("os-migrateLive", "ACTIVE")],
];

fn body(action: &str) -> Value {
    let parameters = match action {
        "reboot" => json!({"type": "SOFT"}),
        "os-migrateLive" => json!({"host": null, "block_migration": false, "disk_over_commit": false}),
        _ => Value::Null,
    };
    let mut body = serde_json::Map::new();
    body.insert(action.to_owned(), parameters);
    body.into()
}

/// A user with servers; ends when the load is over, with every server as it was.
pub async fn live(mut caller: Caller, uuids: Vec<String>, mut random: fastrand::Rng) {
    while !caller.context().is_over() {
        let Some(uuid) = random.choice(&uuids) else { return };
        if caller.context().weather.is_maintenance() {
            caller.context().pause(LOOK).await;
            continue;
        }
        let errand = ERRANDS[random.usize(..ERRANDS.len())];
        for (action, status) in errand {
            if !act(&mut caller, uuid, action, status).await {
                break;
            }
        }
        if !caller.context().pause(Duration::from_millis(500)).await {
            break;
        }
    }
    for uuid in &uuids {
        put_back(&mut caller, uuid).await;
    }
}

/// Asks for an action and waits until it is done; false when it was refused or given up.
async fn act(caller: &mut Caller, uuid: &str, action: &'static str, wanted: &str) -> bool {
    let path = format!("/v2.1/{}/servers/{uuid}/action", caller.client().project());
    let body = body(action);
    let question =
        Question { kind: "proxy: action", parts: ACTION, method: "POST", path: &path, body: Some(&body) };
    // a server that is just being moved or healed is not to be touched: Nova's or the VIM's 409
    let answer = caller.ask(&question, |status, _| matches!(status, 202 | 409)).await;
    match answer {
        Some((202, _)) => {}
        Some(_) => {
            caller.context().tally.add("proxy: action, busy", Verdict::Right, Duration::ZERO, String::new);
            return false;
        }
        None => return false,
    }
    let begun = Instant::now();
    // a reboot or a move begins only after a while
    tokio::time::sleep(LOOK).await;
    while begun.elapsed() < PATIENCE {
        if status(caller, uuid).await.as_deref() == Some(wanted) {
            return true;
        }
        tokio::time::sleep(LOOK).await;
    }
    false
}

/// The status of a server with which nothing is being done.
async fn status(caller: &mut Caller, uuid: &str) -> Option<String> {
    let path = format!("/v2.1/{}/servers/{uuid}", caller.client().project());
    let question =
        Question { kind: "proxy: one server", parts: ACTION, method: "GET", path: &path, body: None };
    let (_, answer) = caller.ask(&question, |status, _| status == 200).await?;
    let server = &answer["server"];
    let busy = !server["OS-EXT-STS:task_state"].is_null();
    server["status"].as_str().filter(|_| !busy).map(str::to_owned)
}

/// Whatever state the server was left in, it runs afterwards.
async fn put_back(caller: &mut Caller, uuid: &str) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let action = match status(caller, uuid).await.as_deref() {
            Some("ACTIVE") => return,
            Some("SHUTOFF") => "os-start",
            Some("PAUSED") => "unpause",
            Some("SUSPENDED") => "resume",
            _ => {
                tokio::time::sleep(LOOK).await;
                continue;
            }
        };
        act(caller, uuid, action, "ACTIVE").await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_errand_ends_with_a_server_that_runs() {
        for errand in ERRANDS {
            assert_eq!(errand.last().map(|(_, status)| *status), Some("ACTIVE"));
        }
        assert_eq!(body("os-stop"), json!({"os-stop": null}));
        assert_eq!(body("reboot")["reboot"]["type"], "SOFT");
    }
}
