//! What a request target means to the original. Contract: vim-api 3.2.

/// A list of objects, one per data URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // named as in the URL
pub enum ListUrl {
    Systems,
    Hosts,
    HostGroups,
    HostAggregates,
    Hypervisors,
    Instances,
    InstanceTypes,
    InstanceGroups,
    Images,
    Volumes,
    VolumeSnapshots,
    Subnets,
    Networks,
}

/// Where data comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataUrl {
    /// Counters of hosts and instances.
    Overview,
    /// Counters of alarms.
    Alarms,
    /// A list.
    List(ListUrl),
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The page.
    Index,
    /// The page's icon.
    Favicon,
    /// JSONP.
    Data(DataUrl),
    /// A file of the source directory, with this content type.
    File(&'static str),
    /// What the original leaves without an answer.
    Nothing,
}

impl ListUrl {
    /// The key of the list in the answer, which is also the last part of the URL.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Systems => "systems",
            Self::Hosts => "hosts",
            Self::HostGroups => "host_groups",
            Self::HostAggregates => "host_aggregates",
            Self::Hypervisors => "hypervisors",
            Self::Instances => "instances",
            Self::InstanceTypes => "instance_types",
            Self::InstanceGroups => "instance_groups",
            Self::Images => "images",
            Self::Volumes => "volumes",
            Self::VolumeSnapshots => "volume_snapshots",
            Self::Subnets => "subnets",
            Self::Networks => "networks",
        }
    }
}

/// Looked for anywhere in the target, in this order.
const DATA: [(&str, DataUrl); 15] = [
    ("/vim/overview", DataUrl::Overview),
    ("/vim/alarms", DataUrl::Alarms),
    ("/vim/systems", DataUrl::List(ListUrl::Systems)),
    ("/vim/hosts", DataUrl::List(ListUrl::Hosts)),
    ("/vim/host_groups", DataUrl::List(ListUrl::HostGroups)),
    ("/vim/host_aggregates", DataUrl::List(ListUrl::HostAggregates)),
    ("/vim/hypervisors", DataUrl::List(ListUrl::Hypervisors)),
    ("/vim/instances", DataUrl::List(ListUrl::Instances)),
    ("/vim/instance_types", DataUrl::List(ListUrl::InstanceTypes)),
    ("/vim/instance_groups", DataUrl::List(ListUrl::InstanceGroups)),
    ("/vim/images", DataUrl::List(ListUrl::Images)),
    ("/vim/volumes", DataUrl::List(ListUrl::Volumes)),
    ("/vim/volume_snapshots", DataUrl::List(ListUrl::VolumeSnapshots)),
    ("/vim/subnets", DataUrl::List(ListUrl::Subnets)),
    ("/vim/networks", DataUrl::List(ListUrl::Networks)),
];

/// By the end of the target.
const FILES: [(&str, &str); 9] = [
    (".html", "text/html"),
    (".svg", "image/svg+xml"),
    (".jpg", "image/jpg"),
    (".gif", "image/gif"),
    (".png", "image/png"),
    (".ico", ICON),
    (".js", "application/javascript"),
    (".css", "text/css"),
    (".handlebars", "text/x-handlebars-template"),
];

/// Type of icons.
pub const ICON: &str = "image/x-icon";

/// The meaning of a target: path and query, as they stand in the request line.
pub fn route(target: &str) -> Route {
    if target == "/" {
        return Route::Index;
    }
    if target == "/windriver-favicon.ico" {
        return Route::Favicon;
    }
    if let Some((_, data)) = DATA.iter().find(|(part, _)| target.contains(part)) {
        return Route::Data(*data);
    }
    if target.contains("/fonts") {
        return Route::File("application/font-woff");
    }
    FILES.iter().find(|(end, _)| target.ends_with(end)).map_or(Route::Nothing, |(_, kind)| Route::File(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_contract() {
        for (target, wanted) in [
            ("/", Route::Index),
            ("/windriver-favicon.ico", Route::Favicon),
            ("/vim/overview?callback=c&_=1", Route::Data(DataUrl::Overview)),
            ("/x/vim/alarmsandmore", Route::Data(DataUrl::Alarms)),
            ("/?a=/vim/hosts", Route::Data(DataUrl::List(ListUrl::Hosts))),
            ("/vim/hosts?/vim/overview", Route::Data(DataUrl::Overview)),
            ("/fonts/g.woff2", Route::File("application/font-woff")),
            ("/a/fonts.html", Route::File("application/font-woff")),
            ("/html/index.html", Route::File("text/html")),
            ("/a.svg", Route::File("image/svg+xml")),
            ("/a.jpg", Route::File("image/jpg")),
            ("/a.gif", Route::File("image/gif")),
            ("/a.png", Route::File("image/png")),
            ("/a.ico", Route::File("image/x-icon")),
            ("/a.js", Route::File("application/javascript")),
            ("/a.css", Route::File("text/css")),
            ("/templates/hosts.handlebars", Route::File("text/x-handlebars-template")),
            ("/a.css?v=1", Route::Nothing),
            ("/?", Route::Nothing),
            ("/vim", Route::Nothing),
            ("", Route::Nothing),
        ] {
            assert_eq!(route(target), wanted, "{target}");
        }
        for (url, data) in DATA {
            assert_eq!(route(url), Route::Data(data), "{url}");
            if let DataUrl::List(list) = data {
                assert_eq!(url, format!("/vim/{}", list.key()));
            }
        }
    }
}
