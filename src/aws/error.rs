//! What went wrong with a call, in a form that can be judged and shown.

use std::error::Error;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// A call that gave no usable answer. Displays as AWS writes it: `UnauthorizedOperation: You are not authorized…`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AwsError {
    pub kind: ErrorKind,
    /// AWS's error code, or our own word where no answer came.
    pub code: String,
    pub message: String,
    pub effect: Effect,
}

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The role lacks the permission.
    Denied,
    /// No, wrong or unknown credentials, or a Region the account has not enabled: AWS uses `AuthFailure` for both.
    Auth,
    /// Credentials that were good once.
    Expired,
    Throttled,
    Timeout,
    NotFound,
    /// The endpoint does not know this call.
    Unsupported,
    /// Nobody listens at the endpoint.
    Refused,
    Network,
    /// An answer that cannot be read, or lacks what it must hold.
    Malformed,
    /// AWS's own fault.
    Server,
    /// Anything else that AWS refused.
    Other,
}

/// Whether the call, had it been a write, may have had its effect all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// AWS said no, or was never reached.
    None,
    /// The request may have arrived: a timeout, a reset, a server error or an unreadable answer.
    Possible,
}

impl AwsError {
    /// An answer that arrived but cannot be used.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Malformed, code: "MalformedAnswer".into(), message: message.into(), effect: Effect::Possible }
    }

    /// A task of ours that ended without a result.
    pub(crate) fn broke_off(what: &str) -> Self {
        Self::malformed(format!("the task that {what} broke off: please report this"))
    }

    /// Something refused on our side, before anything was sent.
    pub(crate) fn unsent(kind: ErrorKind, code: &str, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into(), effect: Effect::None }
    }

    /// Reads the SDK's error.
    pub(crate) fn of<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        // What lies behind the SDK's own word for it ("dispatch failure").
        let source: &(dyn Error + 'static) = error.source().unwrap_or(&fmt::Error);
        if let Some(credentials) = find::<CredentialsError>(source) {
            return Self::without_credentials(credentials);
        }
        match &error {
            SdkError::ServiceError(context) => {
                let status = context.raw().status().as_u16();
                Self::answered(context.err().code(), context.err().message(), status, source)
            }
            SdkError::TimeoutError(_) => {
                Self { kind: ErrorKind::Timeout, code: "Timeout".into(), message: chain(source), effect: Effect::Possible }
            }
            SdkError::ResponseError(_) => Self::malformed(chain(source)),
            SdkError::ConstructionFailure(_) => Self::unsent(ErrorKind::Other, "InvalidRequest", chain(source)),
            SdkError::DispatchFailure(failure) => Self::undelivered(failure.is_timeout(), source),
            other => Self { kind: ErrorKind::Other, code: "Unclassified".into(), message: other.to_string(), effect: Effect::Possible },
        }
    }

    /// AWS answered with an error.
    fn answered(code: Option<&str>, message: Option<&str>, status: u16, source: &(dyn Error + 'static)) -> Self {
        let Some(code) = code else {
            // No code: the body was not the protocol's. Emulators answer unknown calls with a page of HTML.
            let (kind, effect) = match status {
                404 | 405 | 501 => (ErrorKind::Unsupported, Effect::None),
                400..=499 => (ErrorKind::Malformed, Effect::None),
                _ => (ErrorKind::Malformed, Effect::Possible),
            };
            let message = format!("the endpoint answered without an AWS error code; it may not know this call ({})", chain(source));
            return Self { kind, code: format!("Http{status}"), message, effect };
        };
        let kind = classify(code, status);
        let effect = match kind {
            ErrorKind::Server | ErrorKind::Timeout | ErrorKind::Malformed => Effect::Possible,
            _ => Effect::None,
        };
        let message = one_line(message.unwrap_or("AWS gave no message"));
        Self { kind, code: code.to_owned(), message, effect }
    }

    /// There was nothing to sign the request with, so it was not sent.
    pub(super) fn without_credentials(error: &CredentialsError) -> Self {
        // What STS said when a role was to be assumed.
        if let Some(refused) = find::<Self>(error) {
            return Self { effect: Effect::None, ..refused.clone() };
        }
        let message = chain(error);
        let expired = message.to_lowercase().contains("expired");
        match error {
            CredentialsError::CredentialsNotLoaded(_) => {
                let looked = "looked in the environment, the profile, a web identity token, the container's and the machine's metadata";
                Self::unsent(ErrorKind::Auth, "NoCredentials", looked)
            }
            // An SSO session that ended, a token file that is out of date.
            _ if expired => Self::unsent(ErrorKind::Expired, "ExpiredCredentials", message),
            _ => Self::unsent(ErrorKind::Auth, "NoCredentials", message),
        }
    }

    /// No answer came.
    fn undelivered(is_timeout: bool, error: &(dyn Error + 'static)) -> Self {
        let message = chain(error);
        let refused = find::<std::io::Error>(error).is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused);
        let (kind, code, effect) = if refused {
            (ErrorKind::Refused, "ConnectionRefused", Effect::None)
        } else if is_timeout && message.contains("connect timeout") {
            (ErrorKind::Timeout, "ConnectTimeout", Effect::None)
        } else if is_timeout {
            (ErrorKind::Timeout, "ReadTimeout", Effect::Possible)
        } else if message.contains("dns error") {
            (ErrorKind::Network, "UnknownHost", Effect::None)
        } else {
            (ErrorKind::Network, "ConnectionFailed", Effect::Possible)
        };
        Self { kind, code: code.into(), message, effect }
    }
}

