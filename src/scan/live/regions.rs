//! Which Regions are read: each account is asked which ones it has enabled, before anything else.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bounded::each;
use crate::aws::read::{self, OptIn, RegionInfo};
use crate::aws::{Aws, AwsError, Clients, ErrorKind, Session};
use crate::config::Scope;
use crate::model::{AccountId, Gap, Place, Region, Source};
use crate::scan::{Progress, ScanEvent};

/// Accounts entered at the same time. STS grants some 600 sessions a second, so this is for our own memory.
const ACCOUNTS_AT_ONCE: usize = 8;

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

/// What can be read: the places of every account that could be entered, and what keeps the rest from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Sorted.
    pub places: Vec<Place>,
    pub gaps: Vec<Gap>,
}

/// The places of our own account and of `others`. An account that cannot be entered, or does not tell its Regions, is a
/// gap and leaves the others alone.
///
/// # Errors
/// When a configured Region does not exist, or there is no other account and our own does not tell its Regions.
pub async fn reach(aws: &Aws, scope: &Scope, others: &BTreeSet<AccountId>, progress: &Progress) -> Result<Reach, RegionsError> {
    let own = aws.identity().account.clone();
    let mut reach = Reach::default();
    let unread = |account: &AccountId, Unread { source, error }: Unread, reach: &mut Reach| {
        let place = Place { account: account.clone(), region: "*".into() };
        progress.tell(ScanEvent::SourceFailed { place: place.clone(), source: source.clone(), error: error.to_string(), requests: 1 });
        reach.gaps.push(Gap::in_place(&place, source, error.to_string()));
    };
    match regions(aws, scope).await {
        Ok((places, gaps)) => reach = Reach { places, gaps },
        Err(RegionsError::Unread(error)) if !others.is_empty() => unread(&own, Unread { source: Source::Regions, error }, &mut reach),
        Err(error) => return Err(error),
    }
    let enter = |account: AccountId| {
        let way = way_into(aws, &account);
        async move {
            let (session, clients) = way.map_err(|error| Unread { source: Source::AssumeRole, error })?;
            enabled_in(&session, &clients).await
        }
    };
    each(others.iter().filter(|account| **account != own).cloned(), ACCOUNTS_AT_ONCE, enter, |account, answer| {
        let broke_off = || Err(Unread { source: Source::AssumeRole, error: AwsError::broke_off("entered this account") });
        match (answer.unwrap_or_else(broke_off), &scope.regions) {
            (Ok(all), None) => reach.places.extend(enabled(&account, &all)),
            (Ok(all), Some(named)) => {
                let (places, gaps) = configured(&account, &all, named);
                reach.places.extend(places);
                reach.gaps.extend(gaps);
            }
            // What was named is read all the same, unless there is no way in.
            (Err(Unread { source: Source::Regions, error }), Some(named)) => {
                reach.places.extend(named_places(&account, named));
                unread(&account, Unread { source: Source::Regions, error }, &mut reach);
            }
            (Err(error), _) => unread(&account, error, &mut reach),
        }
    })
    .await;
    reach.places.sort();
    reach.gaps.sort();
    Ok(reach)
}

/// Why an account's Regions are not known.
struct Unread {
    source: Source,
    error: AwsError,
}

type WayIn = (Arc<Session>, Vec<Clients>);

fn way_into(aws: &Aws, account: &AccountId) -> Result<WayIn, AwsError> {
    let clients = aws.first_places(account).iter().map(|place| aws.clients(place)).collect::<Result<Vec<_>, _>>()?;
    let missing = || AwsError::unsent(ErrorKind::Auth, "NoCredentials", format!("account {account} is our own"));
    Ok((aws.session(account)?.ok_or_else(missing)?, clients))
}

/// Enters another account and asks it which Regions it has enabled.
async fn enabled_in(session: &Session, clients: &[Clients]) -> Result<Vec<RegionInfo>, Unread> {
    let not_entered = |error| Unread { source: Source::AssumeRole, error };
    session.enter().await.map_err(not_entered)?;
    let error = match ask(clients).await {
        Ok(all) => return Ok(all),
        Err(error) => error,
    };
    // The session may have been ended before its time, or the role recreated: once more, with a new one.
    session.forget();
    if !matches!(error.kind, ErrorKind::Expired | ErrorKind::Auth | ErrorKind::Denied) {
        return Err(Unread { source: Source::Regions, error });
    }
    session.enter().await.map_err(not_entered)?;
    ask(clients).await.map_err(|error| Unread { source: Source::Regions, error })
}

