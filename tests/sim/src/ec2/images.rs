//! DescribeImages.

use std::collections::BTreeSet;

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{LARGE, page};
use crate::wire::xml::{Xml, millis, seconds};
use crate::world::World;
use crate::world::image::{EbsMapping, Image, ImageState, Mapping, MappingKind, Permission, Protection, Tags};

use super::allowed_images::Gate;
use super::filter::Filters;
use super::well_formed;

const FILTERS: [&str; 31] = [
    "architecture",
    "block-device-mapping.delete-on-termination",
    "block-device-mapping.device-name",
    "block-device-mapping.encrypted",
    "block-device-mapping.snapshot-id",
    "block-device-mapping.volume-size",
    "block-device-mapping.volume-type",
    "boot-mode",
    "creation-date",
    "description",
    "ena-support",
    "hypervisor",
    "image-allowed",
    "image-id",
    "image-type",
    "is-public",
    "name",
    "owner-alias",
    "owner-id",
    "platform",
    "product-code",
    "product-code.type",
    "root-device-name",
    "root-device-type",
    "source-image-id",
    "source-image-region",
    "source-instance-id",
    "state",
    "state-reason-code",
    "state-reason-message",
    "virtualization-type",
];

/// Whether an account may launch an image: its own, a public one, or one shared with it or its organization.
pub(crate) fn may_launch(world: &World, account: &str, image: &Image) -> bool {
    image.owner == account || image.is_public() || is_shared_with(world, account, image)
}

/// Whether an image is shared with an account by name, or with its organization.
fn is_shared_with(world: &World, account: &str, image: &Image) -> bool {
    image.launch_permissions.iter().any(|permission| match permission {
        Permission::Everyone => false,
        Permission::Account(id) => id == account,
        Permission::Organization(arn) | Permission::Unit(arn) => world.belongs_to(account, arn),
    })
}

/// Every image that DescribeImages could tell an account about, lingering ones included; only these ids, if any.
fn listed<'w>(world: &'w World, call: &Call, ids: &BTreeSet<&str>) -> Vec<&'w Image> {
    let account = call.account();
    let partition = world.partition(account);
    let mut all = Vec::new();
    for (owner, region, place) in world.places() {
        if region != call.region || world.partition(owner) != partition {
            continue;
        }
        let lingering = place.lingering.iter().map(|(image, _)| image);
        let shown = |image: &'w Image| place.stale.get(&image.id).map_or(image, |(stale, _)| stale);
        if ids.is_empty() {
            all.extend(place.images.values().map(shown).chain(lingering));
        } else {
            let named = lingering.filter(|image| ids.contains(image.id.as_str()));
            let there = ids.iter().filter_map(|id| place.images.get(*id));
            all.extend(there.map(shown).chain(named));
        }
    }
    let gate = Gate::of(world, account, &call.region);
    all.retain(|image| image.listed_from <= world.now() && gate.admits(image));
    all
}

pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let account = call.account();
    let now = world.now();
    let ids: BTreeSet<&str> = call.params.list("ImageId").into_iter().collect();
    let filters = Filters::of(call)?;
    filters.check(&FILTERS)?;
    let deprecated = call.params.flag("IncludeDeprecated")?;
    let disabled = call.params.flag("IncludeDisabled")?;
    let owners = call.params.list("Owner");
    let users = call.params.list("ExecutableBy");
    let visible = listed(world, call, &ids);
    for id in &ids {
        well_formed(id, "ami", "InvalidAMIID.Malformed")?;
    }
    let missing = |id: &&&str| !visible.iter().any(|image| image.id == **id);
    let missing: Vec<&str> = ids.iter().filter(missing).copied().collect();
    if !missing.is_empty() {
        let (noun, verb) = if missing.len() == 1 { ("id", "does") } else { ("ids", "do") };
        let message = format!("The image {noun} '[{}]' {verb} not exist", missing.join(", "));
        return Err(AwsError::client("InvalidAMIID.NotFound", message));
    }
    let gate = Gate::of(world, account, &call.region);
    let mut found = Vec::new();
    let no_tags = Tags::new();
    for image in visible {
        let own = image.owner == account;
        let named = ids.contains(image.id.as_str());
        // Disabled images are left out unless asked for, even when named; others' deprecated ones unless asked for
        // or named (aws-facts, "What hides"). A disabled image is its owner's alone.
        let shown = (image.state != ImageState::Disabled || (own && disabled))
            && (own || deprecated || named || image.deprecation.is_none_or(|at| now < at))
            && is_owner(&owners, account, image)
            && is_executable(world, &users, account, image);
        let allowed = gate.verdict(image);
        let tags = if own { &image.tags } else { &no_tags };
        if shown && filters.pass(tags, |name| field(image, allowed, name))? {
            found.push((image.id.as_str(), (image, allowed)));
        }
    }
    let cooling_down = world.settings.cooling_down_shows;
    let page = page(world, call, LARGE, found)?;
    let mut xml = Xml::default();
    xml.items("imagesSet", page.items, |xml, (image, allowed)| write(xml, image, allowed, account, cooling_down));
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

