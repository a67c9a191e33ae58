//! The simulation on a loopback port: HTTP/1.1, no TLS, no signatures verified.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::control;
use crate::heart::Reply;
use crate::sim::Sim;

/// A request of AWS is at most a few hundred kilobytes: SNS messages are the largest.
const MAX_BODY: usize = 4 << 20;

/// A running server. Dropping it ends it and every connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("a fault of the simulation: no answer")]
    Silent,
    #[error("a fault of the simulation: reset")]
    Reset,
    #[error("the request could not be read")]
    Request(#[source] hyper::Error),
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "the server is its own owner: dropping it ends the task")]
    pub(crate) async fn start(sim: Sim, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, sim));
        Ok(Self { address, task })
    }

    /// `http://127.0.0.1:PORT`
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops serving; open connections are cut.
    pub async fn stop(mut self) {
        self.task.abort();
        // The error says that it was aborted, which is what was wanted.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, sim: Sim) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, sim.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, sim: Sim) {
    let service = service_fn(move |request| Box::pin(answer(request, sim.clone())));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = std::future::poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let reset = ended.as_ref().is_err_and(|error| {
        let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<NoAnswer>());
        matches!(cause, Some(NoAnswer::Reset))
    });
    let stream = connection.into_parts().io.into_inner();
    if reset {
        // With a linger of zero, closing sends RST instead of FIN.
        let _ = stream.set_zero_linger();
    }
}

async fn answer(request: Request<Incoming>, sim: Sim) -> Result<Response<Full<Bytes>>, NoAnswer> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(NoAnswer::Request)?.to_bytes();
    if body.len() > MAX_BODY {
        let mut response = Response::new(Full::default());
        *response.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    }
    let request = Request::from_parts(head, body);
    if let Some(response) = control::handle(&sim, &request) {
        return Ok(response.map(Full::new));
    }
    match sim.handle(&request) {
        Reply::Answer(response) => Ok(response.map(Full::new)),
        Reply::Reset => Err(NoAnswer::Reset),
        Reply::Silence => {
            let limit: Duration = sim.world(|world| world.settings.hang_limit);
            tokio::time::sleep(limit).await;
            Err(NoAnswer::Silent)
        }
    }
}
