//! What the texts of alarms and event logs are made of.
//!
//! Contract: vim-behaviour 8.2, 8.5.

/// The values behind the placeholders of alarm and event-log texts.
///
/// | Placeholder | Value |
/// |---|---|
/// | `{I}` | `instance`, the instance's name |
/// | `{T}` | `tenant`, the tenant's name, its uuid when the name is unknown |
/// | `{H}` | `host`; `None` is printed when unknown |
/// | `{F}` | `from_host`; `None` is printed when unknown |
/// | `{X}` | `additional_text` as it is |
/// | `{R}` | `, reason = <reason>` without trailing dots and white space; empty without a reason |
/// | `{B}` | `initiated_by` as it is: see [`crate::event_log::InitiatedBy::text`] |
/// | `{P}` | `, <repair>` without trailing dots and white space; empty without a repair text |
/// | `{admin}`, `{oper}` | `hypervisor_admin`, `hypervisor_oper` |
/// | `{group}`, `{policy}` | `group`, `policy` |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextParams<'a> {
    /// Name of the instance.
    pub instance: &'a str,
    /// Name of the tenant, or its uuid when the name is unknown.
    pub tenant: &'a str,
    /// Current host.
    pub host: Option<&'a str>,
    /// Host the instance comes from.
    pub from_host: Option<&'a str>,
    /// Who asked for the action: empty, `by the system`, `by the instance`, `by <tenant>`, `by tenant <uuid>`.
    pub initiated_by: &'a str,
    /// Why; empty for no reason.
    pub reason: &'a str,
    /// Text appended as it is.
    pub additional_text: &'a str,
    /// The guest's corrective action; empty for none.
    pub repair: &'a str,
    /// Administrative state of the hypervisor.
    pub hypervisor_admin: &'a str,
    /// Operational state of the hypervisor.
    pub hypervisor_oper: &'a str,
    /// Name of the server group.
    pub group: &'a str,
    /// Policy of the server group.
    pub policy: &'a str,
}

impl TextParams<'_> {
    /// The template with every placeholder replaced, in one pass: braces in the values stay as they are.
    ///
    /// A placeholder this type does not know is kept as it stands.
    pub fn fill(&self, template: &str) -> String {
        let mut text = String::with_capacity(template.len() + 96);
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            let Some(close) = rest[open..].find('}').map(|len| open + len) else { break };
            text.push_str(&rest[..open]);
            if !self.append(&rest[open + 1..close], &mut text) {
                text.push_str(&rest[open..=close]);
            }
            rest = &rest[close + 1..];
        }
        text.push_str(rest);
        text
    }

    fn append(&self, placeholder: &str, text: &mut String) -> bool {
        match placeholder {
            "I" => text.push_str(self.instance),
            "T" => text.push_str(self.tenant),
            "H" => text.push_str(self.host.unwrap_or("None")),
            "F" => text.push_str(self.from_host.unwrap_or("None")),
            "X" => text.push_str(self.additional_text),
            "R" => append_clause(", reason = ", self.reason, text),
            "B" => text.push_str(self.initiated_by),
            "P" => append_clause(", ", self.repair, text),
            "admin" => text.push_str(self.hypervisor_admin),
            "oper" => text.push_str(self.hypervisor_oper),
            "group" => text.push_str(self.group),
            "policy" => text.push_str(self.policy),
            _ => return false,
        }
        true
    }
}

/// The clause is left out only for an empty text; one of nothing but dots keeps its lead-in.
fn append_clause(lead_in: &str, clause: &str, text: &mut String) {
    if !clause.is_empty() {
        text.push_str(lead_in);
        text.push_str(clause.trim_end_matches(['.', ' ', '\t', '\n', '\r']));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_one_pass() {
        let p = TextParams { instance: "{T}", tenant: "{I}", host: Some("h}{"), ..Default::default() };
        assert_eq!(p.fill("a {I} b {T} c {H}{"), "a {T} b {I} c h}{{");
    }

    #[test]
    fn unknown_hosts_read_none() {
        assert_eq!(TextParams::default().fill("{H} {F}"), "None None");
    }

    #[test]
    fn reason_and_repair_lose_trailing_dots_and_white_space() {
        for (given, reason, repair) in [
            ("", "", ""),
            ("no valid host. \t\r\n", ", reason = no valid host", ", no valid host"),
            ("a. b..", ", reason = a. b", ", a. b"),
            (" .", ", reason = ", ", "),
        ] {
            let p = TextParams { reason: given, repair: given, ..Default::default() };
            assert_eq!(p.fill("{R}"), reason, "{given:?}");
            assert_eq!(p.fill("{P}"), repair, "{given:?}");
        }
    }

    #[test]
    fn an_unknown_placeholder_is_kept() {
        assert_eq!(TextParams::default().fill("x {Q} {"), "x {Q} {");
    }
}
