//! Paths, and what each method does there: the URL tree as a table. Contract: vim-api 1.3, 1.4.

use crate::resource::{compute, extension, image, network, strategy, volume};
use crate::wire::Record;
use crate::wire::routing_error::RoutingError;

/// Methods that some path knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// DELETE
    Delete,
    /// GET
    Get,
    /// PATCH
    Patch,
    /// POST
    Post,
    /// PUT
    Put,
}

impl Verb {
    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }

    fn parse(method: &str) -> Option<Self> {
        [Self::Delete, Self::Get, Self::Patch, Self::Post, Self::Put]
            .into_iter()
            .find(|verb| verb.as_str() == method)
    }
}

/// A kind of software update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// `sw-patch`
    Patch,
    /// `sw-upgrade`
    Upgrade,
}

impl Update {
    /// In paths and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "sw-patch",
            Self::Upgrade => "sw-upgrade",
        }
    }
}

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// `/`
    Root,
    /// `/api`
    Api,
    /// `/api/openstack`
    OpenStack,
    /// `/api/openstack/heat` and all below
    Heat,
    /// `/api/orchestration`
    Orchestration,
    /// `/api/orchestration/sw-patch`, `/api/orchestration/sw-upgrade`
    Update(Update),
    /// `.../strategy`
    Strategy(Update),
    /// `.../strategy/actions`
    Actions(Update),
    /// `/api/virtualised-resources`
    VirtualisedResources,
    /// `.../computes`
    Computes,
    /// `.../computes/{uuid}/operate`
    Operate,
    /// `.../computes/{uuid}/migrate`
    Migrate,
    /// `.../images`
    Images,
    /// `.../volumes`
    Volumes,
    /// `.../networks`
    Networks,
    /// `/api/extensions/hosts/{name}/history`
    HostHistory,
    /// `/api/extensions/instances/{uuid}/history`
    InstanceHistory,
    /// `/api/extensions/hosts/{name}/preview`
    HostPreview,
    /// `/api/extensions/orchestration/sw-patch/strategy/preview` and the like
    StrategyPreview(Update),
    /// `/openapi.json`
    OpenApi,
    /// `/metrics`
    Metrics,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A description with links.
    Describe,
    /// The request is passed on to Heat.
    PassOn,
    /// The OpenAPI document.
    ShowOpenApi,
    /// The metrics.
    ShowMetrics,
    /// The strategy.
    GetStrategy,
    /// The strategy, by uuid.
    GetStrategyByUuid,
    /// A new strategy.
    CreateStrategy,
    /// Delete the strategy.
    DeleteStrategy,
    /// Apply or abort the strategy.
    ActOnStrategy,
    /// All instances.
    ListComputes,
    /// One instance.
    GetCompute,
    /// A new instance.
    CreateCompute,
    /// Delete an instance.
    DeleteCompute,
    /// Start it, stop it and so on.
    OperateCompute,
    /// Move it.
    MigrateCompute,
    /// All images.
    ListImages,
    /// One image.
    GetImage,
    /// A new image.
    CreateImage,
    /// Change an image.
    UpdateImage,
    /// Delete an image.
    DeleteImage,
    /// All volumes.
    ListVolumes,
    /// One volume.
    GetVolume,
    /// A new volume.
    CreateVolume,
    /// Change a volume.
    UpdateVolume,
    /// Delete a volume.
    DeleteVolume,
    /// All networks.
    ListNetworks,
    /// One network.
    GetNetwork,
    /// A new network.
    CreateNetwork,
    /// Change a network.
    UpdateNetwork,
    /// Delete networks.
    DeleteNetworks,
    /// What was decided about a host or an instance.
    ShowHistory,
    /// What would happen to a host.
    PreviewHost,
    /// What applying the strategy would do.
    PreviewStrategy,
}

/// The part of a path that an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathPart {
    /// None.
    No,
    /// One; the name is that in faults and in the OpenAPI document.
    Yes(&'static str),
    /// One that need not be there and is not looked at.
    Ignored,
}

