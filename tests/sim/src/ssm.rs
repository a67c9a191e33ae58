//! SSM: parameters, read only.

use serde_json::{Map, Value, json};

use crate::api::{Answered, Api, Call, Done};
use crate::buckets::{SSM_LISTS, SSM_VALUES};
use crate::error::AwsError;
use crate::paging::{Page, Sizes, page};
use crate::wire::params::Params;
use crate::world::World;
use crate::world::parameter::{Parameter, ParameterKind, split_selector};

pub(crate) const APIS: &[Api] = &[
    Api {
        name: "DescribeParameters",
        mutating: false,
        limit: SSM_LISTS,
        params: &["ParameterFilters", "MaxResults", "NextToken"],
        run: describe,
    },
    Api { name: "GetParameter", mutating: false, limit: SSM_VALUES, params: &["Name", "WithDecryption"], run: get },
    Api { name: "GetParameters", mutating: false, limit: SSM_VALUES, params: &["Names", "WithDecryption"], run: get_several },
    Api {
        name: "GetParametersByPath",
        mutating: false,
        limit: SSM_LISTS,
        params: &["Path", "Recursive", "ParameterFilters", "WithDecryption", "MaxResults", "NextToken"],
        run: get_by_path,
    },
];

const SIZES: Sizes = Sizes {
    parameter: "MaxResults",
    least: 1,
    most: 50,
    default: Some(50),
    bad_token: "InvalidNextToken",
    bad_size: "ValidationException",
};

const PATH_SIZES: Sizes = Sizes { most: 10, default: Some(10), ..SIZES };

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("ValidationException", message)
}

fn parameters<'w>(world: &'w World, call: &Call) -> impl Iterator<Item = &'w Parameter> + use<'w> {
    world.place(call.account(), &call.region).into_iter().flat_map(|place| place.parameters.values())
}

/// The parameter behind a name or an ARN of this place.
fn named<'w>(world: &'w World, call: &Call, name: &str) -> Option<&'w Parameter> {
    let place = world.place(call.account(), &call.region)?;
    place.parameters.get(name).or_else(|| parameters(world, call).find(|parameter| arn(world, call, parameter) == name))
}

fn arn(world: &World, call: &Call, parameter: &Parameter) -> String {
    let account = if parameter.public { "" } else { call.account() };
    let slash = if parameter.name.starts_with('/') { "" } else { "/" };
    format!("arn:{}:ssm:{}:{account}:parameter{slash}{}", world.partition(call.account()), call.region, parameter.name)
}

/// A parameter with the value that a selector means.
fn with_value(world: &World, call: &Call, parameter: &Parameter, selector: Option<&str>) -> Option<Value> {
    let (version, value) = parameter.value(selector)?;
    let decrypt = call.params.get("WithDecryption") == Some("true");
    let value = if parameter.kind == ParameterKind::Secret && !decrypt { Parameter::ciphertext(version, value) } else { value.to_owned() };
    let mut fields = Map::new();
    if let Some(selector) = selector {
        fields.insert("Selector".to_owned(), Value::from(format!(":{selector}")));
    }
    let rest = json!({
        "Name": parameter.name,
        "Type": parameter.kind.as_str(),
        "Value": value,
        "Version": version,
        "LastModifiedDate": parameter.modified.as_second(),
        "ARN": arn(world, call, parameter),
        "DataType": parameter.data_type,
    });
    fields.extend(rest.as_object().cloned().unwrap_or_default());
    Some(Value::Object(fields))
}

fn get(world: &mut World, call: &Call) -> Answered {
    let asked = call.params.get("Name").ok_or_else(|| invalid("Value at 'name' failed to satisfy constraint: Member must not be null"))?;
    let (name, selector) = split_selector(asked);
    let parameter =
        named(world, call, name).ok_or_else(|| AwsError::client("ParameterNotFound", format!("Parameter {name} not found.")))?;
    let value = with_value(world, call, parameter, selector).ok_or_else(|| {
        let message = format!("Systems Manager could not find version {} of {name}.", selector.unwrap_or_default());
        AwsError::client("ParameterVersionNotFound", message)
    })?;
    Ok(Done::json(json!({ "Parameter": value })))
}

/// What is not there, in any version, is no error: it is in `InvalidParameters`.
fn get_several(world: &mut World, call: &Call) -> Answered {
    let names = call.params.list("Names");
    if names.is_empty() || names.len() > 10 {
        let bound = if names.is_empty() { "greater than or equal to 1" } else { "less than or equal to 10" };
        let message =
            format!("1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length {bound}");
        return Err(invalid(message));
    }
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for asked in names {
        let (name, selector) = split_selector(asked);
        match named(world, call, name).and_then(|parameter| with_value(world, call, parameter, selector)) {
            Some(value) => found.push((asked.to_owned(), value)),
            None => missing.push(asked.to_owned()),
        }
    }
    // "The results for GetParameters requests are listed in alphabetical order".
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    let found: Vec<Value> = found.into_iter().map(|(_, value)| value).collect();
    Ok(Done::json(json!({ "Parameters": found, "InvalidParameters": missing })))
}

