//! `DescribeLaunchTemplates` and `DescribeLaunchTemplateVersions`.

use aws_sdk_ec2::types as sdk;

use super::{list, time};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{
    BlockDevice, DescribeLaunchTemplateVersions, DescribeLaunchTemplates, EbsBlockDevice, LaunchTemplate, LaunchTemplateData,
    LaunchTemplateVersion,
};

/// EC2 allows at most this many templates or versions on a page.
const PAGE: i32 = 200;

/// All templates, those that services manage included.
pub async fn launch_templates(clients: &Clients) -> Result<DescribeLaunchTemplates, AwsError> {
    let templates = all_pages("LaunchTemplates", |token| async move {
        clients.turn(Api::read("DescribeLaunchTemplates")).await;
        let page = clients
            .ec2
            .describe_launch_templates()
            .include_managed_resources(true)
            .max_results(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        Ok(Page { items: list(page.launch_templates, template), next: page.next_token })
    });
    Ok(DescribeLaunchTemplates { launch_templates: Some(templates.await?) })
}

fn template(template: sdk::LaunchTemplate) -> LaunchTemplate {
    LaunchTemplate {
        launch_template_id: template.launch_template_id,
        launch_template_name: template.launch_template_name,
        create_time: time(template.create_time),
        default_version_number: template.default_version_number,
        latest_version_number: template.latest_version_number,
    }
}

/// The default and the latest version of every template, in one listing. One that is both may come once or twice.
pub async fn default_and_latest_versions(clients: &Clients) -> Result<DescribeLaunchTemplateVersions, AwsError> {
    versions(clients, None).await
}

/// All versions of one template. Any version can be named by a group or a fleet.
pub async fn launch_template_versions(clients: &Clients, template_id: &str) -> Result<DescribeLaunchTemplateVersions, AwsError> {
    versions(clients, Some(template_id)).await
}

/// `resolve:ssm:` aliases come as they are written. EC2 could resolve them, but one that leads nowhere would be an error for
/// the whole page; their parameters are read by themselves.
async fn versions(clients: &Clients, template_id: Option<&str>) -> Result<DescribeLaunchTemplateVersions, AwsError> {
    let asked = template_id.is_none().then(|| ["$Default", "$Latest"].map(str::to_owned).to_vec());
    let versions = all_pages("LaunchTemplateVersions", |token| {
        let asked = asked.clone();
        async move {
            clients.turn(Api::read("DescribeLaunchTemplateVersions")).await;
            let page = clients
                .ec2
                .describe_launch_template_versions()
                .set_launch_template_id(template_id.map(str::to_owned))
                .set_versions(asked)
                .include_managed_resources(true)
                .max_results(PAGE)
                .set_next_token(token)
                .send()
                .await
                .map_err(AwsError::of)?;
            Ok(Page { items: list(page.launch_template_versions, version), next: page.next_token })
        }
    });
    Ok(DescribeLaunchTemplateVersions { launch_template_versions: Some(versions.await?) })
}

fn version(version: sdk::LaunchTemplateVersion) -> LaunchTemplateVersion {
    LaunchTemplateVersion {
        launch_template_id: version.launch_template_id,
        launch_template_name: version.launch_template_name,
        version_number: version.version_number,
        create_time: time(version.create_time),
        default_version: version.default_version,
        launch_template_data: version.launch_template_data.map(|data| LaunchTemplateData {
            image_id: data.image_id,
            block_device_mappings: list(data.block_device_mappings, block_device),
        }),
    }
}

fn block_device(device: sdk::LaunchTemplateBlockDeviceMapping) -> BlockDevice {
    BlockDevice {
        device_name: device.device_name,
        virtual_name: device.virtual_name,
        ebs: device.ebs.map(|ebs| EbsBlockDevice {
            snapshot_id: ebs.snapshot_id,
            volume_size: ebs.volume_size.map(i64::from),
            encrypted: ebs.encrypted,
            kms_key_id: ebs.kms_key_id,
            volume_type: ebs.volume_type.map(|kind| kind.as_str().to_owned()),
            delete_on_termination: ebs.delete_on_termination,
        }),
    }
}
