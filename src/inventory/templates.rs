//! Launch templates: which versions launch which image, and which of them anything names.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{Place, Source, Volume};

use super::answers::{Answers, LaunchTemplate, LaunchTemplateVersion, TemplateSpecification};
use super::decode::{self, listed};
use super::parameters::Parameters;
use super::place::Gaps;
use super::references::{Naming, Reference, User, Users};

/// An alias that EC2 resolves at launch (EC2 user guide, "Use a Systems Manager parameter instead of an AMI ID").
const ALIAS: &str = "resolve:ssm:";
/// Parameters that AWS publishes.
pub(super) const PUBLISHED: &str = "/aws/service/";

/// All templates of a place.
#[derive(Debug, Default)]
pub(super) struct Templates {
    by_id: BTreeMap<String, Template>,
    /// Whether both listings answered: only then is an unknown template a contradiction.
    complete: bool,
}

#[derive(Debug, Default, PartialEq)]
struct Template {
    name: Option<String>,
    default: Option<i64>,
    latest: Option<i64>,
    versions: BTreeMap<i64, Version>,
    /// Groups, fleets and resources that name a version, by version.
    named_by: BTreeMap<i64, BTreeSet<String>>,
}

#[derive(Debug, PartialEq)]
struct Version {
    image: Option<String>,
    volumes: Vec<Volume>,
    made_at: Option<Timestamp>,
}

impl Templates {
    /// Reads both listings and checks them against each other.
    pub(super) fn read(answers: &Answers, gaps: &mut Gaps) -> Self {
        let mut templates = Self::default();
        let heads = gaps.learn(Source::LaunchTemplates, answers.launch_templates.as_ref().map_err(Clone::clone), |answer| {
            listed(&answer.launch_templates, "LaunchTemplates")?.into_iter().try_for_each(|head| templates.add_head(head))
        });
        let versions = answers.launch_template_versions.as_ref().map_err(Clone::clone);
        let versions = gaps.learn(Source::LaunchTemplateVersions, versions, |answer| {
            listed(&answer.launch_template_versions, "LaunchTemplateVersions")?
                .into_iter()
                .try_for_each(|version| templates.add_version(version))
        });
        templates.complete = heads.is_some() && versions.is_some();
        if templates.complete {
            gaps.learn(Source::LaunchTemplateVersions, Ok(()), |()| templates.check());
        }
        templates
    }

    fn add_head(&mut self, head: &LaunchTemplate) -> Result<(), String> {
        let id = decode::required(head.launch_template_id.clone(), "LaunchTemplateId", "a launch template")?;
        let template = Template {
            name: head.launch_template_name.clone(),
            default: head.default_version_number,
            latest: head.latest_version_number,
            ..Template::default()
        };
        once(&mut self.by_id, id, template, |id| id)
    }

    fn add_version(&mut self, version: &LaunchTemplateVersion) -> Result<(), String> {
        let id = decode::required(version.launch_template_id.clone(), "LaunchTemplateId", "a launch template version")?;
        let number = version.version_number.ok_or_else(|| format!("a version of {id} has no VersionNumber"))?;
        let data = version.launch_template_data.as_ref().ok_or_else(|| format!("{id} version {number} has no LaunchTemplateData"))?;
        // A template may leave its image to whoever launches it; it never names one that is nothing.
        if data.image_id.as_deref() == Some("") {
            return Err(format!("{id} version {number} has an empty ImageId"));
        }
        let volumes = decode::volumes(data.block_device_mappings.clone())?;
        let template = self.by_id.entry(id.clone()).or_default();
        template.name = template.name.take().or_else(|| version.launch_template_name.clone());
        if version.default_version == Some(true) {
            template.default = template.default.or(Some(number));
        }
        template.latest = template.latest.max(Some(number));
        let image = data.image_id.clone();
        // Its age only describes it; a date that cannot be read hides no use.
        let made_at = version.create_time.as_deref().and_then(|time| time.parse().ok());
        once(&mut template.versions, number, Version { image, volumes, made_at }, |number| format!("{id} version {number}"))
    }

    /// Every template must have the versions that a launch would use.
    fn check(&self) -> Result<(), String> {
        for (id, template) in &self.by_id {
            for (what, number) in [("default", template.default), ("latest", template.latest)] {
                let number = number.ok_or_else(|| format!("the {what} version of {id} is not known"))?;
                if !template.versions.contains_key(&number) {
                    return Err(format!("{what} version {number} of {id} was not listed"));
                }
            }
        }
        Ok(())
    }

