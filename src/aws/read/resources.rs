//! Cloud Control: one way to read resources of many services, in whose properties an image may stand.
//!
//! What it lists and gets is what CloudFormation's handler of the type says, with the caller's permissions for the service
//! behind it.

use aws_sdk_cloudcontrol::types as sdk;

use super::list;
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{GetResource, ListResources, ResourceDescription};

/// Cloud Control lists at most this many resources on a page.
const PAGE: i32 = 100;

/// Every resource of one type. `model` narrows it to those of a parent, as JSON, where the type cannot be listed without.
pub async fn resources(clients: &Clients, type_name: &str, model: Option<&str>) -> Result<ListResources, AwsError> {
    let resources = all_pages("ResourceDescriptions", |token| async move {
        clients.turn(Api::gentle("ListResources")).await;
        let page = clients
            .cloudcontrol
            .list_resources()
            .type_name(type_name)
            .set_resource_model(model.map(str::to_owned))
            .max_results(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        about(type_name, page.type_name.as_deref())?;
        Ok(Page { items: list(page.resource_descriptions, description), next: page.next_token })
    });
    Ok(ListResources { type_name: Some(type_name.to_owned()), resource_descriptions: Some(resources.await?) })
}

/// One resource with its properties. A listing may leave some of them out.
pub async fn resource(clients: &Clients, type_name: &str, identifier: &str) -> Result<GetResource, AwsError> {
    clients.turn(Api::gentle("GetResource")).await;
    let answer = clients.cloudcontrol.get_resource().type_name(type_name).identifier(identifier).send().await.map_err(AwsError::of)?;
    about(type_name, answer.type_name.as_deref())?;
    let found = answer.resource_description.map(description);
    let found = found.filter(|found| found.identifier.as_deref() == Some(identifier) && found.properties.is_some());
    let found =
        found.ok_or_else(|| AwsError::malformed(format!("asked about {type_name} {identifier}, the answer does not describe it")))?;
    Ok(GetResource { type_name: Some(type_name.to_owned()), resource_description: Some(found) })
}

fn description(description: sdk::ResourceDescription) -> ResourceDescription {
    ResourceDescription { identifier: description.identifier, properties: description.properties }
}

/// An answer about another type is none.
fn about(asked: &str, type_name: Option<&str>) -> Result<(), AwsError> {
    match type_name {
        Some(named) if named == asked => Ok(()),
        named => Err(AwsError::malformed(format!("asked about {asked}, the answer is about {}", named.unwrap_or("nothing")))),
    }
}
