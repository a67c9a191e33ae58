//! Over the wire: the SDK against the simulator on a loopback port.

mod accounts;
mod connecting;
mod organization;
mod reading;
mod writing;

use std::time::Duration;

use ami_warden_sim::{Server, Sim, World};

use super::{Aws, Clients, ConnectError, Keys, Pace, Settings, Timeouts};
use crate::model::Place;

pub(crate) const OURS: &str = "111111111111";
pub(crate) const OUTSIDER: &str = "222222222222";
pub(crate) const HERE: &str = "us-east-1";

/// A simulation and the way into it.
#[derive(Debug)]
pub(crate) struct Wired {
    pub(crate) sim: Sim,
    pub(crate) server: Server,
    pub(crate) aws: Aws,
}

impl Wired {
    pub(crate) async fn to(world: World) -> Self {
        Self::with(world, settings).await
    }

    /// For calls that get no answer.
    pub(crate) async fn impatient(world: World) -> Self {
        Self::with(world, impatient).await
    }

    async fn with(world: World, settings: impl Fn(&str) -> Settings) -> Self {
        let sim = Sim::new(world);
        let server = sim.serve().await.unwrap();
        let aws = Aws::connect(settings(&server.endpoint())).await.unwrap();
        Self { sim, server, aws }
    }

    pub(crate) fn clients(&self) -> Clients {
        self.aws.clients(&here()).unwrap()
    }
}

pub(crate) fn here() -> Place {
    Place::new(OURS, HERE)
}

pub(crate) fn now() -> jiff::Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn settings(endpoint: &str) -> Settings {
    Settings {
        timeouts: Timeouts {
            credentials: Duration::from_secs(4),
            connect: Duration::from_secs(3),
            read: Duration::from_secs(20),
            attempt: Duration::from_secs(20),
            operation: Duration::from_secs(60),
            attempts: 2,
        },
        pace: Pace::Unlimited,
        keys: Some(Keys { access_key_id: format!("AKIA{OURS}"), secret_access_key: "x".into(), session_token: None }),
        home: Some(HERE.into()),
        endpoint_url: Some(endpoint.to_owned()),
        http_client: None,
    }
}

/// The same with little patience, for answers that never come. On a busy machine even real ones may come too late, so
/// only tests of silence use it.
fn impatient(endpoint: &str) -> Settings {
    let patient = settings(endpoint);
    let timeouts = Timeouts { read: Duration::from_millis(800), attempt: Duration::from_secs(1), ..patient.timeouts };
    Settings { timeouts, ..patient }
}

async fn refused(settings: Settings) -> ConnectError {
    Aws::connect(settings).await.unwrap_err()
}
