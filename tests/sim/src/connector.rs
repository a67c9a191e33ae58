//! The simulation as the HTTP client of the Rust SDK: the same heart, no port, and time that is tokio's.
//!
//! In a runtime whose clock is paused a scan of hours takes as long as its computing: waiting for an answer, for a token or
//! for the pause before a retry moves the clock on instead.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::heart::Reply;
use crate::sim::Sim;

/// Answers the SDK from inside the process, each request after `latency`, and keeps the world's clock with tokio's.
#[derive(Debug, Clone)]
pub struct Connector {
    sim: Sim,
    latency: Duration,
    begun: Instant,
    world_began: Timestamp,
}

impl Connector {
    /// A client of `sim`. Must be called where tokio's clock can be read.
    pub fn new(sim: Sim, latency: Duration) -> Self {
        let world_began = sim.world(|world| world.now());
        Self { sim, latency, begun: Instant::now(), world_began }
    }

    /// For the SDK's configuration.
    pub fn client(self) -> SharedHttpClient {
        http_client_fn(move |_: &HttpConnectorSettings, _| SharedHttpConnector::new(self.clone()))
    }

    /// Moves the world to where tokio's clock is.
    fn keep_time(&self) {
        let passed = SignedDuration::try_from(self.begun.elapsed()).unwrap_or(SignedDuration::MAX);
        self.sim.world(|world| {
            let behind = passed - world.now().duration_since(self.world_began);
            if behind > SignedDuration::ZERO {
                world.advance(behind);
            }
        });
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(connector.latency).await;
            connector.keep_time();
            match connector.sim.handle(&read(request)?) {
                Reply::Answer(answer) => {
                    HttpResponse::try_from(answer.map(SdkBody::from)).map_err(|error| ConnectorError::other(error.into(), None))
                }
                // The SDK's own time limits end this.
                Reply::Silence => std::future::pending().await,
                Reply::Reset => Err(ConnectorError::io("a fault of the simulation: reset".into())),
            }
        })
    }
}

/// The request as the heart reads it. What the SDK sends to AWS is never a stream.
fn read(request: HttpRequest) -> Result<Request<Bytes>, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (head, body) = request.into_parts();
    let body = body.bytes().map(Bytes::copy_from_slice).ok_or_else(|| ConnectorError::user("a request with a streaming body".into()))?;
    Ok(Request::from_parts(head, body))
}
