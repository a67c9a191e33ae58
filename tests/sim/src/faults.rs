//! What is to go wrong: faults by account, Region, API and how often.
//!
//! `w.inject(Fault::throttle().action("DescribeImages").region("eu-west-1").nth(2))`

use crate::calls::Calls;
use crate::error::AwsError;
use crate::wire::Service;
use crate::wire::params::Params;

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

/// One thing that goes wrong. Without `account`, `region`, `action`, `resource` it concerns any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    calls: Calls,
}

impl Fault {
    /// A fault of this kind, for every call.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, calls: Calls::any() }
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

    /// Only for these calls.
    pub fn on(mut self, calls: Calls) -> Self {
        self.calls = calls;
        self
    }

    fn narrow(mut self, narrow: impl FnOnce(Calls) -> Calls) -> Self {
        self.calls = narrow(self.calls);
        self
    }

    /// Only in this account.
    pub fn account(self, id: &str) -> Self {
        self.narrow(|calls| calls.account(id))
    }

    /// Only in this Region.
    pub fn region(self, name: &str) -> Self {
        self.narrow(|calls| calls.region(name))
    }

    /// Only this API, for example `DescribeImages`.
    pub fn action(self, name: &str) -> Self {
        self.narrow(|calls| calls.action(name))
    }

    /// Only calls that name this resource in any parameter.
    pub fn resource(self, id: &str) -> Self {
        self.narrow(|calls| calls.resource(id))
    }

    /// Only the first so many calls that match.
    pub fn first(self, calls: u64) -> Self {
        self.narrow(|these| these.first(calls))
    }

    /// Only the nth call that matches, counted from one.
    pub fn nth(self, call: u64) -> Self {
        self.narrow(|calls| calls.nth(call))
    }

    /// The nth call that matches and all after it.
    pub fn from(self, call: u64) -> Self {
        self.narrow(|calls| calls.from(call))
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
    pub(crate) fn strike(&mut self, account: &str, region: &str, action: &str, params: &Params) -> Option<FaultKind> {
        let mut struck = None;
        for fault in &mut self.all {
            if fault.calls.meets(account, region, action, params) && struck.is_none() {
                struck = Some(fault.kind.clone());
            }
        }
        struck
    }
}
