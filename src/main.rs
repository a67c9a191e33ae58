//! The `ami-warden` program: hands over to the command line.

fn main() {}
