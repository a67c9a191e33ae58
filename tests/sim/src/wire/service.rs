//! The services, and how each words the refusals they share.

use crate::error::AwsError;

/// A service, by its signing name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Ec2,
    AutoScaling,
    Sts,
    Sns,
    Rbin,
}

impl Service {
    pub(crate) fn from_signing_name(name: &str) -> Option<Self> {
        match name {
            "ec2" => Some(Self::Ec2),
            "autoscaling" => Some(Self::AutoScaling),
            "sts" => Some(Self::Sts),
            "sns" => Some(Self::Sns),
            "rbin" => Some(Self::Rbin),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::AutoScaling => "autoscaling",
            Self::Sts => "sts",
            Self::Sns => "sns",
            Self::Rbin => "rbin",
        }
    }

    /// The API version that requests name.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Ec2 => "2016-11-15",
            Self::AutoScaling => "2011-01-01",
            Self::Sts => "2011-06-15",
            Self::Sns => "2010-03-31",
            Self::Rbin => "2021-06-15",
        }
    }

    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
            Self::AutoScaling => "http://autoscaling.amazonaws.com/doc/2011-01-01/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::Sns => "http://sns.amazonaws.com/doc/2010-03-31/",
            Self::Rbin => "",
        }
    }

    /// No permission.
    pub(crate) fn denied(self, why: &str) -> AwsError {
        match self {
            Self::Ec2 => AwsError::new(403, "UnauthorizedOperation", format!("You are not authorized to perform this operation. {why}")),
            Self::Rbin => AwsError::new(403, "AccessDeniedException", why),
            Self::Sns => AwsError::new(403, "AuthorizationError", why),
            Self::AutoScaling | Self::Sts => AwsError::new(403, "AccessDenied", why),
        }
    }

    /// Credentials that are not valid here: unknown ones, or a Region that is off.
    pub(crate) fn not_authenticated(self) -> AwsError {
        match self {
            Self::Ec2 => AwsError::new(401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
            Self::Rbin => AwsError::new(403, "UnrecognizedClientException", "The security token included in the request is invalid."),
            Self::AutoScaling | Self::Sts | Self::Sns => {
                AwsError::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
            }
        }
    }

    /// Credentials that were valid once.
    pub(crate) fn expired(self) -> AwsError {
        match self {
            Self::Ec2 => AwsError::client("RequestExpired", "Request has expired."),
            Self::Rbin => AwsError::new(403, "ExpiredTokenException", "The security token included in the request is expired"),
            Self::AutoScaling | Self::Sts | Self::Sns => {
                AwsError::new(403, "ExpiredToken", "The security token included in the request is expired")
            }
        }
    }

    /// The request limit.
    pub(crate) fn throttled(self) -> AwsError {
        match self {
            Self::Ec2 => AwsError::new(503, "RequestLimitExceeded", "Request limit exceeded."),
            Self::Sns => AwsError::new(429, "Throttled", "Rate exceeded"),
            Self::Rbin => AwsError::new(429, "ThrottlingException", "Rate exceeded"),
            Self::AutoScaling | Self::Sts => AwsError::client("Throttling", "Rate exceeded"),
        }
    }

    /// A fault inside AWS.
    pub(crate) fn internal_error(self) -> AwsError {
        let code = match self {
            Self::Rbin => "InternalServerException",
            Self::AutoScaling | Self::Sts => "InternalFailure",
            Self::Ec2 | Self::Sns => "InternalError",
        };
        AwsError::new(500, code, "An internal error has occurred")
    }

    pub(crate) fn unknown_action(self, action: &str) -> AwsError {
        match self {
            Self::Rbin => AwsError::new(404, "UnknownOperationException", format!("no operation at {action}")),
            _ => AwsError::client("InvalidAction", format!("The action {action} is not valid for this web service.")),
        }
    }
}
