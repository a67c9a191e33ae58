//! What this AWS refuses and what it allows, where boto3 in `fidelity` does not already say so.

use super::asking::{Caller, HERE, OURS, OUTSIDER, THEM, US, ask, reply};
use ami_warden_sim::{Calls, Fault, ImageState, InstanceState, Outcome, Reply, RuleResource, Sim, SnapshotGuard, World, small};
use jiff::{SignedDuration, Timestamp};

fn now() -> Timestamp {
    Timestamp::from_second(1_780_000_000).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn world() -> World {
    let mut world = World::new(now());
    world.account(OURS);
    world.account(OUTSIDER);
    world
}

#[test]
fn what_aws_backup_made_cannot_be_deleted() {
    let mut w = world();
    let tag = ("aws:backup:source-resource", "i-1");
    let image = w.account(OURS).region(HERE).image("AwsBackup_1").tag(tag.0, tag.1).put();
    let snapshot = w.account(OURS).region(HERE).snapshot().tag(tag.0, tag.1).put();
    let answer = ask(&mut w, US, &format!("Action=DeregisterImage&ImageId={image}"));
    assert_eq!(answer.code(), Some("AuthFailure"));
    let answer = ask(&mut w, US, &format!("Action=DeleteSnapshot&SnapshotId={snapshot}"));
    assert_eq!(answer.code(), Some("InvalidParameterValue"));
    assert!(w.image(&image).is_some() && w.snapshot(&snapshot).is_some());
}

#[test]
fn locked_and_fast_restored_snapshots_stay() {
    let mut w = world();
    let until = now() + SignedDuration::from_hours(24);
    let locked = w.account(OURS).region(HERE).snapshot().locked_until(until).put();
    let fast = w.account(OURS).region(HERE).snapshot().fast_restore("us-east-1a").put();
    let delete = |w: &mut World, id: &str| {
        let answer = ask(w, US, &format!("Action=DeleteSnapshot&SnapshotId={id}"));
        answer.code().map(str::to_owned)
    };
    assert_eq!(delete(&mut w, &locked).as_deref(), Some("OperationNotPermitted"));
    assert_eq!(delete(&mut w, &fast).as_deref(), Some("InvalidSnapshot.InUse"));
    let listed = ask(&mut w, US, "Action=DescribeLockedSnapshots");
    assert_eq!(listed.all("snapshotId"), [locked.as_str()]);
    let listed = ask(&mut w, US, "Action=DescribeFastSnapshotRestores");
    assert_eq!(listed.all("snapshotId"), [fast.as_str()]);
    w.advance(SignedDuration::from_hours(24));
    assert_eq!(delete(&mut w, &locked), None, "the lock has expired");
}

#[test]
fn only_the_root_snapshot_is_promised_to_be_safe() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("two").snapshot_size(8).snapshot_size(9).put();
    let disks: Vec<String> = w.image(&image).map(|image| image.snapshots().map(str::to_owned).collect()).unwrap_or_default();
    let [root, data] = disks.as_slice() else {
        return assert_eq!(disks.len(), 2);
    };
    let delete = |w: &mut World, id: &str| ask(w, US, &format!("Action=DeleteSnapshot&SnapshotId={id}")).status;
    assert_eq!(delete(&mut w, data), 400);
    w.settings.snapshot_guard = SnapshotGuard::RootOnly;
    assert_eq!(delete(&mut w, root), 400);
    assert_eq!(delete(&mut w, data), 200);
}

#[test]
fn rules_keep_what_they_match_and_the_longest_wins() {
    let mut w = world();
    let place = |w: &mut World, days, tag: &str| {
        w.account(OURS).region(HERE).recycle_bin_rule(RuleResource::Image, days).only_tag(tag, None).put();
    };
    place(&mut w, 7, "short");
    place(&mut w, 30, "long");
    let later = now() + SignedDuration::from_mins(30);
    w.account(OURS).region(HERE).recycle_bin_rule(RuleResource::Image, 99).available_from(later).put();
    let both = w.account(OURS).region(HERE).image("both").tag("short", "").tag("long", "").put();
    let none = w.account(OURS).region(HERE).image("none").put();
    for id in [&both, &none] {
        assert_eq!(ask(&mut w, US, &format!("Action=DeregisterImage&ImageId={id}")).status, 200);
    }
    assert!(w.binned_image(&none).is_none(), "no rule matches it, and the pending one does not count yet");
    w.advance(SignedDuration::from_hours(30 * 24 - 1));
    assert!(w.binned_image(&both).is_some());
    w.advance(SignedDuration::from_hours(1));
    assert!(w.binned_image(&both).is_none());
}

