//! The guest services of one instance: their states, and what the guest agent shows of them.
//! Contract: vim-behaviour 7.1, 7.3; deployment 1.6 (`guest_services`).

use nfv_common::pyjson::to_string as json;
use nfv_nfvi::object::{AdminState, GuestService, HEARTBEAT, OperState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A guest may take this long to come back when it does not say how long it needs.
const RESTART: Duration = Duration::from_secs(300);
/// A guest may ask for much; it does not hold up an action for longer than this.
pub const LONGEST_GUEST_WAIT: Duration = Duration::from_secs(3600);

/// State of a guest service, in the order in which one makes up the overall state before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuestServiceState {
    /// The flavor does not ask for it any more.
    Deleting,
    /// The guest agent does not know of it.
    NotConfigured,
    /// The guest agent knows of it.
    Configured,
    /// To be off.
    Disabling,
    /// Off.
    Disabled,
    /// To be on.
    Enabling,
    /// On: the guest's heartbeat is there.
    Enabled,
}

impl GuestServiceState {
    /// Every state.
    pub const ALL: [GuestServiceState; 7] = [
        Self::Deleting,
        Self::NotConfigured,
        Self::Configured,
        Self::Disabling,
        Self::Disabled,
        Self::Enabling,
        Self::Enabled,
    ];

    /// Text in the database and in views.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleting => "deleting",
            Self::NotConfigured => "not-configured",
            Self::Configured => "configured",
            Self::Disabling => "disabling",
            Self::Disabled => "disabled",
            Self::Enabling => "enabling",
            Self::Enabled => "enabled",
        }
    }

    /// The administrative state the guest agent is to have.
    pub const fn admin_state(self) -> AdminState {
        match self {
            Self::Enabling | Self::Enabled => AdminState::Unlocked,
            Self::Deleting | Self::NotConfigured | Self::Configured | Self::Disabling | Self::Disabled => {
                AdminState::Locked
            }
        }
    }

    /// What the guest agent shows, as a state.
    fn shown(service: &GuestService) -> Self {
        if service.admin_state == AdminState::Locked {
            Self::Disabled
        } else if service.oper_state == OperState::Enabled {
            Self::Enabled
        } else {
            Self::Enabling
        }
    }

    /// Only these moves are the guest agent's to make.
    const fn may_become(self, shown: Self) -> bool {
        matches!(
            (self, shown),
            (Self::Enabled, Self::Enabling)
                | (Self::Enabling, Self::Enabled)
                | (Self::Disabling, Self::Disabled)
        )
    }
}

/// The guest services of one instance; none for most.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstanceGuestServices {
    services: BTreeMap<String, GuestServiceState>,
    shown: Vec<GuestService>,
}

/// As stored. The overall state is not read back.
#[derive(Serialize)]
struct Stored<'a> {
    services: &'a BTreeMap<String, GuestServiceState>,
    state: Option<GuestServiceState>,
    nfvi_guest_services: &'a [GuestService],
}

/// As read: rows of any release, whatever they hold.
#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    services: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    nfvi_guest_services: Vec<serde_json::Value>,
}

impl InstanceGuestServices {
    /// Reads the column. A state that is null or not known counts as not configured: the guest agent is then told of
    /// the instance anew, which does no harm where it knows it.
    pub fn from_text(text: Option<&str>) -> Self {
        let read: Option<Read> = text.and_then(|text| serde_json::from_str(text).ok()).flatten();
        let Some(read) = read else { return Self::default() };
        let state = |value: &serde_json::Value| {
            let known = |state: &GuestServiceState| Some(state.as_str()) == value.as_str();
            GuestServiceState::ALL.into_iter().find(known).unwrap_or(GuestServiceState::NotConfigured)
        };
        Self {
            services: read.services.iter().map(|(name, value)| (name.clone(), state(value))).collect(),
            shown: read
                .nfvi_guest_services
                .into_iter()
                .filter_map(|service| serde_json::from_value(service).ok())
                .collect(),
        }
    }

    /// The column, as the original writes it.
    pub fn text(&self) -> String {
        json(&Stored { services: &self.services, state: self.state(), nfvi_guest_services: &self.shown })
    }

