//! Image usage reports: which other accounts use an image, as far as AWS knows it by then.

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{LARGE, Sizes, page};
use crate::wire::params::Params;
use crate::wire::xml::{Xml, millis};
use crate::world::image::Tags;
use crate::world::place::Token;
use crate::world::usage::{UsageKind, UsageReport};
use crate::world::{Place, World};

use super::filter::Filters;
use super::image_changes::own_image;
use super::tags;

const SIZES: Sizes = Sizes { least: 1, most: 1000, default: Some(1000), ..LARGE };
/// "In-progress (pending) AMI usage reports per AWS account" and "per AMI".
const PENDING_PER_ACCOUNT: usize = 2000;
const PENDING_PER_IMAGE: usize = 1;
const KINDS: [&str; 4] = ["ec2:Instance", "ec2:LaunchTemplate", "imagebuilder:ImageRecipe", "imagebuilder:ContainerRecipe"];

fn not_found(id: &str) -> AwsError {
    if id.starts_with("amiur-") {
        AwsError::client("InvalidImageUsageReportId.NotFound", format!("The image usage report ID '{id}' does not exist"))
    } else {
        AwsError::client("InvalidImageUsageReportId.Malformed", format!("Invalid id: \"{id}\" (expecting \"amiur-...\")"))
    }
}

fn kinds(params: &Params) -> Result<Vec<UsageKind>, AwsError> {
    let groups = params.groups("ResourceType");
    if groups.is_empty() {
        return Err(AwsError::missing("ResourceType"));
    }
    groups.iter().map(kind).collect()
}

fn kind(params: &Params) -> Result<UsageKind, AwsError> {
    let name = params.required("ResourceType")?;
    if !KINDS.contains(&name) {
        return Err(AwsError::invalid_value(format!("Invalid value '{name}' for ResourceType.")));
    }
    let mut depth = None;
    for option in params.groups("ResourceTypeOption") {
        let values = option.list("OptionValue");
        let number = values.first().and_then(|value| value.parse().ok()).filter(|depth| (1..=10_000).contains(depth));
        match (name, option.required("OptionName")?, number) {
            ("ec2:LaunchTemplate", "version-depth", Some(number)) if values.len() == 1 => depth = Some(number),
            (_, other, _) => {
                let message = format!("The option '{other}' is not valid for the resource type '{name}', or its value is not.");
                return Err(AwsError::invalid_value(message));
            }
        }
    }
    Ok(UsageKind { name: name.to_owned(), depth })
}

pub(crate) fn create(world: &mut World, call: &Call) -> Answered {
    let params = &call.params;
    let fingerprint = params.fingerprint(&["ClientToken", "Version"]);
    let token = params.get("ClientToken").map(|token| format!("usage report {token}"));
    let known = token.as_ref().and_then(|token| world.place(call.account(), &call.region)?.tokens.get(token));
    if let Some(known) = known {
        return known.repeats(fingerprint).map(|report| Done { effect: false, ..told(report) });
    }
    let image = own_image(world, call)?.id.clone();
    let kinds = kinds(params)?;
    let accounts: Vec<String> = params.list("AccountId").into_iter().map(str::to_owned).collect();
    if accounts.len() > 200 {
        return Err(AwsError::invalid_value("No more than 200 account IDs can be specified"));
    }
    if params.groups("TagSpecification").iter().any(|one| one.get("ResourceType") != Some("image-usage-report")) {
        return Err(AwsError::invalid_value("The resource type of the tags must be image-usage-report"));
    }
    let given = tags::specified(params, "image-usage-report")?;
    let entries = world.usage(call.account(), &call.region, &image, &kinds, &accounts);
    let (now, due) = (world.now(), world.now() + world.settings.usage_report_delay);
    let place = world.place_mut(call.account(), &call.region);
    let pending = || place.usage_reports.values().filter(|report| report.state == "pending");
    if pending().filter(|report| report.image == image).count() >= PENDING_PER_IMAGE || pending().count() >= PENDING_PER_ACCOUNT {
        let message = format!("You have reached the limit on image usage reports in progress, for the image '{image}' or in all");
        return Err(AwsError::client("ResourceLimitExceeded", message));
    }
    let id = world.ids.resource("amiur");
    let report = UsageReport {
        id: id.clone(),
        image,
        kinds,
        accounts,
        state: "pending".to_owned(),
        reason: None,
        created: now,
        due: Some(due),
        entries,
        tags: given,
    };
    let place = world.place_mut(call.account(), &call.region);
    place.usage_reports.insert(id.clone(), report);
    if let Some(token) = token {
        place.tokens.insert(token, Token { made: id.clone(), parameters: fingerprint });
    }
    world.pass();
    Ok(told(&id))
}