fn get_by_path(world: &mut World, call: &Call) -> Answered {
    let path = call.params.get("Path").filter(|path| path.starts_with('/'));
    let path = path.ok_or_else(|| {
        invalid("The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\".")
    })?;
    let recursive = call.params.get("Recursive") == Some("true");
    let filters = filters(call, &["Type", "KeyId"])?;
    let mut found = Vec::new();
    for parameter in parameters(world, call).filter(|parameter| is_under(&parameter.name, path, recursive)) {
        if passes(parameter, &filters)
            && let Some(value) = with_value(world, call, parameter, None)
        {
            found.push((parameter.name.clone(), value));
        }
    }
    Ok(paged(page(world, call, PATH_SIZES, found)?))
}

/// Whether a name is below a path; without `recursive`, directly below it.
fn is_under(name: &str, path: &str, recursive: bool) -> bool {
    let below = name.strip_prefix(path.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
    below.is_some_and(|below| recursive || !below.contains('/'))
}

fn paged(page: Page<Value>) -> Done {
    let mut answer = Map::from_iter([("Parameters".to_owned(), Value::from(page.items))]);
    if let Some(next) = page.next {
        answer.insert("NextToken".to_owned(), Value::from(next));
    }
    Done::json(Value::Object(answer))
}

/// One of `ParameterFilters`: key, option and values.
struct Filter {
    key: String,
    option: String,
    values: Vec<String>,
}

fn filters(call: &Call, keys: &[&str]) -> Result<Vec<Filter>, AwsError> {
    call.params.groups("ParameterFilters").iter().map(|group| filter(group, keys)).collect()
}

fn filter(group: &Params, keys: &[&str]) -> Result<Filter, AwsError> {
    let key = group.get("Key").unwrap_or_default();
    let known = if key.starts_with("tag:") { "tag" } else { key };
    if !keys.contains(&known) {
        return Err(AwsError::client("InvalidFilterKey", format!("The following filter key is not valid: {key}.")));
    }
    let (default, options): (&str, &[&str]) = match key {
        "Path" => ("OneLevel", &["Recursive", "OneLevel"]),
        "Name" => ("Equals", &["Equals", "BeginsWith", "Contains"]),
        _ => ("Equals", &["Equals", "BeginsWith"]),
    };
    let option = group.get("Option").unwrap_or(default);
    if !options.contains(&option) {
        let message = format!("The following filter option is not valid: {option}. Valid options include: {options:?}.");
        return Err(AwsError::client("InvalidFilterOption", message));
    }
    let values = group.list("Values").into_iter().map(str::to_owned).collect();
    Ok(Filter { key: key.to_owned(), option: option.to_owned(), values })
}

fn passes(parameter: &Parameter, filters: &[Filter]) -> bool {
    filters.iter().all(|Filter { key, option, values }| {
        let matches = |have: &str| {
            values.is_empty()
                || values.iter().any(|wanted| match option.as_str() {
                    "BeginsWith" => have.starts_with(wanted.as_str()),
                    "Contains" => have.contains(wanted.as_str()),
                    "Recursive" | "OneLevel" => is_under(have, wanted, option == "Recursive"),
                    _ => have == wanted,
                })
        };
        match key.as_str() {
            "Name" | "Path" => matches(&parameter.name),
            "Type" => matches(parameter.kind.as_str()),
            "KeyId" => parameter.kind == ParameterKind::Secret && matches("alias/aws/ssm"),
            "Tier" => matches(&parameter.tier),
            "DataType" => matches(&parameter.data_type),
            tag => tag.strip_prefix("tag:").and_then(|tag| parameter.tags.get(tag)).is_some_and(|value| matches(value)),
        }
    })
}

fn describe(world: &mut World, call: &Call) -> Answered {
    let filters = filters(call, &["Name", "Type", "KeyId", "Path", "Tier", "DataType", "tag"])?;
    let found = parameters(world, call)
        .filter(|parameter| !parameter.public && passes(parameter, &filters))
        .map(|parameter| (parameter.name.clone(), described(world, call, parameter)))
        .collect();
    Ok(paged(page(world, call, SIZES, found)?))
}

fn described(world: &World, call: &Call, parameter: &Parameter) -> Value {
    let mut fields = Map::new();
    if parameter.kind == ParameterKind::Secret {
        fields.insert("KeyId".to_owned(), Value::from("alias/aws/ssm"));
    }
    if let Some(description) = &parameter.description {
        fields.insert("Description".to_owned(), Value::from(description.as_str()));
    }
    let rest = json!({
        "Name": parameter.name,
        "ARN": arn(world, call, parameter),
        "Type": parameter.kind.as_str(),
        "LastModifiedDate": parameter.modified.as_second(),
        "LastModifiedUser": format!("arn:{}:iam::{}:user/simulated", world.partition(call.account()), call.account()),
        "Version": parameter.value(None).map(|(version, _)| version),
        "Tier": parameter.tier,
        "Policies": [],
        "DataType": parameter.data_type,
    });
    fields.extend(rest.as_object().cloned().unwrap_or_default());
    Value::Object(fields)
}
