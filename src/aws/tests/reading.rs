use ami_warden_sim::{Fault, FaultKind, InstanceState, rich, small};

use super::*;
use crate::aws::read::{self, Lookup};
use crate::aws::{AwsError, ErrorKind};
use crate::model::AmiId;

async fn images_with(fault: Fault) -> Result<usize, AwsError> {
    images_of(Wired::to(small(now())).await, fault).await
}

async fn images_of(wired: Wired, fault: Fault) -> Result<usize, AwsError> {
    wired.sim.world(|w| {
        w.settings.page_limit = Some(2);
        w.inject(fault.action("DescribeImages"));
    });
    read::images(&wired.clients()).await.map(|answer| answer.images.unwrap().len())
}

#[tokio::test]
async fn all_pages_are_read_and_every_request_is_counted() {
    let wired = Wired::to(small(now())).await;
    wired.sim.world(|w| w.settings.page_limit = Some(2));
    let clients = wired.clients().counted();
    let images = read::images(&clients).await.unwrap().images.unwrap();
    let pages = wired.sim.world(|w| w.journal.count("DescribeImages"));
    assert_eq!(images.len(), 7);
    assert_eq!((pages, clients.asked()), (4, 4));
    let sent = wired.aws.requests().all();
    assert!(sent.iter().any(|count| count.api == "DescribeImages" && count.sent == 4 && count.place == here()), "{sent:?}");
}

#[tokio::test]
async fn disabled_and_deprecated_images_and_managed_instances_are_seen() {
    let wired = Wired::to(rich(now())).await;
    let clients = wired.clients();
    let images = read::images(&clients).await.unwrap().images.unwrap();
    let states: Vec<_> = images.iter().flatten().filter_map(|image| image.state.as_deref()).collect();
    assert!(states.contains(&"disabled"));
    assert!(images.iter().flatten().any(|image| image.name.as_deref() == Some("old")));
    let full = images.iter().flatten().find(|image| image.name.as_deref() == Some("full")).unwrap();
    assert_eq!(full.description.as_deref(), Some("everything <at> once & more"));
    assert_eq!(full.source_image_region.as_deref(), Some("eu-west-1"));
    assert_eq!(full.imds_support.as_deref(), Some("v2.0"));
    assert_eq!(full.product_codes.as_ref().unwrap().len(), 1);
    let devices = full.block_device_mappings.as_ref().unwrap();
    assert!(devices.iter().flatten().any(|device| device.virtual_name.as_deref() == Some("ephemeral0") && device.ebs.is_none()));
    assert!(devices.iter().flatten().any(|device| device.ebs.as_ref().is_some_and(|ebs| ebs.snapshot_id.is_some())));
    let reservations = read::instances(&clients).await.unwrap().reservations.unwrap();
    let instances = reservations.into_iter().flatten().flat_map(|reservation| reservation.instances.unwrap()).flatten();
    assert_eq!(instances.filter(|instance| instance.tags.as_ref().is_some_and(|tags| !tags.is_empty())).count(), 1);
    let templates = read::launch_templates(&clients).await.unwrap().launch_templates.unwrap();
    assert!(templates.iter().flatten().any(|template| template.launch_template_name.as_deref() == Some("managed")));
    assert!(!read::volumes(&clients).await.unwrap().volumes.unwrap().is_empty());
}

#[tokio::test]
async fn stopped_instances_count() {
    let mut world = small(now());
    world.account(OURS).region(HERE).instance("ami-1").state(InstanceState::Stopped).put();
    let wired = Wired::to(world).await;
    let reservations = read::instances(&wired.clients()).await.unwrap().reservations.unwrap();
    let mut states = reservations.iter().flatten().flat_map(|r| r.instances.iter().flatten().flatten()).filter_map(|i| i.state.clone());
    assert!(states.any(|state| state.name.as_deref() == Some("stopped")));
}

#[tokio::test]
async fn a_page_that_breaks_off_is_no_shorter_list() {
    for page in [1, 2, 4] {
        let error = images_with(Fault::new(FaultKind::TruncatedPage).from(page)).await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Malformed | ErrorKind::Network), "page {page}: {error}");
    }
}

#[tokio::test]
async fn an_answer_without_its_list_is_no_empty_list() {
    for kind in [FaultKind::BareAnswer, FaultKind::EmptyBody] {
        let error = images_with(Fault::new(kind.clone()).from(3)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed, "{kind:?}: {error}");
    }
}

#[tokio::test]
async fn pages_in_a_circle_are_left() {
    let error = images_with(Fault::new(FaultKind::LoopingToken)).await.unwrap_err();
    assert!(error.message.contains("go in a circle"), "{error}");
}

