//! Building Spot Fleet requests, Spot Instance requests and EC2 Fleets.

use super::PlaceHandle;
use crate::world::fleet::{Fleet, FleetOverride, LaunchSpecification, SpotFleet, SpotRequest, TemplateConfig};
use crate::world::image::Tags;

fn specification(image: &str) -> LaunchSpecification {
    LaunchSpecification { image: Some(image.to_owned()), instance_type: "t3.micro".to_owned(), mappings: Vec::new() }
}

impl<'w> PlaceHandle<'w> {
    /// A Spot Fleet request in this state: `active`, `cancelled_running`, `cancelled`, …
    pub fn spot_fleet(self, state: &str) -> SpotFleetBuilder<'w> {
        let now = self.world.now();
        let fleet = SpotFleet {
            id: format!("sfr-{}", self.world.ids.uuid()),
            state: state.to_owned(),
            activity: (state == "active").then(|| "fulfilled".to_owned()),
            kind: "maintain".to_owned(),
            created: now,
            cancelled: (state == "cancelled").then_some(now),
            target: 1,
            specifications: Vec::new(),
            configs: Vec::new(),
            tags: Tags::new(),
        };
        SpotFleetBuilder { place: self, fleet }
    }

    /// An EC2 Fleet in this state: `active`, `deleted_running`, `deleted`, …
    pub fn fleet(self, state: &str) -> FleetBuilder<'w> {
        let fleet = Fleet {
            id: format!("fleet-{}", self.world.ids.uuid()),
            state: state.to_owned(),
            activity: (state == "active").then(|| "fulfilled".to_owned()),
            kind: "maintain".to_owned(),
            created: self.world.now(),
            target: 1,
            configs: Vec::new(),
            errors: Vec::new(),
            tags: Tags::new(),
        };
        FleetBuilder { place: self, fleet }
    }

    /// A Spot Instance request in this state: `open`, `active`, `closed`, `cancelled`, … Say its image next.
    pub fn spot_request(self, state: &str) -> SpotRequestBuilder<'w> {
        let now = self.world.now();
        let status = match state {
            "active" => ("fulfilled", "Your Spot request is fulfilled."),
            "cancelled" => ("canceled-before-fulfillment", "Your Spot request is canceled before it was fulfilled."),
            "closed" => ("instance-terminated-by-user", "Spot Instance terminated due to user-initiated termination."),
            "failed" => ("bad-parameters", "Your Spot request failed due to bad parameters."),
            _ => ("pending-evaluation", "Your Spot request has been submitted for review, and is pending evaluation."),
        };
        let request = SpotRequest {
            id: self.world.ids.spot_request(),
            state: state.to_owned(),
            status: (status.0.to_owned(), status.1.to_owned()),
            kind: "one-time".to_owned(),
            created: now,
            cancelled: (state == "cancelled").then_some(now),
            specification: LaunchSpecification { image: None, instance_type: "t3.micro".to_owned(), mappings: Vec::new() },
            instance: None,
            tags: Tags::new(),
        };
        SpotRequestBuilder { place: self, request }
    }
}

/// A Spot Fleet request in the making.
#[derive(Debug)]
pub struct SpotFleetBuilder<'w> {
    place: PlaceHandle<'w>,
    fleet: SpotFleet,
}

impl SpotFleetBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut SpotFleet)) -> Self {
        change(&mut self.fleet);
        self
    }

    /// A launch specification with this image.
    pub fn image(self, image: &str) -> Self {
        self.with(|fleet| fleet.specifications.push(specification(image)))
    }

    /// Launches from a version of a template: a number, `$Default` or `$Latest`.
    pub fn launch_template(self, id: &str, version: &str) -> Self {
        let template = self.place.template_ref(id, version);
        self.with(|fleet| fleet.configs.push(TemplateConfig { template, overrides: Vec::new() }))
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        let id = self.fleet.id.clone();
        let fleet = self.fleet;
        self.place.place().spot_fleets.insert(id.clone(), fleet);
        id
    }
}

/// An EC2 Fleet in the making.
#[derive(Debug)]
pub struct FleetBuilder<'w> {
    place: PlaceHandle<'w>,
    fleet: Fleet,
}

impl FleetBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut Fleet)) -> Self {
        change(&mut self.fleet);
        self
    }

    /// Of type `instant`: only told when it is named.
    pub fn instant(self) -> Self {
        self.with(|fleet| "instant".clone_into(&mut fleet.kind))
    }

    /// Launches from a version of a template: a number, `$Default` or `$Latest`.
    pub fn launch_template(self, id: &str, version: &str) -> Self {
        let template = self.place.template_ref(id, version);
        self.with(|fleet| fleet.configs.push(TemplateConfig { template, overrides: Vec::new() }))
    }

    /// An override with its own image. Only after `launch_template`.
    pub fn override_image(self, instance_type: &str, image: &str) -> Self {
        let one =
            FleetOverride { instance_type: Some(instance_type.to_owned()), image: Some(image.to_owned()), ..FleetOverride::default() };
        self.with(|fleet| {
            if let Some(config) = fleet.configs.last_mut() {
                config.overrides.push(one);
            }
        })
    }

    /// A launch that failed.
    pub fn error(self, code: &str, message: &str) -> Self {
        self.with(|fleet| fleet.errors.push((code.to_owned(), message.to_owned())))
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        let id = self.fleet.id.clone();
        let fleet = self.fleet;
        self.place.place().fleets.insert(id.clone(), fleet);
        id
    }
}

/// A Spot Instance request in the making.
#[derive(Debug)]
pub struct SpotRequestBuilder<'w> {
    place: PlaceHandle<'w>,
    request: SpotRequest,
}

impl SpotRequestBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut SpotRequest)) -> Self {
        change(&mut self.request);
        self
    }

    /// What it launches.
    pub fn image(self, image: &str) -> Self {
        self.with(|request| request.specification = specification(image))
    }

    /// Asked for again whenever its instance is gone.
    pub fn persistent(self) -> Self {
        self.with(|request| "persistent".clone_into(&mut request.kind))
    }

    /// The instance that it got.
    pub fn instance(self, id: &str) -> Self {
        self.with(|request| request.instance = Some(id.to_owned()))
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        let id = self.request.id.clone();
        let request = self.request;
        self.place.place().spot_requests.insert(id.clone(), request);
        id
    }
}
