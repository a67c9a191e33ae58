//! From the file's text and the environment's variables to a checked configuration.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;
use toml::{Table, Value};

use super::Config;

/// Variables of the environment that override the file begin with this; `__` goes one table deeper.
pub const VARIABLES: &str = "AMI_WARDEN_";

/// Every key with a fixed name, so that a variable finds its own whatever its case: `AMI_WARDEN_GRACE__DELETESNAPSHOT`.
const KEYS: [&str; 49] = [
    "mode",
    "scope.regions",
    "schedule.scan",
    "schedule.exposure",
    "schedule.time_zone",
    "sources.unused",
    "sources.cloud_control",
    "sources.screams",
    "policies.directories",
    "enforce.actions",
    "enforce.accounts",
    "limits.per_place",
    "limits.per_cycle",
    "limits.tripwire_count",
    "limits.tripwire_percent",
    "limits.tripwire_estate",
    "grace.deprecate",
    "grace.disable",
    "grace.deregister",
    "grace.deleteSnapshot",
    "grace.makePrivate",
    "grace.revokeShare",
    "recovery.require_recycle_bin",
    "recovery.minimum",
    "permissions.cloudtrail",
    "permissions.reread",
    "tags.keep",
    "tags.hold",
    "tags.family",
    "tags.version",
    "tags.replicate",
    "families.patterns",
    "managed.tools",
    "organization.id",
    "organization.members",
    "accounts.role",
    "accounts.enforce_role",
    "accounts.external_id",
    "accounts.session_name",
    "accounts.discover",
    "accounts.list",
    "accounts.exclude",
    "accounts.units",
    "trust.owners",
    "trust.tested",
    "consumers",
    "sns.max_messages",
    "http.listen",
    "ledger.path",
];

/// Tables whose keys are names of the user's.
const MAPS: [&str; 3] = ["groups", "sns.topics", "replication.kms_keys"];

/// What is wrong with the configuration, where, and what to do.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    #[error("{file}:{line}:{column}: {message}", file = file.display())]
    File {
        file: PathBuf,
        line: usize,
        column: usize,
        message: String,
        /// The bytes of the text it is about, to underline them.
        span: Range<usize>,
    },
    #[error("environment variable `{name}`: {message}")]
    Variable { name: String, message: String },
}

/// Reads a configuration. `file` is its path and text, if there is one; `variables` are the environment's. Relative
/// paths become relative to the file's folder.
///
/// # Errors
/// The first thing that is wrong, with its line or variable. Nothing is half-applied.
pub fn load(file: Option<(&Path, &str)>, variables: impl IntoIterator<Item = (String, String)>) -> Result<Config, ConfigError> {
    let mut table = Table::new();
    if let Some((path, text)) = file {
        let located = |error: toml::de::Error| {
            let span = error.span().unwrap_or(0..0);
            let (line, column) = position(text, span.start);
            ConfigError::File { file: path.to_owned(), line, column, message: plain(error.message()), span }
        };
        // Twice: once typed, for errors with lines, and once as a table that variables can change.
        toml::from_str::<Config>(text).map_err(located)?;
        table = toml::from_str(text).map_err(located)?;
    }
    let mut ours: Vec<_> = variables.into_iter().filter(|(name, _)| name.starts_with(VARIABLES)).collect();
    ours.sort();
    let mut config = typed(&table).map_err(|message| ConfigError::Variable { name: VARIABLES.into(), message })?;
    for (name, text) in ours {
        let wrong = |message| ConfigError::Variable { name: name.clone(), message };
        let path = key(&name).map_err(wrong)?;
        set(&mut table, &path, value(&text)).map_err(wrong)?;
        config = typed(&table).map_err(wrong)?;
    }
    let folder = file.and_then(|(path, _)| path.parent()).unwrap_or(Path::new(""));
    config.ledger.path = folder.join(&config.ledger.path);
    for directory in &mut config.policies.directories {
        *directory = folder.join(&*directory);
    }
    Ok(config)
}

fn typed(table: &Table) -> Result<Config, String> {
    Config::deserialize(table.clone()).map_err(|error| plain(error.message()))
}

/// The parser's words for people who do not write Rust.
fn plain(message: &str) -> String {
    message.trim_end().replace("expected usize", "expected a whole number").replace("expected f64", "expected a number")
}

/// The key that a variable's name means.
fn key(name: &str) -> Result<String, String> {
    let wanted = name.trim_start_matches(VARIABLES).to_ascii_lowercase().replace("__", ".");
    let plain = |key: &str| key.to_ascii_lowercase().replace('_', "");
    if let Some(key) = KEYS.into_iter().find(|key| plain(key) == plain(&wanted)) {
        return Ok(key.to_owned());
    }
    let in_map = MAPS.into_iter().find_map(|map| {
        let name = wanted.strip_prefix(map)?.strip_prefix('.')?;
        // A Region in a variable's name: EU_CENTRAL_1.
        let name = if map == "replication.kms_keys" { name.replace('_', "-") } else { name.to_owned() };
        (!name.is_empty()).then(|| format!("{map}.{name}"))
    });
    in_map.ok_or_else(|| {
        let nearest = KEYS.into_iter().min_by_key(|key| strsim::damerau_levenshtein(&plain(key), &plain(&wanted)));
        let nearest = nearest.unwrap_or_default().to_ascii_uppercase().replace('.', "__");
        format!("there is no such key; did you mean `{VARIABLES}{nearest}`?")
    })
}

