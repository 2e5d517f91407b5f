//! Keys and secrets from the command line: what comes out only when asked for, and what never does.

#![allow(clippy::unwrap_used, reason = "a helper that cannot do its work fails the test")]

#[path = "support/lib.rs"]
mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use backstay::vault::{Key, SealWriter};
use serde_json::Value;
use support::engine::files_below;
use support::home::{Home, Ran, run};
use support::shop::Shop;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const MARKER: &str = "correct-horse-battery-staple";

#[test]
fn a_secret_is_never_seen_again() {
    let home = Home::new();
    let file = home.beside("password");
    fs::write(&file, format!("{MARKER}\n")).unwrap();
    let from_file = format!("password=file:{}", file.display());
    let fields = ["--set", "host=db1.invalid", "--set", "user=backup", "--no-test"];
    let add = |name: &str, secret: &str| {
        [
            &["adapter", "add", name, "--driver", "postgres", "--secret", secret],
            fields.as_slice(),
        ]
        .concat()
        .join(" ")
    };
    let command = |line: &str| home.command(&line.split(' ').collect::<Vec<_>>());

    let mut from_environment = command(&add("one", "password=env:SHOP_PASSWORD"));
    from_environment.env("SHOP_PASSWORD", MARKER);
    let mut said = vec![
        run(from_environment, b"").ok(),
        run(command(&add("two", "password=stdin")), MARKER.as_bytes()).ok(),
        run(command(&add("three", &from_file)), b"").ok(),
        run(
            command("adapter edit one --no-test --secret password=stdin"),
            format!("{MARKER}2").as_bytes(),
        )
        .ok(),
        run(command("adapter edit one --no-test --set connect_timeout=2"), b"").ok(),
        run(command("adapter test one"), b"").exits(1),
    ];
    for line in [
        "adapter show one",
        "--json adapter show one",
        "--json adapter list",
        "--json audit list",
        "audit export",
        "doctor",
    ] {
        said.push(run(command(line), b""));
    }
    for ran in &said {
        assert!(!ran.stdout.contains(MARKER) && !ran.stderr.contains(MARKER), "{ran:?}");
    }
    assert_eq!(home.json(&["adapter", "show", "one"])["config"]["password"], "****");
    let audit = home.json(&["audit", "list"]);
    assert_eq!(home.json(&["audit", "list", "--when", "1h"]), audit);
    assert_eq!(
        home.json(&["audit", "list", "--when", "..2001-01-01"]),
        serde_json::json!([])
    );
    assert!(audit.to_string().contains("**** (changed)"), "{audit}");
    for name in files_below(&home.path()) {
        let bytes = fs::read(home.path().join(&name)).unwrap();
        assert!(
            !bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes()),
            "{name}"
        );
    }
}

#[test]
fn a_secret_where_it_would_be_seen_is_refused_without_repeating_it() {
    let home = Home::new();
    for arguments in [
        ["--secret", "password=correct-horse-battery-staple"],
        ["--set", "password=correct-horse-battery-staple"],
    ] {
        let add = ["adapter", "add", "db", "--driver", "postgres", "--no-test"];
        let refused = home.run(&[add.as_slice(), &arguments].concat()).exits(2);
        assert!(!refused.stderr.contains(MARKER), "{}", refused.stderr);
    }
    let prompt = [
        "adapter",
        "add",
        "db",
        "--driver",
        "postgres",
        "--no-test",
        "--secret",
        "password=prompt",
    ];
    let refused = home.run(&prompt).exits(2);
    assert!(refused.stderr.contains("--secret password"), "{}", refused.stderr);
}

