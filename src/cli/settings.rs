//! Configuration and policies from their files.

use std::path::{Path, PathBuf};

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use crate::config::{Config, ConfigError, load};
use crate::policy::{PolicyFile, PolicySet};

use super::failure::Failure;

/// Where a configuration is looked for when none is named.
const DEFAULT_FILES: [&str; 2] = ["ami-warden.toml", "/etc/ami-warden/ami-warden.toml"];

/// What a command works with.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) config: Config,
    /// The file it came from; `None` for built-in defaults.
    pub(super) file: Option<PathBuf>,
    pub(super) policies: PolicySet,
}

/// A mistake in the configuration, with the line it is in.
#[derive(Debug, Diagnostic, Error)]
#[error("{message}")]
struct Mistake {
    message: String,
    #[source_code]
    text: Option<NamedSource<String>>,
    #[label("here")]
    span: Option<SourceSpan>,
}

impl Settings {
    /// Reads the configuration and the policies it names.
    pub(super) fn load(file: Option<&Path>) -> Result<Self, Failure> {
        let file = match file {
            Some(named) => Some(named.to_owned()),
            None => default_file()?,
        };
        let text = file.as_deref().map(read).transpose()?;
        let config = load(file.as_deref().zip(text.as_deref()), variables()?).map_err(|error| mistake(error, text.as_deref()))?;
        let policies = policies(&config, file.as_deref())?;
        Ok(Self { config, file, policies })
    }
}

/// The environment's variables. One of ours that is not text is an error, one of somebody else's is no matter.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment comes from")]
fn variables() -> Result<Vec<(String, String)>, Failure> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => variables.push((name, value)),
            (Ok(name), Err(_)) if name.starts_with(crate::config::VARIABLES) => {
                return Err(Failure::usage(format!("environment variable `{name}` is not text")));
            }
            _ => {}
        }
    }
    Ok(variables)
}

/// The first default file that is there. One that cannot be looked for is an error: the built-in defaults know no keep tag
/// of yours.
fn default_file() -> Result<Option<PathBuf>, Failure> {
    for path in DEFAULT_FILES.iter().map(PathBuf::from) {
        let there = path.try_exists();
        let there = there.map_err(|error| Failure::usage(format!("cannot look for the configuration `{}`: {error}", path.display())))?;
        if there {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("cannot read the configuration `{}`: {error}", path.display())))
}

fn mistake(error: ConfigError, text: Option<&str>) -> Failure {
    let message = error.to_string();
    let report = match (error, text) {
        (ConfigError::File { file, span, .. }, Some(text)) => {
            let source = NamedSource::new(file.display().to_string(), text.to_owned()).with_language("TOML");
            Mistake { message, text: Some(source), span: Some(span.into()) }
        }
        _ => Mistake { message, text: None, span: None },
    };
    Failure::Usage(report.into())
}

/// The policies of the configured directories; `policies` beside the configuration file when none are configured;
/// else those built in.
fn policies(config: &Config, file: Option<&Path>) -> Result<PolicySet, Failure> {
    let mut directories = config.policies.directories.clone();
    if directories.is_empty() {
        let beside = file.and_then(Path::parent).map(|folder| folder.join("policies"));
        directories.extend(beside.filter(|folder| folder.is_dir()));
    }
    let set = if directories.is_empty() {
        PolicySet::shipped()
    } else {
        let mut files = Vec::new();
        for directory in &directories {
            files.extend(policy_files(directory)?);
        }
        PolicySet::load(&files)
    };
    let set = set.map_err(|errors| Failure::usage(errors.to_string()))?;
    let unknown: Vec<String> = set.unknown_groups(config.groups.keys().map(String::as_str)).iter().map(ToString::to_string).collect();
    if unknown.is_empty() { Ok(set) } else { Err(Failure::usage(unknown.join("\n"))) }
}

/// Every `*.cedar` file of a directory, sorted. A directory without any is a mistake: it would govern nothing.
fn policy_files(directory: &Path) -> Result<Vec<PolicyFile>, Failure> {
    let unreadable =
        |path: &Path, error: std::io::Error| Failure::usage(format!("cannot read policies from `{}`: {error}", path.display()));
    let entries = std::fs::read_dir(directory).map_err(|error| unreadable(directory, error))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| unreadable(directory, error))?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "cedar"));
    paths.sort();
    if paths.is_empty() {
        let message = format!(
            "the policy directory `{}` holds no `*.cedar` file: add policies or remove it from `policies.directories`",
            directory.display()
        );
        return Err(Failure::usage(message));
    }
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            Ok(PolicyFile { path, text })
        })
        .collect()
}
