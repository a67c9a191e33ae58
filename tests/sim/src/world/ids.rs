//! Ids as AWS makes them, but counted instead of drawn: the same test sees the same ids.

/// The one counter of a world.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    next: u64,
    requests: u64,
}

impl Ids {
    fn take(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// For example `ami-0` and sixteen hexadecimal digits: seventeen in all, as AWS has them since 2018.
    pub(crate) fn resource(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{:016x}", self.take())
    }

    /// The eleven characters behind a Recycle Bin rule.
    pub(crate) fn rule(&mut self) -> String {
        format!("rule{:07x}", self.take())
    }

    /// Request ids are counted apart, so that reading does not change what the next resource is called.
    pub(crate) fn request(&mut self) -> String {
        self.requests += 1;
        format!("00000000-0000-4000-9000-{:012x}", self.requests)
    }

    /// A UUID in shape: SNS message ids, fleets.
    pub(crate) fn uuid(&mut self) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.take())
    }

    /// `sir-` and eight characters: Spot Instance requests never got the longer ids.
    pub(crate) fn spot_request(&mut self) -> String {
        format!("sir-{:08x}", self.take())
    }

    /// The key id that AssumeRole hands out; it carries the account, as `AKIA` keys here do.
    pub(crate) fn session_key(&mut self, account: &str) -> String {
        format!("ASIA{account}{:04}", self.take())
    }
}
