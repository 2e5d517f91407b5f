//! The jobs: list, detail, what is done to them, revisions, retention.

use std::time::Duration;

use backstay::clock::Clock;
use backstay::console::message::{Effect, Message};
use backstay::console::theme::ASCII;
use backstay::domain::adapter::{AdapterType, Probe};
use backstay::domain::execution::{Failure, Progress, Request, Stage, Status, Trigger};
use backstay::domain::id::{AdapterId, BackupId, CopyId, ExecutionId, JobId};
use backstay::domain::job::{Hook, Overlap, When};
use backstay::domain::retention::Policy;
use backstay::domain::time::Timestamp;
use backstay::ops::{jobs, runs};
use backstay::store::adapters::{self, NewAdapter};
use backstay::store::executions::{self, NewExecution, Verdict};
use serde_json::json;

use crate::desk::{Desk, now};
use crate::support::engine::{JobPlan, Plant};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// An installation with five jobs and what they did, made in January and looked at in March.
pub struct Scene {
    plant: Plant,
    offsite: AdapterId,
    nas: AdapterId,
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A desk over five jobs: one that is well, one that failed, one that is young, one that runs, one that is paused.
pub fn desk() -> Desk {
    let clock = Clock::fixed(at("2026-01-20T09:00:00Z"));
    let plant = Plant::made_with(clock.clone(), |_| {});
    let offsite = plant.local("offsite");
    let nas = plant.local("nas");
    let scene = Scene { plant, offsite, nas };
    let (_, key) = scene.plant.profile("prod-2026");
    drop(key);
    let db1 = scene.source("db1", "postgres", "app@db1:5432", "15.18");
    let shop = scene.source("shop", "postgres", "backup@shop:5432", "17.2");
    let files = scene.plant.path("crm.db");
    rusqlite::Connection::open(&files)
        .unwrap()
        .execute_batch("CREATE TABLE people (name TEXT); INSERT INTO people VALUES ('anna')")
        .unwrap();
    let files = scene.plant.sqlite("files", &files);
    let nightly = scene.job("nightly-pg", db1, "0 3 * * *");
    let orders = scene.job("shop-orders", shop, "30 1 * * *");
    let sessions = scene.job("sessions", db1, "*/30 * * * *");
    let crm = scene.job("crm", files, "0 15 * * *");
    scene.job("legacy", shop, "");
    for day in 0..40 {
        let started = at("2026-01-30T02:00:00Z").plus(DAY * day);
        let status = if day == 27 { Status::Failed } else { Status::Success };
        let run = scene.run(
            nightly,
            "nightly-pg",
            started,
            MINUTE * 2 + Duration::from_secs(u64::from(day)),
            status,
            40 + u64::from(day),
        );
        if status == Status::Success {
            scene.backup(nightly, "nightly-pg", run, started, 40 + u64::from(day));
        }
    }
    let first = scene.run(
        orders,
        "shop-orders",
        at("2026-03-09T00:30:00Z"),
        MINUTE,
        Status::Success,
        8,
    );
    scene.backup(orders, "shop-orders", first, at("2026-03-09T00:30:00Z"), 8);
    scene.run(
        orders,
        "shop-orders",
        at("2026-03-10T11:30:00Z"),
        MINUTE,
        Status::Failed,
        0,
    );
    let young = scene.run(
        sessions,
        "sessions",
        at("2026-03-10T14:00:00Z"),
        MINUTE,
        Status::Partial,
        1,
    );
    scene.backup(sessions, "sessions", young, at("2026-03-10T14:00:00Z"), 1);
    scene.running(crm, "crm", at("2026-03-10T14:45:32Z"));

    clock.set(at("2026-03-07T10:00:00Z"));
    let desk = Desk::over(scene.plant);
    jobs::edit(&desk.session, "nightly-pg", |definition| {
        definition.profile = Some("prod-2026".to_owned());
        definition.options.overlap = Overlap::Queue;
        definition.hooks.push(Hook {
            when: When::Before,
            command: vec!["logger".to_owned(), "backup begins".to_owned()],
            shell: false,
            timeout: MINUTE,
        });
        Ok(())
    })
    .unwrap();
    jobs::pause(&desk.session, "legacy", at("2026-03-11T14:46:02Z")).unwrap();
    clock.set(now());
    desk.engine().open()
}

impl Scene {
    fn source(&self, name: &str, driver: &str, summary: &str, version: &str) -> AdapterId {
        let now = self.plant.instance.clock.now();
        let id = AdapterId::generate(now);
        // A port at which nobody listens: it answers at once that it does not.
        let config = json!({ "host": "127.0.0.1", "port": 1, "database": "app" });
        let sealed = backstay::catalog::endpoints::seal_config(&self.plant.instance, id, &config).unwrap();
        let new = NewAdapter {
            id,
            name,
            kind: AdapterType::Source,
            driver,
            config: &sealed,
            summary,
        };
        let probe = Probe {
            version: version.to_owned(),
            ..Probe::default()
        };
        self.plant
            .instance
            .store
            .write(|db| {
                adapters::insert(db, &new, now)?;
                adapters::record_probe(db, id, Ok(&probe), now)
            })
            .unwrap();
        id
    }

