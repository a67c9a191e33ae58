//! A shared handle on one world.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::Request;

use crate::heart::{self, Reply};
use crate::server::Server;
use crate::world::World;

/// A simulated AWS. Clones share the same world.
#[derive(Debug, Clone)]
pub struct Sim {
    world: Arc<Mutex<World>>,
}

impl Sim {
    /// A simulation of this world.
    pub fn new(world: World) -> Self {
        Self { world: Arc::new(Mutex::new(world)) }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        // A test that panicked while it looked left the world as it was.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the world, or changes it. Must not call this handle again from inside.
    pub fn world<R>(&self, look: impl FnOnce(&mut World) -> R) -> R {
        look(&mut self.lock())
    }

    /// Answers one request: the whole of AWS in one synchronous function.
    pub fn handle(&self, request: &Request<Bytes>) -> Reply {
        heart::handle(&mut self.lock(), request)
    }

    /// A call of EC2 that the account's user makes beside whoever is being tested, as it comes over the wire:
    /// `Action=DisableImage&ImageId=ami-1`. Reset where that is no request.
    pub fn call(&self, account: &str, region: &str, query: &str) -> Reply {
        let credential = format!("AKIA{account}/20260101/{region}/ec2/aws4_request");
        let header = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0");
        let request = Request::post("http://localhost/").header("authorization", header);
        request.body(Bytes::from(query.to_owned())).map_or(Reply::Reset, |request| self.handle(&request))
    }

    /// Serves on an ephemeral loopback port until the server is dropped or stopped.
    pub async fn serve(&self) -> std::io::Result<Server> {
        self.serve_on(0).await
    }

    /// The same on a port of your choice.
    pub async fn serve_on(&self, port: u16) -> std::io::Result<Server> {
        Server::start(self.clone(), port).await
    }
}
