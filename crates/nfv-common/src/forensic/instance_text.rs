//! An instance as the log shows it: a Python dictionary.
//!
//! The original's pattern demands its keys in the order that one release wrote; the VIM has written more keys in another
//! order ever since, so that it never fits. Here any order does (docs/differences.md).

use std::ops::Range;

type Fields = Vec<(&'static str, Range<usize>)>;

/// Key in the dictionary and name of the field.
const KEYS: [(&str, &str); 11] = [
    ("name", "instance_name"),
    ("tenant_id", "tenant_uuid"),
    ("avail_status", "instance_avail_status"),
    ("live_migration_support", "live_migrate_support"),
    ("oper_state", "instance_oper_state"),
    ("host_name", "host_name"),
    ("admin_state", "instance_admin_state"),
    ("action", "instance_action_state"),
    ("image_uuid", "image_uuid"),
    ("uuid", "instance_uuid"),
    ("instance_type", "instance_type"),
];
const NFVI_KEYS: [(&str, &str); 3] =
    [("vm_state", "nfvi_vm_state"), ("task_state", "nfvi_task_state"), ("power_state", "nfvi_power_state")];
/// What a report needs.
const NEEDED: [&str; 9] = [
    "instance_name",
    "instance_uuid",
    "instance_admin_state",
    "instance_oper_state",
    "instance_avail_status",
    "nfvi_vm_state",
    "nfvi_task_state",
    "nfvi_power_state",
    "host_name",
];

/// Dictionaries and lists nested deeper than this are not an instance.
const DEEPEST: usize = 16;

/// The fields of the instance whose text is `rest`, the end of `message`, as ranges of `message`. None when it is no
/// dictionary or lacks something.
pub(super) fn fields(message: &[u8], rest: &[u8]) -> Option<Fields> {
    let mut reader = Reader { text: message, at: message.len() - rest.len() };
    let mut fields = Vec::with_capacity(KEYS.len() + NFVI_KEYS.len());
    reader.dictionary(&mut |reader, key| {
        if key == b"nfvi_data" && reader.peek() == Some(b'{') {
            return reader.dictionary(&mut |reader, key| {
                let value = reader.value(0)?;
                keep(&mut fields, &NFVI_KEYS, key, value);
                Some(())
            });
        }
        let value = reader.value(0)?;
        keep(&mut fields, &KEYS, key, value);
        Some(())
    })?;
    let complete = NEEDED.iter().all(|needed| fields.iter().any(|(name, _)| name == needed));
    (complete && reader.peek() == Some(b'.')).then_some(fields)
}

fn keep(fields: &mut Fields, keys: &[(&str, &'static str)], key: &[u8], value: Range<usize>) {
    if let Some((_, name)) = keys.iter().find(|(known, _)| known.as_bytes() == key) {
        fields.push((name, value));
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, text: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(text).then(|| self.at += text.len())
    }

    /// A dictionary with text keys; `entry` reads each value.
    fn dictionary(&mut self, entry: &mut dyn FnMut(&mut Self, &'a [u8]) -> Option<()>) -> Option<()> {
        self.take(b"{")?;
        if self.take(b"}").is_some() {
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.take(b": ")?;
            let text = self.text;
            entry(self, &text[key])?;
            if self.take(b"}").is_some() {
                return Some(());
            }
            self.take(b", ")?;
        }
    }

    /// Any value: of a text what stands between the quotes, of a list what stands between the brackets, of anything
    /// else all of it.
    fn value(&mut self, depth: usize) -> Option<Range<usize>> {
        if depth > DEEPEST {
            return None;
        }
        let start = self.at;
        match self.peek()? {
            b'{' => {
                self.dictionary(&mut |reader, _| reader.value(depth + 1).map(drop))?;
                Some(start..self.at)
            }
            b'[' => {
                self.take(b"[")?;
                while self.take(b"]").is_none() {
                    self.value(depth + 1)?;
                    // between two values or before the end
                    let _ = self.take(b", ");
                }
                Some(start + 1..self.at - 1)
            }
            b'\'' | b'"' => self.string(),
            b'u' if matches!(self.text.get(self.at + 1), Some(b'\'' | b'"')) => self.string(),
            _ => {
                let length = self.text[start..].iter().position(|byte| matches!(byte, b',' | b'}' | b']'))?;
                self.at += length;
                (length > 0).then_some(start..self.at)
            }
        }
    }

    fn string(&mut self) -> Option<Range<usize>> {
        let _ = self.take(b"u");
        let quote = self.peek().filter(|byte| matches!(byte, b'\'' | b'"'))?;
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek()? {
                b'\\' => self.at += 2,
                byte if byte == quote => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(start..self.at - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::fields;

    /// As the pattern of the original wants it.
    pub(super) const OLD: &str = "{'instance_type': {'ram': 512, 'original_name': u'small'}, 'name': u'vm-0', \
        'tenant_id': '24b9', 'avail_status': ['failed', 'power-off'], 'nfvi_data': {'vm_state': u'active', \
        'task_state': u'none', 'power_state': 'running'}, 'live_migration_support': True, 'oper_state': 'enabled', \
        'host_name': u'compute-0', 'admin_state': 'unlocked', 'action': '', 'image_uuid': None, 'uuid': u'8d80'}.";
    /// As the original has written it since.
    const NEW: &str = "{'attached_volumes': [u'a', u'b'], 'live_migration_timeout': None, 'name': u\"it's\", \
        'recovery_priority': None, 'tenant_id': u'24b9', 'avail_status': [], 'nfvi_data': {'vm_state': u'active', \
        'task_state': 'none', 'power_state': 'running'}, 'live_migration_support': True, 'instance_type': {'ephemeral': 0, \
        'extra_specs': {}}, 'oper_state': 'enabled', 'host_name': None, 'image_uuid': None, 'action': '', \
        'admin_state': 'unlocked', 'uuid': u'8d80'}.";

    fn field(text: &str, name: &str) -> String {
        let found = fields(text.as_bytes(), text.as_bytes()).unwrap();
        let range = found.into_iter().find(|(known, _)| *known == name).unwrap().1;
        text[range].to_owned()
    }

    #[test]
    fn any_order_of_keys_is_read() {
        assert_eq!(field(OLD, "instance_name"), "vm-0");
        assert_eq!(field(OLD, "instance_avail_status"), "'failed', 'power-off'");
        assert_eq!(field(OLD, "nfvi_task_state"), "none");
        assert_eq!(field(OLD, "instance_uuid"), "8d80");
        assert_eq!(field(NEW, "instance_name"), "it's");
        assert_eq!(field(NEW, "host_name"), "None");
        assert_eq!(field(NEW, "instance_avail_status"), "");
        assert_eq!(field(NEW, "live_migrate_support"), "True");
    }

    #[test]
    fn what_is_no_instance_is_left_alone() {
        let bytes = OLD.as_bytes();
        for end in 0..bytes.len() {
            assert!(fields(&bytes[..end], &bytes[..end]).is_none(), "cut at {end}");
        }
        let deep = format!("{{'name': {}}}.", "[".repeat(100_000));
        assert!(fields(deep.as_bytes(), deep.as_bytes()).is_none());
        for text in ["", "{}.", "[1]", "{'name': u'vm-0'}.", "{'name': }."] {
            assert!(fields(text.as_bytes(), text.as_bytes()).is_none(), "{text}");
        }
    }
}