#[test]
fn rotation_keeps_the_old_key_and_moves_the_jobs() {
    let shop = Shop::with_job();
    let old = shop.home.json(&["profile", "create", "prod"])["key_id"].clone();
    shop.line("job edit nightly --profile prod").ok();
    let rotated = shop.home.json(&["profile", "rotate", "prod"]);
    assert_eq!(rotated["jobs"], serde_json::json!(["nightly"]));
    assert_eq!(rotated["retired"]["key_id"], old);
    assert_ne!(rotated["profile"]["key_id"], old);
    let job = shop.home.json(&["job", "show", "nightly"]);
    assert_eq!(
        (&job["profile"], &job["revision"]),
        (&Value::from("prod"), &Value::from(3))
    );

    let second = shop.home.json(&["profile", "rotate", "prod"]);
    let (first_name, second_name) = (
        rotated["retired"]["name"].as_str().unwrap(),
        second["retired"]["name"].as_str().unwrap(),
    );
    assert!(
        first_name.starts_with("prod-retired-") && second_name == format!("{first_name}-2"),
        "{second_name}"
    );
    shop.run(&["job", "edit", "nightly", "--profile", first_name]).exits(2);
    shop.run(&["profile", "rotate", first_name]).exits(2);
    shop.line("profile retire prod").exits(6);
    shop.line("job edit nightly --no-profile").ok();
    shop.line("profile retire prod").ok();
    shop.line("job edit nightly --profile prod").exits(2);
}

#[test]
fn a_key_is_given_out_only_when_confirmed_and_that_is_on_record() {
    let home = Home::new();
    home.run(&["profile", "create", "prod"]).ok();
    home.run(&["profile", "reveal", "prod"]).exits(6);
    let out = home.beside("prod.key");
    let export = ["profile", "export", "prod", "-o", out.to_str().unwrap()];
    home.run(&export).exits(6);
    assert!(!out.exists());

    let key = home.run(&["profile", "reveal", "prod", "--yes"]).ok().stdout;
    home.run(&[export.as_slice(), &["--yes"]].concat()).ok();
    assert_eq!(fs::read_to_string(&out).unwrap(), key);
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    home.run(&[export.as_slice(), &["--yes"]].concat()).exits(6);
    let audit = home.json(&["audit", "list", "--on", "prod"]);
    let actions: Vec<&str> = audit
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["profile.export", "profile.reveal", "profile.create"]);
    assert!(!audit.to_string().contains(key.trim()));
    home.run(&["audit", "verify"]).ok();
}

