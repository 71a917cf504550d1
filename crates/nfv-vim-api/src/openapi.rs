//! The OpenAPI document, made from the tables that serve: paths and methods of [`route`](crate::route), types of
//! [`resource`](crate::resource), and what handlers refuse beyond them ([`limits`]). A copy is committed (`openapi.json`); a test tells when they differ.

mod limits;

use self::limits::Limit;
use crate::resource::{compute, description, extension, image, network, strategy, volume};
use crate::route::{Action, Operation, PathPart, Resource, Verb};
use crate::wire::{Kind, Need, Record};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathItemBuilder, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, ComponentsBuilder, ObjectBuilder, Schema, SchemaFormat,
    SchemaType, Type,
};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required, ResponseBuilder,
};

const TOKEN: &str = "token";
const JSON: &str = "application/json";

/// The document as text.
pub fn document_text() -> &'static str {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| document().to_pretty_json().map(|text| text + "\n").unwrap_or_default());
    &TEXT
}

/// The document.
pub fn document() -> OpenApi {
    let mut types = Types::default();
    let mut items: BTreeMap<String, PathItemBuilder> = BTreeMap::new();
    for resource in Resource::ALL {
        for operation in resource.operations() {
            for path in paths(resource, operation) {
                let described = describe(resource, operation, &path, &mut types);
                let item = items.remove(&path).unwrap_or_default();
                items.insert(path, item.operation(method(operation.verb), described));
            }
        }
    }
    let health = OperationBuilder::new()
        .operation_id(Some("healthz"))
        .tag("observation")
        .summary(Some("Health of the parts of the process; needs no token"))
        .securities(Some([SecurityRequirement::default()]))
        .response("200", plain("all parts work", JSON))
        .response("503", plain("some part does not", JSON));
    items.insert("/healthz".to_owned(), PathItemBuilder::new().operation(HttpMethod::Get, health));
    types.need(&description::FAULT);
    let mut components = ComponentsBuilder::new().security_scheme(
        TOKEN,
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
            "X-Auth-Token",
            "A token of Keystone whose user has the role admin in the VIM's project",
        ))),
    );
    for (name, schema) in types.made {
        components = components.schema(name, schema);
    }
    let paths = items
        .into_iter()
        .fold(PathsBuilder::new(), |paths, (path, item)| paths.path(path, PathItem::from(item)));
    let info = InfoBuilder::new()
        .title("NFV - Virtual Infrastructure Manager")
        .version("v1")
        .description(Some(
            "REST API of the VIM. Links in descriptions below /api leave out /api. Bodies may be XML as well \
             (Content-Type text/xml, Accept application/xml or text/xml).",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").build()));
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components.build()))
        .security(Some([SecurityRequirement::new(TOKEN, Vec::<String>::new())]))
        .build()
}

/// Paths of an operation.
fn paths(resource: Resource, operation: &Operation) -> Vec<String> {
    let path = resource.path();
    match operation.part {
        PathPart::No if resource == Resource::Heat => {
            vec![path.to_owned(), format!("{path}/{{path}}")]
        }
        PathPart::No => vec![path.trim_end_matches("/{}").to_owned()],
        PathPart::Yes(name) => vec![path.replace("{}", &format!("{{{name}}}"))],
        PathPart::Ignored => {
            vec![path.replace("/{}", ""), path.replace("{}", "{strategy_uuid}")]
        }
    }
}

fn method(verb: Verb) -> HttpMethod {
    match verb {
        Verb::Get => HttpMethod::Get,
        Verb::Post => HttpMethod::Post,
        Verb::Put => HttpMethod::Put,
        Verb::Patch => HttpMethod::Patch,
        Verb::Delete => HttpMethod::Delete,
    }
}

