//! `DescribeLaunchTemplates` and every version of every template.

use aws_sdk_ec2::types as sdk;

use super::{list, time};
use crate::aws::clients::Clients;
use crate::aws::error::{AwsError, ErrorKind};
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

/// How `resolve:ssm:` aliases are to come back.
#[derive(Clone, Copy)]
enum Aliases {
    /// As the image ids they stand for now. Needs `ssm:GetParameters`.
    Resolved,
    /// As they are written: then nobody knows what they use.
    Written,
}

/// All versions of one template. Any version can be named by a group or a fleet, so `$Default` and `$Latest` are not
/// enough. Where the aliases cannot be resolved the versions are read with their aliases as written: ids that stand
/// there count as use, and an alias is use of an unknown image, which holds more, not less.
pub async fn launch_template_versions(clients: &Clients, template_id: &str) -> Result<DescribeLaunchTemplateVersions, AwsError> {
    match versions(clients, template_id, Aliases::Resolved).await {
        Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Other | ErrorKind::NotFound) => {
            // The second answer counts; if it fails too, its error names the cause.
            versions(clients, template_id, Aliases::Written).await
        }
        answer => answer,
    }
}

async fn versions(clients: &Clients, template_id: &str, aliases: Aliases) -> Result<DescribeLaunchTemplateVersions, AwsError> {
    let versions = all_pages("LaunchTemplateVersions", |token| async move {
        clients.turn(Api::read("DescribeLaunchTemplateVersions")).await;
        let page = clients
            .ec2
            .describe_launch_template_versions()
            .launch_template_id(template_id)
            .include_managed_resources(true)
            .set_resolve_alias(match aliases {
                Aliases::Resolved => Some(true),
                Aliases::Written => None,
            })
            .max_results(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        Ok(Page { items: list(page.launch_template_versions, version), next: page.next_token })
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
