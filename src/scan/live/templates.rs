//! Launch templates and all their versions, with a call for only those templates whose versions one listing leaves open.

use std::collections::BTreeSet;

use super::asking::{Asking, every};
use crate::aws::{AwsError, read};
use crate::inventory::answers::{Answer, DescribeLaunchTemplateVersions, DescribeLaunchTemplates, LaunchTemplate, LaunchTemplateVersion};
use crate::model::Source;

/// All templates, and all versions of all of them, or an error: a version that was not read may name any image.
pub(super) async fn templates(
    ask: &Asking<'_>,
) -> (Option<Answer<DescribeLaunchTemplates>>, Option<Answer<DescribeLaunchTemplateVersions>>) {
    let templates = ask.source(Source::LaunchTemplates, |c| async move { read::launch_templates(&c).await }).await;
    let versions = ask.after(&templates, Source::LaunchTemplateVersions, |clients, listed: &DescribeLaunchTemplates| {
        let several = with_more_versions(listed);
        let none = listed.launch_templates.iter().flatten().next().is_none();
        async move {
            let mut versions = Vec::new();
            if !none {
                versions.extend(read::default_and_latest_versions(&clients).await?.launch_template_versions.into_iter().flatten());
            }
            let one = |id: String| {
                let clients = clients.clone();
                async move { read::launch_template_versions(&clients, &id).await }
            };
            for answer in every(several?, one, |id| format!("template {id}")).await? {
                versions.extend(answer.launch_template_versions.into_iter().flatten());
            }
            Ok(DescribeLaunchTemplateVersions { launch_template_versions: Some(each_once(versions)) })
        }
    });
    let versions = versions.await;
    (templates, versions)
}

/// The templates that may have versions beside their default and their latest one. Numbers are never given twice, so that
/// every version has one between 1 and the latest; which of them were deleted only the template's own listing tells.
fn with_more_versions(listed: &DescribeLaunchTemplates) -> Result<Vec<String>, AwsError> {
    let mut several = Vec::new();
    for template in listed.launch_templates.iter().flatten() {
        let nameless = || AwsError::malformed("a launch template was listed without its id");
        let LaunchTemplate { launch_template_id, default_version_number: default, latest_version_number: latest, .. } =
            template.as_ref().ok_or_else(nameless)?;
        let id = launch_template_id.clone().ok_or_else(nameless)?;
        let covered = matches!((*default, *latest), (Some(1), Some(1 | 2)));
        if !covered {
            several.push(id);
        }
    }
    Ok(several)
}

/// In a stable order, since answers come as they come, and without what two listings both hold. Versions do not change, so
/// that one number with two contents stays there twice, for the inventory to wonder about.
fn each_once(versions: Vec<Option<LaunchTemplateVersion>>) -> Vec<Option<LaunchTemplateVersion>> {
    let mut seen = BTreeSet::new();
    let mut kept: Vec<_> = versions.into_iter().filter(|version| seen.insert(serde_json::to_string(version).unwrap_or_default())).collect();
    kept.sort_by(|a, b| {
        let key = |version: &Option<LaunchTemplateVersion>| {
            version.as_ref().map(|version| (version.launch_template_id.clone(), version.version_number))
        };
        key(a).cmp(&key(b))
    });
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(default: Option<i64>, latest: Option<i64>) -> Option<LaunchTemplate> {
        let id = format!("lt-{default:?}-{latest:?}");
        Some(LaunchTemplate {
            launch_template_id: Some(id),
            default_version_number: default,
            latest_version_number: latest,
            ..LaunchTemplate::default()
        })
    }

    #[test]
    fn only_templates_whose_default_and_latest_are_not_all_are_asked_one_by_one() {
        for (default, latest, asked) in [
            (Some(1), Some(1), false),
            (Some(1), Some(2), false),
            // Version 1 may be there or deleted.
            (Some(2), Some(2), true),
            (Some(1), Some(3), true),
            (Some(3), Some(3), true),
            (None, Some(1), true),
            (Some(1), None, true),
        ] {
            let listed = DescribeLaunchTemplates { launch_templates: Some(vec![template(default, latest)]) };
            assert_eq!(with_more_versions(&listed).unwrap().len(), usize::from(asked), "{default:?} {latest:?}");
        }
        assert!(with_more_versions(&DescribeLaunchTemplates { launch_templates: Some(vec![None]) }).is_err());
    }
}