/// A body and what texts call it.
#[derive(Debug, Clone, Copy)]
pub struct Body {
    /// The original's name of it.
    pub argument: &'static str,
    /// Its type.
    pub record: &'static Record,
}

/// What a method does at a resource.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// The method.
    pub verb: Verb,
    /// What is done.
    pub action: Action,
    /// Part of the path.
    pub part: PathPart,
    /// Body; none: a body is not looked at.
    pub body: Option<Body>,
    /// What the query may say; none: nothing. An operation with a body has none.
    pub query: Option<&'static Record>,
}

const fn op(verb: Verb, action: Action, part: PathPart) -> Operation {
    Operation { verb, action, part, body: None, query: None }
}

const fn with_query(action: Action, part: PathPart, query: &'static Record) -> Operation {
    Operation { verb: Verb::Get, action, part, body: None, query: Some(query) }
}

const fn with_body(
    verb: Verb,
    action: Action,
    part: PathPart,
    argument: &'static str,
    record: &'static Record,
) -> Operation {
    Operation { verb, action, part, body: Some(Body { argument, record }), query: None }
}

impl Resource {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::Root,
        Self::Api,
        Self::OpenStack,
        Self::Heat,
        Self::Orchestration,
        Self::Update(Update::Patch),
        Self::Strategy(Update::Patch),
        Self::Actions(Update::Patch),
        Self::Update(Update::Upgrade),
        Self::Strategy(Update::Upgrade),
        Self::Actions(Update::Upgrade),
        Self::VirtualisedResources,
        Self::Computes,
        Self::Operate,
        Self::Migrate,
        Self::Images,
        Self::Volumes,
        Self::Networks,
        Self::HostHistory,
        Self::InstanceHistory,
        Self::HostPreview,
        Self::StrategyPreview(Update::Patch),
        Self::StrategyPreview(Update::Upgrade),
        Self::OpenApi,
        Self::Metrics,
    ];

    /// What can be done there.
    pub const fn operations(self) -> &'static [Operation] {
        use PathPart::{Ignored, No, Yes};
        use Verb::{Delete, Get, Patch, Post, Put};
        match self {
            Self::Root
            | Self::Api
            | Self::OpenStack
            | Self::Orchestration
            | Self::Update(_)
            | Self::VirtualisedResources => const { &[op(Get, Action::Describe, No)] },
            Self::OpenApi => const { &[op(Get, Action::ShowOpenApi, No)] },
            Self::Metrics => const { &[op(Get, Action::ShowMetrics, No)] },
            Self::Heat => {
                const {
                    &[
                        op(Get, Action::PassOn, No),
                        op(Post, Action::PassOn, No),
                        op(Put, Action::PassOn, No),
                        op(Patch, Action::PassOn, No),
                        op(Delete, Action::PassOn, No),
                    ]
                }
            }
            Self::Strategy(Update::Patch) => {
                const {
                    &[
                        op(Get, Action::GetStrategy, No),
                        op(Get, Action::GetStrategyByUuid, Yes("strategy_uuid")),
                        with_body(Post, Action::CreateStrategy, No, REQUEST, &strategy::PATCH_CREATE),
                        with_body(Delete, Action::DeleteStrategy, Ignored, REQUEST, &strategy::DELETE),
                    ]
                }
            }
            Self::Strategy(Update::Upgrade) => {
                const {
                    &[
                        op(Get, Action::GetStrategy, No),
                        op(Get, Action::GetStrategyByUuid, Yes("strategy_uuid")),
                        with_body(Post, Action::CreateStrategy, No, REQUEST, &strategy::UPGRADE_CREATE),
                        with_body(Delete, Action::DeleteStrategy, Ignored, REQUEST, &strategy::DELETE),
                    ]
                }
            }
            Self::Actions(_) => {
                const { &[with_body(Post, Action::ActOnStrategy, Ignored, REQUEST, &strategy::ACTION)] }
            }
            Self::Computes => {
                const {
                    &[
                        op(Get, Action::ListComputes, No),
                        op(Get, Action::GetCompute, Yes("compute_id")),
                        with_body(Post, Action::CreateCompute, No, "compute_create_data", &compute::CREATE),
                        op(Delete, Action::DeleteCompute, Yes("compute_id")),
                    ]
                }
            }
            Self::Operate => {
                const { &[with_body(Post, Action::OperateCompute, Yes("compute_id"), REQUEST, &compute::OPERATE)] }
            }
            Self::Migrate => {
                const { &[with_body(Post, Action::MigrateCompute, Yes("compute_id"), REQUEST, &compute::MIGRATE)] }
            }
            Self::Images => {
                const {
                    &[
                        op(Get, Action::ListImages, No),
                        op(Get, Action::GetImage, Yes("image_uuid")),
                        with_body(Post, Action::CreateImage, No, "image_create_data", &image::CREATE),
                        with_body(
                            Put,
                            Action::UpdateImage,
                            Yes("image_uuid"),
                            "image_update_data",
                            &image::UPDATE,
                        ),
                        op(Delete, Action::DeleteImage, Yes("image_uuid")),
                    ]
                }
            }
            Self::Volumes => {
                const {
                    &[
                        op(Get, Action::ListVolumes, No),
                        op(Get, Action::GetVolume, Yes("volume_uuid")),
                        with_body(Post, Action::CreateVolume, No, "volume_create_data", &volume::CREATE),
                        with_body(
                            Put,
                            Action::UpdateVolume,
                            Yes("volume_uuid"),
                            "volume_update_data",
                            &volume::UPDATE,
                        ),
                        op(Delete, Action::DeleteVolume, Yes("volume_uuid")),
                    ]
                }
            }
            Self::Networks => {
                const {
                    &[
                        op(Get, Action::ListNetworks, No),
                        op(Get, Action::GetNetwork, Yes("network_resource_id")),
                        with_body(Post, Action::CreateNetwork, No, INPUT, &network::CREATE),
                        with_body(Patch, Action::UpdateNetwork, No, INPUT, &network::UPDATE),
                        with_body(Delete, Action::DeleteNetworks, No, INPUT, &network::DELETE),
                    ]
                }
            }
            Self::HostHistory => {
                const { &[with_query(Action::ShowHistory, Yes("host_name"), &extension::HISTORY)] }
            }
            Self::InstanceHistory => {
                const { &[with_query(Action::ShowHistory, Yes("instance_uuid"), &extension::HISTORY)] }
            }
            Self::HostPreview => {
                const { &[with_query(Action::PreviewHost, Yes("host_name"), &extension::HOST_PREVIEW)] }
            }
            Self::StrategyPreview(_) => const { &[op(Get, Action::PreviewStrategy, No)] },
        }
    }

    /// The path, with `{}` where an operation's part stands.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Root => "/",
            Self::Api => "/api",
            Self::OpenStack => "/api/openstack",
            Self::Heat => "/api/openstack/heat",
            Self::Orchestration => "/api/orchestration",
            Self::Update(Update::Patch) => "/api/orchestration/sw-patch",
            Self::Update(Update::Upgrade) => "/api/orchestration/sw-upgrade",
            Self::Strategy(Update::Patch) => "/api/orchestration/sw-patch/strategy/{}",
            Self::Strategy(Update::Upgrade) => "/api/orchestration/sw-upgrade/strategy/{}",
            Self::Actions(Update::Patch) => "/api/orchestration/sw-patch/strategy/{}/actions",
            Self::Actions(Update::Upgrade) => "/api/orchestration/sw-upgrade/strategy/{}/actions",
            Self::VirtualisedResources => "/api/virtualised-resources",
            Self::Computes => "/api/virtualised-resources/computes/{}",
            Self::Operate => "/api/virtualised-resources/computes/{}/operate",
            Self::Migrate => "/api/virtualised-resources/computes/{}/migrate",
            Self::Images => "/api/virtualised-resources/images/{}",
            Self::Volumes => "/api/virtualised-resources/volumes/{}",
            Self::Networks => "/api/virtualised-resources/networks/{}",
            Self::HostHistory => "/api/extensions/hosts/{}/history",
            Self::InstanceHistory => "/api/extensions/instances/{}/history",
            Self::HostPreview => "/api/extensions/hosts/{}/preview",
            Self::StrategyPreview(Update::Patch) => "/api/extensions/orchestration/sw-patch/strategy/preview",
            Self::StrategyPreview(Update::Upgrade) => {
                "/api/extensions/orchestration/sw-upgrade/strategy/preview"
            }
            Self::OpenApi => "/openapi.json",
            Self::Metrics => "/metrics",
        }
    }

    /// Its name in metrics and in the OpenAPI document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Api => "api",
            Self::OpenStack => "openstack",
            Self::Heat => "heat",
            Self::Orchestration => "orchestration",
            Self::Update(update)
            | Self::Strategy(update)
            | Self::Actions(update)
            | Self::StrategyPreview(update) => update.as_str(),
            Self::VirtualisedResources => "virtualised-resources",
            Self::Computes | Self::Operate | Self::Migrate => "computes",
            Self::Images => "images",
            Self::Volumes => "volumes",
            Self::Networks => "networks",
            Self::HostHistory | Self::HostPreview => "hosts",
            Self::InstanceHistory => "instances",
            Self::OpenApi => "openapi",
            Self::Metrics => "metrics",
        }
    }

    /// Value of `Allow`.
    const fn allow(self) -> &'static [&'static str] {
        match self {
            Self::Strategy(_) | Self::Computes => &["DELETE", "GET", "POST"],
            Self::Actions(_) | Self::Operate | Self::Migrate => &["POST"],
            Self::Images | Self::Volumes => &["DELETE", "GET", "POST", "PUT"],
            Self::Networks => &["DELETE", "GET", "PATCH", "POST"],
            _ => &["GET"],
        }
    }
}

