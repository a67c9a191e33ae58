//! China and GovCloud: their own Regions, their own ARNs.

use ami_warden_sim::World;

use super::harness::*;

#[tokio::test]
async fn each_partition_scans_its_own_regions_and_reports_to_its_own_topics() {
    for (partition, home, other) in [("aws-cn", "cn-north-1", "cn-northwest-1"), ("aws-us-gov", "us-gov-west-1", "us-gov-east-1")] {
        let mut world = World::new(start());
        world.limit_regions(&[HERE, THERE, home, other]);
        for name in ["a", "b", "c", "d"] {
            world.account_in(partition, OURS).region(home).image(name).age_days(10).put();
        }
        let leaked = world.account_in(partition, OURS).region(other).image("leaked").age_days(10).public().put();
        let topic = world.account_in(partition, OURS).region(home).topic("warden");
        assert!(topic.starts_with(&format!("arn:{partition}:sns:{home}:")));
        let mut config = enforcing();
        config.sns.topics.insert("default".into(), topic.clone());
        let shipped = ami_warden::policy::PolicySet::shipped().unwrap();
        let stage = stage_with(world, config, shipped, |settings| settings.home = Some(home.into())).await;
        assert_eq!(stage.engine.aws.identity().partition.name(), partition);

        let cycle = stage.cycle().await;
        assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
        assert_eq!(cycle.enacted(), [format!("makePrivate {leaked} done")]);
        let regions: std::collections::BTreeSet<String> =
            stage.sim.world(|world| world.journal.entries().iter().map(|entry| entry.region.clone()).collect());
        assert_eq!(
            regions.into_iter().collect::<Vec<_>>(),
            {
                let mut own = [home, other];
                own.sort_unstable();
                own
            },
            "{partition}"
        );
        assert!(!stage.sim.world(|world| world.messages(&topic).is_empty()), "{partition}: the topic got nothing");
    }
}