    fn job(&self, name: &str, source: AdapterId, schedule: &str) -> JobId {
        let sources = [
            ("db1", "nightly-pg sessions"),
            ("shop", "shop-orders legacy"),
            ("files", "crm"),
        ];
        let of = sources.into_iter().find(|(_, jobs)| jobs.contains(name)).unwrap().0;
        let plan = JobPlan {
            source,
            destinations: &[
                (self.offsite, "offsite", "smart:7,4,12,2".parse().unwrap()),
                (self.nas, "nas", Policy::None),
            ],
            profile: None,
            edit: &|definition| {
                of.clone_into(&mut definition.source);
                schedule.clone_into(&mut definition.schedule);
                "Europe/Zurich".clone_into(&mut definition.timezone);
            },
        };
        self.plant.job(name, &plan)
    }

    fn ask(&self, job: JobId, name: &str, at: Timestamp) -> ExecutionId {
        let new = NewExecution {
            job_id: Some(job),
            job_name: name.to_owned(),
            revision: Some(1),
            request: Request::Backup,
            trigger: Trigger::Schedule,
            triggered_by: String::new(),
            attempt: 1,
            source_id: None,
            not_before: at,
        };
        let store = &self.plant.instance.store;
        store
            .write(|db| {
                let id = executions::insert(db, &new, at)?;
                executions::claim(db, id, at)?;
                Ok(id)
            })
            .unwrap()
    }

    fn run(&self, job: JobId, name: &str, at: Timestamp, took: Duration, status: Status, mib: u64) -> ExecutionId {
        let failure = Failure {
            message: "the server closed the connection".to_owned(),
            object: "adapter shop".to_owned(),
            next: "check that it runs, then run the job again".to_owned(),
            parts: Vec::new(),
        };
        let partial = Failure {
            message: "no space left".to_owned(),
            object: "destination nas".to_owned(),
            next: "free some space there".to_owned(),
            parts: Vec::new(),
        };
        let verdict = Verdict {
            status,
            error: match status {
                Status::Failed => Some(failure),
                Status::Partial => Some(partial),
                _ => None,
            },
            size: (mib > 0).then_some(mib << 20),
            progress: Progress::default(),
        };
        let id = self.ask(job, name, at);
        let store = &self.plant.instance.store;
        store
            .write(|db| executions::finish(db, id, &verdict, at.plus(took)))
            .unwrap();
        id
    }

    fn running(&self, job: JobId, name: &str, at: Timestamp) {
        let id = self.ask(job, name, at);
        let progress = Progress {
            stage: Some(Stage::Dump),
            object: "crm".to_owned(),
            objects_done: 0,
            objects_total: 1,
            plain_bytes: 620 << 20,
            estimated_bytes: 1_000 << 20,
            compressing_rest: false,
            copies: [("offsite".to_owned(), 120 << 20), ("nas".to_owned(), 118 << 20)].into(),
            ..Progress::default()
        };
        let store = &self.plant.instance.store;
        store.write(|db| executions::heartbeat(db, id, &progress, at)).unwrap();
    }

