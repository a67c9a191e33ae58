//! Switch Block Public Access on for a Region. It unshares nothing.
//!
//! Always `block-new-sharing`. For snapshots there is `block-all-sharing` too, which hides what is public without taking
//! its permission away: whoever ends that state publishes all of it again. What these calls do can be taken back by
//! `Disable…BlockPublicAccess` and leaves nothing more public than it was.

use aws_sdk_ec2::types::{ImageBlockPublicAccessEnabledState, SnapshotBlockPublicAccessState};

use super::{WriteOutcome, Writer};
use crate::aws::error::AwsError;
use crate::aws::pace::Api;

pub(super) const IMAGES: Api = Api::setting("EnableImageBlockPublicAccess");
pub(super) const SNAPSHOTS: Api = Api::setting("EnableSnapshotBlockPublicAccess");

impl Writer {
    /// No more images of this place can be made public. It can take EC2 ten minutes until reading the state says so.
    pub async fn block_new_public_images(&self) -> WriteOutcome {
        let state = ImageBlockPublicAccessEnabledState::BlockNewSharing;
        self.send(IMAGES, |ec2| {
            let call = ec2.enable_image_block_public_access().image_block_public_access_state(state.clone());
            let wanted = state.as_str().to_owned();
            async move {
                let answer = call.send().await.map_err(AwsError::of)?;
                confirmed(&wanted, answer.image_block_public_access_state.as_ref().map(|state| state.as_str()))
            }
        })
        .await
    }

    /// No more snapshots of this place can be made public.
    ///
    /// The state before must be `unblocked`: in place of `block-all-sharing` this would publish again what that hides.
    pub async fn block_new_public_snapshots(&self) -> WriteOutcome {
        let state = SnapshotBlockPublicAccessState::BlockNewSharing;
        self.send(SNAPSHOTS, |ec2| {
            let call = ec2.enable_snapshot_block_public_access().state(state.clone());
            let wanted = state.as_str().to_owned();
            async move {
                let answer = call.send().await.map_err(AwsError::of)?;
                confirmed(&wanted, answer.state.as_ref().map(|state| state.as_str()))
            }
        })
        .await
    }
}

/// EC2 answers with the state that was asked for, or with an error. Anything else is an answer that nobody can read, and
/// the state is read back.
fn confirmed(wanted: &str, answer: Option<&str>) -> Result<(), AwsError> {
    match answer {
        Some(state) if state == wanted => Ok(()),
        Some(other) => Err(AwsError::malformed(format!("asked for `{wanted}`, EC2 answered `{}`", other.escape_default()))),
        None => Err(AwsError::malformed("EC2 did not tell the new state")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_state_that_was_asked_for_is_a_yes() {
        assert!(confirmed("block-new-sharing", Some("block-new-sharing")).is_ok());
        for answer in [None, Some("unblocked"), Some("block-all-sharing")] {
            assert!(confirmed("block-new-sharing", answer).is_err(), "{answer:?}");
        }
    }
}
