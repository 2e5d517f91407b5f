//! The destinations of a run, each with what became of it. One that fails is left behind; the run goes on with the others.

use std::sync::Arc;

use super::run::Run;
use crate::catalog::{copies, endpoints};
use crate::destination::Destination;
use crate::domain::error::{Error, Kind, Result};
use crate::domain::id::AdapterId;
use crate::domain::units;
use crate::instance::Instance;
use crate::pipeline::fan_out::{CopyOutcome, CopySink};

/// One destination of a run.
pub struct Site {
    /// The adapter.
    pub id: AdapterId,
    /// Its name.
    pub name: String,
    /// The driver, if it could be opened.
    driver: Option<Arc<dyn Destination>>,
    /// Its secret values.
    pub secrets: Vec<String>,
    /// Why there is no copy there.
    pub failed: Option<Error>,
    /// Whether anything was written there.
    touched: bool,
}

/// All destinations of a run, in the job's order.
pub struct Sites {
    all: Vec<Site>,
}

impl Sites {
    /// Opens each; one that cannot be opened has failed from the start.
    pub fn open(instance: &Instance, ids: &[AdapterId]) -> Self {
        let open = |id: &AdapterId| match endpoints::destination(instance, *id) {
            Ok(opened) => Site {
                id: *id,
                name: opened.adapter.name,
                driver: Some(opened.driver),
                secrets: opened.secrets,
                failed: None,
                touched: false,
            },
            Err(error) => Site {
                id: *id,
                name: error.object.trim_start_matches("adapter ").to_owned(),
                driver: None,
                secrets: Vec::new(),
                failed: Some(error),
                touched: false,
            },
        };
        Self {
            all: ids.iter().map(open).collect(),
        }
    }

    /// Every destination, failed or not.
    pub fn all(&self) -> &[Site] {
        &self.all
    }

    /// Those still in the run, with their place in the list.
    pub fn alive(&self) -> impl Iterator<Item = (usize, &Site, &Arc<dyn Destination>)> {
        self.all
            .iter()
            .enumerate()
            .filter(|(_, site)| site.failed.is_none())
            .filter_map(|(index, site)| site.driver.as_ref().map(|driver| (index, site, driver)))
    }

    /// Leaves a destination behind.
    pub fn fail(&mut self, run: &Run, index: usize, error: Error) {
        if let Some(site) = self.all.get_mut(index)
            && site.failed.is_none()
        {
            let error = run.masked(&error.or_on(format!("destination {}", site.name)));
            run.error(&Error {
                message: format!("copy given up: {}", error.message),
                ..error.clone()
            });
            site.failed = Some(error);
        }
    }

    /// Goes on only while a destination is left.
    pub fn any_left(&self) -> Result<()> {
        if self.all.iter().any(|site| site.failed.is_none()) {
            return Ok(());
        }
        let failed: Vec<Error> = self.all.iter().filter_map(|site| site.failed.clone()).collect();
        let transient = failed.iter().all(|error| error.transient);
        let all = Error::several(failed).unwrap_or_else(|| Error::failed("there is none"));
        Err(Error {
            kind: Kind::Failed,
            message: format!("no destination took it: {}", all.without_next()),
            object: String::new(),
            transient,
            ..all
        })
    }

    /// Looks at each before anything is written: is it there, and is there room for about `needed` bytes?
    pub async fn check(&mut self, run: &Run, needed: u64) {
        let mut failures = Vec::new();
        for (index, site, driver) in self.alive() {
            match driver.probe().await {
                Err(error) => failures.push((index, error)),
                Ok(probe) => match probe.free_bytes {
                    Some(free) if free < needed => run.warn(format!(
                        "destination {}: {} free, and the plain data is about {}; compression may make it fit",
                        site.name,
                        units::size(free),
                        units::size(needed)
                    )),
                    _ => {}
                },
            }
        }
        for (index, error) in failures {
            self.fail(run, index, error);
        }
    }

    /// Starts an object everywhere.
    pub async fn start_object(&mut self, run: &Run, path: &str) -> Vec<CopySink> {
        let mut sinks = Vec::new();
        let mut failures = Vec::new();
        // From the attempt on there may be something to take back, also when it is given up or fails half way.
        for site in self.all.iter_mut().filter(|site| site.failed.is_none()) {
            site.touched = true;
        }
        for (index, _, driver) in self.alive() {
            match driver.write(path).await {
                Ok(sink) => sinks.push(CopySink { index, sink }),
                Err(error) => failures.push((index, error)),
            }
        }
        for (index, error) in failures {
            self.fail(run, index, error);
        }
        sinks
    }

    /// Takes in how the copies of an object came out.
    pub fn settle(&mut self, run: &Run, outcomes: Vec<CopyOutcome>) {
        for outcome in outcomes {
            if let Err(error) = outcome.result {
                self.fail(run, outcome.index, error);
            }
        }
    }

    /// Deletes one object everywhere it may be.
    pub async fn delete_object(&mut self, run: &Run, path: &str) {
        let mut failures = Vec::new();
        for (index, _, driver) in self.alive() {
            if let Err(error) = driver.delete(path).await {
                failures.push((index, error));
            }
        }
        for (index, error) in failures {
            self.fail(run, index, error);
        }
    }

    /// Takes the folder back: at destinations that failed, or `everywhere`. What cannot be taken back is said; gives where
    /// something is left.
    pub async fn take_back(&self, run: &Run, folder: &str, everywhere: bool) -> Vec<AdapterId> {
        let mut left = Vec::new();
        for site in self
            .all
            .iter()
            .filter(|site| site.touched && (everywhere || site.failed.is_some()))
        {
            let Some(driver) = &site.driver else { continue };
            if let Err(error) = copies::take_back(driver.as_ref(), folder).await {
                left.push(site.id);
                let why = &error.message;
                run.warn(format!(
                    "destination {}: leftovers in {folder} could not be removed: {why}",
                    site.name
                ));
            }
        }
        left
    }

    /// The copies that were given up, as shortfalls of the run.
    pub fn failures(&self) -> Vec<Error> {
        self.all
            .iter()
            .filter_map(|site| {
                let error = site.failed.as_ref()?;
                Some(Error {
                    object: format!("copy at {}", site.name),
                    message: format!("{}{}", prefix(error, &site.name), error.message),
                    next: "`backstay backup repair` makes it from a good copy once the destination is well".to_owned(),
                    ..error.clone()
                })
            })
            .collect()
    }
}

fn prefix(error: &Error, site: &str) -> String {
    if error.object.is_empty() || error.object.ends_with(site) {
        String::new()
    } else {
        format!("{}: ", error.object)
    }
}