    /// The image that `who` launches by a specification, if its template names one; the version becomes one that
    /// something names.
    ///
    /// # Errors
    /// The template or version was not listed, although both listings answered.
    pub(super) fn name(
        &mut self,
        specification: &TemplateSpecification,
        who: &str,
        parameters: &Parameters,
    ) -> Result<Option<String>, String> {
        let TemplateSpecification { launch_template_id: id, launch_template_name: name, version } = specification;
        let shown = id.as_deref().or(name.as_deref()).unwrap_or("no template").escape_default().to_string();
        let complete = self.complete;
        let not_listed = |what: String| if complete { Err(format!("`{who}` names {what}, which was not listed")) } else { Ok(None) };
        let found = match id {
            Some(id) => self.by_id.get_mut(id),
            None => self.by_id.values_mut().find(|template| name.is_some() && template.name == *name),
        };
        let Some(template) = found else { return not_listed(format!("launch template {shown}")) };
        let number = match version.as_deref() {
            None | Some("" | "$Default") => template.default,
            Some("$Latest") => template.latest,
            Some(number) => number.parse().ok(),
        };
        let Some((number, version)) = number.and_then(|number| Some((number, template.versions.get(&number)?))) else {
            let version = version.as_deref().unwrap_or("$Default").escape_default();
            return not_listed(format!("{shown} version {version}"));
        };
        template.named_by.entry(number).or_default().insert(who.to_owned());
        // An alias nobody resolved is reported once, where the template itself is read.
        Ok(version.image.as_deref().and_then(|image| resolved(image, parameters).ok().flatten()))
    }

    /// Every version with an image or a snapshot is a user of it.
    pub(super) fn into_users(self, place: &Place, parameters: &Parameters, users: &mut Users, gaps: &mut Gaps) {
        let mut problems = Vec::new();
        for (id, template) in &self.by_id {
            for (number, version) in &template.versions {
                let naming = template.naming(*number);
                let live = naming != Naming::Unnamed;
                let user = User::LaunchTemplate { id: id.clone(), version: *number, naming };
                let reference = Reference { place: place.clone(), user, live, since: version.made_at };
                for snapshot in version.volumes.iter().filter_map(|volume| volume.snapshot.clone()) {
                    users.add_snapshot(snapshot, reference.clone());
                }
                match version.image.as_deref().map(|image| resolved(image, parameters)) {
                    None | Some(Ok(None)) => {}
                    Some(Ok(Some(image))) => users.add(image, reference),
                    Some(Err(why)) => problems.push(format!("{id} version {number} launches {why}")),
                }
            }
        }
        gaps.all(Source::Parameters, problems);
    }
}

/// Pages that shift can name a thing twice; two different things under one id are a failed read.
fn once<K: Ord + Clone, T: PartialEq>(all: &mut BTreeMap<K, T>, id: K, item: T, told: impl FnOnce(K) -> String) -> Result<(), String> {
    match all.get(&id) {
        Some(known) if *known != item => Err(format!("{} is listed twice with different contents", told(id))),
        Some(_) => Ok(()),
        None => {
            all.insert(id, item);
            Ok(())
        }
    }
}

impl Template {
    fn naming(&self, number: i64) -> Naming {
        let template_named = !self.named_by.is_empty();
        match self.named_by.get(&number) {
            Some(by) => Naming::Named(by.clone()),
            None if self.default == Some(number) => Naming::Default { template_named },
            None if self.latest == Some(number) => Naming::Latest { template_named },
            None => Naming::Unnamed,
        }
    }
}

/// An image id as it is, an alias through the parameters that were read. An alias on a parameter that is not there launches
/// nothing. One on a parameter that AWS publishes names no image of ours, whatever its value: nobody else can make a
/// parameter whose name begins so (Systems Manager API reference, `PutParameter`).
pub(super) fn resolved(image: &str, parameters: &Parameters) -> Result<Option<String>, String> {
    let Some(parameter) = image.strip_prefix(ALIAS) else { return Ok(Some(image.to_owned())) };
    match parameters.value(parameter) {
        Some(value) => Ok(Some(value.trim().to_owned())),
        None if parameter.starts_with(PUBLISHED) || parameters.is_invalid(parameter) => Ok(None),
        None => Err(format!("`{}`, whose value is not known", image.escape_default())),
    }
}
