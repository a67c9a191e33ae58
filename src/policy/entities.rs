//! Facts to Cedar entities. What is unknown is left out, never guessed.

use std::iter;

use cedar_policy::{Entity, EntityUid, RestrictedExpression};

use crate::inventory::{Drift, FamilyFacts, ImageFacts, PlaceFacts, Reach, SnapshotFacts, Usage, User, Version, system_of};
use crate::model::{AllowedImages, Block, Grantee, Image, Manager, Permissions, Protection, Snapshot, Tags, Volume};

use super::schema::{Names, uid};
use super::uses::{Named, Uses};
use super::values::{Attributes, Unbuildable, count, datetime, duration, entities, entity, long, text, texts, truth};

/// The image and what lies above it.
pub(super) fn image(facts: &ImageFacts<'_>, names: &Names, uses: &Uses, above_account: &[EntityUid]) -> Result<Entity, Unbuildable> {
    let ImageFacts {
        place,
        image,
        users: _,      // counted in `usage`
        all_listed: _, // an interlock's matter
        owned: _,      // an interlock's matter
        age,
        is_deprecated,
        since_deprecation,
        since_disabled,
        idle,
        usage: used,
        sharing,
        reach,
        family,
        family_name,
        version,
        newer_base,
        consumers,
        ancestors,
        children,
        replica_regions,
        drift,
        replicate_to,
        managed_by,
        legal_hold,
        keep_tag: _, // an interlock's matter
        cooling_until,
        recovery: _, // an interlock's matter
    } = facts;
    let mut put = Attributes::new(uses);
    put.put("region", || entity(&names.region, place.region.as_str()));
    put.put("age", || duration(*age));
    put.put("isDeprecated", || truth(*is_deprecated));
    put.put_known("timeSinceDeprecation", *since_deprecation, duration);
    put.put_known("timeSinceDisabled", *since_disabled, duration);
    put.put_known("idle", *idle, duration);
    usage(&mut put, used.as_ref().ok())?;
    share(&mut put, *sharing, names)?;
    reached(&mut put, reach, names)?;
    if let Some(FamilyFacts { name: _, rank, size, versions_behind, is_newest }) = family {
        put.put_record("family", || {
            [("rank", count(*rank)), ("size", count(*size)), ("versionsBehind", count(*versions_behind)), ("isNewest", truth(*is_newest))]
        })?;
    }
    if let Some(Version { major, minor, patch, prerelease }) = version {
        put.put_record("version", || {
            [("major", long(*major)), ("minor", long(*minor)), ("patch", long(*patch)), ("prerelease", truth(prerelease.is_some()))]
        })?;
    }
    put.put_known("newerBase", *newer_base, truth);
    put.put_known("consumers", *consumers, count);
    put.put_known("replicaRegions", replica_regions.as_ref(), |regions| {
        entities(&names.region, regions.iter().map(|region| region.as_str()))
    });
    put.put("replicateTo", || entities(&names.region, replicate_to.iter().map(|region| region.as_str())));
    put.put_known("familyName", family_name.as_deref(), text);
    if let Some(ancestors) = ancestors {
        put.put("ancestors", || entities(&names.image, ancestors.images.iter().map(|id| id.as_str())));
        put.put("ancestorsComplete", || truth(ancestors.complete));
    }
    if children.unknown.is_empty() {
        put.put("children", || entities(&names.image, children.found.iter().map(|child| child.id.as_str())));
        put.put("liveChildren", || count(children.found.len()));
    }
    if let Some(Drift { tags, deprecation, shares }) = drift {
        let differ = |name, list: &Vec<String>| (name, truth(!list.is_empty()));
        let shares = || shares.as_ref().map(|shares| differ("shares", shares));
        put.put_record("replicaDrift", || [differ("tags", tags), differ("deprecation", deprecation)].into_iter().chain(shares()))?;
    }
    put.put_known("managedBy", managed_by.as_ref().map(|managed| managed.by.name()), text);
    put.put("legalHold", || truth(*legal_hold));
    described(&mut put, image, names);
    // EC2 goes on refusing while it cools down, though it calls it unprotected.
    let protected = match &image.protection {
        Protection::On(_) => Some(true),
        Protection::Off | Protection::NotOffered => Some(cooling_until.is_some()),
        Protection::Unknown => None,
    };
    put.put_known("deregistrationProtected", protected, truth);

    let mut above = above(uses, names, place.account.as_str(), place.region.as_str(), above_account);
    // Also where its rank is not known: a policy that spares a family spares all of it.
    if let Some(family) = family_name.as_ref().filter(|_| uses.ancestors.has("Family")) {
        above.push(uid(&names.family, family));
    }
    build(uid(&names.image, image.id.as_str()), put, above, texts_of(&image.tags), &uses.tags)
}