/// TOML where it is TOML (`["eu-west-1"]`, `25`, `true`), else the text itself.
fn value(text: &str) -> Value {
    let document = format!("value = {text}");
    let parsed = toml::from_str::<Table>(&document).ok().and_then(|mut table| table.remove("value"));
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn set(table: &mut Table, path: &str, value: Value) -> Result<(), String> {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
            Ok(())
        }
        Some((first, rest)) => match table.entry(first).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(inner) => set(inner, rest, value),
            _ => Err(format!("`{first}` is not a table")),
        },
    }
}

/// Line and column, from 1, of a byte of `text`.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Mode, Place, Source};
    use jiff::SignedDuration;

    fn file(text: &str) -> Result<Config, ConfigError> {
        load(Some((Path::new("etc/ami-warden.toml"), text)), [])
    }

    fn variable(name: &str, value: &str) -> Result<Config, ConfigError> {
        load(None, [(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn without_a_file_nothing_destructive_is_enforced() {
        let config = load(None, []).unwrap();
        assert_eq!(config.mode, Mode::Observe);
        assert!(!config.enforce.actions.contains(&Action::Deregister));
        assert_eq!(config.grace.deregister, SignedDuration::from_hours(14 * 24));
    }

    #[test]
    fn every_mistake_names_its_line_and_what_to_write() {
        let mistakes = [
            "mode = \"enforce\"\n[limits]\nper_plaice = 3",
            "mode = \"delete-everything\"",
            "[limits]\nper_place = \"many\"",
            "[schedule]\nscan = \"* * * * * *\"",
            "[schedule]\nscan = \"0 0 25 * * *\"",
            "[schedule]\nscan = \"0 0 * * *\"",
            "[schedule]\nexposure = \"0,30 * * * * *\"",
            "[schedule]\ntime_zone = \"Europe/Bärlin\"",
            "[grace]\nderegister = \"two weeks\"",
            "[scope]\nregions = [\"us-esat-1\"]",
            "[scope]\nregions = [\"atlantis\"]",
            "[scope]\nregions = []",
            "[groups]\npartners = [\"12345\"]",
            "[sns.topics]\ncritical = \"my-topic\"",
            "[sns.topics]\nurgent = \"arn:aws:sns:eu-west-1:111111111111:t\"",
            "[organization]\nid = \"acme\"",
            "[families]\npatterns = [\"{family}-{version}\", \"web-{version}\"]",
            "[managed]\ntools = [{ tag = \"CreatedBy\", name = \"dlm\" }]",
            "[managed]\ntools = [{ tag = \"\", name = \"packer\" }]",
            "[accounts]\nrole = \"arn:aws:iam::111111111111:role/x\"",
            "[accounts]\nrole = \"the role\"",
            "[accounts]\nenforce_role = \"\"",
            "[accounts]\nexternal_id = \"x\"",
            "[accounts]\nsession_name = \"ami warden\"",
            "[accounts]\ndiscover = \"everything\"",
            "[accounts]\nlist = [\"12345\"]",
            "[accounts]\ndiscover = \"organization\"\nunits = [\"sandbox\"]",
            "[accounts]\ndiscover = \"organization\"\nlist = [\"222222222222\"]",
            "[accounts]\nunits = [\"ou-abcd-12345678\"]",
            "[http]\nlisten = \"everywhere\"",
            "[trust]\nowners = [\"amzon\"]",
            "[trust]\nowners = [\"self\"]",
            "[[consumers]]\npick = \"newest\"",
            "[[consumers]]\nname = \"\"",
            "[[consumers]]\nname = \"web\"",
            "[[consumers]]\nname = \"web\"\nname_pattern = \"web-*\"\n[[consumers]]\nname = \"web\"\nname_pattern = \"*\"",
            "[[consumers]]\nname = \"web\"\nname_pattern = \"web-*\"\npick = \"newst\"",
            "[[consumers]]\nname = \"web\"\nname_pattern = \"web-*\"\npick = \"newest-0\"",
            "[[consumers]]\nname = \"web\"\nname_pattern = \"web-*\"\nowners = [\"me\"]",
            "[[consumers]]\nname = \"web\"\nname_pattern = \"web-*\"\nowner = \"self\"",
            "[[consumers]]\nname = \"web\"\nname_pattern = \"web-*\"\nregions = [\"us-esat-1\"]",
            "[[consumers]]\nname = \"web\"\nname_pattern = \"web-*\"\naccount = \"12\"",
            "[[sources.unused]]\nsource = \"describe-fleet\"\nreason = \"none\"\nuntil = \"2027-01-01\"",
            "[[sources.unused]]\nsource = \"describe-images\"\nreason = \"none\"\nuntil = \"2027-01-01\"",
            "[[sources.unused]]\nsource = \"describe-fleets\"\nuntil = \"2027-01-01\"",
            "[[sources.unused]]\nsource = \"describe-fleets\"\nreason = \" \"\nuntil = \"2027-01-01\"",
            "[[sources.unused]]\nsource = \"describe-fleets\"\nreason = \"none\"",
            "[[sources.unused]]\nsource = \"describe-fleets\"\nreason = \"none\"\nuntil = \"next year\"",
            "[[sources.unused]]\nsource = \"describe-fleets\"\nregion = \"eu-wst-1\"\nreason = \"none\"\nuntil = \"2027-01-01\"",
            "[sources]\ncloud_control = [\"Batch\"]",
            "[sources]\nscreams = \"1y\"",
            "mode = ",
        ];
        let messages: Vec<String> = mistakes.iter().map(|text| file(text).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(messages.join("\n"));
    }

    #[test]
    fn variables_override_the_file_whatever_their_case() {
        let text = "mode = \"observe\"\n[grace]\ndeleteSnapshot = \"3d\"";
        let variables = [
            ("AMI_WARDEN_MODE", "enforce"),
            ("AMI_WARDEN_GRACE__DELETE_SNAPSHOT", "5d"),
            ("AMI_WARDEN_LIMITS__PER_PLACE", "3"),
            ("AMI_WARDEN_SCOPE__REGIONS", "[\"eu-west-1\"]"),
            ("AMI_WARDEN_SNS__TOPICS__CRITICAL", "arn:aws:sns:eu-west-1:111111111111:t"),
            ("AMI_WARDEN_FAMILIES__PATTERNS", "[\"{family}-{version}-*\"]"),
            ("AMI_WARDEN_MANAGED__TOOLS", "[{ tag = \"CreatedBy\", value = \"packer\", name = \"packer\" }]"),
            ("AMI_WARDEN_GROUPS__PARTNERS", "[\"222222222222\"]"),
            ("AMI_WARDEN_SOURCES__UNUSED", "[{source = \"describe-fleets\", reason = \"none\", until = \"2027-01-01\"}]"),
            ("OTHER", "x"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = load(Some((Path::new("a.toml"), text)), variables).unwrap();
        assert_eq!(config.mode, Mode::Enforce);
        assert_eq!(config.grace.delete_snapshot, SignedDuration::from_hours(5 * 24));
        assert_eq!(config.limits.per_place, 3);
        assert_eq!(config.scope.regions, Some(vec!["eu-west-1".into()]));
        assert_eq!(config.sns.topics.len(), 1);
        assert_eq!((config.families.patterns.len(), config.managed.tools[0].name.as_str()), (1, "packer"));
        assert_eq!(config.groups["partners"], ["222222222222".into()]);
        assert_eq!(config.sources.unused[0].until.to_string(), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn a_declaration_holds_in_its_place_until_its_day_and_covers_the_details_of_a_listing() {
        let text =
            "[[sources.unused]]\nsource = \"list-image-recipes\"\naccount = \"111111111111\"\nreason = \"none\"\nuntil = \"2027-01-01\"";
        let sources = file(text).unwrap().sources;
        let (here, there) = (Place::new("111111111111", "eu-west-1"), Place::new("222222222222", "eu-west-1"));
        let (before, after) = ("2026-12-31T23:59:59Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap());
        assert!(sources.is_unused(&Source::ImageRecipes, &here, before) && sources.is_unused(&Source::ImageRecipe, &here, before));
        assert!(!sources.is_unused(&Source::ImageRecipes, &there, before) && !sources.is_unused(&Source::ImageRecipes, &here, after));
        assert!(!sources.is_unused(&Source::Fleets, &here, before));
    }

    #[test]
    fn a_wrong_variable_is_named() {
        let wrong = [("AMI_WARDEN_MOOD", "observe"), ("AMI_WARDEN_MODE", "brave"), ("AMI_WARDEN_LIMITS__PER_PLACE", "many")];
        let messages: Vec<String> = wrong.iter().map(|(name, value)| variable(name, value).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(messages.join("\n"));
    }

    #[test]
    fn relative_paths_are_relative_to_the_file() {
        let config = file("[ledger]\npath = \"state/ledger.db\"\n[policies]\ndirectories = [\"policies\", \"/srv/policies\"]").unwrap();
        assert_eq!(config.ledger.path, Path::new("etc/state/ledger.db"));
        assert_eq!(config.policies.directories, [Path::new("etc/policies"), Path::new("/srv/policies")]);
    }
}
