//! Reads: whole listings, page by page, and single resources.
//!
//! `MaxResults` goes with every listing: without it EC2 sends everything in one answer, which draws on a smaller
//! bucket and times out in large accounts. What EC2 would leave out is asked for: disabled and deprecated images,
//! service-managed instances, templates and volumes. Services that answer in JSON send an empty list where there is nothing
//! (so do botocore's samples and moto), so that for them too an answer without its list is none.

mod attributes;
mod autoscaling;
mod events;
mod exposure;
mod fleets;
mod images;
mod instances;
mod organization;
mod parameters;
mod protection;
mod recipes;
mod recycle_bin;
mod references;
mod regions;
mod resources;
mod snapshots;
mod templates;

pub use attributes::{create_volume_permissions, launch_permissions};
pub use autoscaling::{auto_scaling_groups, failed_activities, launch_configurations};
pub use events::events;
pub use exposure::{allowed_images, image_block_public_access, snapshot_block_public_access};
pub use fleets::{fleets, spot_fleets, spot_requests};
pub use images::{IDS_PER_FILTER, image, images, images_in_use, images_of, public_images};
pub use instances::{instances, instances_of, volumes};
pub use organization::{OrganizationAnswer, organization};
pub use parameters::{NAMES_PER_CALL, parameter_names, parameters};
pub use protection::{fast_restores, fast_restores_of, lock_of, locked_snapshots};
pub use recipes::{container_recipe, container_recipes, image_recipe, image_recipes};
pub use recycle_bin::{images_in_recycle_bin, rule_details, rules, snapshots_in_recycle_bin};
pub use references::{IMAGES_PER_CALL, image_references, usage_report_entries, usage_reports};
pub use regions::{OptIn, RegionInfo, regions};
pub use resources::{resource, resources};
pub use snapshots::{public_snapshots, snapshot, snapshots};
pub use templates::{default_and_latest_versions, launch_template_versions, launch_templates};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::error::{AwsError, ErrorKind};
use crate::inventory::answers::{List, Tag};

/// What became of one resource that was looked up by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<T> {
    Found(T),
    /// AWS does not know it (any more). Straight after a write this proves nothing.
    Gone,
}

impl<T> Lookup<T> {
    /// Reads "no such resource" as an answer, and everything else that failed as a failure.
    fn of(read: Result<T, AwsError>) -> Result<Self, AwsError> {
        match read {
            Ok(found) => Ok(Self::Found(found)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(Self::Gone),
            Err(error) => Err(error),
        }
    }
}

/// How many entries EC2 puts on a page at most.
const EC2_PAGE: i32 = 1_000;

/// A list as the AWS CLI prints it; an absent list stays absent.
fn list<S, T>(list: Option<Vec<S>>, convert: impl Fn(S) -> T) -> List<T> {
    Some(list?.into_iter().map(|entry| Some(convert(entry))).collect())
}

fn tags(tags: Option<Vec<aws_sdk_ec2::types::Tag>>) -> List<Tag> {
    list(tags, |tag| Tag { key: tag.key, value: tag.value })
}

/// RFC 3339 in UTC. A time that cannot be written so is unknown, as if AWS had not sent it.
fn time(time: Option<DateTime>) -> Option<String> {
    time?.fmt(Format::DateTime).ok()
}
