//! The `ami-warden` program: hands over to the command line.

fn main() -> std::process::ExitCode {
    ami_warden::cli::main()
}
