//! What holds for every estate and every call.

use super::asking::{Answer, Caller, HERE, OURS, OUTSIDER, US, ask, ask_json};
use ami_warden_sim::{Fault, FaultKind, RuleResource, World, company};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

/// An estate of some size: ours and an outsider's, in one Region.
fn estate(images: usize, templates: usize) -> World {
    let mut w = World::new(Timestamp::UNIX_EPOCH);
    for account in [OURS, OUTSIDER] {
        for n in 0..images {
            let place = w.account(account).region(HERE);
            let image = place.image(&format!("image {n}")).tag("n", &n.to_string());
            let image = if n % 3 == 0 { image.public() } else { image };
            let image = if n % 5 == 1 { image.disabled() } else { image };
            let id = image.put();
            w.account(account).region(HERE).instance(&id).put();
            w.account(account).region(HERE).launch_configuration(&format!("lc {n}"), &id);
            let snapshot = w.account(account).region(HERE).snapshot().shared_with(OURS).put();
            w.account(account).region(HERE).volume(Some(&snapshot));
            w.account(account).region(HERE).topic(&format!("topic-{n}"));
            w.account(account).region(HERE).spot_fleet("active").image(&id).put();
            w.account(account).region(HERE).spot_request("open").image(&id).put();
            w.account(account).region(HERE).usage_report(&id).entry(OURS, "ec2:Instance", 1).put();
            w.account(account).region(HERE).snapshot().locked().fast_restore("us-east-1a").fast_restore("us-east-1b").put();
            w.account(account).region(HERE).scaling_activity("g0").failed_on_disabled(&id).put();
        }
        for n in 0..templates {
            let template = w.account(account).region(HERE).launch_template(&format!("t{n}"));
            let id = template.version("ami-00000000000000001").version("ami-00000000000000002").put();
            w.account(account).region(HERE).auto_scaling_group(&format!("g{n}")).launch_template(&id, "1").put();
            w.account(account).region(HERE).fleet("active").launch_template(&id, "1").put();
        }
        w.account(account).region(HERE).recycle_bin_rule(RuleResource::Image, 7).put();
    }
    w
}

/// Each listing: service, request, the name of its size, the element that names one item.
const LISTINGS: [(&str, &str, &str, &str); 16] = [
    ("ec2", "DescribeImages&Owner.1=self&IncludeDisabled=true", "MaxResults", "imageId"),
    ("ec2", "DescribeImages", "MaxResults", "imageId"),
    ("ec2", "DescribeSnapshots", "MaxResults", "snapshotId"),
    ("ec2", "DescribeInstances", "MaxResults", "instanceId"),
    ("ec2", "DescribeLaunchTemplates", "MaxResults", "launchTemplateId"),
    (
        "ec2",
        "DescribeLaunchTemplateVersions&LaunchTemplateVersion.1=$Default&LaunchTemplateVersion.2=$Latest",
        "MaxResults",
        "versionNumber",
    ),
    ("ec2", "DescribeVolumes", "MaxResults", "volumeId"),
    ("ec2", "DescribeSpotFleetRequests", "MaxResults", "spotFleetRequestId"),
    ("ec2", "DescribeSpotInstanceRequests", "MaxResults", "spotInstanceRequestId"),
    ("ec2", "DescribeFleets", "MaxResults", "fleetId"),
    ("ec2", "DescribeFastSnapshotRestores", "MaxResults", "availabilityZone"),
    ("ec2", "DescribeLockedSnapshots", "MaxResults", "snapshotId"),
    ("ec2", "DescribeImageUsageReportEntries", "MaxResults", "reportId"),
    ("autoscaling", "DescribeScalingActivities&IncludeDeletedGroups=true", "MaxRecords", "ActivityId"),
    ("autoscaling", "DescribeAutoScalingGroups", "MaxRecords", "AutoScalingGroupName"),
    ("autoscaling", "DescribeLaunchConfigurations", "MaxRecords", "LaunchConfigurationName"),
];

