//! An installation with an engine in this process, driven by rows alone: what the engine does, without any face.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backstay::catalog::{endpoints, keys};
use backstay::clock::Clock;
use backstay::domain::Result;
use backstay::domain::adapter::AdapterType;
use backstay::domain::audit::{Actor, ActorKind};
use backstay::domain::backup::Backup;
use backstay::domain::execution::{Execution, LogLevel, LogLine, Request, Trigger};
use backstay::domain::id::{AdapterId, ExecutionId, JobId, ProfileId};
use backstay::domain::job::{Compression, Definition, Options, Selection, Target};
use backstay::domain::paging::Edge;
use backstay::domain::profile::Profile;
use backstay::domain::retention::Policy;
use backstay::instance::{Instance, Paths};
use backstay::ops::Session;
use backstay::store::adapters::{self, NewAdapter};
use backstay::store::executions::{self, NewExecution};
use backstay::store::jobs::{self, References};
use backstay::store::watch::Watch;
use backstay::store::{backups, logs, profiles, settings};
use backstay::vault::Key;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The longest a test waits for a run.
const LIMIT: Duration = Duration::from_mins(1);

/// An installation in a temporary directory.
pub struct Plant {
    pub instance: Arc<Instance>,
    pub directory: TempDir,
    engine: Option<(JoinHandle<Result<()>>, CancellationToken)>,
}

/// A job as tests want it: manual, sealed, read back.
pub struct JobPlan<'a> {
    pub source: AdapterId,
    pub destinations: &'a [(AdapterId, &'a str, Policy)],
    pub profile: Option<ProfileId>,
    pub edit: &'a dyn Fn(&mut Definition),
}

impl Plant {
    pub fn new() -> Self {
        Self::made_with(Clock::System, |_| {})
    }

    /// With a clock of the test's own, and a home that `prepare` may lay before anything is in it.
    pub fn made_with(clock: Clock, prepare: impl FnOnce(&Path)) -> Self {
        // Not where TMPDIR says: screens show paths in it, and must not wrap differently where it is called something longer.
        let directory = tempfile::tempdir_in("/tmp").unwrap();
        let home = directory.path().join("home");
        std::fs::create_dir(&home).unwrap();
        prepare(&home);
        let instance = Arc::new(Instance::open(Paths::new(Some(&home)).unwrap(), clock).unwrap());
        // Probing is an engine's own business and would add rows that tests do not expect.
        instance
            .store
            .write(|db| settings::set(db, "health_interval_seconds", "0", instance.clock.now()))
            .unwrap();
        Self {
            instance,
            directory,
            engine: None,
        }
    }

