//! A user stops and starts a server: by a request of Nova's API to nova-api-proxy, which the VIM carries out.

use crate::show::Show;
use crate::verdicts::Found;
use serde_json::json;
use std::time::Duration;

/// A server whose guest has a heart, so that it is asked, too.
const SERVER: &str = "gateway-0";
const DONE_WITHIN: Duration = Duration::from_secs(60);

/// Plays it.
pub async fn play(show: &mut Show) -> anyhow::Result<()> {
    let client = show.proxy.client().clone();
    let path = format!("/v2.1/{}/servers/{}/action", client.project(), show.server(SERVER).await?.uuid);
    let (stop, start) = (json!({"os-stop": null}), json!({"os-start": null}));
    let (logs, actions) = (show.logs(), show.actions().await?);

    show.deed(format!("somebody without a token asks nova-api-proxy to stop {SERVER}"));
    let (status, _) = client.with_token("made-up").ask("POST", &path, Some(&stop)).await?;
    show.note("nova-api-proxy refuses whoever has no token", status == 401, || format!("{status}"));

    show.deed(format!("a user asks nova-api-proxy to stop {SERVER}"));
    let (status, body) = client.ask("POST", &path, Some(&stop)).await?;
    show.note("a user's request passes to the VIM", status == 202, || format!("{status} {body}"));
    show.expect("the VIM has the server stopped", DONE_WITHIN, async |show| {
        let server = show.server(SERVER).await?;
        let complete = show.has_logged(logs, &format!("Stop complete for instance {SERVER}"));
        Ok(if server.vm_state == "stopped" { complete } else { Found::Not(server.vm_state) })
    })
    .await?;
    show.expect("the dashboard shows it stopped", DONE_WITHIN, async |show| {
        let shown = show.page.condition(SERVER);
        Ok(Found::when(shown == "stopped", || shown))
    })
    .await?;
    let told = show.guests.vm(SERVER)?.events();
    let asked =
        ["revocable stop", "irrevocable stop"].iter().all(|event| told.iter().any(|own| own == event));
    show.note("its guest was asked and told before", asked, || format!("{told:?}"));

    let again = show.logs();
    show.deed(format!("the user asks nova-api-proxy to start {SERVER}"));
    let (status, body) = client.ask("POST", &path, Some(&start)).await?;
    anyhow::ensure!(status == 202, "nova-api-proxy answers {status} {body}");
    show.expect("it was started the same way, and its heart beats again", DONE_WITHIN, async |show| {
        let complete = show.has_logged(again, &format!("Start complete for instance {SERVER}"));
        let established = format!("Guest Heartbeat established for instance {SERVER}");
        Ok(if complete == Found::Met { show.has_logged(again, &established) } else { complete })
    })
    .await?;
    let done = show.done_to(SERVER, actions).await?;
    show.note("Nova did what was asked, and once", done == ["stop", "start"], || format!("{done:?}"));
    Ok(())
}
