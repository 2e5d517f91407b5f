//! Names there and back, and what must hold of every name.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn names_are_escaped_byte_by_byte() {
    for (name, escaped) in [
        ("nightly-pg_2.1", "nightly-pg_2.1"),
        ("App", "App"),
        ("a b/c", "a%20b%2Fc"),
        ("100%", "100%25"),
        ("Zürich", "Z%C3%BCrich"),
        (".", "%2E"),
        ("..", "%2E."),
        (".hidden", "%2Ehidden"),
        ("..\\..", "%2E.%5C.."),
    ] {
        assert_eq!(escape(name).unwrap(), escaped);
        assert_eq!(unescape(escaped).unwrap(), name);
    }
}

#[test]
fn what_cannot_be_named_is_refused_and_nothing_is_cut_off() {
    assert!(escape("").is_err());
    assert!(escape("a\0b").is_err());
    assert_eq!(escape(&"x".repeat(200)).unwrap().len(), 200);
    assert!(escape(&"x".repeat(201)).unwrap_err().message.contains("201 bytes"));
    assert!(escape(&"ü".repeat(40)).unwrap_err().message.contains("240 bytes"));
}

#[test]
fn what_was_not_escaped_here_is_not_read() {
    for text in [
        "", ".", "..", ".x", "a b", "a/b", "%", "%2", "a%zz", "%+1", "%00", "%FF", "ü", "%C3ü",
    ] {
        assert!(unescape(text).is_err(), "{text}");
    }
}

#[test]
fn names_that_differ_in_case_only_stay_apart() {
    assert_eq!(
        escape_all(&["App", "billing", "app", "Shop"]).unwrap(),
        ["%41pp", "billing", "app", "Shop"]
    );
    assert_eq!(unescape("%41pp").unwrap(), "App");
    assert!(escape_all(&["app", "app"]).is_err());
    assert_eq!(escape_all(&[]).unwrap(), Vec::<String>::new());
}

#[test]
fn a_backup_lies_in_a_folder_of_its_own() {
    let taken_at = Timestamp::parse("2026-11-21T03:00:00Z").unwrap();
    let backup: BackupId = "019aa3c1-0000-7000-8000-0123456789ab".parse().unwrap();
    let folder = backup_folder("Immich YYYY/MM", taken_at, backup).unwrap();
    assert_eq!(folder, "Immich%20YYYY%2FMM/2026-11-21T03-00-00Z-456789ab");
}

#[test]
fn suffixes_say_what_to_undo() {
    let name = object_name("app", ".dump", Compression::Zstd(3), true).unwrap();
    assert_eq!(name, "app.dump.zst.enc");
    let expected = Suffixes {
        base: "app",
        dump: ".dump",
        compression: "zstd",
        sealed: true,
    };
    assert_eq!(suffixes(&name), Some(expected));
    assert_eq!(
        object_name("globals", ".sql", Compression::None, false).unwrap(),
        "globals.sql"
    );
    assert_eq!(suffixes("x.zst.enc.tar").unwrap().base, "x.zst.enc");
    for stranger in [
        MANIFEST,
        "",
        "app",
        "app.zst.enc",
        ".dump",
        "app.dump.xz",
        "app.dump.enc.zst",
    ] {
        assert_eq!(suffixes(stranger), None, "{stranger}");
    }
}

#[test]
fn objects_are_named_from_escaped_names_and_known_formats() {
    assert!(object_name("a b", ".dump", Compression::None, false).is_err());
    assert!(object_name("app", "", Compression::None, false).is_err());
    assert!(
        object_name("app", ".json", Compression::None, false)
            .unwrap_err()
            .next
            .contains(".dump")
    );
}

#[test]
fn names_people_give() {
    for name in ["nightly", "Nightly backup", "夜間", "-", ".x", "0199aa"] {
        valid_name("job", name).unwrap();
    }
    let long = "x".repeat(101);
    let wide = "夜".repeat(50);
    let id = "019aa3c1-0000-7000-8000-0123456789ab";
    let bare_id = "019aa3c10000700080000123456789ab";
    for name in [
        "",
        " x",
        "x ",
        "\u{3000}x",
        "a\nb",
        "a\u{7f}b",
        "a\u{85}b",
        &long,
        &wide,
        id,
        bare_id,
    ] {
        let error = valid_name("job", name).unwrap_err();
        assert!(!error.next.is_empty() && error.to_string().contains("job"), "{error}");
    }
}

proptest! {
    #[test]
    fn every_name_comes_back(name in "[^\0]{1,16}") {
        let escaped = escape(&name).unwrap();
        prop_assert!(escaped.bytes().all(|byte| is_plain(byte) || byte == b'%'));
        prop_assert!(!escaped.is_empty() && !escaped.starts_with('.'));
        prop_assert_eq!(unescape(&escaped).unwrap(), name);
    }

    #[test]
    fn no_text_upsets_reading(text in any::<String>()) {
        if let Ok(name) = unescape(&text) {
            prop_assert_eq!(unescape(&escape(&name).unwrap()).unwrap(), name);
        }
        suffixes(&text);
    }

    #[test]
    fn names_in_one_folder_differ_even_where_case_does_not_count(
        names in prop::collection::btree_set("[aAbB%4 .ü]{1,3}", 1..20),
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let escaped = escape_all(&names).unwrap();
        let folded: BTreeSet<String> = escaped.iter().map(|name| name.to_lowercase()).collect();
        prop_assert_eq!(folded.len(), names.len());
        for (name, escaped) in names.iter().zip(&escaped) {
            prop_assert_eq!(&unescape(escaped).unwrap(), name);
        }
    }

    #[test]
    fn every_object_name_comes_apart(
        name in "[^\0]{1,12}", dump in prop::sample::select(&DUMPS[..]), sealed in any::<bool>(),
        compression in prop::sample::select(&["none", "zstd:3", "gzip:6", "brotli:5"][..]),
    ) {
        let base = escape(&name).unwrap();
        let compression: Compression = compression.parse().unwrap();
        let object = object_name(&base, dump, compression, sealed).unwrap();
        let expected = Suffixes { base: &base, dump, compression: compression.algorithm(), sealed };
        prop_assert_eq!(suffixes(&object), Some(expected));
    }
}