/// Names of the bodies in texts.
const REQUEST: &str = "request_data";
const INPUT: &str = "input_data";

/// Where a request goes.
#[derive(Debug)]
pub struct Route {
    /// What the path names.
    pub resource: Resource,
    /// What is done there.
    pub operation: &'static Operation,
    /// Parts of the path, as far as they are the client's.
    pub parts: Vec<String>,
}

/// Finds the way of a request. `segments` are the decoded, not empty parts of the path.
///
/// # Errors
/// There is no such path, or no such method there.
pub fn find(method: &str, segments: &[&str]) -> Result<Route, RoutingError> {
    let (resource, parts) = resource(segments).ok_or(RoutingError::NotFound)?;
    let not_allowed =
        || RoutingError::MethodNotAllowed { method: method.to_owned(), allow: resource.allow() };
    let verb = Verb::parse(method);
    if resource == Resource::Root && verb != Some(Verb::Get) {
        return Err(RoutingError::NotFound);
    }
    let mut here = resource.operations().iter().filter(|one| Some(one.verb) == verb).peekable();
    if here.peek().is_none() {
        return Err(not_allowed());
    }
    let operation = here.find(|one| takes(one, parts.len())).ok_or(RoutingError::NotFound)?;
    Ok(Route { resource, operation, parts: parts.into_iter().map(str::to_owned).collect() })
}