/// The home Region may be off in another account, and then answers `AuthFailure`: the next one is on everywhere.
async fn ask(clients: &[Clients]) -> Result<Vec<RegionInfo>, AwsError> {
    let mut failed = None;
    for clients in clients {
        match read::regions(clients).await {
            Ok(all) => return Ok(all),
            Err(error) if error.kind == ErrorKind::Auth => failed = failed.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    Err(failed.unwrap_or_else(|| AwsError::malformed("there is no Region to ask in")))
}

/// The places of our own account, sorted, and what keeps configured ones from being read.
///
/// # Errors
/// When a configured Region does not exist, or it is not known which Regions there are.
pub async fn regions(aws: &Aws, scope: &Scope) -> Result<(Vec<Place>, Vec<Gap>), RegionsError> {
    let home = aws.home();
    let answer = match aws.clients(&home) {
        Ok(clients) => read::regions(&clients).await,
        Err(error) => Err(error),
    };
    match (answer, &scope.regions) {
        (Ok(all), None) => Ok((enabled(&home.account, &all), Vec::new())),
        (Ok(all), Some(named)) => {
            if let Some(name) = named.iter().find(|name| !all.iter().any(|info| info.region == **name)) {
                let partition = aws.identity().partition.name().to_owned();
                return Err(RegionsError::NoSuchRegion { name: name.clone(), partition, near: near(name, &all) });
            }
            Ok(configured(&home.account, &all, named))
        }
        // What was named is read all the same. A Region that is off fails there, source by source.
        (Err(error), Some(named)) => {
            Ok((named_places(&home.account, named), vec![Gap::in_place(&home, Source::Regions, error.to_string())]))
        }
        (Err(error), None) => Err(RegionsError::Unread(error)),
    }
}

fn place(account: &AccountId, region: &Region) -> Place {
    Place { account: account.clone(), region: region.clone() }
}

fn named_places(account: &AccountId, named: &[Region]) -> Vec<Place> {
    let places: BTreeSet<Place> = named.iter().map(|region| place(account, region)).collect();
    places.into_iter().collect()
}

/// Every Region that is on, or may be.
fn enabled(account: &AccountId, all: &[RegionInfo]) -> Vec<Place> {
    let mut places: Vec<Place> =
        all.iter().filter(|info| info.opt_in != OptIn::NotOptedIn).map(|info| place(account, &info.region)).collect();
    places.sort();
    places
}

/// The named Regions that are on, and a gap for each that is not.
fn configured(account: &AccountId, all: &[RegionInfo], named: &[Region]) -> (Vec<Place>, Vec<Gap>) {
    let (mut places, mut gaps) = (BTreeSet::new(), BTreeSet::new());
    for name in named {
        let place = place(account, name);
        let why = match all.iter().find(|info| info.region == *name) {
            Some(info) if info.opt_in != OptIn::NotOptedIn => {
                places.insert(place);
                continue;
            }
            Some(_) => "this account has not enabled the Region: enable it, or take it out of `[scope] regions`",
            None => "AWS did not list this Region of `[scope] regions` for the account",
        };
        gaps.insert(Gap::in_place(&place, Source::Regions, why));
    }
    (places.into_iter().collect(), gaps.into_iter().collect())
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

    fn account() -> AccountId {
        "123456789012".into()
    }

    fn all() -> Vec<RegionInfo> {
        let on = ["us-east-1", "eu-central-1", "eu-west-1"].map(|name| RegionInfo { region: name.into(), opt_in: OptIn::Enabled });
        let off = RegionInfo { region: "eu-south-2".into(), opt_in: OptIn::NotOptedIn };
        let new = RegionInfo { region: "xx-new-1".into(), opt_in: OptIn::Unclear(Some("enabling".into())) };
        on.into_iter().chain([off, new]).collect()
    }

    #[test]
    fn all_means_every_region_that_is_on_or_may_be() {
        let names: Vec<String> = enabled(&account(), &all()).iter().map(|place| place.region.to_string()).collect();
        assert_eq!(names, ["eu-central-1", "eu-west-1", "us-east-1", "xx-new-1"]);
    }

    #[test]
    fn a_configured_region_that_is_off_is_a_gap() {
        let (places, gaps) = configured(&account(), &all(), &["us-east-1".into(), "eu-south-2".into(), "us-east-1".into()]);
        assert_eq!(places, [Place::new("123456789012", "us-east-1")]);
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].source, Source::Regions);
        assert_eq!(gaps[0].place.region, "eu-south-2".into());
    }

    #[test]
    fn a_misspelt_region_is_answered_with_its_neighbours() {
        assert_eq!(near(&"eu-centrall-1".into(), &all()), [Region::from("eu-central-1")]);
        assert_eq!(near(&"moon".into(), &all()), []);
    }

    #[test]
    fn distances_are_those_of_levenshtein() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("us-east-1", "us-east-1"), 0);
    }
}
