//! The rows of the contract's tables of client calls and listener routes.

use std::collections::BTreeMap;

const CONTRACT: &str = include_str!("../../../../docs/contract/southbound.md");

/// Tables of client calls: heading, module, headers that all of its requests have, where its paths begin.
const TABLES: [(&str, &str, &str, &str); 13] = [
    ("### 1.6 ", "keystone", "", ""),
    ("### 3.1 ", "nova", "", "/nova"),
    ("### 3.2 ", "nova", "W C 2.53", "/nova"),
    ("### 3.3 ", "nova", "W C 2.53", "/nova"),
    ("### 3.4 ", "neutron", "", "/neutron"),
    ("### 3.5 ", "cinder", "W", ""),
    ("### 3.6 ", "glance", "", "/glance"),
    ("### 3.8 ", "sysinv", "", "/sysinv/v1"),
    ("### 3.9 ", "mtc", "C U", "/mtc"),
    ("### 3.10 ", "guest", "C U", "/guest"),
    ("### 3.11 ", "patching", "", "/patching"),
    ("### 3.13 ", "kubernetes_client", "", "/kubernetes"),
    ("### 12.7 ", "fm", "", ""),
];

/// Calls that the contract names and nobody makes, beside those without a user.
const NOT_MADE: [&str; 1] = ["kubernetes_client.taint_node"];

/// A call as the contract has it.
#[derive(Debug, Clone)]
pub struct Row {
    /// Method and target of its requests, the last one its own; `*` stands for what is no `/`.
    pub requests: Vec<String>,
    /// Headers of its own request, see `Seen::marks`; none: not told in a form that is read here.
    pub marks: String,
    /// Bodies that the row gives in full.
    pub bodies: Vec<serde_json::Value>,
}

/// The lines of the tables below a heading, each as its cells; bars inside quotes belong to their cell.
fn table_rows(heading: &str) -> Vec<Vec<String>> {
    let found = CONTRACT.split_once(&format!("\n{heading}")).unwrap_or_else(|| panic!("{heading}"));
    let section = found.1.split("\n### ").next().unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|') && !line.starts_with("|--"));
    let rows: Vec<Vec<String>> = rows
        .map(|line| line.replace("\\|", "\u{1}"))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect())
        .collect();
    assert!(!rows.is_empty(), "{heading} has no table");
    rows
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// `W`, `C`, `U` and Nova's version, from the words of the contract.
fn marks(cells: &str) -> Option<String> {
    if cells.contains("no WH") {
        return Some(String::new());
    }
    if cells.contains("body = empty delete options") {
        return Some("C".to_owned());
    }
    let words: Vec<&str> = cells.split(|c: char| !c.is_alphanumeric()).collect();
    let known = [("WH", "W"), ("CT", "C"), ("UA", "U"), ("V", "2.53"), ("V38", "2.38")];
    let found: Vec<&str> =
        known.iter().filter(|(word, _)| words.contains(word)).map(|(_, mark)| *mark).collect();
    (!found.is_empty()).then(|| found.join(" "))
}

/// A quoted request as method and pattern; none when it is something else.
fn pattern(quoted: &str, prefix: &str) -> Option<String> {
    let (method, rest) = quoted.split_once(' ')?;
    if !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method) {
        return None;
    }
    let target = rest.split(' ').next()?;
    let bases = [("{keystone}", "/keystone"), ("{cinder}", "/cinder/v2/p1"), ("{fm}", "/fm")];
    let target = match bases.iter().find_map(|(name, base)| Some((base, target.strip_prefix(name)?))) {
        Some((base, rest)) => format!("{base}{rest}"),
        None => format!("{prefix}{target}"),
    };
    let mut out = format!("{method} ");
    let mut depth = 0;
    for c in target.replace("limit=n", "limit=*").chars() {
        match c {
            '{' | '[' => {
                depth += 1;
                if depth == 1 {
                    out.push('*');
                }
            }
            '}' | ']' => depth -= 1,
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    Some(out)
}

/// Whether a request line fits a pattern.
pub fn fits(pattern: &str, line: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == line,
        Some((head, rest)) => line.strip_prefix(head).is_some_and(|line| {
            let ends = line.char_indices().map(|(at, _)| at).chain([line.len()]);
            ends.take_while(|at| !line[..*at].contains('/')).any(|at| fits(rest, &line[at..]))
        }),
    }
}

