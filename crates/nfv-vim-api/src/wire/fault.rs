//! What a client is told when its request is not answered as it wanted. Contract: vim-api 1.3.

use super::media::Media;
use super::node::Node;
use super::python;
use serde_json::Value;

/// A fault, with the text that the client gets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// 400 without a word more.
    #[error(
        "The server could not comply with the request since it is either malformed or otherwise incorrect."
    )]
    BadRequest,
    /// 400 with its text.
    #[error("{0}")]
    Refused(String),
    /// 400: a value that cannot be taken.
    #[error("Invalid input for field/attribute {field}. Value: '{value}'. {why}")]
    InvalidInput {
        /// Field, or the handler's argument when it concerns the whole body.
        field: String,
        /// The value, as Python writes it.
        value: String,
        /// What is wrong.
        why: String,
    },
    /// 400: fields that there are not.
    #[error("Unknown {} for argument {path}: {}", plural(.names), .names.join(", "))]
    UnknownAttributes {
        /// Where: the argument, then the fields, with dots between.
        path: String,
        /// The fields.
        names: Vec<String>,
    },
    /// 400: arguments in the query or a form.
    #[error("Unknown argument: \"{}\"", .0.join(", "))]
    UnknownArguments(Vec<String>),
    /// 400: the body, or a part of the path, is missing.
    #[error("Missing argument: \"{0}\"")]
    MissingArgument(&'static str),
    /// 404
    #[error("The resource could not be found.")]
    NotFound,
    /// 408
    #[error("The request's body did not come in time.")]
    TooSlow,
    /// 409, and why if that is known.
    #[error("There was a conflict when trying to complete your request.")]
    Conflict(Option<String>),
    /// 413
    #[error("The request's body is longer than {limit} bytes.")]
    TooLong {
        /// Bytes allowed.
        limit: usize,
    },
    /// 415
    #[error("Unknown mimetype: {0}")]
    UnknownType(String),
    /// 500 without a word more: the VIM refused or did not answer; and why if that is known.
    #[error("The server has either erred or is incapable of performing the requested operation.")]
    Failed(Option<String>),
    /// 500 with its text.
    #[error("{0}")]
    Broken(String),
}

fn plural(names: &[String]) -> &'static str {
    if names.len() == 1 { "attribute" } else { "attributes" }
}

impl Fault {
    /// A value that cannot be taken.
    pub fn invalid(field: &str, value: &Value, why: impl Into<String>) -> Self {
        Self::InvalidInput { field: field.to_owned(), value: python::text(value), why: why.into() }
    }

    /// A mandatory field is missing.
    pub fn missing(field: &str) -> Self {
        Self::invalid(field, &Value::Null, "Mandatory field missing.")
    }

    /// HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest
            | Self::Refused(_)
            | Self::InvalidInput { .. }
            | Self::UnknownAttributes { .. }
            | Self::UnknownArguments(_)
            | Self::MissingArgument(_) => 400,
            Self::NotFound => 404,
            Self::TooSlow => 408,
            Self::Conflict(_) => 409,
            Self::TooLong { .. } => 413,
            Self::UnknownType(_) => 415,
            Self::Failed(_) | Self::Broken(_) => 500,
        }
    }

    /// Why, beyond the fixed text; it stands in the JSON form beside the original's keys.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Conflict(reason) | Self::Failed(reason) => reason.as_deref(),
            _ => None,
        }
    }

    /// The body.
    pub fn body(&self, media: Media) -> String {
        let code = if self.status() < 500 { "Client" } else { "Server" };
        let mut keys = vec![("faultcode", Node::text(code)), ("faultstring", Node::text(self.to_string()))];
        match media {
            Media::Json => {
                keys.insert(0, ("debuginfo", Node::Null));
                if let Some(reason) = self.reason() {
                    keys.push(("reason", Node::text(reason.to_owned())));
                }
                Node::Object(keys).json()
            }
            // the original leaves `nil` out here
            Media::Xml | Media::TextXml => {
                keys.push(("debuginfo", Node::text("")));
                Node::Object(keys).xml("error")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_as_the_contract_has_them() {
        assert_eq!(
            Fault::NotFound.body(Media::Json),
            r#"{"debuginfo": null, "faultcode": "Client", "faultstring": "The resource could not be found."}"#
        );
        assert_eq!(
            Fault::Refused("a < b".into()).body(Media::Xml),
            "<error><faultcode>Client</faultcode><faultstring>a &lt; b</faultstring><debuginfo /></error>"
        );
        let reason = Fault::Failed(Some("apply already inprogress".into())).body(Media::Json);
        assert!(reason.ends_with(r#""reason": "apply already inprogress"}"#), "{reason}");
    }
}