fn told(id: &str) -> Done {
    let mut xml = Xml::default();
    xml.text("reportId", id);
    Done::wrote(xml.into_string())
}

pub(crate) fn delete(world: &mut World, call: &Call) -> Answered {
    let id = call.params.required("ReportId")?;
    let place = world.place_mut(call.account(), &call.region);
    place.usage_reports.remove(id).ok_or_else(|| not_found(id))?;
    Ok(Done::yes())
}

/// The reports that a call means: those it names, on the images that it names.
fn meant<'p>(place: &'p Place, call: &Call) -> Result<Vec<&'p UsageReport>, AwsError> {
    let images = call.params.list("ImageId");
    let ids = call.params.list("ReportId");
    if let Some(missing) = ids.iter().find(|id| !place.usage_reports.contains_key(**id)) {
        return Err(not_found(missing));
    }
    let mut meant: Vec<&UsageReport> = place.usage_reports.values().collect();
    meant.retain(|report| ids.is_empty() || ids.contains(&report.id.as_str()));
    meant.retain(|report| images.is_empty() || images.contains(&report.image.as_str()));
    Ok(meant)
}

const FILTERS: [&str; 2] = ["creation-time", "state"];

pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let filters = Filters::of(call)?;
    filters.check(&FILTERS)?;
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    let mut found = Vec::new();
    for report in meant(place, call)? {
        let passes = filters.pass(&report.tags, |name| match name {
            "creation-time" => Some(vec![millis(report.created)]),
            "state" => Some(vec![report.state.clone()]),
            _ => None,
        })?;
        if passes {
            found.push((report.id.as_str(), report));
        }
    }
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.items("imageUsageReportSet", page.items, write);
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

fn write(xml: &mut Xml, report: &UsageReport) {
    let UsageReport { id, image, kinds, accounts, state, reason, created, due: _, entries: _, tags } = report;
    xml.text("imageId", image);
    xml.text("reportId", id);
    xml.items("resourceTypeSet", kinds, |xml, UsageKind { name, depth }| {
        xml.text("resourceType", name);
        if let Some(depth) = depth {
            xml.items("resourceTypeOptionSet", [depth], |xml, depth| {
                xml.text("optionName", "version-depth");
                xml.items("optionValueSet", [depth.to_string()], |xml, depth| xml.word(&depth));
            });
        }
    });
    if !accounts.is_empty() {
        xml.items("accountIdSet", accounts, |xml, account| xml.word(account));
    }
    xml.text("state", state);
    xml.maybe("stateReason", reason.as_deref());
    xml.time("creationTime", *created);
    xml.time("expirationTime", report.expires());
    tags::write(xml, tags);
}

const ENTRY_FILTERS: [&str; 3] = ["account-id", "creation-time", "resource-type"];

/// "To be able to view the report entries, the state must be available": before, there are none.
pub(crate) fn describe_entries(world: &mut World, call: &Call) -> Answered {
    let filters = Filters::of(call)?;
    filters.check(&ENTRY_FILTERS)?;
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    let mut found = Vec::new();
    for report in meant(place, call)?.into_iter().filter(|report| report.state == "available") {
        for entry in &report.entries {
            let passes = filters.pass(&Tags::new(), |name| match name {
                "account-id" => Some(vec![entry.account.clone()]),
                "creation-time" => Some(vec![millis(report.created)]),
                "resource-type" => Some(vec![entry.kind.clone()]),
                _ => None,
            })?;
            if passes {
                found.push((format!("{} {} {}", report.id, entry.account, entry.kind), (report, entry)));
            }
        }
    }
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.items("imageUsageReportEntrySet", page.items, |xml, (report, entry)| {
        xml.text("resourceType", &entry.kind);
        xml.text("reportId", &report.id);
        xml.text("usageCount", entry.count);
        xml.text("accountId", &entry.account);
        xml.text("imageId", &report.image);
        xml.time("reportCreationTime", report.created);
    });
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}
