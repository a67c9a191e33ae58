//! Over the wire: the SDK against the simulator on a loopback port.

mod accounts;
mod connecting;
mod organization;
mod reading;
mod sources;
mod writing;

use std::time::Duration;

use ami_warden_sim::world::estate::PlaceHandle;
use ami_warden_sim::world::image::Image;
use ami_warden_sim::world::recycle_bin::Binned;
use ami_warden_sim::world::snapshot::Snapshot;
use ami_warden_sim::{InstanceState, Server, Sim, World, company};
use jiff::SignedDuration;

use super::{Aws, Clients, ConnectError, Keys, Pace, Settings, Timeouts};
use crate::model::Place;

pub(crate) const OURS: &str = "111111111111";
pub(crate) const OUTSIDER: &str = "222222222222";
pub(crate) const HERE: &str = "us-east-1";
/// Amazon, as an owner of images.
pub(crate) const AMAZON: &str = "137112412989";

/// A simulation and the way into it.
#[derive(Debug)]
pub(crate) struct Wired {
    pub(crate) sim: Sim,
    pub(crate) server: Server,
    pub(crate) aws: Aws,
}

impl Wired {
    pub(crate) async fn to(world: World) -> Self {
        Self::with(world, settings).await
    }

    /// For calls that get no answer.
    pub(crate) async fn impatient(world: World) -> Self {
        Self::with(world, impatient).await
    }

    /// For tests of what fails: nothing is tried again.
    pub(crate) async fn once(world: World) -> Self {
        Self::with(world, |endpoint| {
            let patient = settings(endpoint);
            Settings { timeouts: Timeouts { attempts: 1, ..patient.timeouts }, ..patient }
        })
        .await
    }

    async fn with(world: World, settings: impl Fn(&str) -> Settings) -> Self {
        let sim = Sim::new(world);
        let server = sim.serve().await.unwrap();
        let aws = Aws::connect(settings(&server.endpoint())).await.unwrap();
        Self { sim, server, aws }
    }

    pub(crate) fn clients(&self) -> Clients {
        self.aws.clients(&here()).unwrap()
    }
}

pub(crate) fn here() -> Place {
    Place::new(OURS, HERE)
}

pub(crate) fn now() -> jiff::Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

/// At least two of everything that is read in our first Region, so that every listing has a second page.
pub(crate) fn everything() -> World {
    let mut world = company(now());
    let place = world.place(OURS, HERE).unwrap();
    let golden = place.images.values().find(|image| image.name == "golden-3").unwrap().clone();
    let (id, day) = (golden.id.clone(), SignedDuration::from_hours(24));
    let images: Vec<String> = (0..8).map(|n| world.account(OURS).region(HERE).image(&format!("plain-{n}")).age_days(30).put()).collect();
    let template = world.account(OURS).region(HERE).launch_template("numbered").version(&id).version(&images[0]).version(&id).put();
    // The company's node groups launch by it.
    let groups = world.place_mut(OURS, HERE).resources.get_mut("AWS::EKS::Nodegroup").unwrap();
    groups.values_mut().for_each(|group| group.properties["LaunchTemplate"]["Id"] = template.clone().into());
    world.account(OURS).region(HERE).launch_template("single").version(&id).put();
    let buried = world.account(OURS).region(HERE).image("buried").age_days(300).put();
    let deep = world.account(OURS).region(HERE).launch_template("deep").version(&buried);
    (0..11).fold(deep, |deep, _| deep.version(&id)).put();
    let terminated = world.account(OURS).region(HERE).image("terminated").age_days(300).put();
    world.account(OURS).region(HERE).instance(&terminated).state(InstanceState::Terminated).put();
    let amazons = world.account(AMAZON).region(HERE).image("al2023").owner_alias("amazon").public().put();
    world.account(OURS).region(HERE).instance(&amazons).put();
    for (n, state) in [(0, "active"), (1, "cancelled")] {
        let here = |world: &'_ mut World, build: &dyn Fn(PlaceHandle<'_>)| build(world.account(OURS).region(HERE));
        here(&mut world, &|place| drop(place.spot_fleet(state).image(&id).launch_template(&template, "$Latest").put()));
        here(&mut world, &|place| {
            place.fleet("active").launch_template(&template, "$Default").override_image("m5.large", &id).put();
        });
        here(&mut world, &|place| drop(place.spot_request("open").image(&id).put()));
        here(&mut world, &|place| place.auto_scaling_group(&format!("group-{n}")).launch_template(&template, "$Default").put());
        here(&mut world, &|place| place.launch_configuration(&format!("classic-{n}"), &id));
        let locked = world.account(OURS).region(HERE).snapshot().locked_until(now() + day).fast_restore("us-east-1a").public().put();
        world.account(OURS).region(HERE).volume(Some(&locked));
        let report = world.account(OURS).region(HERE).usage_report(&images[n]).entry(OUTSIDER, "ec2:Instance", 3);
        report.entry(OUTSIDER, "ec2:LaunchTemplate", 1).put();
        let snapshot = world.place(OURS, HERE).unwrap().snapshots[&locked].clone();
        let (entered, exits) = (now() - day, now() + day);
        let (image, snapshot) =
            (Image { id: format!("ami-0bin{n}"), ..golden.clone() }, Snapshot { id: format!("snap-0bin{n}"), ..snapshot });
        let place = world.place_mut(OURS, HERE);
        place.bin_images.insert(image.id.clone(), Binned { item: image, entered, exits });
        place.bin_snapshots.insert(snapshot.id.clone(), Binned { item: snapshot, entered, exits });
    }
    let default = world.account(OURS).region(HERE).default_key("ebs");
    for key in [&default, &format!("arn:aws:kms:{HERE}:{OURS}:key/11111111-2222-3333-4444-555555555555")] {
        world.account(OURS).region(HERE).snapshot().encrypted_with(key).put();
    }
    for (group, days) in [("web", 1), ("deleted", 2), ("web", 31)] {
        world.account(OURS).region(HERE).scaling_activity(group).failed_on_disabled(&id).hours_ago(24 * days).put();
    }
    let cancelled = world.account(OURS).region(HERE).scaling_activity("stopped").failed_on_missing(&id).hours_ago(24 * 3);
    cancelled.with(|activity| activity.status = "Cancelled".to_owned()).put();
    world.account(OURS).region(HERE).scaling_activity("web").put();
    world
}

pub(crate) fn settings(endpoint: &str) -> Settings {
    Settings {
        timeouts: Timeouts {
            credentials: Duration::from_secs(4),
            connect: Duration::from_secs(3),
            read: Duration::from_secs(20),
            attempt: Duration::from_secs(20),
            operation: Duration::from_secs(60),
            attempts: 2,
        },
        pace: Pace::Unlimited,
        keys: Some(Keys { access_key_id: format!("AKIA{OURS}"), secret_access_key: "x".into(), session_token: None }),
        home: Some(HERE.into()),
        endpoint_url: Some(endpoint.to_owned()),
        http_client: None,
    }
}

/// The same with little patience, for answers that never come. On a busy machine even real ones may come too late, so
/// only tests of silence use it.
fn impatient(endpoint: &str) -> Settings {
    let patient = settings(endpoint);
    let timeouts = Timeouts { read: Duration::from_millis(800), attempt: Duration::from_secs(1), ..patient.timeouts };
    Settings { timeouts, ..patient }
}

async fn refused(settings: Settings) -> ConnectError {
    Aws::connect(settings).await.unwrap_err()
}
