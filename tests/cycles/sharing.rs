//! Shares: exactly the offending grantees go, one call each.

use ami_warden::config::{Config, OrganizationSettings};
use ami_warden::model::Action;
use ami_warden_sim::{Fault, Permission, World};

use super::harness::*;

const SISTER: &str = "333333333333";
const PARTNER: &str = "444444444444";
const STRANGER: &str = "999999999999";
const OUR_ORGANIZATION: &str = "arn:aws:organizations::111111111111:organization/o-ours123456";
const OUR_UNIT: &str = "arn:aws:organizations::111111111111:ou/o-ours123456/ou-ours-12345678";
const OTHER_ORGANIZATION: &str = "arn:aws:organizations::999999999999:organization/o-other12345";
const OTHER_UNIT: &str = "arn:aws:organizations::999999999999:ou/o-other12345/ou-abcd-12345678";

fn with_an_organization() -> Config {
    let mut config = enforcing();
    config.organization = OrganizationSettings { id: Some("o-ours123456".into()), members: Some(vec![OURS.into(), SISTER.into()]) };
    config.groups.insert("partners".into(), vec![PARTNER.into()]);
    config
}

/// An image that is shared with everybody one could share with but the public.
fn shared(world: &mut World, name: &str) -> String {
    let image = world.here().image(name).age_days(10).snapshot_size(8).snapshot_size(8).snapshot_size(8).snapshot_size(8).snapshot_size(8);
    let image = image.snapshot_size(8).snapshot_size(8).snapshot_size(8);
    let image = image.shared_with(SISTER).shared_with(PARTNER).shared_with(STRANGER).shared_with_organization(OUR_ORGANIZATION);
    image.shared_with_unit(OUR_UNIT).shared_with_organization(OTHER_ORGANIZATION).shared_with_unit(OTHER_UNIT).put()
}

fn removed(stage: &Stage) -> Vec<(String, Vec<(String, String)>)> {
    stage.sim.world(|world| {
        let permissions = |entry: &ami_warden_sim::Entry| {
            let about = |(name, _): &(&String, &String)| name.starts_with("LaunchPermission") || name.contains("Attribute");
            entry.params.iter().filter(about).map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        world.journal.calls("ModifyImageAttribute").map(|entry| (entry.params["ImageId"].clone(), permissions(entry))).collect()
    })
}

#[tokio::test]
async fn exactly_the_strangers_lose_their_share_one_call_each() {
    let mut world = world();
    let images = [shared(&mut world, "web"), shared(&mut world, "db")];
    let stage = stage(world, with_an_organization()).await;
    let first = stage.cycle().await;
    assert_eq!(first.plan.pending.len(), 6, "{:?}", first.plan.held);
    assert!(stage.attempts().is_empty(), "a week of grace first");

    let second = stage.after(DAY * 7).await;
    assert_eq!(second.summary.enacted.len(), 6);
    let left: Vec<Permission> = vec![
        Permission::Account(SISTER.into()),
        Permission::Account(PARTNER.into()),
        Permission::Organization(OUR_ORGANIZATION.into()),
        Permission::Unit(OUR_UNIT.into()),
    ];
    stage.sim.world(|world| {
        for image in &images {
            let permissions: Vec<Permission> = world.image(image).unwrap().launch_permissions.iter().cloned().collect();
            assert_eq!(permissions, left);
        }
    });

    let removed = removed(&stage);
    assert_eq!(removed.len(), 6);
    for image in &images {
        let mut of_image: Vec<&(String, String)> = removed
            .iter()
            .filter(|(id, _)| id == image)
            .map(|(_, params)| {
                assert_eq!(params.len(), 1, "one grantee a call, and no reset: {params:?}");
                &params[0]
            })
            .collect();
        of_image.sort();
        let expected = [
            ("LaunchPermission.Remove.1.OrganizationArn", OTHER_ORGANIZATION),
            ("LaunchPermission.Remove.1.OrganizationalUnitArn", OTHER_UNIT),
            ("LaunchPermission.Remove.1.UserId", STRANGER),
        ];
        assert_eq!(of_image.into_iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(), expected);
    }
    assert_eq!(stage.count("ResetImageAttribute"), 0);
    assert_eq!(stage.after(DAY).await.steps(), Vec::<String>::new());
}

#[tokio::test]
async fn no_share_is_revoked_while_nobody_knows_who_belongs_to_us() {
    let mut world = world();
    let image = shared(&mut world, "web");
    let mut config = with_an_organization();
    config.organization = OrganizationSettings::default();
    world.inject(Fault::deny().action("DescribeOrganization"));
    let stage = stage(world, config).await;
    for _ in 0..3 {
        let cycle = stage.after(DAY * 7).await;
        assert_eq!(cycle.held_by(Action::RevokeShare, &image), Some(vec!["organization"]), "{:?}", cycle.plan);
    }
    assert!(stage.attempts().is_empty());
}

#[tokio::test]
async fn disabling_an_image_keeps_its_partners_in_the_before_image() {
    let mut world = world();
    world.bins();
    let image = world.here().image("handedon").age_days(800).shared_with(OURS).tag("team", "web").put();
    let text = whatever_is_old("disable");
    let stage = stage_with(world, hasty(), policies(&text), |_| ()).await;
    assert_eq!(stage.cycle().await.enacted(), [format!("disable {image} done")]);
    stage.sim.world(|world| assert!(world.image(&image).unwrap().launch_permissions.is_empty(), "EC2 drops them"));
    let before = stage.steps_of(&image).await[0].intent.before.clone();
    assert_eq!(before["LaunchPermissions"]["LaunchPermissions"][0]["UserId"], OURS, "{before}");
}
