//! AWS's request limits: one token bucket per account, Region and API, on the world's clock.
//!
//! The figures are those of "Request throttling for the Amazon EC2 API", see the table in aws-facts.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// How many calls an API takes at once, and per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limit {
    /// Tokens in a full bucket.
    pub(crate) capacity: f64,
    /// Tokens that come back per second.
    pub(crate) refill_per_second: f64,
}

const fn limit(capacity: f64, refill_per_second: f64) -> Limit {
    Limit { capacity, refill_per_second }
}

/// Paginated or filtered reads.
pub(crate) const READ: Limit = limit(100.0, 20.0);
/// Unfiltered and unpaginated reads of the large listings.
pub(crate) const READ_ALL: Limit = limit(50.0, 10.0);
/// Mutating calls without a line of their own.
pub(crate) const WRITE: Limit = limit(50.0, 5.0);
/// DeregisterImage, DeleteSnapshot, ModifyImageAttribute, ModifySnapshotAttribute.
pub(crate) const WRITE_MANY: Limit = limit(100.0, 5.0);
/// CreateTags, DeleteTags.
pub(crate) const TAGS: Limit = limit(100.0, 10.0);
/// CopyImage.
pub(crate) const COPY: Limit = limit(100.0, 1.0);
/// Block Public Access of images and of snapshots, switched on or off.
pub(crate) const BLOCK: Limit = limit(1.0, 0.1);
/// STS, per account.
pub(crate) const STS: Limit = limit(600.0, 600.0);
/// GetParameter and GetParameters: "40 transactions per second" by default (Systems Manager quotas).
pub(crate) const SSM_VALUES: Limit = limit(40.0, 40.0);
/// The other reads of SSM. AWS's page of quotas gives less than for values.
pub(crate) const SSM_LISTS: Limit = limit(10.0, 10.0);
/// Organizations, per account. Its quotas are low and differ by API; this one is for all of them.
pub(crate) const ORGANIZATIONS: Limit = limit(10.0, 5.0);
/// "The rate of lookup requests is limited to two per second, per account, per Region."
pub(crate) const LOOKUP_EVENTS: Limit = limit(2.0, 2.0);
/// Cloud Control. AWS tells no figure; this one is low enough to be met by a scan that is in a hurry.
pub(crate) const CLOUD_CONTROL: Limit = limit(20.0, 10.0);
/// Image Builder. AWS tells no figure; the same holds for this one.
pub(crate) const IMAGE_BUILDER: Limit = limit(20.0, 10.0);

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

/// The buckets that have been drawn from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buckets {
    all: BTreeMap<(String, String, &'static str), Bucket>,
}

impl Buckets {
    /// Takes a token; `false` when there is none.
    pub(crate) fn take(&mut self, account: &str, region: &str, api: &'static str, limit: Limit, now: Timestamp) -> bool {
        let key = (account.to_owned(), region.to_owned(), api);
        let bucket = self.all.entry(key).or_insert(Bucket { tokens: limit.capacity, at: now });
        let seconds = now.duration_since(bucket.at).as_secs_f64().max(0.0);
        bucket.tokens = (bucket.tokens + seconds * limit.refill_per_second).min(limit.capacity);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn a_bucket_empties_and_fills_on_the_given_clock() {
        let mut buckets = Buckets::default();
        let now = Timestamp::UNIX_EPOCH;
        let taken = (0..200).filter(|_| buckets.take("1", "r", "CopyImage", COPY, now)).count();
        assert_eq!(taken, 100);
        let later = now + SignedDuration::from_secs(3);
        let taken = (0..200).filter(|_| buckets.take("1", "r", "CopyImage", COPY, later)).count();
        assert_eq!(taken, 3);
        assert!(buckets.take("2", "r", "CopyImage", COPY, later), "another account has its own bucket");
    }
}
