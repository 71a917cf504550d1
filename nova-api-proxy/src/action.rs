//! What a watched POST asks for, by the top-level keys of its body.
//!
//! Only the keys are read; values are skipped, whatever their size or depth.
//!
//! Contract: nova-api-proxy 6.2, southbound 9.1.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// The actions that the VIM performs, in the order in which they are looked for.
pub const VIM_ACTIONS: [&str; 13] = [
    "pause",
    "unpause",
    "suspend",
    "resume",
    "os-migrateLive",
    "migrate",
    "resize",
    "confirmResize",
    "revertResize",
    "reboot",
    "os-stop",
    "os-start",
    "rebuild",
];

/// Who gets a watched POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The VIM, because of this action.
    Vim(&'static str),
    /// Nova.
    Nova,
    /// Nobody: it is answered 500.
    Unreadable(&'static str),
}

/// The media type of a request: what stands before a `;`.
pub fn media_type(content_type: Option<&[u8]>) -> &[u8] {
    let value = content_type.unwrap_or_default();
    let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
    value[..end].trim_ascii()
}

/// Whether the log says that there was no media type worth the name.
pub fn is_untyped(content_type: Option<&[u8]>) -> bool {
    let media_type = media_type(content_type);
    media_type.is_empty() || media_type.starts_with(b"text/plain")
}

/// Whether a body counts as a JSON object.
pub fn is_json(content_type: Option<&[u8]>, body: &[u8]) -> bool {
    let media_type = media_type(content_type);
    let typed = is_untyped(content_type) || media_type == b"application/json" || media_type == b"JSON";
    typed && body.first() == Some(&b'{')
}

/// Reads a body.
pub fn classify(content_type: Option<&[u8]>, body: &[u8]) -> Verdict {
    if !is_json(content_type, body) {
        return Verdict::Unreadable("the body is no JSON object");
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let Ok(found) = deserializer.deserialize_map(TopLevel) else {
        return Verdict::Unreadable("the body cannot be parsed");
    };
    if deserializer.end().is_err() {
        return Verdict::Unreadable("something follows the body's JSON object");
    }
    found.map_or(Verdict::Nova, |index| Verdict::Vim(VIM_ACTIONS[index]))
}

/// Finds the first of the actions among the keys of an object.
struct TopLevel;

impl<'de> Visitor<'de> for TopLevel {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found: Option<usize> = None;
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            if let Some(index) = VIM_ACTIONS.iter().position(|action| *action == key) {
                found = Some(found.map_or(index, |before| before.min(index)));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: Option<&[u8]> = Some(b"application/json");

    #[test]
    fn each_listed_action_goes_to_the_vim() {
        for action in VIM_ACTIONS {
            for body in [
                format!("{{\"{action}\": null}}"),
                format!("{{\"x\": [{{\"pause\": 1}}], \"{action}\": {{\"a\": 1e999}} }} \n"),
            ] {
                assert_eq!(classify(JSON, body.as_bytes()), Verdict::Vim(action), "{body}");
            }
        }
    }

    /// The contract names these as examples of what is Nova's.
    #[test]
    fn other_actions_go_to_nova() {
        for action in [
            "evacuate",
            "shelve",
            "shelveOffload",
            "unshelve",
            "lock",
            "unlock",
            "createImage",
            "createBackup",
            "addFloatingIp",
            "addSecurityGroup",
            "changePassword",
            "rescue",
            "unrescue",
            "os-getConsoleOutput",
            "os-getVNCConsole",
            "os-getSPICEConsole",
            "os-getSerialConsole",
            "os-getRDPConsole",
            "os-resetState",
            "resetNetwork",
            "injectNetworkInfo",
            "forceDelete",
            "restore",
            "trigger_crash_dump",
            "server",
            "Pause",
            "os-migratelive",
            "",
        ] {
            let body = format!("{{\"{action}\": {{\"reboot\": {{}}}}}}");
            assert_eq!(classify(JSON, body.as_bytes()), Verdict::Nova, "{body}");
        }
        assert_eq!(classify(JSON, b"{}"), Verdict::Nova);
    }

    #[test]
    fn the_first_of_the_list_is_the_one_that_counts() {
        assert_eq!(classify(JSON, br#"{"rebuild": {}, "pause": null, "reboot": 1}"#), Verdict::Vim("pause"));
        assert_eq!(classify(JSON, br#"{"\u0070ause": null}"#), Verdict::Vim("pause"));
    }

    #[test]
    fn media_types_decide_what_counts_as_json() {
        let body = br#"{"pause": null}"#;
        for (content_type, readable) in [
            (None, true),
            (Some("application/json"), true),
            (Some("application/json; charset=utf-8"), true),
            (Some("JSON"), true),
            (Some("text/plain"), true),
            (Some("text/plain; charset=x"), true),
            (Some("text/plainer"), true),
            (Some(""), true),
            (Some("json"), false),
            (Some("Application/JSON"), false),
            (Some("application/xml"), false),
            (Some("application/x-www-form-urlencoded"), false),
        ] {
            let verdict = classify(content_type.map(str::as_bytes), body);
            assert_eq!(matches!(verdict, Verdict::Vim("pause")), readable, "{content_type:?}");
            assert_eq!(matches!(verdict, Verdict::Unreadable(_)), !readable, "{content_type:?}");
        }
    }

    #[test]
    fn what_is_no_object_is_unreadable() {
        for body in [
            "",
            "[]",
            " {}",
            "\n{}",
            "null",
            "{",
            "{\"pause\"",
            "{\"a\": 1} x",
            "{'pause': None}",
            "{\"a\": }",
        ] {
            assert!(matches!(classify(JSON, body.as_bytes()), Verdict::Unreadable(_)), "{body}");
        }
    }

    #[test]
    fn deep_and_huge_values_are_skipped() {
        let deep = format!("{{\"a\": {}{}, \"os-stop\": null}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(classify(JSON, deep.as_bytes()), Verdict::Vim("os-stop"));
        let huge = format!("{{\"a\": \"{}\", \"os-start\": null}}", "x".repeat(900_000));
        assert_eq!(classify(JSON, huge.as_bytes()), Verdict::Vim("os-start"));
    }
}
