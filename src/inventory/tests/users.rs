//! Users as the answers of each source name them, and what is left open.

use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::answers::*;
use super::super::*;
use crate::config::{Sources, Unused};
use crate::model::{Place, Source};

fn of<T: DeserializeOwned>(value: Value) -> Answer<T> {
    Ok(serde_json::from_value(value).unwrap())
}

/// A place in which every listing answered and nothing is there; then `change`.
fn seen(change: impl FnOnce(&mut Answers)) -> Inventory {
    Inventory::from_answers(answered(change))
}

fn answered(change: impl FnOnce(&mut Answers)) -> Answers {
    let mut answers = Answers {
        images: of(json!({"Images": []})),
        snapshots: of(json!({"Snapshots": []})),
        public_snapshots: of(json!({"Snapshots": []})),
        instances: of(json!({"Reservations": []})),
        launch_templates: of(json!({"LaunchTemplates": []})),
        launch_template_versions: of(json!({"LaunchTemplateVersions": []})),
        auto_scaling_groups: of(json!({"AutoScalingGroups": []})),
        launch_configurations: of(json!({"LaunchConfigurations": []})),
        images_in_recycle_bin: of(json!({"Images": []})),
        rules: of(json!({"Rules": []})),
        rule_details: Ok(Vec::new()),
        ..Answers::unread(Place::new("111111111111", "eu-central-1"), "not asked")
    };
    change(&mut answers);
    answers
}

/// `ami-0a: instance i-1 (running)`, stale ones marked, of images and snapshots.
fn users(inventory: &Inventory) -> Vec<String> {
    let line = |id: &str, user: &Reference| format!("{id}: {user}{}", if user.live { "" } else { " STALE" });
    let images = inventory.users.of_images.iter().flat_map(|(id, users)| users.iter().map(move |user| line(id.as_str(), user)));
    let snapshots = inventory.users.of_snapshots.iter().flat_map(|(id, users)| users.iter().map(move |user| line(id.as_str(), user)));
    images.chain(snapshots).collect()
}

fn gaps(inventory: &Inventory) -> Vec<String> {
    inventory.gaps.iter().map(|gap| format!("{}: {}", gap.source, gap.error)).collect()
}

/// A template with one version per image; the first is the default.
fn template(answers: &mut Answers, id: &str, images: &[&str]) {
    let heads = answers.launch_templates.as_mut().unwrap().launch_templates.as_mut().unwrap();
    heads.push(of(json!({"LaunchTemplateId": id, "LaunchTemplateName": format!("{id}-name"), "DefaultVersionNumber": 1, "LatestVersionNumber": images.len()})).unwrap());
    let versions = answers.launch_template_versions.as_mut().unwrap().launch_template_versions.as_mut().unwrap();
    for (number, image) in (1..).zip(images) {
        let version = json!({"LaunchTemplateId": id, "VersionNumber": number, "DefaultVersion": number == 1,
            "CreateTime": "2025-10-06T12:00:00Z", "LaunchTemplateData": {"ImageId": image}});
        versions.push(of(version).unwrap());
    }
}

#[test]
fn instances_count_in_every_state_but_terminated_and_show_it() {
    let inventory = seen(|answers| {
        let instance = |id: &str, state: Value| json!({"InstanceId": id, "ImageId": "ami-0a", "State": state});
        answers.instances = of(json!({"Reservations": [{"Instances": [
            instance("i-1", json!({"Name": "stopped"})), instance("i-2", json!({"Name": "terminated"})), instance("i-3", Value::Null),
            instance("i-4", json!({"Name": "shutting-down"})),
        ]}]}));
    });
    let named = ["ami-0a: instance i-1 (stopped)", "ami-0a: instance i-3 (in no known state)", "ami-0a: instance i-4 (shutting-down)"];
    assert_eq!(users(&inventory), named);
    assert_eq!(gaps(&inventory), [""; 0]);
}

