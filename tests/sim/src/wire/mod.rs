//! The protocols: what a request says, and how an answer is written down.

pub(crate) mod answer;
pub(crate) mod operation;
pub(crate) mod params;
pub(crate) mod request;
pub(crate) mod service;
mod wording;
pub(crate) mod xml;

pub(crate) use service::Service;
