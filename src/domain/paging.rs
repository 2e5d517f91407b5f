//! Where a page of a long list lies. Lists are read by the key of a row and never by its number, so that the last page costs
//! what the first one does, and rows that come in the meantime shift nothing.

/// The end of a list, or the row, that a page lies next to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edge<K> {
    /// The newest rows there are.
    #[default]
    Newest,
    /// The oldest rows there are.
    Oldest,
    /// The rows next older than this one.
    Before(K),
    /// The rows next newer than this one.
    After(K),
}

impl<K> Edge<K> {
    /// The same place by another key.
    pub fn map<L>(self, key: impl FnOnce(K) -> L) -> Edge<L> {
        match self {
            Self::Newest => Edge::Newest,
            Self::Oldest => Edge::Oldest,
            Self::Before(at) => Edge::Before(key(at)),
            Self::After(at) => Edge::After(key(at)),
        }
    }

    /// Rows are read from older to newer, so that what was read comes the other way round than it is shown.
    pub const fn is_ascending(&self) -> bool {
        matches!(self, Self::Oldest | Self::After(_))
    }

    /// Older rows than this only.
    pub const fn upper(&self) -> Option<&K> {
        match self {
            Self::Before(key) => Some(key),
            _ => None,
        }
    }

    /// Newer rows than this only.
    pub const fn lower(&self) -> Option<&K> {
        match self {
            Self::After(key) => Some(key),
            _ => None,
        }
    }
}
