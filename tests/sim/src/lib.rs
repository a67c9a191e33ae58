//! A small AWS for tests: EC2 and the services around its images, speaking their real wire protocols.
//!
//! Its heart is one synchronous function from a world and a request to a reply (`heart::handle`). A loopback port
//! is one way to reach it: the unmodified AWS CLI, boto3 and the Rust SDK can all talk to it.
//!
//! ```
//! use ami_warden_sim::{Sim, World};
//!
//! let mut world = World::new("2026-01-01T00:00:00Z".parse()?);
//! let ami = world.account("111111111111").region("us-east-1").image("golden-1").public().put();
//! let sim = Sim::new(world);
//! assert!(sim.world(|w| w.image(&ami).is_some_and(|image| image.is_public())));
//! # Ok::<(), jiff::Error>(())
//! ```
//!
//! It never reads a real clock, never draws a random number, and answers nothing it does not understand: unknown
//! actions, parameters and filters are refused.

mod api;
mod autoscaling;
mod buckets;
mod calls;
mod cloudcontrol;
mod cloudtrail;
#[cfg(feature = "connector")]
mod connector;
mod control;
mod ec2;
mod error;
mod faults;
mod heart;
mod imagebuilder;
mod journal;
mod organizations;
mod paging;
mod rbin;
mod samples;
mod server;
mod sim;
mod sns;
mod ssm;
mod sts;
mod wire;
pub mod world;

pub use calls::Calls;
#[cfg(feature = "connector")]
pub use connector::Connector;
pub use error::AwsError;
pub use faults::{Fault, FaultKind};
pub use heart::{Reply, handle};
pub use journal::{Entry, Journal, Outcome};
pub use samples::{company, empty, rich, small};
pub use server::Server;
pub use sim::Sim;
pub use world::World;
pub use world::allowed::ImageCriterion;
pub use world::compute::InstanceState;
pub use world::image::{ImageState, Permission, Protection};
pub use world::organization::MemberStatus;
pub use world::recycle_bin::RuleResource;
pub use world::settings::{Settings, SnapshotGuard};
