//! What lies in the Recycle Bin, and the rules that put it there.

use aws_sdk_rbin::types::{self as sdk, ResourceType};

use super::{EC2_PAGE, list, time};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{
    GetRule, ImageInRecycleBin, ListImagesInRecycleBin, ListRules, ListSnapshotsInRecycleBin, ResourceTag, RetentionPeriod, RuleSummary,
    SnapshotInRecycleBin,
};

/// The images in the bin. EC2 does not say which snapshots they had.
pub async fn images_in_recycle_bin(clients: &Clients) -> Result<ListImagesInRecycleBin, AwsError> {
    let images = all_pages("Images", |token| async move {
        clients.turn(Api::read("ListImagesInRecycleBin")).await;
        let page =
            clients.ec2.list_images_in_recycle_bin().max_results(EC2_PAGE).set_next_token(token).send().await.map_err(AwsError::of)?;
        let convert = |image: aws_sdk_ec2::types::ImageRecycleBinInfo| ImageInRecycleBin {
            image_id: image.image_id,
            name: image.name,
            recycle_bin_enter_time: time(image.recycle_bin_enter_time),
            recycle_bin_exit_time: time(image.recycle_bin_exit_time),
        };
        Ok(Page { items: list(page.images, convert), next: page.next_token })
    });
    Ok(ListImagesInRecycleBin { images: Some(images.await?) })
}

/// The snapshots in the bin.
pub async fn snapshots_in_recycle_bin(clients: &Clients) -> Result<ListSnapshotsInRecycleBin, AwsError> {
    let snapshots = all_pages("Snapshots", |token| async move {
        clients.turn(Api::read("ListSnapshotsInRecycleBin")).await;
        let page =
            clients.ec2.list_snapshots_in_recycle_bin().max_results(EC2_PAGE).set_next_token(token).send().await.map_err(AwsError::of)?;
        let convert = |snapshot: aws_sdk_ec2::types::SnapshotRecycleBinInfo| SnapshotInRecycleBin {
            snapshot_id: snapshot.snapshot_id,
            volume_id: snapshot.volume_id,
            recycle_bin_enter_time: time(snapshot.recycle_bin_enter_time),
            recycle_bin_exit_time: time(snapshot.recycle_bin_exit_time),
        };
        Ok(Page { items: list(page.snapshots, convert), next: page.next_token })
    });
    Ok(ListSnapshotsInRecycleBin { snapshots: Some(snapshots.await?) })
}

/// The rules for images and those for snapshots; Recycle Bin lists one type at a time.
pub async fn rules(clients: &Clients) -> Result<ListRules, AwsError> {
    let mut rules = rules_of(clients, ResourceType::Ec2Image).await?;
    rules.extend(rules_of(clients, ResourceType::EbsSnapshot).await?);
    Ok(ListRules { rules: Some(rules) })
}

async fn rules_of(clients: &Clients, resource_type: ResourceType) -> Result<Vec<Option<RuleSummary>>, AwsError> {
    all_pages("Rules", |token| {
        let resource_type = resource_type.clone();
        async move {
            clients.turn(Api::read("ListRules")).await;
            let page = clients
                .rbin
                .list_rules()
                .resource_type(resource_type)
                .max_results(EC2_PAGE)
                .set_next_token(token)
                .send()
                .await
                .map_err(AwsError::of)?;
            let convert = |rule: sdk::RuleSummary| RuleSummary {
                identifier: rule.identifier,
                description: rule.description,
                retention_period: rule.retention_period.map(retention),
            };
            Ok(Page { items: list(page.rules, convert), next: page.next_token })
        }
    })
    .await
}

/// The details of every rule that `rules` lists: whether it works yet, and what it covers.
pub async fn rule_details(clients: &Clients, rules: &ListRules) -> Result<Vec<GetRule>, AwsError> {
    let mut details = Vec::new();
    for rule in rules.rules.iter().flatten() {
        let identifier = rule.as_ref().and_then(|rule| rule.identifier.as_deref());
        let identifier = identifier.ok_or_else(|| AwsError::malformed("a rule was listed without its identifier"))?;
        clients.turn(Api::read("GetRule")).await;
        let answer = clients.rbin.get_rule().identifier(identifier).send().await.map_err(AwsError::of)?;
        details.push(GetRule {
            identifier: answer.identifier,
            description: answer.description,
            resource_type: answer.resource_type.map(|kind| kind.as_str().to_owned()),
            retention_period: answer.retention_period.map(retention),
            resource_tags: list(answer.resource_tags, resource_tag),
            exclude_resource_tags: list(answer.exclude_resource_tags, resource_tag),
            status: answer.status.map(|status| status.as_str().to_owned()),
            lock_state: answer.lock_state.map(|state| state.as_str().to_owned()),
        });
    }
    Ok(details)
}

fn retention(period: sdk::RetentionPeriod) -> RetentionPeriod {
    RetentionPeriod {
        retention_period_value: Some(i64::from(period.retention_period_value)),
        retention_period_unit: Some(period.retention_period_unit.as_str().to_owned()),
    }
}

fn resource_tag(tag: sdk::ResourceTag) -> ResourceTag {
    ResourceTag { resource_tag_key: Some(tag.resource_tag_key), resource_tag_value: tag.resource_tag_value }
}
