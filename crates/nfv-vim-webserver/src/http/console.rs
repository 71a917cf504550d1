//! The data of the console's pages.

use super::legacy::in_turn;
use super::{Site, answer};
use crate::feed::{Entry, Subject};
use crate::legacy::list;
use crate::picture::Picture;
use actix_web::{HttpResponse, web};
use nfv_vim_db::{ReadError, Tables};
use nfv_vim_rpc::history::{Decision, ObjectType};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

/// So many entries come without asking for a number, and at most.
const ENTRIES: usize = 200;
const MAX_ENTRIES: usize = 2000;

/// So many decisions come at most, the latest.
const DECISIONS: i64 = 100;

/// As JSON.
pub(super) fn to_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// The whole picture, with its revision: what the stream tells from then on fits to it.
pub fn state(site: &web::Data<Site>) -> HttpResponse {
    let picture = site.hub.picture();
    answer::json(state_text(&picture, site))
}

fn state_text(picture: &Picture, site: &Site) -> String {
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    let stock: Vec<_> = picture.stock.iter().map(|table| (table.name, table.rows)).collect();
    format!(
        "{{\"revision\":{},\"columns\":{},\"hosts\":{},\"instances\":{},\"strategies\":{},\"system\":{},\"stock\":{},\
         \"held_alarms\":{},\"unreadable\":{},\"alarms\":{},\"source\":{},\"version\":\"{}\"}}",
        picture.revision,
        to_text(&crate::picture::INSTANCE_COLUMNS),
        list(picture.hosts.values().map(|host| to_text(host.as_ref())).collect()),
        list(picture.instances.values().map(|instance| to_text(instance.as_ref())).collect()),
        list(picture.strategies.iter().map(|strategy| to_text(strategy.as_ref())).collect()),
        to_text(&picture.system),
        to_text(&stock),
        list(picture.alarms.values().map(|alarm| to_text(alarm.as_ref())).collect()),
        picture.unreadable,
        to_text(&site.hub.alarms.look()),
        to_text(&site.hub.note()),
        env!("CARGO_PKG_VERSION"),
    )
}

/// One of the tables that change seldom.
pub fn stock(site: &web::Data<Site>, name: &str) -> HttpResponse {
    let picture = site.hub.picture();
    let table = picture.stock.iter().find(|table| table.name == name).map(Arc::clone);
    match table {
        Some(table) => answer::json(table.json.clone()),
        None if crate::picture::STOCK_TABLES.contains(&name) => {
            answer::plain(503, "The database was not read yet.")
        }
        None => answer::plain(404, "There is no such table."),
    }
}

/// A host with its details and what happened to it.
pub async fn host(site: &web::Data<Site>, name: &str) -> HttpResponse {
    let Some(name) = decoded(name) else { return answer::plain(400, "The name cannot be read.") };
    let wanted = name.clone();
    let read = in_turn(site, move |tables| {
        Ok((tables.host(&wanted)?, decisions(tables, ObjectType::Host, &wanted)?))
    });
    let (row, decisions) = match read.await {
        Ok(found) => found,
        Err(error) => return answer::plain(503, &error),
    };
    let Some(row) = row else { return answer::plain(404, "There is no such host.") };
    let facts = json!({
        "uptime": row.uptime,
        "upgrade_inprogress": row.upgrade_inprogress,
        "recover_instances": row.recover_instances,
        "host_services_locked": row.host_services_locked,
    });
    let detail = list::host(row);
    let subject = Subject::Host(name.clone());
    let feed = site.hub.feed();
    let entries = feed.newest(ENTRIES, |entry| entry.subject == subject || mentions(&entry.text, &name));
    answer::json(to_text(
        &json!({"detail": detail, "facts": facts, "decisions": decisions, "entries": entries}),
    ))
}

/// An instance with its details and what happened to it.
pub async fn instance(site: &web::Data<Site>, uuid: &str) -> HttpResponse {
    let Some(uuid) = decoded(uuid) else { return answer::plain(400, "The id cannot be read.") };
    let wanted = uuid.clone();
    let read = in_turn(site, move |tables| {
        Ok((tables.instance(&wanted)?, decisions(tables, ObjectType::Instance, &wanted)?))
    });
    let (row, decisions) = match read.await {
        Ok(found) => found,
        Err(error) => return answer::plain(503, &error),
    };
    let Some(row) = row else { return answer::plain(404, "There is no such instance.") };
    let mut detail = list::instance(&row);
    // what a user passed with the action may hold a token
    if let Some(detail) = &mut detail {
        for key in ["action_data", "last_action_data"] {
            if let Some(action) = detail[key]["nfvi_action_data"].as_object_mut() {
                action.remove("context");
            }
        }
    }
    let subject = Subject::Instance(uuid);
    let feed = site.hub.feed();
    let entries = feed.newest(ENTRIES, |entry| entry.subject == subject);
    answer::json(to_text(&json!({"detail": detail, "decisions": decisions, "entries": entries})))
}

/// What was decided about an object, the latest first. What cannot be read is left out.
fn decisions(tables: &mut Tables<'_>, kind: ObjectType, key: &str) -> Result<Vec<Decision>, ReadError> {
    let rows = tables.decisions(kind.as_str(), key, DECISIONS)?;
    Ok(rows.iter().filter_map(|row| serde_json::from_str(&row.data).ok()).collect())
}

/// The newest entries of the feed: `limit`, and `before` an id.
pub fn entries(site: &web::Data<Site>, query: &str) -> HttpResponse {
    let number = |name: &str| {
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)?.1.parse().ok()
    };
    let limit = number("limit").map_or(ENTRIES, |limit: u64| (limit as usize).min(MAX_ENTRIES));
    let before = number("before").unwrap_or(u64::MAX);
    let feed = site.hub.feed();
    let found: Vec<&Entry> = feed.newest(limit, |entry| entry.id < before);
    answer::json(to_text(&found))
}

/// The name stands in the text as a word.
fn mentions(text: &str, name: &str) -> bool {
    let part = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
        !name.is_empty() && !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// A percent-encoded segment of a path.
pub(super) fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_mentioned_as_a_word_only() {
        for (text, mentioned) in [
            ("evacuate to compute-1", true),
            ("compute-1: enabled", true),
            ("on host compute-10", false),
            ("xcompute-1", false),
            ("compute-10 and compute-1.", true),
            ("", false),
        ] {
            assert_eq!(mentions(text, "compute-1"), mentioned, "{text}");
        }
        assert!(!mentions("text", ""));
    }

    #[test]
    fn segments_are_decoded_once() {
        assert_eq!(decoded("a%20b%C3%A9").as_deref(), Some("a bé"));
        assert_eq!(decoded("%2541").as_deref(), Some("%41"));
        for bad in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
