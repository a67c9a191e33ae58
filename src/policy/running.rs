//! What runs, as Cedar entities: instances and Auto Scaling groups.

use cedar_policy::{Entity, EntityUid};

use crate::inventory::{Condition, GroupFacts, InstanceFacts};
use crate::model::Image;

use super::entities::{above, build};
use super::schema::{Names, uid};
use super::uses::Uses;
use super::values::{Attributes, Unbuildable, count, datetime, duration, entity, text, truth};

/// The instance and what lies above it.
pub(super) fn instance(facts: &InstanceFacts<'_>, names: &Names, uses: &Uses, above_account: &[EntityUid]) -> Result<Entity, Unbuildable> {
    let InstanceFacts { place, instance, age, group, image, condition } = facts;
    let mut put = Attributes::new(uses);
    put.put("owner", || entity(&names.account, place.account.as_str()));
    put.put("region", || entity(&names.region, place.region.as_str()));
    put.put("state", || text(&instance.state));
    put.put_known("launchedAt", instance.launched_at, datetime);
    put.put_known("age", *age, duration);
    put.put_known("group", *group, text);
    put.put("image", || entity(&names.image, instance.image.as_str()));
    if let Some(Image { owner, owner_alias, state, .. }) = image.image {
        put.put("imageOwner", || entity(&names.account, owner.as_str()));
        put.put_known("imageOwnerAlias", owner_alias.as_deref(), text);
        put.put("imageState", || text(state.name()));
    }
    images(&mut put, condition);
    let above = above(uses, names, place.account.as_str(), place.region.as_str(), above_account);
    build(uid(&names.instance, instance.id.as_str()), put, above, instance.tags.iter(), &uses.tags)
}

/// The group and what lies above it.
pub(super) fn group(facts: &GroupFacts<'_>, names: &Names, uses: &Uses, above_account: &[EntityUid]) -> Result<Entity, Unbuildable> {
    let GroupFacts { place, group, images: all, complete, mixed, instances, launchable, condition } = facts;
    let mut put = Attributes::new(uses);
    put.put("owner", || entity(&names.account, place.account.as_str()));
    put.put("region", || entity(&names.region, place.region.as_str()));
    put.put_known("images", complete.then_some(all.len()), count);
    put.put_known("mixedImages", *mixed, truth);
    put.put_known("instances", *instances, count);
    put.put_known("zeroSize", group.desired, |desired| truth(desired == 0));
    put.put_known("launchable", *launchable, truth);
    images(&mut put, condition);
    let above = above(uses, names, place.account.as_str(), place.region.as_str(), above_account);
    build(uid(&names.group, group.name.as_str()), put, above, group.tags.iter(), &uses.tags)
}

/// What both say of the images they run.
fn images(put: &mut Attributes<'_>, condition: &Condition) {
    let Condition {
        age,
        deprecated,
        since_deprecation,
        trusted,
        public,
        visible,
        versions_behind,
        newer_base,
        untested,
        is_32_bit,
        is_paravirtual,
        system,
    } = condition;
    put.put_known("imageAge", *age, duration);
    put.put_known("imageDeprecated", *deprecated, truth);
    put.put_known("timeSinceImageDeprecation", *since_deprecation, duration);
    put.put_known("imageTrusted", *trusted, truth);
    put.put_known("imagePublic", *public, truth);
    put.put_known("imageVisible", *visible, truth);
    put.put_known("versionsBehind", *versions_behind, count);
    put.put_known("newerBase", *newer_base, truth);
    put.put_known("untested", *untested, truth);
    put.put_known("is32Bit", *is_32_bit, truth);
    put.put_known("isParavirtual", *is_paravirtual, truth);
    put.put_known("operatingSystem", system.map(|(name, _)| name), text);
    put.put_known("platformEndOfLife", system.map(|(_, end)| end), datetime);
}
