//! The envelope and all types of messages. Contract: vim-api 2.2, 2.3.

use crate::history::{GetHistory, History};
use crate::image::{CreateImage, Image, UpdateImage};
use crate::instance::{CreateInstance, CreatedInstance, Get, Instance};
use crate::network::{CreateNetwork, DeleteNetwork, GetNetwork, Network, UpdateNetwork};
use crate::preview::{Preview, PreviewHost};
use crate::strategy::{
    CreateStrategy, CreateUpgradeStrategy, DeleteStrategy, GetStrategy, Strategy, StrategyAction,
};
use crate::subnet::{CreateSubnet, DeleteSubnet, GetSubnet, Subnet, SubnetOfNetwork, UpdateSubnet};
use crate::volume::{CreateVolume, GetVolume, UpdateVolume, Volume};
use crate::{ByUuid, Nothing, RpcError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The only version there is. A reader takes any, as the original does.
const VERSION: &str = "1.0";
/// What a missing version, type or result counts as.
const UNKNOWN: &str = "unknown";

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResultCode {
    /// As wanted.
    #[default]
    Success,
    /// Not.
    Failed,
    /// The object does not exist.
    NotFound,
    /// It exists already.
    Conflict,
    /// None of these, or none at all.
    Unknown,
}

impl ResultCode {
    /// As it stands in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Unknown => UNKNOWN,
        }
    }

    fn parse(text: Option<&str>) -> Self {
        [Self::Success, Self::Failed, Self::NotFound, Self::Conflict]
            .into_iter()
            .find(|code| Some(code.as_str()) == text)
            .unwrap_or(Self::Unknown)
    }
}

/// One message on the wire.
#[derive(Serialize)]
struct Envelope<'a, T> {
    version: &'static str,
    #[serde(rename = "type")]
    kind: &'a str,
    result: &'static str,
    #[serde(flatten)]
    payload: &'a T,
}

fn payload<T: Serialize>(kind: &str, result: ResultCode, payload: &T) -> Vec<u8> {
    let envelope = Envelope { version: VERSION, kind, result: result.as_str(), payload };
    nfv_common::pyjson::to_string(&envelope).into_bytes()
}

/// Type, result and all keys of a payload.
fn open(bytes: &[u8]) -> Result<(String, ResultCode, Value), RpcError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| RpcError::NotJson(error.to_string()))?;
    let Value::Object(keys) = &value else { return Err(RpcError::NotAnObject) };
    if keys.get("version").is_none_or(|version| version == UNKNOWN) {
        return Err(RpcError::NoVersion);
    }
    let kind = match keys.get("type") {
        Some(Value::String(kind)) if kind != UNKNOWN => kind.clone(),
        _ => return Err(RpcError::NoType),
    };
    let result = ResultCode::parse(keys.get("result").and_then(Value::as_str));
    Ok((kind, result, value))
}

fn read<T: DeserializeOwned>(kind: &str, value: Value) -> Result<T, RpcError> {
    serde_json::from_value(value)
        .map_err(|error| RpcError::BadPayload { kind: kind.to_owned(), detail: error.to_string() })
}

/// An enum of messages: variant, payload, type on the wire.
macro_rules! messages {
    ($(#[$doc:meta])* $name:ident { $($variant:ident($payload:ty) = $kind:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $(
                #[doc = concat!("`", $kind, "`")]
                $variant($payload),
            )*
        }

        impl $name {
            /// All types on the wire.
            pub const KINDS: &'static [&'static str] = &[$($kind),*];

            /// Type on the wire.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $kind,)*
                }
            }

            fn write(&self, result: ResultCode) -> Vec<u8> {
                match self {
                    $(Self::$variant(body) => payload($kind, result, body),)*
                }
            }

            fn read(kind: &str, value: Value) -> Result<Self, RpcError> {
                match kind {
                    $($kind => read(kind, value).map(Self::$variant),)*
                    _ => Err(RpcError::UnknownType(kind.to_owned())),
                }
            }
        }
    };
}

