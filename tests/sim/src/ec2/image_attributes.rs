//! DescribeImageAttribute, ModifyImageAttribute, ResetImageAttribute: mostly who may launch an image.

use std::collections::BTreeSet;

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::wire::params::Params;
use crate::wire::xml::{Xml, seconds};
use crate::world::World;
use crate::world::image::{Image, ImageState, Mapping, MappingKind, Permission};

use super::block_public_access::refuse_public_image;
use super::image_changes::{own_image, own_image_mut};
use super::images::{write_mapping, write_product_codes};

pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let attribute = call.params.required("Attribute")?.to_owned();
    let image = own_image(world, call)?;
    let mut xml = Xml::default();
    xml.text("imageId", &image.id);
    let value = |xml: &mut Xml, name: &str, value: Option<String>| {
        xml.element(name, |xml| xml.maybe("value", value));
    };
    match attribute.as_str() {
        "launchPermission" => xml.items("launchPermission", &image.launch_permissions, write_permission),
        "description" => value(&mut xml, "description", image.description.clone()),
        "lastLaunchedTime" => value(&mut xml, "lastLaunchedTime", image.last_launched.map(seconds)),
        "bootMode" => value(&mut xml, "bootMode", image.boot_mode.clone()),
        "tpmSupport" => value(&mut xml, "tpmSupport", image.tpm_support.clone()),
        "imdsSupport" => value(&mut xml, "imdsSupport", image.imds_support.clone()),
        "productCodes" => write_product_codes(&mut xml, image),
        "blockDeviceMapping" => xml.items("blockDeviceMapping", &image.mappings, write_mapping),
        other => {
            return Err(AwsError::invalid_value(format!("Value ({other}) for parameter attribute is invalid.")));
        }
    }
    Ok(Done::read(xml.into_string()))
}

pub(crate) fn write_permission(xml: &mut Xml, permission: &Permission) {
    match permission {
        Permission::Everyone => xml.text("group", "all"),
        Permission::Account(id) => xml.text("userId", id),
        Permission::Organization(arn) => xml.text("organizationArn", arn),
        Permission::Unit(arn) => xml.text("organizationalUnitArn", arn),
    }
}

/// What to add and what to take away.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) add: Vec<Permission>,
    pub(crate) remove: Vec<Permission>,
}

/// Both wire forms: `<structure>.Add.N.UserId` and `OperationType` with `UserId.N`.
pub(crate) fn change(params: &Params, structure: &str) -> Result<Change, AwsError> {
    let mut change = Change::default();
    let nested = params.under(structure);
    for (name, into) in [("Add", &mut change.add), ("Remove", &mut change.remove)] {
        for group in nested.groups(name) {
            into.push(permission(&group)?);
        }
    }
    let mut flat = Vec::new();
    flat.extend(params.list("UserId").into_iter().map(|id| ("UserId", id)));
    flat.extend(params.list("UserGroup").into_iter().map(|group| ("Group", group)));
    flat.extend(params.list("OrganizationArn").into_iter().map(|arn| ("OrganizationArn", arn)));
    flat.extend(params.list("OrganizationalUnitArn").into_iter().map(|arn| ("OrganizationalUnitArn", arn)));
    for (name, value) in flat {
        let mut one = Params::default();
        one.insert(name, value.to_owned());
        let permission = permission(&one)?;
        match params.required("OperationType")? {
            "add" => change.add.push(permission),
            "remove" => change.remove.push(permission),
            other => {
                let message = format!("Value ({other}) for parameter operationType is invalid.");
                return Err(AwsError::invalid_value(message));
            }
        }
    }
    Ok(change)
}