#[test]
fn what_a_template_version_is_to_whom_is_told() {
    let inventory = seen(|answers| {
        template(answers, "lt-1", &["ami-0a", "ami-0b", "ami-0c"]);
        template(answers, "lt-2", &["ami-0d", "ami-0e", "ami-0f"]);
        answers.auto_scaling_groups = of(json!({"AutoScalingGroups": [
            {"AutoScalingGroupName": "web", "DesiredCapacity": 0, "WarmPoolSize": 2,
             "LaunchTemplate": {"LaunchTemplateName": "lt-2-name", "Version": "2"}},
        ]}));
    });
    assert_eq!(
        users(&inventory),
        [
            "ami-0a: launch template lt-1 version 1 (default, no group uses the template)",
            "ami-0b: launch template lt-1 version 2 (named by no group) STALE",
            "ami-0c: launch template lt-1 version 3 (latest, no group uses the template)",
            "ami-0d: launch template lt-2 version 1 (default)",
            "ami-0e: launch template lt-2 version 2 (named by web)",
            "ami-0e: Auto Scaling group web (size 0) (warm pool of 2)",
            "ami-0f: launch template lt-2 version 3 (latest)",
        ]
    );
    let stale = &inventory.users.of_images[&"ami-0b".into()][0];
    let told = stale.told("2026-11-20T12:00:00Z".parse().unwrap());
    assert_eq!(told, "launch template lt-1 version 2, 410 days old, named by no group");
}

#[test]
fn one_group_that_cannot_be_read_is_named_and_hides_no_other() {
    let inventory = seen(|answers| {
        answers.auto_scaling_groups = of(json!({"AutoScalingGroups": [
            {"AutoScalingGroupName": "lost", "LaunchTemplate": {"LaunchTemplateId": "lt-none"}},
            {"AutoScalingGroupName": "mixed", "MixedInstancesPolicy": {"LaunchTemplate": {"Overrides": [null, {"ImageId": "ami-0a"}]}}},
            {"AutoScalingGroupName": "empty"},
            {"AutoScalingGroupName": "old", "LaunchConfigurationName": "lc-none"},
        ]}));
    });
    assert_eq!(users(&inventory), ["ami-0a: Auto Scaling group mixed"]);
    assert_eq!(
        gaps(&inventory),
        [
            "describe-auto-scaling-groups: `lost` names launch template lt-none, which was not listed; `mixed`: `Overrides` member 0 is null; \
          `empty` names nothing that it launches; and 1 more"
        ]
    );
}

#[test]
fn fleets_and_spot_requests_count_while_they_can_launch() {
    let inventory = seen(|answers| {
        template(answers, "lt-1", &["ami-0a", "ami-0b", "ami-0c"]);
        let fleet = |id: &str, state: &str, version: &str| {
            json!({"FleetId": id, "FleetState": state, "LaunchTemplateConfigs": [{
                "LaunchTemplateSpecification": {"LaunchTemplateId": "lt-1", "Version": version}, "Overrides": [{"ImageId": "ami-0d"}, {}]}]})
        };
        answers.fleets = Some(of(json!({"Fleets": [
            fleet("fleet-1", "active", "2"), fleet("fleet-2", "deleted_running", "3"), fleet("fleet-3", "dreaming", "$Latest"),
            {"FleetId": "fleet-4", "FleetState": "failed"},
        ]})));
        let device = json!([{"Ebs": {"SnapshotId": "snap-0e"}}]);
        let spot = |id: &str, state: &str| {
            json!({"SpotFleetRequestId": id, "SpotFleetRequestState": state, "SpotFleetRequestConfig":
                {"LaunchSpecifications": [{"ImageId": "ami-0e", "BlockDeviceMappings": device}]}})
        };
        answers.spot_fleets = Some(of(json!({"SpotFleetRequestConfigs": [
            spot("sfr-1", "modifying"), spot("sfr-2", "cancelled_terminating"), spot("sfr-3", "failed"),
        ]})));
        let request =
            |id: &str, state: &str| json!({"SpotInstanceRequestId": id, "State": state, "LaunchSpecification": {"ImageId": "ami-0f"}});
        answers.spot_requests = Some(of(json!({"SpotInstanceRequests": [
            request("sir-1", "open"), request("sir-2", "closed"), request("sir-3", "cancelled"), request("sir-4", "disabled"),
        ]})));
    });
    assert_eq!(
        users(&inventory),
        [
            "ami-0a: launch template lt-1 version 1 (default)",
            "ami-0b: launch template lt-1 version 2 (named by fleet-1)",
            "ami-0b: EC2 fleet fleet-1 (active)",
            "ami-0c: launch template lt-1 version 3 (named by fleet-3)",
            "ami-0c: EC2 fleet fleet-3 (dreaming)",
            "ami-0d: EC2 fleet fleet-1 (active)",
            "ami-0d: EC2 fleet fleet-3 (dreaming)",
            "ami-0e: Spot fleet sfr-1 (modifying)",
            "ami-0f: Spot request sir-1 (open)",
            "ami-0f: Spot request sir-4 (disabled)",
            "snap-0e: Spot fleet sfr-1 (modifying)",
        ]
    );
    assert_eq!(gaps(&inventory), [""; 0]);
}

