//! A guest's heart stops: the way from guest_client over guestServer and guestAgent to the VIM, and back by a reboot.

use crate::show::{Show, all_hearts_beat};
use std::time::Duration;

const GUEST: &str = "gateway-1";
/// Nominal are two to three beats of a second; the rest is for a busy machine.
const FOUND_WITHIN: Duration = Duration::from_secs(30);
/// The VIM asks after guests every half a minute.
const FIRST_BEAT_WITHIN: Duration = Duration::from_secs(60);
const REPAIRED_WITHIN: Duration = Duration::from_secs(60);

/// Plays it.
pub async fn play(show: &mut Show) -> anyhow::Result<()> {
    show.expect("every guest's heart beats", FIRST_BEAT_WITHIN, async |show| Ok(all_hearts_beat(show)))
        .await?;
    let (logs, actions) = (show.logs(), show.actions().await?);
    show.deed(format!("guest_client in {GUEST} is killed: its heart stops"));
    show.guests.vm(GUEST)?.kill_client().await?;
    let failed = format!("Guest Heartbeat failed for instance {GUEST}");
    show.expect("the guest whose heart stopped was found failed", FOUND_WITHIN, async |show| {
        Ok(show.has_logged(logs, &failed))
    })
    .await?;
    let established = format!("Guest Heartbeat established for instance {GUEST}");
    show.expect("its heart beats again", REPAIRED_WITHIN, async |show| {
        Ok(show.has_logged(logs, &established))
    })
    .await?;
    let done = show.done_to(GUEST, actions).await?;
    let reboots = done.iter().filter(|action| action.ends_with("-reboot")).count();
    show.note(
        "it was rebooted, once, and nothing else was done to it",
        (reboots, done.len()) == (1, 1),
        || format!("{done:?}"),
    );
    Ok(())
}
