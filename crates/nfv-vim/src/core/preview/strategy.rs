//! What applying a strategy would do: the stages still to be applied, each as it would find the cloud if those before it
//! went well. Where Nova would put an instance is not known: it is assumed to take the roomiest host.

use super::destination::Room;
use super::{action, sum, whole};
use crate::core::Vim;
use crate::core::director::OperationKind;
use crate::core::director::decide::{Fate, StopFate};
use crate::core::director::sw_mgmt_world::instance_facts;
use crate::core::instance::Instance;
use crate::core::strategy::step::{Hosts, Instances};
use crate::core::strategy::{InstanceFacts, Task, UpdateStep, instances};
use nfv_common::strategy::{InstanceAction, Stage, Step, StepKind, StrategyState};
use nfv_nfvi::object::ActionType;
use nfv_vim_rpc::preview::{Estimate, InstanceMove, Preview, PreviewStage, PreviewStep};
use std::collections::{BTreeMap, BTreeSet};

/// The cloud as a stage finds it.
struct Model<'a> {
    vim: &'a Vim,
    room: Room<'a>,
    /// Stopped by the strategy and not started again.
    stopped: BTreeSet<String>,
    instance_action: InstanceAction,
}

/// What a step does to instances.
#[derive(Default)]
struct Done {
    moves: Vec<InstanceMove>,
    estimate: Estimate,
    refused: Option<String>,
}

impl Vim {
    /// What would happen if the strategy of this kind were applied. None where there is no such strategy.
    pub fn preview_strategy(&self, kind: Option<&str>) -> Option<Preview> {
        let update = self.sw_update().filter(|update| Some(update.kind.as_str()) == kind)?;
        let (strategy, data) = (update.strategy()?, update.data()?);
        let mut preview = Preview::default();
        let under_way = strategy.state == StrategyState::Applying;
        let rest = match strategy.may_apply(None) {
            Err(reason) if !under_way => {
                // a strategy that is being built has no reason yet
                let unbuilt = || "the strategy is being built: ask again when it is ready".to_owned();
                preview.refused =
                    Some(Some(reason).filter(|reason| !reason.is_empty()).unwrap_or_else(unbuilt));
                &[]
            }
            Ok(_) | Err(_) => strategy.apply.stages.get(strategy.apply.current_stage..).unwrap_or_default(),
        };
        if under_way && strategy.apply.stage_inprogress() {
            preview.notes.push("It is being applied: this is what is left of it.".to_owned());
        }
        if let Some(why) = self.gate_closed(OperationKind::MigrateInstances).filter(|_| !rest.is_empty()) {
            preview.notes.push(format!("{why}: nothing is moved before that is over."));
        }
        if !rest.is_empty() {
            let text =
                "Each stage asks for alarms first; one that counts ends it. They are not asked for now.";
            preview.notes.push(text.to_owned());
        }
        let mut model = Model {
            vim: self,
            room: Room::new(self),
            stopped: BTreeSet::new(),
            instance_action: data.default_instance_action,
        };
        let first = strategy.apply.current_stage;
        for (index, stage) in rest.iter().enumerate() {
            let shown = model.stage(first + index, stage);
            let ends = shown.refused.is_some();
            preview.notes.extend(super::nowhere_to_go(&shown.moves, &shown.hosts));
            preview.stages.push(shown);
            if ends {
                preview.notes.push("The stages behind the one that is refused are not looked at.".to_owned());
                break;
            }
        }
        Some(whole(format!("strategy {}", strategy.uuid), "apply", preview))
    }
}

impl<'a> Model<'a> {
    fn stage(&mut self, index: usize, stage: &Stage<UpdateStep>) -> PreviewStage {
        let done = if stage.inprogress { stage.current_step } else { 0 };
        let mut shown =
            PreviewStage { stage_id: index as u64, name: stage.name.clone(), ..PreviewStage::default() };
        let mut hosts = BTreeSet::new();
        for step in stage.steps.get(done..).unwrap_or_default() {
            let task = &step.kind.task;
            let done = self.step(step);
            hosts.extend(task.hosts().into_iter().flat_map(|hosts| hosts.names.iter().cloned()));
            let named = task.hosts().map(|hosts| &hosts.names);
            let named = named.or_else(|| task.instances().map(|instances| &instances.names));
            shown.steps.push(PreviewStep {
                name: task.name().to_owned(),
                entities: named.cloned().unwrap_or_default(),
                estimate: done.estimate,
                deadline_secs: step.timeout,
            });
            shown.moves.extend(done.moves);
            if done.refused.is_some() {
                shown.refused = done.refused;
                break;
            }
        }
        shown.hosts = hosts.into_iter().collect();
        shown.estimate = sum(shown.steps.iter().map(|step| &step.estimate));
        shown
    }