#[test]
fn instance_store_images_have_no_way_back() {
    let mut w = world();
    w.account(OURS).region(HERE).recycle_bin_rule(RuleResource::Image, 30).put();
    let image = w.account(OURS).region(HERE).image("old").instance_store().ephemeral("/dev/sdb", "ephemeral0").put();
    let listed = ask(&mut w, US, "Action=DescribeImages&Owner.1=self");
    assert_eq!((listed.one("virtualName"), listed.one("snapshotId")), (Some("ephemeral0"), None));
    assert_eq!(ask(&mut w, US, &format!("Action=DeregisterImage&ImageId={image}")).status, 200);
    assert!(w.binned_image(&image).is_none());
}

#[test]
fn deregistering_succeeds_although_the_image_is_in_use() {
    let mut w = small(now());
    let image = w.place(OURS, HERE).and_then(|place| place.instances.values().next()).map(|i| i.image.clone());
    let image = image.unwrap_or_default();
    assert_eq!(ask(&mut w, US, &format!("Action=DeregisterImage&ImageId={image}")).status, 200);
}

#[test]
fn snapshots_can_go_with_their_image_and_shared_ones_stay() {
    let mut w = world();
    let shared = w.account(OURS).region(HERE).snapshot().put();
    let first = w.account(OURS).region(HERE).image("first").on_snapshot(&shared).snapshot_size(8).put();
    w.account(OURS).region(HERE).image("second").on_snapshot(&shared).put();
    let query = format!("Action=DeregisterImage&ImageId={first}&DeleteAssociatedSnapshots=true");
    let answer = ask(&mut w, US, &query);
    assert_eq!(answer.all("returnCode"), ["skipped", "success"]);
    assert!(w.snapshot(&shared).is_some());
}

#[test]
fn managed_resources_hide_by_default() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("golden").put();
    let hidden = w.account(OURS).region(HERE).instance(&image).managed_by("eks.amazonaws.com").put();
    let template = w.account(OURS).region(HERE).launch_template("t").version(&image).managed_by("x.amazonaws.com").put();
    let count = |w: &mut World, query: &str, field: &str| ask(w, US, query).all(field).len();
    assert_eq!(count(&mut w, "Action=DescribeInstances&MaxResults=5", "instanceId"), 0);
    let all = "Action=DescribeInstances&MaxResults=5&IncludeManagedResources=true";
    assert_eq!(ask(&mut w, US, all).all("instanceId"), [hidden.as_str()]);
    let versions = "Action=DescribeLaunchTemplateVersions&LaunchTemplateVersion.1=$Latest";
    assert_eq!(count(&mut w, versions, "launchTemplateId"), 0);
    let all = format!("{versions}&IncludeManagedResources=true");
    assert_eq!(ask(&mut w, US, &all).all("launchTemplateId"), [template.as_str()]);
}

#[test]
fn aliases_are_resolved_on_request() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("golden").put();
    w.account(OURS).region(HERE).parameter("/golden", &image);
    w.account(OURS).region(HERE).launch_template("t").version("resolve:ssm:/golden").put();
    let query = "Action=DescribeLaunchTemplateVersions&LaunchTemplateVersion.1=$Default";
    assert_eq!(ask(&mut w, US, query).one("imageId"), Some("resolve:ssm:/golden"));
    let query = format!("{query}&ResolveAlias=true");
    assert_eq!(ask(&mut w, US, &query).one("imageId"), Some(image.as_str()));
}

