//! Software management: the one software update there is, its requests, and what it hears. Contract: vim-behaviour
//! 5.4, strategies 6.
//!
//! The strategy lives in `core::strategy`; here it meets the core. What it sees of the cloud and asks of it goes
//! through `CoreWorld` (`sw_mgmt_world`). Its row is written whenever something that is stored has changed.

use super::sw_mgmt_world::CoreWorld;
use crate::core::strategy::{Asker, Question, SwUpdate, UpdateData, UpdateKind};
use crate::core::strategy::{StrategyInputs, World};
use crate::core::{Event, Level, TimerKey, Vim};
use nfv_common::pyjson;
use nfv_common::strategy::{AlarmRestriction, ApplyType, InstanceAction, Place};
use nfv_nfvi::{CallResult, RequestId};
use nfv_vim_db::row::SwUpdateRow;
use nfv_vim_db::{Quarantined, Write};
use nfv_vim_rpc::strategy::{CreateStrategy, Strategy as StrategyText};
use nfv_vim_rpc::{Request, Response, ResponseBody as Body, ResultCode};

/// Logger of the software management director.
pub(super) const LOGGER: &str = "nfv_vim.sw_mgmt_director";
/// Its source file in the logs.
pub(super) const FILE: &str = "_sw_mgmt_director.py";

/// What software management remembers.
#[derive(Debug, Default)]
pub(in crate::core) struct SwMgmt {
    /// At most one in the system.
    update: Option<SwUpdate>,
    /// Number of the strategies made in this process: an answer to a deleted one is not for the next.
    pub(super) serial: u64,
    /// It was loaded, and what waits has not gone on yet.
    to_resume: bool,
    /// Rows to be removed.
    gone: Vec<String>,
}

/// News for the strategy that is being carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwMgmtEvent {
    /// sysinv did not take a lock.
    HostLockFailed {
        /// The host.
        host: String,
    },
    /// sysinv did not take an unlock.
    HostUnlockFailed {
        /// The host.
        host: String,
    },
    /// sysinv did not take a reboot.
    HostRebootFailed {
        /// The host.
        host: String,
    },
    /// sysinv did not take an upgrade.
    HostUpgradeFailed {
        /// The host.
        host: String,
    },
    /// sysinv did not take a swact.
    HostSwactFailed {
        /// The host.
        host: String,
    },
    /// A service of a host could not be taken down.
    DisableHostServicesFailed {
        /// The host.
        host: String,
    },
    /// A service of a host could not be taken up.
    EnableHostServicesFailed {
        /// The host.
        host: String,
    },
    /// A host was looked at and is as it was.
    HostAudit {
        /// The host.
        host: String,
    },
    /// A host's state machine is in another state.
    HostStateChanged {
        /// The host.
        host: String,
    },
    /// Nova shows an instance in another state, or elsewhere.
    InstanceStateChanged {
        /// The instance.
        uuid: String,
    },
    /// An instance was looked at and is as it was. The original sends its `host-audit` instead (docs/differences.md).
    InstanceAudit {
        /// The instance.
        uuid: String,
    },
    /// Instances that were to be moved off a host will not all go.
    MigrateInstancesFailed {
        /// Why.
        reason: String,
    },
}

impl SwMgmtEvent {
    /// The name in logs, as the original has it, mistake included.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::HostLockFailed { .. } => "host-lock-failed",
            Self::HostUnlockFailed { .. } => "host-unlock-failed",
            Self::HostRebootFailed { .. } => "host-reboot-failed",
            Self::HostUpgradeFailed { .. } => "host-upgrade-failed",
            Self::HostSwactFailed { .. } => "host-swact-failed",
            Self::DisableHostServicesFailed { .. } => "disable-host-services-failed",
            Self::EnableHostServicesFailed { .. } => "enable-host-services-failed",
            Self::HostAudit { .. } => "host-audit",
            Self::HostStateChanged { .. } => "host-state-changed",
            Self::InstanceStateChanged { .. } => "instance-state-chagned",
            Self::InstanceAudit { .. } => "instance-audit",
            Self::MigrateInstancesFailed { .. } => "migrate-instances-failed",
        }
    }
}