#[tokio::test]
async fn one_denied_page_fails_the_whole_listing_with_the_words_of_aws() {
    let error = images_with(Fault::deny().nth(3)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.to_string().starts_with("UnauthorizedOperation: You are not authorized"), "{error}");
}

#[tokio::test]
async fn a_read_is_tried_again_after_a_throttle_and_each_attempt_is_counted() {
    let wired = Wired::to(small(now())).await;
    wired.sim.world(|w| w.inject(Fault::throttle().action("DescribeImages").nth(1)));
    let clients = wired.clients().counted();
    assert!(read::images(&clients).await.is_ok());
    assert_eq!(clients.asked(), 1);
    let sent = wired.aws.requests().all().into_iter().find(|count| count.api == "DescribeImages").unwrap();
    assert_eq!(sent.sent, 2);
}

#[tokio::test]
async fn a_read_that_hangs_ends_and_says_which_limit_ended_it() {
    let error = images_of(Wired::impatient(small(now())).await, Fault::timeout_before()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.to_string().contains("timeout occurred after"), "{error}");
}

#[tokio::test]
async fn all_versions_are_read_and_aliases_come_as_they_are_written() {
    let mut world = small(now());
    world.account(OURS).region(HERE).parameter("/golden", "ami-0123456789abcdef0");
    let template = world.account(OURS).region(HERE).launch_template("alias");
    let template = template.version("ami-1").version("resolve:ssm:/golden").version("resolve:ssm:/gone").put();
    let wired = Wired::to(world).await;
    wired.sim.world(|w| w.settings.page_limit = Some(1));
    let versions = read::launch_template_versions(&wired.clients(), &template).await.unwrap().launch_template_versions.unwrap();
    let mut images: Vec<_> = versions.into_iter().flatten().filter_map(|v| v.launch_template_data?.image_id).collect();
    images.sort();
    assert_eq!(images, ["ami-1", "resolve:ssm:/golden", "resolve:ssm:/gone"]);
}

#[tokio::test]
async fn a_missing_image_is_gone_and_a_refused_question_is_an_error() {
    let wired = Wired::to(small(now())).await;
    let clients = wired.clients();
    let id = AmiId::from("ami-0eeeeeeeeeeeeeeee");
    assert!(matches!(read::image(&clients, &id).await, Ok(Lookup::Gone)));
    assert!(matches!(read::snapshot(&clients, &"snap-0eeeeeeeeeeeeeeee".into()).await, Ok(Lookup::Gone)));
    assert!(matches!(read::launch_permissions(&clients, &id).await, Ok(Lookup::Gone)));
    wired.sim.world(|w| w.inject(Fault::deny()));
    assert_eq!(read::image(&clients, &id).await.unwrap_err().kind, ErrorKind::Denied);
}

#[tokio::test]
async fn permissions_come_in_all_their_shapes() {
    let wired = Wired::to(rich(now())).await;
    let clients = wired.clients();
    let images = read::images(&clients).await.unwrap().images.unwrap();
    let full = images.into_iter().flatten().find(|image| image.name.as_deref() == Some("full")).unwrap().image_id.unwrap();
    let Lookup::Found(answer) = read::launch_permissions(&clients, &full.into()).await.unwrap() else { panic!("gone") };
    let permissions = answer.launch_permissions.unwrap();
    assert_eq!(permissions.len(), 3);
    assert!(permissions.iter().flatten().any(|permission| permission.user_id.as_deref() == Some(OUTSIDER)));
    assert!(permissions.iter().flatten().any(|permission| permission.organization_arn.is_some()));
    assert!(permissions.iter().flatten().any(|permission| permission.organizational_unit_arn.is_some()));
}

#[tokio::test]
async fn a_snapshot_without_shares_has_an_empty_list() {
    let mut world = small(now());
    let snapshot = world.account(OURS).region(HERE).snapshot().put();
    let wired = Wired::to(world).await;
    let Lookup::Found(answer) = read::create_volume_permissions(&wired.clients(), &snapshot.into()).await.unwrap() else { panic!("gone") };
    assert_eq!(answer.create_volume_permissions.map(|list| list.len()), Some(0));
}

#[tokio::test]
async fn rules_are_read_with_their_details() {
    let wired = Wired::to(small(now())).await;
    let clients = wired.clients();
    let rules = read::rules(&clients).await.unwrap();
    assert_eq!(rules.rules.as_ref().map(Vec::len), Some(2));
    let details = read::rule_details(&clients, &rules).await.unwrap();
    let kinds: Vec<_> = details.iter().filter_map(|rule| rule.resource_type.as_deref()).collect();
    assert_eq!(kinds, ["EC2_IMAGE", "EBS_SNAPSHOT"]);
    assert!(details.iter().all(|rule| rule.status.is_some() && rule.retention_period.is_some()));
}
