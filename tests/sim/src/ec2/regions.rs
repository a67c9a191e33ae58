//! DescribeRegions.

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::wire::xml::Xml;
use crate::world::World;
use crate::world::image::Tags;

use super::filter::Filters;

const FILTERS: [&str; 3] = ["endpoint", "opt-in-status", "region-name"];

/// Without AllRegions, only those the account can use.
pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let partition = world.partition(call.account());
    let every = call.params.flag("AllRegions")?;
    let names = call.params.list("RegionName");
    let filters = Filters::of(call)?;
    filters.check(&FILTERS)?;
    let known: Vec<_> = world.regions().iter().filter(|region| region.partition == partition).cloned().collect();
    if let Some(unknown) = names.iter().find(|name| !known.iter().any(|region| region.name == **name)) {
        let message = format!("Invalid region provided: {unknown}");
        return Err(AwsError::client("InvalidParameterValue", message));
    }
    let mut shown = Vec::new();
    for region in known {
        let enabled = world.is_enabled(call.account(), &region.name) == Some(true);
        let status = match (region.opt_in, enabled) {
            (false, _) => "opt-in-not-required",
            (true, true) => "opted-in",
            (true, false) => "not-opted-in",
        };
        let passes = filters.pass(&Tags::new(), |name| {
            let value = match name {
                "endpoint" => region.endpoint(),
                "opt-in-status" => status.to_owned(),
                "region-name" => region.name.clone(),
                _ => return None,
            };
            Some(vec![value])
        })?;
        let asked = names.is_empty() || names.contains(&region.name.as_str());
        if (every || enabled) && asked && passes {
            shown.push((region, status));
        }
    }
    let mut xml = Xml::default();
    xml.items("regionInfo", shown, |xml, (region, status)| {
        xml.text("regionName", &region.name);
        xml.text("regionEndpoint", region.endpoint());
        xml.text("optInStatus", status);
    });
    Ok(Done::read(xml.into_string()))
}