/// Answer of an operation: its status and the type of its body, if it has one of ours.
fn success(resource: Resource, action: Action) -> (&'static str, Success) {
    use Success::{List, Nothing, One, Other};
    match action {
        Action::Describe => match resource {
            Resource::Root => ("200", One(&description::ROOT)),
            Resource::Api => ("200", One(&description::API)),
            _ => ("200", One(&description::DESCRIPTION)),
        },
        Action::PassOn => ("200", Other("*/*")),
        Action::ShowOpenApi => ("200", Other(JSON)),
        Action::ShowMetrics => ("200", Other("application/openmetrics-text; version=1.0.0; charset=utf-8")),
        Action::GetStrategy | Action::GetStrategyByUuid | Action::CreateStrategy => {
            ("200", One(&strategy::SHOWN))
        }
        Action::ActOnStrategy => ("202", One(&strategy::SHOWN)),
        Action::DeleteStrategy | Action::DeleteCompute | Action::DeleteImage | Action::DeleteVolume => {
            ("204", Nothing)
        }
        Action::ListComputes => ("200", List(&compute::SHOWN)),
        Action::GetCompute => ("200", One(&compute::SHOWN)),
        Action::CreateCompute => ("201", One(&compute::SHOWN)),
        Action::OperateCompute | Action::MigrateCompute => ("202", Nothing),
        Action::ListImages => ("200", List(&image::SHOWN)),
        Action::GetImage | Action::UpdateImage => ("200", One(&image::SHOWN)),
        Action::CreateImage => ("201", One(&image::SHOWN)),
        Action::ListVolumes => ("200", List(&volume::SHOWN)),
        Action::GetVolume | Action::UpdateVolume => ("200", One(&volume::SHOWN)),
        Action::CreateVolume => ("201", One(&volume::SHOWN)),
        Action::ListNetworks | Action::GetNetwork => ("200", One(&network::SHOWN)),
        Action::CreateNetwork => ("201", One(&network::CHANGED)),
        Action::UpdateNetwork => ("200", One(&network::CHANGED)),
        Action::DeleteNetworks => ("200", One(&network::DELETED)),
        Action::ShowHistory => ("200", One(&extension::SHOWN_HISTORY)),
        Action::PreviewHost | Action::PreviewStrategy => ("200", One(&extension::SHOWN_PREVIEW)),
    }
}

