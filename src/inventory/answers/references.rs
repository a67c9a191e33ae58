//! Sources in which an image id may stand: parameters, recipes, resources of other services, and EC2's own cross-check.

use serde::{Deserialize, Serialize};

use super::List;
use super::ec2::shape;

shape! {
    /// `aws ec2 describe-image-references`, of every own image
    DescribeImageReferences { image_references: List<ImageReference> }

    ImageReference { image_id: Option<String>, resource_type: Option<String>, arn: Option<String> }

    /// `aws ssm describe-parameters`
    DescribeParameters { parameters: List<ParameterMetadata> }

    /// `type` is `String`, `StringList` or `SecureString`; `data_type` `text` or `aws:ec2:image`.
    ParameterMetadata {
        name: Option<String>,
        #[serde(rename = "Type")]
        kind: Option<String>,
        data_type: Option<String>,
        last_modified_date: Option<serde_json::Value>,
    }

    /// `aws ssm get-parameters` of the readable ones and of those that launch templates resolve; `invalid_parameters` are
    /// names that were asked for and lead to none.
    GetParameters { parameters: List<Parameter>, invalid_parameters: List<String> }

    /// `selector` is what followed the name in the question: `:3` for a version, `:label` for a label.
    Parameter {
        name: Option<String>,
        #[serde(rename = "ARN")]
        arn: Option<String>,
        #[serde(rename = "Type")]
        kind: Option<String>,
        value: Option<String>,
        version: Option<i64>,
        selector: Option<String>,
        data_type: Option<String>,
    }

    /// `aws cloudcontrol list-resources --type-name …`, one answer per type in `list-resources.json`
    ListResources { type_name: Option<String>, resource_descriptions: List<ResourceDescription> }

    /// `aws cloudcontrol get-resource --type-name … --identifier …`, all answers in `get-resource.json`
    GetResource { type_name: Option<String>, resource_description: Option<ResourceDescription> }

    /// The same of a KMS key, or of the alias of the default one, all in `get-resource-keys.json`. Where the key was not
    /// shown, `error` stands beside its identifier.
    GetKey {
        type_name: Option<String>,
        resource_description: Option<ResourceDescription>,
        error: Option<NotShown>,
    }

    /// AWS's error in place of an answer.
    NotShown { code: Option<String>, message: Option<String> }

    /// `properties` is JSON as a text.
    ResourceDescription { identifier: Option<String>, properties: Option<String> }

    /// `aws autoscaling describe-scaling-activities --include-deleted-groups`
    DescribeScalingActivities { activities: List<ScalingActivity> }

    ScalingActivity {
        activity_id: Option<String>,
        auto_scaling_group_name: Option<String>,
        status_code: Option<String>,
        status_message: Option<String>,
        start_time: Option<String>,
    }

    /// `aws cloudtrail lookup-events`, of the events that are asked about
    LookupEvents { events: List<Event> }

    /// `cloud_trail_event` is the whole event, JSON as a text.
    Event {
        event_id: Option<String>,
        event_name: Option<String>,
        event_time: Option<serde_json::Value>,
        cloud_trail_event: Option<String>,
    }

    /// `aws ec2 describe-image-usage-reports`
    DescribeImageUsageReports { image_usage_reports: List<ImageUsageReport> }

    ImageUsageReport {
        image_id: Option<String>,
        report_id: Option<String>,
        resource_types: List<ImageUsageResourceType>,
        account_ids: List<String>,
        state: Option<String>,
        creation_time: Option<String>,
        expiration_time: Option<String>,
    }

    ImageUsageResourceType { resource_type: Option<String>, resource_type_options: List<ImageUsageOption> }

    /// `version-depth`: how many versions of each launch template the report looked at.
    ImageUsageOption { option_name: Option<String>, option_values: List<String> }

    /// `aws ec2 describe-image-usage-report-entries`
    DescribeImageUsageReportEntries { image_usage_report_entries: List<ImageUsageReportEntry> }

    ImageUsageReportEntry {
        resource_type: Option<String>,
        report_id: Option<String>,
        usage_count: Option<i64>,
        account_id: Option<String>,
        image_id: Option<String>,
        report_creation_time: Option<String>,
    }
}
