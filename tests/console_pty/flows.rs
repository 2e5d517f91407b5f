//! What an operator does from the first start to a restore, by keys alone, with a real engine at work.

use std::path::Path;

use rusqlite::Connection;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::house::{House, go_down_to, held, open_gate, shows, shows_all};
use crate::support::engine::files_below;
use crate::support::home::Home;
use crate::support::shop::Shop;
use crate::support::terminal::{Setting, Terminal};

const TAB: &str = "\t";
const ENTER: &str = "\r";
const SAVE: &str = "\x13";
const EMPTY_LINE: &str = "\x15";

/// Every order in a shop's database, in one text.
fn orders(path: &Path) -> String {
    let database = Connection::open(path).unwrap();
    let mut statement = database
        .prepare("SELECT id || ' ' || item FROM orders ORDER BY id")
        .unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(Result::unwrap).collect::<Vec<_>>().join("\n")
}

/// From the overview's list of what is missing to a saved adapter, and back.
fn add_adapter(terminal: &Terminal, driver: &str, name: &str, path: &Path, next: &'static str) {
    terminal.send(ENTER);
    terminal.wait_for("the drivers", |screen| {
        shows("▌")(screen) && shows(driver)(screen) && !shows("Nothing is backed up yet")(screen)
    });
    go_down_to(terminal, "j", driver);
    terminal.send(ENTER);
    terminal.wait_for("the form", shows_all(["name *", "path *"]));
    terminal.send(format!("{name}{TAB}{}{SAVE}", path.display()));
    terminal.wait_for("the new adapter", |screen| {
        !shows("path *")(screen) && shows("online")(screen) && shows(name)(screen)
    });
    terminal.send("1");
    terminal.wait_for_text(next);
}

#[test]
fn from_an_empty_home_to_a_first_backup_by_keys_alone() {
    let home = Home::new();
    let (database, place) = (home.beside("shop.db"), home.beside("vault"));
    std::fs::create_dir(&place).unwrap();
    Connection::open(&database)
        .unwrap()
        .execute_batch("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT); INSERT INTO orders VALUES (1, 'rope')")
        .unwrap();

    let mut terminal = Setting::console::<&str>(&home, &[]).open();
    terminal.wait_for_text("First start");
    terminal.send(ENTER);
    terminal.wait_for("the way to a first backup", shows_all(["▶ a source", "engine up"]));
    let house = House(home);
    add_adapter(&terminal, "sqlite", "shop", &database, "▶ a destination");
    add_adapter(&terminal, "local", "vault", &place, "▶ an encryption profile");
    terminal.send(ENTER);
    terminal.wait_for_text("New encryption profile");
    terminal.send(format!("prod{ENTER}"));
    terminal.wait_for("the new profile", |screen| {
        !shows("New encryption profile")(screen) && shows("● prod")(screen)
    });
    terminal.send("1");
    terminal.wait_for_text("▶ a job");
    terminal.send(ENTER);
    // What there is only one of is taken already.
    terminal.wait_for(
        "the form",
        shows_all(["New job", "▌Name", "[x] vault", "Encryption          prod"]),
    );
    terminal.send(format!("nightly{SAVE}"));
    terminal.wait_for("the new job", |screen| {
        !shows("New job")(screen) && shows("▌ nightly")(screen) && shows("1/1 job")(screen)
    });
    terminal.send("r");
    let screen = terminal.wait_for("the end of the run", |screen| {
        shows("success")(screen) && shows("proven by bytes")(screen)
    });
    assert!(screen.contains("● vault"), "{screen}");
    terminal.send("1");
    terminal.wait_for("all is well", |screen| {
        shows("● nightly")(screen) && !shows("Nothing is backed up yet")(screen)
    });
    terminal.send("q");
    assert_eq!(terminal.exit_code(), 0);

    assert_eq!(house.status(), "success");
    assert!(!files_below(&place).is_empty());
    let job = house.0.json(&["job", "show", "nightly"]).to_string();
    assert!(job.contains("prod"), "it is sealed: {job}");
}

