//! A backup run: work out what to dump, stream each database to every destination, read back what was stored, and only
//! then write the manifest that makes a folder a backup.

use std::sync::Arc;

use futures_util::future::join_all;

use super::emptied;
use super::hooks;
use super::recover;
use super::retain;
use super::run::{Elsewhere, Outcome, Run};
use super::sites::Sites;
use super::supervise::Limits;
use crate::catalog::endpoints::Opened;
use crate::catalog::import::{self, Found};
use crate::catalog::{copies, endpoints, keys, manifest as manifests};
use crate::domain::backup::{CopyState, Level};
use crate::domain::error::{Error, Kind, Result};
use crate::domain::execution::{Stage, Status};
use crate::domain::id::{AdapterId, BackupId};
use crate::domain::job::{Contents, Job, When};
use crate::domain::manifest::{
    CompressionNote, EncryptionNote, FORMAT, Inside, InsideObject, JobReference, Manifest, ObjectKind, StoredObject,
};
use crate::domain::secret::Redactor;
use crate::domain::time::Timestamp;
use crate::domain::{naming, units};
use crate::pipeline::encode::{self, Encoded, Encoding};
use crate::pipeline::fan_out;
use crate::pipeline::meter::Meter;
use crate::source::{DumpPlan, DumpStream, PlannedObject, Source};
use crate::store::executions::{self, Footprint};
use crate::store::profiles;
use crate::vault::Key;

/// A backup being made.
pub struct BackupRun<'a> {
    run: &'a Run,
    job: &'a Job,
    id: BackupId,
    folder: String,
    taken_at: Timestamp,
    key: Option<Key>,
    /// The destinations, each with what became of it.
    pub sites: Sites,
    /// The databases to be dumped: those the job names, until the source has said which there are.
    wanted: Vec<String>,
    made: Vec<(StoredObject, InsideObject)>,
    missing: Vec<Error>,
    /// Set once the rows say where the copies are: from then on nothing is taken back.
    committed: Option<u64>,
}

impl<'a> BackupRun<'a> {
    /// Prepares: opens the destinations. Nothing is written yet.
    pub fn prepare(run: &'a Run, job: &'a Job) -> Result<Self> {
        run.stage(Stage::Initialize);
        let taken_at = run.now();
        let id = BackupId::generate(taken_at);
        Ok(Self {
            key: None,
            sites: Sites::open(&run.instance, &job.destination_ids),
            folder: naming::backup_folder(&job.definition.name, taken_at, id)?,
            wanted: job.definition.selection.databases.clone().unwrap_or_default(),
            made: Vec::new(),
            missing: Vec::new(),
            committed: None,
            run,
            job,
            id,
            taken_at,
        })
    }

    /// Makes the backup. May be given up at any time; [`BackupRun::settle`] then says what came of it.
    pub async fn make(&mut self) -> Result<Outcome> {
        self.key = sealing_key(self.run, self.job)?;
        let source = endpoints::source(&self.run.instance, self.job.source_id)?;
        self.hide_secrets(&source);
        self.dump_and_commit(&source).await
    }

    /// What the run came to, whatever ended it. Before the commit everything it wrote is taken back; after it the backup
    /// is there, and what was not done any more is a shortfall. Hooks after run in any case.
    pub async fn settle(&self, done: Result<Outcome>, limits: &Limits) -> Result<Outcome> {
        let done = match (done, self.committed) {
            (Err(error), Some(size)) => {
                self.run.error(&error);
                if let Err(error) = recover::finish_deletions(self.run).await {
                    self.run.warn(format!("an expired copy is left half-deleted: {error}"));
                }
                let mut shortfalls = self.shortfalls();
                shortfalls.push(error.and("the backup itself had been written by then"));
                Ok(Outcome {
                    size: Some(size),
                    shortfalls,
                })
            }
            (Err(error), None) => {
                let left = self.sites.take_back(self.run, &self.folder, true).await;
                // Were this to fail, the next engine would look again and find nothing.
                let _ = self.run.footprint(None, &left_at(left));
                Err(self.naming_the_rest(error))
            }
            (done, _) => done,
        };
        self.after_hooks(done, limits).await
    }

