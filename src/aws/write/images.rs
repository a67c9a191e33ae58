//! Deprecate, disable, deregister, and the ways back.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::{WriteOutcome, Writer};
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::model::AmiId;

impl Writer {
    /// Marks an image deprecated from `at` on. EC2 refuses a time in the past, rounds to the minute, and wants at most
    /// ten years; for public images at most two years after their creation.
    pub async fn deprecate(&self, image: &AmiId, at: Timestamp) -> WriteOutcome {
        let at = DateTime::from_secs(at.as_second());
        self.send(Api::change("EnableImageDeprecation"), |ec2| async move {
            let call = ec2.enable_image_deprecation().image_id(image.as_str()).deprecate_at(at);
            accepted(call.send().await.map_err(AwsError::of)?.r#return)
        })
        .await
    }

    /// Takes the deprecation back.
    pub async fn undeprecate(&self, image: &AmiId) -> WriteOutcome {
        self.send(Api::change("DisableImageDeprecation"), |ec2| async move {
            accepted(ec2.disable_image_deprecation().image_id(image.as_str()).send().await.map_err(AwsError::of)?.r#return)
        })
        .await
    }

    /// Disables an image: nobody can launch it. EC2 drops **all** its launch permissions, for good: save them first.
    pub async fn disable(&self, image: &AmiId) -> WriteOutcome {
        self.send(Api::change("DisableImage"), |ec2| async move {
            accepted(ec2.disable_image().image_id(image.as_str()).send().await.map_err(AwsError::of)?.r#return)
        })
        .await
    }

    /// Enables a disabled image again, without the launch permissions it had.
    pub async fn enable(&self, image: &AmiId) -> WriteOutcome {
        self.send(Api::change("EnableImage"), |ec2| async move {
            accepted(ec2.enable_image().image_id(image.as_str()).send().await.map_err(AwsError::of)?.r#return)
        })
        .await
    }

    /// Deregisters an image and leaves its snapshots: `DeleteAssociatedSnapshots` can report success and have skipped
    /// some, so they are steps of their own. EC2 does this even to an image in use.
    pub async fn deregister(&self, image: &AmiId) -> WriteOutcome {
        self.send(Api::heavy("DeregisterImage"), |ec2| async move {
            accepted(ec2.deregister_image().image_id(image.as_str()).send().await.map_err(AwsError::of)?.r#return)
        })
        .await
    }
}

/// EC2 answers `true`, or with an error. An answer without the word is read as EC2's older form of yes; `false` is not
/// documented, so what happened then is unknown.
fn accepted(answer: Option<bool>) -> Result<(), AwsError> {
    match answer {
        Some(false) => Err(AwsError::malformed("EC2 answered `false` without saying why")),
        Some(true) | None => Ok(()),
    }
}
