//! Into other accounts, by way of a role.

use ami_warden_sim::{Fault, FaultKind, empty};

use super::*;
use crate::aws::read;
use crate::aws::{AwsError, ErrorKind};
use crate::config::Accounts;
use crate::model::AccountId;

const OTHER: &str = "333333333333";

fn governed() -> Accounts {
    Accounts { list: vec![OTHER.into(), OUTSIDER.into()], external_id: Some("the-id".into()), ..Accounts::default() }
}

/// A world with one more account that trusts ours, and credentials that last.
fn trusting() -> World {
    let mut world = empty(now());
    world.settings.credentials_expire_at = Some("2099-01-01T00:00:00Z".parse().unwrap());
    world.account(OTHER).role_trusting("ami-warden-scan", Some("the-id"), &[OURS]).region(HERE).image("theirs").put();
    world
}

async fn entering(world: World, accounts: &Accounts) -> Wired {
    let wired = Wired::to(world).await;
    wired.aws.enter_by(accounts);
    wired
}

fn there() -> Place {
    Place::new(OTHER, HERE)
}

async fn read_there(wired: &Wired) -> Result<usize, AwsError> {
    let images = read::images(&wired.aws.clients(&there())?).await?;
    Ok(images.images.unwrap_or_default().len())
}

/// The Regions in which a role was to be assumed, in order.
fn asked_in(wired: &Wired) -> Vec<String> {
    wired.sim.world(|w| w.journal.calls("AssumeRole").map(|entry| entry.region.clone()).collect())
}

#[tokio::test]
async fn another_account_is_entered_by_its_role_with_our_external_id_and_session_name() {
    let wired = entering(trusting(), &governed()).await;
    for _ in 0..3 {
        assert_eq!(read_there(&wired).await, Ok(1));
    }
    wired.sim.world(|w| {
        let assumed: Vec<_> = w.journal.calls("AssumeRole").collect();
        assert_eq!(assumed.len(), 1, "one session for many calls");
        let param = |name: &str| assumed[0].params.get(name).map(String::as_str);
        assert_eq!(param("RoleArn"), Some("arn:aws:iam::333333333333:role/ami-warden-scan"));
        assert_eq!((param("ExternalId"), param("RoleSessionName")), (Some("the-id"), Some("ami-warden")));
        let read = w.journal.calls("DescribeImages").last().unwrap();
        assert_eq!((read.account.as_str(), read.caller.ends_with(":assumed-role/ami-warden-scan/ami-warden")), (OTHER, true));
    });
    let sent = wired.aws.requests().all();
    assert!(sent.iter().any(|count| count.api == "AssumeRole" && count.place == here() && count.sent == 1), "{sent:?}");
}

#[tokio::test]
async fn many_calls_at_once_assume_the_role_once() {
    let wired = entering(trusting(), &governed()).await;
    let all = tokio::join!(read_there(&wired), read_there(&wired), read_there(&wired), read_there(&wired));
    assert_eq!(all, (Ok(1), Ok(1), Ok(1), Ok(1)));
    assert_eq!(asked_in(&wired).len(), 1);
}

#[tokio::test]
async fn a_wrong_external_id_is_said_by_aws_and_nothing_is_read_with_our_own_rights() {
    for accounts in [Accounts { external_id: Some("another".into()), ..governed() }, Accounts { external_id: None, ..governed() }] {
        let wired = entering(trusting(), &accounts).await;
        let error = read_there(&wired).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Denied, "AccessDenied"));
        assert!(error.message.contains("sts:AssumeRole on resource: arn:aws:iam::333333333333:role/ami-warden-scan"), "{error}");
        assert_eq!(wired.sim.world(|w| w.journal.count("DescribeImages")), 0);
        assert_eq!(asked_in(&wired), [HERE], "a role that does not trust us is the same everywhere");
    }
}

#[tokio::test]
async fn where_one_regional_sts_does_not_answer_another_one_does() {
    for kind in [FaultKind::InternalError, FaultKind::ResetBefore, FaultKind::Throttle, FaultKind::EmptyBody, FaultKind::TruncatedPage] {
        let wired = entering(trusting(), &governed()).await;
        wired.sim.world(|w| w.inject(Fault::new(kind.clone()).action("AssumeRole").region(HERE)));
        assert_eq!(read_there(&wired).await, Ok(1), "{kind:?}");
        assert_eq!(asked_in(&wired).last().map(String::as_str), Some("us-west-2"), "{kind:?}");
    }
    let wired = entering(trusting(), &governed()).await;
    wired.sim.world(|w| w.inject(Fault::throttle().action("AssumeRole")));
    let error = read_there(&wired).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Throttled);
    assert!(error.message.contains("STS in us-west-2"), "{error}");
}