    fn backup(&self, job: JobId, name: &str, run: ExecutionId, taken_at: Timestamp, mib: u64) {
        let id = BackupId::generate(taken_at);
        let millis = taken_at.millis();
        let verified = taken_at.plus(HOUR).millis();
        let mut script = format!(
            "INSERT INTO backups (id, execution_id, job_id, job_name, taken_at, driver, engine_version, databases, complete,
                 compression, logical_size, manifest, created_at, updated_at)
             VALUES ('{id}', '{run}', '{job}', '{name}', {millis}, 'postgres', '15.18', '[\"app\"]', 1, 'zstd:3', {}, '{{}}',
                 {millis}, {millis});",
            mib << 22
        );
        for destination in [self.offsite, self.nas] {
            let copy = CopyId::generate(taken_at);
            script.push_str(&format!(
                "INSERT INTO backup_copies (id, backup_id, destination_id, path, stored_size, state, verified_at, verified_level,
                     verified_ok, proven_at, proven_level, created_at, updated_at)
                 VALUES ('{copy}', '{id}', '{destination}', '{name}/{id}', {}, 'present', {verified}, 'content', 1, {verified},
                     'content', {millis}, {millis});",
                mib << 20
            ));
        }
        let store = &self.plant.instance.store;
        store.write(|db| Ok(db.execute_batch(&script)?)).unwrap();
    }
}

fn snapshot(name: &str, desk: &mut Desk, columns: u16, rows: u16) {
    let directory = desk.plant.directory.path().to_string_lossy().into_owned();
    let screen = desk.screen(columns, rows).replace(&directory, "[dir]");
    insta::assert_snapshot!(name, screen);
}

pub fn job(desk: &Desk, name: &str) -> jobs::JobView {
    jobs::show(&desk.session, name, 1).unwrap()
}

#[test]
fn the_list_has_the_detail_and_what_runs_beside_it() {
    let desk = &mut desk();
    desk.keys("2 j j");
    insta::assert_snapshot!("jobs_styled", desk.styled(120, 32));
}

#[test]
fn the_list_in_ascii() {
    let desk = &mut desk().glyphs(&ASCII);
    desk.keys("2 j j");
    snapshot("jobs_ascii_100x30", desk, 100, 30);
}

#[test]
fn a_copy_that_was_proven_and_came_back_unread_is_not_said_never_to_have_been_read() {
    let desk = desk();
    let unread = "UPDATE backup_copies SET verified_at = NULL, verified_level = NULL, verified_ok = NULL";
    let store = &desk.plant.instance.store;
    store.write(|db| Ok(db.execute_batch(unread)?)).unwrap();
    let desk = &mut desk.open();
    desk.keys("2 j j enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("no copy was read back since it"), "{screen}");
}

#[test]
fn a_job_has_a_page_of_its_own() {
    let desk = &mut desk();
    desk.keys("2 j j enter").screen(80, 24);
    desk.keys("ctrl-d");
    snapshot("job_page_60x15_below", desk, 60, 15);
    desk.keys("esc");
    assert!(desk.screen(80, 24).contains("shop-orders"));
}

#[test]
fn without_jobs_it_is_said_how_to_begin() {
    let desk = &mut Desk::new().open();
    desk.keys("2 a");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("there is no source yet"), "{screen}");
}

#[test]
fn a_form_offers_what_was_made_while_another_pane_was_shown() {
    let desk = &mut Desk::new().open();
    desk.keys("2 1");
    desk.plant.local("nas");
    let file = desk.plant.path("crm.db");
    desk.plant.sqlite("files", &file);
    drop(desk.plant.profile("prod-2026"));
    desk.changed().keys("enter");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("New job") && screen.contains("files") && !screen.contains("no source"),
        "{screen}"
    );
}

#[test]
fn what_cannot_be_loaded_is_said_in_place_and_the_rest_stays() {
    let desk = &mut desk();
    desk.keys("2");
    let store = &desk.plant.instance.store;
    store
        .write(|db| Ok(db.execute_batch("ALTER TABLE encryption_profiles RENAME TO gone")?))
        .unwrap();
    desk.changed();
    let screen = desk.screen(80, 24);
    assert!(screen.contains("encryption_profiles"), "{screen}");
    assert!(screen.contains("nightly-pg"), "{screen}");
}