    /// The overall state; none without services.
    pub fn state(&self) -> Option<GuestServiceState> {
        self.services.values().min().copied()
    }

    /// Each service and its state.
    pub fn services(&self) -> impl Iterator<Item = (&str, GuestServiceState)> {
        self.services.iter().map(|(name, state)| (name.as_str(), *state))
    }

    /// As the guest agent showed them last.
    pub fn shown(&self) -> &[GuestService] {
        &self.shown
    }

    /// There are services.
    pub fn are_provisioned(&self) -> bool {
        !self.services.is_empty()
    }

    /// The guest agent knows of all of them.
    pub fn are_configured(&self) -> bool {
        self.services.values().all(|state| *state != GuestServiceState::NotConfigured)
    }

    /// All are in this state.
    pub fn are(&self, wanted: GuestServiceState) -> bool {
        self.services.values().all(|state| *state == wanted)
    }

    /// The guest's heartbeat is there.
    pub fn communication_established(&self) -> bool {
        self.services.get(HEARTBEAT) == Some(&GuestServiceState::Enabled)
    }

    /// The flavor says whether a heartbeat is wanted. True when that changed something.
    pub fn provision(&mut self, heartbeat: bool) -> bool {
        if heartbeat {
            let known = self.services.contains_key(HEARTBEAT);
            self.services.entry(HEARTBEAT.to_owned()).or_insert(GuestServiceState::NotConfigured);
            return !known;
        }
        let changed = !self.are(GuestServiceState::Deleting);
        self.set(GuestServiceState::Deleting);
        changed
    }

    /// All get this state.
    pub fn set(&mut self, state: GuestServiceState) {
        for service in self.services.values_mut() {
            *service = state;
        }
    }

    /// The guest agent has forgotten them.
    pub fn clear(&mut self) {
        self.services.clear();
    }

    /// Takes in what the guest agent shows.
    pub fn update(&mut self, mut shown: Vec<GuestService>) {
        for service in &mut shown {
            // a service that is switched off may be shown without it
            if service.restart_timeout == Some(0)
                && let Some(before) = self.shown.iter().find(|before| before.name == service.name)
            {
                service.restart_timeout = before.restart_timeout;
            }
            if let Some(state) = self.services.get_mut(&service.name)
                && state.may_become(GuestServiceState::shown(service))
            {
                *state = GuestServiceState::shown(service);
            }
        }
        self.shown = shown;
    }

    /// The guest agent has another administrative state than it should.
    pub fn disagree(&self) -> bool {
        let differs = |service: &GuestService| {
            self.services.get(&service.name).is_some_and(|state| state.admin_state() != service.admin_state)
        };
        self.are_configured() && self.shown.iter().any(differs)
    }

    /// Each service with the administrative state wanted.
    pub fn wanted(&self) -> Vec<(String, AdminState)> {
        let heartbeat = |(name, _): &(&String, &GuestServiceState)| *name == HEARTBEAT;
        self.services
            .iter()
            .filter(heartbeat)
            .map(|(name, state)| (name.clone(), state.admin_state()))
            .collect()
    }

