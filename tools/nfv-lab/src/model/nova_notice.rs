//! Nova's unversioned notifications. Contract: southbound 11.

use serde_json::json;

use super::Cloud;
use super::notice::Notice;

impl Cloud {
    /// Sends a notification about a server, when there is a broker.
    pub(super) fn nova_notice(&mut self, event: &str, id: &str, exception: Option<&str>) {
        if !self.nova_notices {
            return;
        }
        let Some(server) = self.servers.get(id) else { return };
        let mut payload = json!({
            "instance_id": server.id,
            "display_name": server.name,
            "tenant_id": server.tenant,
            "state": server.state.as_str(),
            "old_state": server.state.as_str(),
            "new_task_state": server.task,
            "old_task_state": null,
            "power_state": server.power.as_str(),
            "host": server.host,
            "node": server.host,
            "instance_type": server.flavor.name,
            "image_meta": {"base_image_ref": server.image.as_deref().unwrap_or_default()},
            "metadata": server.metadata,
            "created_at": server.created,
        });
        if let Some(exception) = exception {
            payload["exception"] = json!(exception);
        }
        self.notify(Notice::nova(event, payload));
    }
}