fn permission(params: &Params) -> Result<Permission, AwsError> {
    let arn = |name: &str, marker: &str| match params.get(name) {
        Some(arn) if arn.starts_with("arn:") && arn.contains(marker) => Ok(Some(arn.to_owned())),
        Some(bad) => Err(AwsError::invalid_value(format!("Value ({bad}) for parameter {name} is invalid."))),
        None => Ok(None),
    };
    let organization = arn("OrganizationArn", ":organization/")?;
    let unit = arn("OrganizationalUnitArn", ":ou/")?;
    match (params.get("Group"), params.get("UserId"), organization, unit) {
        (Some("all"), None, None, None) => Ok(Permission::Everyone),
        (Some(group), ..) => Err(AwsError::client("InvalidAMIAttributeItemValue", {
            format!("Invalid attribute item value \"{group}\" for userGroup item type.")
        })),
        (None, Some(id), None, None) if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) => Ok(Permission::Account(id.to_owned())),
        (None, Some(id), ..) => Err(AwsError::client("InvalidAMIAttributeItemValue", {
            format!("Invalid attribute item value \"{id}\" for userId item type.")
        })),
        (None, None, Some(arn), None) => Ok(Permission::Organization(arn)),
        (None, None, None, Some(arn)) => Ok(Permission::Unit(arn)),
        (None, None, ..) => Err(AwsError::missing("UserId, Group, OrganizationArn or OrganizationalUnitArn")),
    }
}

pub(crate) fn modify(world: &mut World, call: &Call) -> Answered {
    let params = &call.params;
    let description =
        params.get("Description.Value").or_else(|| (params.get("Attribute") == Some("description")).then(|| params.get("Value")).flatten());
    if let Some(text) = description.map(str::to_owned) {
        own_image_mut(world, call)?.description = Some(text);
        return Ok(Done::yes());
    }
    if let Some(other) = params.get("Attribute").filter(|attribute| *attribute != "launchPermission") {
        return Err(AwsError::invalid_value(format!("Value ({other}) for parameter attribute is invalid.")));
    }
    let change = change(params, "LaunchPermission")?;
    if change.add.is_empty() && change.remove.is_empty() {
        return Err(AwsError::client("InvalidParameterCombination", "No attributes specified."));
    }
    refuse_public_image(world, call, &change.add)?;
    let image = own_image_mut(world, call)?;
    refuse_sharing(image, &change)?;
    apply(&mut image.launch_permissions, change);
    Ok(Done::yes())
}

pub(crate) fn apply(permissions: &mut BTreeSet<Permission>, change: Change) {
    permissions.extend(change.add);
    for permission in change.remove {
        permissions.remove(&permission);
    }
}

/// "A disabled AMI can't be shared"; "images with an AWS Marketplace product code cannot be made public", and so those
/// with "encrypted volumes" or "snapshots of encrypted volumes".
fn refuse_sharing(image: &Image, change: &Change) -> Result<(), AwsError> {
    if image.state == ImageState::Disabled && !change.add.is_empty() {
        let message = format!("The image '{}' is disabled and cannot be shared", image.id);
        return Err(AwsError::client("OperationNotPermitted", message));
    }
    let marketplace = image.product_codes.iter().any(|(_, kind)| kind == "marketplace");
    if marketplace && change.add.contains(&Permission::Everyone) {
        let message = format!("The image '{}' has a Marketplace product code and cannot be made public", image.id);
        return Err(AwsError::client("OperationNotPermitted", message));
    }
    let encrypted = |mapping: &Mapping| matches!(&mapping.kind, MappingKind::Ebs(ebs) if ebs.encrypted);
    if change.add.contains(&Permission::Everyone) && image.mappings.iter().any(encrypted) {
        let message = format!("The image '{}' has encrypted snapshots and cannot be made public", image.id);
        return Err(AwsError::client("OperationNotPermitted", message));
    }
    Ok(())
}

/// Takes every launch permission away. It is here so that a test can see that it was never called.
pub(crate) fn reset(world: &mut World, call: &Call) -> Answered {
    match call.params.required("Attribute")? {
        "launchPermission" => {}
        other => {
            return Err(AwsError::invalid_value(format!("Value ({other}) for parameter attribute is invalid.")));
        }
    }
    own_image_mut(world, call)?.launch_permissions.clear();
    Ok(Done::yes())
}
