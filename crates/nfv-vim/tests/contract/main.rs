//! The rows of the contract's tables, each with cases that name it. Contract: vim-behaviour.
//!
//! A case names its row: section number and the first cells of the row, as [`contract`] makes them from the markdown
//! (`2.4 enabled (no) / lock, unlock, disable`). It drives the core through inputs and effects only, with a [`rig`]. The
//! case tables of the modules below are what runs, and what `every_row_has_a_test` compares with the document.
//!
//! To add a section: write a module with `cases()` and `ELSEWHERE`, put it into `sections!`, and the section into
//! [`coverage::STATES_BEHAVIOUR`]. The names come from the report, `target/coverage-of-contract.txt`.
#![allow(clippy::unwrap_used)] // in helpers of tests
#![allow(clippy::type_complexity)] // rows of tables

mod case;
mod contract;
mod coverage;
mod guest;
mod held_back;
mod mistake;
mod preview;
mod rig;
mod scene;
#[path = "../sim/mod.rs"]
mod sim;
mod storm;
mod strategy_orders;
mod sysinv;

/// Each module with its rows: what is executed is what is counted.
macro_rules! sections {
    ($($module:ident,)+) => {
        $(mod $module;)+

        /// The cases of all modules, and the rows that are tested elsewhere.
        fn all() -> Vec<(Vec<case::Case>, &'static [case::Elsewhere])> {
            vec![$(($module::cases(), $module::ELSEWHERE),)+]
        }

        mod rows_hold {
            $(
                #[test]
                fn $module() {
                    crate::case::run(crate::$module::cases());
                }
            )+
        }
    };
}

sections! {
    api_object,
    audit_cycle,
    audit_detail,
    director,
    dor,
    guest_rest,
    guest_services,
    guest_task,
    guest_work,
    host_director,
    host_fact,
    host_services,
    host_task,
    host_transition,
    instance_action,
    instance_event,
    instance_state,
    instance_update,
    neighbour,
    objects,
    operator_text,
    sw_mgmt,
}
