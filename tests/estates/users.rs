//! Everything that can use an image, in the shapes of AWS: one of each kind, in the states that count and in those that
//! do not.

use ami_warden::inventory::Named;
use ami_warden::inventory::answers::*;
use ami_warden::model::Source;
use proptest::prelude::*;
use serde_json::json;

use super::{days_ago, push};

/// One user of an image, or what looks like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserSeed {
    Instance(&'static str),
    DefaultVersion,
    LatestVersion,
    StaleVersion,
    GroupOnVersion,
    GroupOverride,
    Configuration,
    /// An alias with what is behind its name.
    Alias(&'static str),
    SpotFleet(&'static str),
    SpotFleetOnVersion(&'static str),
    SpotRequest(&'static str),
    Fleet(&'static str),
    FleetOverride(&'static str),
    /// A parameter in whose value the id stands somewhere.
    Parameter(&'static str),
    ImageRecipe(&'static str),
    ContainerRecipe,
    Resource,
    NodeGroup,
    Referring(&'static str),
    /// A scaling activity that ended so many days ago.
    Activity(&'static str, i64),
    /// A launch that CloudTrail saw fail so many days ago.
    Event(i64),
    /// A file of no known name.
    Note,
}

/// Whether it counts: `Some(true)` is live, `Some(false)` stale, `None` no use.
pub(crate) fn counts(user: UserSeed) -> Option<bool> {
    match user {
        UserSeed::Instance(state) => (state != "terminated").then_some(true),
        UserSeed::StaleVersion => Some(false),
        UserSeed::SpotFleet(state) | UserSeed::SpotFleetOnVersion(state) => (!state.starts_with("cancelled")).then_some(true),
        UserSeed::Fleet(state) | UserSeed::FleetOverride(state) => (!state.starts_with("deleted")).then_some(true),
        UserSeed::SpotRequest(state) => (state != "closed").then_some(true),
        UserSeed::Referring(kind) => (kind != "terminated").then_some(true),
        UserSeed::Activity(status, days) => (status != "Successful" && days < 30).then_some(true),
        UserSeed::Event(days) => (days < 30).then_some(true),
        _ => Some(true),
    }
}

/// Every kind, in states that count and in states that do not.
pub(crate) const KINDS: [UserSeed; 40] = [
    UserSeed::Instance("running"),
    UserSeed::Instance("stopped"),
    UserSeed::Instance("terminated"),
    UserSeed::DefaultVersion,
    UserSeed::LatestVersion,
    UserSeed::StaleVersion,
    UserSeed::GroupOnVersion,
    UserSeed::GroupOverride,
    UserSeed::Configuration,
    UserSeed::Alias(""),
    UserSeed::Alias(":3"),
    UserSeed::Alias(":prod"),
    UserSeed::SpotFleet("active"),
    UserSeed::SpotFleet("new-in-2030"),
    UserSeed::SpotFleet("cancelled_running"),
    UserSeed::SpotFleetOnVersion("submitted"),
    UserSeed::SpotFleetOnVersion("cancelled"),
    UserSeed::SpotRequest("open"),
    UserSeed::SpotRequest("disabled"),
    UserSeed::SpotRequest("closed"),
    UserSeed::Fleet("active"),
    UserSeed::Fleet("deleted_terminating"),
    UserSeed::FleetOverride("modifying"),
    UserSeed::FleetOverride("deleted"),
    UserSeed::Parameter(""),
    UserSeed::Parameter("the golden one is "),
    UserSeed::ImageRecipe(""),
    UserSeed::ImageRecipe("ssm:"),
    UserSeed::ContainerRecipe,
    UserSeed::Resource,
    UserSeed::NodeGroup,
    UserSeed::Referring("i-elsewhere"),
    UserSeed::Referring("terminated"),
    UserSeed::Activity("Failed", 2),
    UserSeed::Activity("Cancelled", 29),
    UserSeed::Activity("Failed", 31),
    UserSeed::Activity("Successful", 2),
    UserSeed::Event(1),
    UserSeed::Event(60),
    UserSeed::Note,
];

pub(crate) fn user() -> impl Strategy<Value = UserSeed> {
    proptest::sample::select(&KINDS[..])
}

/// Adds one user of `ami`. Whatever it makes carries `id` in its name.
pub(crate) fn add_user(answers: &mut Answers, id: &str, ami: &str, user: UserSeed) {
    let template_id = Some(format!("lt-{id}"));
    let on = |version: &str| TemplateSpecification {
        launch_template_id: template_id.clone(),
        version: Some(version.into()),
        ..TemplateSpecification::default()
    };
    let device = || Some(vec![Some(BlockDevice { device_name: Some("/dev/xvda".into()), ..BlockDevice::default() })]);
    match user {
        UserSeed::Instance(state) => instance(answers, &format!("i-{id}"), ami, state),
        UserSeed::DefaultVersion => template(answers, id, &[ami]),
        UserSeed::LatestVersion => template(answers, id, &["ami-elsewhere", ami]),
        UserSeed::StaleVersion => template(answers, id, &["ami-elsewhere", ami, "ami-elsewhere"]),
        UserSeed::GroupOnVersion => {
            template(answers, id, &["ami-elsewhere", ami, "ami-elsewhere"]);
            group(answers, id, AutoScalingGroup { launch_template: Some(on("2")), ..AutoScalingGroup::default() });
        }
        UserSeed::GroupOverride => {
            template(answers, id, &["ami-elsewhere"]);
            let overrides = Some(vec![Some(Override { image_id: Some(ami.into()), ..Override::default() })]);
            let template = GroupTemplate { launch_template_specification: Some(on("$Default")), overrides };
            let policy = MixedInstancesPolicy { launch_template: Some(template) };
            group(answers, id, AutoScalingGroup { mixed_instances_policy: Some(policy), ..AutoScalingGroup::default() });
        }
        UserSeed::Configuration => {
            let configuration = LaunchConfiguration {
                launch_configuration_name: Some(format!("lc-{id}")),
                image_id: Some(ami.into()),
                block_device_mappings: device(),
            };
            push(&mut answers.launch_configurations, |answer| &mut answer.launch_configurations, configuration);
        }
        UserSeed::Alias(suffix) => {
            template(answers, id, &[&format!("resolve:ssm:/golden/{id}{suffix}")]);
            parameter(answers, id, ami, suffix);
        }
        UserSeed::SpotFleet(state) => {
            let specification = LaunchSpecification { image_id: Some(ami.into()), block_device_mappings: device() };
            spot_fleet(
                answers,
                id,
                state,
                SpotFleetConfig { launch_specifications: Some(vec![Some(specification)]), ..Default::default() },
            );
        }
        UserSeed::SpotFleetOnVersion(state) => {
            template(answers, id, &["ami-elsewhere", if counts(user).is_some() { ami } else { "ami-elsewhere" }, "ami-elsewhere"]);
            let config = FleetTemplate { launch_template_specification: Some(on("2")), overrides: None };
            spot_fleet(answers, id, state, SpotFleetConfig { launch_template_configs: Some(vec![Some(config)]), ..Default::default() });
        }
        UserSeed::SpotRequest(state) => {
            let request = SpotInstanceRequest {
                spot_instance_request_id: Some(format!("sir-{id}")),
                state: Some(state.into()),
                launch_specification: Some(LaunchSpecification { image_id: Some(ami.into()), block_device_mappings: device() }),
            };
            asked(&mut answers.spot_requests, |answer| &mut answer.spot_instance_requests, request);
        }
        UserSeed::Fleet(state) => {
            template(answers, id, &["ami-elsewhere", if counts(user).is_some() { ami } else { "ami-elsewhere" }, "ami-elsewhere"]);
            fleet(answers, id, state, FleetTemplate { launch_template_specification: Some(on("2")), overrides: None });
        }
        UserSeed::FleetOverride(state) => {
            template(answers, id, &["ami-elsewhere"]);
            let overrides = Some(vec![Some(FleetOverride { image_id: Some(ami.into()) })]);
            fleet(answers, id, state, FleetTemplate { launch_template_specification: Some(on("1")), overrides });
        }
        UserSeed::Parameter(text) => parameter(answers, id, &format!("{text}{ami}"), ""),
        UserSeed::ImageRecipe(alias) => {
            let arn = Some(format!("arn:aws:imagebuilder:eu-central-1:111111111111:image-recipe/{id}/1.0.0"));
            let parent = if alias.is_empty() { ami.to_owned() } else { format!("{alias}/golden/{id}") };
            if !alias.is_empty() {
                parameter(answers, id, ami, "");
            }
            let summary = RecipeSummary { arn: arn.clone(), name: Some(id.into()) };
            asked(&mut answers.image_recipes, |answer| &mut answer.image_recipe_summary_list, summary);
            let recipe = ImageRecipe { arn, parent_image: Some(parent), ..ImageRecipe::default() };
            one_more(&mut answers.image_recipe_details, GetImageRecipe { image_recipe: Some(recipe) });
        }
        UserSeed::ContainerRecipe => {
            let arn = Some(format!("arn:aws:imagebuilder:eu-central-1:111111111111:container-recipe/{id}/1.0.0"));
            let summary = RecipeSummary { arn: arn.clone(), name: Some(id.into()) };
            asked(&mut answers.container_recipes, |answer| &mut answer.container_recipe_summary_list, summary);
            let instance_configuration = Some(InstanceConfiguration { image: Some(ami.into()), ..InstanceConfiguration::default() });
            let recipe = ContainerRecipe { arn, instance_configuration, ..ContainerRecipe::default() };
            one_more(&mut answers.container_recipe_details, GetContainerRecipe { container_recipe: Some(recipe) });
        }
        UserSeed::Resource => {
            let properties = json!({"ComputeResources": {"Ec2Configuration": [{"ImageIdOverride": ami}]}});
            resource(answers, "AWS::Batch::ComputeEnvironment", id, &properties);
        }
        UserSeed::NodeGroup => {
            template(answers, id, &["ami-elsewhere", ami, "ami-elsewhere"]);
            resource(answers, "AWS::EKS::Nodegroup", id, &json!({"LaunchTemplate": {"Id": template_id, "Version": "2"}}));
        }
        UserSeed::Referring(instance_id) => {
            let instance_id = format!("{instance_id}-{id}");
            if counts(user).is_none() {
                instance(answers, &instance_id, ami, "terminated");
            }
            let reference = ImageReference {
                image_id: Some(ami.into()),
                resource_type: Some("ec2:Instance".into()),
                arn: Some(format!("arn:aws:ec2:eu-central-1:111111111111:instance/{instance_id}")),
            };
            asked(&mut answers.image_references, |answer| &mut answer.image_references, reference);
        }
        UserSeed::Activity(status, days) => {
            let activity = ScalingActivity {
                activity_id: Some(format!("activity-{id}")),
                auto_scaling_group_name: Some(format!("g-{id}")),
                status_code: Some(status.into()),
                status_message: Some(format!("The image id '[{ami}]' does not exist. Launching EC2 instance failed.")),
                start_time: Some(days_ago(days)),
            };
            asked(&mut answers.scaling_activities, |answer| &mut answer.activities, activity);
        }
        UserSeed::Event(days) => {
            let event = json!({"eventName": "RunInstances", "errorCode": "Client.InvalidAMIID.Unavailable",
                "userIdentity": {"arn": format!("arn:aws:iam::111111111111:user/{id}")},
                "requestParameters": {"instancesSet": {"items": [{"imageId": ami}]}}});
            let event = Event {
                event_id: Some(format!("event-{id}")),
                event_name: Some("RunInstances".into()),
                event_time: Some(json!(days_ago(days))),
                cloud_trail_event: Some(event.to_string()),
            };
            asked(&mut answers.events, |answer| &mut answer.events, event);
        }
        UserSeed::Note => {
            let found = answers.others.entry(Source::named(&format!("note-{id}"))).or_insert_with(|| Ok(Named::default()));
            found.as_mut().unwrap().image_ids.insert(ami.into());
        }
    }
}

fn instance(answers: &mut Answers, id: &str, ami: &str, state: &str) {
    let instance = Instance {
        instance_id: Some(id.into()),
        image_id: Some(ami.into()),
        state: Some(InstanceState { name: Some(state.into()) }),
        ..Instance::default()
    };
    push(&mut answers.instances, |answer| &mut answer.reservations, Reservation { instances: Some(vec![Some(instance)]) });
}

fn group(answers: &mut Answers, id: &str, group: AutoScalingGroup) {
    let group = AutoScalingGroup { auto_scaling_group_name: Some(format!("g-{id}")), desired_capacity: Some(0), ..group };
    push(&mut answers.auto_scaling_groups, |answer| &mut answer.auto_scaling_groups, group);
}

fn spot_fleet(answers: &mut Answers, id: &str, state: &str, config: SpotFleetConfig) {
    let request = SpotFleetRequest {
        spot_fleet_request_id: Some(format!("sfr-{id}")),
        spot_fleet_request_state: Some(state.into()),
        spot_fleet_request_config: Some(config),
    };
    asked(&mut answers.spot_fleets, |answer| &mut answer.spot_fleet_request_configs, request);
}

fn fleet(answers: &mut Answers, id: &str, state: &str, template: FleetTemplate) {
    let fleet = Fleet {
        fleet_id: Some(format!("fleet-{id}")),
        fleet_state: Some(state.into()),
        launch_template_configs: Some(vec![Some(template)]),
    };
    asked(&mut answers.fleets, |answer| &mut answer.fleets, fleet);
}

/// A parameter with `value` now, or at a version or label that another value has taken over.
fn parameter(answers: &mut Answers, id: &str, value: &str, selector: &str) {
    let name = Some(format!("/golden/{id}"));
    let kind = Some("String".to_owned());
    let metadata = ParameterMetadata { name: name.clone(), kind: kind.clone(), ..ParameterMetadata::default() };
    asked(&mut answers.parameter_names, |answer| &mut answer.parameters, metadata);
    let parameter = |value: &str, selector: &str| Parameter {
        name: name.clone(),
        kind: kind.clone(),
        value: Some(value.into()),
        selector: (!selector.is_empty()).then(|| selector.to_owned()),
        ..Parameter::default()
    };
    if !selector.is_empty() {
        asked(&mut answers.parameters, |answer| &mut answer.parameters, parameter("ami-elsewhere", ""));
    }
    asked(&mut answers.parameters, |answer| &mut answer.parameters, parameter(value, selector));
}

fn resource(answers: &mut Answers, kind: &str, id: &str, properties: &serde_json::Value) {
    let listed = ListResources {
        type_name: Some(kind.into()),
        resource_descriptions: Some(vec![Some(ResourceDescription { identifier: Some(id.into()), properties: None })]),
    };
    one_more(&mut answers.resources, listed);
    let description = ResourceDescription { identifier: Some(id.into()), properties: Some(properties.to_string()) };
    one_more(&mut answers.resource_details, GetResource { type_name: Some(kind.into()), resource_description: Some(description) });
}

/// A template whose versions launch these images; the first is the default.
fn template(answers: &mut Answers, id: &str, images: &[&str]) {
    let template_id = Some(format!("lt-{id}"));
    let latest = i64::try_from(images.len()).unwrap();
    let head = LaunchTemplate {
        launch_template_id: template_id.clone(),
        default_version_number: Some(1),
        latest_version_number: Some(latest),
        ..LaunchTemplate::default()
    };
    push(&mut answers.launch_templates, |answer| &mut answer.launch_templates, head);
    for (number, image) in (1..).zip(images) {
        let version = LaunchTemplateVersion {
            launch_template_id: template_id.clone(),
            version_number: Some(number),
            default_version: Some(number == 1),
            create_time: Some(days_ago(410)),
            launch_template_data: Some(LaunchTemplateData { image_id: Some((*image).into()), ..LaunchTemplateData::default() }),
            ..LaunchTemplateVersion::default()
        };
        push(&mut answers.launch_template_versions, |answer| &mut answer.launch_template_versions, version);
    }
}

fn asked<A, T>(answer: &mut Option<Answer<A>>, list: impl Fn(&mut A) -> &mut List<T>, item: T) {
    push(answer.as_mut().unwrap(), list, item);
}

fn one_more<T>(answer: &mut Option<Answer<Vec<T>>>, item: T) {
    answer.as_mut().unwrap().as_mut().unwrap().push(item);
}
