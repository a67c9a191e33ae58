use ami_warden_sim::{Fault, FaultKind, Permission, empty, small};
use jiff::SignedDuration;

use super::*;
use crate::aws::read::{self, Lookup};
use crate::aws::sns::{Publication, publish};
use crate::aws::write::{CopyRequest, Rehearsal, WriteOutcome, Writer, rehearse};
use crate::aws::{AwsError, ErrorKind};
use crate::model::{AmiId, Grantee, SnapshotId, Tags};

/// A world with one image that everybody and somebody may launch.
fn world_with_shares() -> (World, AmiId) {
    let mut world = empty(now());
    let place = world.account(OURS).region(HERE);
    let organization = "arn:aws:organizations::111111111111:organization/o-abcdefghij";
    let image =
        place.image("web").age_days(30).public().shared_with(OUTSIDER).shared_with_organization(organization).snapshot_size(8).put();
    (world, image.into())
}

async fn shared() -> (Wired, AmiId) {
    let (world, image) = world_with_shares();
    (Wired::to(world).await, image)
}

fn writer(wired: &Wired) -> Writer {
    Writer::for_act(wired.clients())
}

fn permissions(wired: &Wired, image: &AmiId) -> Vec<Permission> {
    wired.sim.world(|w| w.image(image.as_str()).unwrap().launch_permissions.iter().cloned().collect())
}