#[test]
fn a_live_fleet_that_cannot_be_read_is_named() {
    let inventory = seen(|answers| {
        answers.fleets = Some(of(json!({"Fleets": [{"FleetId": "fleet-1", "FleetState": "active"}, {"FleetState": "active"}]})));
        answers.spot_fleets = Some(of(json!({"SpotFleetRequestConfigs": [{"SpotFleetRequestId": "sfr-1"}]})));
        answers.spot_requests = Some(of(json!({"SpotInstanceRequests": [null]})));
    });
    assert_eq!(
        gaps(&inventory),
        [
            "describe-spot-fleet-requests: sfr-1 has no SpotFleetRequestConfig",
            "describe-fleets: fleet-1 names nothing that it launches; an EC2 fleet has no FleetId",
            "describe-spot-instance-requests: `SpotInstanceRequests` member 0 is null",
        ]
    );
}

#[test]
fn aliases_are_resolved_with_and_without_a_version_or_label() {
    let arn = "arn:aws:ssm:eu-central-1:222222222222:parameter/shared";
    let inventory = seen(|answers| {
        let images = ["golden", "golden:3", "golden:prod", "golden:4", "/aws/service/ami-amazon-linux-latest/x"];
        let images = images.map(|name| format!("resolve:ssm:{name}"));
        template(answers, "lt-1", &images.each_ref().map(String::as_str));
        template(answers, "lt-2", &[&format!("resolve:ssm:{arn}"), &format!("resolve:ssm:{arn}:9")]);
        answers.parameters = Some(of(json!({"Parameters": [
            {"Name": "golden", "Value": "ami-0a", "Version": 4},
            {"Name": "golden", "Value": "ami-0b", "Version": 3, "Selector": ":3"},
            {"Name": "golden", "Value": "ami-0c", "Version": 2, "Selector": ":prod"},
            {"Name": "shared", "ARN": arn, "Value": "ami-0d", "Version": 1},
        ]})));
    });
    assert_eq!(
        users(&inventory),
        [
            "ami-0a: launch template lt-1 version 1 (default, no group uses the template)",
            "ami-0a: launch template lt-1 version 4 (named by no group) STALE",
            "ami-0a: parameter golden",
            "ami-0b: launch template lt-1 version 2 (named by no group) STALE",
            "ami-0b: parameter golden:3 STALE",
            "ami-0c: launch template lt-1 version 3 (named by no group) STALE",
            "ami-0c: parameter golden:prod STALE",
            "ami-0d: launch template lt-2 version 1 (default, no group uses the template)",
            "ami-0d: parameter shared",
        ]
    );
    assert_eq!(gaps(&inventory), [format!("get-parameters: lt-2 version 2 launches `resolve:ssm:{arn}:9`, whose value is not known")]);
}

