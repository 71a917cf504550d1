//! The kinds of strategies.

/// A kind of strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrategyName {
    /// Software patches.
    Patch,
    /// A software upgrade.
    Upgrade,
}

impl StrategyName {
    /// As URLs and JSON name it.
    pub fn as_str(self) -> &'static str {
        match self {
            StrategyName::Patch => "sw-patch",
            StrategyName::Upgrade => "sw-upgrade",
        }
    }

    /// Its command of `sw-manager`.
    pub fn command(self) -> &'static str {
        match self {
            StrategyName::Patch => "patch-strategy",
            StrategyName::Upgrade => "upgrade-strategy",
        }
    }

    /// The one of this command.
    pub fn of_command(command: &str) -> Self {
        if command == "upgrade-strategy" { StrategyName::Upgrade } else { StrategyName::Patch }
    }

    /// As people call it.
    pub fn spoken(self) -> &'static str {
        match self {
            StrategyName::Patch => "patch",
            StrategyName::Upgrade => "upgrade",
        }
    }

    /// One of them, as people call it.
    pub fn one(self) -> &'static str {
        match self {
            StrategyName::Patch => "a patch strategy",
            StrategyName::Upgrade => "an upgrade strategy",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            StrategyName::Patch => StrategyName::Upgrade,
            StrategyName::Upgrade => StrategyName::Patch,
        }
    }
}
