//! The SDK clients of one place, with their pace, their retry budget and their witness.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::SdkConfig;
use aws_sdk_ec2::config::retry::{RetryConfig, RetryPartition};

use super::pace::{Api, Pacer};
use super::requests::Requests;
use super::settings::Settings;
use super::whole::Witness;
use crate::model::Place;

/// How to reach one place. Cheap to clone; clones share connections, pace and retry budget.
#[derive(Clone, Debug)]
pub struct Clients {
    place: Place,
    pub(super) ec2: aws_sdk_ec2::Client,
    /// Sends once: what a write may do twice, it must not do twice.
    pub(super) ec2_once: aws_sdk_ec2::Client,
    pub(super) autoscaling: aws_sdk_autoscaling::Client,
    pub(super) cloudtrail: aws_sdk_cloudtrail::Client,
    pub(super) rbin: aws_sdk_rbin::Client,
    pub(super) ssm: aws_sdk_ssm::Client,
    pub(super) imagebuilder: aws_sdk_imagebuilder::Client,
    pub(super) cloudcontrol: aws_sdk_cloudcontrol::Client,
    pacer: Arc<Pacer>,
    asked: Arc<AtomicU64>,
}

impl Clients {
    #[expect(clippy::disallowed_methods, reason = "the one place where clients are made")]
    pub(super) fn new(config: &SdkConfig, place: Place, settings: &Settings, requests: &Arc<Requests>) -> Self {
        let region = aws_config::Region::new(place.region.as_str().to_owned());
        let witness = Witness { place: place.clone(), requests: Arc::clone(requests) };
        // The SDK's own partition is `ec2-<region>` for the whole process: one throttled account would eat the
        // retry budget of all others.
        let partition = RetryPartition::custom(place.to_string()).build();
        macro_rules! builder {
            ($sdk:ident) => {
                $sdk::config::Builder::from(config).region(region.clone()).retry_partition(partition.clone()).interceptor(witness.clone())
            };
        }
        let ec2 = builder!(aws_sdk_ec2);
        let ec2_once = ec2.clone().retry_config(RetryConfig::disabled());
        Self {
            place,
            ec2: aws_sdk_ec2::Client::from_conf(ec2.build()),
            ec2_once: aws_sdk_ec2::Client::from_conf(ec2_once.build()),
            autoscaling: aws_sdk_autoscaling::Client::from_conf(builder!(aws_sdk_autoscaling).build()),
            cloudtrail: aws_sdk_cloudtrail::Client::from_conf(builder!(aws_sdk_cloudtrail).build()),
            rbin: aws_sdk_rbin::Client::from_conf(builder!(aws_sdk_rbin).build()),
            ssm: aws_sdk_ssm::Client::from_conf(builder!(aws_sdk_ssm).build()),
            imagebuilder: aws_sdk_imagebuilder::Client::from_conf(builder!(aws_sdk_imagebuilder).build()),
            cloudcontrol: aws_sdk_cloudcontrol::Client::from_conf(builder!(aws_sdk_cloudcontrol).build()),
            pacer: Arc::new(Pacer::new(settings.pace)),
            asked: Arc::default(),
        }
    }

    /// The same clients, drawing from the buckets of `others`.
    pub(super) fn paced_as(self, others: &Self) -> Self {
        Self { pacer: Arc::clone(&others.pacer), ..self }
    }

    /// The account and Region these clients talk to.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The same clients with a count of their own, to learn what one source cost.
    pub fn counted(&self) -> Self {
        Self { asked: Arc::default(), ..self.clone() }
    }

    /// How many calls were made through this value and its clones: one per page, retries not included.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Waits for the right to send one `api`.
    pub(super) async fn turn(&self, api: Api) {
        self.pacer.turn(api).await;
        self.asked.fetch_add(1, Ordering::Relaxed);
    }
}