#[test]
fn an_id_anywhere_in_a_readable_parameter_counts_and_a_secret_is_told() {
    let inventory = seen(|answers| {
        answers.parameter_names = Some(of(json!({"Parameters": [
            {"Name": "plain", "Type": "String", "DataType": "aws:ec2:image"}, {"Name": "list", "Type": "StringList"},
            {"Name": "text", "Type": "String"}, {"Name": "secret", "Type": "SecureString"}, {"Name": "gone", "Type": "String"}, {"Type": "String"},
        ]})));
        answers.parameters = Some(of(json!({"Parameters": [
            {"Name": "plain", "Value": "ami-0a"}, {"Name": "list", "Value": "ami-0b,ami-0c"},
            {"Name": "text", "Value": "{\"eu\": \"ami-0d\"}"}, {"Name": "secret", "Type": "SecureString", "Value": "AQICAHh"},
        ]})));
    });
    let named = ["ami-0a: parameter plain", "ami-0b: parameter list", "ami-0c: parameter list", "ami-0d: parameter text"];
    assert_eq!(users(&inventory), named);
    assert_eq!(
        gaps(&inventory),
        ["describe-parameters: a parameter has no Name", "get-parameters: the value of parameter `gone` was not told"]
    );
    assert_eq!(inventory.secrets.iter().collect::<Vec<_>>(), ["secret"]);
}

#[test]
fn recipes_use_what_they_build_from() {
    let inventory = seen(|answers| {
        let arn = |name: &str| format!("arn:aws:imagebuilder:eu-central-1:111111111111:image-recipe/{name}/1.0.0");
        let names = ["id", "alias", "builder", "lost", "unknown"].map(|name| json!({"arn": arn(name)}));
        answers.image_recipes = Some(of(json!({"imageRecipeSummaryList": names})));
        let recipe = |name: &str, parent: &str| json!({"imageRecipe": {"arn": arn(name), "parentImage": parent}});
        answers.image_recipe_details = Some(of(json!([
            recipe("id", "ami-0a"),
            recipe("alias", "ssm:/golden"),
            recipe("builder", "arn:aws:imagebuilder:eu-central-1:aws:image/amazon-linux-2023-x86/x.x.x"),
            recipe("unknown", "ssm:/none"),
            {"imageRecipe": {"arn": arn("disk"), "parentImage": "prod-marketplace", "blockDeviceMappings": [{"ebs": {"snapshotId": "snap-0d"}}]}},
        ])));
        answers.parameters = Some(of(json!({"Parameters": [{"Name": "/golden", "Value": "ami-0b"}]})));
        answers.container_recipes = Some(of(json!({"containerRecipeSummaryList": []})));
        answers.container_recipe_details = Some(of(json!([
            {"containerRecipe": {"arn": "container", "parentImage": "amazonlinux:latest", "instanceConfiguration": {"image": "ami-0c"}}},
            {"containerRecipe": {"arn": "plain"}},
        ])));
    });
    let recipe = "arn:aws:imagebuilder:eu-central-1:111111111111:image-recipe";
    assert_eq!(
        users(&inventory),
        [
            format!("ami-0a: image recipe {recipe}/id/1.0.0"),
            "ami-0b: parameter /golden".into(),
            format!("ami-0b: image recipe {recipe}/alias/1.0.0"),
            "ami-0c: container recipe container".into(),
            format!("snap-0d: image recipe {recipe}/disk/1.0.0"),
        ]
    );
    assert_eq!(
        gaps(&inventory),
        [
            format!("get-image-recipe: recipe {recipe}/lost/1.0.0 is listed but not described"),
            format!("get-parameters: recipe {recipe}/unknown/1.0.0 builds from `ssm:/none`, whose value is not known"),
        ]
    );
}

