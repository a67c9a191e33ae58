//! Health, metrics, status and the latest plan over HTTP.
//!
//! Read-only: no route changes anything, none calls AWS, and none waits for a cycle. Everything is answered from
//! [`Status`], which the daemon keeps up to date. There is no authentication, so the default is loopback only.

mod connection;
mod metrics;
mod readiness;
mod routes;
mod status;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

pub use metrics::Sent;
pub use status::{Census, Status};

/// Time for answers under way when the daemon ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why the endpoint is not there.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("`{address}` is in use; stop what listens there (`ss -ltnp` names it), or change `[http] listen`")]
    InUse { address: SocketAddr },
    #[error("no permission to listen on `{address}`; use a port above 1023 in `[http] listen`")]
    Permission { address: SocketAddr },
    #[error("`{address}` is no address of this host; change `[http] listen`")]
    NotHere { address: SocketAddr },
    #[error("cannot listen on `{address}`; change `[http] listen`")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the HTTP endpoint stopped")]
    Serve { source: io::Error },
}

/// Listens on `address`; nothing is answered before [`serve`].
pub async fn bind(address: SocketAddr) -> Result<TcpListener, HttpError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => HttpError::InUse { address },
        io::ErrorKind::PermissionDenied => HttpError::Permission { address },
        io::ErrorKind::AddrNotAvailable => HttpError::NotHere { address },
        _ => HttpError::Listen { address, source },
    })
}

/// Answers until `shutdown` is done, and then finishes answers under way for a few seconds at most.
pub async fn serve(listener: TcpListener, status: Arc<Status>, shutdown: impl Future<Output = ()> + Send) -> Result<(), HttpError> {
    let (tell, mut told) = tokio::sync::watch::channel(());
    let server = axum::serve(connection::Guarded::new(listener), routes::router(status)).with_graceful_shutdown(async move {
        // An error means that the sender is gone, which is the end as well.
        _ = told.changed().await;
    });
    let end = async {
        shutdown.await;
        _ = tell.send(());
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        served = server => served.map_err(|source| HttpError::Serve { source }),
        () = end => Ok(()),
    }
}
