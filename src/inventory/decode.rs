//! From AWS's answers to the model: parsed once, here.
//!
//! INVARIANT: what cannot be recognised becomes an error that names it, never a default that could hide use,
//! ownership or exposure. Facts that only describe (architecture, platform) may be `unknown`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::{Grantee, Image, ImageState, Permissions, ProductCode, Protection, Region, Snapshot, SnapshotId, Tags, Volume};

use super::answers::{self, List};
use super::recovery::RecycleBinRule;

/// The members of a list that AWS must send; a missing list or a `null` member is a failed read.
pub(super) fn members<T>(list: List<T>, name: &str) -> Result<Vec<T>, String> {
    let list = list.ok_or_else(|| format!("the answer lacks its list `{name}`"))?;
    list.into_iter().enumerate().map(|(index, member)| member.ok_or_else(|| format!("`{name}` member {index} is null"))).collect()
}

/// The same, borrowed.
pub(super) fn listed<'a, T>(list: &'a List<T>, name: &str) -> Result<Vec<&'a T>, String> {
    members(list.as_ref().map(|list| list.iter().map(Option::as_ref).collect()), name)
}

/// The members of a list that AWS leaves out when it is empty.
pub(super) fn optional_members<T>(list: List<T>, name: &str) -> Result<Vec<T>, String> {
    members(Some(list.unwrap_or_default()), name)
}

/// An image, or which of its fields is missing or unreadable.
///
/// `protection_offered` says whether any image of the same answer carries `DeregistrationProtection`: absent
/// everywhere, the source is older than the field.
pub fn image(image: answers::Image, protection_offered: bool) -> Result<Image, String> {
    let id = required(image.image_id, "ImageId", "an image")?;
    let at = |text: Option<String>, field: &str| text.map(|text| time(&text, field, &id)).transpose();
    let source_region = image.source_image_region.filter(|region| !region.is_empty());
    let source_region: Region = source_region.map_or_else(|| Region::ANY.into(), Into::into);
    let source = image.source_image_id.filter(|source| !source.is_empty()).map(|source| (source.into(), source_region));
    Ok(Image {
        owner: required(image.owner_id, "OwnerId", &id)?.into(),
        owner_alias: image.image_owner_alias,
        name: image.name.unwrap_or_default(),
        description: image.description,
        state: ImageState::named(&required(image.state, "State", &id)?),
        created_at: time(&required(image.creation_date, "CreationDate", &id)?, "CreationDate", &id)?,
        deprecation_at: at(image.deprecation_time, "DeprecationTime")?,
        last_launched_at: at(image.last_launched_time, "LastLaunchedTime")?,
        public: image.public,
        protection: match image.deregistration_protection {
            Some(word) if word == "disabled" => Protection::Off,
            Some(word) => Protection::On(word),
            None if protection_offered => Protection::Unknown,
            None => Protection::NotOffered,
        },
        source_image: source,
        architecture: image.architecture.unwrap_or_else(|| "unknown".into()),
        platform: image.platform_details.unwrap_or_else(|| "unknown".into()),
        root_device_type: image.root_device_type.unwrap_or_else(|| "unknown".into()),
        virtualization: image.virtualization_type.unwrap_or_else(|| "unknown".into()),
        boot_mode: image.boot_mode,
        imdsv2_required: image.imds_support.as_deref() == Some("v2.0"),
        tpm: image.tpm_support.is_some(),
        ena: image.ena_support.unwrap_or(false),
        product_codes: optional_members(image.product_codes, "ProductCodes")?
            .into_iter()
            .map(|code| ProductCode { id: code.product_code_id.unwrap_or_default(), kind: code.product_code_type.unwrap_or_default() })
            .collect(),
        volumes: volumes(image.block_device_mappings)?,
        tags: tags(image.tags)?,
        id: id.into(),
    })
}

/// A snapshot, or which of its fields is missing or unreadable.
pub fn snapshot(snapshot: answers::Snapshot) -> Result<Snapshot, String> {
    let id = required(snapshot.snapshot_id, "SnapshotId", "a snapshot")?;
    Ok(Snapshot {
        owner: required(snapshot.owner_id, "OwnerId", &id)?.into(),
        description: snapshot.description,
        state: required(snapshot.state, "State", &id)?,
        started_at: time(&required(snapshot.start_time, "StartTime", &id)?, "StartTime", &id)?,
        volume_id: snapshot.volume_id.filter(|id| !id.is_empty()),
        size_gib: snapshot.volume_size.unwrap_or(0),
        encrypted: snapshot.encrypted,
        kms_key: snapshot.kms_key_id,
        storage_tier: snapshot.storage_tier.unwrap_or_else(|| "standard".into()),
        tags: tags(snapshot.tags)?,
        id: id.into(),
    })
}