    fn step(&mut self, step: &Step<UpdateStep>) -> Done {
        let task = &step.kind.task;
        match task {
            Task::MigrateInstances(wanted) => {
                let sources = instances::sources(wanted);
                let on_sources = self.facts_on(&sources);
                let exists = |uuid: &str| self.vim.instances.get(uuid).is_some_and(|one| !one.deleted);
                let Some(uuids) = instances::to_migrate(wanted, on_sources, exists) else {
                    return Done::default();
                };
                let mut done = self.migrate(&uuids);
                // the step waits for the hosts to be empty, whoever is on them
                if done.refused.is_none() && !self.facts_on(&sources).is_empty() {
                    done.refused = Some(step.kind.overdue(step.timeout));
                    done.moves.extend(sources.iter().flat_map(|host| self.left_behind(host)));
                }
                done
            }
            Task::StopInstances(wanted) => {
                let mut done = self.stop(wanted);
                // one that is refused is not told while others are being stopped: the step waits for all of them
                if done.refused.is_some() && done.moves.iter().any(|one| one.action != action::STAY) {
                    done.refused = Some(step.kind.overdue(step.timeout));
                }
                done
            }
            Task::StartInstances(wanted) => self.start(wanted),
            Task::LockHosts { hosts, .. } => self.lock(hosts, task),
            Task::DisableHostServices { hosts, .. } => {
                self.room.close(&hosts.names);
                self.of_step(task)
            }
            Task::UnlockHosts(hosts) | Task::RebootHosts(hosts) | Task::EnableHostServices { hosts, .. } => {
                self.room.open(&hosts.names);
                self.of_step(task)
            }
            _ => self.of_step(task),
        }
    }

    /// What a step takes that has nothing to do with instances.
    fn of_step(&self, task: &Task) -> Done {
        let estimate = match task {
            Task::SystemStabilize { secs } => Estimate { seconds: *secs, measured: true },
            task => self.vim.histories.durations.estimate(&format!("step:{}", task.name())),
        };
        Done { estimate, ..Done::default() }
    }

    fn facts(&self, instance: &'a Instance) -> InstanceFacts {
        let stopped = self.stopped.contains(instance.uuid());
        let facts = instance_facts(instance);
        InstanceFacts {
            host: self.room.host_of(instance).map(str::to_owned),
            locked: facts.locked || stopped,
            disabled: facts.disabled || stopped,
            enabled: facts.enabled && !stopped,
            ..facts
        }
    }

    fn facts_on(&self, hosts: &[String]) -> Vec<InstanceFacts> {
        hosts.iter().flat_map(|host| self.room.on_host(host)).map(|instance| self.facts(instance)).collect()
    }

    /// The hosts of instances that are to be handled, or why an operation cannot begin.
    fn by_host(&self, uuids: &[String]) -> Result<BTreeMap<String, Vec<String>>, String> {
        let mut hosts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for uuid in uuids {
            let Some(instance) = self.vim.instances.get(uuid) else {
                return Err(format!("Instance {uuid} does not exist."));
            };
            let host = self.room.host_of(instance).unwrap_or("None");
            self.vim.may_operate_on(host)?;
            hosts.entry(host.to_owned()).or_default().push(uuid.clone());
        }
        Ok(hosts)
    }

    fn migrate(&mut self, uuids: &[String]) -> Done {
        const KIND: OperationKind = OperationKind::MigrateInstances;
        let hosts = match self.by_host(uuids) {
            Ok(hosts) => hosts,
            Err(reason) => return Done { refused: Some(reason), ..Done::default() },
        };
        let mut done = Done::default();
        if self.vim.gate_closed(KIND).is_some() {
            return done;
        }
        let at_once = self.vim.config.instance.max_concurrent_migrates_per_host;
        for host in hosts.into_keys() {
            let going = Vim::to_migrate(self.room.on_host(&host).into_iter());
            let mut moves = Vec::new();
            for instance in going.iter().filter_map(|uuid| self.vim.instances.get(uuid)) {
                if self.stopped.contains(instance.uuid()) {
                    continue;
                }
                if done.refused.is_some() {
                    moves.push(self.not_begun(instance, &host));
                    continue;
                }
                let fate = self.vim.migration_fate(instance, &host, KIND);
                let (shown, refused) = self.vim.fate_shown(instance, &host, &fate, &self.room);
                if let (Fate::Move { .. }, Some(to)) = (&fate, &shown.destinations) {
                    self.room.assume_moved(instance, to);
                }
                done.refused = done.refused.or(refused);
                moves.push(shown);
            }
            let leaves = |one: &&InstanceMove| one.action != action::STAY;
            done.add(self.vim.time_for(moves.iter().filter(leaves), at_once), moves);
        }
        done
    }

