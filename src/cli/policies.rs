//! `policies`: what is in force, and the schema it is written against.

use std::process::ExitCode;

use owo_colors::OwoColorize;

use crate::policy::PolicyInfo;

use super::arguments::{Format, Policies};
use super::failure::Failure;
use super::print;
use super::settings::Settings;

pub(super) fn run(command: Policies, settings: impl FnOnce() -> Result<Settings, Failure>) -> Result<ExitCode, Failure> {
    match command {
        Policies::Schema => print(crate::policy::schema_text()),
        Policies::List { format } => {
            let settings = settings()?;
            let mut policies: Vec<_> = settings.policies.policies().collect();
            policies.sort_by(|a, b| a.id.cmp(&b.id));
            match format {
                Format::Json => {
                    let listed: Vec<_> = policies.iter().map(|policy| document(policy)).collect();
                    let text = crate::model::json_text(&listed).map_err(|error| Failure::failed(format!("cannot write JSON: {error}")))?;
                    print(&(text + "\n"))
                }
                Format::Text => {
                    let width = policies.iter().map(|policy| policy.id.len()).max().unwrap_or(0);
                    let lines = policies.iter().map(|policy| {
                        let actions: Vec<&str> = policy.actions.iter().map(|action| action.name()).collect();
                        let effect = format!("{:6}", policy.effect.name());
                        let effect = if effect.starts_with("forbid") { effect.cyan().to_string() } else { effect.yellow().to_string() };
                        format!(
                            "{:width$}  {effect}  {:8}  {}  {}\n",
                            policy.id.bold(),
                            policy.severity.name(),
                            policy.label(),
                            actions.join(", ").dimmed()
                        )
                    });
                    print(&lines.collect::<String>())
                }
            }
        }
    }
}

fn document(policy: &PolicyInfo) -> serde_json::Value {
    serde_json::json!({
        "id": policy.id,
        "effect": policy.effect.name(),
        "title": policy.title,
        "severity": policy.severity,
        "owner": policy.owner,
        "reason": policy.reason,
        "actions": policy.actions,
        "file": policy.file,
        "line": policy.line,
    })
}