fn token(answer: &Answer) -> Option<String> {
    answer.one("nextToken").or_else(|| answer.one("NextToken")).map(str::to_owned)
}

fn owned(all: Vec<&str>) -> Vec<String> {
    all.into_iter().map(str::to_owned).collect()
}

/// The nth image and snapshot of an estate, ours and the outsider's, and none beyond the last.
fn nth(estate: &World, n: usize) -> (String, String) {
    let places = || [OURS, OUTSIDER].into_iter().filter_map(|account| estate.place(account, HERE));
    let image = places().flat_map(|place| place.images.keys()).nth(n);
    let snapshot = places().flat_map(|place| place.snapshots.keys()).nth(n);
    let or = |id: Option<&String>, none: &str| id.map_or(none, String::as_str).to_owned();
    (or(image, "ami-0ffffffffffffffff"), or(snapshot, "snap-0ffffffffffffffff"))
}

/// A mutating call by number, on the nth image or snapshot.
fn mutation(which: usize, (ami, snap): (String, String), account: &str) -> String {
    match which {
        0 => format!("DisableImage&ImageId={ami}"),
        1 => format!("EnableImage&ImageId={ami}"),
        2 => format!("DeregisterImage&ImageId={ami}"),
        3 => format!("DeregisterImage&ImageId={ami}&DeleteAssociatedSnapshots=true"),
        4 => format!("EnableImageDeprecation&ImageId={ami}&DeprecateAt=1970-06-01T00:00:00Z"),
        5 => format!("DisableImageDeprecation&ImageId={ami}"),
        6 => format!("EnableImageDeregistrationProtection&ImageId={ami}&WithCooldown=true"),
        7 => format!("DisableImageDeregistrationProtection&ImageId={ami}"),
        8 => format!("ModifyImageAttribute&ImageId={ami}&LaunchPermission.Remove.1.Group=all"),
        9 => format!("ModifyImageAttribute&ImageId={ami}&LaunchPermission.Add.1.UserId={account}"),
        10 => format!("ResetImageAttribute&ImageId={ami}&Attribute=launchPermission"),
        11 => format!("DeleteSnapshot&SnapshotId={snap}"),
        12 => format!("ModifySnapshotAttribute&SnapshotId={snap}&CreateVolumePermission.Add.1.Group=all"),
        13 => format!("CopyImage&SourceRegion={HERE}&SourceImageId={ami}&Name=copy-of-{ami}"),
        14 => format!("CreateTags&ResourceId.1={ami}&Tag.1.Key=a&Tag.1.Value=b"),
        15 => format!("DeleteTags&ResourceId.1={ami}"),
        16 => format!("RestoreImageFromRecycleBin&ImageId={ami}"),
        17 => format!("LockSnapshot&SnapshotId={snap}&LockMode=governance&LockDuration=1"),
        18 => format!("LockSnapshot&SnapshotId={snap}&LockMode=compliance&CoolOffPeriod=1&LockDuration=1"),
        19 => format!("UnlockSnapshot&SnapshotId={snap}"),
        20 => "EnableImageBlockPublicAccess&ImageBlockPublicAccessState=block-new-sharing".to_owned(),
        21 => "DisableImageBlockPublicAccess".to_owned(),
        22 => "EnableSnapshotBlockPublicAccess&State=block-all-sharing".to_owned(),
        23 => "DisableSnapshotBlockPublicAccess".to_owned(),
        24 => "EnableAllowedImagesSettings&AllowedImagesSettingsState=enabled".to_owned(),
        25 => "DisableAllowedImagesSettings".to_owned(),
        26 => format!("ReplaceImageCriteriaInAllowedImagesSettings&ImageCriterion.1.ImageProvider.1={account}"),
        27 => format!("CreateImageUsageReport&ImageId={ami}&ResourceType.1.ResourceType=ec2:Instance"),
        _ => format!("RestoreSnapshotFromRecycleBin&SnapshotId={snap}"),
    }
}