    /// What somebody asks for things through.
    pub fn session(&self) -> Session {
        Session {
            instance: Arc::clone(&self.instance),
            actor: Actor {
                name: "anna".to_owned(),
                kind: ActorKind::User,
                client: String::new(),
            },
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn start(&mut self) {
        let stop = CancellationToken::new();
        let engine = tokio::spawn(backstay::engine::run(Arc::clone(&self.instance), stop.clone()));
        self.engine = Some((engine, stop));
    }

    pub async fn stop(&mut self) {
        let (engine, stop) = self.engine.take().expect("the engine runs");
        stop.cancel();
        engine.await.unwrap().unwrap();
    }

    pub fn adapter(&self, kind: AdapterType, driver: &str, name: &str, config: &Value) -> AdapterId {
        let now = self.instance.clock.now();
        let id = AdapterId::generate(now);
        let sealed = endpoints::seal_config(&self.instance, id, config).unwrap();
        let new = NewAdapter {
            id,
            name,
            kind,
            driver,
            config: &sealed,
            summary: name,
        };
        self.instance.store.write(|db| adapters::insert(db, &new, now)).unwrap();
        id
    }

    pub fn local(&self, name: &str) -> AdapterId {
        std::fs::create_dir_all(self.path(name)).unwrap();
        self.adapter(
            AdapterType::Destination,
            "local",
            name,
            &json!({ "path": self.path(name) }),
        )
    }

    pub fn sqlite(&self, name: &str, database: &Path) -> AdapterId {
        self.adapter(AdapterType::Source, "sqlite", name, &json!({ "path": database }))
    }

    pub fn profile(&self, name: &str) -> (ProfileId, Key) {
        let now = self.instance.clock.now();
        let key = Key::generate().unwrap();
        let profile = Profile {
            id: ProfileId::generate(now),
            name: name.to_owned(),
            description: String::new(),
            key_id: key.id().to_string(),
            retired_at: None,
            created_at: now,
        };
        let sealed = keys::seal(&self.instance, profile.id, &key).unwrap();
        self.instance
            .store
            .write(|db| profiles::insert(db, &profile, &sealed))
            .unwrap();
        (profile.id, key)
    }

    pub fn job(&self, name: &str, plan: &JobPlan<'_>) -> JobId {
        let now = self.instance.clock.now();
        let id = JobId::generate(now);
        let targets = plan.destinations.iter().map(|(_, adapter, keep)| Target {
            adapter: (*adapter).to_owned(),
            keep: *keep,
        });
        let mut definition = Definition {
            name: name.to_owned(),
            source: "source".to_owned(),
            schedule: String::new(),
            timezone: "UTC".to_owned(),
            enabled: true,
            compression: Compression::default(),
            profile: None,
            selection: Selection::default(),
            options: Options::default(),
            destinations: targets.collect(),
            hooks: Vec::new(),
        };
        (plan.edit)(&mut definition);
        let references = References {
            source: plan.source,
            profile: plan.profile,
            destinations: plan.destinations.iter().map(|(id, _, _)| *id).collect(),
        };
        self.instance
            .store
            .write(|db| jobs::insert(db, id, &definition, &references, "test", now))
            .unwrap();
        id
    }

    /// Asks for a run.
    pub fn ask(&self, job: Option<JobId>, request: Request) -> ExecutionId {
        let now = self.instance.clock.now();
        let job = job.map(|id| self.instance.store.read(|db| jobs::get(db, id)).unwrap());
        let new = NewExecution {
            job_id: job.as_ref().map(|job| job.id),
            job_name: job.as_ref().map(|job| job.definition.name.clone()).unwrap_or_default(),
            revision: job.as_ref().map(|job| job.revision),
            source_id: job.as_ref().map(|job| job.source_id),
            request,
            trigger: Trigger::Manual,
            triggered_by: "test".to_owned(),
            attempt: 1,
            not_before: now,
        };
        self.instance
            .store
            .write(|db| executions::insert(db, &new, now))
            .unwrap()
    }

    /// Asks for a run and waits for its verdict.
    pub async fn run(&self, job: Option<JobId>, request: Request) -> Execution {
        let id = self.ask(job, request);
        self.verdict(id).await
    }

    pub async fn verdict(&self, id: ExecutionId) -> Execution {
        self.when("the run has its verdict", || {
            Some(self.execution(id)).filter(|run| run.status.is_final())
        })
        .await
    }

    /// Waits, woken by changes in the database, until `look` finds something.
    pub async fn when<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let mut watch = Watch::new(self.instance.another_connection().unwrap()).unwrap();
        let wait = async {
            loop {
                if let Some(found) = look() {
                    return found;
                }
                watch.changed().await.unwrap();
            }
        };
        tokio::time::timeout(LIMIT, wait)
            .await
            .unwrap_or_else(|_| panic!("waited too long until {what}"))
    }

    pub fn execution(&self, id: ExecutionId) -> Execution {
        self.instance.store.read(|db| executions::get(db, id)).unwrap()
    }

    pub fn backup_of(&self, run: &Execution) -> Option<Backup> {
        self.instance
            .store
            .read(|db| backups::of_execution(db, run.id))
            .unwrap()
    }

    pub fn log(&self, run: &Execution) -> Vec<LogLine> {
        self.instance
            .store
            .read(|db| logs::list(db, run.id, Edge::Oldest, LogLevel::Info, 10_000))
            .unwrap()
    }

    pub fn log_text(&self, run: &Execution) -> String {
        let lines = self.log(run);
        let told = lines
            .iter()
            .map(|line| format!("{} {} {}", line.level, line.stage, line.message));
        told.collect::<Vec<_>>().join("\n")
    }
}

/// Every file below a directory but the mark of a destination, relative, sorted.
pub fn files_below(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for item in std::fs::read_dir(next).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|name| name != ".backstay") {
                found.push(path.strip_prefix(directory).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}
