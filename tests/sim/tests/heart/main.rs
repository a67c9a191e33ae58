//! The heart, asked in its own process: no port, no async.

mod asking;
mod evidence;
mod properties;
mod semantics;
mod services;
