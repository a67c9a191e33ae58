//! Who else is in charge of an image or snapshot, told by the marks that services leave.

use crate::model::{Image, Snapshot, Tags};

use super::facts::ManagedBy;

/// The service in charge of `image`.
pub fn of_image(image: &Image) -> Option<ManagedBy> {
    let marketplace =
        image.owner_alias.as_deref() == Some("aws-marketplace") || image.product_codes.iter().any(|code| code.kind == "marketplace");
    by_marks(&image.name, image.description.as_deref(), &image.tags).or_else(|| marketplace.then_some(ManagedBy::Marketplace))
}

/// The service in charge of `snapshot`.
pub fn of_snapshot(snapshot: &Snapshot) -> Option<ManagedBy> {
    by_marks("", snapshot.description.as_deref(), &snapshot.tags)
}

/// AWS Backup names images `AwsBackup_…`, tags with `aws:backup:` and writes "created by the AWS Backup service";
/// DLM tags with `aws:dlm:` and writes `Created for policy: policy-…`; Image Builder tags `CreatedBy` and
/// `Ec2ImageBuilderArn` (the services' user guides).
fn by_marks(name: &str, description: Option<&str>, tags: &Tags) -> Option<ManagedBy> {
    let description = description.unwrap_or_default();
    let tagged = |prefix: &str| tags.keys().any(|key| key.starts_with(prefix));
    if tagged("aws:backup:") || name.starts_with("AwsBackup_") || description.contains("created by the AWS Backup service") {
        return Some(ManagedBy::AwsBackup);
    }
    if tagged("aws:dlm:") || tagged("dlm:managed") || description.starts_with("Created for policy: policy-") {
        return Some(ManagedBy::DataLifecycleManager);
    }
    let builder = tags.get("CreatedBy").is_some_and(|by| by == "EC2 Image Builder") || tags.contains_key("Ec2ImageBuilderArn");
    builder.then_some(ManagedBy::ImageBuilder)
}
