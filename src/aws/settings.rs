//! How the warden talks to AWS: limits of time and pace, and where a simulator takes AWS's place.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::model::Region;

/// Everything that shapes the connection. `Default` is what production uses.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub timeouts: Timeouts,
    pub pace: Pace,
    /// In place of the credentials chain: for simulators. The program reads no keys from its own files.
    pub keys: Option<Keys>,
    /// In place of `AWS_REGION`, the profile's Region or the machine's: where the account is asked about itself.
    pub home: Option<Region>,
    /// In place of `AWS_ENDPOINT_URL`: every client goes there.
    pub endpoint_url: Option<String>,
    /// In place of the default HTTPS client: a simulator inside the process.
    pub http_client: Option<SharedHttpClient>,
}

/// Access keys handed in by a test or a demonstration.
#[derive(Clone)]
pub struct Keys {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Whether our own token buckets hold requests back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Half of what AWS grants the account, since the account's other users need the rest.
    #[default]
    HalfOfAws,
    /// For simulators that have no buckets.
    Unlimited,
}

/// No call waits for ever: the SDK itself sets no limit but that of connecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Finding credentials and a Region before the first request. Together with `connect` it keeps "no credentials"
    /// below five seconds.
    pub credentials: Duration,
    pub connect: Duration,
    /// Until the first byte of an answer.
    pub read: Duration,
    /// One attempt, body included. A page of 1,000 images takes a few seconds.
    pub attempt: Duration,
    /// One call with its retries and their pauses.
    pub operation: Duration,
    /// How often a read is tried in all. A write is tried again only after a throttle.
    pub attempts: u32,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            credentials: Duration::from_secs(4),
            connect: Duration::from_secs(3),
            read: Duration::from_secs(25),
            attempt: Duration::from_secs(30),
            operation: Duration::from_secs(90),
            attempts: 4,
        }
    }
}
