//! EC2, as far as images, snapshots and what uses them go.

mod allowed_images;
mod block_public_access;
mod copy;
mod fast_restores;
pub(crate) mod filter;
mod fleets;
mod image_attributes;
mod image_changes;
pub(crate) mod image_references;
mod images;
mod instances;
pub(crate) mod launch_templates;
pub(crate) mod launches;
mod locks;
mod recycle_bin;
mod regions;
mod snapshot_changes;
mod snapshots;
mod spot;
mod tags;
mod usage_reports;
mod volumes;

use crate::api::{Answered, Api, Call};
use crate::buckets::{BLOCK, COPY, Limit, READ, TAGS, WRITE, WRITE_MANY};
use crate::error::AwsError;
use crate::world::World;

type Run = fn(&mut World, &Call) -> Answered;

const fn read(name: &'static str, params: &'static [&'static str], run: Run) -> Api {
    Api { name, mutating: false, limit: READ, params, run }
}

const fn write(name: &'static str, limit: Limit, params: &'static [&'static str], run: Run) -> Api {
    Api { name, mutating: true, limit, params, run }
}

/// What looks.
pub(crate) const READS: &[Api] = &[
    read("DescribeRegions", &["AllRegions", "RegionName", "Filter"], regions::describe),
    read(
        "DescribeImages",
        &["Owner", "ImageId", "ExecutableBy", "IncludeDeprecated", "IncludeDisabled", "Filter", "MaxResults", "NextToken"],
        images::describe,
    ),
    read("DescribeImageAttribute", &["Attribute", "ImageId"], image_attributes::describe),
    read("DescribeSnapshots", &["Owner", "RestorableBy", "SnapshotId", "Filter", "MaxResults", "NextToken"], snapshots::describe),
    read("DescribeSnapshotAttribute", &["Attribute", "SnapshotId"], snapshot_changes::describe_attribute),
    read("DescribeFastSnapshotRestores", &["Filter", "MaxResults", "NextToken"], fast_restores::describe),
    read("DescribeLockedSnapshots", &["Filter", "SnapshotId", "MaxResults", "NextToken"], locks::describe),
    read("DescribeInstances", &["InstanceId", "Filter", "IncludeManagedResources", "MaxResults", "NextToken"], instances::describe),
    read("DescribeVolumes", &["VolumeId", "Filter", "IncludeManagedResources", "MaxResults", "NextToken"], volumes::describe),
    read(
        "DescribeLaunchTemplates",
        &["LaunchTemplateId", "LaunchTemplateName", "Filter", "IncludeManagedResources", "MaxResults", "NextToken"],
        launch_templates::describe,
    ),
    read(
        "DescribeLaunchTemplateVersions",
        &[
            "LaunchTemplateId",
            "LaunchTemplateName",
            "LaunchTemplateVersion",
            "MinVersion",
            "MaxVersion",
            "Filter",
            "ResolveAlias",
            "IncludeManagedResources",
            "MaxResults",
            "NextToken",
        ],
        launch_templates::versions,
    ),
    read("DescribeSpotFleetRequests", &["SpotFleetRequestId", "MaxResults", "NextToken"], spot::describe_fleets),
    read("DescribeSpotInstanceRequests", &["SpotInstanceRequestId", "Filter", "MaxResults", "NextToken"], spot::describe_requests),
    read("DescribeFleets", &["FleetId", "Filter", "MaxResults", "NextToken"], fleets::describe),
    read(
        "DescribeImageReferences",
        &["ImageId", "IncludeAllResourceTypes", "ResourceType", "MaxResults", "NextToken"],
        image_references::describe,
    ),
    read("GetImageBlockPublicAccessState", &[], block_public_access::of_images),
    read("GetSnapshotBlockPublicAccessState", &[], block_public_access::of_snapshots),
    read("GetAllowedImagesSettings", &[], allowed_images::get),
    read("DescribeImageUsageReports", &["ImageId", "ReportId", "Filter", "MaxResults", "NextToken"], usage_reports::describe),
    read("DescribeImageUsageReportEntries", &["ImageId", "ReportId", "Filter", "MaxResults", "NextToken"], usage_reports::describe_entries),
    read("ListImagesInRecycleBin", &["ImageId", "MaxResults", "NextToken"], recycle_bin::list_images),
    read("ListSnapshotsInRecycleBin", &["SnapshotId", "MaxResults", "NextToken"], recycle_bin::list_snapshots),
];

/// What changes something.
pub(crate) const WRITES: &[Api] = &[
    write("EnableImageDeprecation", WRITE, &["ImageId", "DeprecateAt"], image_changes::deprecate),
    write("DisableImageDeprecation", WRITE, &["ImageId"], image_changes::cancel_deprecation),
    write("DisableImage", WRITE, &["ImageId"], image_changes::disable),
    write("EnableImage", WRITE, &["ImageId"], image_changes::enable),
    write("EnableImageDeregistrationProtection", WRITE, &["ImageId", "WithCooldown"], image_changes::protect),
    write("DisableImageDeregistrationProtection", WRITE, &["ImageId"], image_changes::unprotect),
    write("DeregisterImage", WRITE_MANY, &["ImageId", "DeleteAssociatedSnapshots"], image_changes::deregister),
    write(
        "ModifyImageAttribute",
        WRITE_MANY,
        &[
            "Attribute",
            "ImageId",
            "LaunchPermission",
            "OperationType",
            "UserId",
            "UserGroup",
            "OrganizationArn",
            "OrganizationalUnitArn",
            "Description",
            "Value",
        ],
        image_attributes::modify,
    ),
    write("ResetImageAttribute", WRITE, &["Attribute", "ImageId"], image_attributes::reset),
    write("DeleteSnapshot", WRITE_MANY, &["SnapshotId"], snapshot_changes::delete),
    write(
        "ModifySnapshotAttribute",
        WRITE_MANY,
        &["Attribute", "SnapshotId", "CreateVolumePermission", "OperationType", "UserId", "UserGroup"],
        snapshot_changes::modify_attribute,
    ),
    write("EnableFastSnapshotRestores", WRITE, &["AvailabilityZone", "SourceSnapshotId"], fast_restores::enable),
    write("DisableFastSnapshotRestores", WRITE, &["AvailabilityZone", "SourceSnapshotId"], fast_restores::disable),
    write("LockSnapshot", WRITE, &["SnapshotId", "LockMode", "CoolOffPeriod", "LockDuration", "ExpirationDate"], locks::lock),
    write("UnlockSnapshot", WRITE, &["SnapshotId"], locks::unlock),
    write("EnableImageBlockPublicAccess", BLOCK, &["ImageBlockPublicAccessState"], block_public_access::enable_images),
    write("DisableImageBlockPublicAccess", BLOCK, &[], block_public_access::disable_images),
    write("EnableSnapshotBlockPublicAccess", BLOCK, &["State"], block_public_access::enable_snapshots),
    write("DisableSnapshotBlockPublicAccess", BLOCK, &[], block_public_access::disable_snapshots),
    write("EnableAllowedImagesSettings", WRITE, &["AllowedImagesSettingsState"], allowed_images::enable),
    write("DisableAllowedImagesSettings", WRITE, &[], allowed_images::disable),
    write("ReplaceImageCriteriaInAllowedImagesSettings", WRITE, &["ImageCriterion"], allowed_images::replace),
    write(
        "CreateImageUsageReport",
        WRITE,
        &["ImageId", "ResourceType", "AccountId", "ClientToken", "TagSpecification"],
        usage_reports::create,
    ),
    write("DeleteImageUsageReport", WRITE, &["ReportId"], usage_reports::delete),
    write("RestoreImageFromRecycleBin", WRITE, &["ImageId"], recycle_bin::restore_image),
    write("RestoreSnapshotFromRecycleBin", WRITE, &["SnapshotId"], recycle_bin::restore_snapshot),
    write(
        "CopyImage",
        COPY,
        &[
            "ClientToken",
            "Description",
            "Encrypted",
            "KmsKeyId",
            "Name",
            "SourceImageId",
            "SourceRegion",
            "CopyImageTags",
            "TagSpecification",
        ],
        copy::copy_image,
    ),
    write("CreateTags", TAGS, &["ResourceId", "Tag"], tags::create),
    write("DeleteTags", TAGS, &["ResourceId", "Tag"], tags::delete),
    write(
        "RunInstances",
        WRITE,
        &["ImageId", "InstanceType", "MinCount", "MaxCount", "ClientToken", "LaunchTemplate", "TagSpecification"],
        launches::run,
    ),
    write("TerminateInstances", WRITE, &["InstanceId"], launches::terminate),
];

/// An id has the right prefix, and hexadecimal digits behind it.
fn well_formed(id: &str, prefix: &str, code: &'static str) -> Result<(), AwsError> {
    let digits = id.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
    match digits {
        Some(digits) if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit()) => Ok(()),
        _ => Err(AwsError::client(code, format!("Invalid id: \"{id}\" (expecting \"{prefix}-...\")"))),
    }
}
