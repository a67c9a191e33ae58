//! The simulator on a port of its own, for clients in other processes.
//!
//! Prints its endpoint as the first line and serves until it is ended.

use std::process::ExitCode;

use ami_warden_sim::{Sim, company, empty, rich, small};
use clap::{Parser, ValueEnum};
use jiff::{SignedDuration, Timestamp};

#[derive(Debug, Parser)]
#[command(version, about = "A small AWS on loopback, for tests of ami-warden")]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// What is there at the start, in account 111111111111
    #[arg(long, value_enum, default_value = "empty")]
    estate: Estate,
    /// The time it is there at the start; the real time otherwise
    #[arg(long)]
    now: Option<Timestamp>,
    /// Stand still until somebody posts to `/_sim/advance`
    #[arg(long)]
    frozen: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Estate {
    /// Two accounts, nothing in them
    Empty,
    /// A golden family, something public, shared, old, and what uses them
    Small,
    /// The small one, and every field and shape that an answer can have
    Rich,
    /// The small one in an organization, and the services around it
    Company,
}

#[expect(clippy::disallowed_methods, reason = "the program is where the time comes from")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let now = arguments.now.unwrap_or_else(Timestamp::now);
    let world = match arguments.estate {
        Estate::Empty => empty(now),
        Estate::Small => small(now),
        Estate::Rich => rich(now),
        Estate::Company => company(now),
    };
    let sim = Sim::new(world);
    let server = match sim.serve_on(arguments.port).await {
        Ok(server) => server,
        Err(error) => {
            eprintln!("cannot listen on 127.0.0.1:{}: {error}", arguments.port);
            return ExitCode::FAILURE;
        }
    };
    println!("{}", server.endpoint());
    let mut second = tokio::time::interval(std::time::Duration::from_secs(1));
    second.tick().await;
    loop {
        tokio::select! {
            _ = second.tick() => {
                if !arguments.frozen {
                    sim.world(|world| world.advance(SignedDuration::from_secs(1)));
                }
            }
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    server.stop().await;
    ExitCode::SUCCESS
}
