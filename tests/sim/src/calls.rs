//! Which calls are meant: by account, Region, API, resource, and how many of them.

use std::fmt;
use std::sync::Arc;

use crate::wire::params::Params;
use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    First(u64),
    Nth(u64),
    From(u64),
}

/// Some calls. Counts those that match, so that the nth can be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    account: Option<String>,
    region: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    when: When,
    seen: u64,
}

impl Calls {
    /// Every call.
    pub fn any() -> Self {
        Self { account: None, region: None, action: None, resource: None, when: When::Always, seen: 0 }
    }

    /// Every call of one API, for example `DescribeImages`.
    pub fn of(action: &str) -> Self {
        Self::any().action(action)
    }

    /// Only in this account.
    pub fn account(mut self, id: &str) -> Self {
        self.account = Some(id.to_owned());
        self
    }

    /// Only in this Region.
    pub fn region(mut self, name: &str) -> Self {
        self.region = Some(name.to_owned());
        self
    }

    /// Only of this API.
    pub fn action(mut self, name: &str) -> Self {
        self.action = Some(name.to_owned());
        self
    }

    /// Only those that name this resource in any parameter.
    pub fn resource(mut self, id: &str) -> Self {
        self.resource = Some(id.to_owned());
        self
    }

    /// Only the first so many.
    pub fn first(mut self, calls: u64) -> Self {
        self.when = When::First(calls);
        self
    }

    /// Only the nth, counted from one.
    pub fn nth(mut self, call: u64) -> Self {
        self.when = When::Nth(call);
        self
    }

    /// The nth and all after it.
    pub fn from(mut self, call: u64) -> Self {
        self.when = When::From(call);
        self
    }

    /// Whether this call is one of them. Counts it if it matches.
    pub(crate) fn meets(&mut self, account: &str, region: &str, action: &str, params: &Params) -> bool {
        let same = |wanted: &Option<String>, have: &str| wanted.as_deref().is_none_or(|wanted| wanted == have);
        let named = |id: &String| params.all().values().any(|value| value == id);
        if !(same(&self.account, account)
            && same(&self.region, region)
            && same(&self.action, action)
            && self.resource.as_ref().is_none_or(named))
        {
            return false;
        }
        self.seen += 1;
        match self.when {
            When::Always => true,
            When::First(calls) => self.seen <= calls,
            When::Nth(call) => self.seen == call,
            When::From(call) => self.seen >= call,
        }
    }
}

/// What somebody else does to the world right before a call runs.
#[derive(Clone)]
pub(crate) struct Meanwhile {
    pub(crate) calls: Calls,
    pub(crate) change: Arc<dyn Fn(&mut World) + Send + Sync>,
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meanwhile").field("calls", &self.calls).finish_non_exhaustive()
    }
}
