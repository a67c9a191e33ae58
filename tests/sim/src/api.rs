//! The APIs there are: one line each in the tables of the services.

use serde_json::Value;

use crate::buckets::Limit;
use crate::error::AwsError;
use crate::wire::Service;
use crate::wire::answer::Body;
use crate::wire::params::Params;
use crate::world::World;
use crate::world::account::Principal;
use crate::{autoscaling, cloudcontrol, cloudtrail, ec2, imagebuilder, organizations, rbin, sns, ssm, sts};

/// One call, read and authenticated.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) principal: Principal,
    pub(crate) region: String,
    pub(crate) params: Params,
    pub(crate) json: Value,
    /// A fault: the NextToken leads nowhere.
    pub(crate) looping: bool,
}

impl Call {
    pub(crate) fn account(&self) -> &str {
        &self.principal.account
    }
}

/// What an API did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) body: Body,
    /// Whether anything changed.
    pub(crate) effect: bool,
}

impl Done {
    pub(crate) fn read(body: String) -> Self {
        Self { body: Body::Xml(body), effect: false }
    }

    pub(crate) fn wrote(body: String) -> Self {
        Self { body: Body::Xml(body), effect: true }
    }

    /// JSON, from an API that changes nothing.
    pub(crate) fn json(value: Value) -> Self {
        Self { body: Body::Json(200, value), effect: false }
    }

    /// EC2's `<return>true</return>`.
    pub(crate) fn yes() -> Self {
        Self::wrote("<return>true</return>".to_owned())
    }
}

pub(crate) type Answered = Result<Done, AwsError>;

/// One line of a table.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) name: &'static str,
    pub(crate) mutating: bool,
    pub(crate) limit: Limit,
    /// The first segments of the parameters it understands; anything else is refused.
    pub(crate) params: &'static [&'static str],
    pub(crate) run: fn(&mut World, &Call) -> Answered,
}

/// The API of that name.
pub(crate) fn find(service: Service, action: &str) -> Option<&'static Api> {
    let table: &[&[Api]] = match service {
        Service::Ec2 => &[ec2::READS, ec2::WRITES],
        Service::AutoScaling => &[autoscaling::APIS],
        Service::Sts => &[sts::APIS],
        Service::Sns => &[sns::APIS],
        Service::Rbin => &[rbin::APIS],
        Service::Ssm => &[ssm::APIS],
        Service::Organizations => &[organizations::APIS],
        Service::CloudTrail => &[cloudtrail::APIS],
        Service::CloudControl => &[cloudcontrol::APIS],
        Service::ImageBuilder => &[imagebuilder::APIS],
    };
    table.iter().copied().flatten().find(|api| api.name == action)
}

/// What IAM has to allow for a call.
pub(crate) fn iam_actions(service: Service, action: &str, params: &Params) -> Vec<String> {
    match (service, action) {
        (Service::Sns, "PublishBatch") => vec!["sns:Publish".to_owned()],
        // Tags given at creation need the permission to create tags as well.
        (Service::Ec2, "CopyImage" | "RunInstances" | "CreateImageUsageReport")
            if params.has("TagSpecification") || params.get("CopyImageTags") == Some("true") =>
        {
            vec![format!("ec2:{action}"), "ec2:CreateTags".to_owned()]
        }
        (Service::Ec2, "DescribeImageReferences") => ec2::image_references::iam_actions(params),
        _ => vec![format!("{}:{action}", service.iam_prefix())],
    }
}