enum Success {
    Nothing,
    One(&'static Record),
    List(&'static Record),
    /// A body of this type that is not described further.
    Other(&'static str),
}

/// What an operation does, in a word for code and a line for people.
fn words(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Describe => ("describe", "Links to what lies below"),
        Action::PassOn => ("pass_on", "Passed on to Heat with the VIM's token"),
        Action::ShowOpenApi => ("openapi", "This document"),
        Action::ShowMetrics => ("metrics", "Metrics in the text format of OpenMetrics"),
        Action::GetStrategy => ("get_strategy", "The strategy, null if there is none of this kind"),
        Action::GetStrategyByUuid => ("get_strategy_by_uuid", "A strategy by uuid; the VIM finds none"),
        Action::CreateStrategy => ("create_strategy", "Build a strategy"),
        Action::DeleteStrategy => ("delete_strategy", "Delete the strategy"),
        Action::ActOnStrategy => ("act_on_strategy", "Apply or abort the strategy or one of its stages"),
        Action::ListComputes => ("list_computes", "All instances"),
        Action::GetCompute => ("get_compute", "An instance"),
        Action::CreateCompute => ("create_compute", "Create an instance"),
        Action::DeleteCompute => ("delete_compute", "Delete an instance"),
        Action::OperateCompute => ("operate_compute", "Start, stop, pause, ... an instance"),
        Action::MigrateCompute => ("migrate_compute", "Migrate or evacuate an instance"),
        Action::ListImages => ("list_images", "All images"),
        Action::GetImage => ("get_image", "An image"),
        Action::CreateImage => ("create_image", "Create an image"),
        Action::UpdateImage => ("update_image", "Change an image"),
        Action::DeleteImage => ("delete_image", "Delete an image"),
        Action::ListVolumes => ("list_volumes", "All volumes"),
        Action::GetVolume => ("get_volume", "A volume"),
        Action::CreateVolume => ("create_volume", "Create a volume"),
        Action::UpdateVolume => ("update_volume", "Change a volume"),
        Action::DeleteVolume => ("delete_volume", "Delete a volume"),
        Action::ListNetworks => ("list_networks", "All networks with their subnets"),
        Action::GetNetwork => ("get_network", "A network, by name"),
        Action::CreateNetwork => ("create_network", "Create a network with its subnets"),
        Action::UpdateNetwork => ("update_network", "Change a network and its subnets"),
        Action::DeleteNetworks => ("delete_networks", "Delete networks, by name"),
        Action::ShowHistory => {
            ("show_history", "The last decisions, the latest first, each with its reasons")
        }
        Action::PreviewHost => {
            ("preview", "What would happen if the host were locked or failed; nothing is done")
        }
        Action::PreviewStrategy => {
            ("preview_strategy", "What applying the strategy would do; nothing is done")
        }
    }
}

fn describe(resource: Resource, operation: &Operation, path: &str, types: &mut Types) -> OperationBuilder {
    let (word, summary) = words(operation.action);
    let detail =
        if path.contains("strategy_uuid") && operation.part == PathPart::Ignored { "_by_uuid" } else { "" };
    let below = if path.ends_with("{path}") { "_below" } else { "" };
    let method = if operation.action == Action::PassOn { operation.verb.as_str() } else { "" }.to_lowercase();
    let mut described = OperationBuilder::new()
        .operation_id(Some(format!("{}_{word}{method}{detail}{below}", resource.name().replace('-', "_"))))
        .tag(resource.name())
        .summary(Some(summary));
    let names = path.split(['{', '}']).skip(1).step_by(2);
    for name in names {
        let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
        let schema = if limits::is_uuid(name) { schema.format(Some(uuid())) } else { schema }.build();
        described = described.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(schema)),
        );
    }
    for field in operation.query.map_or(&[][..], |query| query.fields) {
        // a query has no null
        let parameter = ParameterBuilder::new().name(field.name).parameter_in(ParameterIn::Query);
        described = described.parameter(parameter.schema(Some(types.field(field.kind, Need::Given))));
    }
    if let Some(body) = operation.body {
        let content = Content::new(Some(types.need(body.record)));
        described = described.request_body(Some(
            RequestBodyBuilder::new().required(Some(Required::True)).content(JSON, content).build(),
        ));
    }
    let (status, body) = success(resource, operation.action);
    let answer = ResponseBuilder::new().description("done");
    described = described.response(
        status,
        match body {
            Success::Nothing => answer,
            Success::One(record) => answer.content(JSON, Content::new(Some(types.need(record)))),
            Success::List(record) => {
                let list = ArrayBuilder::new().items(types.need(record)).build();
                answer.content(JSON, Content::new(Some(Schema::Array(list))))
            }
            Success::Other(content_type) => answer.content(content_type, Content::default()),
        },
    );
    described = described.response("403", ResponseBuilder::new().description("the token does not suffice"));
    if operation.action == Action::PassOn {
        return described.response("default", plain("as Heat answers", "*/*"));
    }
    let mut faults = vec![("406", "no such form")];
    if operation.action != Action::ShowOpenApi && operation.action != Action::ShowMetrics {
        faults.extend([("400", "malformed"), ("500", "the VIM refused or has no answer")]);
    }
    if operation.part != PathPart::No
        || operation.body.is_some()
        || operation.action == Action::PreviewStrategy
    {
        faults.push(("404", "not found"));
    }
    if operation.body.is_some() {
        faults.extend([
            ("408", "the body did not come in time"),
            ("409", "conflict"),
            ("413", "the body is too long"),
            ("415", "unknown type of body"),
        ]);
    }
    for (status, text) in faults {
        let fault = Content::new(Some(types.need(&description::FAULT)));
        let answer = ResponseBuilder::new().description(text);
        // errors of routing have other forms
        let answer = match status {
            "406" | "404" => answer
                .content(JSON, Content::default())
                .content("text/html", Content::default())
                .content("text/plain", Content::default()),
            _ => answer.content(JSON, fault),
        };
        described = described.response(status, answer);
    }
    described
}