/// The kind of an AWS error code. <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
fn classify(code: &str, status: u16) -> ErrorKind {
    match code {
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" | "AuthorizationError" | "NotAuthorized" => ErrorKind::Denied,
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => ErrorKind::Expired,
        "AuthFailure"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "OptInRequired"
        | "InvalidAccessKeyId" => ErrorKind::Auth,
        "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "Throttled"
        | "TooManyRequestsException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "EC2ThrottledException" => ErrorKind::Throttled,
        "RequestTimeout" | "RequestTimeoutException" => ErrorKind::Timeout,
        "InvalidAction" | "UnsupportedOperation" | "UnknownOperation" | "UnknownOperationException" | "NotImplemented" => {
            ErrorKind::Unsupported
        }
        // EC2's word for an image that has been deregistered.
        "InvalidAMIID.Unavailable" | "NotFound" | "NotFoundException" | "ResourceNotFoundException" => ErrorKind::NotFound,
        "InternalError" | "InternalFailure" | "InternalServerException" | "ServiceUnavailable" | "Unavailable" => ErrorKind::Server,
        code if code.ends_with(".NotFound") => ErrorKind::NotFound,
        _ if status == 501 => ErrorKind::Unsupported,
        _ if status >= 500 => ErrorKind::Server,
        _ => ErrorKind::Other,
    }
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The first error of type `T` in a chain of sources.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    sources(error).find_map(|error| error.downcast_ref())
}

/// The messages of an error and its sources, each said once. The SDK's outer errors do not repeat their sources.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for error in sources(error) {
        let part = one_line(&error.to_string());
        if !part.is_empty() && !parts.iter().any(|earlier| earlier.contains(&part)) {
            parts.push(part);
        }
    }
    parts.join(": ")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[test]
    fn codes_are_told_apart() {
        assert_eq!(classify("UnauthorizedOperation", 403), ErrorKind::Denied);
        assert_eq!(classify("RequestLimitExceeded", 503), ErrorKind::Throttled);
        assert_eq!(classify("InvalidAMIID.NotFound", 400), ErrorKind::NotFound);
        assert_eq!(classify("InvalidAMIID.Unavailable", 400), ErrorKind::NotFound);
        assert_eq!(classify("InvalidSnapshot.InUse", 400), ErrorKind::Other);
        assert_eq!(classify("SomethingNew", 503), ErrorKind::Server);
        assert_eq!(classify("AuthFailure", 401), ErrorKind::Auth);
    }

    #[test]
    fn credentials_that_cannot_be_loaded_are_told_from_a_bad_request() {
        let failed = |error: CredentialsError| AwsError::of(SdkError::<ErrorMetadata, HttpResponse>::construction_failure(error));
        assert_eq!(failed(CredentialsError::not_loaded("x")).code, "NoCredentials");
        let expired = failed(CredentialsError::provider_error("the SSO session has expired"));
        assert_eq!((expired.kind, expired.effect), (ErrorKind::Expired, Effect::None));
        let other = AwsError::of(SdkError::<ErrorMetadata, HttpResponse>::construction_failure("x"));
        assert_eq!(other.code, "InvalidRequest");
    }

    #[test]
    fn a_refusal_had_no_effect_and_a_server_error_may_have_had_one() {
        let refused = AwsError::answered(Some("InvalidSnapshot.InUse"), Some("in use"), 400, &fmt::Error);
        assert_eq!((refused.effect, refused.to_string()), (Effect::None, "InvalidSnapshot.InUse: in use".into()));
        assert_eq!(AwsError::answered(Some("InternalError"), None, 500, &fmt::Error).effect, Effect::Possible);
        assert_eq!(AwsError::answered(None, None, 502, &fmt::Error).effect, Effect::Possible);
        assert_eq!(AwsError::answered(Some("RequestLimitExceeded"), None, 503, &fmt::Error).effect, Effect::None);
    }
}
