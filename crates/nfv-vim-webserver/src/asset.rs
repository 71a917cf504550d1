//! The files of the console, carried in the binary.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A file.
#[derive(Debug)]
pub struct Asset {
    path: &'static str,
    /// Content type.
    pub kind: &'static str,
    /// Content.
    pub content: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! script {
    ($name:literal) => {
        Asset {
            path: concat!("/console/", $name),
            kind: SCRIPT,
            content: include_str!(concat!("../web/", $name)),
        }
    };
}

/// The page.
pub static INDEX: Asset =
    Asset { path: "/console/", kind: "text/html; charset=utf-8", content: include_str!("../web/index.html") };

/// The icon.
pub static ICON: Asset =
    Asset { path: "/console/icon.svg", kind: "image/svg+xml", content: include_str!("../web/icon.svg") };

static REST: [Asset; 14] = [
    Asset {
        path: "/console/console.css",
        kind: "text/css; charset=utf-8",
        content: include_str!("../web/console.css"),
    },
    script!("main.js"),
    script!("store.js"),
    script!("dom.js"),
    script!("words.js"),
    script!("table.js"),
    script!("lists.js"),
    script!("overview.js"),
    script!("cluster.js"),
    script!("detail.js"),
    script!("decisions.js"),
    script!("preview.js"),
    script!("events.js"),
    script!("strategy.js"),
];

/// The file at this path.
pub fn find(path: &str) -> Option<&'static Asset> {
    [&INDEX, &ICON].into_iter().chain(&REST).find(|asset| asset.path == path)
}

impl Asset {
    /// Differs when the content differs.
    pub fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.content.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_runs_nothing_inline() {
        for asset in [&INDEX, &ICON].into_iter().chain(&REST) {
            let content = asset.content.replace("http://www.w3.org/2000/svg", "");
            assert!(!content.contains("http://") && !content.contains("https://"), "{}", asset.path);
            assert!(!content.contains("innerHTML") && !content.contains("outerHTML"), "{}", asset.path);
            assert!(!content.contains("eval(") && !content.contains("insertAdjacentHTML"), "{}", asset.path);
        }
        assert!(!INDEX.content.contains("style=") && !INDEX.content.contains("onload="));
        for part in INDEX.content.split("<script").skip(1) {
            assert!(part.starts_with(" type=\"module\" src=\"/console/"), "{part}");
        }
    }

    #[test]
    fn every_file_that_is_named_is_there() {
        for asset in [&INDEX, &ICON].into_iter().chain(&REST) {
            assert!(std::ptr::eq(find(asset.path).unwrap(), asset));
            for part in asset.content.split("from \"./").skip(1) {
                let name = part.split('"').next().unwrap();
                assert!(find(&format!("/console/{name}")).is_some(), "{name}");
            }
            for part in asset.content.split("\"/console/").skip(1) {
                let name = format!("/console/{}", part.split('"').next().unwrap());
                let is_api = name.contains("/api/") || name == "/console/stream";
                assert!(is_api || find(&name).is_some(), "{name}");
            }
        }
    }
}