impl Vim {
    /// Software management hears this after what is being handled.
    pub(in crate::core) fn tell_sw_mgmt(&mut self, event: SwMgmtEvent) {
        self.queue.push_back(Event::SwMgmt(event));
    }

    /// Software management hears this.
    pub(in crate::core) fn sw_mgmt_event(&mut self, event: SwMgmtEvent) {
        self.with_update(|update, world| update.handle(&event, world));
        self.sw_mgmt_heard.push(event);
    }

    /// What software management heard while the last input was handled.
    pub fn sw_mgmt_heard(&self) -> &[SwMgmtEvent] {
        &self.sw_mgmt_heard
    }

    /// The software update there is.
    pub fn sw_update(&self) -> Option<&SwUpdate> {
        self.sw_mgmt.update.as_ref()
    }

    /// Lets the software update do something, if there is one.
    fn with_update<R>(&mut self, act: impl FnOnce(&mut SwUpdate, &mut dyn World) -> R) -> Option<R> {
        let mut update = self.sw_mgmt.update.take()?;
        let mut world = CoreWorld { kind: update.kind, vim: self };
        let result = act(&mut update, &mut world);
        self.sw_mgmt.update = Some(update);
        self.arm_sw_mgmt();
        Some(result)
    }

    fn arm_sw_mgmt(&mut self) {
        match self.sw_mgmt.update.as_ref().and_then(SwUpdate::next_deadline) {
            Some(at) => self.timers.arm(TimerKey::SwMgmt, at),
            None => {
                self.timers.cancel(&TimerKey::SwMgmt);
            }
        }
    }

    /// A deadline of a step, or of the audit, has come.
    pub(in crate::core) fn sw_mgmt_due(&mut self) {
        self.with_update(|update, world| update.tick(world));
    }

    /// The step still waits that a question was asked for; a question whose step is over must not leave any more.
    pub(in crate::core) fn sw_mgmt_waits_at(&self, serial: u64, place: Place) -> bool {
        let waiting = self.sw_mgmt.update.as_ref().and_then(SwUpdate::strategy);
        serial == self.sw_mgmt.serial
            && waiting.and_then(|strategy| strategy.waiting_step()).is_some_and(|(now, _)| now == place)
    }

    /// A question was answered.
    pub(in crate::core) fn sw_mgmt_answered(
        &mut self,
        serial: u64,
        question: &Question,
        asker: Asker,
        result: CallResult,
    ) {
        if serial != self.sw_mgmt.serial {
            return;
        }
        let result = super::sw_mgmt_world::reply(result);
        self.with_update(|update, world| update.answer(asker, question, result, world));
    }

    /// All hosts were listed: what an earlier process had under way can go on.
    pub(in crate::core) fn sw_mgmt_cloud_heard(&mut self) {
        if std::mem::take(&mut self.sw_mgmt.to_resume) {
            self.with_update(|update, world| update.resume(world));
        }
    }

    /// The row of the software update, if it must be written, and those that must go.
    pub(in crate::core) fn strategy_write(&mut self) -> Vec<Write> {
        let gone = std::mem::take(&mut self.sw_mgmt.gone);
        let mut writes: Vec<_> = gone.into_iter().map(|uuid| Write::DeleteSwUpdate { uuid }).collect();
        if let Some(update) = &mut self.sw_mgmt.update
            && update.take_changed()
            && let Some(stored) = update.to_stored()
        {
            writes.push(Write::PutSwUpdate(SwUpdateRow {
                uuid: update.uuid.clone(),
                sw_update_type: update.kind.as_str().to_owned(),
                strategy_data: pyjson::to_string(&stored),
            }));
        }
        writes
    }

