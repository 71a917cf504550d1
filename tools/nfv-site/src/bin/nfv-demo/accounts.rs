//! The accounts at the end: nothing stands, nobody is missing, and the dashboard told the same story.

use crate::show::{Show, all_hearts_beat};
use crate::verdicts::Found;
use nfv_site::record;
use std::time::Duration;

/// Alarms and pictures may outlast the last expectation by this long.
const LIMIT: Duration = Duration::from_secs(20);

/// Makes them up.
pub async fn play(show: &mut Show) -> anyhow::Result<()> {
    show.expect("every alarm that was raised is cleared", LIMIT, async |show| {
        let standing = record::standing_alarms(&show.site.alarm_file());
        Ok(Found::when(standing.is_empty(), || format!("still up: {standing:?}")))
    })
    .await?;
    show.expect("every server is active, and every heart beats", LIMIT, async |show| {
        let servers = show.site.cloud().vms().await?;
        if let Some(server) = servers.iter().find(|server| server.vm_state != "active") {
            return Ok(Found::Not(format!("{} is {}", server.name, server.vm_state)));
        }
        Ok(all_hearts_beat(show))
    })
    .await?;
    show.expect("the dashboard tells the same story as this time line", LIMIT, async |show| {
        show.page.tells_the_same(&show.site, &show.web, &show.line).await
    })
    .await?;
    let complaints = nfv_site::complaints(show.site.directory())?;
    show.note("no process complained", complaints.is_empty(), || complaints.join("; "));
    show.line.finish(&show.site).await
}
