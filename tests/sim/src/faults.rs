//! What is to go wrong: faults by account, Region, API and how often.
//!
//! `w.inject(Fault::throttle().action("DescribeImages").region("eu-west-1").nth(2))`

use crate::error::AwsError;
use crate::wire::Service;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// No permission: `UnauthorizedOperation`, `AccessDenied`, `AccessDeniedException`.
    Deny,
    /// `AuthFailure` (EC2) or `InvalidClientTokenId`: bad credentials, clock skew, a Region that is off.
    AuthFailure,
    /// Expired credentials: `RequestExpired` or `ExpiredToken`.
    Expired,
    /// The request limit: `RequestLimitExceeded`, `Throttling`, `Throttled`.
    Throttle,
    /// HTTP 500, and nothing happened.
    InternalError,
    /// HTTP 500, and the change happened all the same.
    InternalErrorAfter,
    /// Any other refusal.
    Refuse(AwsError),
    /// The connection is accepted, nothing happens, no answer comes.
    TimeoutBefore,
    /// The change happens, no answer comes.
    TimeoutAfter,
    /// The connection is reset; nothing happened.
    ResetBefore,
    /// The connection is reset; the change happened.
    ResetAfter,
    /// HTTP 200 with nothing in it; the change happened.
    EmptyBody,
    /// HTTP 200 and well-formed, but without what it should hold, its lists included; the change happened.
    BareAnswer,
    /// The answer breaks off in the middle; the change happened.
    TruncatedPage,
    /// A NextToken that leads to the same page for ever.
    LoopingToken,
}

/// Which of the calls that match go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    First(u64),
    Nth(u64),
    From(u64),
}

/// One thing that goes wrong. Without `account`, `region`, `action` it concerns any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    account: Option<String>,
    region: Option<String>,
    action: Option<String>,
    when: When,
    seen: u64,
}

impl Fault {
    /// A fault of this kind, for every call.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            account: None,
            region: None,
            action: None,
            when: When::Always,
            seen: 0,
        }
    }

    /// No permission.
    pub fn deny() -> Self {
        Self::new(FaultKind::Deny)
    }

    /// Throttled.
    pub fn throttle() -> Self {
        Self::new(FaultKind::Throttle)
    }

    /// No answer, and nothing happened.
    pub fn timeout_before() -> Self {
        Self::new(FaultKind::TimeoutBefore)
    }

    /// No answer, but it happened.
    pub fn timeout_after() -> Self {
        Self::new(FaultKind::TimeoutAfter)
    }

    /// Refused with a code of your own, HTTP 400.
    pub fn refuse(code: &'static str, message: &str) -> Self {
        Self::new(FaultKind::Refuse(AwsError::client(code, message)))
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

    /// Only this API, for example `DescribeImages`.
    pub fn action(mut self, name: &str) -> Self {
        self.action = Some(name.to_owned());
        self
    }

    /// Only the first so many calls that match.
    pub fn first(mut self, calls: u64) -> Self {
        self.when = When::First(calls);
        self
    }

    /// Only the nth call that matches, counted from one.
    pub fn nth(mut self, call: u64) -> Self {
        self.when = When::Nth(call);
        self
    }

    /// The nth call that matches and all after it.
    pub fn from(mut self, call: u64) -> Self {
        self.when = When::From(call);
        self
    }

    fn strikes(&mut self, account: &str, region: &str, action: &str) -> bool {
        let same = |wanted: &Option<String>, have: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == have)
        };
        if !(same(&self.account, account)
            && same(&self.region, region)
            && same(&self.action, action))
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

impl FaultKind {
    /// The refusal that comes instead of the effect, for the kinds that refuse.
    pub(crate) fn refusal(&self, service: Service) -> Option<AwsError> {
        match self {
            Self::Deny => Some(service.denied("a fault of the simulation")),
            Self::AuthFailure => Some(service.not_authenticated()),
            Self::Expired => Some(service.expired()),
            Self::Throttle => Some(service.throttled()),
            Self::InternalError => Some(service.internal_error()),
            Self::Refuse(error) => Some(error.clone()),
            Self::InternalErrorAfter
            | Self::TimeoutBefore
            | Self::TimeoutAfter
            | Self::ResetBefore
            | Self::ResetAfter
            | Self::EmptyBody
            | Self::BareAnswer
            | Self::TruncatedPage
            | Self::LoopingToken => None,
        }
    }
}

/// All faults of a world.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    all: Vec<Fault>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.all.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.all.clear();
    }

    /// The first fault that strikes this call. Every fault that matches counts it.
    pub(crate) fn strike(
        &mut self,
        account: &str,
        region: &str,
        action: &str,
    ) -> Option<FaultKind> {
        let mut struck = None;
        for fault in &mut self.all {
            if fault.strikes(account, region, action) && struck.is_none() {
                struck = Some(fault.kind.clone());
            }
        }
        struck
    }
}
