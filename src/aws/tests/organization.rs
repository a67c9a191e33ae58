//! AWS Organizations: everything it tells, or that it is not known.

use ami_warden_sim::{Calls, Fault, FaultKind, company, empty};

use super::*;
use crate::aws::read::{self, OrganizationAnswer};
use crate::aws::{AwsError, ErrorKind, Organizations};
use crate::inventory::answers::Member;

async fn ask(wired: &Wired) -> Result<OrganizationAnswer, AwsError> {
    read::organization(&Organizations::new(&wired.aws)).await
}

fn paths(answer: &OrganizationAnswer) -> Vec<(String, String, String)> {
    let told = |member: Member| (member.id.unwrap(), member.status.unwrap(), member.path.unwrap());
    answer.answer.accounts.clone().unwrap().into_iter().map(|member| told(member.unwrap())).collect()
}

fn calls(wired: &Wired) -> Vec<String> {
    wired.sim.world(|w| {
        let calls: Vec<String> =
            w.journal.entries().iter().filter(|entry| entry.service == "organizations").map(|entry| entry.action.clone()).collect();
        w.journal.clear();
        calls
    })
}

#[tokio::test]
async fn every_account_is_told_with_its_state_and_path() {
    let wired = Wired::to(company(now())).await;
    let told = ask(&wired).await.unwrap();
    assert!(told.incomplete.is_none());
    assert_eq!(told.answer.organization.as_ref().unwrap().id.as_deref(), Some("o-abcdefghij"));
    let paths = paths(&told);
    assert_eq!(paths.len(), 24);
    let of = |account: &str| paths.iter().find(|(id, ..)| id == account).map(|(_, status, path)| (status.as_str(), path.as_str()));
    assert_eq!(of(OURS), Some(("ACTIVE", "o-abcdefghij/r-abcd/")));
    assert_eq!(of("333333333333"), Some(("ACTIVE", "o-abcdefghij/r-abcd/ou-abcd-11111111/ou-abcd-22222222/")));
    assert_eq!(of("444444444444"), Some(("SUSPENDED", "o-abcdefghij/r-abcd/ou-abcd-11111111/")));
    assert_eq!(calls(&wired), ["DescribeOrganization", "ListAccounts", "ListAccounts"], "paths come with the accounts");
}

#[tokio::test]
async fn where_accounts_come_without_their_path_the_tree_is_walked_to_the_same_end() {
    let wired = Wired::to(company(now())).await;
    let told = paths(&ask(&wired).await.unwrap());
    wired.sim.world(|w| {
        w.organization("o-abcdefghij").with(|organization| (organization.without_paths, organization.without_status) = (true, true));
        w.settings.page_limit = Some(3);
        w.settings.empty_first_pages = true;
        w.journal.clear();
    });
    assert_eq!(paths(&ask(&wired).await.unwrap()), told);
    let calls = calls(&wired);
    for api in ["ListRoots", "ListOrganizationalUnitsForParent", "ListAccountsForParent"] {
        assert!(calls.iter().filter(|call| *call == api).count() > 1, "{api} has more than one page");
    }
}

