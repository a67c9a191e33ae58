//! The settings of a Region that limit what can be public or launched there: both Block Public Access states and
//! Allowed AMIs. One call each, no pages.

use aws_sdk_ec2::types as sdk;

use super::list;
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::inventory::answers::{
    GetAllowedImagesSettings, GetImageBlockPublicAccessState, GetSnapshotBlockPublicAccessState, ImageCriterion, List,
};

/// Whether images of this Region can be made public.
pub async fn image_block_public_access(clients: &Clients) -> Result<GetImageBlockPublicAccessState, AwsError> {
    clients.turn(Api::read("GetImageBlockPublicAccessState")).await;
    let answer = clients.ec2.get_image_block_public_access_state().send().await.map_err(AwsError::of)?;
    Ok(GetImageBlockPublicAccessState {
        image_block_public_access_state: Some(stated(answer.image_block_public_access_state, "ImageBlockPublicAccessState")?),
        managed_by: answer.managed_by.map(|manager| manager.as_str().to_owned()),
    })
}

/// Whether snapshots of this Region can be made public, or are at all.
pub async fn snapshot_block_public_access(clients: &Clients) -> Result<GetSnapshotBlockPublicAccessState, AwsError> {
    clients.turn(Api::read("GetSnapshotBlockPublicAccessState")).await;
    let answer = clients.ec2.get_snapshot_block_public_access_state().send().await.map_err(AwsError::of)?;
    Ok(GetSnapshotBlockPublicAccessState {
        state: Some(stated(answer.state.map(|state| state.as_str().to_owned()), "State")?),
        managed_by: answer.managed_by.map(|manager| manager.as_str().to_owned()),
    })
}

/// Whose images may be launched in this Region. Without criteria EC2 may leave their list out; the state is always there.
pub async fn allowed_images(clients: &Clients) -> Result<GetAllowedImagesSettings, AwsError> {
    clients.turn(Api::read("GetAllowedImagesSettings")).await;
    let answer = clients.ec2.get_allowed_images_settings().send().await.map_err(AwsError::of)?;
    let criterion = |criterion: sdk::ImageCriterion| ImageCriterion {
        image_providers: words(criterion.image_providers),
        image_names: words(criterion.image_names),
        marketplace_product_codes: words(criterion.marketplace_product_codes),
    };
    Ok(GetAllowedImagesSettings {
        state: Some(stated(answer.state, "State")?),
        managed_by: answer.managed_by.map(|manager| manager.as_str().to_owned()),
        image_criteria: list(answer.image_criteria, criterion),
    })
}

fn words(words: Option<Vec<String>>) -> List<String> {
    list(words, |word| word)
}

/// An answer that leaves the state open is none.
fn stated(state: Option<String>, name: &str) -> Result<String, AwsError> {
    state.filter(|state| !state.is_empty()).ok_or_else(|| AwsError::malformed(format!("the answer lacks `{name}`")))
}
