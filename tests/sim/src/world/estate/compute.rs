//! Building what uses images: instances, launch templates, Auto Scaling groups, launch configurations, volumes.

use jiff::{SignedDuration, Timestamp};

use super::PlaceHandle;
use crate::world::compute::{
    Group, GroupInstance, GroupSource, Instance, InstanceState, LaunchConfiguration, LaunchTemplate, Operator, Override, TemplateRef,
    TemplateVersion,
};
use crate::world::image::Tags;

impl<'w> PlaceHandle<'w> {
    pub(super) fn zone(&self) -> String {
        format!("{}a", self.region)
    }

    /// A launch template as a group or a fleet names it.
    pub(super) fn template_ref(&self, id: &str, version: &str) -> TemplateRef {
        let place = self.world.place(&self.account, &self.region);
        let name = place.and_then(|place| place.launch_templates.get(id)).map(|template| template.name.clone());
        TemplateRef { id: Some(id.to_owned()), name, version: Some(version.to_owned()) }
    }

    /// A running instance of an image, unless told otherwise.
    pub fn instance(self, image: &str) -> InstanceBuilder<'w> {
        let id = self.world.ids.resource("i");
        let instance = Instance {
            id,
            reservation: self.world.ids.resource("r"),
            image: image.to_owned(),
            state: InstanceState::Running,
            instance_type: "t3.micro".to_owned(),
            architecture: "x86_64".to_owned(),
            launched: self.world.now(),
            terminated: None,
            lifecycle: None,
            zone: self.zone(),
            operator: None,
            tags: Tags::new(),
        };
        InstanceBuilder { place: self, instance }
    }

    /// A launch template; give it at least one version.
    pub fn launch_template(self, name: &str) -> LaunchTemplateBuilder<'w> {
        let template = LaunchTemplate {
            id: self.world.ids.resource("lt"),
            name: name.to_owned(),
            created: self.world.now(),
            created_by: format!("arn:{}:iam::{}:root", self.world.partition(&self.account), self.account),
            default_version: 1,
            versions: std::collections::BTreeMap::new(),
            operator: None,
            tags: Tags::new(),
        };
        LaunchTemplateBuilder { place: self, template }
    }

    /// A launch configuration.
    pub fn launch_configuration(mut self, name: &str, image: &str) {
        let configuration = LaunchConfiguration {
            name: name.to_owned(),
            image: image.to_owned(),
            instance_type: "t3.micro".to_owned(),
            created: self.world.now(),
        };
        self.place().launch_configurations.insert(name.to_owned(), configuration);
    }

    /// A group of size zero, unless told otherwise; say what it launches from before `put`.
    pub fn auto_scaling_group(self, name: &str) -> GroupBuilder<'w> {
        let group = Group {
            name: name.to_owned(),
            source: GroupSource::Template(TemplateRef { id: None, name: None, version: None }),
            min: 0,
            max: 1,
            desired: 0,
            created: self.world.now(),
            zones: vec![self.zone()],
            instances: Vec::new(),
            warm_pool: None,
            tags: Tags::new(),
        };
        GroupBuilder { place: self, group }
    }
}

/// An instance in the making.
#[derive(Debug)]
pub struct InstanceBuilder<'w> {
    place: PlaceHandle<'w>,
    instance: Instance,
}

impl InstanceBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut Instance)) -> Self {
        change(&mut self.instance);
        self
    }

    /// Its state.
    pub fn state(self, state: InstanceState) -> Self {
        let now = self.place.world.now();
        self.with(|instance| {
            instance.state = state;
            instance.terminated = (state == InstanceState::Terminated).then_some(now);
        })
    }

    /// When it was launched.
    pub fn launched(self, at: Timestamp) -> Self {
        self.with(|instance| instance.launched = at)
    }

    /// Launched so many days ago.
    pub fn age_days(self, days: i64) -> Self {
        let at = self.place.world.now() - SignedDuration::from_hours(24 * days);
        self.launched(at)
    }

    /// Managed by an AWS service, and hidden by default.
    pub fn managed_by(self, principal: &str) -> Self {
        let operator = Operator { principal: principal.to_owned(), hidden: true };
        self.with(|instance| instance.operator = Some(operator))
    }

    /// A tag.
    pub fn tag(self, key: &str, value: &str) -> Self {
        self.with(|instance| {
            instance.tags.insert(key.to_owned(), value.to_owned());
        })
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        let id = self.instance.id.clone();
        let instance = self.instance;
        self.place.place().instances.insert(id.clone(), instance);
        id
    }
}

/// A launch template in the making.
#[derive(Debug)]
pub struct LaunchTemplateBuilder<'w> {
    place: PlaceHandle<'w>,
    template: LaunchTemplate,
}