    /// The failure of the whole run, with every database that its own words leave out.
    fn naming_the_rest(&self, error: Error) -> Error {
        // Whoever cancels a run knows that it makes no backup.
        if error.kind == Kind::Interrupted {
            return error;
        }
        let told = |name: &&String| {
            let named = database(name);
            let is_of_it = |error: &Error| {
                error.object == **name || error.object == named || error.message.contains(&format!("{named}: "))
            };
            is_of_it(&error) || error.parts.iter().any(is_of_it)
        };
        let rest: Vec<&str> = self
            .wanted
            .iter()
            .filter(|name| !told(name))
            .map(String::as_str)
            .collect();
        if rest.is_empty() {
            return error;
        }
        let rest = format!("not backed up: {}", rest.join(", "));
        error.and(&rest)
    }

    /// What was asked for and is not in the backup, or not at a destination.
    fn shortfalls(&self) -> Vec<Error> {
        let missing = self.missing.iter().cloned();
        missing.chain(self.sites.failures()).collect()
    }

    async fn dump_and_commit(&mut self, source: &Opened<dyn Source>) -> Result<Outcome> {
        let (run, job) = (self.run, self.job);
        hooks::run_all(run, &job.definition.hooks, When::Before, "").await?;
        let plan = source
            .driver
            .plan(&job.definition.selection)
            .await
            .map_err(|error| on_source(error, source))?;
        self.announce(source, &plan);
        let planned = databases(&plan).map(|object| object.name.clone());
        self.wanted = planned.chain(plan.gone.iter().cloned()).collect();
        for name in &plan.gone {
            let error = gone(name, source);
            run.error(&error);
            self.missing.push(error);
        }
        let estimate = plan.objects.iter().map(|object| object.estimated_bytes).sum();
        run.expect(plan.objects.len(), estimate);
        self.sites.check(run, estimate).await;
        self.sites.any_left()?;
        let footprint = Footprint {
            destinations: self.sites.alive().map(|(_, site, _)| site.id).collect(),
            ..Footprint::default()
        };
        run.footprint(Some(&self.folder), &footprint)?;
        let meter = Arc::new(Meter::new(self.sites.all().len()));
        let names = self.sites.all().iter().map(|site| site.name.clone()).collect();
        run.count_on(Arc::clone(&meter), names);

        run.stage(Stage::Dump);
        self.dump_all(source, &plan, &meter).await?;
        if job.definition.options.read_back {
            run.stage(Stage::Verify);
            self.read_back().await?;
        }
        for error in emptied::look(run, job, self.made.iter().map(|(_, inside)| inside))? {
            run.error(&error);
            self.missing.push(error);
        }
        let manifest = self.commit(source, &plan).await?;
        let mut shortfalls = self.shortfalls();
        run.stage(Stage::Retention);
        shortfalls.extend(self.retain().await);
        Ok(Outcome {
            size: Some(manifest.stored_size()),
            shortfalls,
        })
    }

    fn hide_secrets(&self, source: &Opened<dyn Source>) {
        let secrets = std::iter::once(&source.secrets).chain(self.sites.all().iter().map(|site| &site.secrets));
        self.run.hide(Redactor::new(secrets.flatten().cloned()));
    }

    fn announce(&self, source: &Opened<dyn Source>, plan: &DumpPlan) {
        let names: Vec<&str> = plan.objects.iter().map(|object| object.name.as_str()).collect();
        self.run.info(format!(
            "{} {} at {}: {}",
            source.adapter.driver,
            plan.engine_version,
            source.adapter.summary,
            names.join(", ")
        ));
        for note in &plan.notes {
            self.run.info(note);
        }
    }

