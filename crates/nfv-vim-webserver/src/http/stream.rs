//! The event stream: what changes, as it changes.

use super::{Site, answer, session};
use crate::hub::{StreamPlace, message};
use crate::login::SessionKey;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::stream::unfold;
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// A stream on which nothing happens says so, so that both ends notice when the other is gone; a session that is
/// over and a process that ends are noticed as often.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// After a break browsers wait this long (milliseconds).
const RETRY_MS: u32 = 1000;

struct Stream {
    site: web::Data<Site>,
    messages: Receiver<Arc<str>>,
    key: Option<SessionKey>,
    first: Option<Arc<str>>,
    _place: StreamPlace,
}

/// Opens a stream, if there is a place.
///
/// It begins with the present revision: who has an older picture reads the whole state again.
pub fn open(request: &HttpRequest, site: &web::Data<Site>) -> HttpResponse {
    let Some(place) = site.hub.enter(site.settings.max_streams) else {
        return answer::plain(503, "Too many pages are open.");
    };
    // listen first: what comes between is told twice rather than never
    let messages = site.hub.listen();
    let hello = message(
        "hello",
        &json!({"revision": site.hub.picture().revision, "source": site.hub.note(), "alarms": site.hub.alarms.look()}),
    );
    let first = Some(format!("retry: {RETRY_MS}\n{hello}").into());
    let stream = Stream { site: site.clone(), messages, key: session::key_of(request), first, _place: place };
    answer::stream().streaming(unfold(stream, next))
}

async fn next(mut stream: Stream) -> Option<(Result<Bytes, Infallible>, Stream)> {
    if let Some(first) = stream.first.take() {
        return Some((Ok(Bytes::copy_from_slice(first.as_bytes())), stream));
    }
    let heard = tokio::time::timeout(HEARTBEAT, stream.messages.recv()).await;
    let ending = stream.site.ending.load(Ordering::Relaxed);
    if ending || !stream.site.gate.is_good(stream.key.as_ref()) {
        return None;
    }
    let text: Arc<str> = match heard {
        Ok(Ok(text)) => text,
        Ok(Err(RecvError::Lagged(_))) => message("behind", &()),
        Ok(Err(RecvError::Closed)) => return None,
        Err(_) => ": still here\n\n".into(),
    };
    Some((Ok(Bytes::copy_from_slice(text.as_bytes())), stream))
}
