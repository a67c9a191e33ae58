//! Values with a form of their own. An error here carries the line of the value it is about.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;

use croner::Cron;
use croner::parser::{CronParser, Seconds};
use jiff::SignedDuration;
use serde::de::{Deserialize, Deserializer, Error};

use crate::model::{AccountId, Region};

/// `90s`, `12h`, `14d`.
pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignedDuration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let parsed = humantime::parse_duration(&text)
        .map_err(|error| D::Error::custom(format!("`{}` is no duration ({error}): write `90s`, `12h` or `14d`", text.escape_default())))?;
    SignedDuration::try_from(parsed).map_err(|_| D::Error::custom(format!("`{text}` is longer than can be counted")))
}

/// `["all"]`, or Regions by name.
pub(super) fn regions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Region>>, D::Error> {
    let names = some(Vec::<String>::deserialize(deserializer)?, "regions")?;
    if names.iter().any(|name| name == "all") {
        return alone(&names, "regions").map(|()| None);
    }
    names.iter().try_for_each(|name| super::regions::check(name)).map_err(D::Error::custom)?;
    Ok(Some(names.into_iter().map(Region::from).collect()))
}

/// `["all"]`, or account numbers.
pub(super) fn accounts_or_all<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<AccountId>>, D::Error> {
    let names = some(Vec::<String>::deserialize(deserializer)?, "accounts")?;
    if names.iter().any(|name| name == "all") {
        return alone(&names, "accounts").map(|()| None);
    }
    names.into_iter().map(account).collect::<Result<_, D::Error>>().map(Some)
}

/// An account number where one may be left out.
pub(super) fn account_or_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AccountId>, D::Error> {
    Account::deserialize(deserializer).map(|Account(id)| Some(id))
}

pub(super) fn members<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<AccountId>>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.into_iter().map(account).collect::<Result<_, D::Error>>().map(Some)
}

pub(super) fn one_account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AccountId>, D::Error> {
    account(String::deserialize(deserializer)?).map(Some)
}

pub(super) fn one_region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Region>, D::Error> {
    let name = String::deserialize(deserializer)?;
    super::regions::check(&name).map_err(D::Error::custom)?;
    Ok(Some(name.into()))
}

pub(super) fn groups<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Vec<AccountId>>, D::Error> {
    let groups = BTreeMap::<String, Vec<Account>>::deserialize(deserializer)?;
    if groups.contains_key(super::OURS) {
        return Err(D::Error::custom("the group `organization` is built in: its members are set in `[organization]`"));
    }
    Ok(groups.into_iter().map(|(name, members)| (name, members.into_iter().map(|Account(id)| id).collect())).collect())
}

/// An account number, checked where it stands so that an error has its line.
struct Account(AccountId);

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        account(String::deserialize(deserializer)?).map(Self)
    }
}

pub(super) fn organization_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let id = String::deserialize(deserializer)?;
    let tail =
        id.strip_prefix("o-").filter(|tail| (10..=32).contains(&tail.len()) && tail.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    match tail {
        Some(_) => Ok(Some(id)),
        None => {
            Err(D::Error::custom(format!("`{}` is no organization id: write `o-` and 10 to 32 letters and digits", id.escape_default())))
        }
    }
}

/// Topics by severity. The Region and partition of each come from its ARN, so it must be one.
pub(super) fn topics<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let topics = BTreeMap::<Grade, Topic>::deserialize(deserializer)?;
    Ok(topics.into_iter().map(|(Grade(severity), Topic(arn))| (severity, arn)).collect())
}

/// `default` or a severity.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Grade(String);

impl<'de> Deserialize<'de> for Grade {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match name.as_str() {
            "default" | "low" | "medium" | "high" | "critical" => Ok(Self(name)),
            other => {
                let message =
                    format!("`{}` is no severity: topics are `default`, `low`, `medium`, `high` and `critical`", other.escape_default());
                Err(D::Error::custom(message))
            }
        }
    }
}

