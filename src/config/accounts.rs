//! Which accounts beside our own are governed, and by which role they are entered.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::model::AccountId;

use super::values;

/// `[accounts]`. Without `discover` and `list` only the account of the credentials is governed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Accounts {
    /// The role that is assumed in every governed account but our own: its name, with its path if it has one.
    pub role: String,
    /// What changes are made with; `None` means with `role`.
    pub enforce_role: Option<String>,
    /// What the role's trust policy asks for.
    pub external_id: Option<String>,
    /// What CloudTrail shows of us in the other accounts.
    pub session_name: String,
    pub discover: Option<Discover>,
    /// Accounts by number, where there is no organization to ask.
    pub list: Vec<AccountId>,
    /// Never entered, whoever names them.
    pub exclude: Vec<AccountId>,
    /// Only accounts below these units (`ou-…`, or the root's `r-…`). Empty: all.
    pub units: Vec<String>,
}

/// Who knows which accounts there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Discover {
    /// AWS Organizations: every usable account of ours.
    Organization,
}

impl Accounts {
    /// Whether any account but our own may be governed.
    pub fn beyond_own(&self) -> bool {
        self.discover.is_some() || !self.list.is_empty()
    }

    /// The role that changes are made with.
    pub fn writing_role(&self) -> &str {
        self.enforce_role.as_deref().unwrap_or(&self.role)
    }
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            role: "ami-warden-scan".into(),
            enforce_role: None,
            external_id: None,
            session_name: "ami-warden".into(),
            discover: None,
            list: Vec::new(),
            exclude: Vec::new(),
            units: Vec::new(),
        }
    }
}

/// The table as it is written, each value checked where it stands.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    #[serde(deserialize_with = "role")]
    role: String,
    #[serde(deserialize_with = "optional_role")]
    enforce_role: Option<String>,
    #[serde(deserialize_with = "external_id")]
    external_id: Option<String>,
    #[serde(deserialize_with = "session_name")]
    session_name: String,
    discover: Option<Discover>,
    #[serde(deserialize_with = "accounts")]
    list: Vec<AccountId>,
    #[serde(deserialize_with = "accounts")]
    exclude: Vec<AccountId>,
    #[serde(deserialize_with = "units")]
    units: Vec<String>,
}

impl Default for Written {
    fn default() -> Self {
        let Accounts { role, enforce_role, external_id, session_name, discover, list, exclude, units } = Accounts::default();
        Self { role, enforce_role, external_id, session_name, discover, list, exclude, units }
    }
}

impl TryFrom<Written> for Accounts {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { role, enforce_role, external_id, session_name, discover, list, exclude, units } = written;
        if discover.is_some() && !list.is_empty() {
            return Err("`[accounts]` has both `discover` and `list`: keep `discover = \"organization\"`, or the list where there is none");
        }
        if discover.is_none() && !units.is_empty() {
            return Err("`units` narrows what the organization lists: add `discover = \"organization\"`, or take `units` out");
        }
        Ok(Self { role, enforce_role, external_id, session_name, discover, list, exclude, units })
    }
}

/// Letters of IAM's names (IAM API reference, `CreateRole`: `[\w+=,.@-]+`).
fn is_name_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter)
}

fn role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let written = String::deserialize(deserializer)?;
    let shown = written.escape_default();
    if written.starts_with("arn:") {
        let message =
            format!("`{shown}` is one account's role: write its name alone, such as `ami-warden-scan`; the account is put in for each");
        return Err(D::Error::custom(message));
    }
    let role = written.trim_start_matches('/');
    let parts: Vec<&str> = role.split('/').collect();
    let fits = parts.iter().all(|part| !part.is_empty() && part.chars().all(is_name_letter));
    let short = parts.last().is_some_and(|name| name.len() <= 64) && role.len() <= 512 + 64;
    match fits && short {
        true => Ok(role.to_owned()),
        false => {
            Err(D::Error::custom(format!("`{shown}` is no name of a role: write it as IAM does, such as `ami-warden-scan` or `ops/scan`")))
        }
    }
}

fn optional_role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    role(deserializer).map(Some)
}

/// 2 to 1,224 characters (STS API reference, `AssumeRole`).
fn external_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let id = String::deserialize(deserializer)?;
    let fits = (2..=1224).contains(&id.len()) && id.chars().all(|letter| is_name_letter(letter) || letter == ':' || letter == '/');
    match fits {
        true => Ok(Some(id)),
        false => Err(D::Error::custom("`external_id` is 2 to 1224 letters, digits and `_+=,.@:/-`: write what the trust policy asks for")),
    }
}

/// 2 to 64 characters (STS API reference, `AssumeRole`).
fn session_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    match (2..=64).contains(&name.len()) && name.chars().all(is_name_letter) {
        true => Ok(name),
        false => {
            let shown = name.escape_default();
            Err(D::Error::custom(format!(
                "`{shown}` is no session name: write 2 to 64 letters, digits and `_+=,.@-`, such as `ami-warden`"
            )))
        }
    }
}

/// Account numbers, each once and sorted.
fn accounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AccountId>, D::Error> {
    let numbers = Vec::<String>::deserialize(deserializer)?;
    let mut accounts = numbers.into_iter().map(values::account).collect::<Result<Vec<AccountId>, D::Error>>()?;
    accounts.sort();
    accounts.dedup();
    Ok(accounts)
}

/// `ou-abcd-12345678` or `r-abcd` (Organizations API reference, `Parent`).
fn units<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let units = Vec::<String>::deserialize(deserializer)?;
    let word = |text: &str, least: usize| {
        (least..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    for unit in &units {
        let parts: Vec<&str> = unit.split('-').collect();
        let fits = match parts.as_slice() {
            ["ou", root, id] => word(root, 4) && word(id, 8),
            ["r", root] => word(root, 4),
            _ => false,
        };
        if !fits {
            let shown = unit.escape_default();
            return Err(D::Error::custom(format!("`{shown}` is no organizational unit: write its id, such as `ou-abcd-12345678`")));
        }
    }
    Ok(units)
}
