//! What the handlers refuse beyond the types of the tables: a client that keeps to the document does not ask for it.

use crate::resource::strategy::{FEWEST_HOSTS, PATCH_CREATE, UPGRADE_CREATE, most_hosts};
use crate::resource::{network, volume};
use crate::route::Update;
use crate::wire::Record;

/// A limit of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// A number from here to there; null is none.
    Within(i64, i64),
    /// A uuid or null.
    UuidOrNull,
    /// It must be there, and not null.
    Needed,
    /// It must be there and be this word.
    Word(&'static str),
}

impl Limit {
    /// The field cannot be left out.
    pub fn needed(self) -> bool {
        matches!(self, Self::Needed | Self::Word(_))
    }
}

/// The limit of a field of a request.
pub fn of(record: &'static Record, field: &str) -> Option<Limit> {
    let is = |other: &'static Record| std::ptr::eq(record, other);
    match field {
        "max-parallel-worker-hosts" if is(&PATCH_CREATE) => {
            Some(Limit::Within(FEWEST_HOSTS, most_hosts(Update::Patch)))
        }
        "max-parallel-worker-hosts" if is(&UPGRADE_CREATE) => {
            Some(Limit::Within(FEWEST_HOSTS, most_hosts(Update::Upgrade)))
        }
        "image_uuid" if is(&volume::CREATE) => Some(Limit::UuidOrNull),
        "network_resource_type" if is(&network::CREATE) => Some(Limit::Word("network")),
        "type_network_data" if is(&network::CREATE) => Some(Limit::Needed),
        "update_network_data" if is(&network::UPDATE) => Some(Limit::Needed),
        _ => None,
    }
}

/// A part of a path that must be a uuid.
pub fn is_uuid(part: &str) -> bool {
    part.ends_with("_uuid") || part == "compute_id"
}