#[test]
fn resources_use_what_their_properties_name_and_make_template_versions_live() {
    let inventory = seen(|answers| {
        template(answers, "lt-1", &["ami-0a", "ami-0b", "ami-0c"]);
        answers.resources = Some(of(json!([
            {"TypeName": "AWS::Batch::ComputeEnvironment", "ResourceDescriptions": [{"Identifier": "env"}, {"Identifier": "lost"}]},
            {"TypeName": "AWS::EKS::Nodegroup", "ResourceDescriptions": [{"Identifier": "nodes"}]},
        ])));
        let detail = |kind: &str, id: &str, properties: Value| json!({"TypeName": kind, "ResourceDescription": {"Identifier": id, "Properties": properties.to_string()}});
        answers.resource_details = Some(of(json!([
            detail("AWS::Batch::ComputeEnvironment", "env", json!({"ComputeResources": {"Ec2Configuration": [{"ImageIdOverride": "ami-0d"}]}})),
            detail("AWS::EKS::Nodegroup", "nodes", json!({"LaunchTemplate": {"Id": "lt-1", "Version": "2"}})),
            {"TypeName": "AWS::CodeBuild::Fleet", "ResourceDescription": {"Identifier": "fleet", "Properties": "{"}},
        ])));
    });
    assert_eq!(
        users(&inventory),
        [
            "ami-0a: launch template lt-1 version 1 (default)",
            "ami-0b: launch template lt-1 version 2 (named by AWS::EKS::Nodegroup nodes)",
            "ami-0b: resource AWS::EKS::Nodegroup nodes",
            "ami-0c: launch template lt-1 version 3 (latest)",
            "ami-0d: resource AWS::Batch::ComputeEnvironment env",
        ]
    );
    let gaps = gaps(&inventory);
    assert!(gaps[0].starts_with("get-resource: the properties of AWS::CodeBuild::Fleet fleet are no JSON"), "{gaps:?}");
    assert!(gaps[0].ends_with("AWS::Batch::ComputeEnvironment lost is listed but not described") && gaps.len() == 1, "{gaps:?}");
}

#[test]
fn only_what_no_other_source_named_is_a_user_by_the_cross_check() {
    let inventory = seen(|answers| {
        template(answers, "lt-1", &["ami-0a"]);
        answers.instances = of(json!({"Reservations": [{"Instances": [
            {"InstanceId": "i-1", "ImageId": "ami-0a", "State": {"Name": "running"}},
            {"InstanceId": "i-2", "ImageId": "ami-0a", "State": {"Name": "terminated"}},
        ]}]}));
        answers.parameters = Some(of(json!({"Parameters": [{"Name": "/golden/web", "Value": "ami-0a"}]})));
        let ec2 = |tail: &str| format!("arn:aws:ec2:eu-central-1:111111111111:{tail}");
        let named = [
            ("ec2:Instance", ec2("instance/i-1")),
            ("ec2:Instance", ec2("instance/i-2")),
            ("ec2:Instance", ec2("instance/i-3")),
            ("ec2:LaunchTemplate", ec2("launch-template/lt-1")),
            ("ec2:LaunchTemplate", ec2("launch-template/lt-2")),
            ("ssm:Parameter", "arn:aws:ssm:eu-central-1:111111111111:parameter/golden/web".into()),
        ];
        let named = named.map(|(kind, arn)| json!({"ImageId": "ami-0a", "ResourceType": kind, "Arn": arn}));
        answers.image_references = Some(of(json!({"ImageReferences": named})));
    });
    assert_eq!(
        users(&inventory),
        [
            "ami-0a: instance i-1 (running)",
            "ami-0a: launch template lt-1 version 1 (default, no group uses the template)",
            "ami-0a: parameter /golden/web",
            "ami-0a: reference arn:aws:ec2:eu-central-1:111111111111:instance/i-3 (ec2:Instance, named by EC2 alone)",
            "ami-0a: reference arn:aws:ec2:eu-central-1:111111111111:launch-template/lt-2 (ec2:LaunchTemplate, named by EC2 alone)",
        ]
    );
}