#[tokio::test]
async fn whatever_fails_leaves_the_accounts_unknown_and_never_fewer() {
    let faults = [
        FaultKind::Deny,
        FaultKind::AuthFailure,
        FaultKind::InternalError,
        FaultKind::Throttle,
        FaultKind::EmptyBody,
        FaultKind::BareAnswer,
        FaultKind::TruncatedPage,
        FaultKind::ResetBefore,
        FaultKind::LoopingToken,
    ];
    let wired = Wired::to(company(now())).await;
    wired.sim.world(|w| {
        w.organization("o-abcdefghij").with(|organization| organization.without_paths = true);
        w.settings.page_limit = Some(1);
    });
    for api in ["ListAccounts", "ListRoots", "ListOrganizationalUnitsForParent", "ListAccountsForParent"] {
        for kind in &faults {
            // A listing of one page has no token to loop.
            if *kind == FaultKind::LoopingToken && api == "ListRoots" {
                continue;
            }
            wired.sim.world(|w| w.inject(Fault::new(kind.clone()).action(api).nth(if api == "ListRoots" { 1 } else { 2 })));
            let told = ask(&wired).await.unwrap();
            // The second try of a call that may be repeated is answered.
            let repeated =
                matches!(kind, FaultKind::InternalError | FaultKind::Throttle | FaultKind::ResetBefore | FaultKind::LoopingToken);
            match told.incomplete {
                None => assert!(repeated && told.answer.accounts.unwrap().len() == 24, "{api} {kind:?}"),
                Some(_) => assert!(told.answer.accounts.is_none() && told.answer.organization.is_some(), "{api} {kind:?}"),
            }
            wired.sim.world(World::clear_faults);
        }
    }
    for kind in faults.into_iter().filter(|kind| *kind != FaultKind::LoopingToken) {
        wired.sim.world(|w| w.inject(Fault::new(kind.clone()).action("DescribeOrganization")));
        assert!(ask(&wired).await.is_err(), "{kind:?}");
        wired.sim.world(World::clear_faults);
    }
}

#[tokio::test]
async fn an_account_without_an_organization_is_known_to_stand_alone() {
    let wired = Wired::to(empty(now())).await;
    let told = ask(&wired).await.unwrap();
    assert!(told.incomplete.is_none() && told.answer.organization.is_none());
    assert_eq!(told.answer.error.unwrap().code.as_deref(), Some("AWSOrganizationsNotInUseException"));
    assert_eq!(told.answer.accounts.unwrap().len(), 0);
}

#[tokio::test]
async fn a_member_knows_its_organization_and_a_delegated_administrator_all_of_it() {
    let mut world = empty(now());
    world.organization("o-abcdefghij").management(OUTSIDER).account(OURS, "r-abcd");
    let wired = Wired::to(world).await;
    let told = ask(&wired).await.unwrap();
    assert_eq!(told.answer.organization.unwrap().id.as_deref(), Some("o-abcdefghij"));
    assert_eq!(told.incomplete.unwrap().kind, ErrorKind::Denied);
    wired.sim.world(|w| drop(w.organization("o-abcdefghij").delegated_administrator(OURS)));
    assert!(ask(&wired).await.unwrap().incomplete.is_none());
}

#[tokio::test]
async fn an_account_that_moves_while_it_is_looked_for_leaves_the_picture_incomplete() {
    let mut world = company(now());
    world.organization("o-abcdefghij").with(|organization| organization.without_paths = true);
    // Listed nowhere: it goes from a unit that is read later to one that was read before.
    world.meanwhile(Calls::any().action("ListAccountsForParent").resource("ou-abcd-22222222"), |w| {
        w.organization("o-abcdefghij").account("333333333333", "r-abcd");
    });
    let wired = Wired::to(world).await;
    let error = ask(&wired).await.unwrap().incomplete.unwrap();
    assert!(error.message.contains("333333333333"), "{error}");
}

#[tokio::test]
async fn each_partition_is_asked_in_the_region_that_signs_for_it() {
    for (partition, home, signs) in [("aws-us-gov", "us-gov-east-1", "us-gov-west-1"), ("aws-cn", "cn-north-1", "cn-northwest-1")] {
        let mut world = World::new(now());
        world.account_in(partition, OURS);
        world.organization("o-abcdefghij").management(OURS);
        let sim = Sim::new(world);
        let server = sim.serve().await.unwrap();
        let aws = Aws::connect(Settings { home: Some(home.into()), ..settings(&server.endpoint()) }).await.unwrap();
        let wired = Wired { sim, server, aws };
        assert!(ask(&wired).await.unwrap().incomplete.is_none(), "{partition}");
        assert!(wired.sim.world(|w| w.journal.calls("ListAccounts").all(|entry| entry.region == signs)));
    }
}