const MUTATIONS: usize = 29;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn all_pages_together_are_the_whole(images in 0usize..14, templates in 0usize..9, size in 1usize..6) {
        for (service, query, parameter, item) in LISTINGS {
            let mut w = estate(images, templates);
            let caller = Caller { service, ..US };
            // Launch configurations and groups page at 50 by themselves; there are fewer.
            let whole = owned(ask(&mut w, caller, &format!("Action={query}")).all(item));
            w.settings.page_limit = Some(size);
            let mut parts = Vec::new();
            let mut next = Some(String::new());
            let mut pages = 0;
            while let Some(token_now) = next {
                let answer = ask(&mut w, caller, &format!("Action={query}&{parameter}=10&NextToken={token_now}"));
                prop_assert_eq!(answer.status, 200, "{}", answer.text);
                let page = owned(answer.all(item));
                prop_assert!(page.len() <= size);
                parts.extend(page);
                next = token(&answer);
                pages += 1;
            }
            prop_assert_eq!(&parts, &whole);
            prop_assert_eq!(pages, whole.len().div_ceil(size).max(1));
        }
    }

    #[test]
    fn what_vanishes_between_two_pages_makes_nobody_skip_anything(images in 6usize..20, gone in 0usize..5) {
        let mut w = estate(images, 0);
        let query = "Action=DescribeImages&Owner.1=self&IncludeDisabled=true";
        let whole = owned(ask(&mut w, US, query).all("imageId"));
        let first = ask(&mut w, US, &format!("{query}&MaxResults=5"));
        let mut seen = owned(first.all("imageId"));
        if let Some(id) = whole.get(gone) {
            ask(&mut w, US, &format!("Action=DeregisterImage&ImageId={id}"));
        }
        let mut next = token(&first);
        while let Some(token_now) = next {
            let answer = ask(&mut w, US, &format!("{query}&MaxResults=5&NextToken={token_now}"));
            seen.extend(owned(answer.all("imageId")));
            next = token(&answer);
        }
        prop_assert_eq!(seen, whole);
    }

    #[test]
    fn no_call_changes_what_another_account_has(
        calls in prop::collection::vec((0..MUTATIONS, 0usize..26), 1..40),
    ) {
        let mut w = estate(6, 2);
        let first = w.clone();
        let theirs = w.place(OUTSIDER, HERE).cloned();
        for (which, n) in calls {
            ask(&mut w, US, &format!("Action={}", mutation(which, nth(&first, n), OUTSIDER)));
            prop_assert_eq!(w.place(OUTSIDER, HERE), theirs.as_ref());
        }
    }

    #[test]
    fn what_was_refused_or_only_tried_changed_nothing(
        calls in prop::collection::vec((0..MUTATIONS, 0usize..26, any::<bool>()), 1..40),
    ) {
        let mut w = estate(6, 2);
        let first = w.clone();
        for (which, n, dry) in calls {
            let before = w.place(OURS, HERE).cloned();
            let dry_run = if dry { "&DryRun=true" } else { "" };
            let answer = ask(&mut w, US, &format!("Action={}{dry_run}", mutation(which, nth(&first, n), OUTSIDER)));
            let effect = w.journal.entries().last().is_some_and(|entry| entry.effect);
            prop_assert_eq!(answer.status == 200, effect, "{}", answer.text);
            prop_assert!(!(dry && effect));
            if !effect {
                prop_assert_eq!(w.place(OURS, HERE), before.as_ref());
            }
        }
    }

    #[test]
    fn a_fault_before_the_effect_leaves_no_effect_and_one_after_it_does_not_prevent_it(
        which in 0..MUTATIONS, n in 0usize..26, kind in 0usize..9,
    ) {
        let (kind, after) = [
            (FaultKind::Deny, false),
            (FaultKind::Throttle, false),
            (FaultKind::InternalError, false),
            (FaultKind::TimeoutBefore, false),
            (FaultKind::ResetBefore, false),
            (FaultKind::TimeoutAfter, true),
            (FaultKind::ResetAfter, true),
            (FaultKind::InternalErrorAfter, true),
            (FaultKind::TruncatedPage, true),
        ].get(kind).cloned().unwrap_or((FaultKind::Deny, false));
        let first = estate(6, 2);
        let call = format!("Action={}", mutation(which, nth(&first, n), OUTSIDER));
        let (mut calm, mut faulty) = (estate(6, 2), estate(6, 2));
        let before = calm.place(OURS, HERE).cloned();
        ask(&mut calm, US, &call);
        faulty.inject(Fault::new(kind));
        let seen = ask(&mut faulty, US, &call);
        let expected = if after { calm.place(OURS, HERE).cloned() } else { before };
        prop_assert_eq!(faulty.place(OURS, HERE).cloned(), expected, "{:?}", seen);
    }

    #[test]
    fn no_request_breaks_the_heart(query in "[A-Za-z.&=%0-9*?$-]{0,80}", which in 0..MUTATIONS) {
        let mut w = estate(2, 1);
        for action in ["DescribeImages", "DescribeLaunchTemplateVersions", "CopyImage", "CreateTags", "RunInstances"] {
            let answer = ask(&mut w, US, &format!("Action={action}&{query}"));
            prop_assert!(answer.status >= 200 && answer.status < 500);
        }
        let answer = ask(&mut w, US, &format!("Action={}&{query}", mutation(which, nth(&estate(2, 1), 1), OUTSIDER)));
        prop_assert!(answer.status >= 200 && answer.status < 500);
    }

    #[test]
    fn no_json_breaks_the_heart(
        which in 0usize..JSON_APIS.len(), field in 0usize..FIELDS.len(), value in "[\\x20-\\x7e]{0,40}", raw in "[\\x20-\\x7e]{0,60}",
    ) {
        let mut w = company(Timestamp::UNIX_EPOCH);
        let (Some((service, target)), Some(field)) = (JSON_APIS.get(which), FIELDS.get(field)) else {
            return Ok(());
        };
        let bodies = [
            json!({ *field: value }),
            json!({ *field: [value, 7, null] }),
            json!({ *field: [{ "Key": value, "AttributeKey": value, "Values": [value] }] }),
            json!({ *field: { "a": value } }),
            json!({ *field: -1.5e300 }),
        ];
        for body in bodies.iter().map(ToString::to_string).chain([raw]) {
            let (status, _) = ask_json(&mut w, service, target, &body);
            prop_assert!((200..500).contains(&status), "{target} {body}: {status}");
        }
    }
}

