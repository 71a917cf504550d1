//! The identity of an instance.

use std::fmt;
use std::sync::Arc;

/// Longest identity that is taken.
const MAX_LENGTH: usize = 64;
/// Characters of a uuid before its last part.
const UUID_LENGTH: usize = 36;
const LAST_PART: usize = 24;

/// The uuid of an instance. It becomes part of a file name, so only letters, digits and dashes are taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceUuid(Arc<str>);

impl InstanceUuid {
    /// Takes a uuid; none when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty()
            && text.len() <= MAX_LENGTH
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        fits.then(|| Self(text.into()))
    }

    /// The uuid in the name of a channel's socket, `cgcs.heartbeat.<uuid>.sock`. Contract: guest 3.1, 5.
    pub fn of_channel(file_name: &str) -> Option<Self> {
        let uuid = file_name.strip_prefix("cgcs.heartbeat.")?.strip_suffix(".sock")?;
        (uuid.len() == UUID_LENGTH).then(|| Self::parse(uuid)).flatten()
    }

    /// The name of the channel's socket.
    pub fn channel(&self) -> String {
        format!("cgcs.heartbeat.{}.sock", self.0)
    }

    /// The uuid as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part, by which logs name an instance that has told its name.
    pub fn last_part(&self) -> &str {
        self.0.get(LAST_PART..UUID_LENGTH).unwrap_or(&self.0)
    }
}

impl fmt::Display for InstanceUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uuid_of_a_channel_is_in_its_file_name() {
        let uuid = "1f0bc3e3-efbe-48b8-9688-4821fc0ff83c";
        let found = InstanceUuid::of_channel(&format!("cgcs.heartbeat.{uuid}.sock")).unwrap();
        assert_eq!(found.as_str(), uuid);
        assert_eq!(found.last_part(), "4821fc0ff83c");
        assert_eq!(found.channel(), format!("cgcs.heartbeat.{uuid}.sock"));
        for name in [
            "cgcs.heartbeat.short.sock".to_owned(),
            format!("cgcs.messaging.{uuid}.sock"),
            format!("wrs.heartbeat.agent.0.{uuid}.sock"),
            format!("cgcs.heartbeat.{uuid}"),
            "cgcs.heartbeat.../../../../../../../../../../../../etc.sock".to_owned(),
        ] {
            assert_eq!(InstanceUuid::of_channel(&name), None, "{name}");
        }
        assert_eq!(InstanceUuid::parse("../x"), None);
        assert_eq!(InstanceUuid::parse(""), None);
    }
}