#[test]
fn groups_tell_every_way_to_name_an_image() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("golden").put();
    let a = w.account(OURS).region(HERE).launch_template("a").version(&image).put();
    let b = w.account(OURS).region(HERE).launch_template("b").version(&image).put();
    w.account(OURS).region(HERE).launch_configuration("lc", &image);
    let group = w.account(OURS).region(HERE).auto_scaling_group("mixed").mixed(&a, "$Latest");
    group.override_template("m5.large", &b, "1").override_image("m6g.large", &image).warm_pool("Stopped", 2).put();
    w.account(OURS).region(HERE).auto_scaling_group("plain").launch_configuration("lc").put();
    let caller = Caller { service: "autoscaling", ..US };
    let answer = ask(&mut w, caller, "Action=DescribeAutoScalingGroups&MaxRecords=100");
    assert_eq!(answer.all("LaunchTemplateId"), [a.as_str(), b.as_str()]);
    assert_eq!(answer.all("ImageId"), [image.as_str()]);
    assert_eq!(answer.all("LaunchConfigurationName"), ["lc"]);
    assert_eq!(answer.all("WarmPoolSize"), ["2"]);
    let answer = ask(&mut w, caller, "Action=DescribeLaunchConfigurations");
    assert_eq!(answer.one("ImageId"), Some(image.as_str()));
}

#[test]
fn organizations_and_units_share_with_their_members() {
    let mut w = world();
    let organization = "arn:aws:organizations::333333333333:organization/o-1";
    let unit = "arn:aws:organizations::333333333333:ou/o-1/ou-1";
    w.account(OURS).region(HERE).image("organization").shared_with_organization(organization).put();
    w.account(OURS).region(HERE).image("unit").shared_with_unit(unit).put();
    assert!(ask(&mut w, THEM, "Action=DescribeImages").all("name").is_empty());
    w.account(OUTSIDER).belongs_to(organization);
    assert_eq!(ask(&mut w, THEM, "Action=DescribeImages").all("name"), ["organization"]);
    w.account(OUTSIDER).belongs_to(unit);
    assert_eq!(ask(&mut w, THEM, "Action=DescribeImages").all("name"), ["organization", "unit"]);
}

#[test]
fn a_principal_may_do_what_it_is_allowed_and_nothing_else() {
    let mut w = small(now());
    w.allow_only("arn:aws:iam::111111111111:user/simulated", ["ec2:DescribeImages"]);
    assert_eq!(ask(&mut w, US, "Action=DescribeImages&Owner.1=self").status, 200);
    assert_eq!(ask(&mut w, US, "Action=DescribeSnapshots").code(), Some("UnauthorizedOperation"));
    let sts = Caller { service: "sts", ..US };
    assert_eq!(ask(&mut w, sts, "Action=GetCallerIdentity").status, 200, "that needs no permission");
    let arn = "arn:aws:iam::111111111111:role/x";
    let query = format!("Action=AssumeRole&RoleArn={arn}&RoleSessionName=s");
    assert_eq!(ask(&mut w, sts, &query).code(), Some("AccessDenied"));
    let wanted: Vec<&str> = w.journal.entries().iter().flat_map(|entry| &entry.iam_actions).map(String::as_str).collect();
    assert_eq!(wanted, ["ec2:DescribeImages", "ec2:DescribeSnapshots", "sts:GetCallerIdentity", "sts:AssumeRole"]);
}

#[test]
fn a_role_wants_its_external_id_and_its_session_acts_in_its_account() {
    let mut w = world();
    w.account(OUTSIDER).role("warden", Some("secret"));
    let sts = Caller { service: "sts", ..US };
    let assume = |w: &mut World, role: &str, id: &str| {
        let arn = format!("arn:aws:iam::{OUTSIDER}:role/{role}");
        ask(w, sts, &format!("Action=AssumeRole&RoleArn={arn}&RoleSessionName=session&ExternalId={id}"))
    };
    assert_eq!(assume(&mut w, "warden", "wrong").code(), Some("AccessDenied"));
    assert_eq!(assume(&mut w, "other", "secret").code(), Some("AccessDenied"));
    let answer = assume(&mut w, "warden", "secret");
    let key = answer.one("AccessKeyId").unwrap_or_default().to_owned();
    w.allow_only("arn:aws:iam::222222222222:role/warden", ["ec2:DescribeImages"]);
    let session = Caller { key: &key, ..US };
    assert_eq!(ask(&mut w, session, "Action=DescribeImages").status, 200);
    assert_eq!(ask(&mut w, session, "Action=DescribeVolumes").code(), Some("UnauthorizedOperation"));
    assert_eq!(w.journal.entries().last().map(|entry| entry.account.as_str()), Some(OUTSIDER));
}