/// What DescribeImages says of the image itself.
fn described(put: &mut Attributes<'_>, image: &Image, names: &Names) {
    let Image {
        id: _,
        owner,
        owner_alias,
        name,
        description,
        state,
        created_at,
        deprecation_at,
        last_launched_at,
        public,
        protection: _, // with its cooldown
        source_image,
        architecture,
        platform,
        root_device_type,
        virtualization,
        boot_mode,
        imdsv2_required,
        tpm,
        ena,
        product_codes,
        volumes,
        tags: _,
    } = image;
    put.put("name", || text(name));
    put.put_found("operatingSystem", || Some(text(system_of(image)?.name)));
    put.put_found("platformEndOfLife", || Some(datetime(system_of(image)?.end_of_life()?)));
    put.put_known("description", description.as_deref(), text);
    put.put("owner", || entity(&names.account, owner.as_str()));
    put.put_known("ownerAlias", owner_alias.as_deref(), text);
    put.put("createdAt", || datetime(*created_at));
    put.put("state", || text(state.name()));
    put.put_known("deprecatedAt", *deprecation_at, datetime);
    put.put_known("lastLaunchedAt", *last_launched_at, datetime);
    // The schema says it is always there; without it every policy that reads it errs, and nothing is done.
    put.put_known("isPublic", *public, truth);
    put.put_known("encrypted", encrypted(volumes), truth);
    put.put("kmsKeys", || texts(volumes.iter().filter_map(|volume| volume.kms_key.as_deref())));
    put.put("architecture", || text(architecture));
    put.put("platform", || text(platform));
    put.put("rootDeviceType", || text(root_device_type));
    put.put("virtualization", || text(virtualization));
    put.put_known("bootMode", boot_mode.as_deref(), text);
    put.put("imdsv2Required", || truth(*imdsv2_required));
    put.put("tpm", || truth(*tpm));
    put.put("enaSupport", || truth(*ena));
    put.put("productCodes", || texts(product_codes.iter().map(|code| code.id.as_str())));
    put.put_known("sourceImage", source_image.as_ref(), |(source, _)| entity(&names.image, source.as_str()));
    // Snapshots beside the root's, wherever the root has one.
    put.put("dataVolumes", || count(image.snapshots().count().saturating_sub(usize::from(root_device_type == "ebs"))));
    put.put("snapshotCount", || count(image.snapshots().count()));
    put.put("snapshotGiB", || {
        long(volumes.iter().filter(|volume| volume.snapshot.is_some()).fold(0, |sum: i64, volume| sum.saturating_add(volume.size_gib)))
    });
}

/// Whether every EBS volume is encrypted; `None` when there is none or AWS did not say of one that could
/// change the answer. An instance-store volume has neither a snapshot nor an answer.
fn encrypted(volumes: &[Volume]) -> Option<bool> {
    let mut answers =
        volumes.iter().filter(|volume| volume.snapshot.is_some() || volume.encrypted.is_some()).map(|volume| volume.encrypted).peekable();
    answers.peek()?;
    answers
        .try_fold(true, |all, answer| match answer {
            Some(false) => Err(Some(false)),
            Some(true) => Ok(all),
            None => Err(None),
        })
        .map_or_else(|answer| if volumes.iter().any(|volume| volume.encrypted == Some(false)) { Some(false) } else { answer }, Some)
}