    /// Loads the software update that an earlier process had; of several the last that can be read. A row that cannot
    /// be read stays in the file, is told of, and is in nobody's way.
    pub(in crate::core) fn load_strategies(&mut self, rows: Vec<SwUpdateRow>) -> Vec<Quarantined> {
        let mut bad = Vec::new();
        for row in rows {
            let Some(kind) = UpdateKind::parse(&row.sw_update_type) else { continue };
            let mut world = CoreWorld { vim: self, kind };
            let alarms = world.raised();
            match SwUpdate::load(row.uuid.clone(), kind, &row.strategy_data, alarms, &mut world) {
                Ok(update) if update.strategy().is_none() => {
                    // a strategy that was being deleted: without one, the row would forbid every other
                    self.sw_mgmt.gone.push(row.uuid);
                }
                Ok(update) => {
                    if self.sw_mgmt.update.is_some() {
                        let text = "More than one software update found".to_owned();
                        self.log(Level::Error, LOGGER, FILE, text);
                    }
                    if let Some(strategy) = update.strategy() {
                        let text =
                            format!("Strategy {} ({}) is {}.", strategy.name, strategy.uuid, strategy.state);
                        self.log(Level::Info, LOGGER, FILE, text);
                    }
                    self.sw_mgmt.to_resume = update.is_under_way();
                    self.sw_mgmt.update = Some(update);
                }
                Err(reason) => {
                    let table = "sw_updates".to_owned();
                    bad.push(Quarantined { table, key: row.uuid, reason });
                }
            }
        }
        self.arm_sw_mgmt();
        self.clear_ownerless_strategy_alarms();
        bad
    }

    /// A request about strategies.
    pub(in crate::core) fn strategy_requested(&mut self, id: RequestId, request: &Request) {
        match request {
            Request::CreateStrategy(body) => self.create_strategy(id, body, false, false),
            Request::CreateUpgradeStrategy(body) => self.create_strategy(
                id,
                &body.strategy,
                body.start_upgrade.unwrap_or(false),
                body.complete_upgrade.unwrap_or(false),
            ),
            Request::ApplyStrategy(body) => {
                let Some(uuid) = self.strategy_of(body.sw_update_type.as_deref()) else {
                    return self.refuse(id, ResultCode::NotFound, Body::ApplyStrategy);
                };
                let stage = body.stage_id.map(|id| id as usize);
                let result = self.with_update(|update, world| update.apply(&uuid, stage, world));
                self.answer_strategy(id, result.unwrap_or(Ok(())), Body::ApplyStrategy);
            }
            Request::AbortStrategy(body) => {
                let Some(uuid) = self.strategy_of(body.sw_update_type.as_deref()) else {
                    return self.refuse(id, ResultCode::NotFound, Body::AbortStrategy);
                };
                let stage = body.stage_id.map(|id| id as usize);
                let result = self.with_update(|update, world| update.abort(&uuid, stage, world));
                self.answer_strategy(id, result.unwrap_or(Ok(())), Body::AbortStrategy);
            }
            Request::DeleteStrategy(body) => {
                let Some(uuid) = self.strategy_of(body.sw_update_type.as_deref()) else {
                    return self.refuse(id, ResultCode::NotFound, Body::DeleteStrategy);
                };
                match self.with_update(|update, world| update.delete(&uuid, body.force, world)) {
                    Some(Err(reason)) => {
                        self.log(
                            Level::Info,
                            LOGGER,
                            FILE,
                            format!("The strategy is not deleted: {reason}."),
                        );
                        self.refuse_strategy(id, ResultCode::Failed, reason, Body::DeleteStrategy);
                    }
                    Some(Ok(())) | None => {
                        self.sw_mgmt.gone.extend(self.sw_mgmt.update.take().map(|update| update.uuid));
                        self.arm_sw_mgmt();
                        self.respond(id, Response::success(Body::DeleteStrategy(StrategyText::default())));
                    }
                }
            }
            Request::GetStrategy(body) => {
                let found = self.strategy_of(body.sw_update_type.as_deref());
                match found.filter(|uuid| body.uuid.as_ref().is_none_or(|wanted| wanted == uuid)) {
                    None => self.refuse(id, ResultCode::NotFound, Body::GetStrategy),
                    Some(_) => self.answer_strategy(id, Ok(()), Body::GetStrategy),
                }
            }
            _ => self.refuse(id, ResultCode::Failed, Body::CreateStrategy),
        }
    }