/// The ARN of a topic.
struct Topic(String);

impl<'de> Deserialize<'de> for Topic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let arn = String::deserialize(deserializer)?;
        let parts: Vec<&str> = arn.split(':').collect();
        match parts.as_slice() {
            [.., name] if name.ends_with(".fifo") => {
                Err(D::Error::custom(format!("`{}` is a FIFO topic, which cannot send mail: name a standard topic", arn.escape_default())))
            }
            ["arn", _, "sns", region, account, name] if !region.is_empty() && account.len() == 12 && !name.is_empty() => Ok(Self(arn)),
            _ => Err(D::Error::custom(format!("`{}` is no topic: write `arn:aws:sns:REGION:ACCOUNT:NAME`", arn.escape_default()))),
        }
    }
}

pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|_| D::Error::custom(format!("`{}` is no address: write `ADDRESS:PORT` such as `127.0.0.1:9470`", text.escape_default())))
}

pub(super) fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<chrono_tz::Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(|_| {
        D::Error::custom(format!("unknown time zone `{}`: write `UTC` or a name such as `Europe/Berlin`", name.escape_default()))
    })
}

pub(super) fn schedule<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let expression = String::deserialize(deserializer)?;
    cron(&expression).map_err(D::Error::custom)?;
    Ok(expression)
}

/// A cron expression of six fields, read by the scheduler's own parser.
///
/// The seconds field must be one number: `*` there meant "every second" to another tool's users (triagebot).
///
/// # Errors
/// What is wrong with the expression and what to write instead.
pub fn cron(expression: &str) -> Result<Cron, String> {
    let shown = expression.escape_default();
    let seconds = expression.split_whitespace().next().unwrap_or_default();
    let fields = expression.split_whitespace().count();
    if fields != 6 {
        return Err(format!("`{shown}` has {fields} fields, not six: second minute hour day month weekday, such as `0 15 */6 * * *`"));
    }
    if seconds.parse::<u8>().is_err() {
        return Err(format!("`{shown}` would run at several seconds of a minute: write one number as the first field, such as `0`"));
    }
    CronParser::builder()
        .seconds(Seconds::Required)
        .build()
        .parse(expression)
        .map_err(|error| format!("`{shown}` is no cron expression ({error}): write six fields such as `0 15 */6 * * *`"))
}

pub(super) fn account<E: Error>(number: String) -> Result<AccountId, E> {
    let account = AccountId::from(number);
    match account.is_well_formed() {
        true => Ok(account),
        false => Err(E::custom(format!("`{}` is no account number: write twelve digits in quotes", account.as_str().escape_default()))),
    }
}

/// A tag key of a configured tool.
pub(super) fn tag_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let key = String::deserialize(deserializer)?;
    if key.is_empty() { Err(D::Error::custom("`tag` is empty: write the tag key the tool leaves on what it made")) } else { Ok(key) }
}

/// The names of AWS's own services, as the fact `managedBy` has them.
const SERVICES: [&str; 4] = ["aws-backup", "dlm", "image-builder", "marketplace"];

/// The name of a configured tool.
pub(super) fn tool_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    match name.as_str() {
        "" => Err(D::Error::custom("`name` is empty: write what policies should call the tool")),
        service if SERVICES.contains(&service) => {
            Err(D::Error::custom(format!("`{service}` is a service of AWS and is recognised anyway: give the tool another name")))
        }
        _ => Ok(name),
    }
}

fn some<E: Error>(names: Vec<String>, key: &str) -> Result<Vec<String>, E> {
    if names.is_empty() { Err(E::custom(format!("`{key}` is empty: write `[\"all\"]` or names"))) } else { Ok(names) }
}

fn alone<E: Error>(names: &[impl Display], key: &str) -> Result<(), E> {
    if names.len() == 1 { Ok(()) } else { Err(E::custom(format!("`{key}` has `all` beside other names: write one or the other"))) }
}
