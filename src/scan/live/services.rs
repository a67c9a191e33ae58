//! What is asked of other services: recipes and the resources that Cloud Control knows, which may start an image, and the
//! keys of snapshots.

use std::collections::BTreeSet;

use super::asking::{Asking, every};
use crate::aws::{AwsError, Clients, ErrorKind, read};
use crate::config::Sources;
use crate::inventory::answers::{
    Answer, DescribeSnapshots, GetContainerRecipe, GetImageRecipe, GetKey, GetResource, ListContainerRecipes, ListImageRecipes,
    ListResources, NotShown, RecipeSummary, ResourceDescription,
};
use crate::inventory::{DEFAULT_KEY, KEY_ALIASES, KEYS, Keys, encrypting};
use crate::model::Source;

/// Types that can be listed only within a parent: the parent's type, and the property that names it.
const PARENTS: [(&str, &str, &str); 2] =
    [("AWS::EKS::Nodegroup", "AWS::EKS::Cluster", "ClusterName"), ("AWS::PCS::ComputeNodeGroup", "AWS::PCS::Cluster", "ClusterId")];

/// Own snapshots, and whom the keys of this account that encrypt them let in.
pub(super) async fn snapshots(ask: &Asking<'_>) -> (Option<Answer<DescribeSnapshots>>, Option<Answer<Vec<GetKey>>>) {
    let snapshots = ask.source(Source::Snapshots, |c| async move { read::snapshots(&c).await }).await;
    let keys = ask.after(&snapshots, Source::KeyPolicies, |clients, listed: &DescribeSnapshots| {
        let wanted = encrypting(listed, clients.place());
        async move { if wanted.is_empty() { Ok(Vec::new()) } else { keys(clients, wanted).await } }
    });
    let keys = keys.await;
    (snapshots, keys)
}

/// The default key, which its alias tells apart, and each of the others.
async fn keys(clients: Clients, wanted: BTreeSet<String>) -> Result<Vec<GetKey>, AwsError> {
    let mut answers = match read::resource(&clients, KEY_ALIASES, DEFAULT_KEY).await {
        // Nothing here was ever encrypted with it.
        Err(error) if error.kind == ErrorKind::NotFound => Vec::new(),
        answer => vec![shown(KEY_ALIASES, DEFAULT_KEY, answer)],
    };
    let (known, _) = Keys::told(&answers, BTreeSet::new());
    let one = |id: String| {
        let clients = clients.clone();
        async move { Ok(shown(KEYS, &id, read::resource(&clients, KEYS, &id).await)) }
    };
    answers.extend(every(wanted.into_iter().filter(|id| known.get(id).is_none()), one, String::clone).await?);
    Ok(answers)
}

/// One key that cannot be read, since it is denied or about to be deleted, says nothing of the others.
fn shown(kind: &str, id: &str, answer: Result<GetResource, AwsError>) -> GetKey {
    match answer {
        Ok(GetResource { type_name, resource_description }) => GetKey { type_name, resource_description, error: None },
        Err(AwsError { code, message, .. }) => GetKey {
            type_name: Some(kind.to_owned()),
            resource_description: Some(ResourceDescription { identifier: Some(id.to_owned()), properties: None }),
            error: Some(NotShown { code: Some(code), message: Some(message) }),
        },
    }
}

/// Own image recipes, and what each is built from.
pub(super) async fn image_recipes(ask: &Asking<'_>) -> (Option<Answer<ListImageRecipes>>, Option<Answer<Vec<GetImageRecipe>>>) {
    let recipes = ask.source(Source::ImageRecipes, |c| async move { read::image_recipes(&c).await }).await;
    let details = ask.after(&recipes, Source::ImageRecipe, |clients, listed: &ListImageRecipes| {
        let arns = arns(listed.image_recipe_summary_list.iter().flatten());
        async move {
            let one = |arn: String| {
                let clients = clients.clone();
                async move { read::image_recipe(&clients, &arn).await }
            };
            every(arns?, one, String::clone).await
        }
    });
    let details = details.await;
    (recipes, details)
}

