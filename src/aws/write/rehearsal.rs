//! Asks AWS what this identity may do, without doing it: `DryRun` on ids that do not exist.
//!
//! The ids are made up, since an emulator that ignores `DryRun` would otherwise do the real thing.

use aws_sdk_ec2::types::{CreateVolumePermission, CreateVolumePermissionModifications};
use aws_sdk_ec2::types::{ImageBlockPublicAccessEnabledState, SnapshotBlockPublicAccessState};
use aws_sdk_ec2::types::{LaunchPermission, LaunchPermissionModifications, PermissionGroup, SnapshotAttributeName};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::public_access;
use crate::aws::clients::Clients;
use crate::aws::error::{AwsError, ErrorKind};
use crate::aws::pace::Api;

const IMAGE: &str = "ami-00000000000000000";
const SNAPSHOT: &str = "snap-00000000000000000";

/// What AWS said to a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rehearsal {
    /// The permission is there.
    Allowed,
    Denied(AwsError),
    /// AWS looked at the resource first, or did not answer: this cannot be told beforehand.
    Unclear(AwsError),
}

/// One call and its rehearsal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsed {
    /// As AWS names it: `DeregisterImage`.
    pub api: &'static str,
    pub rehearsal: Rehearsal,
}

/// Rehearses every EC2 call that `act` can make in this place. `now` is only needed for a plausible deprecation time.
pub async fn rehearse(clients: &Clients, now: Timestamp) -> Vec<Rehearsed> {
    let ec2 = &clients.ec2;
    let mut all = Vec::new();
    macro_rules! rehearse {
        ($api:expr, $call:expr) => {{
            clients.turn($api).await;
            let answer = $call.dry_run(true).send().await.map(|_| ()).map_err(AwsError::of);
            all.push(Rehearsed { api: $api.name, rehearsal: judge(answer) });
        }};
    }
    let tomorrow = DateTime::from_secs(now.as_second() + 86_400);
    rehearse!(Api::change("EnableImageDeprecation"), ec2.enable_image_deprecation().image_id(IMAGE).deprecate_at(tomorrow));
    rehearse!(Api::change("DisableImage"), ec2.disable_image().image_id(IMAGE));
    rehearse!(Api::heavy("DeregisterImage"), ec2.deregister_image().image_id(IMAGE));
    rehearse!(Api::heavy("DeleteSnapshot"), ec2.delete_snapshot().snapshot_id(SNAPSHOT));
    let everyone = LaunchPermission::builder().group(PermissionGroup::All).build();
    let remove = LaunchPermissionModifications::builder().remove(everyone).build();
    rehearse!(Api::heavy("ModifyImageAttribute"), ec2.modify_image_attribute().image_id(IMAGE).launch_permission(remove));
    let everyone = CreateVolumePermission::builder().group(PermissionGroup::All).build();
    let remove = CreateVolumePermissionModifications::builder().remove(everyone).build();
    rehearse!(
        Api::heavy("ModifySnapshotAttribute"),
        ec2.modify_snapshot_attribute()
            .snapshot_id(SNAPSHOT)
            .attribute(SnapshotAttributeName::CreateVolumePermission)
            .create_volume_permission(remove)
    );
    rehearse!(
        Api::copy("CopyImage"),
        ec2.copy_image().source_image_id(IMAGE).source_region(clients.place().region.as_str()).name("ami-warden-rehearsal")
    );
    // A place has no other id than itself: AWS's own word for `DryRun` is all that stands before the effect here. It is
    // one that takes nothing away from anybody (see `public_access`).
    rehearse!(
        public_access::IMAGES,
        ec2.enable_image_block_public_access().image_block_public_access_state(ImageBlockPublicAccessEnabledState::BlockNewSharing)
    );
    rehearse!(public_access::SNAPSHOTS, ec2.enable_snapshot_block_public_access().state(SnapshotBlockPublicAccessState::BlockNewSharing));
    all
}

/// `DryRunOperation` is EC2's way of saying that the call would have been carried out.
fn judge(answer: Result<(), AwsError>) -> Rehearsal {
    match answer {
        Err(error) if error.code == "DryRunOperation" => Rehearsal::Allowed,
        Err(error) if matches!(error.kind, ErrorKind::Denied) => Rehearsal::Denied(error),
        Err(error) => Rehearsal::Unclear(error),
        Ok(()) => Rehearsal::Unclear(AwsError::malformed("the endpoint ignored DryRun")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dry_run_operation_means_allowed() {
        let error = |kind, code: &str| AwsError::unsent(kind, code, "x");
        assert_eq!(judge(Err(error(ErrorKind::Other, "DryRunOperation"))), Rehearsal::Allowed);
        assert!(matches!(judge(Err(error(ErrorKind::Denied, "UnauthorizedOperation"))), Rehearsal::Denied(_)));
        assert!(matches!(judge(Err(error(ErrorKind::NotFound, "InvalidAMIID.NotFound"))), Rehearsal::Unclear(_)));
        assert!(matches!(judge(Ok(())), Rehearsal::Unclear(_)));
    }
}