fn is_owner(owners: &[&str], account: &str, image: &Image) -> bool {
    owners.is_empty()
        || owners.iter().any(|owner| match *owner {
            "self" => image.owner == account,
            owner => image.owner == owner || image.owner_alias.as_deref() == Some(owner),
        })
}

/// "If you specify self or your own account ID", the organization's shares count as well; for another account only
/// those with that very account.
fn is_executable(world: &World, users: &[&str], account: &str, image: &Image) -> bool {
    users.is_empty()
        || users.iter().any(|user| match *user {
            "all" => image.is_public(),
            user if user == "self" || user == account => is_shared_with(world, account, image),
            user => image.launch_permissions.contains(&Permission::Account(user.to_owned())),
        })
}

/// What the disks of an image have in some respect, one value each.
fn of_disks(image: &Image, value: impl Fn(&EbsMapping) -> Option<String>) -> Option<Vec<String>> {
    let disks = image.mappings.iter().filter_map(|mapping| match &mapping.kind {
        MappingKind::Ebs(ebs) => value(ebs),
        MappingKind::Ephemeral(_) => None,
    });
    Some(disks.collect())
}

fn field(image: &Image, allowed: Option<bool>, name: &str) -> Option<Vec<String>> {
    let one = |value: &str| Some(vec![value.to_owned()]);
    let some = |value: Option<&str>| Some(value.map(str::to_owned).into_iter().collect());
    match name {
        "architecture" => one(&image.architecture),
        "block-device-mapping.delete-on-termination" => of_disks(image, |ebs| Some(ebs.delete_on_termination.to_string())),
        "block-device-mapping.device-name" => Some(image.mappings.iter().map(|mapping| mapping.device.clone()).collect()),
        "block-device-mapping.encrypted" => of_disks(image, |ebs| Some(ebs.encrypted.to_string())),
        "block-device-mapping.snapshot-id" => of_disks(image, |ebs| ebs.snapshot.clone()),
        "block-device-mapping.volume-size" => of_disks(image, |ebs| Some(ebs.volume_size.to_string())),
        "block-device-mapping.volume-type" => of_disks(image, |ebs| Some(ebs.volume_type.clone())),
        "boot-mode" => some(image.boot_mode.as_deref()),
        "creation-date" => one(&millis(image.created)),
        "description" => some(image.description.as_deref()),
        "ena-support" => one(if image.ena_support { "true" } else { "false" }),
        "hypervisor" => one("xen"),
        "image-allowed" => some(allowed.map(|allowed| if allowed { "true" } else { "false" })),
        "image-id" => one(&image.id),
        "image-type" => one("machine"),
        "is-public" => one(if image.is_public() { "true" } else { "false" }),
        "name" => one(&image.name),
        "owner-alias" => some(image.owner_alias.as_deref()),
        "owner-id" => one(&image.owner),
        "platform" => some(image.platform.as_deref()),
        "product-code" => Some(image.product_codes.iter().map(|(code, _)| code.clone()).collect()),
        "product-code.type" => Some(image.product_codes.iter().map(|(_, kind)| kind.clone()).collect()),
        "root-device-name" => some(image.root_device_name.as_deref()),
        "root-device-type" => one(&image.root_device_type),
        "source-image-id" => some(image.source_image.as_deref()),
        "source-image-region" => some(image.source_region.as_deref()),
        "source-instance-id" => some(image.source_instance.as_deref()),
        "state" => one(image.state.as_str()),
        "state-reason-code" => some(image.state_reason.as_ref().map(|(code, _)| code.as_str())),
        "state-reason-message" => some(image.state_reason.as_ref().map(|(_, message)| message.as_str())),
        "virtualization-type" => one(&image.virtualization),
        _ => None,
    }
}