#[test]
fn a_region_works_once_it_is_opted_in() {
    let mut w = world();
    let there = Caller { region: "af-south-1", ..US };
    assert_eq!(ask(&mut w, there, "Action=DescribeImages").code(), Some("AuthFailure"));
    w.account(OURS).opt_in("af-south-1");
    assert_eq!(ask(&mut w, there, "Action=DescribeImages").status, 200);
    let elsewhere = Caller { region: "cn-north-1", ..US };
    assert_eq!(ask(&mut w, elsewhere, "Action=DescribeImages").code(), Some("AuthFailure"));
}

#[test]
fn partitions_do_not_see_each_other() {
    let mut w = world();
    w.account_in("aws-cn", "444444444444").region("cn-north-1").image("chinese").public().put();
    w.account(OURS).region(HERE).image("western").public().put();
    let chinese = Caller { key: "AKIA444444444444", region: "cn-north-1", service: "ec2" };
    assert_eq!(ask(&mut w, chinese, "Action=DescribeImages").all("name"), ["chinese"]);
    let regions = ask(&mut w, chinese, "Action=DescribeRegions&AllRegions=true");
    assert_eq!(regions.all("regionName"), ["cn-north-1", "cn-northwest-1"]);
    let sts = Caller { service: "sts", ..chinese };
    assert_eq!(ask(&mut w, sts, "Action=GetCallerIdentity").one("Arn").map(|arn| arn.starts_with("arn:aws-cn:")), Some(true));
}

#[test]
fn the_journal_knows_what_happened_behind_a_lost_answer() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("golden").put();
    w.inject(Fault::timeout_after().action("DisableImage").nth(1));
    let lost = reply(&mut w, US, &format!("Action=DisableImage&ImageId={image}"));
    assert!(matches!(lost, Reply::Silence));
    assert_eq!(w.image(&image).map(|image| image.state), Some(ImageState::Disabled));
    let entry = w.journal.calls("DisableImage").next();
    let seen = entry.map(|entry| (entry.mutating, entry.effect, entry.outcome.clone()));
    assert_eq!(seen, Some((true, true, Outcome::Lost)));
}

#[test]
fn terminated_instances_are_listed_for_an_hour() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("golden").put();
    w.account(OURS).region(HERE).instance(&image).state(InstanceState::Terminated).put();
    let count = |w: &mut World| ask(w, US, "Action=DescribeInstances").all("instanceId").len();
    assert_eq!(count(&mut w), 1);
    w.advance(SignedDuration::from_hours(1));
    assert_eq!(count(&mut w), 0);
}

#[test]
fn a_new_image_can_be_missing_from_listings_for_a_while() {
    let mut w = world();
    w.settings.listing_lag = SignedDuration::from_secs(30);
    let image = w.account(OURS).region("eu-west-1").image("golden").put();
    let query = format!("Action=CopyImage&SourceRegion=eu-west-1&SourceImageId={image}&Name=copy");
    assert_eq!(ask(&mut w, US, &query).status, 200);
    assert!(ask(&mut w, US, "Action=DescribeImages").all("name").is_empty());
    w.advance(SignedDuration::from_secs(30));
    assert_eq!(ask(&mut w, US, "Action=DescribeImages").all("name"), ["copy"]);
}

#[test]
fn without_a_signature_nothing_is_answered() {
    let sim = Sim::new(world());
    let request = http::Request::post("/").body(bytes::Bytes::from_static(b"Action=DescribeImages"));
    let reply = request.ok().map(|request| sim.handle(&request)).and_then(Reply::answer);
    assert_eq!(reply.map(|answer| answer.status().as_u16()), Some(403));
}

