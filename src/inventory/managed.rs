//! Who else is in charge of an image or snapshot, told by the marks that services and tools leave, and where to go then.
//!
//! DescribeImages and DescribeSnapshots have no field that names a manager (unlike instances and templates, which have
//! `Operator`), so tags, names, descriptions and product codes are all there is.

use std::fmt;

use crate::config::Tool;
use crate::model::{Image, Region, Snapshot, Tags};

/// The account that Marketplace publishes from in the commercial partition; EC2 calls it `aws-marketplace`.
const MARKETPLACE: &str = "679593333241";

/// Who else is in charge of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    pub by: ManagedBy,
    /// What it is called there: a policy id, an ARN.
    pub object: Option<String>,
    /// Where to go, for what AWS's own consoles do not know.
    pub console: Option<String>,
}

/// A service of AWS, or another tool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ManagedBy {
    AwsBackup,
    DataLifecycleManager,
    ImageBuilder,
    Marketplace,
    /// A tool of `[managed] tools`, by its configured name.
    Tool(String),
}

impl ManagedBy {
    /// The value of the fact `managedBy`.
    pub fn name(&self) -> &str {
        match self {
            Self::AwsBackup => "aws-backup",
            Self::DataLifecycleManager => "dlm",
            Self::ImageBuilder => "image-builder",
            Self::Marketplace => "marketplace",
            Self::Tool(name) => name,
        }
    }

    /// What people call it.
    pub fn title(&self) -> &str {
        match self {
            Self::AwsBackup => "AWS Backup",
            Self::DataLifecycleManager => "Data Lifecycle Manager",
            Self::ImageBuilder => "EC2 Image Builder",
            Self::Marketplace => "AWS Marketplace",
            Self::Tool(name) => name,
        }
    }

    /// Its page in the console of the Region's partition; `None` for another tool.
    fn console(&self, region: &Region) -> Option<String> {
        let page = match self {
            Self::AwsBackup => format!("backup/home?region={region}"),
            Self::DataLifecycleManager => format!("ec2/home?region={region}#Lifecycle"),
            Self::ImageBuilder => format!("imagebuilder/home?region={region}"),
            Self::Marketplace => "marketplace/home".into(),
            Self::Tool(_) => return None,
        };
        Some(format!("https://{}/{page}", console_host(region)))
    }
}

impl fmt::Display for ManagedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Managed {
    /// Who it is and where to go, for people: `Data Lifecycle Manager is in charge: policy-0abc, https://…`.
    pub fn told(&self, region: &Region) -> String {
        let object = self.object.as_ref().map(|object| object.escape_default().to_string());
        let place = self.place(region);
        let more: Vec<String> = object.into_iter().chain(place).collect();
        let who = format!("{} is in charge", self.by.title().escape_default());
        if more.is_empty() { who } else { format!("{who}: {}", more.join(", ")) }
    }

    /// Where to go.
    pub fn place(&self, region: &Region) -> Option<String> {
        self.console.clone().or_else(|| self.by.console(region))
    }
}

/// The console's host. Source: "AWS Management Console endpoints" of the partitions aws, aws-cn and aws-us-gov.
fn console_host(region: &Region) -> &'static str {
    match region.as_str() {
        china if china.starts_with("cn-") => "console.amazonaws.cn",
        government if government.starts_with("us-gov-") => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    }
}

/// The service or tool in charge of `image`.
pub fn of_image(image: &Image, tools: &[Tool]) -> Option<Managed> {
    let marketplace = || {
        // Of the two kinds there are, the other one was Amazon DevPay's (EC2 API reference, `ProductCode`).
        let code = image.product_codes.iter().find(|code| code.kind != "devpay");
        let alias = image.owner_alias.as_deref() == Some("aws-marketplace");
        (alias || code.is_some()).then(|| Managed {
            by: ManagedBy::Marketplace,
            object: code.map(|code| format!("product code {}", code.id)),
            console: None,
        })
    };
    by_service(&image.name, image.description.as_deref(), &image.tags).or_else(marketplace).or_else(|| by_tool(&image.tags, tools))
}

/// The service or tool in charge of `snapshot`.
pub fn of_snapshot(snapshot: &Snapshot, tools: &[Tool]) -> Option<Managed> {
    let marketplace = || (snapshot.owner.as_str() == MARKETPLACE).then_some(Managed::by(ManagedBy::Marketplace, None));
    by_service("", snapshot.description.as_deref(), &snapshot.tags).or_else(marketplace).or_else(|| by_tool(&snapshot.tags, tools))
}

impl Managed {
    fn by(by: ManagedBy, object: Option<String>) -> Self {
        Self { by, object, console: None }
    }
}

/// AWS Backup names images `AwsBackup_…`, tags with `aws:backup:` and writes "created by the AWS Backup service";
/// DLM tags with `aws:dlm:` and `dlm:managed` and writes `Created for policy: policy-…`; Image Builder tags `CreatedBy` and
/// `Ec2ImageBuilderArn` (the services' user guides).
fn by_service(name: &str, description: Option<&str>, tags: &Tags) -> Option<Managed> {
    let description = description.unwrap_or_default();
    let tagged = |prefix: &str| tags.keys().any(|key| key.starts_with(prefix));
    let value = |key: &str| tags.get(key).filter(|value| !value.is_empty());
    if tagged("aws:backup:") || name.starts_with("AwsBackup_") || description.contains("created by the AWS Backup service") {
        let of = value("aws:backup:source-resource").map(|source| format!("the recovery point of {source}"));
        return Some(Managed::by(ManagedBy::AwsBackup, of));
    }
    let told = description.strip_prefix("Created for policy: ").filter(|rest| rest.starts_with("policy-"));
    if tagged("aws:dlm:") || tagged("dlm:managed") || told.is_some() {
        let told = told.and_then(|rest| rest.split_whitespace().next()).map(str::to_owned);
        let policy = value("aws:dlm:lifecycle-policy-id").cloned().or(told);
        return Some(Managed::by(ManagedBy::DataLifecycleManager, policy.map(|policy| format!("policy {policy}"))));
    }
    let arn = tags.get("Ec2ImageBuilderArn");
    let builder = arn.is_some() || tags.get("CreatedBy").is_some_and(|by| by == "EC2 Image Builder");
    builder.then(|| Managed::by(ManagedBy::ImageBuilder, arn.filter(|arn| !arn.is_empty()).cloned()))
}

/// The first configured tool whose tag it carries.
fn by_tool(tags: &Tags, tools: &[Tool]) -> Option<Managed> {
    let carries = |tool: &&Tool| tags.get(&tool.tag).is_some_and(|have| tool.value.as_ref().is_none_or(|value| value == have));
    let tool = tools.iter().find(carries)?;
    let object = tags.get(&tool.tag).filter(|value| tool.value.is_none() && !value.is_empty());
    Some(Managed {
        by: ManagedBy::Tool(tool.name.clone()),
        object: object.map(|value| format!("{}={value}", tool.tag)),
        console: tool.console.clone(),
    })
}