    /// Dumps object by object. One that fails is left out and said; when no database is left, its error is the run's.
    async fn dump_all(&mut self, source: &Opened<dyn Source>, plan: &DumpPlan, meter: &Arc<Meter>) -> Result<()> {
        let bases = object_bases(plan)?;
        for (object, base) in plan.objects.iter().zip(bases) {
            let compression = self.job.definition.compression;
            let name = naming::object_name(&base, object.format.suffix(), compression, self.key.is_some())?;
            self.run.object(&object.name);
            match self.dump_one(source, object, &name, meter).await {
                Ok(made) => {
                    self.made.push(made);
                    self.run.object_done();
                }
                Err(error) => {
                    self.sites
                        .delete_object(self.run, &format!("{}/{name}", self.folder))
                        .await;
                    self.sites.any_left()?;
                    let error = self.run.masked(&about(object, error));
                    self.run.error(&error);
                    self.missing.push(error);
                }
            }
        }
        let databases = self
            .made
            .iter()
            .filter(|(_, inside)| inside.kind == ObjectKind::Database)
            .count();
        let is_lost = databases == 0 && !self.wanted.is_empty();
        // One that may pass is reason enough to try again.
        match Error::several(self.missing.clone()).filter(|_| is_lost) {
            Some(error) => Err(error),
            None if self.made.is_empty() => Err(Error::failed("there is nothing to back up")
                .on(format!("source {}", source.adapter.name))
                .next("check the job's selection; `backstay adapter databases` lists what there is")),
            None => Ok(()),
        }
    }

    async fn dump_one(
        &mut self,
        source: &Opened<dyn Source>,
        object: &PlannedObject,
        name: &str,
        meter: &Arc<Meter>,
    ) -> Result<(StoredObject, InsideObject)> {
        self.run.works_elsewhere(Elsewhere {
            source: Arc::clone(&source.driver),
            database: object.name.clone(),
            tag: String::new(),
        });
        let dump = source.driver.dump(object, &self.job.definition.selection).await?;
        for note in &dump.notes {
            self.run.info(note);
        }
        let sinks = self
            .sites
            .start_object(self.run, &format!("{}/{name}", self.folder))
            .await;
        self.sites.any_left()?;
        let DumpStream {
            chunks,
            stats,
            warnings,
            ..
        } = dump;
        let encoding = Encoding {
            compression: self.job.definition.compression,
            key: self.key.clone(),
        };
        let (stored, encoded) = encode::start(chunks, encoding, Arc::clone(meter));
        let written = fan_out::write(stored, sinks, Arc::clone(meter)).await;
        let settled = written.map(|outcomes| self.sites.settle(self.run, outcomes));
        self.sites.any_left()?;
        // A stream that failed says so here, and better than those who merely saw it end.
        let encoded: Encoded = encoded
            .await
            .map_err(|error| Error::failed(format!("the encoder stopped: {error}")))??;
        settled?;
        for warning in warnings.get().into_iter().flatten() {
            self.run.warn(warning);
        }
        self.run.info(format!(
            "{}: {} read, {} stored",
            object.name,
            units::size(encoded.plain_size),
            units::size(encoded.stored_size)
        ));
        let inside = InsideObject {
            name: name.to_owned(),
            kind: object.kind,
            database: (object.kind == ObjectKind::Database).then(|| object.name.clone()),
            dump_format: object.format,
            logical_size: encoded.plain_size,
            contents: match object.kind {
                ObjectKind::Database => self.job.definition.selection.contents,
                ObjectKind::Globals => Contents::All,
            },
            plain_sha256: encoded.plain_sha256,
            stats: stats.get().cloned().unwrap_or_default(),
        };
        let stored = StoredObject {
            name: name.to_owned(),
            stored_size: encoded.stored_size,
            sha256: encoded.sha256,
            volumes: Vec::new(),
        };
        Ok((stored, inside))
    }

    /// Reads every stored byte back at every destination and compares it with what was sent.
    async fn read_back(&mut self) -> Result<()> {
        let objects: Vec<StoredObject> = self.made.iter().map(|(stored, _)| stored.clone()).collect();
        let run = self.run;
        let meter = run.meter();
        let folder = &self.folder;
        let checks = self.sites.alive().map(|(index, site, driver)| {
            let (objects, meter) = (&objects, &meter);
            async move {
                let read = |bytes| meter.add_read(bytes);
                let problems = copies::compare(driver.as_ref(), folder, objects, read).await;
                (index, site.name.clone(), problems.into_iter().next())
            }
        });
        for (index, name, problem) in join_all(checks).await {
            match problem {
                None => run.info(format!("{name}: every stored byte read back and confirmed")),
                Some(error) => self.sites.fail(run, index, error),
            }
        }
        self.sites.any_left()
    }

