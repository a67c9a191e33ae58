//! The settings of a place, from AWS's answers to what policies may ask.
//!
//! A word that EC2 is not known to use is a failed read: it may mean anything.

use crate::model::{AllowedImages, AllowedImagesState, Block, BlockState, Manager, Place, Shareable};

use super::answers::{GetAllowedImagesSettings, GetImageBlockPublicAccessState, GetSnapshotBlockPublicAccessState};
use super::decode::{optional_members, required};
use super::joins::Joined;
use super::place::Inventory;

/// Everything the policies may ask about one place.
#[derive(Clone, Debug)]
pub struct PlaceFacts<'a> {
    pub place: &'a Place,
    pub image_block: Option<Block>,
    pub snapshot_block: Option<Block>,
    pub allowed_images: Option<&'a AllowedImages>,
    /// Own images of every state; `None` when they were not read.
    pub images: Option<usize>,
    /// `None` also when AWS did not say of one.
    pub public_images: Option<usize>,
    pub snapshots: Option<usize>,
    pub public_snapshots: Option<usize>,
}

impl PlaceFacts<'_> {
    /// Block Public Access for images or for snapshots.
    pub fn block(&self, of: Shareable) -> Option<Block> {
        match of {
            Shareable::Images => self.image_block,
            Shareable::Snapshots => self.snapshot_block,
        }
    }
}

impl Joined<'_> {
    /// Everything known about the place itself.
    pub fn place<'i>(&self, inventory: &'i Inventory) -> PlaceFacts<'i> {
        let Inventory { place, images, images_read, snapshots, snapshots_read, public_snapshots, allowed_images, .. } = inventory;
        let own = || images.iter().filter(|image| image.owner == place.account);
        PlaceFacts {
            place,
            image_block: inventory.block(Shareable::Images),
            snapshot_block: inventory.block(Shareable::Snapshots),
            allowed_images: allowed_images.as_ref(),
            images: images_read.then(|| own().count()),
            public_images: (*images_read && own().all(|image| image.public.is_some()))
                .then(|| own().filter(|image| image.public == Some(true)).count()),
            snapshots: snapshots_read.then(|| snapshots.iter().filter(|snapshot| snapshot.owner == place.account).count()),
            public_snapshots: public_snapshots.as_ref().map(|public| public.len()),
        }
    }
}

impl Inventory {
    /// Block Public Access for images or for snapshots; `None` when it was not read.
    pub fn block(&self, of: Shareable) -> Option<Block> {
        match of {
            Shareable::Images => self.image_block,
            Shareable::Snapshots => self.snapshot_block,
        }
    }
}

/// Block Public Access for images. It has no state that hides what is public.
pub fn image_block(answer: GetImageBlockPublicAccessState) -> Result<Block, String> {
    let GetImageBlockPublicAccessState { image_block_public_access_state, managed_by } = answer;
    let block = block(image_block_public_access_state, "ImageBlockPublicAccessState", managed_by)?;
    match block.state {
        BlockState::Unblocked | BlockState::BlockNewSharing => Ok(block),
        BlockState::BlockAllSharing => Err(format!("`{}` is no state of Block Public Access for images", block.state.name())),
    }
}

/// Block Public Access for snapshots.
pub fn snapshot_block(answer: GetSnapshotBlockPublicAccessState) -> Result<Block, String> {
    let GetSnapshotBlockPublicAccessState { state, managed_by } = answer;
    block(state, "State", managed_by)
}

fn block(state: Option<String>, field: &str, managed_by: Option<String>) -> Result<Block, String> {
    let word = required(state, field, "Block Public Access")?;
    let state = BlockState::named(&word).ok_or_else(|| format!("`{}` is no state of Block Public Access", word.escape_default()))?;
    Ok(Block { state, managed_by: manager(managed_by)? })
}

/// Allowed AMIs. AWS leaves the criteria out where there are none.
pub(super) fn allowed_images(answer: GetAllowedImagesSettings) -> Result<AllowedImages, String> {
    let GetAllowedImagesSettings { state, managed_by, image_criteria } = answer;
    let word = required(state, "State", "Allowed AMIs")?;
    let state = AllowedImagesState::named(&word).ok_or_else(|| format!("`{}` is no state of Allowed AMIs", word.escape_default()))?;
    let mut providers = std::collections::BTreeSet::new();
    for criterion in optional_members(image_criteria, "ImageCriteria")? {
        providers.extend(optional_members(criterion.image_providers, "ImageProviders")?);
    }
    Ok(AllowedImages { state, managed_by: manager(managed_by)?, providers })
}

fn manager(word: Option<String>) -> Result<Option<Manager>, String> {
    word.map(|word| Manager::named(&word).ok_or_else(|| format!("`{}` is nobody who manages settings", word.escape_default()))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(state: &str, managed_by: Option<&str>) -> Result<Block, String> {
        image_block(GetImageBlockPublicAccessState {
            image_block_public_access_state: Some(state.into()),
            managed_by: managed_by.map(Into::into),
        })
    }

    fn snapshots(state: Option<&str>) -> Result<Block, String> {
        snapshot_block(GetSnapshotBlockPublicAccessState { state: state.map(Into::into), managed_by: Some("account".into()) })
    }

    #[test]
    fn states_and_managers_are_read_and_an_older_answer_names_no_manager() {
        let policy = Some(Manager::DeclarativePolicy);
        assert_eq!(images("unblocked", Some("declarative-policy")), Ok(Block { state: BlockState::Unblocked, managed_by: policy }));
        assert_eq!(images("block-new-sharing", None), Ok(Block { state: BlockState::BlockNewSharing, managed_by: None }));
        assert_eq!(snapshots(Some("block-all-sharing")).map(|block| block.state), Ok(BlockState::BlockAllSharing));
    }

    #[test]
    fn a_word_that_is_not_known_is_a_failed_read() {
        assert!(images("block-all-sharing", None).is_err());
        assert!(images("unblocked", Some("the organization")).is_err());
        assert!(snapshots(Some("open\u{1b}[31m")).is_err_and(|error| !error.contains('\u{1b}')));
        assert!(snapshots(None).is_err());
    }

    #[test]
    fn allowed_images_name_every_provider_of_every_criterion() {
        let text = r#"{"State": "audit-mode", "ManagedBy": "account", "ImageCriteria": [
            {"ImageProviders": ["amazon", "111122223333"]}, {"ImageNames": ["golden-*"]}, {"ImageProviders": ["aws-marketplace"]}]}"#;
        let read = allowed_images(serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!(read.state, AllowedImagesState::AuditMode);
        assert_eq!(read.providers, ["111122223333", "amazon", "aws-marketplace"].map(String::from).into());
        let off = allowed_images(serde_json::from_str(r#"{"State": "disabled"}"#).unwrap()).unwrap();
        assert!(off.providers.is_empty() && off.managed_by.is_none());
        assert!(allowed_images(serde_json::from_str(r#"{"State": "enabled", "ImageCriteria": [null]}"#).unwrap()).is_err());
        assert!(allowed_images(serde_json::from_str("{}").unwrap()).is_err());
    }
}
