//! The Regions that can be written into a configuration.
//!
//! Source: the endpoint data of botocore 1.44 for the partitions aws, aws-cn and aws-us-gov. A Region newer than this
//! list is reached by `regions = ["all"]`, which asks AWS.

const KNOWN: [&str; 38] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// Whether `name` is a Region; if not, the message says which it may have meant.
pub(super) fn check(name: &str) -> Result<(), String> {
    if KNOWN.contains(&name) {
        return Ok(());
    }
    let nearest = KNOWN.iter().map(|known| (strsim::damerau_levenshtein(known, name), known)).min();
    let meant = match nearest {
        Some((distance, known)) if distance <= 3 => format!("did you mean `{known}`?"),
        _ => "write Region codes such as `eu-central-1`, or `all` for every Region the account has enabled".to_owned(),
    };
    Err(format!("unknown Region `{}`: {meant}", name.escape_default()))
}
