//! Change notice for whoever shows what is in the database: one future that is done when something has changed.

use std::fmt;

use super::Session;
use crate::domain::Result;
use crate::store::watch::Watch;

/// Waits for changes that anybody makes: another console, the engine, this process too.
pub struct Changes {
    watch: Watch,
}

impl Changes {
    /// Counts changes from now on, on a connection of its own: a connection does not see its own commits as changes.
    pub fn new(session: &Session) -> Result<Self> {
        Ok(Self {
            watch: Watch::new(session.instance.another_connection()?)?,
        })
    }

    /// Returns once something has changed since the last call; changes that come together are one. May be given up and
    /// called again at any time without losing any.
    pub async fn changed(&mut self) -> Result<()> {
        self.watch.changed().await
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}
