//! Finds credentials, asks AWS who they are, and hands out clients per place, in other accounts by way of a role.
//!
//! Never waits long: without credentials, or with expired ones, the answer is an error within five seconds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::identity::IdentityCache;
use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use super::clients::Clients;
use super::error::{AwsError, ErrorKind};
use super::requests::Requests;
use super::session::{Roles, Session, Sts};
use super::settings::Settings;
use super::whole::Witness;
use crate::config::Accounts;
use crate::model::{AccountId, Place, Region};

/// The way into AWS: one HTTP client for everything, clients per place, requests counted.
#[derive(Debug)]
pub struct Aws {
    identity: Identity,
    home: Region,
    settings: Settings,
    requests: Arc<Requests>,
    /// With the own credentials.
    own: SdkConfig,
    sts: Arc<Sts>,
    others: Mutex<Others>,
    places: Mutex<BTreeMap<(Place, Purpose), Clients>>,
}

/// The ways into other accounts.
#[derive(Debug, Default)]
struct Others {
    roles: Option<Roles>,
    sessions: BTreeMap<(AccountId, Purpose), Arc<Session>>,
}

/// What an account is entered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    Reading,
    Writing,
}

/// Who the credentials are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account: AccountId,
    pub arn: String,
    pub partition: Partition,
}

/// A part of AWS with its own accounts, Regions and endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partition {
    Commercial,
    China,
    UsGov,
    /// A partition newer than this program, by its name.
    Other(String),
}

impl Partition {
    /// The partition an ARN names.
    pub fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.split(':');
        match (parts.next(), parts.next()) {
            (Some("arn"), Some("aws")) => Some(Self::Commercial),
            (Some("arn"), Some("aws-cn")) => Some(Self::China),
            (Some("arn"), Some("aws-us-gov")) => Some(Self::UsGov),
            (Some("arn"), Some(other)) if !other.is_empty() => Some(Self::Other(other.to_owned())),
            _ => None,
        }
    }

    /// As in ARNs.
    pub fn name(&self) -> &str {
        match self {
            Self::Commercial => "aws",
            Self::China => "aws-cn",
            Self::UsGov => "aws-us-gov",
            Self::Other(name) => name,
        }
    }

    /// Two Regions that no account can switch off.
    /// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
    pub(super) fn always_on(&self) -> &'static [&'static str] {
        match self {
            Self::Commercial => &["us-east-1", "us-west-2"],
            Self::China => &["cn-north-1", "cn-northwest-1"],
            Self::UsGov => &["us-gov-west-1", "us-gov-east-1"],
            Self::Other(_) => &[],
        }
    }
}

/// Why there is no way into AWS.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("no AWS credentials were found ({0}): set AWS_PROFILE, sign in with `aws sso login`, or give this machine a role")]
    Missing(String),
    #[error("the AWS credentials have expired ({0}): sign in again, for example with `aws sso login`, or renew the session token")]
    Expired(String),
    #[error("AWS does not accept these credentials ({0}): check the access key, the session token and this machine's clock")]
    Rejected(AwsError),
    #[error("this identity may not even ask who it is ({0}): allow `sts:GetCallerIdentity`")]
    Denied(AwsError),
    #[error("nothing listens at the AWS endpoint ({0}): check AWS_ENDPOINT_URL, proxy and network")]
    Refused(AwsError),
    #[error("AWS could not be asked who these credentials are ({0}): check network, proxy and AWS_REGION")]
    Unreachable(AwsError),
}

impl From<AwsError> for ConnectError {
    fn from(error: AwsError) -> Self {
        match error.kind {
            ErrorKind::Expired => Self::Expired(error.message),
            ErrorKind::Auth if error.code == "NoCredentials" => Self::Missing(error.message),
            ErrorKind::Auth => Self::Rejected(error),
            ErrorKind::Denied => Self::Denied(error),
            ErrorKind::Refused => Self::Refused(error),
            _ => Self::Unreachable(error),
        }
    }
}

