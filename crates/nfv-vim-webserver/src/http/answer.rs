//! Answers that several rules give.

use crate::asset::Asset;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

/// What a page of ours may do: nothing but load what this server has. No script stands in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// A builder with the headers of everything that is ours.
fn guarded(status: StatusCode) -> HttpResponseBuilder {
    let mut builder = HttpResponse::build(status);
    builder
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    builder
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A short text.
pub fn plain(code: u16, text: &str) -> HttpResponse {
    guarded(status(code))
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(format!("{text}\n"))
}

/// 405 of what is there to be posted to.
pub fn post_only() -> HttpResponse {
    let mut response = plain(405, "This takes POST only.");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

/// JSON that nobody keeps.
pub fn json(text: String) -> HttpResponse {
    guarded(StatusCode::OK)
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text)
}

/// The beginning of an event stream; proxies are asked not to hold it back.
pub fn stream() -> HttpResponseBuilder {
    let mut builder = guarded(StatusCode::OK);
    builder
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"));
    builder
}

/// A file of the page. Browsers keep it and ask whether it is still the same.
pub fn asset(request: &HttpRequest, asset: &'static Asset) -> HttpResponse {
    let tag = asset.tag();
    let known = request.headers().get(header::IF_NONE_MATCH).map(HeaderValue::as_bytes);
    let mut builder = if known == Some(tag.as_bytes()) {
        guarded(StatusCode::NOT_MODIFIED)
    } else {
        guarded(StatusCode::OK)
    };
    builder.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, "no-cache"));
    if known.is_some_and(|known| known == asset.tag().as_bytes()) {
        return builder.finish();
    }
    builder.insert_header((header::CONTENT_TYPE, asset.kind)).body(asset.content)
}

/// 501 as the original has it, its page included.
pub fn unsupported(method: &Method) -> HttpResponse {
    let reason = match method.as_str() {
        "HEAD" => "Unsupported method ('HEAD')",
        "POST" => "Unsupported method ('POST')",
        "PUT" => "Unsupported method ('PUT')",
        "DELETE" => "Unsupported method ('DELETE')",
        "PATCH" => "Unsupported method ('PATCH')",
        "OPTIONS" => "Unsupported method ('OPTIONS')",
        "CONNECT" => "Unsupported method ('CONNECT')",
        "TRACE" => "Unsupported method ('TRACE')",
        _ => "Unsupported method",
    };
    // a method is a token: nothing in it means anything in HTML
    let page = format!(
        "<head>\n<title>Error response</title>\n</head>\n<body>\n<h1>Error response</h1>\n<p>Error code 501.\n\
         <p>Message: Unsupported method ('{method}').\n\
         <p>Error code explanation: 501 = Server does not support this operation.\n</body>\n"
    );
    HttpResponse::build(StatusCode::NOT_IMPLEMENTED)
        .reason(reason)
        .insert_header((header::CONTENT_TYPE, "text/html"))
        .insert_header((header::CONNECTION, "close"))
        .body(page)
}
