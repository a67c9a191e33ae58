//! A company: the small estate in the management account of an organization, and the services around its images.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{OURS, OUTSIDER, small};
use crate::world::World;
use crate::world::estate::PlaceHandle;
use crate::world::organization::MemberStatus;

const HERE: &str = "us-east-1";

fn here(world: &mut World) -> PlaceHandle<'_> {
    world.account(OURS).region(HERE)
}

/// More members and parameters than fit on one page, roles, what other services run, and what CloudTrail saw of it.
pub fn company(now: Timestamp) -> World {
    let mut world = small(now);
    let golden = world.place(OURS, HERE).and_then(|place| place.images.values().find(|image| image.name == "golden-3"));
    let golden = golden.map(|image| image.id.clone()).unwrap_or_default();
    members(&mut world);
    parameters(&mut world, &golden);
    resources(&mut world, &golden);
    recipes(&mut world, &golden);
    world.account("333333333333").region(HERE).failed_launch(&golden).minutes_ago(60).put();
    let launch = here(&mut world).event("RunInstances").by_service("autoscaling.amazonaws.com");
    launch.resource("AWS::EC2::Ami", &golden).minutes_ago(24 * 60).put();
    here(&mut world).event("DescribeImages").read_only().minutes_ago(30).put();
    here(&mut world).event("RunInstances").minutes_ago(91 * 24 * 60).put();
    world
}

fn members(world: &mut World) {
    let (production, web) = ("ou-abcd-11111111", "ou-abcd-22222222");
    let mut organization = world.organization("o-abcdefghij").management(OURS);
    organization = organization.unit(production, "r-abcd").unit(web, production).account("333333333333", web);
    organization = organization.account("444444444444", production).status("444444444444", MemberStatus::Suspended);
    organization = organization.account("555555555555", "r-abcd").delegated_administrator("555555555555");
    for n in 0..20 {
        organization = organization.account(&format!("6000000000{n:02}"), production);
    }
    world.account("333333333333").role_trusting("warden", Some("the-id"), &[OURS]);
    world.account("444444444444").role("warden", None);
}

fn parameters(world: &mut World, image: &str) {
    for n in 0..55 {
        here(world).parameter(&format!("/settings/{n:02}"), "some text");
    }
    here(world).image_parameter("/golden/web", image);
    here(world).parameter("/golden/plain", image);
    here(world).parameter("/golden/deep/er", image);
    here(world).parameter("/golden/deep/er", "a second version");
    here(world).secret_parameter("secret", "hunter2");
    here(world).public_parameter("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64", "ami-0123456789abcdef0");
}

fn arn(service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:{HERE}:{OURS}:{rest}")
}

/// What other services run, a key, and a type of nobody's.
fn resources(world: &mut World, image: &str) {
    let jobs = json!({
        "ComputeEnvironmentArn": arn("batch", "compute-environment/jobs"),
        "ComputeEnvironmentName": "jobs",
        "Type": "MANAGED",
        "ComputeResources": { "ImageId": image },
    });
    let builds = json!({ "Arn": arn("codebuild", "fleet/builds:1"), "Name": "builds", "ImageId": image });
    let nodes = json!({ "Arn": arn("pcs", "cluster/pcs_1/computenodegroup/pcs_2"), "ClusterId": "pcs_1", "AmiId": image });
    here(world).resource("AWS::Batch::ComputeEnvironment", jobs);
    here(world).resource("AWS::CodeBuild::Fleet", builds);
    here(world).resource("AWS::PCS::ComputeNodeGroup", nodes);
    here(world).resource("Private::Corp::Thing", json!({ "Name": "odd", "Image": image }));
    for cluster in ["blue", "green"] {
        here(world).resource("AWS::EKS::Cluster", json!({ "Name": cluster, "Arn": arn("eks", &format!("cluster/{cluster}")) }));
    }
    let nodes = here(world).launch_template("eks-nodes").version(image).managed_by("eks.amazonaws.com").put();
    for (cluster, name) in [("blue", "small"), ("blue", "large"), ("green", "small")] {
        here(world).resource("AWS::EKS::Nodegroup", node_group(cluster, name, &nodes));
    }
    for n in 0..120 {
        here(world).resource("AWS::PCS::Cluster", json!({ "Arn": arn("pcs", &format!("cluster/pcs_{n:03}")) }));
    }
    world.account(OURS).region("eu-west-1").without_type("AWS::PCS::Cluster");
    let options = json!([{ "Namespace": "aws:autoscaling:launchconfiguration", "OptionName": "ImageId", "Value": image }]);
    let shop = json!({ "EnvironmentName": "shop", "ApplicationName": "store", "OptionSettings": options });
    here(world).resource("AWS::ElasticBeanstalk::Environment", shop);
    let base = json!({ "ApplicationName": "store", "TemplateName": "base", "OptionSettings": options });
    here(world).resource("AWS::ElasticBeanstalk::ConfigurationTemplate", base);
    here(world).resource("AWS::KMS::Key", key());
    here(world).resource("AWS::KMS::Alias", json!({ "AliasName": "alias/golden", "TargetKeyId": KEY }));
}

fn recipes(world: &mut World, image: &str) {
    let component = arn("imagebuilder", "component/hardening/1.0.0/1");
    here(world).image_recipe("web", "1.0.0").parent_image("ami-00000000000000abc").put();
    here(world).image_recipe("web", "1.10.0").parent_image(image).component(&component).disk("/dev/sdb", "snap-0abc").put();
    here(world).image_recipe("web", "1.9.0").parent_image("ssm:/golden/web").put();
    here(world).image_recipe("theirs", "1.0.0").shared_by(OUTSIDER).put();
    here(world).container_recipe("worker", "1.0.0").instance_image(image).disk("/dev/xvda", "snap-0def").put();
    here(world).container_recipe("default", "1.0.0").put();
    for n in 0..27 {
        here(world).image_recipe(&format!("plain {n:02}"), "1.0.0").put();
    }
}

fn node_group(cluster: &str, name: &str, template: &str) -> Value {
    json!({
        "Id": format!("{cluster}/{name}"),
        "ClusterName": cluster,
        "NodegroupName": name,
        "LaunchTemplate": { "Id": template, "Version": "1" },
        "ForceUpdateEnabled": false,
    })
}

/// The id of the one key.
const KEY: &str = "11111111-2222-3333-4444-555555555555";

/// A key that another account may make grants of.
fn key() -> Value {
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": OUTSIDER }, "Action": "kms:CreateGrant", "Resource": "*" });
    json!({
        "KeyId": KEY,
        "Arn": arn("kms", &format!("key/{KEY}")),
        "KeyPolicy": { "Version": "2012-10-17", "Statement": [statement] },
        "Enabled": true,
    })
}