#[test]
fn listings_can_lag_behind_a_change_that_has_happened() {
    let mut w = world();
    w.settings.stale_reads = SignedDuration::from_secs(20);
    let image = w.account(OURS).region(HERE).image("golden").public().put();
    assert_eq!(ask(&mut w, US, &format!("Action=DisableImage&ImageId={image}")).status, 200);
    assert_eq!(w.image(&image).map(|image| image.state), Some(ImageState::Disabled));
    let listed = |w: &mut World| ask(w, US, "Action=DescribeImages&IncludeDisabled=true");
    assert_eq!(listed(&mut w).one("isPublic"), Some("true"), "the listing is stale");
    w.advance(SignedDuration::from_secs(20));
    assert_eq!(listed(&mut w).one("imageState"), Some("disabled"));
}

#[test]
fn disabled_images_hide_even_when_named() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("golden").disabled().put();
    let by_id = format!("Action=DescribeImages&ImageId.1={image}");
    let answer = ask(&mut w, US, &by_id);
    assert_eq!((answer.status, answer.all("imageId").len()), (200, 0));
    assert_eq!(ask(&mut w, US, &format!("{by_id}&IncludeDisabled=true")).all("imageId"), [image.as_str()]);
}

#[test]
fn buckets_are_per_place_and_api() {
    let mut w = world();
    w.settings.throttling = true;
    let query = "Action=DescribeSnapshots&MaxResults=5";
    for _ in 0..100 {
        assert_eq!(ask(&mut w, US, query).status, 200);
    }
    assert_eq!(ask(&mut w, US, query).code(), Some("RequestLimitExceeded"));
    assert_eq!(ask(&mut w, THEM, query).status, 200);
    assert_eq!(ask(&mut w, Caller { region: "eu-west-1", ..US }, query).status, 200);
    assert_eq!(ask(&mut w, US, "Action=DescribeVolumes&MaxResults=5").status, 200);
    let unpaged = "Action=DescribeInstances";
    let answered = (0..100).filter(|_| ask(&mut w, US, unpaged).status == 200).count();
    assert_eq!(answered, 50, "an unfiltered, unpaged read of a large listing has half the bucket");
}

#[test]
fn a_fault_can_concern_one_image_only() {
    let mut w = world();
    let bad = w.account(OURS).region(HERE).image("bad").put();
    let good = w.account(OURS).region(HERE).image("good").put();
    w.inject(Fault::deny().action("DescribeImageAttribute").resource(&bad));
    let permissions =
        |w: &mut World, id: &str| ask(w, US, &format!("Action=DescribeImageAttribute&Attribute=launchPermission&ImageId={id}")).status;
    assert_eq!((permissions(&mut w, &bad), permissions(&mut w, &good)), (403, 200));
}

#[test]
fn somebody_else_can_act_between_two_calls() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("golden").put();
    let id = image.clone();
    w.meanwhile(Calls::of("DisableImage").nth(1), move |w| {
        w.account(OURS).region(HERE).instance(&id).put();
    });
    let instances = |w: &mut World| ask(w, US, "Action=DescribeInstances").all("instanceId").len();
    assert_eq!(instances(&mut w), 0);
    assert_eq!(ask(&mut w, US, &format!("Action=DisableImage&ImageId={image}")).status, 200);
    assert_eq!(instances(&mut w), 1);
}

#[test]
fn block_public_access_refuses_new_sharing_and_unshares_nothing() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("public").public().put();
    let other = w.account(OURS).region(HERE).image("private").put();
    let place = w.place_mut(OURS, HERE);
    "block-new-sharing".clone_into(&mut place.image_block.state);
    "block-all-sharing".clone_into(&mut place.snapshot_block.state);
    let share = format!("Action=ModifyImageAttribute&ImageId={other}&LaunchPermission.Add.1.Group=all");
    assert_eq!(ask(&mut w, US, &share).code(), Some("OperationNotPermitted"));
    assert!(w.image(&image).is_some_and(|image| image.is_public()));
    let snapshot = w.account(OURS).region(HERE).snapshot().public().put();
    let public = ask(&mut w, US, "Action=DescribeSnapshots&RestorableBy.1=all");
    assert_eq!(public.all("snapshotId"), [snapshot.as_str()], "the attribute goes on saying public");
}
