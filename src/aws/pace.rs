//! Our own token buckets, one per place and call, at half of what AWS grants.
//!
//! The buckets belong to the account: whatever else runs there draws from the same ones. The clock is tokio's, so
//! that a test in paused time sees the same waits without waiting.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use super::settings::Pace;

/// A call and the bucket it draws from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Api {
    pub(crate) name: &'static str,
    class: Class,
}

/// AWS's kinds of bucket. <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Paged or filtered Describe*, List*, Get*: 100 tokens, 20 a second.
    Read,
    /// Parameter Store's reads: 40 a second in all by default.
    /// <https://docs.aws.amazon.com/general/latest/gr/ssm.html>
    Parameter,
    /// Services that publish no bucket (Image Builder, Cloud Control). Ours is small; what is throttled all the same is
    /// tried again.
    Gentle,
    /// DisableImage, EnableImageDeprecation and their like: 50 tokens, 5 a second.
    Change,
    /// DeregisterImage, DeleteSnapshot, Modify…Attribute: 100 tokens, 5 a second.
    Heavy,
    /// CopyImage: 100 tokens, 1 a second.
    Copy,
    /// Organizations grants the whole organization a few calls a second, and everybody's consoles and pipelines draw on
    /// them. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
    Organization,
    /// LookupEvents: 2 a second. <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
    Lookup,
    /// EnableImageBlockPublicAccess and the like: 1 token, one in ten seconds.
    Setting,
}

impl Api {
    pub(crate) const fn read(name: &'static str) -> Self {
        Self { name, class: Class::Read }
    }

    pub(crate) const fn parameter(name: &'static str) -> Self {
        Self { name, class: Class::Parameter }
    }

    pub(crate) const fn gentle(name: &'static str) -> Self {
        Self { name, class: Class::Gentle }
    }

    pub(crate) const fn change(name: &'static str) -> Self {
        Self { name, class: Class::Change }
    }

    pub(crate) const fn heavy(name: &'static str) -> Self {
        Self { name, class: Class::Heavy }
    }

    pub(crate) const fn organization(name: &'static str) -> Self {
        Self { name, class: Class::Organization }
    }

    pub(crate) const fn lookup(name: &'static str) -> Self {
        Self { name, class: Class::Lookup }
    }

    pub(crate) const fn copy(name: &'static str) -> Self {
        Self { name, class: Class::Copy }
    }

    pub(crate) const fn setting(name: &'static str) -> Self {
        Self { name, class: Class::Setting }
    }
}

impl Class {
    /// Half of AWS's: how many at once, and how long one token takes to come back.
    fn half(self) -> (u32, Duration) {
        match self {
            Self::Read => (50, Duration::from_millis(100)),
            // Two calls share Parameter Store's bucket.
            Self::Parameter => (10, Duration::from_millis(100)),
            Self::Gentle => (10, Duration::from_millis(200)),
            Self::Change => (25, Duration::from_millis(400)),
            Self::Heavy => (50, Duration::from_millis(400)),
            Self::Copy => (50, Duration::from_secs(2)),
            Self::Organization => (5, Duration::from_millis(500)),
            Self::Lookup => (1, Duration::from_secs(1)),
            // Half a token is none.
            Self::Setting => (1, Duration::from_secs(20)),
        }
    }

    fn quota(self) -> Option<Quota> {
        let (burst, period) = self.half();
        Some(Quota::with_period(period)?.allow_burst(NonZeroU32::new(burst)?))
    }
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>;

/// The buckets of one place.
#[derive(Debug)]
pub(super) struct Pacer {
    pace: Pace,
    clock: TokioClock,
    buckets: Mutex<BTreeMap<&'static str, Arc<Bucket>>>,
}

impl Pacer {
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, clock: TokioClock { start: Instant::now() }, buckets: Mutex::default() }
    }

    /// Waits until one more `api` may be sent.
    pub(super) async fn turn(&self, api: Api) {
        if self.pace == Pace::Unlimited {
            return;
        }
        let Some(bucket) = self.bucket(api) else { return };
        while let Err(not_yet) = bucket.check() {
            tokio::time::sleep(not_yet.wait_time_from(self.clock.now())).await;
        }
    }

    fn bucket(&self, api: Api) -> Option<Arc<Bucket>> {
        let quota = api.class.quota()?;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(api.name).or_insert_with(|| Arc::new(RateLimiter::direct_with_clock(quota, self.clock.clone())));
        Some(Arc::clone(bucket))
    }
}

/// Tokio's clock as governor wants to read it.
#[derive(Clone, Debug)]
struct TokioClock {
    start: Instant,
}

impl Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.start.elapsed().into()
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    /// How many calls pass in `seconds`, if one is tried every ten milliseconds after the first burst.
    fn passed(class: Class, seconds: u64) -> u64 {
        let clock = FakeRelativeClock::default();
        let bucket = RateLimiter::direct_with_clock(class.quota().unwrap(), clock.clone());
        let mut passed = 0;
        for _ in 0..seconds * 100 {
            while bucket.check().is_ok() {
                passed += 1;
            }
            clock.advance(Duration::from_millis(10));
        }
        passed
    }

    #[test]
    fn every_bucket_is_half_of_that_of_aws() {
        // Burst, and 100 seconds of refilling without the last instant.
        assert_eq!(passed(Class::Read, 100), 50 + 999);
        assert_eq!(passed(Class::Change, 100), 25 + 249);
        assert_eq!(passed(Class::Heavy, 100), 50 + 249);
        assert_eq!(passed(Class::Copy, 100), 50 + 49);
        assert_eq!(passed(Class::Setting, 100), 1 + 4);
        // Parameter Store: a quarter for each of two calls.
        assert_eq!(passed(Class::Parameter, 100), 10 + 999);
    }

    #[tokio::test]
    async fn each_call_has_a_bucket_of_its_own() {
        let pacer = Pacer::new(Pace::HalfOfAws);
        for _ in 0..50 {
            pacer.turn(Api::copy("CopyImage")).await;
        }
        assert!(pacer.bucket(Api::copy("CopyImage")).unwrap().check().is_err());
        assert!(pacer.bucket(Api::heavy("DeregisterImage")).unwrap().check().is_ok());
    }
}
