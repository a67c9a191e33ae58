use std::future::Future;

use ami_warden_sim::{Fault, FaultKind};
use serde::Serialize;

use super::*;
use crate::aws::{AwsError, ErrorKind, read};
use crate::model::AmiId;

/// A listing as text and how many entries it has, read in whole pages and again in the smallest ones, the first of them
/// empty. Both must be the same, and more than one page.
async fn twice<T, F>(read: impl Fn(Clients) -> F, count: impl Fn(&T) -> usize) -> T
where
    T: Serialize,
    F: Future<Output = Result<T, AwsError>>,
{
    let wired = Wired::to(everything()).await;
    let whole = read(wired.clients()).await.unwrap();
    wired.sim.world(|w| {
        w.settings.page_limit = Some(1);
        w.settings.empty_first_pages = true;
    });
    let asked = wired.clients().counted();
    let paged = read(asked.clone()).await.unwrap();
    assert_eq!(serde_json::to_value(&paged).unwrap(), serde_json::to_value(&whole).unwrap());
    assert!(count(&whole) >= 2, "{}", serde_json::to_string(&whole).unwrap());
    assert!(asked.asked() > count(&whole) as u64, "an empty first page is followed by one page per entry");
    whole
}

macro_rules! listing {
    ($read:ident, $($list:ident)+) => {
        twice(|c| async move { read::$read(&c).await }, |answer| answer$(.$list.as_ref().unwrap())+.len()).await
    };
}

fn present<T>(list: Option<Vec<Option<T>>>) -> Vec<T> {
    list.unwrap().into_iter().map(Option::unwrap).collect()
}

#[tokio::test]
async fn fleets_and_spot_requests_are_read_with_what_they_launch() {
    let fleets = present(listing!(fleets, fleets).fleets);
    let templates: Vec<_> = fleets.into_iter().flat_map(|fleet| present(fleet.launch_template_configs)).collect();
    assert!(templates.iter().all(|template| template.launch_template_specification.as_ref().unwrap().launch_template_id.is_some()));
    let overrides = templates.into_iter().flat_map(|template| template.overrides.into_iter().flatten()).flatten();
    assert!(overrides.into_iter().any(|entry| entry.image_id.is_some()));

    let fleets = present(listing!(spot_fleets, spot_fleet_request_configs).spot_fleet_request_configs);
    assert!(fleets.iter().any(|fleet| fleet.spot_fleet_request_state.as_deref() == Some("cancelled")));
    let configs: Vec<_> = fleets.into_iter().map(|fleet| fleet.spot_fleet_request_config.unwrap()).collect();
    assert!(configs.iter().flat_map(|config| config.launch_specifications.iter().flatten().flatten()).any(|one| one.image_id.is_some()));
    assert!(configs.iter().any(|config| config.launch_template_configs.as_ref().is_some_and(|all| !all.is_empty())));

    let requests = present(listing!(spot_requests, spot_instance_requests).spot_instance_requests);
    assert!(requests.iter().all(|request| request.state.is_some() && request.launch_specification.as_ref().unwrap().image_id.is_some()));
}

#[tokio::test]
async fn what_protects_snapshots_is_read() {
    let locked = present(listing!(locked_snapshots, snapshots).snapshots);
    assert!(locked.iter().all(|lock| lock.snapshot_id.is_some() && lock.lock_state.is_some()));
    assert!(locked.iter().any(|lock| lock.lock_expires_on.is_some()));
    let restores = present(listing!(fast_restores, fast_snapshot_restores).fast_snapshot_restores);
    assert!(restores.iter().all(|restore| restore.snapshot_id.is_some() && restore.state.is_some()));
    let binned = present(listing!(snapshots_in_recycle_bin, snapshots).snapshots);
    assert!(binned.iter().all(|snapshot| snapshot.snapshot_id.is_some() && snapshot.recycle_bin_exit_time.is_some()));
    assert!(!listing!(volumes, volumes).volumes.unwrap().is_empty());
}