/// Every call that somebody makes, by `module.call`.
pub fn calls() -> BTreeMap<String, Row> {
    let mut all = BTreeMap::new();
    for (heading, module, common, prefix) in TABLES {
        for cells in table_rows(heading) {
            let (first, users) = (&cells[0], cells.last().unwrap());
            if first == "Call" || first.is_empty() || users == "-" {
                continue;
            }
            let request = &cells[1];
            let mut requests: Vec<String> =
                quoted(request).iter().filter_map(|text| pattern(text, prefix)).collect();
            if requests.is_empty() && heading == "### 3.2 " {
                requests.push(pattern("POST /v2.1/{t}/servers/{id}/action", prefix).unwrap());
            }
            if request.contains("the PATCH of note 1") {
                requests.extend(pattern("PATCH /api/v1/nodes/{node}", prefix));
            }
            let told = marks(&cells[1..cells.len() - 1].join(" "));
            let row = Row {
                requests,
                marks: match told {
                    // all of the table's requests have the common ones, these and their own
                    Some(own) if heading == "### 3.5 " => format!("{common} {own}"),
                    Some(own) => own,
                    None => common.to_owned(),
                },
                bodies: quoted(request)
                    .iter()
                    // without places for names and ids
                    .filter(|text| !text.contains("\"{"))
                    .filter_map(|text| serde_json::from_str::<serde_json::Value>(text).ok())
                    .filter(|body| body.is_object() || body.is_array())
                    .collect(),
            };
            for name in first.split(" / ") {
                let name = name.split('(').next().unwrap().trim().replace(' ', "_");
                let name = format!("{module}.{name}");
                if !NOT_MADE.contains(&name.as_str()) {
                    assert!(all.insert(name.clone(), row.clone()).is_none(), "{name} stands twice");
                }
            }
        }
    }
    all
}

/// Every route of the listeners: port and what is sent there.
pub fn routes() -> Vec<String> {
    let mut all = Vec::new();
    let headings = CONTRACT.lines().filter_map(|line| {
        let heading = line.trim_start_matches('#').trim();
        (line.starts_with("###") && heading.starts_with("7.")).then_some(heading)
    });
    // 7.2 only tells the four meanings of a PATCH apart
    let headings = headings.filter(|heading| !heading.starts_with("7.2 "));
    all.extend(headings.map(|heading| format!("30001 {}", heading.split(':').next().unwrap())));
    for cells in table_rows("## 8. ") {
        match quoted(&cells[0]).first() {
            Some(quoted) => all.push(format!("30002 {quoted}")),
            None => assert!(
                ["Request", ""].contains(&cells[0].as_str()) || cells[0].starts_with("`event"),
                "{cells:?}"
            ),
        }
    }
    for cells in table_rows("### 9.2 ") {
        all.extend(quoted(&cells[0]).into_iter().map(|key| format!("30003 {key}")));
    }
    for cells in table_rows("## 10. ") {
        if cells[0].starts_with("version 1, ") {
            all.push(format!("30004 {}", quoted(&cells[0])[0]));
        }
    }
    // the head line of the table of events, and the request that it breaks down
    all.retain(|route| route != "30002 event-type" && route != "30002 PATCH /nfvi-plugins/v1/instances*");
    all
}

#[test]
fn the_contract_is_read_as_it_is_meant() {
    let calls = calls();
    assert!(calls.len() > 90, "{} calls", calls.len());
    for (call, request, marks) in [
        ("keystone.get_tenants", "GET /keystone/v3/projects", ""),
        ("nova.get_flavors", "GET /nova/v2.1/*/flavors?is_public=None*", "W 2.53"),
        ("nova.get_servers", "GET /nova/v2.1/*/servers?limit=*&all_tenants=1", "W"),
        ("nova.resize_server_confirm", "POST /nova/v2.1/*/servers/*/action", "W C 2.53"),
        ("nova.create_host_services", "PUT /nova/v2.1/*/os-services/create", "W C 2.38"),
        ("nova.query_host_services", "GET /nova/v2.1/*/os-services?host=*", ""),
        ("cinder.get_volume", "GET /cinder/v2/p1/volumes/*", "W"),
        ("sysinv.lock_host", "PATCH /sysinv/v1/ihosts/*", "C U"),
        ("guest.guest_services_vote", "POST /guest/v1/instances/*/vote", "C U"),
        ("fm.get_alarms", "GET /fm/alarms?include_suppress=True", ""),
    ] {
        let row = calls.get(call).unwrap_or_else(|| panic!("{call} in {:?}", calls.keys()));
        assert_eq!((row.requests.last().unwrap().as_str(), row.marks.as_str()), (request, marks), "{call}");
    }
    assert!(!calls.contains_key("nova.attach_volume"), "nobody makes it");
    assert!(fits("GET /a/*/c?x=*", "GET /a/b/c?x=1") && !fits("GET /a/*/c", "GET /a/b/b/c"));
    let routes = routes();
    for route in ["30001 7.3 State change", "30002 alarm", "30003 os-migrateLive", "30004 booting"] {
        assert!(routes.iter().any(|known| known == route), "{route} in {routes:#?}");
    }
}