/// The path names a description.
pub fn is_description(segments: &[&str]) -> bool {
    let operations = resource(segments).map_or(&[][..], |(resource, _)| resource.operations());
    operations.iter().any(|one| one.action == Action::Describe)
}

/// The operation can be asked for with so many parts. A part too many that lies where the body is, and one that is
/// missing, are told as faults of the operation.
fn takes(operation: &Operation, parts: usize) -> bool {
    let own = usize::from(operation.part != PathPart::No);
    match operation.verb {
        Verb::Get => parts == own,
        _ if operation.part == PathPart::Ignored => parts <= 1,
        _ => parts <= own + usize::from(operation.body.is_some()),
    }
}

fn resource<'a>(segments: &[&'a str]) -> Option<(Resource, Vec<&'a str>)> {
    let update = |name: &str| [Update::Patch, Update::Upgrade].into_iter().find(|one| one.as_str() == name);
    let plain = |resource| Some((resource, Vec::new()));
    match segments {
        [] => plain(Resource::Root),
        ["openapi.json"] => plain(Resource::OpenApi),
        ["metrics"] => plain(Resource::Metrics),
        ["api"] => plain(Resource::Api),
        ["api", "openstack"] => plain(Resource::OpenStack),
        ["api", "openstack", "heat", ..] => plain(Resource::Heat),
        ["api", "orchestration"] => plain(Resource::Orchestration),
        ["api", "orchestration", name] => plain(Resource::Update(update(name)?)),
        ["api", "orchestration", name, "strategy", rest @ ..] => {
            let update = update(name)?;
            let (resource, parts) = below(rest, Resource::Strategy(update), |name| {
                (name == "actions").then_some(Resource::Actions(update))
            });
            Some((resource, parts))
        }
        ["api", "virtualised-resources"] => plain(Resource::VirtualisedResources),
        ["api", "virtualised-resources", "computes", rest @ ..] => {
            Some(below(rest, Resource::Computes, |name| match name {
                "operate" => Some(Resource::Operate),
                "migrate" => Some(Resource::Migrate),
                _ => None,
            }))
        }
        ["api", "virtualised-resources", "images", rest @ ..] => Some((Resource::Images, rest.to_vec())),
        ["api", "virtualised-resources", "volumes", rest @ ..] => Some((Resource::Volumes, rest.to_vec())),
        ["api", "virtualised-resources", "networks", rest @ ..] => Some((Resource::Networks, rest.to_vec())),
        ["api", "extensions", rest @ ..] => extension(rest),
        _ => None,
    }
}

