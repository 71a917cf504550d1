//! Everything that waits, for what, since when and until when.

use super::instance::Instance;
use super::{TimerKey, Vim};
use nfv_common::fsm::Waiting;

/// One wait, as operators and the simulator see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitReport {
    /// What waits: `host compute-0` or `instance vm-1 (uuid)`.
    pub who: String,
    /// The task.
    pub task: String,
    /// What it waits for.
    pub waiting: Waiting,
}

impl Vim {
    /// What the strategy waits for.
    fn strategy_wait(&self) -> Option<WaitReport> {
        let update = self.sw_update()?;
        let strategy = update.strategy()?;
        let (place, step) = strategy.waiting_step()?;
        let watch = update.step_watch()?;
        Some(WaitReport {
            who: format!("strategy {} ({})", strategy.name, strategy.uuid),
            task: format!("{} stage {}, {}", place.phase, place.stage, step.kind.task.name()),
            waiting: Waiting { what: step.kind.task.waits_for(), since: watch.since, until: watch.due() },
        })
    }

    /// What the running action of an instance waits for.
    pub(super) fn instance_wait(&self, instance: &Instance) -> Option<WaitReport> {
        let running = instance.running.as_ref();
        let who = format!("instance {} ({})", instance.name(), instance.uuid());
        let task = instance.task.as_ref().filter(|task| task.in_progress());
        if let Some(task) = task
            && let Some(waiting) = task.waiting()
        {
            return Some(WaitReport { who, task: task.name().to_owned(), waiting: waiting.clone() });
        }
        // the request is answered; now Nova must show the end of it
        let running = running?;
        let until = self.timers.deadline(&TimerKey::Action(instance.uuid().to_owned()))?;
        let what = format!("Nova to show the end of the {}", running.state.as_str());
        Some(WaitReport {
            who,
            task: running.state.as_str().to_owned(),
            waiting: Waiting { what, since: running.began, until },
        })
    }

    /// All waits of hosts, then of instances, then of the strategy.
    pub fn waits(&self) -> Vec<WaitReport> {
        let hosts = self.hosts.values().filter_map(|host| {
            let task = host.task.as_ref()?;
            let waiting = task.waiting()?.clone();
            Some(WaitReport { who: format!("host {}", host.name()), task: task.name().to_owned(), waiting })
        });
        let instances = self.instances.values().filter_map(|instance| self.instance_wait(instance));
        hosts.chain(instances).chain(self.strategy_wait()).collect()
    }
}
