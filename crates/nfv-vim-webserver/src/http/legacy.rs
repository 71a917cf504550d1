//! The original's URLs over HTTP. Contract: vim-api 3.2.

use super::{Site, answer};
use crate::alarms;
use crate::asset;
use crate::legacy::callback::callback;
use crate::legacy::overview::{AlarmCounts, Overview, datetime};
use crate::legacy::route::{DataUrl, ICON, ListUrl, Route};
use crate::legacy::{file, list};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use nfv_common::pyjson;
use nfv_vim_db::{DbError, ReadError, Reader, Tables};
use std::time::Duration;

/// How long a request waits for its turn to read.
const TURN_LIMIT: Duration = Duration::from_secs(10);

/// Type of JSONP in the original.
const JSON: &str = "application/json";

/// Answers a request that is not the console's.
pub async fn answer(
    request: &HttpRequest,
    site: &web::Data<Site>,
    route: Route,
    target: &str,
) -> HttpResponse {
    match route {
        Route::Index => answer::asset(request, &asset::INDEX),
        Route::Favicon => {
            let content = file::read(&site.settings.source_dir, "/images/windriver-favicon.ico");
            content.map_or_else(|| answer::asset(request, &asset::ICON), |content| found(ICON, content))
        }
        Route::File(kind) => {
            let (directory, name) = (site.settings.source_dir.clone(), target.to_owned());
            match web::block(move || file::read(&directory, &name)).await {
                Ok(Some(content)) => found(kind, content),
                Ok(None) => nothing(),
                Err(error) => failed(&error.to_string()),
            }
        }
        Route::Data(data) => match callback(target) {
            None => HttpResponse::BadRequest()
                .reason("Bad Request: does not exist")
                .insert_header((header::CONTENT_TYPE, JSON))
                .finish(),
            Some(name) => match read(site, data).await {
                Ok(text) => found(JSON, format!("{name}({text})").into_bytes()),
                Err(error) => failed(&error),
            },
        },
        Route::Nothing => nothing(),
    }
}

async fn read(site: &web::Data<Site>, data: DataUrl) -> Result<String, String> {
    let time = datetime(&jiff::Zoned::now());
    match data {
        DataUrl::Alarms => {
            let alarms = alarms::ask(&site.client, &site.hub).await?;
            let severities = alarms.iter().map(|alarm| alarm.severity.as_str());
            Ok(pyjson::to_string(&AlarmCounts::count(severities, time)))
        }
        DataUrl::Overview => {
            in_turn(site, move |tables| Ok(pyjson::to_string(&Overview::read(tables, time)?))).await
        }
        DataUrl::List(list) => in_turn(site, move |tables| read_list(tables, list)).await,
    }
}

fn read_list(tables: &mut Tables<'_>, list: ListUrl) -> Result<String, ReadError> {
    list::read(tables, list)
}

/// Reads the database in a thread that may wait, when it is this request's turn.
pub async fn in_turn<T: Send + 'static>(
    site: &Site,
    work: impl FnOnce(&mut Tables<'_>) -> Result<T, ReadError> + Send + 'static,
) -> Result<T, String> {
    let turn = tokio::time::timeout(TURN_LIMIT, site.readers.acquire()).await;
    let _turn = turn.map_err(|_| "too many requests read the database".to_owned())?;
    let directory = site.settings.database_dir.clone();
    let read = web::block(move || -> Result<T, DbError> { Reader::open(&directory)?.read(work) }).await;
    read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// As the original sends it: with its type and no other header of ours, for its pages carry scripts of their own and
/// load data as scripts.
fn found(kind: &'static str, content: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, kind)).body(content)
}

/// Where the original closes the connection.
fn nothing() -> HttpResponse {
    HttpResponse::build(StatusCode::NOT_FOUND).finish()
}

/// The same, because of an error inside.
fn failed(error: &str) -> HttpResponse {
    tracing::warn!(logger = "nfv_vim.webserver.webserver", "A request could not be answered: {error}.");
    HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE).finish()
}