    /// Uuid of the strategy of this kind.
    fn strategy_of(&self, kind: Option<&str>) -> Option<String> {
        let update = self.sw_mgmt.update.as_ref().filter(|update| Some(update.kind.as_str()) == kind)?;
        update.strategy().map(|strategy| strategy.uuid.clone())
    }

    fn create_strategy(&mut self, id: RequestId, body: &CreateStrategy, start: bool, complete: bool) {
        let Some(kind) = body.sw_update_type.as_deref().and_then(UpdateKind::parse) else {
            let text = format!("Invalid message name: {}", body.sw_update_type.as_deref().unwrap_or("None"));
            self.log(Level::Error, LOGGER, FILE, text);
            return self.refuse(id, ResultCode::Failed, Body::CreateStrategy);
        };
        if self.sw_mgmt.update.is_some() {
            let reason = "strategy already exists".to_owned();
            self.log(Level::Info, LOGGER, FILE, reason.clone());
            return self.refuse_strategy(id, ResultCode::Conflict, reason, Body::CreateStrategy);
        }
        let inputs = inputs(body, start, complete);
        let config = &self.config.sw_mgmt;
        let data = UpdateData::new(kind, &inputs, &config.ignore_alarms, config.single_controller);
        let (object_uuid, strategy_uuid) = (self.new_uuid(), self.new_uuid());
        self.sw_mgmt.serial += 1;
        let mut world = CoreWorld { vim: self, kind };
        match SwUpdate::create(object_uuid, strategy_uuid, kind, data, &mut world) {
            Ok(update) => {
                self.sw_mgmt.update = Some(update);
                self.sw_mgmt.to_resume = false;
                self.arm_sw_mgmt();
                self.answer_strategy(id, Ok(()), Body::CreateStrategy);
            }
            Err(reason) => {
                self.log(Level::Error, LOGGER, FILE, format!("The strategy is not created: {reason}."));
                self.refuse_strategy(id, ResultCode::Failed, reason, Body::CreateStrategy);
            }
        }
    }

    fn answer_strategy(&mut self, id: RequestId, result: Result<(), String>, body: fn(StrategyText) -> Body) {
        if let Err(reason) = result {
            self.log(
                Level::Info,
                LOGGER,
                FILE,
                format!("A request about the strategy is refused: {reason}."),
            );
            return self.refuse_strategy(id, ResultCode::Failed, reason, body);
        }
        let stored = self.sw_mgmt.update.as_ref().and_then(SwUpdate::to_stored);
        let strategy = stored.map(|stored| pyjson::to_string(&stored));
        self.respond(id, Response::success(body(StrategyText { strategy, error_string: None })));
    }

    /// A refusal that says why.
    fn refuse_strategy(
        &mut self,
        id: RequestId,
        result: ResultCode,
        reason: String,
        body: fn(StrategyText) -> Body,
    ) {
        let text = StrategyText { strategy: None, error_string: Some(reason) };
        self.respond(id, Response { result, body: body(text) });
    }
}

/// The values as the messages give them. Contract: strategies 7.2.
fn inputs(body: &CreateStrategy, start_upgrade: bool, complete_upgrade: bool) -> StrategyInputs {
    let apply = |text: &Option<String>| match text.as_deref() {
        Some("parallel") => ApplyType::Parallel,
        Some("serial") => ApplyType::Serial,
        _ => ApplyType::Ignore,
    };
    StrategyInputs {
        controller_apply_type: apply(&body.controller_apply_type),
        storage_apply_type: apply(&body.storage_apply_type),
        swift_apply_type: apply(&body.swift_apply_type),
        worker_apply_type: apply(&body.worker_apply_type),
        max_parallel_worker_hosts: body.max_parallel_worker_hosts.unwrap_or(2) as usize,
        default_instance_action: match body.default_instance_action.as_deref() {
            Some("migrate") => InstanceAction::Migrate,
            _ => InstanceAction::StopStart,
        },
        alarm_restrictions: match body.alarm_restrictions.as_deref() {
            Some("strict") => AlarmRestriction::Strict,
            _ => AlarmRestriction::Relaxed,
        },
        start_upgrade,
        complete_upgrade,
    }
}