#[tokio::test]
async fn parameters_are_listed_without_values_and_secret_ones_are_never_told() {
    let names = present(listing!(parameter_names, parameters).parameters);
    assert!(names.iter().any(|name| name.kind.as_deref() == Some("SecureString")));
    assert!(names.iter().any(|name| name.data_type.as_deref() == Some("aws:ec2:image")));
    let wired = Wired::to(everything()).await;
    let public = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
    let asked = ["/golden/plain", "/golden/deep/er:1", "secret", "/gone", public].map(str::to_owned);
    let answer = read::parameters(&wired.clients(), &asked).await.unwrap();
    assert_eq!(serde_json::to_value(&answer).unwrap()["InvalidParameters"], serde_json::json!(["/gone"]));
    let values = present(answer.parameters);
    let mut told: Vec<_> = values.iter().map(|value| (value.name.clone().unwrap(), value.selector.clone())).collect();
    told.sort();
    assert_eq!(told, [(public.into(), None), ("/golden/deep/er".into(), Some(":1".into())), ("/golden/plain".into(), None)]);
    assert!(values.iter().all(|value| value.value.as_deref().unwrap().starts_with("ami-")));
    let entry = wired.sim.world(|w| w.journal.calls("GetParameters").next().cloned()).unwrap();
    assert_eq!(entry.params.get("WithDecryption").map(String::as_str), Some("false"));
}

#[tokio::test]
async fn recipes_are_read_in_all_their_versions_with_what_they_build_from() {
    let listed = present(listing!(image_recipes, image_recipe_summary_list).image_recipe_summary_list);
    assert!(listed.len() > 25, "more than a page of Image Builder's");
    let web = listed.iter().filter(|recipe| recipe.name.as_deref() == Some("web")).map(|recipe| recipe.arn.clone().unwrap());
    let wired = Wired::to(everything()).await;
    let mut parents = Vec::new();
    for arn in web {
        let recipe = read::image_recipe(&wired.clients(), &arn).await.unwrap().image_recipe.unwrap();
        parents.push((recipe.version.unwrap(), recipe.parent_image.unwrap()));
    }
    parents.sort();
    assert_eq!(parents.iter().map(|(version, _)| version.as_str()).collect::<Vec<_>>(), ["1.0.0", "1.10.0", "1.9.0"]);
    assert_eq!(parents[2].1, "ssm:/golden/web");
    let listed = present(listing!(container_recipes, container_recipe_summary_list).container_recipe_summary_list);
    let worker = listed.iter().find(|recipe| recipe.name.as_deref() == Some("worker")).unwrap().arn.clone().unwrap();
    let recipe = read::container_recipe(&wired.clients(), &worker).await.unwrap().container_recipe.unwrap();
    let instance = recipe.instance_configuration.unwrap();
    assert!(instance.image.unwrap().starts_with("ami-"));
    let devices = present(instance.block_device_mappings);
    assert_eq!(devices[0].ebs.as_ref().unwrap().snapshot_id.as_deref(), Some("snap-0def"));
}

