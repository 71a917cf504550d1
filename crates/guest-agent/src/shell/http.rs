//! The HTTP port for the VIM. Contract: guest 7.

use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use actix_web::http::{Method as HttpMethod, StatusCode};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use guest_protocol::heartbeat::vim;

use super::state::Shared;
use crate::inventory::{Method, Reason, Reply, Request};

/// Longest body that is read, bytes.
const MAX_BODY: usize = 1 << 20;
/// Connections at once; the VIM uses a few.
const MAX_CONNECTIONS: usize = 256;

/// The server on sockets that are bound already.
pub(super) fn serve(shared: &Shared, listeners: Vec<TcpListener>) -> std::io::Result<Server> {
    let data = web::Data::new(shared.clone());
    let mut server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(web::PayloadConfig::new(MAX_BODY))
            .default_service(web::to(answer))
    })
    .workers(1)
    .max_connections(MAX_CONNECTIONS)
    .shutdown_timeout(1)
    .disable_signals();
    for listener in listeners {
        server = server.listen(listener)?;
    }
    Ok(server.run())
}

async fn answer(shared: web::Data<Shared>, http: HttpRequest, body: web::Bytes) -> HttpResponse {
    let method = match *http.method() {
        HttpMethod::GET => Method::Get,
        HttpMethod::POST => Method::Post,
        HttpMethod::PUT => Method::Put,
        HttpMethod::PATCH => Method::Patch,
        HttpMethod::DELETE => Method::Delete,
        _ => return HttpResponse::NotImplemented().insert_header((CONNECTION, "close")).finish(),
    };
    let path = http.uri().path_and_query().map_or("/", |path| path.as_str());
    let user_agent = http.headers().get(USER_AGENT).map(HeaderValue::to_str);
    let user_agent = user_agent.map(|value| value.unwrap_or("?"));
    let request = Request { method, path, user_agent, body: &body };
    reply(shared.with(|agent, _| agent.on_request(request)))
}

fn reply(reply: Reply) -> HttpResponse {
    match reply {
        Reply::Good(status, body) => {
            let mut response = builder(status);
            if status == 204 {
                return response.reason("OK").finish();
            }
            response
                .reason("OK")
                .insert_header((CONTENT_TYPE, "text/html; charset=ISO-8859-1"))
                .body(format!("{body}\n"))
        }
        Reply::Bad(status, reason) => {
            let text = vim::failure(reason.as_str());
            builder(status)
                .reason(phrase(reason))
                .insert_header((CONTENT_TYPE, "text/html"))
                .insert_header((CONNECTION, "close"))
                .body(format!("<HTML><HEAD>\n<TITLE>{status} {text}</TITLE>\n</HEAD><BODY>\n<H1>{text}</H1>\n</BODY></HTML>\n"))
        }
    }
}

fn builder(status: u16) -> actix_web::HttpResponseBuilder {
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

/// The reason phrase of a failure: the same JSON as in the body.
const fn phrase(reason: Reason) -> &'static str {
    match reason {
        Reason::CommandParseError => r#"{ "status" : "fail","reason" : "command parse error"}"#,
        Reason::NoBuffer => r#"{ "status" : "fail","reason" : "no buffer"}"#,
        Reason::EntityNotFound => r#"{ "status" : "fail","reason" : "entity not found"}"#,
        Reason::InvalidData => r#"{ "status" : "fail","reason" : "invalid data"}"#,
        Reason::BadState => r#"{ "status" : "fail","reason" : "bad state"}"#,
        Reason::UnsupportedCommand => r#"{ "status" : "fail","reason" : "unsupported http command"}"#,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_phrase_is_the_text_of_the_failure() {
        for reason in [
            Reason::CommandParseError,
            Reason::NoBuffer,
            Reason::EntityNotFound,
            Reason::InvalidData,
            Reason::BadState,
            Reason::UnsupportedCommand,
        ] {
            assert_eq!(phrase(reason), vim::failure(reason.as_str()));
        }
    }
}