fn order(desk: &mut Desk) -> Vec<String> {
    let screen = desk.screen(120, 40);
    let names = ["crm", "legacy", "nightly-pg", "sessions", "shop-orders"];
    let mut found: Vec<(usize, String)> = names
        .into_iter()
        .filter_map(|name| {
            let line = screen
                .lines()
                .position(|line| line.chars().skip(3).collect::<String>().starts_with(name))?;
            Some((line, name.to_owned()))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn it_is_sorted_by_each_column_in_both_directions_and_keeps_what_is_selected() {
    let desk = &mut desk();
    desk.keys("2 G");
    assert_eq!(order(desk), ["crm", "legacy", "nightly-pg", "sessions", "shop-orders"]);
    desk.keys("s");
    assert_eq!(order(desk), ["shop-orders", "sessions", "nightly-pg", "legacy", "crm"]);
    assert_eq!(desk.model.shown().position(), "1/5 jobs");
    // By the size of the last good backup: what has none comes last in both directions.
    desk.keys("s s s s s s s");
    assert_eq!(order(desk), ["sessions", "shop-orders", "nightly-pg", "crm", "legacy"]);
    desk.keys("s");
    assert_eq!(order(desk), ["nightly-pg", "shop-orders", "sessions", "crm", "legacy"]);
}

#[test]
fn a_filter_looks_at_name_source_and_destinations() {
    let desk = &mut desk();
    desk.keys("2 /").text("SHOP");
    assert_eq!(order(desk), ["legacy", "shop-orders"]);
    desk.keys("enter j");
    assert_eq!(desk.model.shown().thing().unwrap().name, "shop-orders");
    assert_eq!(desk.model.shown().position(), "2/2 of 5 jobs");
    desk.keys("esc");
    assert_eq!(order(desk).len(), 5);
    assert_eq!(desk.model.shown().thing().unwrap().name, "shop-orders");
    desk.keys("/").text("nothing like it");
    assert!(desk.screen(80, 24).contains("No job contains that."));
}

#[test]
fn a_run_is_asked_for_and_shown() {
    let desk = &mut desk();
    desk.engine = None;
    desk.changed();
    desk.keys("2 j j r y");
    let asked = runs::page(
        &desk.session,
        &runs::Wanted::default(),
        backstay::domain::paging::Edge::Newest,
        1,
    )
    .unwrap();
    assert_eq!(
        (asked[0].job_name.as_str(), asked[0].status),
        ("nightly-pg", Status::Pending)
    );
    assert_eq!(asked[0].triggered_by, "anna");
    let screen = desk.screen(120, 40);
    assert!(
        screen.contains("a run of nightly-pg was asked for; no engine runs, so it waits"),
        "{screen}"
    );
    assert_eq!(desk.model.pane, backstay::console::pane::PaneId::Runs);
}

#[test]
fn what_the_retention_lets_go_after_a_run_is_said_before_it() {
    let desk = &mut desk();
    desk.keys("2 j j");
    // Of 39 copies, two more than are kept once the run has brought another one.
    keep(desk, "last:38").keys("r");
    snapshot("run_lets_go_80x24", desk, 80, 24);
    desk.keys("enter");
    assert_eq!(pending(desk), 0, "the answer begins at No");
    keep(desk, "last:9").keys("r");
    snapshot("run_lets_many_go_60x15", desk, 60, 15);
    desk.keys("esc");
    keep(desk, "last:39").keys("r");
    assert!(
        desk.model.layers.is_empty(),
        "the new one takes the place of the oldest, as always"
    );
    assert_eq!(pending(desk), 1);
}

/// Gives the first destination of `nightly-pg` this retention.
pub fn keep<'a>(desk: &'a mut Desk, policy: &str) -> &'a mut Desk {
    let keep: Policy = policy.parse().unwrap();
    jobs::edit(&desk.session, "nightly-pg", |definition| {
        definition.destinations[0].keep = keep;
        Ok(())
    })
    .unwrap();
    desk.changed()
}

/// Runs that wait.
pub fn pending(desk: &Desk) -> u32 {
    let wanted = runs::Wanted {
        statuses: vec![Status::Pending],
        ..runs::Wanted::default()
    };
    runs::count(&desk.session, &wanted, 9).unwrap()
}

#[test]
fn marked_jobs_are_run_after_a_question() {
    let desk = &mut desk();
    desk.keys("2 space j space r");
    let question = desk.screen(80, 24);
    assert!(question.contains("Run 2 jobs now?"), "{question}");
    assert!(question.contains("crm, nightly-pg"), "{question}");
    assert!(question.contains("nightly-pg at offsite keeps 7 days"), "{question}");
    desk.keys("y");
    assert_eq!(pending(desk), 2);
}

#[test]
fn a_job_that_the_filter_hides_is_not_acted_on_although_it_was_marked() {
    let desk = &mut desk();
    desk.keys("2 * /").text("orders").keys("enter r");
    assert!(desk.model.layers.is_empty(), "one job is run without a question");
    assert_eq!(pending(desk), 1);
    desk.keys("2 esc /").text("nothing like it");
    assert!(desk.screen(120, 40).contains("0 of 5 jobs"), "{}", desk.screen(120, 40));
}

#[test]
fn a_run_that_was_cancelled_is_not_shown_as_a_good_one() {
    let desk = &mut desk();
    let last = |desk: &mut Desk, job: &str| {
        let screen = desk.screen(120, 40);
        let line = screen.lines().find(|line| line.contains(job)).unwrap();
        line.split("postgres")
            .nth(1)
            .unwrap()
            .trim()
            .chars()
            .take(9)
            .collect::<String>()
    };
    let cancel = |desk: &mut Desk, name: &str| {
        let run = runs::start(&desk.session, job(desk, name).id.to_string().as_str(), Trigger::Manual).unwrap();
        runs::cancel(&desk.session, &run.execution.id.to_string()).unwrap();
        desk.changed();
    };
    desk.keys("2");
    assert!(last(desk, " nightly-pg ").starts_with("● 12h ago"));
    cancel(desk, "nightly-pg");
    assert!(
        last(desk, " nightly-pg ").starts_with("○ now"),
        "{}",
        desk.screen(120, 40)
    );
    // What failed is still to be mended.
    cancel(desk, "shop-orders");
    assert!(
        last(desk, " shop-orders ").starts_with("✖ failed"),
        "{}",
        desk.screen(120, 40)
    );
}

#[test]
fn the_key_of_the_pane_leads_from_a_page_back_to_the_list() {
    let desk = &mut desk();
    desk.keys("2 enter");
    assert!(!desk.screen(80, 24).contains("shop-orders"));
    desk.keys("2");
    assert!(desk.screen(80, 24).contains("shop-orders"), "{}", desk.screen(80, 24));
}

#[test]
fn on_the_page_of_a_job_a_command_is_about_that_job_alone() {
    let desk = &mut desk();
    desk.keys("2 space j enter p enter");
    assert!(job(desk, "nightly-pg").paused_until.is_some());
    assert!(job(desk, "crm").paused_until.is_none());
    desk.changed();
    snapshot("job_paused_60x15", desk, 60, 15);
}

#[test]
fn a_schedule_that_cannot_be_read_hides_no_other_job() {
    let desk = &mut desk();
    let script = "UPDATE jobs SET timezone = 'Europe/Atlantis' WHERE name = 'sessions'";
    let store = &desk.plant.instance.store;
    store.write(|db| Ok(db.execute_batch(script)?)).unwrap();
    desk.keys("2 G k");
    assert_eq!(order(desk).len(), 5);
    let screen = desk.screen(120, 40);
    assert!(screen.contains("it cannot be read: there is no time zone"), "{screen}");
}

#[test]
fn a_clone_gets_a_name_and_is_selected() {
    let desk = &mut desk();
    desk.keys("2 j j c enter");
    assert_eq!(
        job(desk, "nightly-pg-copy").definition().destinations,
        job(desk, "nightly-pg").destinations
    );
    assert_eq!(desk.model.shown().thing().unwrap().name, "nightly-pg-copy");
    desk.keys("c ctrl-u").text("crm").keys("enter");
    assert!(desk.screen(80, 24).contains("that name is taken"));
}

#[test]
fn a_proposal_is_replaced_by_what_comes_first_unless_an_arrow_keeps_it() {
    let desk = &mut desk();
    desk.keys("2 j j p").text("2h");
    assert!(
        desk.screen(80, 24).contains("2h 00m from now"),
        "{}",
        desk.screen(80, 24)
    );
    desk.keys("esc p end backspace backspace").text("3h");
    assert!(
        desk.screen(80, 24).contains("23h 00m from now"),
        "{}",
        desk.screen(80, 24)
    );
    desk.keys("esc c")
        .send(Message::Paste("pasted".to_owned()))
        .keys("enter");
    assert_eq!(desk.model.shown().thing().unwrap().name, "pasted");
    desk.keys("n f1");
    let help = desk.screen(80, 24);
    assert!(help.contains("Ctrl-u") && help.contains("Empty the line"), "{help}");
}

#[test]
fn a_rename_keeps_the_job_selected() {
    let desk = &mut desk();
    desk.keys("2 j j n").text("nightly").keys("enter");
    assert_eq!(desk.model.shown().thing().unwrap().name, "nightly");
    assert_eq!(job(desk, "nightly").revision, 3);
}

#[test]
fn a_removal_needs_the_name_of_the_job() {
    let desk = &mut desk();
    desk.keys("2 g D enter");
    assert!(jobs::find(&desk.session, "crm").is_ok(), "the answer begins at No");
    desk.keys("j j D").text("crm").keys("enter");
    assert!(
        jobs::find(&desk.session, "nightly-pg").is_ok(),
        "that is another one's name"
    );
    desk.keys("esc D")
        .send(Message::Paste("nightly-pg\n".to_owned()))
        .keys("enter")
        .changed();
    assert!(jobs::find(&desk.session, "nightly-pg").is_err());
    assert_eq!(order(desk), ["crm", "legacy", "sessions", "shop-orders"]);
}

#[test]
fn a_removal_of_several_jobs_needs_their_number() {
    let desk = &mut desk();
    desk.keys("2 j space space D");
    let question = desk.screen(80, 24);
    assert!(question.contains("Type 2 jobs to confirm"), "{question}");
    desk.keys("enter");
    assert_eq!(jobs::list(&desk.session).unwrap().len(), 5);
    desk.keys("D").text("2 jobs").keys("enter").changed();
    assert_eq!(order(desk), ["crm", "sessions", "shop-orders"]);
}

#[test]
fn a_job_that_runs_is_not_removed() {
    let desk = &mut desk();
    desk.keys("2 g D").text("crm").keys("enter");
    assert!(jobs::find(&desk.session, "crm").is_ok());
    let screen = desk.screen(120, 40);
    assert!(screen.contains("job crm: a run of it is running"), "{screen}");
}

#[test]
fn a_fire_in_years_to_come_says_in_which() {
    let desk = &mut desk();
    jobs::edit(&desk.session, "nightly-pg", |definition| {
        "0 2 29 2 *".clone_into(&mut definition.schedule);
        Ok(())
    })
    .unwrap();
    desk.changed().keys("2 j j");
    let screen = desk.screen(120, 40);
    for fire in ["Tue 29 Feb 2028 02:00 CET in ", "Sun 29 Feb 2032 02:00 CET"] {
        assert!(screen.contains(fire), "{fire}: {screen}");
    }
}

#[test]
fn a_source_with_one_database_is_not_said_to_have_all_there_are() {
    let desk = &mut desk();
    desk.keys("2 g");
    assert!(
        !desk.screen(120, 50).contains("all there are"),
        "{}",
        desk.screen(120, 50)
    );
    desk.keys("j");
    assert!(
        desk.screen(120, 50).contains("all there are"),
        "{}",
        desk.screen(120, 50)
    );
}

#[test]
fn revisions_lead_back() {
    let desk = &mut desk();
    desk.keys("2 j j v j B y");
    let now = job(desk, "nightly-pg");
    assert_eq!((now.revision, now.profile), (3, None));
    desk.changed();
    let screen = desk.screen(120, 40);
    assert!(screen.contains("back to revision 1"), "{screen}");
}

#[test]
fn a_retention_that_keeps_everything_says_so() {
    let desk = &mut desk();
    desk.keys("2 j j K tab");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("keeps every copy"), "{screen}");
    assert!(screen.contains("all 39 copies stay"), "{screen}");
}

