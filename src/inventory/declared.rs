//! Sources that somebody declared unused in a place: then it is no gap that they do not answer, until a date.
//!
//! Only a failed answer is excused. What a source does say counts, and so does what another source says of it: a template
//! with an alias nobody can resolve is a gap, whoever declares that there are no parameters.

use jiff::Timestamp;

use crate::config::Sources;
use crate::model::Source;

use super::answers::{
    Answer, Answers, DescribeAutoScalingGroups, DescribeInstances, DescribeLaunchConfigurations, DescribeLaunchTemplateVersions,
    DescribeLaunchTemplates,
};

/// A source that did not answer, and why nobody minds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excused {
    pub source: Source,
    /// What somebody wrote into the configuration.
    pub reason: String,
    pub until: Timestamp,
    /// Why it did not answer.
    pub error: String,
}

/// Takes the failure out of every answer whose source was declared unused here, and tells which.
pub(super) fn excuse(answers: &mut Answers, sources: &Sources, now: Timestamp) -> Vec<Excused> {
    let place = answers.place.clone();
    let mut excused = Vec::new();
    let mut because = |source: Source, error: &str| {
        let declared = sources.declared(&source, &place).find(|it| now < it.until)?;
        excused.push(Excused { source, reason: declared.reason.clone(), until: declared.until, error: error.to_owned() });
        Some(())
    };
    let Answers {
        instances,
        launch_templates,
        launch_template_versions,
        auto_scaling_groups,
        launch_configurations,
        spot_fleets,
        spot_requests,
        fleets,
        image_references,
        parameter_names,
        parameters,
        image_recipes,
        image_recipe_details,
        container_recipes,
        container_recipe_details,
        resources,
        resource_details,
        scaling_activities,
        events,
        // What tells nothing about use cannot be declared unused.
        place: _,
        live: _,
        unasked: _,
        images: _,
        snapshots: _,
        public_snapshots: _,
        images_in_recycle_bin: _,
        rules: _,
        rule_details: _,
        images_in_use: _,
        usage_reports: _,
        usage_report_entries: _,
        volumes: _,
        fast_restores: _,
        locked_snapshots: _,
        snapshots_in_recycle_bin: _,
        image_block_public_access: _,
        snapshot_block_public_access: _,
        allowed_images: _,
        key_policies: _,
        launch_permissions: _,
        create_volume_permissions: _,
        others: _,
    } = answers;
    let because = &mut because;
    empty(instances, Source::Instances, because, || DescribeInstances { reservations: Some(Vec::new()) });
    empty(launch_templates, Source::LaunchTemplates, because, || DescribeLaunchTemplates { launch_templates: Some(Vec::new()) });
    empty(launch_template_versions, Source::LaunchTemplateVersions, because, || DescribeLaunchTemplateVersions {
        launch_template_versions: Some(Vec::new()),
    });
    empty(auto_scaling_groups, Source::AutoScalingGroups, because, || DescribeAutoScalingGroups { auto_scaling_groups: Some(Vec::new()) });
    empty(launch_configurations, Source::LaunchConfigurations, because, || DescribeLaunchConfigurations {
        launch_configurations: Some(Vec::new()),
    });
    unasked(spot_fleets, Source::SpotFleets, because);
    unasked(spot_requests, Source::SpotRequests, because);
    unasked(fleets, Source::Fleets, because);
    unasked(image_references, Source::ImageReferences, because);
    unasked(parameter_names, Source::ParameterNames, because);
    unasked(parameters, Source::Parameters, because);
    unasked(image_recipes, Source::ImageRecipes, because);
    unasked(image_recipe_details, Source::ImageRecipe, because);
    unasked(container_recipes, Source::ContainerRecipes, because);
    unasked(container_recipe_details, Source::ContainerRecipe, because);
    unasked(resources, Source::Resources, because);
    unasked(resource_details, Source::Resource, because);
    unasked(scaling_activities, Source::ScalingActivities, because);
    unasked(events, Source::Events, because);
    excused
}

/// A failure becomes an empty list, if somebody declared that it would be one.
fn empty<T>(answer: &mut Answer<T>, source: Source, because: &mut impl FnMut(Source, &str) -> Option<()>, list: impl FnOnce() -> T) {
    if let Err(error) = answer
        && because(source, error).is_some()
    {
        *answer = Ok(list());
    }
}

/// A failure becomes a question that nobody asked.
fn unasked<T>(answer: &mut Option<Answer<T>>, source: Source, because: &mut impl FnMut(Source, &str) -> Option<()>) {
    if let Some(Err(error)) = answer
        && because(source, error).is_some()
    {
        *answer = None;
    }
}
