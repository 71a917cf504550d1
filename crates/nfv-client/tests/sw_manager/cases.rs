//! What is asked of `sw-manager` in which surroundings. What it answers stands in `recorded/`.

use crate::fake::{Reply, Script};
use crate::strategies::{STATES, in_state, no_phase, odd, strategy};
use serde_json::json;

pub const TOKEN: &str = "TOKEN-4711";
pub const PASSWORD: &str = "PASSWORD-4711";

/// One run.
pub struct Case {
    pub name: String,
    pub arguments: Vec<String>,
    /// `{server}` stands for the server's address.
    pub environment: Vec<(String, String)>,
    pub script: Script,
}

impl Case {
    pub fn new(name: impl Into<String>, line: &str, script: Script) -> Self {
        let arguments = line.split_whitespace().map(str::to_owned).collect();
        let environment = ENVIRONMENT.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { name: name.into(), arguments, environment: environment.collect(), script }
    }

    /// With a variable more, or another value, or without it.
    pub fn variable(mut self, name: &str, value: Option<&str>) -> Self {
        self.environment.retain(|(known, _)| known != name);
        if let Some(value) = value {
            self.environment.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

const ENVIRONMENT: [(&str, &str); 8] = [
    ("OS_AUTH_URL", "{server}/v3"),
    ("OS_PROJECT_NAME", "admin"),
    ("OS_PROJECT_DOMAIN_NAME", "Default"),
    ("OS_USERNAME", "admin"),
    ("OS_PASSWORD", PASSWORD),
    ("OS_USER_DOMAIN_NAME", "Default"),
    ("OS_REGION_NAME", "RegionOne"),
    ("OS_INTERFACE", "internal"),
];

/// An address at which nobody listens.
pub const NOBODY: &str = "http://127.0.0.1:1";

/// The groups; each has a file of its own.
pub fn groups() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("usage", usage()),
        ("help", help()),
        ("settings", settings()),
        ("outcomes", outcomes()),
        ("bodies", bodies()),
        ("shapes", shapes()),
        ("keystone", keystone()),
        ("traffic", traffic()),
        ("proxy", proxy()),
    ]
}

pub const AREAS: [(&str, &str); 2] = [("patch-strategy", "sw-patch"), ("upgrade-strategy", "sw-upgrade")];
const COMMANDS: [&str; 5] = ["create", "delete", "apply", "abort", "show"];

/// The token that Keystone gives, with the catalog.
pub fn token() -> Reply {
    token_with(json!([
        {"type": "compute", "name": "nova", "id": "1", "endpoints": []},
        {"type": "nfv", "name": "vim", "id": "2", "endpoints": [
            {"region": "RegionOne", "region_id": "RegionOne", "interface": "public", "url": format!("{NOBODY}/public"), "id": "3"},
            {"region": "RegionTwo", "region_id": "RegionTwo", "interface": "internal", "url": format!("{NOBODY}/two"), "id": "4"},
            {"region": "RegionOne", "region_id": "RegionOne", "interface": "internal", "url": "{server}", "id": "5"},
        ]},
    ]))
}

pub fn token_with(catalog: serde_json::Value) -> Reply {
    Reply::json(
        "201 Created",
        json!({"token": {"catalog": catalog, "expires_at": "2030-01-01T00:00:00.000000Z"}}),
    )
    .with("X-Subject-Token", TOKEN)
}

pub fn logged_in() -> Script {
    Script::default().on("POST", "/v3/auth/tokens", token())
}

/// Method and path of a command's request.
pub fn request(command: &str, name: &str) -> (&'static str, String) {
    let path = format!("/api/orchestration/{name}/strategy");
    match command {
        "create" => ("POST", path),
        "delete" => ("DELETE", path),
        "apply" | "abort" => ("POST", format!("{path}/actions")),
        _ => ("GET", path),
    }
}

/// A command that gets this answer.
fn answered(name: &str, (area, kind): (&str, &str), command: &str, options: &str, reply: Reply) -> Case {
    let (method, path) = request(command, kind);
    let script = logged_in().on(method, &path, reply);
    Case::new(format!("{name} | {area} {command} {options}"), &format!("{area} {command} {options}"), script)
}

fn usage() -> Vec<Case> {
    let mut lines: Vec<String> = [
        "",
        "foo",
        "-- patch-strategy show",
        "-x",
        "-hx",
        "-h=",
        "-hh",
        "--help=1",
        "--he",
        "--foo patch-strategy show",
        "--os",
        "--os-u",
        "--os-auth",
        "--os-auth-url",
        "--debug=1",
        "--de=1",
        "--d",
        "--=x",
        "--",
        "-",
        "- show",
        "-1 show",
        "-a show",
        "patch-strategy",
        "patch-strategy foo",
        "patch-strategy -x",
        "patch-strategy --",
        "patch-strategy show --debug",
        "patch-strategy show --os-username x",
        "patch-strategy --os",
        "patch-strategy create --os",
        "patch-strategy create --d",
        "--os-username",
        "--os-username --os-password x",
        "--os-username -- patch-strategy show",
        "--os-username= patch-strategy foo",
        "upgrade foo",
        "patch-strategy sho",
        "patch-strategy create -- x",
        "caf\u{e9} show",
        "it's show",
        "patch-strategy create --worker-apply-type caf\u{e9}",
        "patch-strategy create --worker-apply-type it's",
        "patch-strategy show --details caf\u{e9} x",
        "--unknown patch-strategy show x --more",
        "patch-strategy --unknown show x",
        "-v",
        "--version",
        "patch-strategy show -h -x",
        "patch-strategy show x -h",
        "patch-strategy -hx",
    ]
    .map(str::to_owned)
    .to_vec();
    for (area, _) in AREAS {
        for command in COMMANDS {
            for options in ["x", "-x", "--foo", "--", "-- x", "-h x", "-1", "--fo=3"] {
                lines.push(format!("{area} {command} {options}"));
            }
        }
        for options in [
            "create --max-parallel-worker-hosts",
            "create --max-parallel-worker-hosts x",
            "create --max-parallel-worker-hosts 1",
            "create --max-parallel-worker-hosts 101",
            "create --max-parallel-worker-hosts 11",
            "create --max-parallel-worker-hosts -1",
            "create --max-parallel-worker-hosts -5.5",
            "create --max-parallel-worker-hosts 2.5",
            "create --max-parallel-worker-hosts=",
            "create --max-parallel-worker-hosts 99999999999999999999",
            "create --max-parallel-worker-hosts 0x3",
            "create --max-parallel-worker-hosts -x",
            "create --controller-apply-type parallel",
            "create --controller-apply-type",
            "create --storage-apply-type foo",
            "create --worker-apply-type foo",
            "create --worker-apply-type --x",
            "create --worker-apply-type=",
            "create --instance-action foo",
            "create --alarm-restrictions foo",
            "create --a",
            "create --a foo",
            "create --c",
            "create --st foo",
            "create --s=foo",
            "create --i",
            "create --complete-upgrade=1",
            "create --complete x",
            "create --start-upgrade",
            "create --swift-apply-type serial",
            "create serial",
            "delete --force=1",
            "delete --f x",
            "delete force",
            "apply --stage-id",
            "apply --stage-id -- 1",
            "apply --stage-id -x",
            "apply 1",
            "apply --s",
            "abort --stage-id",
            "abort --stage",
            "abort -1",
            "show --details=1",
            "show --detail x",
            "show details",
            "show --active",
            "show --error-details",
        ] {
            lines.push(format!("{area} {options}"));
        }
    }
    lines.iter().map(|line| Case::new(line.clone(), line, Script::default())).collect()
}

fn help() -> Vec<Case> {
    let mut lines =
        vec!["-h".to_owned(), "--help".to_owned(), "patch-strategy create -x --c".to_owned(), String::new()];
    for (area, _) in AREAS {
        lines.push(format!("{area} -h"));
        lines.push(format!("{area} foo"));
        lines.extend(COMMANDS.iter().map(|command| format!("{area} {command} -h")));
    }
    let widths = [
        None,
        Some("0"),
        Some("-5"),
        Some("20"),
        Some("30"),
        Some("40"),
        Some("60"),
        Some("79"),
        Some("100"),
        Some("132"),
        Some("200"),
        Some("2000"),
        Some("x"),
        Some(""),
        Some(" 50 "),
    ];
    let mut cases = Vec::new();
    for line in lines {
        for width in widths {
            let name = format!("COLUMNS={width:?} {line}");
            cases.push(Case::new(name, &line, Script::default()).variable("COLUMNS", width));
        }
    }
    cases
}

fn settings() -> Vec<Case> {
    let show = "patch-strategy show";
    let none = || {
        logged_in().on(
            "GET",
            "/api/orchestration/sw-patch/strategy",
            Reply::json("200 OK", r#"{"strategy": null}"#),
        )
    };
    let mut cases = Vec::new();
    for (name, _) in ENVIRONMENT {
        if name != "OS_PROJECT_DOMAIN_NAME" {
            cases.push(Case::new(format!("without {name}"), show, none()).variable(name, None));
            cases.push(
                Case::new(format!("create without {name}"), "upgrade-strategy create", none())
                    .variable(name, None),
            );
        }
        cases.push(Case::new(format!("empty {name}"), show, none()).variable(name, Some("")));
        let option = name.to_lowercase().replace('_', "-");
        let line = format!("--{option} other {show}");
        cases.push(Case::new(format!("{name} as option"), &line, none()));
        cases.push(Case::new(format!("{name} as option alone"), &line, none()).variable(name, None));
        cases.push(Case::new(
            format!("{name} as option, twice"),
            &format!("--{option} a --{option}=b {show}"),
            none(),
        ));
        cases.push(Case::new(format!("{name} as empty option"), &format!("--{option}= {show}"), none()));
    }
    let nothing = ENVIRONMENT
        .iter()
        .fold(Case::new("nothing at all", show, none()), |case, (name, _)| case.variable(name, None));
    cases.push(nothing);
    cases.push(Case::new("abbreviated options", "--os-user=x --os-userna=y patch-strategy show", none()));
    cases.push(Case::new(
        "abbreviated option",
        "--os-userna=y --os-r RegionOne --os-i=internal patch-strategy show",
        none(),
    ));
    cases.push(
        Case::new("password beyond ascii", show, none())
            .variable("OS_PASSWORD", Some("p\u{e4}ss\"w\\\u{20ac}")),
    );
    cases
}

const FAULT: &str = r#"{"debuginfo": null, "faultcode": "Server", "faultstring": "The server has either erred or is incapable of performing the requested operation."}"#;

fn replies() -> Vec<(&'static str, Reply)> {
    let json = |status: &str, body: &str| Reply::json(status, body);
    vec![
        ("no strategy", json("200 OK", r#"{"strategy": null}"#)),
        ("empty object", json("200 OK", "{}")),
        ("empty list", json("200 OK", "[]")),
        ("null", json("200 OK", "null")),
        ("false", json("200 OK", "false")),
        ("zero", json("200 OK", "0")),
        ("empty text", json("200 OK", "\"\"")),
        ("nothing, 204", Reply::empty("204 No Content")),
        ("nothing, 200", Reply::empty("200 OK")),
        ("no json", Reply::of("200 OK", "text/html", "<html>")),
        ("202", json("202 Accepted", r#"{"strategy": null}"#)),
        (
            "400 fault",
            json(
                "400 Bad Request",
                r#"{"debuginfo": null, "faultcode": "Client", "faultstring": "Invalid input for field/attribute stage-id. Value: 'x'. unable to convert to int..."}"#,
            ),
        ),
        ("400 without text", json("400 Bad Request", r#"{"faultcode": "Client"}"#)),
        ("400 text of null", json("400 Bad Request", r#"{"faultstring": null}"#)),
        ("400 empty text", json("400 Bad Request", r#"{"faultstring": ""}"#)),
        ("401", Reply::of("401 Unauthorized", "text/plain", "who?")),
        ("403", Reply::empty("403 Forbidden")),
        ("403 fault", json("403 Forbidden", FAULT)),
        ("404", Reply::of("404 Not Found", "text/html; charset=UTF-8", "<html>not found</html>")),
        ("404 fault", json("404 Not Found", FAULT)),
        ("405", Reply::of("405 Method Not Allowed", "text/plain", "")),
        ("409", json("409 Conflict", FAULT)),
        ("409 empty", Reply::empty("409 Conflict")),
        ("500 fault", json("500 Internal Server Error", FAULT)),
        ("500 fault without charset", Reply::of("500 Internal Server Error", "application/json", FAULT)),
        ("500 fault as html", Reply::of("500 Internal Server Error", "text/html", FAULT)),
        (
            "500 text",
            Reply::of(
                "500 Internal Server Error",
                "text/plain",
                "A server error occurred.  Please contact the administrator.",
            ),
        ),
        ("500 own words", Reply::of("500 It Broke", "text/plain", "x")),
        ("503", Reply::of("503 Service Unavailable", "text/html", "<html>\n<body>503</body></html>\n")),
        ("closed", Reply::Close),
    ]
}

fn outcomes() -> Vec<Case> {
    let mut cases = Vec::new();
    for area in AREAS {
        for command in COMMANDS {
            for (name, reply) in replies() {
                cases.push(answered(name, area, command, "", reply));
            }
            let ready = json!({"strategy": in_state(area.1, "ready-to-apply")});
            cases.push(answered("strategy", area, command, "", Reply::json("200 OK", ready)));
            let (_, path) = request(command, area.1);
            let catalog = json!([{"type": "nfv", "name": "vim", "endpoints": [
                {"region": "RegionOne", "interface": "internal", "url": format!("{NOBODY}")}]}]);
            let script = Script::default().on("POST", "/v3/auth/tokens", token_with(catalog));
            cases.push(Case::new(
                format!("nobody at {path} | {} {command}", area.0),
                &format!("{} {command}", area.0),
                script,
            ));
            if matches!(command, "apply" | "abort") {
                for (name, reply) in
                    replies().into_iter().filter(|(name, _)| name.contains("fault") || *name == "404")
                {
                    cases.push(answered(name, area, command, "--stage-id 1", reply));
                }
            }
        }
        cases.push(answered(
            "show follows a redirect",
            area,
            "show",
            "",
            Reply::empty("302 Found").with("Location", "{server}/elsewhere"),
        ));
        cases.push(answered(
            "create follows a redirect",
            area,
            "create",
            "",
            Reply::empty("303 See Other").with("Location", "{server}/elsewhere"),
        ));
    }
    for case in &mut cases {
        let elsewhere = json!({"strategy": in_state("sw-patch", "applied")});
        case.script =
            std::mem::take(&mut case.script).on("GET", "/elsewhere", Reply::json("200 OK", elsewhere));
    }
    cases
}

fn bodies() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |line: &str| {
        let mut words = line.split_whitespace();
        let (area, command) = (words.next().unwrap(), words.next().unwrap());
        let area = *AREAS.iter().find(|(known, _)| *known == area).unwrap();
        let options = words.collect::<Vec<_>>().join(" ");
        let strategy = json!({"strategy": in_state(area.1, "building")});
        let reply = if command == "delete" {
            Reply::empty("204 No Content")
        } else {
            Reply::json("200 OK", strategy)
        };
        cases.push(answered("body", area, command, &options, reply));
    };
    for controllers in ["", "serial", "ignore"] {
        for (storage, workers) in
            [("", ""), ("serial", "parallel"), ("parallel", "ignore"), ("ignore", "serial")]
        {
            for (action, alarms, hosts) in
                [("", "", ""), ("migrate", "relaxed", "2"), ("stop-start", "strict", "100")]
            {
                let option = |name: &str, value: &str| {
                    if value.is_empty() { String::new() } else { format!(" --{name} {value}") }
                };
                add(&format!(
                    "patch-strategy create{}{}{}{}{}{}",
                    option("controller-apply-type", controllers),
                    option("storage-apply-type", storage),
                    option("worker-apply-type", workers),
                    option("instance-action", action),
                    option("alarm-restrictions", alarms),
                    option("max-parallel-worker-hosts", hosts)
                ));
                if controllers.is_empty() {
                    let hosts = if hosts == "100" { "10" } else { hosts };
                    for complete in ["", " --complete-upgrade"] {
                        add(&format!(
                            "upgrade-strategy create{complete}{}{}{}{}",
                            option("storage-apply-type", storage),
                            option("worker-apply-type", workers),
                            option("alarm-restrictions", alarms),
                            option("max-parallel-worker-hosts", hosts)
                        ));
                    }
                }
            }
        }
    }
    for (area, _) in AREAS {
        for options in [
            "create --w=parallel --m +3",
            "create --st parallel --a=relaxed",
            "create --max=05",
            "delete",
            "delete --force",
            "delete --f",
            "apply",
            "apply --stage-id 1",
            "apply --stage-id=-1",
            "apply --s -1",
            "apply --stage-id x",
            "apply --stage-id=",
            "apply --stage-id 1 --stage-id 2",
            "abort",
            "abort --stage-id 0",
            "abort --st=3",
            "abort --stage-id caf\u{e9}",
            "show",
            "show --details",
            "show --d",
        ] {
            add(&format!("{area} {options}"));
        }
    }
    cases
}

fn shapes() -> Vec<Case> {
    let mut cases = Vec::new();
    for area in AREAS {
        for state in STATES {
            for (command, options) in [
                ("show", ""),
                ("show", "--details"),
                ("apply", ""),
                ("abort", "--stage-id 1"),
                ("create", ""),
            ] {
                let body = json!({"strategy": in_state(area.1, state)});
                cases.push(answered(state, area, command, options, Reply::json("200 OK", body)));
            }
        }
        // both kinds are shown by the same lines; one is enough for what the API never sends
        for (name, body) in odd().into_iter().filter(|_| area == AREAS[0]) {
            for options in ["", "--details"] {
                cases.push(answered(
                    name,
                    area,
                    "show",
                    options,
                    Reply::json("200 OK", json!({"strategy": body})),
                ));
            }
        }
        let empty = strategy("", "", "", 0, ["build", "apply", "abort"].map(no_phase));
        cases.push(answered(
            "empty",
            area,
            "show",
            "--details",
            Reply::json("200 OK", json!({"strategy": empty})),
        ));
        // what the two commands show does not depend on which of them is asked
        let other = AREAS.iter().find(|other| **other != area).unwrap();
        let body = json!({"strategy": in_state(other.1, "applied")});
        cases.push(answered("the other kind", area, "show", "--details", Reply::json("200 OK", body)));
    }
    cases
}

fn keystone() -> Vec<Case> {
    let refused = json!({"error": {"message": "The request you have made requires authentication.", "code": 401, "title": "Unauthorized"}});
    let vim = |endpoints: serde_json::Value| {
        token_with(json!([{"type": "nfv", "name": "vim", "endpoints": endpoints}]))
    };
    let endpoint =
        |region: &str, interface: &str| json!({"region": region, "interface": interface, "url": "{server}"});
    let replies = [
        ("401", Reply::json("401 Unauthorized", &refused)),
        ("401 empty", Reply::empty("401 Unauthorized")),
        ("403", Reply::json("403 Forbidden", &refused)),
        ("400", Reply::json("400 Bad Request", &refused)),
        ("500", Reply::of("500 Internal Server Error", "text/html", "<html>")),
        ("503", Reply::of("503 Service Unavailable", "text/html", "<html>")),
        ("closed", Reply::Close),
        ("no json", Reply::of("201 Created", "text/html", "<html>").with("X-Subject-Token", TOKEN)),
        ("empty catalog", token_with(json!([]))),
        (
            "other services",
            token_with(
                json!([{"type": "compute", "name": "nova", "endpoints": [endpoint("RegionOne", "internal")]}]),
            ),
        ),
        (
            "other name",
            token_with(
                json!([{"type": "nfv", "name": "nfv", "endpoints": [endpoint("RegionOne", "internal")]}]),
            ),
        ),
        (
            "other type",
            token_with(
                json!([{"type": "vim", "name": "vim", "endpoints": [endpoint("RegionOne", "internal")]}]),
            ),
        ),
        ("no endpoints", vim(json!([]))),
        ("other region", vim(json!([endpoint("RegionTwo", "internal")]))),
        ("other interface", vim(json!([endpoint("RegionOne", "admin")]))),
        ("region of null", vim(json!([{"region": null, "interface": "internal", "url": "{server}"}]))),
        (
            "two entries",
            token_with(json!([
                {"type": "nfv", "name": "vim", "endpoints": []},
                {"type": "nfv", "name": "vim", "endpoints": [endpoint("RegionOne", "internal"), {"region": "RegionOne", "interface": "internal", "url": NOBODY}]},
            ])),
        ),
    ];
    let mut cases = Vec::new();
    for (name, reply) in replies {
        for command in ["patch-strategy show", "upgrade-strategy create", "patch-strategy apply --stage-id 1"]
        {
            let script = Script::default().on("POST", "/v3/auth/tokens", reply.clone()).on(
                "GET",
                "/api/orchestration/sw-patch/strategy",
                Reply::json("200 OK", r#"{"strategy": null}"#),
            );
            cases.push(Case::new(format!("{name} | {command}"), command, script));
        }
    }
    for url in
        [NOBODY, "localhost:5000/v3", "nonsense", "http://", "http:///v3", "http://127.0.0.1:abc/v3", "://x"]
    {
        let case = Case::new(format!("address {url}"), "patch-strategy show", Script::default());
        cases.push(case.variable("OS_AUTH_URL", Some(url)));
    }
    cases
}

fn traffic() -> Vec<Case> {
    let mut cases = Vec::new();
    for area in AREAS {
        for command in COMMANDS {
            for (name, reply) in [
                ("strategy", Reply::json("200 OK", json!({"strategy": in_state(area.1, "applied")}))),
                ("500 fault", Reply::json("500 Internal Server Error", FAULT)),
                (
                    "503",
                    Reply::of("503 Service Unavailable", "text/html", "<html>\n<body>503</body></html>\n"),
                ),
            ] {
                let mut case = answered(name, area, command, "", reply);
                case.arguments.insert(0, "--debug".to_owned());
                cases.push(case);
            }
        }
    }
    let refused = Script::default().on("POST", "/v3/auth/tokens", Reply::empty("401 Unauthorized"));
    cases.push(Case::new("refused", "--debug patch-strategy show", refused));
    cases
}

/// Proxies that the environment names.
fn proxy() -> Vec<Case> {
    let keystone = "http://keystone.invalid/v3";
    let catalog = json!([{"type": "nfv", "name": "vim", "endpoints": [
        {"region": "RegionOne", "interface": "internal", "url": "http://vim.invalid:4545"}]}]);
    let none = || Reply::json("200 OK", r#"{"strategy": null}"#);
    let through = || {
        Script::default()
            .on("POST", "http://keystone.invalid/v3/auth/tokens", token_with(catalog.clone()))
            .on("GET", "http://vim.invalid:4545/api/orchestration/sw-patch/strategy", none())
    };
    let direct = || logged_in().on("GET", "/api/orchestration/sw-patch/strategy", none());
    let show = "patch-strategy show";
    let by = |name: &str, variable: &str| {
        Case::new(name, show, through())
            .variable("OS_AUTH_URL", Some(keystone))
            .variable(variable, Some("{server}"))
    };
    vec![
        by("http_proxy", "http_proxy"),
        by("HTTP_PROXY", "HTTP_PROXY"),
        Case::new("no_proxy", show, direct())
            .variable("http_proxy", Some(NOBODY))
            .variable("no_proxy", Some("localhost,127.0.0.1")),
        Case::new("no_proxy for all", show, direct())
            .variable("http_proxy", Some(NOBODY))
            .variable("no_proxy", Some("*")),
        Case::new("proxy that is not there", show, direct()).variable("http_proxy", Some(NOBODY)),
        Case::new("proxy for https only", show, direct()).variable("https_proxy", Some(NOBODY)),
    ]
}