impl Aws {
    /// Finds credentials by the usual chain and asks STS in the home Region who they are.
    pub async fn connect(settings: Settings) -> Result<Self, ConnectError> {
        let limit = settings.timeouts.credentials;
        let (config, home) = tokio::time::timeout(limit, load(&settings))
            .await
            .map_err(|_| ConnectError::Missing(format!("no provider answered within {limit:?}")))??;
        let requests = Arc::new(Requests::default());
        let identity = identify(&config, &home, &requests).await?;
        let sts = Arc::new(Sts::new(&config, &identity.account, &home, &identity.partition, &requests));
        Ok(Self { identity, home, settings, requests, own: config, sts, others: Mutex::default(), places: Mutex::default() })
    }

    /// From now on other accounts are entered by these roles. Sessions of other roles are dropped; with no account but the
    /// own one governed, none can be entered.
    pub fn enter_by(&self, accounts: &Accounts) {
        let roles = Roles::of(accounts);
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if others.roles != roles {
            *others = Others { roles, sessions: BTreeMap::new() };
            let own = &self.identity.account;
            self.places.lock().unwrap_or_else(PoisonError::into_inner).retain(|(place, _), _| place.account == *own);
        }
    }

    /// The session that reads another account; `None` for our own, which needs none.
    ///
    /// # Errors
    /// When no role is configured.
    pub fn session(&self, account: &AccountId) -> Result<Option<Arc<Session>>, AwsError> {
        self.session_for(account, Purpose::Reading)
    }

    /// The session that changes another account; `None` for our own.
    ///
    /// # Errors
    /// When no role is configured.
    pub fn writing_session(&self, account: &AccountId) -> Result<Option<Arc<Session>>, AwsError> {
        self.session_for(account, Purpose::Writing)
    }

    fn session_for(&self, account: &AccountId, purpose: Purpose) -> Result<Option<Arc<Session>>, AwsError> {
        if *account == self.identity.account {
            return Ok(None);
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(roles) = others.roles.clone() else {
            let message = format!("there are no credentials for account {account}: `[accounts]` says how others are entered");
            return Err(AwsError::unsent(ErrorKind::Auth, "NoCredentials", message));
        };
        // One role for both is one session.
        let (role, purpose) = match purpose {
            Purpose::Writing if roles.writing != roles.reading => (&roles.writing, Purpose::Writing),
            _ => (&roles.reading, Purpose::Reading),
        };
        let new = || Arc::new(Session::new(account, role, &roles, &self.identity.partition, &self.sts));
        Ok(Some(Arc::clone(others.sessions.entry((account.clone(), purpose)).or_insert_with(new))))
    }

    /// Who we are.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Where the account is asked about itself: `AWS_REGION`, the profile's or the machine's Region, else `us-east-1`.
    pub fn home(&self) -> Place {
        Place { account: self.identity.account.clone(), region: self.home.clone() }
    }

    /// Everything sent so far.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Where an account is asked about itself: the home Region, or one that is on in every account.
    pub fn first_places(&self, account: &AccountId) -> Vec<Place> {
        let always_on = self.identity.partition.always_on().iter().map(|region| Region::from(*region)).find(|region| *region != self.home);
        let regions = std::iter::once(self.home.clone()).chain(always_on);
        regions.map(|region| Place { account: account.clone(), region }).collect()
    }

    /// The clients of a place, with the reading role where it is another account's; an error for an account there is no
    /// way into.
    pub fn clients(&self, place: &Place) -> Result<Clients, AwsError> {
        self.clients_for(place, Purpose::Reading)
    }

    /// The same with the role that changes are made with. Reading and writing share one pace: AWS counts per account.
    pub fn writing_clients(&self, place: &Place) -> Result<Clients, AwsError> {
        if self.identity.account == place.account {
            return self.clients(place);
        }
        Ok(self.clients_for(place, Purpose::Writing)?.paced_as(&self.clients(place)?))
    }

    fn clients_for(&self, place: &Place, purpose: Purpose) -> Result<Clients, AwsError> {
        let session = self.session_for(&place.account, purpose)?;
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = places.entry((place.clone(), purpose)).or_insert_with(|| {
            let config = match session {
                None => self.own.clone(),
                Some(session) => {
                    let credentials: Arc<dyn ProvideCredentials> = session;
                    let credentials = SharedCredentialsProvider::new(credentials);
                    // The session keeps its credentials itself; the SDK's cache is one for all accounts, and has room for 64.
                    self.own.to_builder().credentials_provider(credentials).identity_cache(IdentityCache::no_cache()).build()
                }
            };
            Clients::new(&config, place.clone(), &self.settings, &self.requests)
        });
        Ok(clients.clone())
    }

    /// The configuration with our own credentials.
    pub(super) fn own_config(&self) -> &SdkConfig {
        &self.own
    }

    /// How fast and how patiently AWS is asked.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn witness(&self, place: Place) -> Witness {
        Witness { place, requests: Arc::clone(&self.requests) }
    }
}