const JSON_APIS: [(&str, &str); 13] = [
    ("ssm", "AmazonSSM.DescribeParameters"),
    ("ssm", "AmazonSSM.GetParameter"),
    ("ssm", "AmazonSSM.GetParameters"),
    ("ssm", "AmazonSSM.GetParametersByPath"),
    ("organizations", "AWSOrganizationsV20161128.DescribeOrganization"),
    ("organizations", "AWSOrganizationsV20161128.ListAccounts"),
    ("organizations", "AWSOrganizationsV20161128.ListRoots"),
    ("organizations", "AWSOrganizationsV20161128.ListAccountsForParent"),
    ("organizations", "AWSOrganizationsV20161128.ListOrganizationalUnitsForParent"),
    ("organizations", "AWSOrganizationsV20161128.ListParents"),
    ("cloudtrail", "CloudTrail_20131101.LookupEvents"),
    ("cloudcontrolapi", "CloudApiService.ListResources"),
    ("cloudcontrolapi", "CloudApiService.GetResource"),
];

const FIELDS: [&str; 15] = [
    "Name",
    "Names",
    "Path",
    "ParameterFilters",
    "MaxResults",
    "NextToken",
    "ParentId",
    "ChildId",
    "LookupAttributes",
    "StartTime",
    "EndTime",
    "TypeName",
    "ResourceModel",
    "Identifier",
    "WithDecryption",
];
