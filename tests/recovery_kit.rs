//! The recovery kit as somebody would use it: written, unpacked, and its script run with `node` on backups. The script is
//! a second implementation of the stored format, so this also holds the format itself. `node` and `zstd` are required.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of a test fail as tests do; clippy.toml exempts only functions marked #[test]"
)]

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use backstay::domain::time::Timestamp;
use backstay::vault::kit::{KitContents, KitKey, write_kit};
use backstay::vault::{Key, SealWriter, mac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");

/// The key of the published vectors.
fn vector_key() -> Key {
    Key::from_bytes(std::array::from_fn(|index| u8::try_from(index).unwrap()))
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Bytes that do not compress, the same each time.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(size).collect()
}

/// An unpacked kit and a place to work in.
struct Kit {
    home: TempDir,
}

impl Kit {
    fn with(keys: &[Key]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let keys = keys
            .iter()
            .map(|key| KitKey {
                name: "prod".to_owned(),
                key: key.clone(),
                retired_at: None,
            })
            .collect();
        let contents = KitContents {
            instance: "test".to_owned(),
            made_at: Timestamp::from_millis(0),
            keys,
            master: None,
        };
        let zip = write_kit(Cursor::new(Vec::new()), &contents).unwrap();
        zip::ZipArchive::new(zip)
            .unwrap()
            .extract(home.path().join("kit"))
            .unwrap();
        Self { home }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn run<const N: usize>(&self, arguments: [&str; N]) -> Outcome {
        let output = Command::new("node")
            .arg("kit/backstay-recover.mjs")
            .args(arguments)
            .current_dir(self.home.path())
            .output()
            .expect("these tests need `node` 18 or newer");
        Outcome::from(&output)
    }

    /// Names in `folder`, sorted.
    fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

struct Outcome {
    code: Option<i32>,
    text: String,
}

impl Outcome {
    fn from(output: &Output) -> Self {
        let text = [output.stdout.as_slice(), &output.stderr].concat();
        Self {
            code: output.status.code(),
            text: String::from_utf8(text).unwrap(),
        }
    }

    #[track_caller]
    fn succeeds(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self.text
    }

    /// Fails in an orderly way, and says `why`.
    #[track_caller]
    fn fails(self, why: &str) -> String {
        assert_eq!(self.code, Some(1), "{}", self.text);
        assert!(self.text.contains(why), "'{why}' is not in: {}", self.text);
        self.text
    }
}

fn seal(plain: &[u8], key: &Key) -> Vec<u8> {
    let mut writer = SealWriter::new(Vec::new(), key).unwrap();
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

fn compress(plain: &[u8], name: &str) -> Vec<u8> {
    match name.trim_end_matches(".enc").rsplit('.').next().unwrap() {
        "zst" => zstd::encode_all(plain, 3).unwrap(),
        "gz" => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(plain).unwrap();
            writer.finish().unwrap()
        }
        "br" => {
            let mut out = Vec::new();
            brotli::BrotliCompress(&mut &*plain, &mut out, &brotli::enc::BrotliEncoderParams::default()).unwrap();
            out
        }
        _ => plain.to_vec(),
    }
}

/// Writes a backup of `objects` (stored name, plain bytes) as the documented format has it; `volume_size` cuts them up.
fn write_backup(folder: &Path, objects: &[(&str, Vec<u8>)], key: Option<&Key>, volume_size: Option<usize>) {
    fs::create_dir_all(folder).unwrap();
    let (mut listed, mut described) = (Vec::new(), Vec::new());
    for (name, plain) in objects {
        let mut stored = compress(plain, name);
        if let Some(key) = key {
            stored = seal(&stored, key);
        }
        let mut object = json!({"name": name, "stored_size": stored.len(), "sha256": sha256(&stored)});
        if let Some(size) = volume_size {
            let volumes: Vec<Value> = stored
                .chunks(size)
                .zip(1..)
                .map(|(bytes, number)| {
                    let volume = format!("{name}.{number:03}");
                    fs::write(folder.join(&volume), bytes).unwrap();
                    json!({"name": volume, "size": bytes.len(), "sha256": sha256(bytes)})
                })
                .collect();
            object["volumes"] = volumes.into();
        } else {
            fs::write(folder.join(name), &stored).unwrap();
        }
        listed.push(object);
        described.push(
            json!({"name": name, "kind": "database", "database": "äpp", "logical_size": plain.len(),
            "plain_sha256": sha256(plain)}),
        );
    }
    let details = json!({"source": "pg", "objects": described});
    let mut manifest = json!({
        "format": "backstay/1", "id": "0", "tool": "backstay 0.1.0", "taken_at": "2026-11-21T03:00:00.000Z",
        "job": {"id": "1", "name": "nächtlich \"pg\"\n", "revision": 7}, "driver": "postgres", "engine_version": "15.18",
        "encryption": null, "objects": listed, "details": details, "lock": null,
    });
    if let Some(key) = key {
        manifest["encryption"] = json!({"format": "BKSTAY01", "key_id": key.id()});
        manifest["details"] = STANDARD.encode(seal(details.to_string().as_bytes(), key)).into();
        manifest["mac"] = mac::sign(key, &mac::canonical(&manifest)).unwrap().into();
    }
    fs::write(
        folder.join("manifest.json"),
        serde_json::to_vec_pretty(&manifest).unwrap(),
    )
    .unwrap();
}

fn change_manifest(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = folder.join("manifest.json");
    let mut manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(path, manifest.to_string()).unwrap();
}

fn change_file(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Every compression, more than two chunks, and nothing at all.
fn objects() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("app.dump.zst.enc", noise(2_500_000)),
        ("billing.sql.gz.enc", b"select 1;\n".repeat(100_000)),
        ("shop.db.br.enc", noise(70_000)),
        ("uploads.tar.enc", noise(1 << 20)),
        ("empty.sql.zst.enc", Vec::new()),
    ]
}

#[test]
fn the_script_opens_the_published_vectors() {
    let kit = Kit::with(&[vector_key()]);
    let vectors: Value = serde_json::from_slice(&fs::read(format!("{VECTORS}/stream.json")).unwrap()).unwrap();
    let mut opened = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let sealed = match (case["sealed"].as_str(), case["file"].as_str()) {
            (Some(text), _) => hex::decode(text).unwrap(),
            (_, Some(file)) => fs::read(format!("{VECTORS}/{file}")).unwrap(),
            _ => continue,
        };
        fs::write(kit.path("vector.enc"), sealed).unwrap();
        let out = format!("{}.out", case["size"]);
        kit.run(["decrypt", "vector.enc", &out]).succeeds();
        assert_eq!(sha256(&fs::read(kit.path(&out)).unwrap()), case["plain_sha256"]);
        opened += 1;
    }
    assert_eq!(opened, 3);
}

#[test]
fn an_encrypted_backup_is_listed_verified_and_extracted() {
    let kit = Kit::with(&[Key::generate().unwrap(), vector_key()]);
    write_backup(&kit.path("backup"), &objects(), Some(&vector_key()), None);

    let list = kit.run(["list", "backup"]).succeeds();
    assert!(
        list.contains("app.dump.zst.enc") && list.contains("2500000 plain  database \"äpp\""),
        "{list}"
    );
    let verified = kit.run(["verify", "backup"]).succeeds();
    assert_eq!(verified.matches("ok ").count(), objects().len(), "{verified}");
    kit.run(["extract", "backup", "out"]).succeeds();
    assert_eq!(
        kit.names("out"),
        ["app.dump", "billing.sql", "empty.sql", "shop.db", "uploads.tar"]
    );
    for (name, plain) in objects() {
        let file = name.split('.').take(2).collect::<Vec<_>>().join(".");
        assert!(fs::read(kit.path("out").join(file)).unwrap() == plain, "{name}");
    }
}

#[test]
fn volumes_are_put_together() {
    let kit = Kit::with(&[vector_key()]);
    write_backup(&kit.path("backup"), &objects(), Some(&vector_key()), Some(300_000));
    kit.run(["verify", "backup"]).succeeds();
    kit.run(["decrypt", "backup/app.dump.zst.enc.001", "one"]).succeeds();
    kit.run(["decrypt", "backup/app.dump.zst.enc", "two"]).succeeds();
    assert!(fs::read(kit.path("one")).unwrap() == objects()[0].1);
    assert!(fs::read(kit.path("two")).unwrap() == objects()[0].1);

    fs::remove_file(kit.path("backup/app.dump.zst.enc.002")).unwrap();
    kit.run(["verify", "backup"]).fails("app.dump.zst.enc.002 is missing");
    kit.run(["decrypt", "backup/app.dump.zst.enc", "three"])
        .fails("volume 2 of backup/app.dump.zst.enc is missing");
}

#[test]
fn a_backup_without_encryption_needs_no_key() {
    let kit = Kit::with(&[]);
    let plain = noise(100_000);
    write_backup(&kit.path("backup"), &[("app.dump.zst", plain.clone())], None, None);
    kit.run(["verify", "backup"]).succeeds();
    kit.run(["extract", "backup", "out"]).succeeds();
    assert!(fs::read(kit.path("out/app.dump")).unwrap() == plain);

    change_file(&kit.path("backup/app.dump.zst"), |bytes| bytes[5000] ^= 1);
    kit.run(["verify", "backup"])
        .fails("BAD  app.dump.zst: the stored bytes were changed");
}

#[test]
fn one_bad_object_is_named_leaves_no_file_and_does_not_stop_the_others() {
    let kit = Kit::with(&[vector_key()]);
    write_backup(&kit.path("backup"), &objects(), Some(&vector_key()), None);
    change_file(&kit.path("backup/app.dump.zst.enc"), |bytes| bytes[2_000_000] ^= 1);
    kit.run(["verify", "backup"])
        .fails("BAD  app.dump.zst.enc: the stored bytes were changed");
    kit.run(["extract", "backup", "out"]).fails("BAD  app.dump.zst.enc");
    assert_eq!(kit.names("out"), ["billing.sql", "empty.sql", "shop.db", "uploads.tar"]);
}

#[test]
fn no_cut_or_flipped_object_leaves_a_plain_file() {
    let kit = Kit::with(&[vector_key()]);
    let (_, plain) = &objects()[0];
    for name in ["app.dump.zst.enc", "app.dump.enc"] {
        let sealed = seal(&compress(plain, name), &vector_key());
        let second_chunk = 64 + (1 << 20) + 16;
        let cuts = [0, 63, 64, 80, second_chunk, second_chunk + 1, sealed.len() - 1].map(|at| sealed[..at].to_vec());
        let flips = [9, 12, 30, 64, second_chunk, sealed.len() - 1].map(|at| {
            let mut flipped = sealed.clone();
            flipped[at] ^= 4;
            flipped
        });
        let longer = [sealed.clone(), vec![0; 20]].concat();
        for bad in cuts.into_iter().chain(flips).chain([longer]) {
            fs::write(kit.path(name), bad).unwrap();
            kit.run(["decrypt", name, "out"]).fails(name);
            assert!(
                !kit.names(".").iter().any(|file| file.starts_with("out")),
                "a plain file was left"
            );
        }
        fs::remove_file(kit.path(name)).unwrap();
    }
}

#[test]
fn content_that_is_not_what_was_backed_up_is_refused() {
    let kit = Kit::with(&[vector_key()]);
    write_backup(&kit.path("backup"), &[("a.sql.enc", b"one".to_vec())], None, None);
    let sealed = seal(b"two", &vector_key());
    fs::write(kit.path("backup/a.sql.enc"), &sealed).unwrap();
    change_manifest(&kit.path("backup"), |manifest| {
        manifest["objects"][0]["stored_size"] = sealed.len().into();
        manifest["objects"][0]["sha256"] = sha256(&sealed).into();
    });
    kit.run(["verify", "backup"]).fails("not what was backed up");
    kit.run(["extract", "backup", "out"]).fails("not what was backed up");
    assert!(kit.names("out").is_empty());
}

#[test]
fn a_changed_manifest_is_refused() {
    let kit = Kit::with(&[vector_key()]);
    write_backup(&kit.path("backup"), &objects(), Some(&vector_key()), None);
    change_manifest(&kit.path("backup"), |manifest| {
        manifest["taken_at"] = "2027-01-01T00:00:00Z".into();
    });
    kit.run(["list", "backup"])
        .fails("manifest.json was changed after it was written");
    kit.run(["verify", "backup"])
        .fails("manifest.json was changed after it was written");
}

#[test]
fn names_that_lead_out_of_the_folder_are_refused() {
    let kit = Kit::with(&[]);
    for name in ["../evil.sql", "/evil.sql", "a/b.sql", ".hidden", ""] {
        write_backup(&kit.path("backup"), &[("a.sql", b"one".to_vec())], None, None);
        change_manifest(&kit.path("backup"), |manifest| {
            manifest["objects"][0]["name"] = name.into();
        });
        kit.run(["extract", "backup", "out"]).fails("no plain file name");
    }
}

#[test]
fn a_missing_key_is_named_and_can_be_given_as_a_file() {
    let (other, key) = (Key::generate().unwrap(), vector_key());
    let kit = Kit::with(std::slice::from_ref(&other));
    write_backup(&kit.path("backup"), &objects(), Some(&key), None);
    let said = kit
        .run(["verify", "backup"])
        .fails(&format!("sealed with key {}", key.id()));
    assert!(said.contains(&other.id().to_string()), "{said}");

    fs::write(kit.path("late.key"), format!("{}\n", key.to_hex().as_str())).unwrap();
    kit.run(["--key-file", "late.key", "verify", "backup"]).succeeds();
    fs::write(kit.path("late.key"), "not a key").unwrap();
    kit.run(["--key-file", "late.key", "verify", "backup"])
        .fails("late.key does not hold 64 hex digits");
}

#[test]
fn a_file_that_is_there_is_not_overwritten() {
    let kit = Kit::with(&[vector_key()]);
    fs::write(kit.path("a.enc"), seal(b"new", &vector_key())).unwrap();
    fs::write(kit.path("out"), "old").unwrap();
    kit.run(["decrypt", "a.enc", "out"]).fails("out exists already");
    assert_eq!(fs::read(kit.path("out")).unwrap(), b"old");
}

#[test]
fn wrong_use_is_told_apart_from_failure() {
    let kit = Kit::with(&[]);
    assert_eq!(kit.run([]).code, Some(2));
    assert_eq!(kit.run(["extract", "backup"]).code, Some(2));
    assert_eq!(kit.run(["toString"]).code, Some(2));
    assert_eq!(kit.run(["--nonsense"]).code, Some(2));
    kit.run(["list", "nowhere"]).fails("nowhere has no manifest.json");
    kit.run(["decrypt", "nothing.enc", "out"])
        .fails("there is no file nothing.enc");
}
