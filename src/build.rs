//! Puts the functions that a console runs side by side in the released program. They are a quarter of its code and lay all over
//! it, and Linux maps sixteen pages around each one that is touched. `assets/console.ld` names them; `cargo bench --bench layout`
//! writes it anew.

#![allow(clippy::print_stdout, reason = "it is how a build script tells Cargo something")]

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

const LAYOUT: &str = "assets/console.ld";

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-changed={LAYOUT}");
    if variable("PROFILE") != "release" {
        return;
    }
    let layout = format!("-Wl,-T,{}/{LAYOUT}", variable("CARGO_MANIFEST_DIR"));
    if can_link_with(&layout) {
        println!("cargo::rustc-link-arg-bins={layout}");
    }
}

/// Whether a program can be linked with this argument. Some linkers take no such script: the program then is as they lay it out.
fn can_link_with(argument: &str) -> bool {
    let flags = variable("CARGO_ENCODED_RUSTFLAGS");
    let mut compiler = Command::new(variable("RUSTC"));
    compiler
        .args([
            "--crate-name",
            "probe",
            "--target",
            &variable("TARGET"),
            "--out-dir",
            &variable("OUT_DIR"),
            "-",
        ])
        .args(flags.split('\x1f').filter(|flag| !flag.is_empty()))
        .args(env::var("RUSTC_LINKER").map(|linker| format!("-Clinker={linker}")))
        .arg(format!("-Clink-arg={argument}"))
        .stdin(Stdio::piped())
        .stderr(Stdio::null());
    let ended = compiler.spawn().and_then(|mut compiler| {
        if let Some(mut source) = compiler.stdin.take() {
            source.write_all(b"fn main() {}")?;
        }
        compiler.wait()
    });
    ended.is_ok_and(|status| status.success())
}

/// A variable that Cargo sets for build scripts; empty where it sets none.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
