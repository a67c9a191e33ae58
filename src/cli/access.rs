//! `check --aws`: who we are, which accounts can be entered, what may be done there, and what to add where it may not.

use std::collections::BTreeSet;
use std::process::ExitCode;

use owo_colors::OwoColorize;

use crate::aws::read::{self, OrganizationAnswer};
use crate::aws::{Aws, AwsError, Organizations, Rehearsal, rehearse};
use crate::config::{Accounts, Config};
use crate::evidence::EvidenceError;
use crate::inventory::answers::{DescribeOrganization, GetRule};
use crate::inventory::{Estate, Organization};
use crate::model::{AccountId, Gap, Mode, Place, Source, printable};
use crate::plan::create_rule;
use crate::policy::PolicySet;
use crate::scan::Progress;
use crate::scan::live::{Reach, reach};

use super::failure::Failure;
use super::ledger::block_on;
use super::live::connect;
use super::plan::now;
use super::settings::Settings;

/// What a role in the management account, or in a delegated administrator's, has to be allowed.
const ORGANIZATION_READS: &str = "organizations:DescribeOrganization, organizations:ListAccounts, organizations:ListRoots, \
    organizations:ListOrganizationalUnitsForParent and organizations:ListAccountsForParent";

/// Credentials, accounts, and by dry run the permission for every call that `act` makes.
pub(super) fn check(settings: &Settings) -> Result<ExitCode, Failure> {
    block_on(async {
        let config = &settings.config;
        let aws = connect().await?;
        aws.enter_by(&config.accounts);
        let identity = aws.identity();
        say("identity", format!("{} in partition {}", identity.arn, identity.partition.name()));
        let others = others(&aws, config, &settings.policies).await;
        let Reach { places, gaps } = reach(&aws, &config.scope, &others, &Progress::silent()).await.map_err(EvidenceError::from)?;
        let mut refused = account(&aws, config, &identity.account, &places, &gaps).await?;
        for other in &others {
            refused += account(&aws, config, other, &places, &gaps).await?;
        }
        if refused > 0 && config.mode == Mode::Enforce {
            let help = "the scan role may only read; mode `enforce` needs the actions of deploy/iam/enforce-role.json";
            return Err(Failure::failed_with(format!("{refused} calls are denied"), help));
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn say(name: &str, text: impl std::fmt::Display) {
    anstream::println!("{:20} {text}", name.bold());
}

fn warn(name: &str, text: impl std::fmt::Display) {
    anstream::println!("{:20} {text}", name.yellow());
}

/// The accounts that would be governed beside our own, as far as AWS or the configuration tells.
async fn others(aws: &Aws, config: &Config, policies: &PolicySet) -> BTreeSet<AccountId> {
    let mut organization = Organization::default();
    let could_use = config.organization.members.is_none() && policies.asks_organization();
    if could_use || config.accounts.discover.is_some() {
        match read::organization(&Organizations::new(aws)).await {
            Ok(OrganizationAnswer { answer, incomplete: None }) => organization = told(answer),
            Ok(OrganizationAnswer { incomplete: Some(error), .. }) | Err(error) => untold(&error, &config.accounts),
        }
    }
    let mut others = organization.wanted(&config.accounts);
    others.remove(&aws.identity().account);
    others
}

fn told(answer: DescribeOrganization) -> Organization {
    let mut estate = Estate::default();
    estate.learn_organization(answer, "AWS Organizations");
    let organization = estate.organization;
    match &organization.id {
        Some(id) => say(
            "organization",
            format!("{id}, {} accounts, {} of them closed or not open", organization.members.len(), organization.suspended.len()),
        ),
        None => say("organization", "none: this account stands alone"),
    }
    organization
}

fn untold(error: &AwsError, accounts: &Accounts) {
    warn("organization", printable(&error.to_string()));
    let instead = match accounts.discover {
        Some(_) => "or name the accounts in `[accounts] list`",
        None => "or name them in `[organization] members`",
    };
    warn(
        "",
        format!(
            "allow {ORGANIZATION_READS} in the management account or a delegated administrator's, {instead}; until then no share is revoked"
        ),
    );
}

/// What can be done in one account; returns how many calls are denied.
async fn account(aws: &Aws, config: &Config, account: &AccountId, places: &[Place], gaps: &[Gap]) -> Result<usize, Failure> {
    let own = *account == aws.identity().account;
    let places: Vec<&Place> = places.iter().filter(|place| place.account == *account).collect();
    let gaps: Vec<&Gap> = gaps.iter().filter(|gap| gap.place.account == *account).collect();
    let locked = gaps.iter().find(|gap| gap.source == Source::AssumeRole);
    match (own, locked) {
        (true, _) => say("account", format!("{account}, our own")),
        (false, None) => say("account", format!("{account} can be entered")),
        (false, Some(gap)) => {
            warn("account", format!("{account} cannot be entered: {}", printable(&gap.error)));
            missing_role(aws, account, &config.accounts, &config.accounts.role, "scan-role.json");
            return Ok(0);
        }
    }
    let regions: Vec<&str> = places.iter().map(|place| place.region.as_str()).collect();
    say("Regions", regions.join(", "));
    for gap in gaps {
        warn("gap", printable(&gap.to_string()));
    }
    for place in &places {
        recycle_bin(aws, place).await;
    }
    match places.first() {
        Some(place) => changes(aws, config, place).await,
        None => Ok(0),
    }
}

/// What has to be there on either side of the door.
fn missing_role(aws: &Aws, account: &AccountId, accounts: &Accounts, role: &str, policy: &str) {
    let Ok(Some(session)) = aws.session(account) else { return };
    let (path, name) = role.rsplit_once('/').map_or((None, role), |(path, name)| (Some(path), name));
    let path = path.map(|path| format!(" --path /{path}/")).unwrap_or_default();
    let external_id = match &accounts.external_id {
        Some(id) => format!("with the external id `{id}` of `[accounts]`"),
        None => "without its condition, since `[accounts] external_id` is not set".to_owned(),
    };
    let arn = session.role_arn().replace(&accounts.role, role);
    warn("", format!("here, allow `sts:AssumeRole` on {arn} (deploy/iam/hub-role.json)"));
    warn(
        "",
        format!(
            "there, make the role; its trust policy is deploy/iam/trust-account.json with our account {}, {external_id}:",
            aws.identity().account
        ),
    );
    warn("", format!("aws iam create-role --role-name {name}{path} --assume-role-policy-document file://trust-account.json"));
    warn("", format!("aws iam put-role-policy --role-name {name} --policy-name ami-warden --policy-document file://{policy}"));
}

/// Rehearses every change in one place; returns how many are denied.
async fn changes(aws: &Aws, config: &Config, place: &Place) -> Result<usize, Failure> {
    if let Some(session) = aws.writing_session(&place.account).map_err(Failure::error)?
        && let Err(error) = session.enter().await
    {
        warn("changes", format!("the role for changes cannot be assumed: {}", printable(&error.to_string())));
        missing_role(aws, &place.account, &config.accounts, config.accounts.writing_role(), "enforce-role.json");
        return Ok(1);
    }
    let mut refused = 0;
    let clients = aws.writing_clients(place).map_err(Failure::error)?;
    for rehearsed in rehearse(&clients, now()).await {
        let told = match &rehearsed.rehearsal {
            Rehearsal::Allowed => "allowed".green().to_string(),
            Rehearsal::Denied(error) => {
                refused += 1;
                format!("{} {}", "denied".red(), printable(&error.to_string()))
            }
            Rehearsal::Unclear(error) => format!("{} {}", "cannot be told beforehand".yellow(), printable(&error.to_string())),
        };
        say(rehearsed.api, told);
    }
    Ok(refused)
}

/// Without a rule nothing can be deregistered or deleted there: say so, with the command that makes one.
async fn recycle_bin(aws: &Aws, place: &Place) {
    let said = async {
        let clients = aws.clients(place)?;
        let rules = read::rules(&clients).await?;
        read::rule_details(&clients, &rules).await
    };
    match said.await {
        Err(error) => warn("Recycle Bin", format!("in {}: {}", place.region, printable(&error.to_string()))),
        Ok(rules) => {
            for kind in ["EC2_IMAGE", "EBS_SNAPSHOT"] {
                let works = |rule: &GetRule| rule.resource_type.as_deref() == Some(kind) && rule.status.as_deref() == Some("available");
                if !rules.iter().any(works) {
                    warn("Recycle Bin", format!("in {} no rule for {kind}: {}", place.region, create_rule(place, kind)));
                }
            }
        }
    }
}
