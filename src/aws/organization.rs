//! The client of AWS Organizations, a service with one endpoint per partition.

use std::sync::Arc;

use super::connect::{Aws, Partition};
use super::pace::{Api, Pacer};
use crate::model::{Place, Region};

/// How to reach the organization of the own account.
#[derive(Clone, Debug)]
pub struct Organizations {
    pub(super) client: aws_sdk_organizations::Client,
    pacer: Arc<Pacer>,
}

impl Organizations {
    /// With the own credentials.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes clients of Organizations")]
    pub fn new(aws: &Aws) -> Self {
        let home = aws.home();
        let region = signing_region(&aws.identity().partition, &home.region);
        let config = aws_sdk_organizations::config::Builder::from(aws.own_config())
            .region(aws_config::Region::new(region.as_str().to_owned()))
            .interceptor(aws.witness(Place { account: home.account, region }));
        let client = aws_sdk_organizations::Client::from_conf(config.build());
        Self { client, pacer: Arc::new(Pacer::new(aws.settings().pace)) }
    }

    /// Waits for the right to send one `api`.
    pub(super) async fn turn(&self, api: Api) {
        self.pacer.turn(api).await;
    }
}

/// The Region that signs for the whole partition.
/// <https://docs.aws.amazon.com/general/latest/gr/ao.html>
fn signing_region(partition: &Partition, home: &Region) -> Region {
    match partition {
        Partition::Commercial => "us-east-1".into(),
        Partition::China => "cn-northwest-1".into(),
        Partition::UsGov => "us-gov-west-1".into(),
        Partition::Other(_) => home.clone(),
    }
}
