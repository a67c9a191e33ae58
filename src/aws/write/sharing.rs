//! End one share, exactly: everybody's or one grantee's. Never a reset, which would end all of them.

use aws_sdk_ec2::types::{
    CreateVolumePermission, CreateVolumePermissionModifications, LaunchPermission, LaunchPermissionModifications, PermissionGroup,
    SnapshotAttributeName,
};

use super::{WriteOutcome, Writer};
use crate::aws::error::{AwsError, ErrorKind};
use crate::aws::pace::Api;
use crate::model::{AmiId, Grantee, SnapshotId};

impl Writer {
    /// Takes the group `all` off an image's launch permissions; every other share stays.
    pub async fn make_image_private(&self, image: &AmiId) -> WriteOutcome {
        self.unshare_image(image, &Grantee::Everyone).await
    }

    /// Takes the group `all` off a snapshot's create-volume permissions; every other share stays.
    pub async fn make_snapshot_private(&self, snapshot: &SnapshotId) -> WriteOutcome {
        self.unshare_snapshot(snapshot, &Grantee::Everyone).await
    }

    /// Takes exactly this grantee off an image's launch permissions.
    pub async fn unshare_image(&self, image: &AmiId, grantee: &Grantee) -> WriteOutcome {
        let permission = launch_permission(grantee);
        self.send(Api::heavy("ModifyImageAttribute"), |ec2| {
            let remove = LaunchPermissionModifications::builder().remove(permission.clone()).build();
            async move {
                ec2.modify_image_attribute().image_id(image.as_str()).launch_permission(remove).send().await.map_err(AwsError::of)?;
                Ok(())
            }
        })
        .await
    }

    /// Takes exactly this grantee off a snapshot's create-volume permissions. Snapshots know no organizations.
    pub async fn unshare_snapshot(&self, snapshot: &SnapshotId, grantee: &Grantee) -> WriteOutcome {
        let permission = match create_volume_permission(grantee) {
            Ok(permission) => permission,
            Err(error) => return WriteOutcome::Failed(error),
        };
        self.send(Api::heavy("ModifySnapshotAttribute"), |ec2| {
            let remove = CreateVolumePermissionModifications::builder().remove(permission.clone()).build();
            async move {
                ec2.modify_snapshot_attribute()
                    .snapshot_id(snapshot.as_str())
                    .attribute(SnapshotAttributeName::CreateVolumePermission)
                    .create_volume_permission(remove)
                    .send()
                    .await
                    .map_err(AwsError::of)?;
                Ok(())
            }
        })
        .await
    }
}

/// The four shapes of a launch permission.
fn launch_permission(grantee: &Grantee) -> LaunchPermission {
    let permission = LaunchPermission::builder();
    match grantee {
        Grantee::Everyone => permission.group(PermissionGroup::All),
        Grantee::Account(id) => permission.user_id(id.as_str()),
        Grantee::Organization(arn) => permission.organization_arn(arn),
        Grantee::Unit(arn) => permission.organizational_unit_arn(arn),
    }
    .build()
}

fn create_volume_permission(grantee: &Grantee) -> Result<CreateVolumePermission, AwsError> {
    let permission = CreateVolumePermission::builder();
    match grantee {
        Grantee::Everyone => Ok(permission.group(PermissionGroup::All).build()),
        Grantee::Account(id) => Ok(permission.user_id(id.as_str()).build()),
        Grantee::Organization(arn) | Grantee::Unit(arn) => {
            Err(AwsError::unsent(ErrorKind::Other, "InvalidGrantee", format!("a snapshot cannot be shared with {arn}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_grantee_is_removed_in_its_own_shape_and_no_other() {
        let organization = Grantee::parse("arn:aws:organizations::1:organization/o-a");
        let unit = Grantee::parse("arn:aws:organizations::1:ou/o-a/ou-b");
        assert_eq!(launch_permission(&Grantee::Everyone), LaunchPermission::builder().group(PermissionGroup::All).build());
        assert_eq!(launch_permission(&Grantee::parse("111122223333")), LaunchPermission::builder().user_id("111122223333").build());
        assert_eq!(
            launch_permission(&organization),
            LaunchPermission::builder().organization_arn("arn:aws:organizations::1:organization/o-a").build()
        );
        assert_eq!(
            launch_permission(&unit),
            LaunchPermission::builder().organizational_unit_arn("arn:aws:organizations::1:ou/o-a/ou-b").build()
        );
        assert!(create_volume_permission(&organization).is_err() && create_volume_permission(&unit).is_err());
    }
}
