//! `DescribeParameters` and `GetParameters` of Systems Manager's Parameter Store.
//!
//! Values are read only where they can be read without a key: a `SecureString` is never asked for, and never decrypted.

use aws_sdk_ssm::types as sdk;

use super::{list, time};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{DescribeParameters, GetParameters, Parameter, ParameterMetadata};

/// Parameter Store lists at most this many parameters on a page ...
const PAGE: i32 = 50;
/// ... and gives at most this many values a call.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>
pub const NAMES_PER_CALL: usize = 10;

/// All parameters of the account, without their values.
pub async fn parameter_names(clients: &Clients) -> Result<DescribeParameters, AwsError> {
    let parameters = all_pages("Parameters", |token| async move {
        clients.turn(Api::parameter("DescribeParameters")).await;
        let page = clients.ssm.describe_parameters().max_results(PAGE).set_next_token(token).send().await.map_err(AwsError::of)?;
        Ok(Page { items: list(page.parameters, metadata), next: page.next_token })
    });
    Ok(DescribeParameters { parameters: Some(parameters.await?) })
}

fn metadata(parameter: sdk::ParameterMetadata) -> ParameterMetadata {
    ParameterMetadata {
        name: parameter.name,
        kind: parameter.r#type.map(|kind| kind.as_str().to_owned()),
        data_type: parameter.data_type,
        last_modified_date: time(parameter.last_modified_date).map(Into::into),
    }
}

/// The values of at most [`NAMES_PER_CALL`] parameters, by name, `name:version`, `name:label` or ARN. A name that leads to
/// none is among the invalid ones; nothing but `String` and `StringList` comes back.
pub async fn parameters(clients: &Clients, names: &[String]) -> Result<GetParameters, AwsError> {
    clients.turn(Api::parameter("GetParameters")).await;
    let answer = clients.ssm.get_parameters().set_names(Some(names.to_vec())).with_decryption(false).send().await.map_err(AwsError::of)?;
    let values = answer.parameters.ok_or_else(|| AwsError::malformed("the answer lacks its list `Parameters`"))?;
    let without: Vec<String> = answer.invalid_parameters.unwrap_or_default();
    // AWS accounts for every name, as a parameter or as invalid; fewer are a part of an answer. Two names may be one
    // parameter (by name and by ARN), which still comes once for each.
    if values.len() + without.len() < names.len() {
        return Err(AwsError::malformed(format!(
            "asked for {} parameters, the answer tells of {}",
            names.len(),
            values.len() + without.len()
        )));
    }
    let readable = |kind: &Option<sdk::ParameterType>| !matches!(kind, Some(sdk::ParameterType::SecureString));
    let values = values.into_iter().filter(|parameter| readable(&parameter.r#type)).map(|parameter| Some(value(parameter)));
    Ok(GetParameters { parameters: Some(values.collect()), invalid_parameters: Some(without.into_iter().map(Some).collect()) })
}

fn value(parameter: sdk::Parameter) -> Parameter {
    Parameter {
        name: parameter.name,
        arn: parameter.arn,
        selector: parameter.selector,
        kind: parameter.r#type.map(|kind| kind.as_str().to_owned()),
        value: parameter.value,
        // The SDK makes up a zero where none came; AWS counts from one.
        version: Some(parameter.version).filter(|version| *version > 0),
        data_type: parameter.data_type,
    }
}
