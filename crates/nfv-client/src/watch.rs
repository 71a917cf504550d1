//! `--watch`: looking at a strategy until nothing is under way.
//!
//! Controllers change roles while they are patched, so the VIM and Keystone may be gone for minutes and a token may run
//! out; both are waited for, within [`Watch::patience`].

use crate::command::{Invocation, Watch};
use crate::console::Console;
use crate::keystone::LoginError;
use crate::progress::{Progress, Verdict, verdict};
use crate::refusal::Failed;
use crate::session::Session;
use crate::strategy::Strategy;
use crate::view::View;
use crate::vim::ApiError;
use tokio::time::Instant;

/// Follows a strategy from here on.
///
/// # Errors
/// The strategy went, ended otherwise than it was asked for, or could not be looked at for too long.
pub(crate) async fn follow(
    session: &mut Session,
    invocation: &Invocation,
    watch: Watch,
    first: Strategy,
    console: &mut Console,
) -> Result<Strategy, Failed> {
    let mut view = View::new(invocation.format, console);
    let end = look_on(session, invocation, watch, first, &mut view, console).await;
    view.close();
    end
}

async fn look_on(
    session: &mut Session,
    invocation: &Invocation,
    watch: Watch,
    mut strategy: Strategy,
    view: &mut View,
    console: &mut Console,
) -> Result<Strategy, Failed> {
    let mut answered = Instant::now();
    loop {
        view.look(invocation, &Progress::of(&strategy), console);
        match verdict(&strategy, &invocation.command) {
            Verdict::Well => return Ok(strategy),
            Verdict::Badly => return Err(Failed::EndedBadly(Box::new(strategy))),
            Verdict::UnderWay => {}
        }
        let uuid = strategy.get("uuid").clone();
        strategy = loop {
            tokio::time::sleep(watch.interval).await;
            let failed = match session.vim().show(invocation.strategy).await {
                Ok(Some(next)) if *next.get("uuid") == uuid => {
                    answered = Instant::now();
                    break next;
                }
                Ok(_) => return Err(Failed::Vanished),
                Err(error) => Failed::Api(error),
            };
            if answered.elapsed() >= watch.patience {
                return Err(failed);
            }
            view.trouble(&format!("no answer, trying on: {}", in_short(&failed)), console);
            // the token may have run out, or the VIM be found elsewhere now
            let renewed = session.renew().await;
            if let Err(refused @ Failed::Login(LoginError::Refused { status: 401 | 403, .. })) = renewed {
                return Err(refused);
            }
        };
    }
}

fn in_short(failed: &Failed) -> String {
    match failed {
        Failed::Api(ApiError::Unreachable { failure, .. }) => failure.to_string(),
        Failed::Api(ApiError::Status { status, reason, .. }) => format!("HTTP Error {status}: {reason}"),
        Failed::Api(error) => error.to_string(),
        Failed::Setting(_)
        | Failed::Login(_)
        | Failed::NoEndpoint(_)
        | Failed::Vanished
        | Failed::EndedBadly(_) => String::new(),
    }
}
