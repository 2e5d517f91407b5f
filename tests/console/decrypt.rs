//! Objects of backups as files: one of a backup, and one that lies as a file, decrypted with a key file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use backstay::console::message::{Ask as Asked, Effect, Message, Reply};
use backstay::console::pane::backups as pane;
use backstay::console::pane::backups::Ask;
use backstay::console::pane::backups::work::Look;
use backstay::ops::private_file::Existing;
use backstay::ops::profiles;
use rusqlite::Connection;

use crate::backups::{catalogue, shop, work};
use crate::desk::Desk;

/// A shop that was backed up once, sealed.
fn backed_up() -> Desk {
    let mut desk = shop();
    if catalogue(&desk).is_empty() {
        work(&mut desk);
    }
    desk.keys("4");
    desk
}

/// The object of its backup, at a destination.
fn object(desk: &Desk) -> PathBuf {
    let folder = desk.plant.path("disk").join(&catalogue(desk)[0].copies[0].path);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut objects = files.filter(|path| path.extension().is_some_and(|suffix| suffix == "enc"));
    objects.next().expect("the object")
}

fn key_file(desk: &Desk) -> PathBuf {
    let path = desk.plant.path("prod.key");
    profiles::export(&desk.session, "prod", &path, Existing::Keep).unwrap();
    path
}

fn orders(path: &Path) -> i64 {
    let database = Connection::open(path).unwrap();
    database
        .query_row("SELECT count(*) FROM orders", [], |row| row.get(0))
        .unwrap()
}

fn names(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = files
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn fill(desk: &mut Desk, file: &Path, key: &Path, out: &Path) -> String {
    desk.keys("4 U").text(&file.to_string_lossy()).keys("tab");
    desk.text(&key.to_string_lossy()).keys("tab");
    desk.text(&out.to_string_lossy()).keys("enter");
    desk.screen(120, 40)
}

#[test]
fn an_object_is_decrypted_with_a_key_file_into_a_file_of_the_owner_alone() {
    let mut desk = backed_up();
    let (file, key, out) = (object(&desk), key_file(&desk), desk.plant.path("plain.db"));
    let screen = fill(&mut desk, &file, &key, &out);
    assert!(desk.model.layers.is_empty(), "{screen}");
    assert!(screen.contains("plain.db"), "{screen}");
    assert_eq!(orders(&out), 5000);
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn of_what_nobody_can_check_it_is_said_that_nobody_did() {
    let mut desk = backed_up();
    let (file, out) = (desk.plant.path("shop.db.br"), desk.plant.path("plain.db"));
    let mut packed = Vec::new();
    brotli::BrotliCompress(
        &mut b"rows".as_slice(),
        &mut packed,
        &brotli::enc::BrotliEncoderParams::default(),
    )
    .unwrap();
    fs::write(&file, packed).unwrap();
    desk.keys("4 U").text(&file.to_string_lossy()).keys("tab tab");
    desk.text(&out.to_string_lossy()).keys("enter");
    let screen = desk.screen(120, 40);
    assert_eq!(fs::read(&out).unwrap(), b"rows", "{screen}");
    assert!(screen.contains("brotli keeps no checksum"), "{screen}");
}

#[test]
fn another_key_leaves_no_file_and_everything_typed() {
    let mut desk = backed_up();
    let (file, out) = (object(&desk), desk.plant.path("plain.db"));
    let key = desk.plant.path("other.key");
    fs::write(&key, "11".repeat(32)).unwrap();
    fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    let screen = fill(&mut desk, &file, &key, &out);
    assert!(
        screen.contains("Decrypt a file") && screen.contains("other.key"),
        "{screen}"
    );
    let below = screen.lines().skip_while(|line| !line.contains("▌Key file")).nth(1);
    assert!(below.unwrap_or_default().contains("sealed with key"), "{screen}");
    assert!(!out.exists());
    // The right one in its place, which has the focus.
    let right = key_file(&desk);
    desk.keys("ctrl-u").text(&right.to_string_lossy()).keys("enter");
    assert!(desk.model.layers.is_empty());
    assert_eq!(orders(&out), 5000);
}

#[test]
fn what_cannot_be_is_told_beside_the_field_it_is_in() {
    let mut desk = backed_up();
    desk.keys("4 U enter");
    assert!(desk.screen(120, 40).contains("name the file to decrypt"));
    desk.text("/srv/app.db").keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("its name does not say"), "{screen}");
    desk.text(".zst.enc").keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("→ name the file with its key"), "{screen}");
    assert!(screen.contains("is unsealed and unpacked from zstd"), "{screen}");
    // The key has the focus by now.
    desk.text("/nowhere/a.key").keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("cannot open the key file"), "{screen}");
    assert!(screen.contains("/srv/app.db.zst.enc"), "{screen}");
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_that_is_switched_on() {
    let mut desk = backed_up();
    let (file, key, out) = (object(&desk), key_file(&desk), desk.plant.path("plain.db"));
    fs::write(&out, "mine").unwrap();
    let screen = fill(&mut desk, &file, &key, &out);
    assert!(screen.contains("switch 'Replace the file'"), "{screen}");
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
    desk.keys("tab tab space enter");
    assert!(desk.model.layers.is_empty(), "{}", desk.screen(120, 40));
    assert_eq!(orders(&out), 5000);
}

