//! A strategy as the VIM tells of it.
//!
//! The values are kept as they came, because the original shows whatever is there; a value that lacks is `null`. So
//! answers of older and later releases can be read.
//!
//! Contract: vim-api 1.6.1.

use serde_json::Value as Json;

static NOTHING: Json = Json::Null;
const NO_PARTS: &[Json] = &[];

/// Part of a strategy, or the whole.
macro_rules! part {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name<'a>(&'a Json);

        impl<'a> $name<'a> {
            /// The value of a key; `null` if there is none.
            pub fn get(self, key: &str) -> &'a Json {
                self.0.get(key).unwrap_or(&NOTHING)
            }

            /// The text of a key; empty if it is no text.
            pub fn text(self, key: &str) -> &'a str {
                self.get(key).as_str().unwrap_or_default()
            }

            /// The number of a key; 0 if it is no number.
            pub fn number(self, key: &str) -> u64 {
                self.get(key).as_u64().unwrap_or(0)
            }

            /// Whether it is going on.
            pub fn in_progress(self) -> bool {
                self.get("inprogress").as_bool().unwrap_or(false)
            }
        }
    };
}

part!(
    /// One phase.
    Phase
);
part!(
    /// One stage of a phase.
    Stage
);
part!(
    /// One step of a stage.
    Step
);

/// A strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Strategy(Json);

/// The phases in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseName {
    /// Finding out what is to be done.
    Build,
    /// Doing it.
    Apply,
    /// Breaking off.
    Abort,
}

impl PhaseName {
    /// All of them.
    pub const ALL: [PhaseName; 3] = [PhaseName::Build, PhaseName::Apply, PhaseName::Abort];

    /// Its key in a strategy.
    pub fn key(self) -> &'static str {
        match self {
            PhaseName::Build => "build-phase",
            PhaseName::Apply => "apply-phase",
            PhaseName::Abort => "abort-phase",
        }
    }
}

impl Strategy {
    /// Takes the JSON object of a strategy.
    pub fn new(json: Json) -> Self {
        Self(json)
    }

    /// The value of a key; `null` if there is none.
    pub fn get(&self, key: &str) -> &Json {
        self.0.get(key).unwrap_or(&NOTHING)
    }

    /// The text of a key; empty if it is no text.
    pub fn text(&self, key: &str) -> &str {
        self.get(key).as_str().unwrap_or_default()
    }

    /// `ready-to-apply` and so on.
    pub fn state(&self) -> &str {
        self.text("state")
    }

    /// One of its phases.
    pub fn phase(&self, name: PhaseName) -> Phase<'_> {
        Phase(self.get(name.key()))
    }

    /// The phase that it is in, if it is in one.
    pub fn current_phase(&self) -> Option<Phase<'_>> {
        let current = self.get("current-phase");
        PhaseName::ALL
            .map(|name| self.phase(name))
            .into_iter()
            .find(|phase| phase.get("phase-name") == current)
    }
}

impl<'a> Phase<'a> {
    /// Its stages.
    pub fn stages(self) -> impl ExactSizeIterator<Item = Stage<'a>> {
        self.get("stages").as_array().map_or(NO_PARTS, Vec::as_slice).iter().map(Stage)
    }
}

impl<'a> Stage<'a> {
    /// Its steps.
    pub fn steps(self) -> impl ExactSizeIterator<Item = Step<'a>> {
        self.get("steps").as_array().map_or(NO_PARTS, Vec::as_slice).iter().map(Step)
    }
}
