//! Who may use one image or one snapshot. One call each: asked only where a policy could act on the answer.

use aws_sdk_ec2::types::{ImageAttributeName, SnapshotAttributeName};

use super::{Lookup, list};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::inventory::answers::{ImageAttribute, Permission, SnapshotAttribute};
use crate::model::{AmiId, SnapshotId};

/// The launch permissions of one image, in all four shapes.
pub async fn launch_permissions(clients: &Clients, id: &AmiId) -> Result<Lookup<ImageAttribute>, AwsError> {
    clients.turn(Api::read("DescribeImageAttribute")).await;
    let answer = clients
        .ec2
        .describe_image_attribute()
        .image_id(id.as_str())
        .attribute(ImageAttributeName::LaunchPermission)
        .send()
        .await
        .map_err(AwsError::of);
    let Lookup::Found(answer) = Lookup::of(answer)? else { return Ok(Lookup::Gone) };
    check("LaunchPermissions", id.as_str(), answer.image_id.as_deref(), answer.launch_permissions.is_some())?;
    Ok(Lookup::Found(ImageAttribute {
        image_id: answer.image_id,
        launch_permissions: list(answer.launch_permissions, |permission| Permission {
            group: permission.group.map(|group| group.as_str().to_owned()),
            user_id: permission.user_id,
            organization_arn: permission.organization_arn,
            organizational_unit_arn: permission.organizational_unit_arn,
        }),
    }))
}

/// The create-volume permissions of one snapshot: accounts and `all`, nothing else.
pub async fn create_volume_permissions(clients: &Clients, id: &SnapshotId) -> Result<Lookup<SnapshotAttribute>, AwsError> {
    clients.turn(Api::read("DescribeSnapshotAttribute")).await;
    let answer = clients
        .ec2
        .describe_snapshot_attribute()
        .snapshot_id(id.as_str())
        .attribute(SnapshotAttributeName::CreateVolumePermission)
        .send()
        .await
        .map_err(AwsError::of);
    let Lookup::Found(answer) = Lookup::of(answer)? else { return Ok(Lookup::Gone) };
    check("CreateVolumePermissions", id.as_str(), answer.snapshot_id.as_deref(), answer.create_volume_permissions.is_some())?;
    Ok(Lookup::Found(SnapshotAttribute {
        snapshot_id: answer.snapshot_id,
        create_volume_permissions: list(answer.create_volume_permissions, |permission| Permission {
            group: permission.group.map(|group| group.as_str().to_owned()),
            user_id: permission.user_id,
            organization_arn: None,
            organizational_unit_arn: None,
        }),
    }))
}

/// An answer about another resource, or without its list, is none: an image with no permissions sends an empty list.
fn check(list: &str, asked: &str, about: Option<&str>, list_came: bool) -> Result<(), AwsError> {
    if about != Some(asked) {
        return Err(AwsError::malformed(format!("asked about {asked}, the answer is about {}", about.unwrap_or("nothing"))));
    }
    if !list_came {
        return Err(AwsError::malformed(format!("the answer lacks its list `{list}`")));
    }
    Ok(())
}
