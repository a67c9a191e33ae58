//! The Regions there are, and their partitions.

/// One Region of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionInfo {
    /// For example `eu-west-1`.
    pub name: String,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'static str,
    /// Whether an account must opt in before it can use the Region.
    pub opt_in: bool,
}

impl RegionInfo {
    pub(crate) fn endpoint(&self) -> String {
        let suffix = if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("ec2.{}.{suffix}", self.name)
    }
}

const ON_FOR_EVERYBODY: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

const OPT_IN: [&str; 8] =
    ["af-south-1", "ap-east-1", "ap-southeast-3", "ca-west-1", "eu-central-2", "eu-south-1", "il-central-1", "me-south-1"];

const ELSEWHERE: [(&str, &str); 4] =
    [("aws-cn", "cn-north-1"), ("aws-cn", "cn-northwest-1"), ("aws-us-gov", "us-gov-east-1"), ("aws-us-gov", "us-gov-west-1")];

/// The catalogue a new world begins with.
pub(crate) fn catalogue() -> Vec<RegionInfo> {
    let region = |name: &str, partition, opt_in| RegionInfo { name: name.to_owned(), partition, opt_in };
    let mut all: Vec<RegionInfo> = Vec::new();
    all.extend(ON_FOR_EVERYBODY.iter().map(|name| region(name, "aws", false)));
    all.extend(OPT_IN.iter().map(|name| region(name, "aws", true)));
    all.extend(ELSEWHERE.iter().map(|(partition, name)| region(name, partition, false)));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}
