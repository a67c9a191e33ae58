//! Which Regions are read: the account is asked which ones it has enabled, before anything else.

use crate::aws::read::{self, OptIn, RegionInfo};
use crate::aws::{Aws, AwsError, Identity};
use crate::config::Scope;
use crate::model::{Gap, Place, Region, Source};

/// Why it is not known what to read.
#[derive(Debug, thiserror::Error)]
pub enum RegionsError {
    /// A mistake in `[scope] regions`.
    #[error("`{name}` in `[scope] regions` is no Region of partition {partition}{}: correct the name", did_you_mean(.near))]
    NoSuchRegion { name: Region, partition: String, near: Vec<Region> },
    #[error(
        "cannot tell which Regions this account has enabled ({0}): allow `ec2:DescribeRegions`, or name the Regions in `[scope] regions`"
    )]
    Unread(AwsError),
}

fn did_you_mean(near: &[Region]) -> String {
    let names: Vec<String> = near.iter().map(|region| format!("`{region}`")).collect();
    if names.is_empty() { String::new() } else { format!(", did you mean {}?", names.join(" or ")) }
}

/// The places to read, sorted, and what keeps configured ones from being read.
pub async fn regions(aws: &Aws, scope: &Scope) -> Result<(Vec<Place>, Vec<Gap>), RegionsError> {
    let home = aws.home();
    let answer = match aws.clients(&home) {
        Ok(clients) => read::regions(&clients).await,
        Err(error) => Err(error),
    };
    match (answer, &scope.regions) {
        (Ok(all), None) => Ok((enabled(aws.identity(), &all), Vec::new())),
        (Ok(all), Some(named)) => configured(aws.identity(), &all, named),
        // What was named is read all the same. A Region that is off fails there, source by source.
        (Err(error), Some(named)) => {
            let mut places: Vec<Place> = named.iter().map(|region| place(aws.identity(), region)).collect();
            places.sort();
            places.dedup();
            Ok((places, vec![Gap::in_place(&home, Source::Regions, error.to_string())]))
        }
        (Err(error), None) => Err(RegionsError::Unread(error)),
    }
}

fn place(identity: &Identity, region: &Region) -> Place {
    Place { account: identity.account.clone(), region: region.clone() }
}

/// Every Region that is on, or may be.
fn enabled(identity: &Identity, all: &[RegionInfo]) -> Vec<Place> {
    let mut places: Vec<Place> =
        all.iter().filter(|info| info.opt_in != OptIn::NotOptedIn).map(|info| place(identity, &info.region)).collect();
    places.sort();
    places
}

/// The named Regions that are on, and a gap for each that is not.
fn configured(identity: &Identity, all: &[RegionInfo], named: &[Region]) -> Result<(Vec<Place>, Vec<Gap>), RegionsError> {
    let (mut places, mut gaps) = (Vec::new(), Vec::new());
    for name in named {
        let Some(info) = all.iter().find(|info| info.region == *name) else {
            let partition = identity.partition.name().to_owned();
            return Err(RegionsError::NoSuchRegion { name: name.clone(), partition, near: near(name, all) });
        };
        let place = place(identity, name);
        if info.opt_in == OptIn::NotOptedIn {
            let why = "this account has not enabled the Region: enable it, or take it out of `[scope] regions`";
            gaps.push(Gap::in_place(&place, Source::Regions, why));
        } else {
            places.push(place);
        }
    }
    places.sort();
    places.dedup();
    gaps.sort();
    gaps.dedup();
    Ok((places, gaps))
}

/// At most three Regions whose names are within three letters of `name`, nearest first.
fn near(name: &Region, all: &[RegionInfo]) -> Vec<Region> {
    let mut near: Vec<(usize, Region)> = all
        .iter()
        .map(|info| (distance(name.as_str(), info.region.as_str()), info.region.clone()))
        .filter(|(distance, _)| *distance <= 3)
        .collect();
    near.sort();
    near.into_iter().take(3).map(|(_, region)| region).collect()
}

/// Levenshtein's distance between two short words.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for ((y, &diagonal), &above) in b.chars().zip(&row).zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Partition;

    fn identity() -> Identity {
        Identity { account: "123456789012".into(), arn: "arn:aws:iam::123456789012:root".into(), partition: Partition::Commercial }
    }

    fn all() -> Vec<RegionInfo> {
        let on = ["us-east-1", "eu-central-1", "eu-west-1"].map(|name| RegionInfo { region: name.into(), opt_in: OptIn::Enabled });
        let off = RegionInfo { region: "eu-south-2".into(), opt_in: OptIn::NotOptedIn };
        let new = RegionInfo { region: "xx-new-1".into(), opt_in: OptIn::Unclear(Some("enabling".into())) };
        on.into_iter().chain([off, new]).collect()
    }

    #[test]
    fn all_means_every_region_that_is_on_or_may_be() {
        let names: Vec<String> = enabled(&identity(), &all()).iter().map(|place| place.region.to_string()).collect();
        assert_eq!(names, ["eu-central-1", "eu-west-1", "us-east-1", "xx-new-1"]);
    }

    #[test]
    fn a_configured_region_that_is_off_is_a_gap() {
        let (places, gaps) = configured(&identity(), &all(), &["us-east-1".into(), "eu-south-2".into(), "us-east-1".into()]).unwrap();
        assert_eq!(places, [Place::new("123456789012", "us-east-1")]);
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].source, Source::Regions);
        assert_eq!(gaps[0].place.region, "eu-south-2".into());
    }

    #[test]
    fn a_misspelt_region_is_answered_with_its_neighbours() {
        let error = configured(&identity(), &all(), &["eu-centrall-1".into()]).unwrap_err();
        assert!(error.to_string().contains("did you mean `eu-central-1`?"), "{error}");
        let error = configured(&identity(), &all(), &["moon".into()]).unwrap_err();
        assert!(!error.to_string().contains("did you mean"), "{error}");
    }

    #[test]
    fn distances_are_those_of_levenshtein() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("us-east-1", "us-east-1"), 0);
    }
}