fn protection(image: &Image, cooling_down: &'static str) -> &'static str {
    match image.protection {
        Protection::Off => "disabled",
        Protection::CoolingDown(_) => cooling_down,
        Protection::On => "enabled-without-cooldown",
        Protection::OnWithCooldown => "enabled-with-cooldown",
    }
}

fn write(xml: &mut Xml, image: &Image, allowed: Option<bool>, reader: &str, cooling_down: &'static str) {
    let aliased = image.owner_alias.as_deref().filter(|alias| ["amazon", "aws-marketplace"].contains(alias));
    xml.text("imageId", &image.id);
    xml.text("imageLocation", format!("{}/{}", aliased.unwrap_or(&image.owner), image.name));
    xml.text("imageState", image.state.as_str());
    xml.text("imageOwnerId", &image.owner);
    xml.text("creationDate", millis(image.created));
    xml.text("isPublic", image.is_public());
    if !image.product_codes.is_empty() {
        write_product_codes(xml, image);
    }
    xml.text("architecture", &image.architecture);
    xml.text("imageType", "machine");
    xml.maybe("platform", image.platform.as_deref());
    xml.maybe("imageOwnerAlias", image.owner_alias.as_deref());
    xml.text("name", &image.name);
    xml.maybe("description", image.description.as_deref());
    xml.text("rootDeviceType", &image.root_device_type);
    xml.maybe("rootDeviceName", image.root_device_name.as_deref());
    xml.items("blockDeviceMapping", &image.mappings, write_mapping);
    xml.text("virtualizationType", &image.virtualization);
    xml.text("hypervisor", "xen");
    // Tags belong to the account that set them: another account sees none.
    if image.owner == reader && !image.tags.is_empty() {
        super::tags::write(xml, &image.tags);
    }
    xml.text("enaSupport", image.ena_support);
    xml.maybe("bootMode", image.boot_mode.as_deref());
    xml.maybe("imdsSupport", image.imds_support.as_deref());
    xml.maybe("tpmSupport", image.tpm_support.as_deref());
    xml.text("platformDetails", &image.platform_details);
    xml.text("usageOperation", "RunInstances");
    xml.maybe("imageAllowed", allowed);
    xml.maybe("deprecationTime", image.deprecation.map(millis));
    xml.maybe("sourceInstanceId", image.source_instance.as_deref());
    xml.maybe("sourceImageId", image.source_image.as_deref());
    xml.maybe("sourceImageRegion", image.source_region.as_deref());
    if image.owner == reader {
        xml.text("deregistrationProtection", protection(image, cooling_down));
        xml.maybe("lastLaunchedTime", image.last_launched.map(seconds));
    }
    if let Some((code, message)) = &image.state_reason {
        xml.element("stateReason", |xml| {
            xml.text("code", code);
            xml.text("message", message);
        });
    }
}

pub(crate) fn write_product_codes(xml: &mut Xml, image: &Image) {
    xml.items("productCodes", &image.product_codes, |xml, (code, kind)| {
        xml.text("productCode", code);
        xml.text("type", kind);
    });
}

/// One item of a `blockDeviceMapping` set.
pub(crate) fn write_mapping(xml: &mut Xml, mapping: &Mapping) {
    let Mapping { device, kind } = mapping;
    xml.text("deviceName", device);
    match kind {
        MappingKind::Ephemeral(name) => xml.text("virtualName", name),
        MappingKind::Ebs(ebs) => xml.element("ebs", |xml| {
            let EbsMapping { snapshot, volume_size, volume_type, encrypted, kms_key, delete_on_termination } = ebs;
            xml.maybe("snapshotId", snapshot.as_deref());
            xml.text("volumeSize", volume_size);
            xml.text("deleteOnTermination", delete_on_termination);
            xml.text("volumeType", volume_type);
            xml.text("encrypted", encrypted);
            xml.maybe("kmsKeyId", kms_key.as_deref());
        }),
    }
}