/// Failed launches of several images, the last ones a day and forty days before the plan.
fn failing(answers: &mut Answers) {
    let activity = |status: &str, image: &str, at: &str| {
        json!({"ActivityId": "a", "AutoScalingGroupName": "web", "StatusCode": status, "StartTime": at,
            "StatusMessage": format!("The image id '[{image}]' does not exist. Launching EC2 instance failed.")})
    };
    answers.scaling_activities = Some(of(json!({"Activities": [
        activity("Failed", "ami-0a", "2026-11-18T10:00:00Z"), activity("Cancelled", "ami-0a", "2026-11-19T10:00:00Z"),
        activity("Successful", "ami-0b", "2026-11-19T10:00:00Z"), activity("Failed", "ami-0c", "2026-10-11T10:00:00Z"),
        activity("Failed", "ami-0e", "yesterday"),
    ]})));
    let event = |name: &str, code: Option<&str>, image: &str| {
        let event = json!({"eventName": name, "errorCode": code, "errorMessage": "no", "userIdentity": {"arn": "arn:aws:iam::1:user/eve"},
            "requestParameters": {"instancesSet": {"items": [{"imageId": image}]}}});
        json!({"EventId": "e", "EventName": name, "EventTime": "2026-11-19T12:00:00Z", "CloudTrailEvent": event.to_string()})
    };
    answers.events = Some(of(json!({"Events": [
        event("RunInstances", Some("Client.InvalidAMIID.Unavailable"), "ami-0d"), event("RunInstances", None, "ami-0f"),
        event("ModifyImageAttribute", Some("Client.UnauthorizedOperation"), "ami-0f"),
    ]})));
}

#[test]
fn launches_that_failed_of_late_are_use_with_when_and_who() {
    let now = "2026-11-20T12:00:00Z".parse().unwrap();
    let inventory = Inventory::settled(answered(failing), &Sources::default(), now);
    assert_eq!(
        users(&inventory),
        [
            "ami-0a: failed launch by web, 2 times, last on 2026-11-19 10:00 UTC",
            "ami-0d: failed launch by arn:aws:iam::1:user/eve on 2026-11-19 12:00 UTC",
            "ami-0e: failed launch by web",
        ]
    );
    let long = Sources { screams: SignedDuration::from_hours(24 * 60), ..Sources::default() };
    assert!(users(&Inventory::settled(answered(failing), &long, now)).iter().any(|user| user.starts_with("ami-0c")));
}

#[test]
fn an_event_that_cannot_be_read_is_a_gap_of_cloudtrail() {
    let inventory = seen(|answers| {
        answers.events = Some(of(json!({"Events": [
            {"EventId": "e-1", "EventName": "RunInstances", "CloudTrailEvent": "{"}, {"EventId": "e-2", "EventName": "RunInstances"},
            {"EventId": "e-3", "EventName": "CopyImage"},
        ]})));
    });
    let gaps = gaps(&inventory);
    assert!(gaps[0].contains("event e-1 is no JSON") && gaps[0].ends_with("e-2 has no CloudTrailEvent") && gaps.len() == 1, "{gaps:?}");
}

