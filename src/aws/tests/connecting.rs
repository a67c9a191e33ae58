use std::time::Instant;

use ami_warden_sim::{Fault, FaultKind, empty};

use super::*;
use crate::aws::Partition;

async fn failing(kind: FaultKind) -> ConnectError {
    let sim = Sim::new(empty(now()));
    sim.world(|w| w.inject(Fault::new(kind).action("GetCallerIdentity")));
    let server = sim.serve().await.unwrap();
    refused(impatient(&server.endpoint())).await
}

#[tokio::test]
async fn the_account_and_partition_are_asked_for() {
    let wired = Wired::to(empty(now())).await;
    let identity = wired.aws.identity();
    assert_eq!((identity.account.as_str(), &identity.partition), (OURS, &Partition::Commercial));
    assert_eq!(wired.aws.home(), here());
    assert_eq!(wired.aws.requests().total(), 1);
}

#[tokio::test]
async fn other_partitions_are_known_by_their_arn() {
    for (name, region, partition) in [("aws-us-gov", "us-gov-west-1", Partition::UsGov), ("aws-cn", "cn-north-1", Partition::China)] {
        let mut world = World::new(now());
        world.account_in(name, OURS);
        let server = Sim::new(world).serve().await.unwrap();
        let aws = Aws::connect(Settings { home: Some(region.into()), ..settings(&server.endpoint()) }).await.unwrap();
        assert_eq!((&aws.identity().partition, aws.home()), (&partition, Place::new(OURS, region)));
    }
}

#[tokio::test]
async fn expired_credentials_say_so_at_once() {
    let start = Instant::now();
    let error = failing(FaultKind::Expired).await;
    assert!(matches!(error, ConnectError::Expired(_)), "{error}");
    assert!(error.to_string().contains("aws sso login"), "{error}");
    assert!(start.elapsed().as_secs() < 5);
}

#[tokio::test]
async fn rejected_denied_and_silent_are_told_apart() {
    let error = failing(FaultKind::AuthFailure).await;
    assert!(matches!(error, ConnectError::Rejected(_)), "{error}");
    let error = failing(FaultKind::Deny).await;
    assert!(matches!(error, ConnectError::Denied(_)), "{error}");
    let error = failing(FaultKind::TimeoutBefore).await;
    assert!(matches!(error, ConnectError::Unreachable(_)), "{error}");
    assert!(error.to_string().contains("timeout"), "{error}");
}

#[tokio::test]
async fn an_endpoint_that_refuses_connections_is_named_as_such() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let start = Instant::now();
    let error = refused(settings(&format!("http://127.0.0.1:{port}"))).await;
    assert!(matches!(error, ConnectError::Refused(_)), "{error}");
    assert!(error.to_string().contains("AWS_ENDPOINT_URL"), "{error}");
    assert!(start.elapsed().as_secs() < 5);
}

#[tokio::test]
async fn an_account_without_credentials_has_no_clients() {
    let wired = Wired::to(empty(now())).await;
    let error = wired.aws.clients(&Place::new("333333333333", HERE)).unwrap_err();
    assert_eq!(error.code, "NoCredentials");
}
