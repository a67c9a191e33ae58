//! The way into another account: a role assumed through regional STS, and its credentials kept until shortly before
//! they end.
//!
//! Never falls back to the own credentials: an account that cannot be entered is not read with somebody else's rights.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use tokio::sync::OnceCell;

use super::connect::Partition;
use super::error::{AwsError, ErrorKind};
use super::requests::Requests;
use super::whole::Witness;
use crate::config::Accounts;
use crate::model::{AccountId, Place, Region};

/// What is assumed in every other account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Roles {
    pub(super) reading: String,
    pub(super) writing: String,
    pub(super) external_id: Option<String>,
    pub(super) session_name: String,
}

impl Roles {
    /// The configured ones; `None` where no other account is governed.
    pub(super) fn of(accounts: &Accounts) -> Option<Self> {
        accounts.beyond_own().then(|| Self {
            reading: accounts.role.clone(),
            writing: accounts.writing_role().to_owned(),
            external_id: accounts.external_id.clone(),
            session_name: accounts.session_name.clone(),
        })
    }
}

/// Credentials are renewed this long before they end: longer than any one call lasts, retries included.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// STS in the home Region, and in a second one for when the first does not answer or is not enabled over there.
#[derive(Debug)]
pub(super) struct Sts {
    endpoints: Vec<(Region, aws_sdk_sts::Client)>,
    /// What tells the time.
    config: SdkConfig,
}

impl Sts {
    /// Clients with the own credentials. A session from any regional endpoint is good in all Regions; one from the
    /// global endpoint would not be in those that have to be enabled, so that is never asked.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html>
    #[expect(clippy::disallowed_methods, reason = "the one place that assumes roles")]
    pub(super) fn new(config: &SdkConfig, own: &AccountId, home: &Region, partition: &Partition, requests: &Arc<Requests>) -> Self {
        let client = |region: Region| {
            let witness = Witness { place: Place { account: own.clone(), region: region.clone() }, requests: Arc::clone(requests) };
            let config = aws_sdk_sts::config::Builder::from(config)
                .region(aws_config::Region::new(region.as_str().to_owned()))
                .retry_config(RetryConfig::standard().with_max_attempts(2))
                .interceptor(witness);
            (region, aws_sdk_sts::Client::from_conf(config.build()))
        };
        let second = partition.always_on().iter().map(|region| Region::from(*region)).find(|region| region != home);
        let endpoints = std::iter::once(home.clone()).chain(second).map(client).collect();
        Self { endpoints, config: config.clone() }
    }

    /// By the SDK's own clock, which also tells it when credentials end.
    fn now(&self) -> Option<SystemTime> {
        self.config.time_source().map(|time| time.now())
    }
}

/// One role in one account. Clones of its `Arc` share the credentials.
#[derive(Debug)]
pub struct Session {
    role_arn: String,
    external_id: Option<String>,
    session_name: String,
    sts: Arc<Sts>,
    /// Filled by whoever needs it first; a new cell takes its place when what is in it ends.
    held: Mutex<Arc<OnceCell<Credentials>>>,
}

impl Session {
    pub(super) fn new(account: &AccountId, role: &str, roles: &Roles, partition: &Partition, sts: &Arc<Sts>) -> Self {
        Self {
            role_arn: format!("arn:{}:iam::{account}:role/{role}", partition.name()),
            external_id: roles.external_id.clone(),
            session_name: roles.session_name.clone(),
            sts: Arc::clone(sts),
            held: Mutex::default(),
        }
    }

    /// `arn:aws:iam::222222222222:role/ami-warden-scan`
    pub fn role_arn(&self) -> &str {
        &self.role_arn
    }

    /// Assumes the role, unless credentials are at hand that last a while.
    ///
    /// # Errors
    /// What STS answered: AWS does not tell a role that is not there from one that does not trust us.
    pub async fn enter(&self) -> Result<(), AwsError> {
        self.credentials().await.map(|_| ())
    }

    /// Drops the credentials: AWS does not take them any more, whatever their date says.
    pub fn forget(&self) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    async fn credentials(&self) -> Result<Credentials, AwsError> {
        // Many calls ask at once; one of them assumes the role, and the others wait for it.
        self.cell().get_or_try_init(|| self.assume()).await.cloned()
    }

    /// The credentials at hand, or an empty cell for new ones.
    fn cell(&self) -> Arc<OnceCell<Credentials>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = held.get().and_then(Credentials::expiry);
        if let (Some(ends), Some(now)) = (ends, self.sts.now())
            && ends <= now + MARGIN
        {
            *held = Arc::default();
        }
        Arc::clone(&held)
    }

    async fn assume(&self) -> Result<Credentials, AwsError> {
        let mut failed: Option<AwsError> = None;
        for (region, sts) in &self.sts.endpoints {
            let error = match self.ask(sts).await {
                Ok(credentials) => return Ok(credentials),
                Err(error) => error,
            };
            let elsewhere_too = !another_endpoint_may_help(&error);
            failed = Some(match failed {
                None => error,
                Some(first) => AwsError { message: format!("{}; STS in {region}: {error}", first.message), ..first },
            });
            if elsewhere_too {
                break;
            }
        }
        Err(failed.unwrap_or_else(|| AwsError::unsent(ErrorKind::Auth, "NoCredentials", "there is no STS to ask")))
    }

    async fn ask(&self, sts: &aws_sdk_sts::Client) -> Result<Credentials, AwsError> {
        let call = sts.assume_role().role_arn(&self.role_arn).role_session_name(&self.session_name);
        let answer = call.set_external_id(self.external_id.clone()).send().await.map_err(AwsError::of)?;
        let lacks = |what: &str| AwsError::malformed(format!("STS gave no {what} for {}", self.role_arn));
        let credentials = answer.credentials.ok_or_else(|| lacks("credentials"))?;
        let ends = SystemTime::try_from(credentials.expiration).map_err(|_| lacks("usable date of expiry"))?;
        let token = Some(credentials.session_token);
        Ok(Credentials::new(credentials.access_key_id, credentials.secret_access_key, token, Some(ends), "AssumeRole"))
    }
}

/// Whether STS in another Region may answer differently: this one did not answer, is out of order, is throttled, or is
/// not enabled in the other account. A role that does not trust us is the same everywhere.
fn another_endpoint_may_help(error: &AwsError) -> bool {
    let region_is_off = error.kind == ErrorKind::Auth || error.code == "RegionDisabledException";
    region_is_off
        || matches!(
            error.kind,
            ErrorKind::Throttled
                | ErrorKind::Timeout
                | ErrorKind::Refused
                | ErrorKind::Network
                | ErrorKind::Malformed
                | ErrorKind::Server
                | ErrorKind::Unsupported
        )
}

impl ProvideCredentials for Session {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            let result: provider::Result = self.credentials().await.map_err(CredentialsError::provider_error);
            result
        })
    }
}
