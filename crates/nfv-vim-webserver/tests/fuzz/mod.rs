//! Paths, queries, headers and bodies that nobody would send: no answer is a 5xx, nothing panics, nothing grows.
//!
//! `NFV_WEB_FUZZ` is the number of requests (a thousand otherwise), `NFV_WEB_SEED` the seed.

use crate::decisions::Vim;
use crate::site;
use crate::world::World;
use fastrand::Rng;
use nfv_vim_rpc::ResultCode;
use nfv_vim_rpc::preview::Preview;

const METHODS: [&str; 14] = [
    "GET", "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE",
    "ZORK",
];
const KNOWN: [&str; 30] = [
    "/",
    "/console/main.js",
    "/console/api/session",
    "/console/api/login",
    "/console/api/logout",
    "/console/api/state",
    "/console/api/entries",
    "/console/api/stock/",
    "/console/api/stock/networks",
    "/console/api/host/",
    "/console/api/host/compute-3",
    "/console/api/instance/",
    "/console/api/preview/",
    "/console/api/preview/host/",
    "/console/api/preview/host/compute-3?action=fail",
    "/console/api/preview/strategy/sw-patch",
    "/console/stream",
    "/metrics",
    "/healthz",
    "/vim/overview",
    "/vim/alarms",
    "/vim/hosts",
    "/vim/instances",
    "/vim/instance_groups",
    "/vim/systems",
    "/vim/volumes",
    "/html/index.html",
    "/fonts/g.woff2",
    "/images/a.png",
    "/windriver-favicon.ico",
];
const PARTS: [&str; 24] = [
    "vim",
    "hosts",
    "console",
    "api",
    "host",
    "compute-0",
    "html",
    "index.html",
    "a.js",
    "a.css",
    "a.woff",
    "",
    ".",
    "..",
    "%2e%2e",
    "%2f",
    "%00",
    "%ff",
    "%",
    "%zz",
    "..%2f..%2fetc%2fpasswd",
    "a b",
    "*",
    ";x=1",
];
const QUERIES: [&str; 18] = [
    "?callback=x&_=1",
    "?callback=x&_=1",
    "?callback=x&",
    "?callback=&",
    "?callback",
    "?",
    "?&&&",
    "?callback=a.b[0].$c&",
    "?callback=alert(1)//&",
    "?callback=%00&",
    "?limit=0",
    "?limit=18446744073709551616",
    "?limit=-1&before=x",
    "?limit=2&before=1",
    "?before=18446744073709551615",
    "?a=b=c&=&x",
    "?callback=x&callback=y&",
    "?%ff=%",
];
const NAMES: [&str; 12] = [
    "Cookie",
    "If-None-Match",
    "Sec-Fetch-Site",
    "Content-Type",
    "X-Nfv-Console",
    "Accept",
    "Accept-Encoding",
    "Range",
    "X-Forwarded-Host",
    "Last-Event-ID",
    "Authorization",
    "Expect",
];
const VALUES: [&str; 12] = [
    "",
    "*",
    "cross-site",
    "application/json",
    "1",
    "nfv-session=",
    "nfv-session=%ff; nfv-session=a=b;;",
    "\"",
    "bytes=0-",
    "gzip;q=x",
    "W/\"a\", \"b\"",
    "100-continue",
];