#[tokio::test]
async fn a_home_region_that_the_other_account_has_not_enabled_is_no_obstacle() {
    let mut world = trusting();
    world.account(OURS).opt_in("eu-south-1");
    let sim = Sim::new(world);
    let server = sim.serve().await.unwrap();
    let aws = Aws::connect(Settings { home: Some("eu-south-1".into()), ..settings(&server.endpoint()) }).await.unwrap();
    aws.enter_by(&governed());
    let wired = Wired { sim, server, aws };
    assert_eq!(read_there(&wired).await, Ok(1));
    assert_eq!(asked_in(&wired), ["eu-south-1", "us-east-1"]);
}

#[tokio::test]
async fn credentials_are_renewed_before_they_end() {
    let wired = entering(trusting(), &governed()).await;
    // Less than the margin, by the client's clock.
    wired.sim.world(|w| w.settings.credentials_expire_at = Some("2020-01-01T00:00:00Z".parse().unwrap()));
    assert_eq!(read_there(&wired).await, Ok(1));
    wired.sim.world(|w| w.settings.credentials_expire_at = Some("2099-01-01T00:00:00Z".parse().unwrap()));
    assert_eq!(read_there(&wired).await, Ok(1));
    assert_eq!(read_there(&wired).await, Ok(1));
    assert_eq!(asked_in(&wired).len(), 2);
}

#[tokio::test]
async fn a_session_that_was_ended_is_forgotten_and_another_one_begins() {
    let wired = entering(trusting(), &governed()).await;
    assert_eq!(read_there(&wired).await, Ok(1));
    wired.sim.world(|w| w.inject(Fault::new(FaultKind::Expired).action("DescribeImages").first(1)));
    assert_eq!(read_there(&wired).await.unwrap_err().kind, ErrorKind::Expired);
    wired.aws.session(&AccountId::from(OTHER)).unwrap().unwrap().forget();
    assert_eq!(read_there(&wired).await, Ok(1));
    assert_eq!(asked_in(&wired).len(), 2);
}

#[tokio::test]
async fn changes_are_made_with_a_role_of_their_own() {
    let mut world = trusting();
    world.account(OTHER).role_trusting("warden/enforce", Some("the-id"), &[OURS]);
    let accounts = Accounts { enforce_role: Some("warden/enforce".into()), ..governed() };
    world.account(OTHER).role_trusting("enforce", Some("the-id"), &[OURS]);
    let wired = entering(world, &accounts).await;
    read::regions(&wired.aws.writing_clients(&there()).unwrap()).await.unwrap();
    read::regions(&wired.aws.clients(&there()).unwrap()).await.unwrap();
    read::regions(&wired.aws.writing_clients(&here()).unwrap()).await.unwrap();
    let by: Vec<String> = wired.sim.world(|w| w.journal.calls("DescribeRegions").map(|entry| entry.principal.clone()).collect());
    let role = |name: &str| format!("arn:aws:iam::333333333333:role/{name}");
    assert_eq!(by, [role("warden/enforce"), role("ami-warden-scan"), "arn:aws:iam::111111111111:user/simulated".into()]);
}

#[tokio::test]
async fn without_roles_no_other_account_can_be_entered_and_new_roles_end_old_sessions() {
    let wired = entering(trusting(), &governed()).await;
    assert_eq!(read_there(&wired).await, Ok(1));
    wired.aws.enter_by(&governed());
    assert_eq!(read_there(&wired).await, Ok(1));
    assert_eq!(asked_in(&wired).len(), 1, "the same roles are the same sessions");
    wired.aws.enter_by(&Accounts { role: "another".into(), ..governed() });
    assert_eq!(read_there(&wired).await.unwrap_err().kind, ErrorKind::Denied);
    wired.aws.enter_by(&Accounts::default());
    let error = wired.aws.clients(&there()).unwrap_err();
    assert!(error.code == "NoCredentials" && error.message.contains("`[accounts]`"), "{error}");
}

#[tokio::test]
async fn roles_of_other_partitions_have_their_arn() {
    let mut world = World::new(now());
    world.account_in("aws-us-gov", OURS);
    world.account_in("aws-us-gov", OTHER).role("ami-warden-scan", None);
    let server = Sim::new(world).serve().await.unwrap();
    let aws = Aws::connect(Settings { home: Some("us-gov-west-1".into()), ..settings(&server.endpoint()) }).await.unwrap();
    aws.enter_by(&Accounts { external_id: None, ..governed() });
    let session = aws.session(&AccountId::from(OTHER)).unwrap().unwrap();
    assert_eq!(session.role_arn(), "arn:aws-us-gov:iam::333333333333:role/ami-warden-scan");
    assert_eq!(session.enter().await, Ok(()));
}
