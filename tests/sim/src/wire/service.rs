//! The services: how each is called, and what protocol it speaks. How they refuse is in `wording`.

/// A service, by its signing name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Ec2,
    AutoScaling,
    Sts,
    Sns,
    Rbin,
    Ssm,
    Organizations,
    CloudTrail,
    CloudControl,
    ImageBuilder,
}

/// How a request is written, and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// EC2's own query protocol: XML without a result element.
    Ec2Query,
    /// The query protocol: XML with a result element.
    Query,
    /// Paths and JSON; the code of a refusal is a header.
    RestJson,
    /// `X-Amz-Target` and JSON, of this version; the code of a refusal is its `__type`.
    AwsJson(&'static str),
}

impl Service {
    const ALL: [Self; 10] = [
        Self::Ec2,
        Self::AutoScaling,
        Self::Sts,
        Self::Sns,
        Self::Rbin,
        Self::Ssm,
        Self::Organizations,
        Self::CloudTrail,
        Self::CloudControl,
        Self::ImageBuilder,
    ];

    pub(crate) fn from_signing_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// The signing name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::AutoScaling => "autoscaling",
            Self::Sts => "sts",
            Self::Sns => "sns",
            Self::Rbin => "rbin",
            Self::Ssm => "ssm",
            Self::Organizations => "organizations",
            Self::CloudTrail => "cloudtrail",
            Self::CloudControl => "cloudcontrolapi",
            Self::ImageBuilder => "imagebuilder",
        }
    }

    /// What its actions begin with in IAM. Cloud Control's belong to CloudFormation
    /// ("Actions, resources, and condition keys for AWS Cloud Control API").
    pub(crate) fn iam_prefix(self) -> &'static str {
        match self {
            Self::CloudControl => "cloudformation",
            other => other.name(),
        }
    }

    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Self::Ec2 => Protocol::Ec2Query,
            Self::AutoScaling | Self::Sts | Self::Sns => Protocol::Query,
            Self::Rbin | Self::ImageBuilder => Protocol::RestJson,
            Self::CloudControl => Protocol::AwsJson("1.0"),
            Self::Ssm | Self::Organizations | Self::CloudTrail => Protocol::AwsJson("1.1"),
        }
    }

    /// The API version that query requests name.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Ec2 => "2016-11-15",
            Self::AutoScaling => "2011-01-01",
            Self::Sts => "2011-06-15",
            Self::Sns => "2010-03-31",
            Self::Rbin | Self::Ssm | Self::Organizations | Self::CloudTrail | Self::CloudControl | Self::ImageBuilder => "",
        }
    }

    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
            Self::AutoScaling => "http://autoscaling.amazonaws.com/doc/2011-01-01/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::Sns => "http://sns.amazonaws.com/doc/2010-03-31/",
            Self::Rbin | Self::Ssm | Self::Organizations | Self::CloudTrail | Self::CloudControl | Self::ImageBuilder => "",
        }
    }

    /// What `X-Amz-Target` may have before the operation: CloudTrail's SDKs do not agree on it.
    pub(crate) fn targets(self) -> &'static [&'static str] {
        match self {
            Self::Ssm => &["AmazonSSM"],
            Self::Organizations => &["AWSOrganizationsV20161128"],
            Self::CloudControl => &["CloudApiService"],
            Self::CloudTrail => &["com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "CloudTrail_20131101"],
            Self::Ec2 | Self::AutoScaling | Self::Sts | Self::Sns | Self::Rbin | Self::ImageBuilder => &[],
        }
    }

    /// The field of a refusal that holds the sentence for people, as the service's model has it.
    pub(crate) fn message_field(self) -> &'static str {
        match self {
            Self::Ssm | Self::CloudTrail | Self::ImageBuilder => "message",
            Self::Ec2 | Self::AutoScaling | Self::Sts | Self::Sns | Self::Rbin | Self::Organizations | Self::CloudControl => "Message",
        }
    }
}