fn code<T: std::fmt::Debug>(outcome: WriteOutcome<T>) -> String {
    match outcome {
        WriteOutcome::Failed(AwsError { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn making_private_leaves_every_other_share() {
    let (wired, image) = shared().await;
    assert_eq!(writer(&wired).make_image_private(&image).await, WriteOutcome::Done(()));
    assert_eq!(permissions(&wired, &image).len(), 2);
    assert!(!wired.sim.world(|w| w.image(image.as_str()).unwrap().is_public()));
}

#[tokio::test]
async fn a_share_is_ended_with_exactly_its_grantee() {
    let (wired, image) = shared().await;
    let organization = Grantee::parse("arn:aws:organizations::111111111111:organization/o-abcdefghij");
    assert_eq!(writer(&wired).unshare_image(&image, &organization).await, WriteOutcome::Done(()));
    assert_eq!(writer(&wired).unshare_image(&image, &Grantee::parse(OUTSIDER)).await, WriteOutcome::Done(()));
    assert_eq!(permissions(&wired, &image).len(), 1);
    assert!(wired.sim.world(|w| w.image(image.as_str()).unwrap().is_public()));
    assert_eq!(wired.sim.world(|w| w.journal.count("ResetImageAttribute")), 0);
}

#[tokio::test]
async fn snapshots_are_made_private_and_unshared() {
    let mut world = empty(now());
    let snapshot: SnapshotId = world.account(OURS).region(HERE).snapshot().public().shared_with(OUTSIDER).put().into();
    let wired = Wired::to(world).await;
    assert_eq!(writer(&wired).make_snapshot_private(&snapshot).await, WriteOutcome::Done(()));
    let Lookup::Found(left) = read::create_volume_permissions(&wired.clients(), &snapshot).await.unwrap() else { panic!("gone") };
    assert_eq!(left.create_volume_permissions.unwrap().len(), 1);
    assert_eq!(writer(&wired).unshare_snapshot(&snapshot, &Grantee::parse(OUTSIDER)).await, WriteOutcome::Done(()));
    let unit = Grantee::parse("arn:aws:organizations::111111111111:ou/o-a/ou-b");
    assert_eq!(code(writer(&wired).unshare_snapshot(&snapshot, &unit).await), "InvalidGrantee");
}

#[tokio::test]
async fn an_image_goes_down_the_ladder_and_its_snapshots_stay_until_they_are_deleted() {
    let (wired, image) = shared().await;
    let writer = writer(&wired);
    assert_eq!(writer.make_image_private(&image).await, WriteOutcome::Done(()));
    assert_eq!(writer.deprecate(&image, now() + SignedDuration::from_mins(10)).await, WriteOutcome::Done(()));
    assert_eq!(writer.undeprecate(&image).await, WriteOutcome::Done(()));
    assert_eq!(writer.disable(&image).await, WriteOutcome::Done(()));
    assert_eq!(writer.enable(&image).await, WriteOutcome::Done(()));
    let snapshots: Vec<String> = wired.sim.world(|w| w.image(image.as_str()).unwrap().snapshots().map(str::to_owned).collect());
    let snapshot: SnapshotId = snapshots[0].as_str().into();
    assert_eq!(code(writer.delete_snapshot(&snapshot).await), "InvalidSnapshot.InUse");
    assert_eq!(writer.deregister(&image).await, WriteOutcome::Done(()));
    assert!(wired.sim.world(|w| w.snapshot(snapshot.as_str()).is_some()));
    assert!(matches!(read::image(&wired.clients(), &image).await, Ok(Lookup::Gone)));
    assert_eq!(writer.delete_snapshot(&snapshot).await, WriteOutcome::Done(()));
    assert!(matches!(writer.delete_snapshot(&snapshot).await, WriteOutcome::Failed(error) if error.kind == ErrorKind::NotFound));
}

#[tokio::test]
async fn an_effect_without_an_answer_is_unknown_and_sent_once() {
    for kind in [
        FaultKind::TimeoutAfter,
        FaultKind::ResetAfter,
        FaultKind::TruncatedPage,
        FaultKind::EmptyBody,
        FaultKind::InternalErrorAfter,
        FaultKind::TimeoutBefore,
        FaultKind::ResetBefore,
        FaultKind::InternalError,
    ] {
        let (world, image) = world_with_shares();
        let wired = Wired::impatient(world).await;
        wired.sim.world(|w| w.inject(Fault::new(kind.clone()).action("DeregisterImage")));
        let outcome = writer(&wired).deregister(&image).await;
        assert!(matches!(outcome, WriteOutcome::Unknown(_)), "{kind:?}: {outcome:?}");
        assert_eq!(wired.sim.world(|w| w.journal.count("DeregisterImage")), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_a_failure_with_the_words_of_aws_and_is_not_repeated() {
    let (wired, image) = shared().await;
    wired.sim.world(|w| w.inject(Fault::deny().action("DisableImage")));
    assert_eq!(code(writer(&wired).disable(&image).await), "UnauthorizedOperation");
    assert_eq!(wired.sim.world(|w| w.journal.count("DisableImage")), 1);
    assert_eq!(permissions(&wired, &image).len(), 3);
}

#[tokio::test]
async fn a_throttled_write_is_sent_again() {
    let (wired, image) = shared().await;
    wired.sim.world(|w| w.inject(Fault::throttle().action("DisableImage").nth(1)));
    assert_eq!(writer(&wired).disable(&image).await, WriteOutcome::Done(()));
    assert_eq!(wired.sim.world(|w| w.journal.count("DisableImage")), 2);
}

#[tokio::test]
async fn a_write_to_an_endpoint_that_is_gone_has_failed() {
    let (wired, image) = shared().await;
    let clients = wired.clients();
    wired.server.stop().await;
    let outcome = Writer::for_act(clients).disable(&image).await;
    assert!(matches!(&outcome, WriteOutcome::Failed(error) if error.kind == ErrorKind::Refused), "{outcome:?}");
}

#[tokio::test]
async fn a_copy_is_tagged_with_its_snapshots_and_its_token_makes_it_one() {
    let mut world = empty(now());
    let source = world.account(OURS).region("eu-west-1").image("golden").tag("family", "golden").put();
    let wired = Wired::to(world).await;
    let copy = CopyRequest {
        source: source.as_str().into(),
        source_region: "eu-west-1".into(),
        name: "golden".into(),
        description: Some("a copy".into()),
        client_token: "token-1".into(),
        tags: Tags::from([("family".into(), "golden".into())]),
        kms_key: None,
    };
    let WriteOutcome::Done(first) = writer(&wired).copy_image(&copy).await else { panic!("not started") };
    assert_eq!(writer(&wired).copy_image(&copy).await, WriteOutcome::Done(first.clone()));
    wired.sim.world(|w| w.advance(SignedDuration::from_mins(10)));
    let Lookup::Found(image) = read::image(&wired.clients(), &first).await.unwrap() else { panic!("gone") };
    assert_eq!(image.state.as_deref(), Some("available"));
    assert_eq!(image.source_image_id, Some(source));
    assert_eq!(image.tags.map(|tags| tags.len()), Some(1));
    let snapshots = read::snapshots(&wired.clients()).await.unwrap().snapshots.unwrap();
    assert!(snapshots.iter().flatten().all(|snapshot| snapshot.tags.as_ref().is_some_and(|tags| tags.len() == 1)));
}

#[tokio::test]
async fn a_rehearsal_changes_nothing_and_tells_what_is_denied() {
    let wired = Wired::to(small(now())).await;
    wired.sim.world(|w| w.inject(Fault::deny().action("DeregisterImage")));
    let all = rehearse(&wired.clients(), now()).await;
    assert_eq!(all.len(), 9);
    for one in all {
        match one.api {
            "DeregisterImage" => assert!(matches!(one.rehearsal, Rehearsal::Denied(_)), "{one:?}"),
            _ => assert_eq!(one.rehearsal, Rehearsal::Allowed, "{}", one.api),
        }
    }
    assert_eq!(wired.sim.world(|w| w.journal.effects().count()), 0);
}

#[tokio::test]
async fn a_message_arrives_with_its_attributes_in_the_region_of_its_topic() {
    let mut world = empty(now());
    let topic = world.account(OURS).region("eu-west-1").topic("alerts");
    let wired = Wired::impatient(world).await;
    let publication = Publication {
        topic_arn: topic.clone(),
        subject: "one image is public".into(),
        body: r#"{"default": "ami-1 ä"}"#.into(),
        attributes: [("severity".into(), vec!["high".into()]), ("region".into(), vec!["a".into(), "b".into()])].into(),
    };
    let outcome = publish(&wired.aws, &publication).await;
    assert!(matches!(outcome, WriteOutcome::Done(_)), "{outcome:?}");
    wired.sim.world(|w| {
        let messages = w.messages(&topic);
        assert_eq!(messages.len(), 1);
        assert_eq!((messages[0].body.as_str(), messages[0].structure.as_deref()), (publication.body.as_str(), Some("json")));
        let attribute = |name: &str| (messages[0].attributes[name].data_type.clone(), messages[0].attributes[name].value.clone());
        assert_eq!(attribute("severity"), ("String".into(), "high".into()));
        assert_eq!(attribute("region"), ("String.Array".into(), r#"["a","b"]"#.into()));
    });
    let elsewhere = Publication { topic_arn: "nonsense".into(), ..publication.clone() };
    assert_eq!(code(publish(&wired.aws, &elsewhere).await), "InvalidTopic");
    wired.sim.world(|w| w.inject(Fault::timeout_after().action("Publish")));
    assert!(matches!(publish(&wired.aws, &publication).await, WriteOutcome::Unknown(_)));
}
