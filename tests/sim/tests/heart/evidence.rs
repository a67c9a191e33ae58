//! Everything that can name an image or hold a snapshot back, put there in a line and told again.

use super::asking::{Caller, HERE, OURS, OUTSIDER, THEM, US, ask};
use ami_warden_sim::World;
use ami_warden_sim::world::allowed::ImageCriterion;
use jiff::{SignedDuration, Timestamp};

fn world() -> World {
    let mut world = World::new(Timestamp::from_second(1_780_000_000).unwrap_or(Timestamp::UNIX_EPOCH));
    world.account(OURS);
    world.account(OUTSIDER);
    world
}

#[test]
fn each_is_told_as_it_was_put() {
    let mut w = world();
    let ami = w.account(OURS).region(HERE).image("golden").shared_with(OUTSIDER).put();
    let template = w.account(OURS).region(HERE).launch_template("t").version(&ami).put();
    let expected = [
        w.account(OURS).region(HERE).spot_fleet("active").image(&ami).put(),
        w.account(OURS).region(HERE).spot_request("open").image(&ami).put(),
        w.account(OURS).region(HERE).fleet("active").launch_template(&template, "$Latest").override_image("m5.large", &ami).put(),
        w.account(OURS).region(HERE).snapshot().locked().put(),
        w.account(OURS).region(HERE).snapshot().fast_restore("us-east-1a").put(),
        w.account(OURS).region(HERE).usage_report(&ami).entry(OUTSIDER, "ec2:Instance", 2).put(),
        w.account(OURS).region(HERE).image_recipe("web", "1.0.0").parent_image(&ami).put(),
        w.account(OURS).region(HERE).volume_of(None).attached_to("i-0").put(),
    ];
    let references = format!("DescribeImageReferences&IncludeAllResourceTypes=true&ImageId.1={ami}");
    let asked = [
        ("DescribeSpotFleetRequests", "spotFleetRequestId", Some("active")),
        ("DescribeSpotInstanceRequests", "spotInstanceRequestId", Some("open")),
        ("DescribeFleets", "fleetId", Some(ami.as_str())),
        ("DescribeLockedSnapshots", "snapshotId", Some("governance")),
        ("DescribeFastSnapshotRestores", "snapshotId", Some("enabled")),
        ("DescribeImageUsageReportEntries", "reportId", Some("<usageCount>2</usageCount>")),
        (references.as_str(), "arn", Some("imagebuilder:ImageRecipe")),
        ("DescribeVolumes", "volumeId", Some("in-use")),
    ];
    for (id, (action, element, text)) in expected.iter().zip(asked) {
        let answer = ask(&mut w, US, &format!("Action={action}"));
        assert!(answer.all(element).contains(&id.as_str()), "{action}: {}", answer.text);
        assert!(text.is_none_or(|text| answer.text.contains(text)), "{action}: {}", answer.text);
    }
}

#[test]
fn the_settings_of_a_place_are_put_in_one_line() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("public").public().put();
    let place = w.account(OUTSIDER).region(HERE).block_public_access("block-new-sharing", "block-all-sharing");
    place.allowed_images("enabled", [ImageCriterion::of(["amazon"])]).managed_by_policy();
    for action in ["GetImageBlockPublicAccessState", "GetSnapshotBlockPublicAccessState", "GetAllowedImagesSettings"] {
        let answer = ask(&mut w, THEM, &format!("Action={action}"));
        assert_eq!(answer.one("managedBy"), Some("declarative-policy"), "{action}");
    }
    let by_id = format!("Action=DescribeImages&ImageId.1={image}");
    assert_eq!(ask(&mut w, THEM, &by_id).code(), Some("InvalidAMIID.NotFound"));
    assert_eq!(ask(&mut w, US, &by_id).status, 200);
}

#[test]
fn a_group_that_cannot_launch_cries_out_once_per_try() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("golden").disabled().put();
    w.account(OURS).region(HERE).launch_configuration("lc", &image);
    w.account(OURS).region(HERE).auto_scaling_group("web").launch_configuration("lc").size(0, 2, 2).put();
    assert!(!w.scale(OURS, HERE, "web"));
    assert!(!w.scale(OURS, HERE, "web"));
    let caller = Caller { service: "autoscaling", ..US };
    let answer = ask(&mut w, caller, "Action=DescribeScalingActivities");
    let message = format!("AMI '{image}' is disabled, and cannot be run. Launching EC2 instance failed.");
    assert_eq!(answer.all("StatusMessage"), [message.as_str(), message.as_str()]);
    assert_eq!(ask(&mut w, US, &format!("Action=EnableImage&ImageId={image}")).status, 200);
    assert!(w.scale(OURS, HERE, "web"));
    let answer = ask(&mut w, caller, "Action=DescribeScalingActivities");
    assert_eq!(answer.all("StatusCode"), ["Failed", "Failed", "Successful", "Successful"]);
    assert_eq!(ask(&mut w, US, "Action=DescribeInstances").all("imageId"), [image.as_str(), image.as_str()]);
}

#[test]
fn what_takes_time_takes_it() {
    let mut w = world();
    let ami = w.account(OURS).region(HERE).image("golden").put();
    w.account(OURS).region(HERE).usage_report(&ami).pending().put();
    w.account(OURS).region(HERE).spot_request("cancelled").image(&ami).put();
    let told = |w: &mut World, action: &str, element: &str| {
        let answer = ask(w, US, &format!("Action={action}"));
        answer.one(element).map(str::to_owned)
    };
    assert_eq!(told(&mut w, "DescribeImageUsageReports", "state").as_deref(), Some("pending"));
    w.advance(SignedDuration::from_mins(5));
    assert_eq!(told(&mut w, "DescribeImageUsageReports", "state").as_deref(), Some("available"));
    assert_eq!(told(&mut w, "DescribeSpotInstanceRequests", "state").as_deref(), Some("cancelled"));
    w.advance(SignedDuration::from_hours(4));
    assert_eq!(told(&mut w, "DescribeSpotInstanceRequests", "state"), None);
}