messages! {
    /// What the API asks for.
    Request {
        CreateStrategy(CreateStrategy) = "create-sw-update-strategy-request",
        CreateUpgradeStrategy(CreateUpgradeStrategy) = "create-sw-upgrade-strategy-request",
        ApplyStrategy(StrategyAction) = "apply-sw-update-strategy-request",
        AbortStrategy(StrategyAction) = "abort-sw-update-strategy-request",
        DeleteStrategy(DeleteStrategy) = "delete-sw-update-strategy-request",
        GetStrategy(GetStrategy) = "get-sw-update-strategy-request",
        CreateInstance(CreateInstance) = "create-instance-request",
        StartInstance(ByUuid) = "start-instance-request",
        StopInstance(ByUuid) = "stop-instance-request",
        PauseInstance(ByUuid) = "pause-instance-request",
        UnpauseInstance(ByUuid) = "unpause-instance-request",
        SuspendInstance(ByUuid) = "suspend-instance-request",
        ResumeInstance(ByUuid) = "resume-instance-request",
        RebootInstance(ByUuid) = "reboot-instance-request",
        LiveMigrateInstance(ByUuid) = "live-migrate-instance-request",
        ColdMigrateInstance(ByUuid) = "cold-migrate-instance-request",
        EvacuateInstance(ByUuid) = "evacuate-instance-request",
        DeleteInstance(ByUuid) = "delete-instance-request",
        GetInstance(Get) = "get-instance-request",
        CreateImage(CreateImage) = "create-image-request",
        UpdateImage(UpdateImage) = "update-image-request",
        DeleteImage(ByUuid) = "delete-image-request",
        GetImage(Get) = "get-image-request",
        CreateVolume(CreateVolume) = "create-volume-request",
        UpdateVolume(UpdateVolume) = "update-volume-request",
        DeleteVolume(ByUuid) = "delete-volume-request",
        GetVolume(GetVolume) = "get-volume-request",
        CreateNetwork(CreateNetwork) = "create-network-request",
        UpdateNetwork(UpdateNetwork) = "update-network-request",
        DeleteNetwork(DeleteNetwork) = "delete-network-request",
        GetNetwork(GetNetwork) = "get-network-request",
        CreateSubnet(CreateSubnet) = "create-subnet-request",
        UpdateSubnet(UpdateSubnet) = "update-subnet-request",
        DeleteSubnet(DeleteSubnet) = "delete-subnet-request",
        GetSubnet(GetSubnet) = "get-subnet-request",
        GetHistory(GetHistory) = "get-history-request",
        PreviewHost(PreviewHost) = "preview-host-request",
        PreviewStrategy(GetStrategy) = "preview-sw-update-strategy-request",
    }
}

messages! {
    /// What the VIM answers; all keys are null when the result is no success.
    ResponseBody {
        CreateStrategy(Strategy) = "create-sw-update-strategy-response",
        ApplyStrategy(Strategy) = "apply-sw-update-strategy-response",
        AbortStrategy(Strategy) = "abort-sw-update-strategy-response",
        DeleteStrategy(Strategy) = "delete-sw-update-strategy-response",
        GetStrategy(Strategy) = "get-sw-update-strategy-response",
        CreateInstance(CreatedInstance) = "create-instance-response",
        StartInstance(ByUuid) = "start-instance-response",
        StopInstance(ByUuid) = "stop-instance-response",
        PauseInstance(ByUuid) = "pause-instance-response",
        UnpauseInstance(ByUuid) = "unpause-instance-response",
        SuspendInstance(ByUuid) = "suspend-instance-response",
        ResumeInstance(ByUuid) = "resume-instance-response",
        RebootInstance(ByUuid) = "reboot-instance-response",
        LiveMigrateInstance(ByUuid) = "live-migrate-instance-response",
        ColdMigrateInstance(ByUuid) = "cold-migrate-instance-response",
        EvacuateInstance(ByUuid) = "evacuate-instance-response",
        DeleteInstance(ByUuid) = "delete-instance-response",
        GetInstance(Instance) = "get-instance-response",
        CreateImage(Image) = "create-image-response",
        UpdateImage(Image) = "update-image-response",
        DeleteImage(ByUuid) = "delete-image-response",
        GetImage(Image) = "get-image-response",
        CreateVolume(Volume) = "create-volume-response",
        UpdateVolume(Volume) = "update-volume-response",
        DeleteVolume(ByUuid) = "delete-volume-response",
        GetVolume(Volume) = "get-volume-response",
        CreateNetwork(Network) = "create-network-response",
        UpdateNetwork(Network) = "update-network-response",
        DeleteNetwork(Nothing) = "delete-network-response",
        GetNetwork(Network) = "get-network-response",
        CreateSubnet(SubnetOfNetwork) = "create-subnet-response",
        UpdateSubnet(SubnetOfNetwork) = "update-subnet-response",
        DeleteSubnet(DeleteSubnet) = "delete-subnet-response",
        GetSubnet(Subnet) = "get-subnet-response",
        GetHistory(History) = "get-history-response",
        PreviewHost(Preview) = "preview-host-response",
        PreviewStrategy(Preview) = "preview-sw-update-strategy-response",
    }
}

impl Request {
    /// The payload to be framed.
    pub fn encode(&self) -> Vec<u8> {
        self.write(ResultCode::Success)
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// It is no request; the error says why.
    pub fn decode(bytes: &[u8]) -> Result<Self, RpcError> {
        let (kind, _, value) = open(bytes)?;
        Self::read(&kind, value)
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// How the request ended.
    pub result: ResultCode,
    /// What came of it.
    pub body: ResponseBody,
}

impl Response {
    /// It went well.
    pub const fn success(body: ResponseBody) -> Self {
        Self { result: ResultCode::Success, body }
    }

    /// It did not: the type of answer with all its keys null.
    pub fn without<T: Default>(result: ResultCode, body: impl FnOnce(T) -> ResponseBody) -> Self {
        Self { result, body: body(T::default()) }
    }

    /// The payload to be framed.
    pub fn encode(&self) -> Vec<u8> {
        self.body.write(self.result)
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// It is no answer; the error says why.
    pub fn decode(bytes: &[u8]) -> Result<Self, RpcError> {
        let (kind, result, value) = open(bytes)?;
        Ok(Self { result, body: ResponseBody::read(&kind, value)? })
    }
}
