//! Descriptions with links. Contract: vim-api 1.4. Below the second level the links leave out `/api`; so they are.

use crate::route::Resource;
use crate::wire::Node;
use crate::wire::schema::{Kind, Need, Record, may, must};

/// A link.
pub static LINK: Record =
    Record { name: "Link", fields: &[must("rel", Kind::Text), must("href", Kind::Text)] };
const LINKS: Kind = Kind::List(&Kind::Record(&LINK));

/// `/`
pub static ROOT: Record = Record {
    name: "Root",
    fields: &[must("name", Kind::Text), must("description", Kind::Text), must("links", LINKS)],
};

/// A version.
pub static VERSION: Record = Record {
    name: "APIVersion",
    fields: &[must("id", Kind::Text), must("status", Kind::Text), must("links", LINKS)],
};

/// `/api`
pub static API: Record =
    Record { name: "API", fields: &[must("versions", Kind::List(&Kind::Record(&VERSION)))] };

/// All others.
pub static DESCRIPTION: Record =
    Record { name: "Description", fields: &[must("id", Kind::Text), must("links", LINKS)] };

/// A fault.
pub static FAULT: Record = Record {
    name: "Fault",
    fields: &[
        must("faultcode", Kind::Choice(&["Client", "Server"])),
        must("faultstring", Kind::Text),
        must("debuginfo", Kind::Text),
        may("reason", Kind::Text, Need::Optional),
    ],
};

/// The description of a resource; `base` is scheme, host and port.
pub fn describe(resource: Resource, base: &str) -> Node {
    let link = |(rel, path): &(&'static str, &str)| {
        Node::Object(vec![("rel", Node::text(*rel)), ("href", Node::text(format!("{base}/{path}/")))])
    };
    let links = |all: &[(&'static str, &str)]| ("links", Node::List(all.iter().map(link).collect()));
    let described = |id: &'static str, all: &[(&'static str, &str)]| {
        Node::Object(vec![("id", Node::text(id)), links(all)])
    };
    match resource {
        Resource::Api => {
            let version = Node::Object(vec![
                ("id", Node::text("v1")),
                ("status", Node::text("stable")),
                links(&[
                    ("self", "api"),
                    ("openstack", "api/openstack"),
                    ("orchestration", "api/orchestration"),
                    ("virtualised_resources", "api/virtualised-resources"),
                ]),
            ]);
            Node::Object(vec![("versions", Node::List(vec![version]))])
        }
        Resource::OpenStack => described("openstack", &[("self", "openstack"), ("heat", "openstack/heat")]),
        Resource::Orchestration => described(
            "orchestration",
            &[
                ("self", "orchestration"),
                ("sw-patch", "orchestration/sw-patch"),
                ("sw-upgrade", "orchestration/sw-upgrade"),
            ],
        ),
        Resource::Update(update) => {
            let own = format!("orchestration/{}", update.as_str());
            described(update.as_str(), &[("self", &own), ("strategy", &format!("{own}/strategy"))])
        }
        Resource::VirtualisedResources => described(
            "virtualised-resources",
            &[
                ("self", "virtualised-resources"),
                ("computes", "virtualised-resources/computes"),
                ("networks", "virtualised-resources/networks"),
                ("images", "virtualised-resources/images"),
                ("volumes", "virtualised-resources/volumes"),
            ],
        ),
        _ => Node::Object(vec![
            ("name", Node::text("nfv-vim")),
            ("description", Node::text("NFV - Virtual Infrastructure Manager")),
            links(&[("api", "api")]),
        ]),
    }
}
