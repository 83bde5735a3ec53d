//! The binary: reads the command line and goes.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // One provider of cryptography for everything; an error says that there is one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    customer360::cli::main()
}