/// Own container recipes, and what each is built from and on.
pub(super) async fn container_recipes(ask: &Asking<'_>) -> (Option<Answer<ListContainerRecipes>>, Option<Answer<Vec<GetContainerRecipe>>>) {
    let recipes = ask.source(Source::ContainerRecipes, |c| async move { read::container_recipes(&c).await }).await;
    let details = ask.after(&recipes, Source::ContainerRecipe, |clients, listed: &ListContainerRecipes| {
        let arns = arns(listed.container_recipe_summary_list.iter().flatten());
        async move {
            let one = |arn: String| {
                let clients = clients.clone();
                async move { read::container_recipe(&clients, &arn).await }
            };
            every(arns?, one, String::clone).await
        }
    });
    let details = details.await;
    (recipes, details)
}

/// A recipe that came without its ARN cannot be asked about, and what it is built from stays unknown.
fn arns<'a>(recipes: impl Iterator<Item = &'a Option<RecipeSummary>>) -> Result<Vec<String>, AwsError> {
    let nameless = || AwsError::malformed("a recipe was listed without its ARN");
    recipes.map(|recipe| recipe.as_ref().and_then(|recipe| recipe.arn.clone()).ok_or_else(nameless)).collect()
}

/// The resources of every type, and the properties of each.
pub(super) async fn resources(ask: &Asking<'_>) -> (Option<Answer<Vec<ListResources>>>, Option<Answer<Vec<GetResource>>>) {
    let types = ask.wanted.sources.cloud_control.clone();
    let listed = ask.source(Source::Resources, |clients| async move {
        let one = |name: String| {
            let clients = clients.clone();
            async move { of_type(&clients, &name).await }
        };
        every(types, one, String::clone).await
    });
    let listed = listed.await;
    let details = ask.after(&listed, Source::Resource, |clients, listed: &Vec<ListResources>| {
        let wanted = identifiers(listed);
        async move {
            let one = |(name, identifier): (String, String)| {
                let clients = clients.clone();
                async move { read::resource(&clients, &name, &identifier).await }
            };
            every(wanted?, one, |(name, identifier)| format!("{name} {identifier}")).await
        }
    });
    let details = details.await;
    (listed, details)
}

/// All resources of one type, whatever parent they have.
async fn of_type(clients: &Clients, name: &str) -> Result<ListResources, AwsError> {
    let Some((_, parent, property)) = PARENTS.iter().find(|(child, ..)| *child == name) else {
        return offered(name, read::resources(clients, name, None).await);
    };
    let mut all: Vec<Option<ResourceDescription>> = Vec::new();
    for (_, parent) in identifiers(&[offered(parent, read::resources(clients, parent, None).await)?])? {
        // A cluster of PCS is listed by its ARN and named by its id, the ARN's last part; one of EKS has a name without parts.
        let id = parent.rsplit('/').next().unwrap_or(&parent);
        let model = serde_json::json!({ *property: id }).to_string();
        let children = offered(name, read::resources(clients, name, Some(&model)).await)?;
        all.extend(children.resource_descriptions.into_iter().flatten());
    }
    Ok(ListResources { type_name: Some(name.to_owned()), resource_descriptions: Some(all) })
}

/// A type that a Region does not offer has no resources there, if there is such a type: one of our own list, and not one that
/// somebody may have misspelt. That it cannot be listed says nothing of what there is.
fn offered(name: &str, answer: Result<ListResources, AwsError>) -> Result<ListResources, AwsError> {
    let exists =
        || Sources::default().cloud_control.iter().any(|known| known == name) || PARENTS.iter().any(|(_, parent, _)| *parent == name);
    match answer {
        Err(error) if error.code == "TypeNotFoundException" && exists() => {
            Ok(ListResources { type_name: Some(name.to_owned()), resource_descriptions: Some(Vec::new()) })
        }
        answer => answer,
    }
}

/// Type and identifier of every resource; one that was listed without cannot be asked about.
fn identifiers(listed: &[ListResources]) -> Result<Vec<(String, String)>, AwsError> {
    let mut all = Vec::new();
    for list in listed {
        let name = list.type_name.as_deref().unwrap_or("a type");
        for resource in list.resource_descriptions.iter().flatten() {
            let identifier = resource.as_ref().and_then(|resource| resource.identifier.clone());
            let identifier = identifier.ok_or_else(|| AwsError::malformed(format!("{name} was listed without its identifier")))?;
            all.push((name.to_owned(), identifier));
        }
    }
    Ok(all)
}
