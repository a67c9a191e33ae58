//! How each service words the refusals that all of them share.
//!
//! Codes and statuses are those of the services' models (botocore 1.44) and of their pages of common errors.

use super::Service;
use super::service::Protocol;
use crate::error::AwsError;

impl Service {
    /// The status of what a client does wrong with its credentials: services with `__type` have 400 for nearly everything.
    fn forbidden(self) -> u16 {
        match self.protocol() {
            Protocol::AwsJson(_) => 400,
            Protocol::Ec2Query | Protocol::Query | Protocol::RestJson => 403,
        }
    }

    /// No permission.
    pub(crate) fn denied(self, why: &str) -> AwsError {
        match self {
            Self::Ec2 => AwsError::new(403, "UnauthorizedOperation", format!("You are not authorized to perform this operation. {why}")),
            Self::Sns => AwsError::new(403, "AuthorizationError", why),
            Self::AutoScaling | Self::Sts => AwsError::new(403, "AccessDenied", why),
            Self::Rbin | Self::Ssm | Self::Organizations | Self::CloudTrail | Self::CloudControl | Self::ImageBuilder => {
                AwsError::new(self.forbidden(), "AccessDeniedException", why)
            }
        }
    }

    /// Credentials that are not valid here: unknown ones, or a Region that is off.
    pub(crate) fn not_authenticated(self) -> AwsError {
        let message = "The security token included in the request is invalid.";
        match self {
            Self::Ec2 => AwsError::new(401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
            Self::AutoScaling | Self::Sts | Self::Sns => AwsError::new(403, "InvalidClientTokenId", message),
            Self::Rbin | Self::Ssm | Self::Organizations | Self::CloudTrail | Self::CloudControl | Self::ImageBuilder => {
                AwsError::new(self.forbidden(), "UnrecognizedClientException", message)
            }
        }
    }

    /// Credentials that were valid once.
    pub(crate) fn expired(self) -> AwsError {
        let message = "The security token included in the request is expired";
        match self {
            Self::Ec2 => AwsError::client("RequestExpired", "Request has expired."),
            Self::AutoScaling | Self::Sts | Self::Sns => AwsError::new(403, "ExpiredToken", message),
            Self::Rbin | Self::Ssm | Self::Organizations | Self::CloudTrail | Self::CloudControl | Self::ImageBuilder => {
                AwsError::new(self.forbidden(), "ExpiredTokenException", message)
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
            Self::Ssm | Self::CloudTrail | Self::CloudControl => AwsError::client("ThrottlingException", "Rate exceeded"),
            Self::Organizations => {
                AwsError::client("TooManyRequestsException", "AWS Organizations can't complete your request because too many were sent")
            }
            Self::ImageBuilder => AwsError::new(429, "CallRateLimitExceededException", "You have exceeded the permitted request rate"),
        }
    }

    /// A fault inside AWS.
    pub(crate) fn internal_error(self) -> AwsError {
        let code = match self {
            Self::Rbin => "InternalServerException",
            Self::AutoScaling | Self::Sts | Self::CloudTrail => "InternalFailure",
            Self::Ec2 | Self::Sns => "InternalError",
            Self::Ssm => "InternalServerError",
            Self::Organizations | Self::ImageBuilder => "ServiceException",
            Self::CloudControl => "ServiceInternalErrorException",
        };
        AwsError::new(500, code, "An internal error has occurred")
    }

    /// An API there is not.
    pub(crate) fn unknown_action(self, action: &str) -> AwsError {
        match self.protocol() {
            Protocol::RestJson => AwsError::new(404, "UnknownOperationException", format!("no operation at {action}")),
            Protocol::AwsJson(_) => AwsError::client("UnknownOperationException", format!("no operation {action}")),
            Protocol::Ec2Query | Protocol::Query => {
                AwsError::client("InvalidAction", format!("The action {action} is not valid for this web service."))
            }
        }
    }

    /// A parameter the API does not have. The JSON services of AWS overlook those; nothing here is overlooked.
    pub(crate) fn unknown_parameter(self, name: &str) -> AwsError {
        let code = match self.protocol() {
            Protocol::Ec2Query | Protocol::Query => "UnknownParameter",
            Protocol::RestJson | Protocol::AwsJson(_) => "ValidationException",
        };
        AwsError::client(code, format!("The parameter {name} is not recognized"))
    }

    /// A body that cannot be read.
    pub(crate) fn unreadable(self) -> AwsError {
        AwsError::client("SerializationException", "the request could not be read")
    }
}