    /// Writes the manifests, then the rows. From here on it is a backup.
    async fn commit(&mut self, source: &Opened<dyn Source>, plan: &DumpPlan) -> Result<Manifest> {
        let manifest = self.manifest(source, plan)?;
        let mut failures = Vec::new();
        for (index, _, driver) in self.sites.alive() {
            if let Err(error) = manifests::write(driver.as_ref(), &self.folder, &manifest).await {
                failures.push((index, error));
            }
        }
        for (index, error) in failures {
            self.sites.fail(self.run, index, error);
        }
        self.sites.any_left()?;
        // Before the rows say where the copies are, nothing half-written is left of those that failed, if that can be.
        let left = self.sites.take_back(self.run, &self.folder, false).await;
        self.record(&manifest, &left_at(left))?;
        self.committed = Some(manifest.stored_size());
        Ok(manifest)
    }

    fn manifest(&self, source: &Opened<dyn Source>, plan: &DumpPlan) -> Result<Manifest> {
        let definition = &self.job.definition;
        let inside = Inside {
            source: source.adapter.name.clone(),
            objects: self.made.iter().map(|(_, inside)| inside.clone()).collect(),
            missing: self.missing.iter().map(ToString::to_string).collect(),
        };
        let mut manifest = Manifest {
            format: FORMAT.to_owned(),
            id: self.id,
            tool: concat!("backstay ", env!("CARGO_PKG_VERSION")).to_owned(),
            job: JobReference {
                id: self.job.id,
                name: definition.name.clone(),
                revision: self.job.revision,
            },
            taken_at: self.taken_at,
            finished_at: self.run.now(),
            driver: source.adapter.driver.clone(),
            engine_version: plan.engine_version.clone(),
            compression: CompressionNote {
                algorithm: definition.compression.algorithm().to_owned(),
                level: definition.compression.level(),
            },
            encryption: self.key.as_ref().map(|key| EncryptionNote {
                format: "BKSTAY01".to_owned(),
                key_id: key.id().to_string(),
            }),
            objects: self.made.iter().map(|(stored, _)| stored.clone()).collect(),
            complete: self.missing.is_empty(),
            details: manifests::details(inside, self.key.as_ref())?,
            lock: None,
            mac: None,
        };
        manifests::sign(&mut manifest, self.key.as_ref())?;
        Ok(manifest)
    }

    fn record(&self, manifest: &Manifest, left: &Footprint) -> Result<()> {
        let now = self.run.now();
        let inside = manifests::inside(manifest, self.key.as_ref())?;
        let proven = self.job.definition.options.read_back.then_some((Level::Bytes, now));
        self.run.instance.store.write(|db| {
            for (priority, site) in self.sites.all().iter().enumerate() {
                let good = site.failed.is_none();
                let found = Found {
                    manifest,
                    inside: Some(&inside),
                    destination: site.id,
                    folder: &self.folder,
                    state: if good { CopyState::Present } else { CopyState::Missing },
                    verified: proven.filter(|_| good),
                    priority,
                    execution: Some(self.run.id()),
                };
                import::record(db, &found, now)?;
            }
            executions::set_footprint(db, self.run.id(), None, left, now)
        })
    }

    async fn retain(&self) -> Vec<Error> {
        let mut shortfalls = Vec::new();
        for (_, site, driver) in self.sites.alive() {
            if let Err(error) = retain::apply(self.run, self.job.id, site.id, driver.as_ref()).await {
                let error = self.run.masked(&error.or_on(format!("retention at {}", site.name)));
                self.run.error(&error);
                shortfalls.push(error);
            }
        }
        shortfalls
    }

