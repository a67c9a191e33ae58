//! What a request asks for: service, Region and key from its signature, action and parameters from its body.
//!
//! Signatures are not verified: this AWS trusts the key id in the credential scope.

use bytes::Bytes;
use http::Request;
use http::header::AUTHORIZATION;

use super::params::Params;

/// What the `Authorization` header says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) key: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

/// The credential scope: `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`.
pub(crate) fn scope(request: &Request<Bytes>) -> Option<Scope> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let credential = header.split_once("Credential=")?.1;
    let credential = credential.split([',', ' ']).next()?;
    let mut parts = credential.split('/');
    let key = parts.next()?.to_owned();
    let _date = parts.next()?;
    let region = parts.next()?.to_owned();
    let service = parts.next()?.to_owned();
    (parts.next() == Some("aws4_request")).then_some(Scope { key, region, service })
}

/// The parameters of a query request, from its body or, with GET, from its URL.
pub(crate) fn query(request: &Request<Bytes>) -> Params {
    if request.body().is_empty() {
        Params::from_form(request.uri().query().unwrap_or_default().as_bytes())
    } else {
        Params::from_form(request.body())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_names_key_region_and_service() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIA111111111111/20260101/eu-west-1/ec2/aws4_request, \
                      SignedHeaders=host, Signature=00";
        let request = Request::builder().header(AUTHORIZATION, header).body(Bytes::new());
        let found = request.ok().and_then(|request| scope(&request));
        let expected = Scope { key: "AKIA111111111111".into(), region: "eu-west-1".into(), service: "ec2".into() };
        assert_eq!(found, Some(expected));
    }
}