impl LaunchTemplateBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut LaunchTemplate)) -> Self {
        change(&mut self.template);
        self
    }

    /// The next version, with this image: an AMI id or `resolve:ssm:…`.
    pub fn version(self, image: &str) -> Self {
        self.any_version(Some(image))
    }

    /// The next version, without an image.
    pub fn version_without_image(self) -> Self {
        self.any_version(None)
    }

    fn any_version(self, image: Option<&str>) -> Self {
        let version = TemplateVersion {
            image: image.map(str::to_owned),
            description: None,
            created: self.place.world.now(),
            instance_type: Some("t3.micro".to_owned()),
            mappings: Vec::new(),
        };
        self.with(|template| {
            let number = template.versions.keys().next_back().map_or(1, |last| last + 1);
            template.versions.insert(number, version);
        })
    }

    /// Which version is the default; the first one otherwise.
    pub fn default_version(self, number: u64) -> Self {
        self.with(|template| template.default_version = number)
    }

    /// Takes a version away, as DeleteLaunchTemplateVersions does.
    pub fn without_version(self, number: u64) -> Self {
        self.with(|template| {
            template.versions.remove(&number);
        })
    }

    /// Managed by an AWS service, and hidden by default.
    pub fn managed_by(self, principal: &str) -> Self {
        let operator = Operator { principal: principal.to_owned(), hidden: true };
        self.with(|template| template.operator = Some(operator))
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        let id = self.template.id.clone();
        let template = self.template;
        self.place.place().launch_templates.insert(id.clone(), template);
        id
    }
}

/// An Auto Scaling group in the making.
#[derive(Debug)]
pub struct GroupBuilder<'w> {
    place: PlaceHandle<'w>,
    group: Group,
}

impl GroupBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut Group)) -> Self {
        change(&mut self.group);
        self
    }

    /// Launches from a version of a template: a number, `$Default` or `$Latest`.
    pub fn launch_template(self, id: &str, version: &str) -> Self {
        let template = self.place.template_ref(id, version);
        self.with(|group| group.source = GroupSource::Template(template))
    }

    /// Launches from a launch configuration.
    pub fn launch_configuration(self, name: &str) -> Self {
        self.with(|group| group.source = GroupSource::Configuration(name.to_owned()))
    }

    /// A mixed instances policy; add overrides next.
    pub fn mixed(self, id: &str, version: &str) -> Self {
        let template = self.place.template_ref(id, version);
        self.with(|group| group.source = GroupSource::Mixed { template, overrides: Vec::new() })
    }

    fn add_override(self, one: Override) -> Self {
        self.with(|group| {
            if let GroupSource::Mixed { overrides, .. } = &mut group.source {
                overrides.push(one);
            }
        })
    }

    /// An override with its own launch template. Only after `mixed`.
    pub fn override_template(self, instance_type: &str, id: &str, version: &str) -> Self {
        let template = Some(self.place.template_ref(id, version));
        self.add_override(Override { instance_type: Some(instance_type.to_owned()), template, image: None })
    }

    /// An override with its own image. Only after `mixed`.
    pub fn override_image(self, instance_type: &str, image: &str) -> Self {
        let image = Some(image.to_owned());
        self.add_override(Override { instance_type: Some(instance_type.to_owned()), template: None, image })
    }

    /// Minimum, maximum and desired size.
    pub fn size(self, min: u32, max: u32, desired: u32) -> Self {
        self.with(|group| {
            group.min = min;
            group.max = max;
            group.desired = desired;
        })
    }

    /// A warm pool: `Stopped`, `Running` or `Hibernated`, and its size.
    pub fn warm_pool(self, state: &str, size: u32) -> Self {
        self.with(|group| group.warm_pool = Some((state.to_owned(), size)))
    }

    /// An instance that is there already, for example `InService`.
    pub fn member(self, instance: &str, lifecycle_state: &str) -> Self {
        self.with(|group| {
            let (template, configuration) = match &group.source {
                GroupSource::Template(template) | GroupSource::Mixed { template, .. } => (Some(template.clone()), None),
                GroupSource::Configuration(name) => (None, Some(name.clone())),
            };
            group.instances.push(GroupInstance {
                id: instance.to_owned(),
                instance_type: "t3.micro".to_owned(),
                zone: group.zones.first().cloned().unwrap_or_default(),
                lifecycle_state: lifecycle_state.to_owned(),
                template,
                configuration,
            });
        })
    }

    /// Puts it there.
    pub fn put(mut self) {
        let group = self.group;
        self.place.place().groups.insert(group.name.clone(), group);
    }
}