#[test]
fn a_source_that_was_declared_unused_is_no_gap_until_its_day() {
    let declared = |source: Source, region: &str| Unused {
        source,
        account: None,
        region: Some(region.into()),
        reason: "we have none".into(),
        until: "2026-12-01T00:00:00Z".parse().unwrap(),
    };
    let denied = |answers: &mut Answers| {
        answers.fleets = Some(Err("denied".into()));
        answers.launch_configurations = Err("denied".into());
        answers.image_recipes = Some(Err("denied".into()));
        answers.image_recipe_details = Some(Err("not asked".into()));
        answers.parameters = Some(Err("denied".into()));
        template(answers, "lt-1", &["resolve:ssm:golden"]);
    };
    let unused =
        [Source::Fleets, Source::LaunchConfigurations, Source::ImageRecipes, Source::Parameters].map(|it| declared(it, "eu-central-1"));
    let sources = Sources { unused: unused.into(), ..Sources::default() };
    let inventory = Inventory::settled(answered(denied), &sources, "2026-11-30T00:00:00Z".parse().unwrap());
    // What the declaration cannot be right about stays a gap.
    assert_eq!(gaps(&inventory), ["get-parameters: lt-1 version 1 launches `resolve:ssm:golden`, whose value is not known"]);
    assert_eq!(inventory.excused.len(), 5, "{:?}", inventory.excused);
    let late = Inventory::settled(answered(denied), &sources, "2026-12-01T00:00:00Z".parse().unwrap());
    assert_eq!((late.gaps.len(), late.excused.len()), (6, 0), "{:?}", late.gaps);
    let elsewhere = Sources { unused: vec![declared(Source::Fleets, "eu-west-1")], ..Sources::default() };
    assert!(
        gaps(&Inventory::settled(answered(denied), &elsewhere, "2026-11-30T00:00:00Z".parse().unwrap()))
            .contains(&"describe-fleets: denied".into())
    );
}

#[test]
fn a_snapshot_in_a_parameter_a_resource_or_an_unknown_file_is_in_use_by_it() {
    let inventory = seen(|answers| {
        let devices = json!({"OptionSettings": [{"OptionName": "BlockDeviceMappings", "Value": "/dev/sdb=snap-0a:100"}]});
        let kind = "AWS::ElasticBeanstalk::Environment";
        answers.resources = Some(of(json!([{"TypeName": kind, "ResourceDescriptions": [{"Identifier": "shop"}]}])));
        let described = json!({"Identifier": "shop", "Properties": devices.to_string()});
        answers.resource_details = Some(of(json!([{"TypeName": kind, "ResourceDescription": described}])));
        answers.parameters = Some(of(json!({"Parameters": [
            {"Name": "/data", "Value": "snap-0b and ami-0b", "Version": 2}, {"Name": "/data", "Value": "snap-0c", "Version": 1, "Selector": ":1"},
        ]})));
        let named = Named::in_json(&json!(["ami-0d", {"disk": "snap-0d"}]));
        answers.others.insert(Source::named("ours"), Ok(named));
    });
    assert_eq!(
        users(&inventory),
        [
            "ami-0b: parameter /data",
            "ami-0d: recorded source ours",
            "snap-0a: resource AWS::ElasticBeanstalk::Environment shop",
            "snap-0b: parameter /data",
            "snap-0c: parameter /data:1 STALE",
            "snap-0d: recorded source ours",
        ]
    );
    assert_eq!(gaps(&inventory), [""; 0]);
}

#[test]
fn the_same_thing_twice_is_one_and_two_different_ones_under_one_id_are_a_gap() {
    let version = |image: &str| json!({"LaunchTemplateId": "lt-1", "VersionNumber": 1, "DefaultVersion": true, "LaunchTemplateData": {"ImageId": image}});
    let head = |latest: i64| json!({"LaunchTemplateId": "lt-1", "DefaultVersionNumber": 1, "LatestVersionNumber": latest});
    let configuration = |image: &str| json!({"LaunchConfigurationName": "old", "ImageId": image});
    let rule = |days: i64| {
        json!({"Identifier": "r-1", "ResourceType": "EC2_IMAGE", "Status": "available",
            "RetentionPeriod": {"RetentionPeriodValue": days, "RetentionPeriodUnit": "DAYS"}})
    };
    let twice = |latest: i64, image: &str, configured: &str, days: i64| {
        seen(|answers| {
            answers.launch_templates = of(json!({"LaunchTemplates": [head(1), head(latest)]}));
            answers.launch_template_versions = of(json!({"LaunchTemplateVersions": [version("ami-0a"), version(image)]}));
            answers.launch_configurations = of(json!({"LaunchConfigurations": [configuration("ami-0b"), configuration(configured)]}));
            answers.rules = of(json!({"Rules": [{"Identifier": "r-1"}, {"Identifier": "r-1"}]}));
            answers.rule_details = of(json!([rule(7), rule(days)]));
        })
    };
    let same = twice(1, "ami-0a", "ami-0b", 7);
    assert_eq!(gaps(&same), [""; 0]);
    assert_eq!(same.rules.map(|rules| rules.len()), Some(1));
    let different = twice(1, "ami-0c", "ami-0d", 30);
    assert_eq!(
        gaps(&different),
        [
            "describe-launch-template-versions: lt-1 version 1 is listed twice with different contents",
            "describe-launch-configurations: old is listed twice with different contents",
            "get-rule: r-1 is listed twice with different contents",
        ]
    );
    assert_eq!(different.rules, None);
    assert_eq!(gaps(&twice(2, "ami-0a", "ami-0b", 7)), ["describe-launch-templates: lt-1 is listed twice with different contents"]);
}

