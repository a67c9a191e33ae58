//! Resources as Cloud Control sees them, and what it knows of their types.

use serde_json::{Map, Value};

/// A resource of any CloudFormation type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its model. What its type declares write-only is never told.
    pub properties: Value,
    /// ListResources tells its whole model; otherwise only its identifier, which is all that AWS asks of a list handler.
    pub listed_whole: bool,
}

/// What the registry of CloudFormation says about a type.
#[derive(Debug)]
pub(crate) struct TypeInfo {
    pub(crate) name: &'static str,
    /// The properties of its primary identifier, which is joined with `|`.
    pub(crate) identifier: &'static [&'static str],
    /// What a `ResourceModel` has to say before the type can be listed.
    pub(crate) list_needs: &'static [&'static str],
    /// What can be written and is never read.
    pub(crate) write_only: &'static [&'static str],
    /// Without handlers Cloud Control can neither list nor read it.
    pub(crate) handlers: bool,
}

const fn known(
    name: &'static str,
    identifier: &'static [&'static str],
    list_needs: &'static [&'static str],
    write_only: &'static [&'static str],
) -> TypeInfo {
    TypeInfo { name, identifier, list_needs, write_only, handlers: true }
}

const fn without_handlers(name: &'static str) -> TypeInfo {
    TypeInfo { name, identifier: &["Id"], list_needs: &[], write_only: &[], handlers: false }
}

/// The types that can use an image, and keys with their aliases, as their published schemas have them (`primaryIdentifier`,
/// `handlers.list.handlerSchema`, `writeOnlyProperties`). EMR's clusters have no handlers: their images are in no
/// answer of Cloud Control. Neither are those of Elastic Beanstalk's environments, whose OptionSettings are write-only.
const TYPES: [TypeInfo; 16] = [
    known("AWS::Batch::ComputeEnvironment", &["ComputeEnvironmentArn"], &[], &["ReplaceComputeEnvironment", "UpdatePolicy"]),
    known("AWS::CodeBuild::Fleet", &["Arn"], &[], &[]),
    known("AWS::EKS::Cluster", &["Name"], &[], &["BootstrapSelfManagedAddons"]),
    known("AWS::EKS::Nodegroup", &["Id"], &["ClusterName"], &["ForceUpdateEnabled"]),
    known("AWS::ElasticBeanstalk::Application", &["ApplicationName"], &[], &[]),
    known(
        "AWS::ElasticBeanstalk::ConfigurationTemplate",
        &["ApplicationName", "TemplateName"],
        &[],
        &["EnvironmentId", "SourceConfiguration"],
    ),
    known("AWS::ElasticBeanstalk::Environment", &["EnvironmentName"], &[], &["OptionSettings", "TemplateName"]),
    known("AWS::EMR::SecurityConfiguration", &["Name"], &[], &[]),
    known("AWS::EMR::Studio", &["StudioId"], &[], &[]),
    known("AWS::KMS::Alias", &["AliasName"], &[], &[]),
    known("AWS::KMS::Key", &["KeyId"], &[], &["PendingWindowInDays", "BypassPolicyLockoutSafetyCheck", "RotationPeriodInDays"]),
    known("AWS::PCS::Cluster", &["Arn"], &[], &[]),
    known("AWS::PCS::ComputeNodeGroup", &["Arn"], &["ClusterId"], &[]),
    without_handlers("AWS::EMR::Cluster"),
    without_handlers("AWS::EMR::InstanceFleetConfig"),
    without_handlers("AWS::EMR::InstanceGroupConfig"),
];

pub(crate) fn type_info(name: &str) -> Option<&'static TypeInfo> {
    TYPES.iter().find(|info| info.name == name)
}

/// Properties of the identifier; of a type nobody knows, the first of these that it has.
fn identifier_names(kind: &str, properties: &Value) -> Vec<&'static str> {
    match type_info(kind) {
        Some(info) => info.identifier.to_vec(),
        None => ["Id", "Arn", "Name"].into_iter().filter(|name| properties.get(name).is_some()).take(1).collect(),
    }
}

/// What identifies a resource with these properties: `my-cluster/my-nodes`, or `application|template`.
pub(crate) fn identifier(kind: &str, properties: &Value) -> String {
    let text = |name: &str| properties.get(name).and_then(Value::as_str).unwrap_or_default();
    identifier_names(kind, properties).into_iter().map(text).collect::<Vec<_>>().join("|")
}

/// The properties that are the identifier, and no other.
pub(crate) fn identifying(kind: &str, properties: &Value) -> Value {
    let pair = |name: &'static str| Some((name.to_owned(), properties.get(name)?.clone()));
    Value::Object(identifier_names(kind, properties).into_iter().filter_map(pair).collect())
}

/// The properties that can be read.
pub(crate) fn readable(kind: &str, properties: &Value) -> Value {
    let hidden = type_info(kind).map_or(&[] as &[&str], |info| info.write_only);
    let fields = properties.as_object().into_iter().flatten().filter(|(name, _)| !hidden.contains(&name.as_str()));
    Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}
