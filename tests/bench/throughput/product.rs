//! Backstay's way: a home with a job, and an engine alone in its process, so that its memory is its own.

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use backstay::clock::Clock;
use backstay::domain::adapter::AdapterType;
use backstay::domain::execution::{Execution, Renamed, Request, RestoreOptions, RestoreRequest, Stage, Status};
use backstay::domain::id::{AdapterId, BackupId, ExecutionId, JobId};
use backstay::domain::retention::Policy;
use backstay::engine;
use backstay::instance::{Instance, Paths};
use backstay::store::watch::Watch;
use rustix::process::Signal;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::engine::{JobPlan, Plant, files_below};
use crate::support::postgres::{PASSWORD, Server};
use crate::support::process::{stop, tethered};

/// Set in the process that is the engine: its home.
pub const ENGINE_HOME: &str = "BACKSTAY_BENCH_ENGINE_HOME";

/// How often scratch files are measured.
const SAMPLE: Duration = Duration::from_millis(20);

/// Whether stored bytes are read back.
#[derive(Clone, Copy)]
pub enum ReadBack {
    Yes,
    No,
}

/// A backup that was made.
pub struct Made {
    pub took: Duration,
    pub plain_bytes: u64,
    pub stored_bytes: u64,
    /// How long each stage took, in milliseconds.
    pub stages: Vec<(Stage, u64)>,
}

/// The product, at work on one database.
pub struct Product<'a> {
    server: &'a Server,
    database: String,
    plant: Plant,
    source: AdapterId,
    plain: JobId,
    read_back: JobId,
    engine: Child,
    runtime: Runtime,
    sampler: Option<JoinHandle<()>>,
    done: Arc<AtomicBool>,
    largest: Arc<AtomicU64>,
}

/// The engine's process.
pub fn run_engine(home: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let instance = Instance::open(Paths::new(Some(home)).unwrap(), Clock::System).unwrap();
    let ended = runtime.block_on(async { engine::run(Arc::new(instance), engine::stop_on_signals().unwrap()).await });
    ended.unwrap();
}

impl<'a> Product<'a> {
    /// A home with two jobs for `database`, which differ in whether they read back, and an engine.
    pub fn start(server: &'a Server, database: &str) -> Self {
        let plant = Plant::new();
        let settings = json!({
            "host": server.socket(), "port": server.port(), "user": "postgres", "password": PASSWORD,
            "client_dir": server.bin(),
        });
        let source = plant.adapter(AdapterType::Source, "postgres", "server", &settings);
        let disk = plant.local("disk");
        let (profile, _) = plant.profile("profile");
        let job = |name: &str, read_back: bool| {
            let plan = JobPlan {
                source,
                destinations: &[(disk, "disk", Policy::None)],
                profile: Some(profile),
                edit: &|definition| {
                    definition.selection.databases = Some(vec![database.to_owned()]);
                    definition.selection.globals = false;
                    definition.options.read_back = read_back;
                },
            };
            plant.job(name, &plan)
        };
        let (plain, read_back) = (job("plain", false), job("read-back", true));
        let (done, largest) = (Arc::default(), Arc::default());
        Self {
            engine: start_engine(&plant),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            sampler: Some(sample(&plant.instance.paths.scratch(""), &done, &largest)),
            server,
            database: database.to_owned(),
            plant,
            source,
            plain,
            read_back,
            done,
            largest,
        }
    }

    /// One backup, from the request to the verdict.
    pub fn back_up(&self, read_back: ReadBack) -> Made {
        let job = match read_back {
            ReadBack::Yes => self.read_back,
            ReadBack::No => self.plain,
        };
        let (took, run) = self.run(Some(job), Request::Backup);
        let backup = self.plant.backup_of(&run).unwrap();
        Made {
            took,
            plain_bytes: backup.logical_size,
            stored_bytes: run.size.unwrap(),
            stages: run.progress.stages,
        }
    }

    /// Restores a backup into a new database.
    pub fn restore(&self) -> Duration {
        let request = RestoreRequest {
            backup: self.newest(),
            from: None,
            to: self.source,
            databases: vec![Renamed {
                database: self.database.clone(),
                target: "restored".to_owned(),
            }],
            globals: false,
            options: RestoreOptions::default(),
        };
        let (took, _) = self.run(None, Request::Restore(request));
        self.server.psql("postgres", "drop database restored; checkpoint");
        took
    }

    /// `VmHWM` of the engine's process.
    pub fn peak_memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.engine.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// The most that lay in the scratch directory at one time.
    pub fn largest_scratch_bytes(&self) -> u64 {
        self.largest.load(Ordering::Relaxed)
    }

    fn newest(&self) -> BackupId {
        let found = self
            .plant
            .instance
            .store
            .read(|db| backstay::store::backups::find(db, "latest:plain", self.plant.instance.clock.now()));
        found.unwrap().id
    }

    fn run(&self, job: Option<JobId>, request: Request) -> (Duration, Execution) {
        let start = Instant::now();
        let id = self.plant.ask(job, request);
        let run = self.runtime.block_on(self.verdict(id));
        let took = start.elapsed();
        assert_eq!(run.status, Status::Success, "{}", self.plant.log_text(&run));
        (took, run)
    }

    /// Waits as the command line does, woken by changes: asking over and over would take the engine's processor.
    async fn verdict(&self, id: ExecutionId) -> Execution {
        let mut watch = Watch::new(self.plant.instance.another_connection().unwrap()).unwrap();
        loop {
            let run = self.plant.execution(id);
            if run.status.is_final() {
                return run;
            }
            watch.changed().await.unwrap();
        }
    }
}

impl Drop for Product<'_> {
    fn drop(&mut self) {
        stop(&mut self.engine, Signal::TERM, Duration::from_secs(30));
        self.done.store(true, Ordering::Relaxed);
        if let Some(sampler) = self.sampler.take() {
            let _ = sampler.join();
        }
    }
}

/// This very program again, as the engine.
fn start_engine(plant: &Plant) -> Child {
    let mut command = tethered(std::env::current_exe().unwrap(), &[]);
    command.env(ENGINE_HOME, plant.path("home")).stdin(Stdio::null());
    command.spawn().unwrap()
}

fn sample(scratch: &Path, done: &Arc<AtomicBool>, largest: &Arc<AtomicU64>) -> JoinHandle<()> {
    let (scratch, done, largest) = (scratch.to_owned(), Arc::clone(done), Arc::clone(largest));
    std::thread::spawn(move || {
        while !done.load(Ordering::Relaxed) {
            if scratch.exists() {
                let sizes = files_below(&scratch)
                    .into_iter()
                    .filter_map(|file| scratch.join(file).metadata().ok());
                largest.fetch_max(sizes.map(|found| found.len()).sum(), Ordering::Relaxed);
            }
            std::thread::sleep(SAMPLE);
        }
    })
}
