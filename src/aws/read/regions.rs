//! `DescribeRegions`: which Regions the account has enabled.

use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::model::Region;

/// One Region of the partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionInfo {
    pub region: Region,
    pub opt_in: OptIn,
}

/// Whether the account uses a Region. A Region that is not enabled answers every call with `AuthFailure`, the same
/// code as bad credentials, so this is asked first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptIn {
    /// Always on, or switched on.
    Enabled,
    NotOptedIn,
    /// A status this program does not know, or none: the Region is read, and what fails there is a gap.
    Unclear(Option<String>),
}

/// All Regions of the partition, those that are off included. EC2 does not page this answer.
pub async fn regions(clients: &Clients) -> Result<Vec<RegionInfo>, AwsError> {
    clients.turn(Api::read("DescribeRegions")).await;
    let answer = clients.ec2.describe_regions().all_regions(true).send().await.map_err(AwsError::of)?;
    let regions = answer.regions.ok_or_else(|| AwsError::malformed("the answer lacks its list `Regions`"))?;
    if regions.is_empty() {
        return Err(AwsError::malformed("the list `Regions` is empty"));
    }
    regions
        .into_iter()
        .map(|region| {
            let name = region.region_name.ok_or_else(|| AwsError::malformed("a Region was listed without its name"))?;
            let opt_in = match region.opt_in_status.as_deref() {
                Some("opt-in-not-required" | "opted-in") => OptIn::Enabled,
                Some("not-opted-in") => OptIn::NotOptedIn,
                other => OptIn::Unclear(other.map(str::to_owned)),
            };
            Ok(RegionInfo { region: name.into(), opt_in })
        })
        .collect()
}