    /// Hooks after run whatever the verdict. A failing one makes a success partial and cannot make anything better.
    async fn after_hooks(&self, done: Result<Outcome>, limits: &Limits) -> Result<Outcome> {
        let hooks = &self.job.definition.hooks;
        if !hooks.iter().any(|hook| hook.when == When::After) {
            return done;
        }
        self.run.stage(Stage::Notify);
        let status = match &done {
            Ok(outcome) => outcome.verdict().0,
            Err(error) if error.kind == Kind::Interrupted => Status::Cancelled,
            Err(_) => Status::Failed,
        };
        let hooked = tokio::select! {
            biased;
            hooked = hooks::run_all(self.run, hooks, When::After, status.as_str()) => hooked,
            why = limits.told_to_stop(self.run) => Err(why.on("hooks")),
        };
        match (done, hooked) {
            (Ok(mut outcome), Err(error)) => {
                self.run.error(&error);
                outcome.shortfalls.push(error);
                Ok(outcome)
            }
            (done, hooked) => {
                if let Err(error) = hooked {
                    self.run.error(&error);
                }
                done
            }
        }
    }
}

/// All that is left to clean up.
fn left_at(destinations: Vec<AdapterId>) -> Footprint {
    Footprint {
        destinations,
        ..Footprint::default()
    }
}

fn sealing_key(run: &Run, job: &Job) -> Result<Option<Key>> {
    let Some(id) = job.profile_id else {
        return Ok(None);
    };
    let profile = run.instance.store.read(|db| profiles::get(db, id))?;
    if profile.retired_at.is_some() {
        return Err(Error::failed("it is retired and seals nothing new")
            .on(format!("profile {}", profile.name))
            .next(format!(
                "give the job another: `backstay job edit {} --profile NAME`",
                job.definition.name
            )));
    }
    keys::of_profile(&run.instance, id).map(Some)
}

fn databases(plan: &DumpPlan) -> impl Iterator<Item = &PlannedObject> {
    plan.objects.iter().filter(|object| object.kind == ObjectKind::Database)
}

/// What errors call a database.
fn database(name: &str) -> String {
    format!("database {name}")
}

/// A database that the job names and that is not there, found out before anything is dumped.
fn gone(name: &str, source: &Opened<dyn Source>) -> Error {
    Error::failed("does not exist on the server")
        .on(database(name))
        .next(format!(
            "take it out of the job's databases; `backstay adapter databases {}` shows which there are",
            source.adapter.name
        ))
}

/// The failure to dump an object, which is what it is about, whatever else it was met at.
fn about(object: &PlannedObject, error: Error) -> Error {
    let named = match object.kind {
        ObjectKind::Database => database(&object.name),
        ObjectKind::Globals => object.name.clone(),
    };
    let message = if error.object.is_empty() || error.object == object.name || error.object == named {
        error.message
    } else {
        format!("{}: {}", error.object, error.message)
    };
    Error {
        message,
        object: named,
        ..error
    }
}

/// Names for the objects, apart also where case does not count; each kind of dump has a suffix, and so a space, of its own.
fn object_bases(plan: &DumpPlan) -> Result<Vec<String>> {
    let names = |kind: ObjectKind| -> Vec<&str> {
        plan.objects
            .iter()
            .filter(|object| object.kind == kind)
            .map(|object| object.name.as_str())
            .collect()
    };
    let mut databases = naming::escape_all(&names(ObjectKind::Database))?.into_iter();
    let mut globals = naming::escape_all(&names(ObjectKind::Globals))?.into_iter();
    let next = |object: &PlannedObject| match object.kind {
        ObjectKind::Database => databases.next(),
        ObjectKind::Globals => globals.next(),
    };
    Ok(plan.objects.iter().filter_map(next).collect())
}

fn on_source(error: Error, source: &Opened<dyn Source>) -> Error {
    let name = &source.adapter.name;
    let error = source.explain(error.or_on(format!("source {name}")));
    if error.kind == Kind::NotFound {
        Error {
            kind: Kind::Failed,
            ..error
        }
    } else {
        error
    }
}