#[test]
fn a_run_is_cancelled_by_keys_and_its_child_is_gone() {
    // A hook that holds its own fifo open: somebody can open the other end at once as long as the hook is there.
    let (house, [gate, _]) = held(|gates| format!("exec 3<>'{}'; echo it waits; read x <&3", gates[0].display()));
    let other_end = || rustix::fs::open(&gate, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty());
    let terminal = house.console(&[]).open();
    terminal.wait_for_text("engine up");
    terminal.send("2");
    terminal.wait_for_text("▌ nightly");
    terminal.send("r");
    terminal.wait_for("the run and what it says", shows_all(["▶ running", "it waits"]));
    other_end().unwrap();
    terminal.send("x");
    terminal.wait_for_text("Stop the backup of nightly?");
    // Enter is No.
    terminal.send(ENTER);
    terminal.wait_for("no question", |screen| !shows("Stop the backup")(screen));
    assert_eq!(house.status(), "running");
    terminal.send("x");
    terminal.wait_for_text("Stop the backup of nightly?");
    terminal.send("y");
    terminal.wait_for("the verdict", |screen| {
        shows("cancelled")(screen) && !shows("▶ running")(screen)
    });
    assert_eq!(house.status(), "cancelled");
    assert_eq!(other_end().unwrap_err(), Errno::NXIO, "the hook is still there");
    assert!(files_below(&house.0.beside("files")).is_empty());
}

#[test]
fn the_log_of_a_run_is_followed_while_it_is_written_and_ends_with_it() {
    let (house, gates) = held(|gates| {
        let [first, second] = gates.each_ref().map(|gate| gate.display());
        format!("echo it begins; read x < '{first}'; seq -f 'step %g.' 40; read x < '{second}'; seq -f 'more %g.' 9")
    });
    let terminal = house.console(&[]).size(80, 24).open();
    terminal.wait_for_text("engine up");
    terminal.send("2");
    terminal.wait_for_text("▌ nightly");
    terminal.send("r");
    terminal.wait_for_text("▶ running");
    terminal.send("l");
    terminal.wait_for("the log", shows_all(["Log of nightly", "it begins", "▶ following"]));
    open_gate(&gates[0]);
    terminal.wait_for("what comes", shows_all(["step 39.", "step 40.", "▶ following"]));
    // Whoever scrolls stays where he is and is told how much came.
    terminal.send("kkkk");
    terminal.wait_for("no following", |screen| {
        shows("step 36.")(screen) && !shows("step 40.")(screen) && !shows("following")(screen)
    });
    open_gate(&gates[1]);
    let screen = terminal.wait_for("word of new lines", |screen| {
        shows("new lines")(screen) && shows("● backup success")(screen)
    });
    assert!(screen.contains("step 36.") && !screen.contains("step 40."), "{screen}");
    terminal.send("f");
    terminal.wait_for("the end of the log", |screen| {
        shows("more 9.")(screen) && shows("end of the log")(screen) && !shows("▶ backup running")(screen)
    });
    terminal.send("g");
    terminal.wait_for_text("it begins");
    assert_eq!(house.status(), "success");
}

#[test]
fn a_backup_is_restored_by_keys_under_another_name_beside_what_is_there() {
    let shop = Shop::with_job();
    let database = shop.database();
    let house = House::over(shop.home);
    let terminal = house.console(&[]).open();
    terminal.wait_for_text("engine up");
    house.0.run(&["run", "nightly"]).ok();
    let backed_up = orders(&database);
    let later = "INSERT INTO orders VALUES (2, 'anchor'); UPDATE orders SET item = 'sold' WHERE id = 1";
    Connection::open(&database).unwrap().execute_batch(later).unwrap();
    let now = orders(&database);

    terminal.send("4");
    terminal.wait_for("the backup", shows_all(["TAKEN", "▌"]));
    terminal.send("u");
    terminal.wait_for("its databases", shows_all(["DATABASE", "[x] shop"]));
    terminal.send(ENTER);
    terminal.wait_for("the sources", shows_all(["WHAT IT IS", "▌ shop"]));
    terminal.send(ENTER);
    terminal.wait_for("the names", shows_all(["beside what is there", "▌shop"]));
    terminal.send(format!("{EMPTY_LINE}back_again{ENTER}"));
    let plan = terminal.wait_for_text("Enter starts the restore");
    assert!(plan.contains("shop as back_again"), "{plan}");
    terminal.send(ENTER);
    terminal.wait_for("the end of the restore", |screen| {
        shows("success")(screen) && shows("restore")(screen) && !shows("Enter starts")(screen)
    });

    assert_eq!(orders(&house.0.beside("data/back_again.db")), backed_up);
    assert_eq!(orders(&database), now);
    assert_ne!(now, backed_up);
}