/// Reads environment and profile, and makes sure that there are credentials at all.
async fn load(settings: &Settings) -> Result<(SdkConfig, Region), ConnectError> {
    let timeouts = &settings.timeouts;
    let limits = TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .operation_attempt_timeout(timeouts.attempt)
        .operation_timeout(timeouts.operation)
        .build();
    let home = settings.home.as_ref().map(|region| aws_config::Region::new(region.as_str().to_owned()));
    // The same Region that AWS's own tools fall back to.
    let region = RegionProviderChain::first_try(home).or_default_provider().or_else("us-east-1");
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .timeout_config(limits)
        .retry_config(RetryConfig::standard().with_max_attempts(timeouts.attempts.max(1)));
    if let Some(keys) = &settings.keys {
        loader = loader.credentials_provider(Credentials::new(
            &keys.access_key_id,
            &keys.secret_access_key,
            keys.session_token.clone(),
            None,
            "Settings",
        ));
    }
    if let Some(url) = &settings.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(client) = &settings.http_client {
        loader = loader.http_client(client.clone());
    }
    let config = loader.load().await;
    let region = config.region().map_or("us-east-1", |region| region.as_ref());
    let home = Region::from(region);
    credentials(config.credentials_provider()).await?;
    Ok((config, home))
}

/// Asks the chain once, so that its own words reach the user.
async fn credentials(provider: Option<SharedCredentialsProvider>) -> Result<(), ConnectError> {
    let Some(provider) = provider else { return Err(ConnectError::Missing("no provider is configured".into())) };
    match provider.provide_credentials().await {
        Ok(_) => Ok(()),
        Err(error) => Err(AwsError::without_credentials(&error).into()),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks STS")]
async fn identify(config: &SdkConfig, home: &Region, requests: &Arc<Requests>) -> Result<Identity, ConnectError> {
    // The account is what is being asked for.
    let witness = Witness { place: Place::new("-", home.clone()), requests: Arc::clone(requests) };
    let sts =
        aws_sdk_sts::config::Builder::from(config).retry_config(RetryConfig::standard().with_max_attempts(2)).interceptor(witness).build();
    let caller = aws_sdk_sts::Client::from_conf(sts).get_caller_identity().send().await.map_err(AwsError::of)?;
    let unusable = |what: &str| ConnectError::Unreachable(AwsError::malformed(format!("STS named no usable {what}")));
    let account = caller.account.map(AccountId::from).filter(AccountId::is_well_formed).ok_or_else(|| unusable("account"))?;
    let arn = caller.arn.ok_or_else(|| unusable("ARN"))?;
    let partition = Partition::of_arn(&arn).ok_or_else(|| unusable("partition"))?;
    Ok(Identity { account, arn, partition })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_partitions_are_read_from_arns() {
        for (arn, name) in [
            ("arn:aws:sts::123456789012:assumed-role/warden/x", "aws"),
            ("arn:aws-cn:iam::123456789012:user/x", "aws-cn"),
            ("arn:aws-us-gov:iam::123456789012:user/x", "aws-us-gov"),
            ("arn:aws-iso:iam::123456789012:user/x", "aws-iso"),
        ] {
            assert_eq!(Partition::of_arn(arn).unwrap().name(), name);
        }
        assert_eq!(Partition::of_arn("123456789012"), None);
    }
}