#[test]
fn a_definition_is_written_to_a_file_that_is_not_there() {
    let desk = &mut desk();
    let path = desk.plant.path("nightly-pg.toml");
    let shown = path.to_str().unwrap();
    desk.keys("2 j j w ctrl-u").text(shown).keys("enter");
    let definition = job(desk, "nightly-pg").definition();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        jobs::to_toml(&definition).unwrap()
    );
    desk.keys("w ctrl-u").text(shown).keys("enter");
    let screen = desk.screen(120, 40);
    assert!(screen.contains("there is a file of that name already"), "{screen}");
    assert!(!screen.contains("--force"), "{screen}");
    // What was typed is still there to be changed.
    desk.text(".2").keys("enter");
    assert!(desk.model.layers.is_empty());
    assert!(desk.plant.path("nightly-pg.toml.2").exists());
}

#[test]
fn runs_and_backups_of_a_job_are_one_key_away() {
    let desk = &mut desk();
    desk.keys("2 j j l");
    assert_eq!(desk.model.pane, backstay::console::pane::PaneId::Runs);
    desk.keys("2 b");
    assert_eq!(desk.model.pane, backstay::console::pane::PaneId::Backups);
}

#[test]
fn a_console_that_may_only_read_changes_nothing() {
    let desk = &mut desk().read_only();
    desk.keys("2 j j");
    for key in ["r", "p", "a", "e", "c", "n", "D", "B"] {
        desk.keys(key);
        assert!(desk.model.layers.is_empty(), "{key}");
        assert!(desk.screen(120, 40).contains("read-only"), "{key}");
    }
    assert_eq!(job(desk, "nightly-pg").revision, 2);
}