    /// The operation ends before it would come to this one.
    fn not_begun(&self, instance: &'a Instance, host: &str) -> InstanceMove {
        let moved = self.vim.instance_move(instance, host, action::STAY);
        moved.because("nothing more is begun after the one that is refused")
    }

    /// What stays on a host that was to be emptied.
    fn left_behind(&self, host: &str) -> Vec<InstanceMove> {
        let stays = |instance: &'a Instance| {
            let reason = if instance.is_locked() {
                "it is stopped, and nothing is moved that is stopped"
            } else if instance.is_failed() {
                "it has failed, and nothing is moved that has failed"
            } else {
                "it is not moved"
            };
            self.vim.instance_move(instance, host, action::STAY).because(reason)
        };
        self.room.on_host(host).into_iter().map(stays).collect()
    }

    fn stop(&mut self, wanted: &Instances) -> Done {
        const KIND: OperationKind = OperationKind::StopInstances;
        let find = |uuid: &str| {
            self.vim.instances.get(uuid).filter(|one| !one.deleted).map(|instance| self.facts(instance))
        };
        let hosts = match instances::moved_since_planned(wanted, find) {
            Some(reason) => Err(reason),
            None => self.by_host(&wanted.uuids),
        };
        let hosts = match hosts {
            Ok(hosts) => hosts,
            Err(reason) => return Done { refused: Some(reason), ..Done::default() },
        };
        let mut done = Done::default();
        for (host, wanted) in hosts {
            let mut moves = Vec::new();
            for uuid in Vim::to_stop(self.room.on_host(&host).into_iter()) {
                let Some(instance) = self.vim.instances.get(&uuid).filter(|_| wanted.contains(&uuid)) else {
                    continue;
                };
                if done.refused.is_some() {
                    moves.push(self.not_begun(instance, &host));
                    continue;
                }
                let fate = self.vim.stop_fate(instance, &host, KIND);
                let (shown, refused) = self.vim.stop_shown(instance, &host, &fate);
                if fate == StopFate::Stop {
                    self.stopped.insert(uuid);
                }
                done.refused = done.refused.or(refused);
                moves.push(shown);
            }
            done.add(self.vim.time_for(moves.iter(), usize::MAX), moves);
        }
        done
    }

    fn start(&mut self, wanted: &Instances) -> Done {
        let mut done = Done::default();
        let mut moves = Vec::new();
        for instance in wanted.uuids.iter().filter_map(|uuid| self.vim.instances.get(uuid)) {
            if self.stopped.remove(instance.uuid()) || !instance.is_enabled() {
                let host = self.room.host_of(instance).unwrap_or_default();
                moves.push(self.vim.instance_move(instance, host, ActionType::Start.as_str()));
            }
        }
        done.add(self.vim.time_for(moves.iter(), usize::MAX), moves);
        done
    }

    /// What came to the hosts after the plan was made goes first.
    fn lock(&mut self, hosts: &Hosts, task: &Task) -> Done {
        let mut done = Done::default();
        let left = instances::in_the_way(self.facts_on(&hosts.names));
        if !left.is_empty() {
            if self.instance_action == InstanceAction::Migrate {
                let uuids: Vec<_> = left.iter().map(|instance| instance.uuid.clone()).collect();
                done = self.migrate(&uuids);
            }
            let left = instances::in_the_way(self.facts_on(&hosts.names));
            if !left.is_empty() && done.refused.is_none() {
                done.refused = Some(instances::not_emptied(hosts, &left));
            }
        }
        self.room.close(&hosts.names);
        let locking = self.of_step(task).estimate;
        done.estimate = sum([&done.estimate, &locking].into_iter());
        done
    }
}

impl Done {
    /// A further host, whose instances move at the same time as those of the others.
    fn add(&mut self, time: Estimate, moves: Vec<InstanceMove>) {
        if time.seconds > self.estimate.seconds {
            self.estimate = time;
        }
        self.moves.extend(moves);
    }
}