    /// How long the guest may take to come back: its restart and the first heartbeat.
    pub fn establish_timeout(&self) -> Duration {
        let told = self.shown.iter().find(|service| service.name == HEARTBEAT);
        match told.and_then(|service| service.restart_timeout) {
            None | Some(0) => RESTART,
            Some(seconds) => Duration::from_secs(seconds).min(LONGEST_GUEST_WAIT),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use GuestServiceState as S;

    fn held(state: S) -> InstanceGuestServices {
        InstanceGuestServices {
            services: [(HEARTBEAT.to_owned(), state)].into_iter().collect(),
            shown: Vec::new(),
        }
    }

    fn shown(locked: bool, enabled: bool, restart_timeout: Option<u64>) -> GuestService {
        GuestService {
            name: HEARTBEAT.to_owned(),
            admin_state: if locked { AdminState::Locked } else { AdminState::Unlocked },
            oper_state: if enabled { OperState::Enabled } else { OperState::Disabled },
            restart_timeout,
        }
    }

    /// vim-behaviour 7.1, 7.3: the moves the guest agent may make.
    #[test]
    fn the_guest_agent_makes_three_moves_and_no_other() {
        let reports = [(shown(true, true, None), S::Disabled), (shown(false, true, None), S::Enabled)];
        let reports = reports.into_iter().chain([(shown(false, false, None), S::Enabling)]);
        for (report, as_state) in reports {
            for before in S::ALL {
                let mut services = held(before);
                services.update(vec![report.clone()]);
                let moves =
                    [(S::Enabled, S::Enabling), (S::Enabling, S::Enabled), (S::Disabling, S::Disabled)];
                let after = if moves.contains(&(before, as_state)) { as_state } else { before };
                assert_eq!(services.state(), Some(after), "{before:?} and shown {as_state:?}");
            }
        }
    }

    #[test]
    fn the_overall_state_follows_the_precedence() {
        let order =
            ["deleting", "not-configured", "configured", "disabling", "disabled", "enabling", "enabled"];
        assert_eq!(S::ALL.map(S::as_str), order);
        for (rank, first) in S::ALL.into_iter().enumerate() {
            for second in S::ALL.into_iter().skip(rank) {
                let mut services = held(second);
                services.services.insert("other".to_owned(), first);
                assert_eq!(services.state(), Some(first));
            }
        }
        assert_eq!(InstanceGuestServices::default().state(), None);
    }

    #[test]
    fn a_restart_timeout_of_zero_keeps_the_one_before() {
        let mut services = held(S::Enabling);
        assert_eq!(services.establish_timeout(), RESTART);
        services.update(vec![shown(false, false, None)]);
        assert_eq!(services.establish_timeout(), RESTART, "none told and none known before");
        services.update(vec![shown(false, true, Some(120))]);
        services.update(vec![shown(true, false, Some(0))]);
        assert_eq!(services.establish_timeout(), Duration::from_secs(120));
        services.update(vec![shown(true, false, Some(u64::MAX))]);
        assert_eq!(services.establish_timeout(), LONGEST_GUEST_WAIT);
    }

    #[test]
    fn the_column_reads_as_the_original_writes_it() {
        let none = r#"{"services": {}, "state": null, "nfvi_guest_services": []}"#;
        assert_eq!(InstanceGuestServices::default().text(), none);
        assert_eq!(InstanceGuestServices::from_text(Some(none)), InstanceGuestServices::default());
        let mut services = held(S::Enabling);
        services.update(vec![shown(false, true, Some(120))]);
        let text = r#"{"services": {"heartbeat": "enabled"}, "state": "enabled", "nfvi_guest_services": [{"name": "heartbeat", "admin_state": "unlocked", "oper_state": "enabled", "restart_timeout": 120}]}"#;
        assert_eq!(services.text(), text);
        assert_eq!(InstanceGuestServices::from_text(Some(text)), services);
    }

    #[test]
    fn old_and_odd_columns_load() {
        let old = r#"{"services": {"heartbeat": null}, "state": null, "nfvi_guest_services": [{"oper_state": "enabled", "admin_state": "unlocked", "name": "heartbeat"}, 7]}"#;
        let services = InstanceGuestServices::from_text(Some(old));
        assert_eq!(services.state(), Some(S::NotConfigured));
        assert_eq!(services.shown(), [shown(false, true, None)]);
        for text in [None, Some(""), Some("null"), Some("{}"), Some("[]"), Some("{\"services\": 3}")] {
            assert_eq!(InstanceGuestServices::from_text(text), InstanceGuestServices::default(), "{text:?}");
        }
        for state in S::ALL {
            let text = format!("{{\"services\": {{\"heartbeat\": \"{}\"}}}}", state.as_str());
            assert_eq!(InstanceGuestServices::from_text(Some(&text)).state(), Some(state));
        }
    }

    #[test]
    fn a_flavor_that_does_not_ask_any_more_makes_them_go() {
        let mut services = InstanceGuestServices::default();
        assert!(services.provision(true));
        assert!(!services.provision(true));
        assert_eq!(services.state(), Some(S::NotConfigured));
        assert!(services.provision(false));
        assert!(!services.provision(false));
        assert_eq!(services.state(), Some(S::Deleting));
        services.clear();
        assert!(!services.provision(false), "there is nothing to go");
    }
}