#[test]
fn a_key_can_be_brought_in_once() {
    let home = Home::new();
    let file = home.beside("old.key");
    fs::write(&file, format!("{KEY}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let import = |name: &str, file: &Path| home.run(&["profile", "import", name, "--key-file", file.to_str().unwrap()]);
    import("old", &file).ok();
    assert!(import("again", &file).exits(2).stderr.contains("old"));
    import("none", &home.beside("none")).exits(4);
    fs::write(&file, "not a key").unwrap();
    assert!(!import("bad", &file).exits(2).stderr.contains("not a key"));
}

#[test]
fn a_recovery_kit_holds_what_was_asked_for_and_replaces_nothing() {
    let home = Home::new();
    for name in ["prod", "other"] {
        home.run(&["profile", "create", name]).ok();
    }
    home.run(&["profile", "rotate", "prod"]).ok();
    let out = home.beside("kit.zip");
    let kit = |more: &[&str]| home.run(&[&["recovery-kit", "-o", out.to_str().unwrap()], more].concat());
    kit(&["--with-master-key"]).ok();
    let names = names_in(&out);
    for wanted in [
        "backstay-recover.mjs",
        "README.txt",
        "keys/prod.key",
        "keys/other.key",
        "master.key",
    ] {
        assert!(names.iter().any(|name| name == wanted), "{wanted}: {names:?}");
    }
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);

    kit(&[]).exits(6);
    kit(&["--force", "--profile", "prod"]).ok();
    let names = names_in(&out);
    assert!(
        names.iter().any(|name| name.starts_with("keys/prod-retired-")),
        "{names:?}"
    );
    assert!(
        !names
            .iter()
            .any(|name| name == "keys/other.key" || name == "master.key"),
        "{names:?}"
    );
}

#[test]
fn decrypt_needs_no_home() {
    let home = Home::new();
    let plain: Vec<u8> = (0..300_000_u32).map(|i| (i % 251).to_le_bytes()[0]).collect();
    let object = home.beside("shop.db.gz.enc");
    fs::write(&object, sealed(&gzipped(&plain))).unwrap();
    let key = home.beside("prod.key");
    fs::write(&key, KEY).unwrap();
    let decrypt = |more: &[&str]| -> Ran {
        let (object, key) = (object.to_str().unwrap(), key.to_str().unwrap());
        home.run(&[&["decrypt", object, "--key-file", key], more].concat())
    };

    decrypt(&[]).ok();
    assert_eq!(fs::read(home.beside("shop.db")).unwrap(), plain);
    assert_eq!(
        fs::metadata(home.beside("shop.db")).unwrap().permissions().mode() & 0o777,
        0o600
    );
    decrypt(&[]).exits(6);
    decrypt(&["--keep-compressed"]).ok();
    assert_eq!(fs::read(home.beside("shop.db.gz")).unwrap(), gzipped(&plain));
    let to_stdout = home
        .command(&[
            "decrypt",
            object.to_str().unwrap(),
            "--key-file",
            key.to_str().unwrap(),
            "-o",
            "-",
        ])
        .output()
        .unwrap();
    assert_eq!(to_stdout.stdout, plain);
    assert!(!home.path().exists(), "it made a home");
}

#[test]
fn decrypt_says_what_it_cannot_know() {
    let home = Home::new();
    let mut packed = Vec::new();
    let mut compressing = brotli::CompressorWriter::new(&mut packed, 4096, 5, 22);
    compressing.write_all(&[7; 10_000]).unwrap();
    drop(compressing);
    let key = home.beside("prod.key");
    fs::write(&key, KEY).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let decrypt = |name: &str, bytes: &[u8]| {
        let object = home.beside(name);
        fs::write(&object, bytes).unwrap();
        let (object, key) = (object.to_str().unwrap(), key.to_str().unwrap());
        home.run(&["decrypt", object, "--key-file", key, "--force"]).ok().stderr
    };
    assert!(decrypt("shop.db.br", &packed).contains("brotli keeps no checksum"));
    assert_eq!(decrypt("shop.db.br.enc", &sealed(&packed)), "");
    assert_eq!(decrypt("shop.db.gz", &gzipped(&[7; 10_000])), "");
}

#[test]
fn decrypt_leaves_nothing_partial() {
    let home = Home::new();
    let plain: Vec<u8> = vec![7; 3 << 20];
    let whole = sealed(&plain);
    let object = home.beside("shop.db.enc");
    let key = home.beside("prod.key");
    fs::write(&key, KEY).unwrap();
    let arguments = ["decrypt", object.to_str().unwrap(), "--key-file", key.to_str().unwrap()];
    let mut damaged = whole.clone();
    damaged[2 << 20] ^= 1;
    for bad in [&whole[..whole.len() - 1], &whole[..2 << 20], &damaged] {
        fs::write(&object, bad).unwrap();
        home.run(&arguments).exits(1);
        let mut left: Vec<_> = fs::read_dir(home.beside(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["prod.key", "shop.db.enc"]);
    }
    fs::write(&object, &whole).unwrap();
    fs::write(&key, KEY.replace('0', "f")).unwrap();
    assert!(home.run(&arguments).exits(1).stderr.contains("sealed with key"));
    home.run(&["decrypt", object.to_str().unwrap()]).exits(2);
    home.run(&["decrypt", key.to_str().unwrap()]).exits(2);
}

fn sealed(plain: &[u8]) -> Vec<u8> {
    let mut writer = SealWriter::new(Vec::new(), &Key::from_hex(KEY).unwrap()).unwrap();
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

fn gzipped(plain: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(plain, flate2::Compression::new(6))
        .read_to_end(&mut packed)
        .unwrap();
    packed
}

fn names_in(kit: &Path) -> Vec<String> {
    let archive = zip::ZipArchive::new(fs::File::open(kit).unwrap()).unwrap();
    archive.file_names().map(|name| name.unwrap().into_owned()).collect()
}