fn plain(text: &str, content_type: &str) -> ResponseBuilder {
    ResponseBuilder::new().description(text).content(content_type, Content::default())
}

fn uuid() -> SchemaFormat {
    SchemaFormat::Custom("uuid".to_owned())
}

/// The types that were needed so far.
#[derive(Default)]
struct Types {
    made: BTreeMap<&'static str, RefOr<Schema>>,
}

impl Types {
    /// A reference to a type, which is described once.
    fn need(&mut self, record: &'static Record) -> RefOr<Schema> {
        if !self.made.contains_key(record.name) {
            // stands there while its fields are described
            self.made.insert(record.name, ObjectBuilder::new().into());
            let mut object = ObjectBuilder::new()
                .schema_type(Type::Object)
                .additional_properties(Some(AdditionalProperties::FreeForm(false)));
            for field in record.fields {
                let limit = limits::of(record, field.name);
                let schema = match limit {
                    None => self.field(field.kind, field.need),
                    Some(limit) => self.limited(field.kind, limit),
                };
                object = object.property(field.name, schema);
                if matches!(field.need, Need::Mandatory | Need::Given) || limit.is_some_and(Limit::needed) {
                    object = object.required(field.name);
                }
            }
            self.made.insert(record.name, object.into());
        }
        RefOr::Ref(Ref::from_schema_name(record.name))
    }

    fn limited(&mut self, kind: Kind, limit: Limit) -> RefOr<Schema> {
        match limit {
            Limit::Within(least, most) => ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(least))
                .maximum(Some(most))
                .into(),
            Limit::UuidOrNull => ObjectBuilder::new()
                .schema_type(SchemaType::Array(vec![Type::String, Type::Null]))
                .format(Some(uuid()))
                .into(),
            Limit::Needed => self.field(kind, Need::Given),
            Limit::Word(word) => {
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some([word])).into()
            }
        }
    }

    fn field(&mut self, kind: Kind, need: Need) -> RefOr<Schema> {
        let null = need != Need::Given;
        let typed = |kind: Type| {
            if null { SchemaType::Array(vec![kind, Type::Null]) } else { SchemaType::Type(kind) }
        };
        let of = |kind: SchemaType| RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(kind).build()));
        match kind {
            Kind::Text => of(typed(Type::String)),
            Kind::Int | Kind::Count => {
                let number = ObjectBuilder::new().schema_type(typed(Type::Integer));
                let number = if kind == Kind::Count { number.minimum(Some(0)) } else { number };
                number.into()
            }
            Kind::Flag => of(typed(Type::Boolean)),
            Kind::Choice(words) => {
                let mut values: Vec<serde_json::Value> = words.iter().map(|word| (*word).into()).collect();
                if null {
                    values.push(serde_json::Value::Null);
                }
                ObjectBuilder::new().schema_type(typed(Type::String)).enum_values(Some(values)).into()
            }
            Kind::List(item) => {
                let list = ArrayBuilder::new().items(self.field(*item, Need::Given));
                if null { self.or_null(list.build().into()) } else { list.into() }
            }
            Kind::Record(record) => {
                let reference = self.need(record);
                if null { self.or_null(reference) } else { reference }
            }
            Kind::Map(of) => {
                let values = AdditionalProperties::RefOr(self.field(*of, Need::Given));
                ObjectBuilder::new()
                    .schema_type(typed(Type::Object))
                    .additional_properties(Some(values))
                    .into()
            }
        }
    }

    fn or_null(&self, schema: RefOr<Schema>) -> RefOr<Schema> {
        let nothing = ObjectBuilder::new().schema_type(Type::Null).build();
        RefOr::T(Schema::AnyOf(AnyOfBuilder::new().item(schema).item(nothing).build()))
    }
}
