//! Tells the linker how to make the released program small in memory.
//!
//! The functions that a console runs are put side by side. They are a quarter of the program's code and lay all over it, and Linux
//! maps sixteen pages around each one that is touched. `assets/console.ld` names them; `cargo bench --bench layout` writes it anew.
//!
//! The addresses that a program mends as it starts are packed: a list of them takes 1.5 MB otherwise, and is read whole.

#![allow(clippy::print_stdout, reason = "it is how a build script tells Cargo something")]

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const LAYOUT: &str = "assets/console.ld";

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-changed={LAYOUT}");
    if variable("PROFILE") != "release" {
        return;
    }
    let layout = format!("-Wl,-T,{}/{LAYOUT}", variable("CARGO_MANIFEST_DIR"));
    let packed = "-Wl,-z,pack-relative-relocs".to_owned();
    for argument in [layout, packed] {
        if works(&argument) {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}

/// Whether a program linked with this argument runs here. Some linkers take no such script, and a C library before glibc 2.36 starts
/// no packed program: the program then is as they make it, as it is where it is built for another kind of machine.
fn works(argument: &str) -> bool {
    if variable("HOST") != variable("TARGET") {
        return false;
    }
    let flags = variable("CARGO_ENCODED_RUSTFLAGS");
    let mut compiler = Command::new(variable("RUSTC"));
    compiler
        .args(["--crate-name", "probe", "--out-dir", &variable("OUT_DIR"), "-"])
        .args(flags.split('\x1f').filter(|flag| !flag.is_empty()))
        .args(env::var("RUSTC_LINKER").map(|linker| format!("-Clinker={linker}")))
        .arg(format!("-Clink-arg={argument}"))
        .stdin(Stdio::piped())
        .stderr(Stdio::null());
    let linked = compiler.spawn().and_then(|mut compiler| {
        if let Some(mut source) = compiler.stdin.take() {
            source.write_all(b"fn main() {}")?;
        }
        compiler.wait()
    });
    let probe = Path::new(&variable("OUT_DIR")).join("probe");
    linked.is_ok_and(|status| status.success()) && Command::new(probe).status().is_ok_and(|status| status.success())
}

/// A variable that Cargo sets for build scripts; empty where it sets none.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