#[test]
fn a_move_asks_for_nothing_and_a_rest_only_about_a_job_that_is_not_known() {
    let desk = &mut desk();
    desk.keys("2 j k");
    for (key, questions) in [("j", 0), ("j", 1)] {
        let asked = desk.effects_of(Message::Key(key.parse().unwrap()));
        assert!(asked.is_empty(), "{asked:?}");
        let asked = desk.effects_of(Message::TimePassed);
        assert_eq!(asked.len(), questions, "{asked:?}");
    }
}

#[test]
fn while_the_selection_moves_the_detail_stays_and_commands_are_about_the_selected_job() {
    let desk = &mut desk();
    desk.keys("2").at_once("j j");
    assert!(desk.screen(120, 40).contains("┬ crm ─"), "{}", desk.screen(120, 40));
    desk.at_once("D");
    assert!(desk.screen(120, 40).contains("Remove job nightly-pg?"));
    desk.keys("esc");
    assert!(
        desk.screen(120, 40).contains("┬ nightly-pg ─"),
        "{}",
        desk.screen(120, 40)
    );
}

#[test]
fn a_question_that_made_way_for_another_one_in_its_lane_is_asked_again() {
    let desk = &mut desk();
    desk.keys("2 j j");
    desk.effects_of(Message::Changed);
    let rest_after = |desk: &mut Desk, key: &str| {
        desk.effects_of(Message::Key(key.parse().unwrap()));
        desk.effects_of(Message::TimePassed).pop()
    };
    assert!(matches!(rest_after(desk, "k"), Some(Effect::Ask(_))), "never answered");
    let Some(Effect::Ask(ask)) = rest_after(desk, "k") else {
        panic!("what may be another is asked for");
    };
    desk.answer(ask);
    assert!(matches!(rest_after(desk, "j"), Some(Effect::Ask(_))));
    assert!(rest_after(desk, "k").is_none(), "that was answered");
}

#[test]
fn a_click_selects_and_a_second_one_opens() {
    let desk = &mut desk();
    desk.keys("2").screen(120, 40);
    let at = ratatui::layout::Position::new(10, 6);
    desk.send(Message::Click { at, twice: false });
    assert_eq!(desk.model.shown().thing().unwrap().name, "nightly-pg");
    desk.send(Message::Click { at, twice: true });
    assert!(!desk.screen(120, 40).contains("shop-orders"));
}