#[tokio::test]
async fn resources_are_listed_by_type_and_read_one_by_one() {
    let clusters = twice(
        |c| async move { read::resources(&c, "AWS::EKS::Cluster", None).await },
        |answer| answer.resource_descriptions.as_ref().unwrap().len(),
    );
    assert_eq!(clusters.await.type_name.as_deref(), Some("AWS::EKS::Cluster"));
    let wired = Wired::to(everything()).await;
    let blue = read::resources(&wired.clients(), "AWS::EKS::Nodegroup", Some(r#"{"ClusterName":"blue"}"#)).await.unwrap();
    let groups: Vec<_> = present(blue.resource_descriptions).into_iter().map(|group| group.identifier.unwrap()).collect();
    assert_eq!(groups, ["blue/large", "blue/small"]);
    let small = read::resource(&wired.clients(), "AWS::EKS::Nodegroup", "blue/small").await.unwrap();
    assert!(small.resource_description.unwrap().properties.unwrap().contains("\"LaunchTemplate\":{\"Id\":\"lt-"));
    let error = read::resources(&wired.clients(), "AWS::Nobody::Knows", None).await.unwrap_err();
    assert_eq!(error.code, "TypeNotFoundException");
}

#[tokio::test]
async fn keys_are_read_with_their_policies_and_the_default_one_by_its_alias() {
    let wired = Wired::to(everything()).await;
    let properties = async |kind: &str, id: &str| {
        let answer = read::resource(&wired.clients(), kind, id).await?;
        let text = answer.resource_description.unwrap().properties.unwrap();
        Ok::<serde_json::Value, AwsError>(serde_json::from_str(&text).unwrap())
    };
    let key = properties("AWS::KMS::Key", "11111111-2222-3333-4444-555555555555").await.unwrap();
    assert_eq!(key["KeyPolicy"]["Statement"][0]["Principal"]["AWS"], OUTSIDER);
    assert_eq!(properties("AWS::KMS::Alias", "alias/aws/ebs").await.unwrap()["TargetKeyId"], "ebs");
    // As one pending deletion.
    assert_eq!(properties("AWS::KMS::Key", "gone").await.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn only_recent_failures_of_groups_are_kept_those_of_deleted_groups_included() {
    let since = now() - jiff::SignedDuration::from_hours(30 * 24);
    let failed = twice(|c| async move { read::failed_activities(&c, since).await }, |answer| answer.activities.as_ref().unwrap().len());
    let failed = present(failed.await.activities);
    let failures = [Some("Failed"), Some("Cancelled")];
    assert!(failed.iter().all(|activity| failures.contains(&activity.status_code.as_deref())));
    let mut groups: Vec<_> = failed.iter().map(|activity| activity.auto_scaling_group_name.as_deref().unwrap()).collect();
    groups.sort_unstable();
    assert_eq!(groups, ["deleted", "stopped", "web"]);
    assert!(failed.iter().all(|activity| activity.status_message.as_deref().unwrap().contains("ami-")));
}

#[tokio::test]
async fn references_are_asked_of_ten_images_a_call_without_terminated_instances_and_to_the_first_version() {
    let wired = Wired::to(everything()).await;
    let images: Vec<AmiId> = wired.sim.world(|w| w.place(OURS, HERE).unwrap().images.keys().map(|id| AmiId::from(id.as_str())).collect());
    assert!(images.len() > 10);
    let clients = wired.clients().counted();
    let whole = read::image_references(&clients, &images).await.unwrap();
    assert_eq!(clients.asked(), images.len().div_ceil(10) as u64);
    wired.sim.world(|w| w.settings.page_limit = Some(1));
    let paged = read::image_references(&wired.clients(), &images).await.unwrap();
    assert_eq!(serde_json::to_value(&paged).unwrap(), serde_json::to_value(&whole).unwrap());
    let references = present(whole.image_references);
    let kinds: std::collections::BTreeSet<_> = references.iter().map(|reference| reference.resource_type.clone().unwrap()).collect();
    assert!(kinds.contains("ec2:LaunchTemplate") && kinds.contains("ec2:Instance") && kinds.contains("ssm:Parameter"), "{kinds:?}");
    // Eleven newer versions lie on top of the one that names it.
    let buried = wired.sim.world(|w| w.place(OURS, HERE).unwrap().images.values().find(|i| i.name == "buried").unwrap().id.clone());
    assert!(references.iter().any(|reference| reference.image_id.as_deref() == Some(buried.as_str())));
    let terminated = wired.sim.world(|w| w.place(OURS, HERE).unwrap().images.values().find(|i| i.name == "terminated").unwrap().id.clone());
    assert!(!references.iter().any(|reference| reference.image_id.as_deref() == Some(terminated.as_str())));
    assert!(present(read::image_references(&wired.clients(), &[]).await.unwrap().image_references).is_empty());
}

#[tokio::test]
async fn usage_reports_are_read_with_what_they_found() {
    let reports = present(listing!(usage_reports, image_usage_reports).image_usage_reports);
    assert!(reports.iter().all(|report| report.image_id.is_some() && report.state.is_some()));
    let entries = present(listing!(usage_report_entries, image_usage_report_entries).image_usage_report_entries);
    assert!(entries.iter().any(|entry| entry.usage_count == Some(3) && entry.account_id.as_deref() == Some(OUTSIDER)));
}

#[tokio::test]
async fn the_settings_of_a_region_are_read_with_who_manages_them() {
    let mut world = everything();
    world
        .account(OURS)
        .region(HERE)
        .block_public_access("block-new-sharing", "block-all-sharing")
        .allowed_images("audit-mode", [])
        .managed_by_policy();
    let wired = Wired::to(world).await;
    let clients = wired.clients();
    let images = read::image_block_public_access(&clients).await.unwrap();
    assert_eq!(images.image_block_public_access_state.as_deref(), Some("block-new-sharing"));
    assert_eq!(images.managed_by.as_deref(), Some("declarative-policy"));
    let snapshots = read::snapshot_block_public_access(&clients).await.unwrap();
    assert_eq!(snapshots.state.as_deref(), Some("block-all-sharing"));
    assert_eq!(read::allowed_images(&clients).await.unwrap().state.as_deref(), Some("audit-mode"));
    wired.sim.world(|w| w.inject(Fault::new(FaultKind::BareAnswer)));
    for lacking in [
        read::image_block_public_access(&clients).await.err(),
        read::snapshot_block_public_access(&clients).await.err(),
        read::allowed_images(&clients).await.err(),
    ] {
        assert_eq!(lacking.unwrap().kind, ErrorKind::Malformed);
    }
}

#[tokio::test]
async fn images_of_others_are_read_by_id_and_one_that_is_gone_is_no_error() {
    let wired = Wired::to(everything()).await;
    let amazons = wired.sim.world(|w| w.place(AMAZON, HERE).unwrap().images.keys().next().unwrap().clone());
    let ids = [AmiId::from(amazons.as_str()), "ami-0eeeeeeeeeeeeeeee".into()];
    let images = present(read::images_in_use(&wired.clients(), &ids).await.unwrap().images);
    assert_eq!(images.len(), 1);
    assert_eq!((images[0].image_id.as_deref(), images[0].owner_id.as_deref()), (Some(amazons.as_str()), Some(AMAZON)));
    let before = wired.aws.requests().total();
    assert!(present(read::images_in_use(&wired.clients(), &[]).await.unwrap().images).is_empty());
    assert_eq!(wired.aws.requests().total(), before, "an empty filter would mean all images there are");
}

#[tokio::test]
async fn the_default_and_latest_versions_of_all_templates_are_one_listing() {
    let versions = present(listing!(default_and_latest_versions, launch_template_versions).launch_template_versions);
    let wired = Wired::to(everything()).await;
    let templates = wired.sim.world(|w| w.place(OURS, HERE).unwrap().launch_templates.clone());
    for (id, template) in templates {
        let found = |number: u64| {
            let is_it = |version: &&crate::inventory::answers::LaunchTemplateVersion| {
                version.launch_template_id.as_deref() == Some(id.as_str()) && version.version_number == i64::try_from(number).ok()
            };
            versions.iter().any(|version| is_it(&version))
        };
        assert!(found(template.default_version) && found(template.latest_version()), "{id}");
    }
}

#[tokio::test]
async fn every_request_is_told_with_its_bytes_and_the_time_it_took() {
    let wired = Wired::impatient(everything()).await;
    wired.sim.world(|w| {
        w.settings.hang_limit = std::time::Duration::from_millis(50);
        w.inject(Fault::timeout_before().action("DescribeImages").nth(1));
    });
    let images = read::images(&wired.clients()).await.unwrap();
    let sent = wired.aws.requests().all();
    let count = sent.iter().find(|count| count.api == "DescribeImages").unwrap();
    // The first attempt got no answer: it was sent and waited for all the same.
    assert_eq!(count.sent, 2);
    assert!(count.waited >= std::time::Duration::from_millis(50), "{count:?}");
    let least: usize = images.images.unwrap().iter().flatten().map(|image| image.image_id.as_ref().unwrap().len()).sum();
    assert!(count.bytes > least as u64, "{count:?}");
}
