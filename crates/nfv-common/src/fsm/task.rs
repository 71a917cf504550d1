//! A task: works run in order, with a deadline for each and for the whole. Contract: vim-behaviour 1.5.

use crate::time::Mono;
use std::time::Duration;

/// One work of a task.
pub trait Work {
    /// The longest it may wait.
    fn limit(&self) -> Duration;
}

/// How a task or work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskResult {
    /// All went well.
    Success,
    /// Done, but not as well as wanted.
    Degraded,
    /// Did not go.
    Failed,
    /// Took too long.
    TimedOut,
    /// Given up from outside.
    Aborted,
}

/// What running a work, or an event for it, comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The work is done.
    Done,
    /// The work failed; empty when there is nothing to say.
    Failed(String),
    /// The work waits for this, at most for its limit.
    Wait(String),
}

/// For what something waits, since when and until when. Operators see it, the simulator checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// For what.
    pub what: String,
    /// Since.
    pub since: Mono,
    /// Until; then it counts as timed out.
    pub until: Mono,
}

/// Where a task is after a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Run the next work.
    Next,
    /// The current work waits.
    Waiting,
    /// The task is over.
    Finished {
        /// How.
        result: TaskResult,
        /// Why, if it did not go well and somebody said so.
        reason: String,
    },
}

/// Works in order. Whoever owns the task runs the works; the task keeps the books.
#[derive(Debug, Clone)]
pub struct Task<W> {
    name: String,
    id: u64,
    works: Vec<W>,
    cursor: usize,
    deadline: Mono,
    waiting: Option<Waiting>,
    finished: Option<TaskResult>,
}

/// The whole may take as long as all its works, and this. Contract: vim-behaviour 1.5.
const TASK_MARGIN: Duration = Duration::from_secs(1);

impl<W: Work + Clone> Task<W> {
    /// A task that starts now. `id` tells answers to this task from answers to an earlier one.
    pub fn start(name: String, id: u64, works: Vec<W>, now: Mono) -> Self {
        let deadline = now + total(&works) + TASK_MARGIN;
        Self { name, id, works, cursor: 0, deadline, waiting: None, finished: None }
    }

    /// Its name, as in the logs.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// True until it is over.
    pub const fn in_progress(&self) -> bool {
        self.finished.is_none()
    }

    /// How it ended, once it has.
    pub const fn result(&self) -> Option<TaskResult> {
        self.finished
    }

    /// The work that runs or is to run next; none when the task is over.
    pub fn current(&self) -> Option<&W> {
        if self.in_progress() { self.works.get(self.cursor) } else { None }
    }

    /// The same, to change what it remembers.
    pub fn current_mut(&mut self) -> Option<&mut W> {
        if self.in_progress() { self.works.get_mut(self.cursor) } else { None }
    }

    /// What the current work waits for.
    pub const fn waiting(&self) -> Option<&Waiting> {
        self.waiting.as_ref()
    }

    /// When the whole must be over at the latest.
    pub const fn deadline(&self) -> Mono {
        self.deadline
    }

    /// When something must be decided at the latest: the current wait's end or the task's own.
    pub fn due(&self) -> Option<Mono> {
        let waiting = self.waiting.as_ref()?;
        self.in_progress().then(|| waiting.until.min(self.deadline))
    }

    /// True when the deadline that passed is the whole task's and not the current work's.
    pub fn is_task_overdue(&self, now: Mono) -> bool {
        self.in_progress() && now >= self.deadline && self.waiting.as_ref().is_some_and(|w| w.until > now)
    }

    /// Takes in what a step of the current work came to.
    pub fn record(&mut self, step: Step, now: Mono) -> Progress {
        match step {
            Step::Done => {
                self.waiting = None;
                self.cursor += 1;
                if self.cursor < self.works.len() {
                    return Progress::Next;
                }
                self.finish(TaskResult::Success, String::new())
            }
            Step::Failed(reason) => self.finish(TaskResult::Failed, reason),
            Step::Wait(what) => {
                match &mut self.waiting {
                    Some(waiting) => waiting.what = what,
                    None => {
                        let limit = self.works.get(self.cursor).map_or(Duration::ZERO, Work::limit);
                        self.waiting = Some(Waiting { what, since: now, until: now + limit });
                    }
                }
                Progress::Waiting
            }
        }
    }

