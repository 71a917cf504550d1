//! The decisions about an object, read from the database for nfv-vim-api. docs/extensions.md, "History".

use nfv_vim_db::Database;
use nfv_vim_rpc::history::{Decision, GetHistory, History, ObjectType};
use nfv_vim_rpc::{Response, ResponseBody as Body, ResultCode};

/// The answer. A decision that cannot be read is left out and logged.
pub(super) fn show(database: &mut Database, asked: &GetHistory) -> Response {
    let GetHistory { object_type, object, limit } = asked.clone();
    let kind = object_type.map(ObjectType::as_str).unwrap_or_default();
    let key = object.as_deref().unwrap_or_default();
    let limit = limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(i64::MAX);
    match database.decisions(kind, key, limit) {
        Ok(rows) => {
            let read = |row: nfv_vim_db::row::DecisionRow| {
                serde_json::from_str::<Decision>(&row.data)
                    .inspect_err(|error| {
                        tracing::warn!(
                            logger = "nfv_vim.database",
                            file = "_database.py",
                            "Decision {} about {kind} {key} cannot be read: {error}.",
                            row.seq
                        );
                    })
                    .ok()
            };
            let decisions = rows.into_iter().filter_map(read).collect();
            Response::success(Body::GetHistory(History { object_type, object, decisions }))
        }
        Err(error) => {
            tracing::error!(logger = "nfv_vim.database", file = "_database.py", "No decisions: {error}.");
            Response::without(ResultCode::Failed, Body::GetHistory)
        }
    }
}
