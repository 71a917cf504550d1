//! Errors of routing: no such path, no such method, no form that fits. Contract: vim-api 1.3.
//!
//! They look otherwise than faults: as a page, as plain text for clients that do not name HTML, as JSON for those that
//! name JSON alone.

use super::media::best;
use nfv_common::pyjson;
use serde_json::json;

/// The error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutingError {
    /// 404
    NotFound,
    /// 405, with the methods that there are; without any `Allow` is left out.
    MethodNotAllowed {
        /// The client's method.
        method: String,
        /// Those that there are.
        allow: &'static [&'static str],
    },
    /// 406
    NotAcceptable,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Html,
    Json,
}

impl RoutingError {
    /// HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::MethodNotAllowed { .. } => 405,
            Self::NotAcceptable => 406,
        }
    }

    const fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed { .. } => "Method Not Allowed",
            Self::NotAcceptable => "Not Acceptable",
        }
    }

    /// Value of `Content-Type`, and the body.
    pub fn answer(&self, accept: Option<&str>) -> (&'static str, String) {
        let accept = accept.unwrap_or_default();
        let offers =
            [(Form::Text, "text/plain"), (Form::Html, "text/html"), (Form::Json, "application/json")];
        let html = accept.contains("html") || accept.contains("*/*");
        let form = match best(accept, &offers) {
            Some(Form::Json) => Form::Json,
            _ if html => Form::Html,
            _ => Form::Text,
        };
        let (status, title) = (self.status(), self.title());
        match form {
            Form::Json => (
                "application/json",
                pyjson::to_string(&json!({"code": status, "description": "", "title": title})),
            ),
            Form::Html => {
                let explained = match self {
                    Self::NotFound => "The resource could not be found.<br /><br />\n\n\n".to_owned(),
                    Self::MethodNotAllowed { method, .. } => {
                        format!(
                            "The method {} is not allowed for this resource. <br /><br />\n",
                            escaped(method)
                        )
                    }
                    Self::NotAcceptable => format!(
                        "The resource could not be generated that was acceptable to your browser\n\
                         (content of type {}. <br /><br />\n",
                        escaped(accept)
                    ),
                };
                let page = format!(
                    "<html>\n <head>\n  <title>{status} {title}</title>\n </head>\n <body>\n  \
                     <h1>{status} {title}</h1>\n  {explained}\n </body>\n</html>"
                );
                ("text/html; charset=UTF-8", page)
            }
            Form::Text => {
                let explained = match self {
                    Self::NotFound => "The resource could not be found.\n\n   ".to_owned(),
                    Self::MethodNotAllowed { method, .. } => {
                        format!("The method {method} is not allowed for this resource. \n\n ")
                    }
                    Self::NotAcceptable => format!(
                        "The resource could not be generated that was acceptable to your browser (content of type \
                         {accept}. \n\n "
                    ),
                };
                ("text/plain; charset=UTF-8", format!("{status} {title}\n\n{explained}"))
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
