//! How this AWS behaves where the real one takes its time or leaves a choice.

use jiff::{SignedDuration, Timestamp};

/// Which snapshots of a registered image DeleteSnapshot refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotGuard {
    /// Every snapshot in its block device mapping: what is seen in practice.
    EverySnapshot,
    /// Only the root device's: all that the documentation of DeleteSnapshot promises.
    RootOnly,
}

/// Public, to be changed freely by a test: `w.settings.copy_delay = …`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// From CopyImage to `available`. Default 5 minutes.
    pub copy_delay: SignedDuration,
    /// From a launch to `LastLaunchedTime` in the listings. Default 24 hours, as AWS documents.
    pub last_launched_lag: SignedDuration,
    /// How long a deregistered image stays in listings. Default zero.
    pub deregistered_linger: SignedDuration,
    /// How long DescribeImages shows an image as it was before a change of its state, permissions, protection or
    /// deprecation. Default zero.
    pub stale_reads: SignedDuration,
    /// How long a new image is missing from listings. Default zero.
    pub listing_lag: SignedDuration,
    /// From CreateRule to `available`. Default 30 minutes.
    pub rule_delay: SignedDuration,
    /// From EnableImageBlockPublicAccess until it counts and is told ("up to 10 minutes"). Default zero.
    pub block_delay: SignedDuration,
    /// From CreateImageUsageReport to `available`. Default 5 minutes.
    pub usage_report_delay: SignedDuration,
    /// How old a launch or a template version must be to be in a usage report ("activity from the past 24 hours ...
    /// might not appear"). Default 24 hours.
    pub usage_report_lag: SignedDuration,
    /// What listings say of deregistration protection that was taken off and still protects. AWS does not document it.
    /// Default `enabled-with-cooldown`, the word it had before; `disabled` is the other one to expect.
    pub cooling_down_shows: &'static str,
    /// How long Fast Snapshot Restore is `enabling` and `disabling`. Default one minute.
    pub fast_restore_delay: SignedDuration,
    /// From a call to its event in LookupEvents. Default 5 minutes: "CloudTrail typically delivers events within an average
    /// of about 5 minutes of an API call. This time is not guaranteed." For lookups AWS speaks of up to 15.
    pub trail_lag: SignedDuration,
    /// Snapshot copies in flight that a destination Region takes. Default 20.
    pub concurrent_copies: usize,
    /// Which snapshots DeleteSnapshot protects. Default every one.
    pub snapshot_guard: SnapshotGuard,
    /// AWS's request limits, on the world's clock. Default off.
    pub throttling: bool,
    /// Forces small pages on every paginated answer. Default none.
    pub page_limit: Option<usize>,
    /// Every paginated answer begins with an empty page and a token. AWS says that this can happen: "always check the
    /// NextToken response parameter value, even if you receive an empty result set" (Organizations), "the number of
    /// items returned can be between zero and the value of MaxResults" (DescribeParameters). Default off.
    pub empty_first_pages: bool,
    /// The expiry that AssumeRole tells; without it one hour (or DurationSeconds) on the world's clock. A client
    /// that runs on the real clock would take credentials of a world set in the past for expired.
    pub credentials_expire_at: Option<Timestamp>,
    /// How long the server holds a connection that a fault leaves without an answer. Default 60 s of real time.
    pub hang_limit: std::time::Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            copy_delay: SignedDuration::from_mins(5),
            last_launched_lag: SignedDuration::from_hours(24),
            deregistered_linger: SignedDuration::ZERO,
            stale_reads: SignedDuration::ZERO,
            listing_lag: SignedDuration::ZERO,
            rule_delay: SignedDuration::from_mins(30),
            block_delay: SignedDuration::ZERO,
            usage_report_delay: SignedDuration::from_mins(5),
            usage_report_lag: SignedDuration::from_hours(24),
            cooling_down_shows: "enabled-with-cooldown",
            fast_restore_delay: SignedDuration::from_mins(1),
            trail_lag: SignedDuration::from_mins(5),
            concurrent_copies: 20,
            snapshot_guard: SnapshotGuard::EverySnapshot,
            throttling: false,
            page_limit: None,
            empty_first_pages: false,
            credentials_expire_at: None,
            hang_limit: std::time::Duration::from_secs(60),
        }
    }
}