/// The snapshots and encryption behind a block device mapping.
pub(super) fn volumes(mapping: List<answers::BlockDevice>) -> Result<Vec<Volume>, String> {
    let devices = optional_members(mapping, "BlockDeviceMappings")?;
    let volume = |ebs: answers::EbsBlockDevice| Volume {
        snapshot: ebs.snapshot_id.filter(|id| !id.is_empty()).map(Into::into),
        size_gib: ebs.volume_size.unwrap_or(0),
        encrypted: ebs.encrypted,
        kms_key: ebs.kms_key_id,
    };
    Ok(devices.into_iter().filter_map(|device| device.ebs).map(volume).collect())
}

/// The grantees of an attribute answer. An entry of none of the four shapes is a failed read.
pub fn permissions(list: List<answers::Permission>, name: &str) -> Result<Permissions, String> {
    let grantee = |permission: answers::Permission| {
        let answers::Permission { group, user_id, organization_arn, organizational_unit_arn } = permission;
        match (group, user_id, organization_arn, organizational_unit_arn) {
            (Some(group), None, None, None) if group == "all" => Ok(Grantee::Everyone),
            (None, Some(account), None, None) => Ok(Grantee::Account(account.into())),
            (None, None, Some(arn), None) => Ok(Grantee::Organization(arn)),
            (None, None, None, Some(arn)) => Ok(Grantee::Unit(arn)),
            _ => Err(format!("`{name}` has an entry that is neither group, account, organization nor unit")),
        }
    };
    members(list, name)?.into_iter().map(grantee).collect::<Result<_, _>>().map(Permissions)
}

/// A rule of the Recycle Bin.
pub(super) fn rule(rule: answers::GetRule) -> Result<RecycleBinRule, String> {
    let id = required(rule.identifier, "Identifier", "a Recycle Bin rule")?;
    let retention = rule.retention_period.ok_or_else(|| missing("RetentionPeriod", &id))?;
    let value = retention.retention_period_value.ok_or_else(|| missing("RetentionPeriodValue", &id))?;
    match retention.retention_period_unit.as_deref() {
        Some("DAYS") => {}
        unit => return Err(format!("rule `{id}` counts in `{}`, not in DAYS", unit.unwrap_or("nothing"))),
    }
    let tags = |list, name| -> Result<Vec<(String, Option<String>)>, String> {
        optional_members(list, name)?
            .into_iter()
            .map(|tag: answers::ResourceTag| {
                Ok((required(tag.resource_tag_key, "ResourceTagKey", &id)?, tag.resource_tag_value.filter(|value| !value.is_empty())))
            })
            .collect()
    };
    Ok(RecycleBinRule {
        resource_type: required(rule.resource_type, "ResourceType", &id)?,
        retention_days: value,
        tags: tags(rule.resource_tags, "ResourceTags")?,
        excluded: tags(rule.exclude_resource_tags, "ExcludeResourceTags")?,
        available: rule.status.as_deref() == Some("available"),
        id,
    })
}

/// The snapshots in the Recycle Bin, and when each leaves it for ever.
pub(super) fn snapshot_bin(answer: answers::ListSnapshotsInRecycleBin) -> Result<BTreeMap<SnapshotId, Option<Timestamp>>, String> {
    let binned = |snapshot: answers::SnapshotInRecycleBin| {
        let id = required(snapshot.snapshot_id, "SnapshotId", "a snapshot in the Recycle Bin")?;
        let exit = snapshot.recycle_bin_exit_time.map(|at| time(&at, "RecycleBinExitTime", &id)).transpose()?;
        Ok((id.into(), exit))
    };
    members(answer.snapshots, "Snapshots")?.into_iter().map(binned).collect()
}

/// Tags; one without a key is a failed read, since it might be the keep tag.
pub(super) fn tags(list: List<answers::Tag>) -> Result<Tags, String> {
    optional_members(list, "Tags")?.into_iter().map(|tag| Ok((tag.key.ok_or("a tag has no Key")?, tag.value.unwrap_or_default()))).collect()
}

pub(super) fn required(field: Option<String>, name: &str, whose: &str) -> Result<String, String> {
    field.filter(|text| !text.is_empty()).ok_or_else(|| missing(name, whose))
}

fn missing(name: &str, whose: &str) -> String {
    format!("{whose} has no {name}")
}

/// EC2 opened in August 2006 ("Amazon EC2 Beta", AWS News Blog): an earlier date (year 1, 1970) stands for none at all,
/// and would make anything look old.
const FIRST_YEAR: i16 = 2006;

/// Dates as the CLI prints them: `2026-05-01T10:00:00.000Z` or with an offset.
pub(super) fn time(text: &str, field: &str, whose: &str) -> Result<Timestamp, String> {
    let time: Timestamp = text.parse().map_err(|_| format!("{field} of {whose} is no date: `{}`", text.escape_default()))?;
    if time.to_zoned(TimeZone::UTC).year() < FIRST_YEAR {
        return Err(format!("{field} of {whose} is from before EC2: `{}`", text.escape_default()));
    }
    Ok(time)
}
