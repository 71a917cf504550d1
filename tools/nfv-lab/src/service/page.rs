//! Pages of lists by `limit` and `marker`, with the link to the next one.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::Request;

/// One page.
#[derive(Debug)]
pub struct Page<'a, T> {
    /// What is on it.
    pub items: Vec<&'a T>,
    /// Id of the last item, when more follow.
    pub next: Option<String>,
}

/// The page that a request asks for, out of a map that is ordered by id.
///
/// # Errors
/// `limit` is no number, or `marker` is not in the map.
pub fn page<'a, T>(
    map: &'a BTreeMap<String, T>,
    request: &Request,
    most: usize,
    keep: impl Fn(&T) -> bool,
) -> Result<Page<'a, T>, String> {
    let limit = match request.query("limit") {
        None => most,
        Some(text) => {
            let limit: usize = text
                .parse()
                .map_err(|_| format!("Invalid input for query parameters limit. Value: {text}."))?;
            if limit == 0 { most } else { limit.min(most) }
        }
    };
    let from = match request.query("marker") {
        None => Bound::Unbounded,
        Some(marker) if map.contains_key(marker) => Bound::Excluded(marker.to_owned()),
        Some(marker) => return Err(format!("marker [{marker}] not found")),
    };
    let mut rest = map.range((from, Bound::Unbounded)).filter(|(_, item)| keep(item));
    let mut items = Vec::with_capacity(limit.min(map.len()));
    let mut last = None;
    for (id, item) in rest.by_ref().take(limit) {
        items.push(item);
        last = Some(id);
    }
    let more = rest.next().is_some();
    Ok(Page { items, next: last.filter(|_| more).cloned() })
}

/// The query of the request with another marker.
#[must_use]
pub fn next_query(request: &Request, marker: &str) -> String {
    let mut query: Vec<_> = request
        .query_text
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("marker="))
        .map(str::to_owned)
        .collect();
    query.push(format!("marker={marker}"));
    query.join("&")
}

/// The absolute link to the next page, as Nova, Neutron and Cinder give it.
#[must_use]
pub fn next_link(request: &Request, marker: &str) -> serde_json::Value {
    let href = format!("{}{}?{}", request.base(), request.path, next_query(request, marker));
    serde_json::json!([{"rel": "next", "href": href}])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> BTreeMap<String, u32> {
        (0..7).map(|n| (format!("id{n}"), n)).collect()
    }

    #[test]
    fn pages_follow_each_other_and_the_last_has_no_link() {
        let map = map();
        let mut request = Request::new("GET", "/x?limit=3&all_tenants=1");
        let mut seen = Vec::new();
        let mut pages = 0;
        loop {
            let page = page(&map, &request, 1000, |_| true).expect("a page");
            seen.extend(page.items.iter().map(|item| **item));
            pages += 1;
            let Some(marker) = page.next else { break };
            let query = next_query(&request, &marker);
            assert!(query.starts_with("limit=3&all_tenants=1&marker="), "{query}");
            request = Request::new("GET", &format!("/x?{query}"));
        }
        assert_eq!(seen, (0..7).collect::<Vec<_>>());
        assert_eq!(pages, 3);
    }

    #[test]
    fn a_full_last_page_ends_the_list() {
        let map: BTreeMap<_, _> = (0..6).map(|n| (format!("id{n}"), n)).collect();
        let request = Request::new("GET", "/x?limit=3&marker=id2");
        let page = page(&map, &request, 1000, |_| true).expect("a page");
        assert_eq!((page.items.len(), page.next), (3, None));
    }

    #[test]
    fn the_service_s_own_limit_cuts_and_bad_values_are_refused() {
        let map = map();
        let plain = Request::new("GET", "/x");
        assert_eq!(page(&map, &plain, 5, |_| true).expect("a page").items.len(), 5);
        assert!(page(&map, &Request::new("GET", "/x?limit=a"), 5, |_| true).is_err());
        assert!(page(&map, &Request::new("GET", "/x?marker=zz"), 5, |_| true).is_err());
        let odd = page(&map, &Request::new("GET", "/x?limit=2"), 5, |n| n % 2 == 1).expect("a page");
        assert_eq!(odd.items, [&1, &3]);
        assert!(odd.next.is_some());
    }
}