/// The snapshot and what lies above it.
pub(super) fn snapshot(facts: &SnapshotFacts<'_>, names: &Names, uses: &Uses, above_account: &[EntityUid]) -> Result<Entity, Unbuildable> {
    let SnapshotFacts {
        place,
        snapshot,
        referring_images: _, // counted in `images`
        users: _,            // counted in `usage`
        owned: _,            // an interlock's matter
        age,
        is_public,
        sharing,
        reach,
        images,
        usage: used,
        source_volume_exists,
        orphaned_for,
        lock,
        fast_restore,
        managed_by,
        legal_hold,
        keep_tag: _, // an interlock's matter
        recovery: _, // an interlock's matter
    } = facts;
    let Snapshot { id, owner, description, state, started_at, volume_id: _, size_gib, encrypted, kms_key, storage_tier, tags } = snapshot;
    let mut put = Attributes::new(uses);
    put.put_known("description", description.as_deref(), text);
    put.put("owner", || entity(&names.account, owner.as_str()));
    put.put("region", || entity(&names.region, place.region.as_str()));
    put.put("createdAt", || datetime(*started_at));
    put.put("age", || duration(*age));
    put.put("state", || text(state));
    put.put_known("isPublic", *is_public, truth);
    share(&mut put, *sharing, names)?;
    reached(&mut put, reach, names)?;
    put.put_known("encrypted", *encrypted, truth);
    put.put_known("kmsKey", kms_key.as_deref(), text);
    put.put("sizeGiB", || long(*size_gib));
    put.put("storageTier", || text(storage_tier));
    put.put_known("locked", lock.is_on(), truth);
    put.put_known("fastRestore", fast_restore.is_on(), truth);
    put.put_known("managedBy", managed_by.as_ref().map(|managed| managed.by.name()), text);
    put.put_known("usedByImages", images.as_ref().ok(), |images| count(images.len()));
    usage(&mut put, used.as_ref().ok())?;
    put.put_known("sourceVolumeExists", *source_volume_exists, truth);
    put.put_known("orphanedFor", *orphaned_for, duration);
    put.put("legalHold", || truth(*legal_hold));
    let above = above(uses, names, place.account.as_str(), place.region.as_str(), above_account);
    build(uid(&names.snapshot, id.as_str()), put, above, texts_of(tags), &uses.tags)
}

/// The place and what lies above it. It has no tags.
pub(super) fn place(facts: &PlaceFacts<'_>, names: &Names, uses: &Uses, above_account: &[EntityUid]) -> Result<Entity, Unbuildable> {
    let PlaceFacts { place, image_block, snapshot_block, allowed_images, images, public_images, snapshots, public_snapshots } = facts;
    let mut put = Attributes::new(uses);
    put.put("account", || entity(&names.account, place.account.as_str()));
    put.put("region", || entity(&names.region, place.region.as_str()));
    for (name, block) in [("imageBlockPublicAccess", image_block), ("snapshotBlockPublicAccess", snapshot_block)] {
        if let Some(Block { state, managed_by }) = block {
            put.put_record(name, || iter::once(("state", text(state.name()))).chain(managed(*managed_by)))?;
        }
    }
    if let Some(AllowedImages { state, managed_by, providers }) = allowed_images {
        let known = || [("state", text(state.name())), ("providers", texts(providers.iter().map(String::as_str)))];
        put.put_record("allowedImages", || known().into_iter().chain(managed(*managed_by)))?;
    }
    for (name, number) in
        [("images", images), ("publicImages", public_images), ("snapshots", snapshots), ("publicSnapshots", public_snapshots)]
    {
        put.put_known(name, *number, count);
    }
    let above = above(uses, names, place.account.as_str(), place.region.as_str(), above_account);
    build(uid(&names.place, &place.to_string()), put, above, iter::empty(), &uses.tags)
}

/// Who is in charge of a setting, where that is known.
fn managed(by: Option<Manager>) -> Option<(&'static str, RestrictedExpression)> {
    Some(("managedBy", text(by?.name())))
}

