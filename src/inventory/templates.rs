//! Launch templates: which versions launch which image, and which of them anything names.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Source, Volume};

use super::answers::{Answers, GetParameters, LaunchTemplate, LaunchTemplateVersion, TemplateSpecification};
use super::decode::{self, listed};
use super::place::Gaps;
use super::references::{Reference, User, Users};

/// An alias that EC2 resolves at launch (EC2 user guide, "Use a Systems Manager parameter instead of an AMI ID").
const ALIAS: &str = "resolve:ssm:";

/// All templates of a place.
#[derive(Debug, Default)]
pub(super) struct Templates {
    by_id: BTreeMap<String, Template>,
    parameters: BTreeMap<String, String>,
    /// Whether both listings answered: only then is an unknown template a contradiction.
    complete: bool,
}

#[derive(Debug, Default)]
struct Template {
    name: Option<String>,
    default: Option<i64>,
    latest: Option<i64>,
    versions: BTreeMap<i64, Version>,
    /// Groups that name a version, by version.
    named_by: BTreeMap<i64, BTreeSet<String>>,
}

#[derive(Debug)]
struct Version {
    image: Option<String>,
    volumes: Vec<Volume>,
}

/// What a template specification leads to.
pub(super) enum Named {
    Image(String),
    /// The template names no image; whoever launches it must.
    NoImage,
    NotListed(String),
}

impl Templates {
    /// Reads both listings and checks them against each other.
    pub(super) fn read(answers: &Answers, gaps: &mut Gaps) -> Self {
        let mut templates = Self::default();
        if let Some(answer) = &answers.parameters {
            let values = gaps.learn(Source::Parameters, answer.as_ref().map_err(Clone::clone), parameters);
            templates.parameters = values.unwrap_or_default();
        }
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
        let template = self.by_id.entry(id).or_default();
        template.name = head.launch_template_name.clone();
        template.default = head.default_version_number;
        template.latest = head.latest_version_number;
        Ok(())
    }

    fn add_version(&mut self, version: &LaunchTemplateVersion) -> Result<(), String> {
        let id = decode::required(version.launch_template_id.clone(), "LaunchTemplateId", "a launch template version")?;
        let number = version.version_number.ok_or_else(|| format!("a version of {id} has no VersionNumber"))?;
        let data = version.launch_template_data.as_ref().ok_or_else(|| format!("{id} version {number} has no LaunchTemplateData"))?;
        let volumes = decode::volumes(data.block_device_mappings.clone())?;
        let template = self.by_id.entry(id).or_default();
        template.name = template.name.take().or_else(|| version.launch_template_name.clone());
        if version.default_version == Some(true) {
            template.default = template.default.or(Some(number));
        }
        template.latest = template.latest.max(Some(number));
        template.versions.insert(number, Version { image: data.image_id.clone().filter(|image| !image.is_empty()), volumes });
        Ok(())
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

    /// The image that a group's specification leads to; the version becomes one that something names.
    pub(super) fn name(&mut self, specification: &TemplateSpecification, group: &str) -> Named {
        let TemplateSpecification { launch_template_id: id, launch_template_name: name, version } = specification;
        let shown = id.as_deref().or(name.as_deref()).unwrap_or("no template").to_owned();
        let not_listed = |what: String| Named::NotListed(format!("group `{group}` names {what}, which was not listed"));
        let found = match id {
            Some(id) => self.by_id.get_mut(id),
            None => self.by_id.values_mut().find(|template| name.is_some() && template.name == *name),
        };
        let Some(template) = found else {
            return if self.complete { not_listed(format!("launch template {shown}")) } else { Named::NoImage };
        };
        let number = match version.as_deref() {
            None | Some("" | "$Default") => template.default,
            Some("$Latest") => template.latest,
            Some(number) => number.parse().ok(),
        };
        let Some((number, version)) = number.and_then(|number| Some((number, template.versions.get(&number)?))) else {
            let version = version.as_deref().unwrap_or("$Default").escape_default().to_string();
            return if self.complete { not_listed(format!("{shown} version {version}")) } else { Named::NoImage };
        };
        template.named_by.entry(number).or_default().insert(group.to_owned());
        let image = version.image.clone();
        match image.map(|image| self.resolve(&image)) {
            // An alias nobody resolved is reported once, where the template itself is read.
            None | Some(Err(_)) => Named::NoImage,
            Some(Ok(image)) => Named::Image(image),
        }
    }

    /// An image id as it is, an alias through the parameters that were read.
    pub(super) fn resolve(&self, image: &str) -> Result<String, String> {
        let Some(parameter) = image.strip_prefix(ALIAS) else { return Ok(image.to_owned()) };
        let value = self.parameters.get(parameter).cloned();
        value.ok_or_else(|| format!("`{}`, whose value is not known", image.escape_default()))
    }

    /// Every version with an image or a snapshot is a user of it.
    pub(super) fn into_users(self, users: &mut Users, by: impl Fn(User, String, bool) -> Reference, gaps: &mut Gaps) {
        for (id, template) in &self.by_id {
            for (number, version) in &template.versions {
                let named = template.named_by.get(number);
                let (why, live) = match named {
                    Some(groups) => (format!("named by {}", groups.iter().map(String::as_str).collect::<Vec<_>>().join(", ")), true),
                    None if template.default == Some(*number) => ("default".to_owned(), true),
                    None if template.latest == Some(*number) => ("latest".to_owned(), true),
                    None => ("named by nothing".to_owned(), false),
                };
                let reference = by(User::LaunchTemplate, format!("{id} version {number} ({why})"), live);
                for snapshot in version.volumes.iter().filter_map(|volume| volume.snapshot.clone()) {
                    users.of_snapshots.entry(snapshot).or_default().push(reference.clone());
                }
                match version.image.as_deref().map(|image| self.resolve(image)) {
                    None => {}
                    Some(Ok(image)) => users.add(image, reference),
                    Some(Err(why)) => gaps.note(Source::Parameters, format!("{id} version {number} launches {why}")),
                }
            }
        }
    }
}

/// Parameter values by name.
fn parameters(answer: &GetParameters) -> Result<BTreeMap<String, String>, String> {
    listed(&answer.parameters, "Parameters")?
        .into_iter()
        .map(|parameter| {
            let name = decode::required(parameter.name.clone(), "Name", "a parameter")?;
            let value = decode::required(parameter.value.clone(), "Value", &format!("parameter {name}"))?;
            Ok((name, value))
        })
        .collect()
}
