//! `/healthz`: whether the parts of the process live.

use super::{Site, answer};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;
use std::time::Duration;

/// The thread that reads the database has stalled when it has not looked for this long: it looks every second at
/// least, and waits for a lock for a few seconds at most.
const STALLED: Duration = Duration::from_secs(30);

/// 200 while the database can be read, else 503; Fault Management is told of and changes nothing.
pub fn show(site: &Site) -> HttpResponse {
    let database = site.hub.database();
    let age = database.looked.elapsed();
    let error = match database.error {
        Some(error) => Some(error),
        None if age > STALLED => Some("the reading thread has stalled".to_owned()),
        None if !database.known => Some("not read yet".to_owned()),
        None => None,
    };
    let alarms = site.hub.alarms.look();
    let fm = match (&alarms.error, &alarms.alarms) {
        (Some(error), _) => json!({"ok": false, "error": error}),
        (None, Some(_)) => json!({"ok": true}),
        (None, None) => json!({"ok": null, "error": "not asked yet"}),
    };
    let ok = error.is_none();
    let text = json!({
        "ok": ok,
        "database": {"ok": ok, "error": error, "age_secs": age.as_secs()},
        "fault_management": fm,
        "streams": site.hub.streams(),
    });
    let mut response = answer::json(text.to_string());
    if !ok {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}