fn usage(put: &mut Attributes<'_>, usage: Option<&Usage<'_>>) -> Result<(), Unbuildable> {
    let Some(usage) = usage else { return Ok(()) };
    put.put_record("usage", || {
        let of = |kind: fn(&User) -> bool| usage.references.iter().filter(|reference| kind(&reference.user)).count();
        let kinds = [
            ("instances", of(|user| matches!(user, User::Instance { .. }))),
            ("launchTemplates", of(|user| matches!(user, User::LaunchTemplate { .. }))),
            ("autoScalingGroups", of(|user| matches!(user, User::AutoScalingGroup { .. }))),
            ("launchConfigurations", of(|user| matches!(user, User::LaunchConfiguration { .. }))),
            ("fleets", of(|user| matches!(user, User::SpotFleet { .. } | User::SpotRequest { .. } | User::Fleet { .. }))),
            ("parameters", of(|user| matches!(user, User::Parameter { .. }))),
            ("recipes", of(|user| matches!(user, User::ImageRecipe { .. } | User::ContainerRecipe { .. }))),
            ("screams", of(|user| matches!(user, User::FailedLaunch { .. }))),
        ];
        let total = usage.references.len();
        let other = total.saturating_sub(kinds.iter().map(|(_, users)| users).sum());
        let sums = [("total", total), ("live", usage.live()), ("stale", usage.stale()), ("other", other)];
        sums.into_iter().chain(kinds).map(|(name, users)| (name, count(users)))
    })
}

fn share(put: &mut Attributes<'_>, sharing: Option<&Permissions>, names: &Names) -> Result<(), Unbuildable> {
    let Some(sharing) = sharing else { return Ok(()) };
    put.put_record("sharing", || grantees(sharing.shares(), names))
}

/// What permissions, snapshots and keys tell together.
fn reached(put: &mut Attributes<'_>, reach: &Reach<'_>, names: &Names) -> Result<(), Unbuildable> {
    let Reach {
        public_snapshots,
        snapshots_shared_with,
        left,
        unusable,
        keys: _, // for people
    } = reach;
    put.put_known("snapshotsPublic", public_snapshots.as_ref(), |public| truth(!public.is_empty()));
    for (name, accounts) in [("snapshotsSharedWith", snapshots_shared_with), ("sharedWithLeft", left)] {
        put.put_known(name, accounts.as_ref(), |accounts| entities(&names.account, accounts.iter().map(|account| account.as_str())));
    }
    match unusable {
        Some(unusable) => put.put_record("unusableShares", || grantees(unusable.keys().copied(), names)),
        None => Ok(()),
    }
}

/// The fields of a `Sharing`.
fn grantees<'g>(grantees: impl Iterator<Item = &'g Grantee>, names: &Names) -> [(&'static str, RestrictedExpression); 3] {
    let (mut accounts, mut organizations, mut units) = (Vec::new(), Vec::new(), Vec::new());
    for grantee in grantees {
        match grantee {
            Grantee::Everyone => {}
            Grantee::Account(account) => accounts.push(account.as_str()),
            Grantee::Organization(arn) => organizations.push(last(arn)),
            Grantee::Unit(arn) => units.push(last(arn)),
        }
    }
    [
        ("accounts", entities(&names.account, accounts)),
        ("organizations", entities(&names.organization, organizations)),
        ("orgUnits", entities(&names.unit, units)),
    ]
}

/// The last part of an ARN: the id of the organization or unit.
pub(super) fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Everything above the account is a direct parent, so that the store needs nothing but the resource.
pub(super) fn above(uses: &Uses, names: &Names, account: &str, region: &str, above_account: &[EntityUid]) -> Vec<EntityUid> {
    let mut above: Vec<EntityUid> =
        above_account.iter().filter(|entity| uses.ancestors.has(entity.type_name().basename())).cloned().collect();
    if uses.ancestors.has("Account") {
        above.push(uid(&names.account, account));
    }
    if uses.ancestors.has("Region") {
        above.push(uid(&names.region, region));
    }
    above
}

fn texts_of(tags: &Tags) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}

pub(super) fn build<'t>(
    uid: EntityUid,
    attributes: Attributes<'_>,
    above: Vec<EntityUid>,
    tags: impl Iterator<Item = (&'t str, &'t str)>,
    read: &Named,
) -> Result<Entity, Unbuildable> {
    let tags =
        tags.filter(|(key, _)| read.has(key)).map(|(key, value)| (key.to_owned(), RestrictedExpression::new_string(value.to_owned())));
    Ok(Entity::new_with_tags(uid, attributes.finish(), above, tags).map_err(Box::new)?)
}