/// What the original does not have.
fn extension<'a>(rest: &[&'a str]) -> Option<(Resource, Vec<&'a str>)> {
    let preview = |update| Some((Resource::StrategyPreview(update), Vec::new()));
    match rest {
        ["hosts", name, "history"] => Some((Resource::HostHistory, vec![*name])),
        ["hosts", name, "preview"] => Some((Resource::HostPreview, vec![*name])),
        ["instances", uuid, "history"] => Some((Resource::InstanceHistory, vec![*uuid])),
        ["orchestration", "sw-patch", "strategy", "preview"] => preview(Update::Patch),
        ["orchestration", "sw-upgrade", "strategy", "preview"] => preview(Update::Upgrade),
        _ => None,
    }
}

/// What lies below a collection: `{part}`, `{part}/child`, or `child/{part}`.
fn below<'a>(
    rest: &[&'a str],
    collection: Resource,
    child: impl Fn(&str) -> Option<Resource>,
) -> (Resource, Vec<&'a str>) {
    match rest {
        [first, rest @ ..] if child(first).is_some() => (child(first).unwrap_or(collection), rest.to_vec()),
        [part, second, rest @ ..] if child(second).is_some() => {
            let mut parts = vec![*part];
            parts.extend_from_slice(rest);
            (child(second).unwrap_or(collection), parts)
        }
        parts => (collection, parts.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allow_lists_are_those_of_the_operations() {
        for resource in Resource::ALL {
            let mut verbs: Vec<_> = resource.operations().iter().map(|one| one.verb).collect();
            verbs.sort_unstable();
            verbs.dedup();
            let verbs: Vec<_> = verbs.into_iter().map(Verb::as_str).collect();
            if resource != Resource::Heat {
                assert_eq!(verbs, resource.allow(), "{resource:?}");
            }
        }
    }

    #[test]
    fn every_path_is_found_again() {
        for resource in Resource::ALL {
            for operation in resource.operations() {
                let path =
                    resource.path().replace("{}", if operation.part == PathPart::No { "" } else { "x" });
                let segments: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
                let route = find(operation.verb.as_str(), &segments).unwrap();
                assert_eq!((route.resource, route.operation.action), (resource, operation.action), "{path}");
            }
        }
    }
}