    /// The current work's time is over and nothing saves it.
    pub fn time_out(&mut self, reason: String) -> Progress {
        self.finish(TaskResult::TimedOut, reason)
    }

    /// Gives the current work `limit` from now, and the whole task accordingly.
    pub fn extend(&mut self, limit: Duration, now: Mono) {
        if let Some(waiting) = &mut self.waiting {
            waiting.until = now + limit;
            let rest: Duration = self.works.iter().skip(self.cursor + 1).map(Work::limit).sum();
            self.deadline = now + limit + rest + TASK_MARGIN;
        }
    }

    /// Gives the task up. The works to be undone: from the current one back to the first. Contract: 1.5 "abort".
    pub fn abort(&mut self) -> Vec<W> {
        if !self.in_progress() {
            return Vec::new();
        }
        self.finished = Some(TaskResult::Aborted);
        self.waiting = None;
        self.begun()
    }

    /// The works begun so far, last first.
    pub fn begun(&self) -> Vec<W> {
        self.works.iter().take(self.cursor + 1).rev().cloned().collect()
    }

    fn finish(&mut self, result: TaskResult, reason: String) -> Progress {
        self.finished = Some(result);
        self.waiting = None;
        Progress::Finished { result, reason }
    }
}

fn total<W: Work>(works: &[W]) -> Duration {
    works.iter().map(Work::limit).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Chore(&'static str, u64);

    impl Work for Chore {
        fn limit(&self) -> Duration {
            Duration::from_secs(self.1)
        }
    }

    fn at(seconds: u64) -> Mono {
        Mono::at(Duration::from_secs(seconds))
    }

    fn task() -> Task<Chore> {
        Task::start("t".into(), 7, vec![Chore("a", 10), Chore("b", 20)], at(0))
    }

    #[test]
    fn works_run_in_order_and_the_last_one_ends_the_task() {
        let mut task = task();
        assert_eq!(task.current(), Some(&Chore("a", 10)));
        assert_eq!(task.record(Step::Done, at(0)), Progress::Next);
        assert_eq!(task.current(), Some(&Chore("b", 20)));
        let end = Progress::Finished { result: TaskResult::Success, reason: String::new() };
        assert_eq!(task.record(Step::Done, at(0)), end);
        assert!(!task.in_progress());
        assert_eq!(task.current(), None);
    }

    #[test]
    fn a_wait_has_what_since_and_until() {
        let mut task = task();
        assert_eq!(task.record(Step::Wait("nova".into()), at(1)), Progress::Waiting);
        let waiting = task.waiting().unwrap();
        assert_eq!((waiting.what.as_str(), waiting.since, waiting.until), ("nova", at(1), at(11)));
        assert_eq!(task.due(), Some(at(11)));
        // saying again for what it waits does not move the deadline
        task.record(Step::Wait("still nova".into()), at(5));
        assert_eq!(task.due(), Some(at(11)));
    }

    #[test]
    fn the_whole_task_has_its_own_deadline() {
        let mut task = task();
        task.record(Step::Done, at(15));
        task.record(Step::Wait("b".into()), at(15));
        assert_eq!(task.due(), Some(at(31)), "sum of works and one second");
        assert!(task.is_task_overdue(at(31)));
        assert!(!task.is_task_overdue(at(30)));
    }

    #[test]
    fn extending_restarts_both_deadlines() {
        let mut task = task();
        task.record(Step::Wait("a".into()), at(0));
        task.extend(Duration::from_secs(100), at(5));
        assert_eq!(task.due(), Some(at(105)));
        assert!(!task.is_task_overdue(at(104)));
    }

    #[test]
    fn failure_and_abort_name_the_works_to_undo_last_first() {
        let mut failed = task();
        failed.record(Step::Done, at(0));
        let end = Progress::Finished { result: TaskResult::Failed, reason: "no".into() };
        assert_eq!(failed.record(Step::Failed("no".into()), at(0)), end);
        assert_eq!(failed.begun(), [Chore("b", 20), Chore("a", 10)]);
        assert!(failed.abort().is_empty(), "a task that is over is not aborted");

        let mut aborted = task();
        assert_eq!(aborted.abort(), [Chore("a", 10)]);
        assert_eq!(aborted.result(), Some(TaskResult::Aborted));
    }
}