#[test]
fn a_fleet_that_could_not_launch_all_it_was_asked_for_screams_too() {
    let inventory = seen(|answers| {
        let event = |response: Value, image: &str| {
            let event = json!({"eventName": "CreateFleet", "userIdentity": {"arn": "arn:aws:iam::1:role/ami-0eee"}, "responseElements": response,
                "requestParameters": {"CreateFleetRequest": {"Type": "instant", "LaunchTemplateConfigs": {"Overrides": {"ImageId": image}}}}});
            json!({"EventId": "e", "EventName": "CreateFleet", "EventTime": "2026-11-19T12:00:00Z", "CloudTrailEvent": event.to_string()})
        };
        let errors = |set: Value| json!({"CreateFleetResponse": {"fleetId": "fleet-1", "errorSet": set, "fleetInstanceSet": ""}});
        let error = json!({"item": {"errorCode": "InvalidAMIID.Unavailable", "errorMessage": "The image ID 'ami-0a' is not available"}});
        answers.events = Some(of(json!({"Events": [
            event(errors(error), "ami-0b"),
            event(errors(json!([{"errorCode": "UnfulfillableCapacity"}])), "ami-0c"),
            event(errors(json!("")), "ami-0d"), event(errors(json!({"item": []})), "ami-0d"), event(errors(Value::Null), "ami-0d"),
            event(Value::Null, "ami-0d"),
        ]})));
    });
    let by = |image: &str| format!("{image}: failed launch by arn:aws:iam::1:role/ami-0eee on 2026-11-19 12:00 UTC");
    assert_eq!(users(&inventory), ["ami-0a", "ami-0b", "ami-0c"].map(by));
    assert_eq!(gaps(&inventory), [""; 0]);
}

#[test]
fn an_alias_to_a_parameter_that_is_gone_launches_nothing_and_is_no_gap() {
    let inventory = seen(|answers| {
        template(answers, "lt-1", &["resolve:ssm:/gone", "resolve:ssm:/golden:7", "resolve:ssm:/golden", "resolve:ssm:/unread"]);
        answers.image_recipes = Some(of(json!({"imageRecipeSummaryList": []})));
        answers.image_recipe_details = Some(of(json!([{"imageRecipe": {"arn": "recipe", "parentImage": "ssm:/gone"}}])));
        answers.parameters = Some(of(json!({
            "Parameters": [{"Name": "/golden", "Value": "ami-0a", "Version": 8}], "InvalidParameters": ["/gone", "/golden:7", "/golden"],
        })));
    });
    assert_eq!(users(&inventory), ["ami-0a: launch template lt-1 version 3 (named by no group) STALE", "ami-0a: parameter /golden"]);
    assert_eq!(gaps(&inventory), ["get-parameters: lt-1 version 4 launches `resolve:ssm:/unread`, whose value is not known"]);
}