#[test]
fn one_object_of_a_backup_is_fetched_in_the_clear_or_as_it_is_stored() {
    let mut desk = backed_up();
    let name = object(&desk).file_name().unwrap().to_string_lossy().into_owned();
    let (plain, stored) = (desk.plant.path("plain"), desk.plant.path("stored"));
    desk.keys("d ctrl-u").text(&plain.to_string_lossy()).keys("tab right");
    let screen = desk.screen(120, 40);
    assert!(screen.contains(&name) && screen.contains("database shop"), "{screen}");
    desk.keys("enter");
    assert_eq!(names(&plain).len(), 1);
    assert_eq!(orders(&plain.join(&names(&plain)[0])), 5000);
    // As it is stored, and without the manifest that would make it a copy of the backup.
    desk.keys("d ctrl-u")
        .text(&stored.to_string_lossy())
        .keys("tab right tab right enter");
    assert_eq!(names(&stored), [name]);
    desk.keys("6");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("backup.download") && screen.contains("object"),
        "{screen}"
    );
}

#[test]
fn a_console_that_may_change_nothing_decrypts_nothing() {
    let mut desk = shop().read_only();
    desk.keys("U");
    assert!(desk.model.layers.is_empty());
    let screen = desk.screen(120, 40);
    assert!(screen.contains("'decrypt' changes something"), "{screen}");
}

#[test]
fn decrypting_is_stopped_by_the_key_that_stops_a_run() {
    let mut desk = decrypting();
    let stopped = desk.effects_of(Message::Key("x".parse().unwrap()));
    assert!(
        matches!(
            stopped.as_slice(),
            [Effect::Ask(Asked::Backups(Ask::Look(Look::Stop(_))))]
        ),
        "{stopped:?}"
    );
    let ended = backstay::domain::Error::interrupted("decrypting was stopped");
    desk.done(Err(ended));
    assert!(desk.model.layers.is_empty());
    assert!(desk.screen(120, 40).contains("decrypting was stopped"));
}

/// A file that is being decrypted.
pub fn decrypting() -> Desk {
    let mut desk = Desk::new().open();
    desk.keys("4 U")
        .text("/srv/shop.db.zst.enc")
        .keys("tab")
        .text("/srv/prod.key");
    let effects = desk.effects_of(Message::Key("enter".parse().unwrap()));
    let transfer = effects.iter().find_map(|effect| match effect {
        Effect::Ask(Asked::Backups(Ask::Look(Look::Transferred(transfer, _)))) => Some(std::sync::Arc::clone(transfer)),
        _ => None,
    });
    let moved = pane::transfer::Moved {
        bytes: 3_000_000,
        total: 8_000_000,
        ended: false,
    };
    let reply = pane::Reply::Transferred(transfer.expect("it is asked how far it is"), moved);
    desk.effects_of(Message::Reply(Reply::Backups(reply)));
    desk
}

/// A file that is not there, with a key that is not there.
pub fn not_there() -> Desk {
    let mut desk = Desk::new().open();
    desk.keys("4 U")
        .text("/nowhere/shop.db.zst.enc")
        .keys("tab")
        .text("/nowhere/prod.key")
        .keys("enter");
    desk
}
