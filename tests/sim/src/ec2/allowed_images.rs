//! Allowed AMIs: the setting, and what it hides. "Only allowed AMIs are discoverable ... by APIs that use images (for
//! example, that describe, copy, store, or perform other actions that use images)": EC2 User Guide.

use jiff::{SignedDuration, Timestamp};

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::World;
use crate::world::allowed::{AllowedImages, ImageCriterion};
use crate::world::image::Image;

use super::block_public_access::{managed_by, refuse_managed};
use super::filter::wildcard;
use super::images::may_launch;

/// What an account may see in a place.
#[derive(Debug)]
pub(crate) struct Gate<'w> {
    world: &'w World,
    account: &'w str,
    setting: Option<&'w AllowedImages>,
}

impl<'w> Gate<'w> {
    pub(crate) fn of(world: &'w World, account: &'w str, region: &str) -> Self {
        let setting = world.place(account, region).map(|place| &place.allowed_images);
        Self { world, account, setting: setting.filter(|setting| setting.state != "disabled") }
    }

    /// `ImageAllowed`; not told while the setting is off.
    pub(crate) fn verdict(&self, image: &Image) -> Option<bool> {
        let now = self.world.now();
        self.setting.map(|setting| image.owner == self.account || setting.criteria.iter().any(|one| meets(one, image, now)))
    }

    /// Whether the account sees an image and can use it.
    pub(crate) fn admits(&self, image: &Image) -> bool {
        let enabled = self.setting.is_some_and(|setting| setting.state == "enabled");
        may_launch(self.world, self.account, image) && (!enabled || self.verdict(image) != Some(false))
    }
}

fn meets(criterion: &ImageCriterion, image: &Image, now: Timestamp) -> bool {
    let ImageCriterion { providers, product_codes, names, max_days_since_deprecated, max_days_since_created } = criterion;
    let within = |days: &i64, since: Timestamp| now.duration_since(since) <= SignedDuration::from_hours(24 * days);
    let is = |provider: &String| *provider == image.owner || Some(provider) == image.owner_alias.as_ref();
    (providers.is_empty() || providers.iter().any(is))
        && (product_codes.is_empty() || image.product_codes.iter().any(|(code, _)| product_codes.contains(code)))
        && (names.is_empty() || names.iter().any(|name| wildcard(name, &image.name)))
        && max_days_since_created.as_ref().is_none_or(|days| within(days, image.created))
        && max_days_since_deprecated.as_ref().is_none_or(|days| image.deprecation.is_none_or(|at| now < at || within(days, at)))
}

fn setting_mut<'w>(world: &'w mut World, call: &Call) -> Result<&'w mut AllowedImages, AwsError> {
    let setting = &mut world.place_mut(call.account(), &call.region).allowed_images;
    refuse_managed(setting.declarative)?;
    Ok(setting)
}

pub(crate) fn get(world: &mut World, call: &Call) -> Answered {
    let setting = world.place(call.account(), &call.region).map(|place| place.allowed_images.clone()).unwrap_or_default();
    let AllowedImages { state, criteria, declarative } = setting;
    let mut xml = Xml::default();
    xml.text("state", state);
    xml.items("imageCriterionSet", criteria, |xml, criterion| {
        let ImageCriterion { providers, product_codes, names, max_days_since_deprecated, max_days_since_created } = criterion;
        let lists = [("imageProviderSet", providers), ("marketplaceProductCodeSet", product_codes), ("imageNameSet", names)];
        for (name, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
            xml.items(name, &values, |xml, value| xml.word(value));
        }
        if let Some(days) = max_days_since_deprecated {
            xml.element("deprecationTimeCondition", |xml| xml.text("maximumDaysSinceDeprecated", days));
        }
        if let Some(days) = max_days_since_created {
            xml.element("creationDateCondition", |xml| xml.text("maximumDaysSinceCreated", days));
        }
    });
    xml.text("managedBy", managed_by(declarative));
    Ok(Done::read(xml.into_string()))
}

pub(crate) fn enable(world: &mut World, call: &Call) -> Answered {
    let asked = call.params.required("AllowedImagesSettingsState")?;
    if !["enabled", "audit-mode"].contains(&asked) {
        return Err(AwsError::invalid_value(format!("Value ({asked}) for parameter AllowedImagesSettingsState is invalid.")));
    }
    switch(world, call, asked)
}

pub(crate) fn disable(world: &mut World, call: &Call) -> Answered {
    switch(world, call, "disabled")
}

/// The criteria stay as they are.
fn switch(world: &mut World, call: &Call, state: &str) -> Answered {
    state.clone_into(&mut setting_mut(world, call)?.state);
    let mut xml = Xml::default();
    xml.text("allowedImagesSettingsState", state);
    Ok(Done::wrote(xml.into_string()))
}

pub(crate) fn replace(world: &mut World, call: &Call) -> Answered {
    let criteria = call.params.groups("ImageCriterion").iter().map(criterion).collect::<Result<Vec<_>, _>>()?;
    let alone = criteria.len() == 1;
    let bad = criteria.len() > 10
        || criteria.iter().any(|one| one.providers.len() > 200 || one.names.len() > 50 || one.product_codes.len() > 50)
        // "When specified, no other criteria can be specified."
        || criteria.iter().any(|one| one.providers.iter().any(|name| name == "none") && !(alone && *one == ImageCriterion::of(["none"])));
    let setting = setting_mut(world, call)?;
    if bad {
        return Err(AwsError::invalid_value("The image criteria are more than can be specified, or exclude each other"));
    }
    setting.criteria = criteria;
    Ok(Done::yes())
}

fn criterion(params: &Params) -> Result<ImageCriterion, AwsError> {
    let list = |name: &str| params.list(name).into_iter().map(str::to_owned).collect();
    Ok(ImageCriterion {
        providers: list("ImageProvider"),
        product_codes: list("MarketplaceProductCode"),
        names: list("ImageName"),
        max_days_since_deprecated: params.integer("DeprecationTimeCondition.MaximumDaysSinceDeprecated")?,
        max_days_since_created: params.integer("CreationDateCondition.MaximumDaysSinceCreated")?,
    })
}