/// Bytes, and whether they are HTTP that must be answered.
fn request(rng: &mut Rng) -> (Vec<u8>, bool) {
    let method = *rng.choice(METHODS.iter()).unwrap();
    let mut path = match rng.u8(0..4) {
        0 => (0..rng.usize(1..7)).map(|_| format!("/{}", rng.choice(PARTS.iter()).unwrap())).collect(),
        1 => format!("{}{}", rng.choice(KNOWN.iter()).unwrap(), rng.choice(PARTS.iter()).unwrap()),
        2 => format!("/console/api/instance/{}", site::uuid(2, rng.usize(0..80))),
        _ => (*rng.choice(KNOWN.iter()).unwrap()).to_owned(),
    };
    let mut sound = !path.contains(' ');
    match rng.u8(0..6) {
        0 | 1 => path += rng.choice(QUERIES.iter()).unwrap(),
        2 => path += &format!("?callback={}&", "x".repeat(rng.usize(1..3000))),
        3 if rng.u8(0..4) == 0 => {
            path = format!("http://{}{path}", rng.choice(["h", "[::1]:9", "a@b", "é"]).unwrap())
        }
        _ => {}
    }
    sound &= path.starts_with('/') && path.is_ascii();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n").into_bytes();
    for _ in 0..rng.u8(0..4) {
        let (name, value) = (*rng.choice(NAMES.iter()).unwrap(), *rng.choice(VALUES.iter()).unwrap());
        head.extend(format!("{name}: {value}\r\n").bytes());
    }
    if rng.u8(0..12) == 0 {
        head.extend(format!("X-{}: {}\r\n", rng.u32(..), "y".repeat(rng.usize(0..3000))).bytes());
    }
    if rng.u8(0..12) == 0 {
        // some bytes of a value are no text, and some end the header
        head.extend_from_slice(b"Cookie: ");
        head.extend((0..rng.usize(0..60)).map(|_| rng.u8(..)));
        head.extend_from_slice(b"\r\n");
        sound = false;
    }
    let body: Vec<u8> = match rng.u8(0..6) {
        0 => (0..rng.usize(0..200)).map(|_| rng.u8(..)).collect(),
        1 => br#"{"name": "x", "password": ["y"]}"#.to_vec(),
        2 => "[".repeat(rng.usize(1..12_000)).into_bytes(),
        _ => Vec::new(),
    };
    if !body.is_empty() {
        head.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    head.extend_from_slice(b"\r\n");
    head.extend(body);
    if rng.u8(0..16) == 0 {
        let at = rng.usize(..head.len());
        head[at] = rng.u8(..);
        sound = false;
    }
    (head, sound)
}

fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

fn play(section: &str, seed: u64, count: u64) {
    let vim = Vim::start(ResultCode::Success, Preview::default());
    let world = World::start(&format!("max_streams=100000\n{section}{}", vim.section()));
    world.until("the database is read", |world| world.get("/healthz").status == 200);
    let mut rng = Rng::with_seed(seed);
    let (mut classes, mut unanswered, mut first) = ([0u64; 6], 0u64, None);
    for n in 0..count {
        let (bytes, sound) = request(&mut rng);
        let shown = || format!("request {n} of seed {seed}: {}", String::from_utf8_lossy(&bytes));
        match world.raw(&bytes) {
            Some(answer) => {
                // the original says so to every method but GET
                let unsupported = answer.status == 501 && !bytes.starts_with(b"GET ");
                assert!(answer.status < 500 || unsupported, "{}\n{answer:?}", shown());
                classes[usize::from(answer.status / 100)] += 1;
            }
            None => {
                assert!(!sound, "no answer to {}\n{}", shown(), world.errors());
                unanswered += 1;
            }
        }
        if n == count / 4 {
            first = Some((resident(world.pid()), descriptors(world.pid())));
        }
    }
    assert!(classes[2] > 0 && classes[4] > 0 && classes[5] > 0, "{classes:?}");
    assert_eq!(world.errors(), "", "a panic would be told here");
    // streams whose reader is gone are noticed at the next sign of life
    world.until("no stream is left", |world| world.json("/healthz")["streams"] == 0);
    let (memory, open) = first.unwrap();
    let (memory_now, open_now) = (resident(world.pid()), descriptors(world.pid()));
    println!(
        "{count} requests: {classes:?} by class, {unanswered} closed, memory {memory} -> {memory_now} kB, \
         files {open} -> {open_now}"
    );
    assert!(memory_now < memory + 8 * 1024, "memory grew from {memory} to {memory_now} kB");
    assert!(open_now <= open + 16, "open files grew from {open} to {open_now}");
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn no_request_ends_in_a_5xx_and_nothing_grows() {
    let (count, seed) = (number("NFV_WEB_FUZZ", 1000), number("NFV_WEB_SEED", 1));
    play("", seed, count);
    play("login=keystone\nallowed_hosts=h\n", seed + 1, count / 4);
}
