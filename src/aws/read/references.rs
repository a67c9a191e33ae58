//! EC2's own word on who uses an image: `DescribeImageReferences` in this account, image usage reports in others.

use aws_sdk_ec2::types::{self as sdk, ImageReferenceOptionName, ImageReferenceResourceType, ResourceTypeOption, ResourceTypeRequest};

use super::{EC2_PAGE, list, time};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{
    DescribeImageReferences, DescribeImageUsageReportEntries, DescribeImageUsageReports, ImageReference, ImageUsageOption,
    ImageUsageReport, ImageUsageReportEntry, ImageUsageResourceType,
};
use crate::model::AmiId;

/// `DescribeImageReferences` takes at most this many image ids a call.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImageReferences.html>
pub const IMAGES_PER_CALL: usize = 10;

/// Every version of a launch template; the default is the ten newest, and this is the most EC2 looks at.
const VERSION_DEPTH: &str = "10000";

/// Every state of an instance but `terminated`, which by default counts as a reference too.
const STATES: [&str; 5] = ["pending", "running", "shutting-down", "stopping", "stopped"];

/// What of this account refers to these images: instances that are not terminated, all versions of launch templates,
/// parameters and recipes. No ids, no call: an empty list would not mean "none".
pub async fn image_references(clients: &Clients, images: &[AmiId]) -> Result<DescribeImageReferences, AwsError> {
    let mut references = Vec::new();
    for images in images.chunks(IMAGES_PER_CALL) {
        references.extend(references_of(clients, images).await?);
    }
    Ok(DescribeImageReferences { image_references: Some(references) })
}

async fn references_of(clients: &Clients, images: &[AmiId]) -> Result<Vec<Option<ImageReference>>, AwsError> {
    all_pages("ImageReferences", |token| async move {
        clients.turn(Api::read("DescribeImageReferences")).await;
        let page = clients
            .ec2
            .describe_image_references()
            .set_image_ids(Some(images.iter().map(ToString::to_string).collect()))
            // All types, those that EC2 learns to look at later included; two of them more closely than by default.
            .include_all_resource_types(true)
            .resource_types(closely(ImageReferenceResourceType::Ec2Instance, ImageReferenceOptionName::StateName, &STATES))
            .resource_types(closely(
                ImageReferenceResourceType::Ec2LaunchTemplate,
                ImageReferenceOptionName::VersionDepth,
                &[VERSION_DEPTH],
            ))
            .max_results(EC2_PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        let convert = |reference: sdk::ImageReference| ImageReference {
            image_id: reference.image_id,
            resource_type: reference.resource_type.map(|kind| kind.as_str().to_owned()),
            arn: reference.arn,
        };
        Ok(Page { items: list(page.image_references, convert), next: page.next_token })
    })
    .await
}

fn closely(kind: ImageReferenceResourceType, option: ImageReferenceOptionName, values: &[&str]) -> ResourceTypeRequest {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    let option = ResourceTypeOption::builder().option_name(option).set_option_values(Some(values)).build();
    ResourceTypeRequest::builder().resource_type(kind).resource_type_options(option).build()
}

/// The usage reports that somebody had EC2 make, of every image and in every state. Making one is a write and costs the
/// account one of its reports; this only reads.
pub async fn usage_reports(clients: &Clients) -> Result<DescribeImageUsageReports, AwsError> {
    let reports = all_pages("ImageUsageReports", |token| async move {
        clients.turn(Api::read("DescribeImageUsageReports")).await;
        let page =
            clients.ec2.describe_image_usage_reports().max_results(EC2_PAGE).set_next_token(token).send().await.map_err(AwsError::of)?;
        let convert = |report: sdk::ImageUsageReport| ImageUsageReport {
            image_id: report.image_id,
            report_id: report.report_id,
            resource_types: list(report.resource_types, |kind| ImageUsageResourceType {
                resource_type: kind.resource_type,
                resource_type_options: list(kind.resource_type_options, |option| ImageUsageOption {
                    option_name: option.option_name,
                    option_values: list(option.option_values, |value| value),
                }),
            }),
            account_ids: list(report.account_ids, |account| account),
            state: report.state,
            creation_time: time(report.creation_time),
            expiration_time: time(report.expiration_time),
        };
        Ok(Page { items: list(page.image_usage_reports, convert), next: page.next_token })
    });
    Ok(DescribeImageUsageReports { image_usage_reports: Some(reports.await?) })
}

/// What the reports found, of all of them in one listing. Asked only where there are reports.
pub async fn usage_report_entries(clients: &Clients) -> Result<DescribeImageUsageReportEntries, AwsError> {
    let entries = all_pages("ImageUsageReportEntries", |token| async move {
        clients.turn(Api::read("DescribeImageUsageReportEntries")).await;
        let page = clients
            .ec2
            .describe_image_usage_report_entries()
            .max_results(EC2_PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        let convert = |entry: sdk::ImageUsageReportEntry| ImageUsageReportEntry {
            resource_type: entry.resource_type,
            report_id: entry.report_id,
            usage_count: entry.usage_count,
            account_id: entry.account_id,
            image_id: entry.image_id,
            report_creation_time: time(entry.report_creation_time),
        };
        Ok(Page { items: list(page.image_usage_report_entries, convert), next: page.next_token })
    });
    Ok(DescribeImageUsageReportEntries { image_usage_report_entries: Some(entries.await?) })
}
