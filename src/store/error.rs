//! What can go wrong in the store.

use crate::model::Revision;

/// Errors of the store. "Not found" is not one of them: it is `Ok(None)`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or could not be reached. The message may name tables, never values.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("a migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Neither `sqlite:` nor `postgres:`.
    #[error("the database URL must begin with sqlite: or postgres:")]
    UnknownScheme,
    /// A stored document does not read back.
    #[error("stored {what} does not read back")]
    Corrupt { what: &'static str },
    /// The writer's queue is full; nothing was stored.
    #[error("the write queue is full ({limit} touchpoints)")]
    QueueFull { limit: usize },
    /// The service is stopping; nothing was stored.
    #[error("the store is closed")]
    Closed,
    /// The asked-for revision was not reached.
    #[error("revision {asked:?} is not reached; the store is at {at:?}")]
    NotReached { asked: Revision, at: Revision },
    /// The same request id came with another content.
    #[error("the request id was used with another content")]
    RequestIdReused,
    /// Another process took what this one was about to take; send again.
    #[error("contention")]
    Contention,
}

impl StoreError {
    /// Whether the same call may succeed shortly.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::QueueFull { .. } | Self::Contention | Self::NotReached { .. })
    }
}
