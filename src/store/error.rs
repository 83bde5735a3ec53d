//! What can go wrong in the store.

use crate::identity::constraints::Refusal;
use crate::identity::whole::Unfit;
use crate::model::Revision;

/// Errors of the store. "Not found" is not one of them: it is `Ok(None)`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or could not be reached. The message may name tables, never values.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("a migration failed")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// Neither `sqlite:` nor `postgres:`.
    #[error("the database URL must begin with sqlite: or postgres:")]
    UnknownScheme,
    /// A stored document does not read back.
    #[error("stored {what} does not read back")]
    Corrupt { what: &'static str },
    /// The writer's queue is full; nothing was stored.
    #[error("the write queue is full ({limit})")]
    QueueFull { limit: QueueLimit },
    /// The service is stopping; nothing was stored.
    #[error("the store is closed")]
    Closed,
    /// The asked-for revision was not reached.
    #[error("revision {asked:?} is not reached; the store is at {at:?}")]
    NotReached { asked: Revision, at: Revision },
    /// The same request id came with another content.
    #[error("the request id was used with another content")]
    RequestIdReused,
    /// A decision that cannot stand.
    #[error("the decision is refused")]
    Refused(#[from] Refusal),
    /// Rules that cannot be promoted, with all reasons.
    #[error("the rules cannot be promoted")]
    RulesUnfit(Vec<Unfit>),
    /// Rules made from a version that is not the present one.
    #[error("the present version is {present}")]
    RulesOutdated { present: i64 },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
    /// The database was migrated by a newer build, whose schema this one does not know.
    #[error(
        "the database was migrated by a newer build of the service (migration {migration}): run that one or a later one; an older build must not write to it"
    )]
    NewerSchema { migration: i64 },
    /// Another process took what this one was about to take; send again.
    #[error("contention")]
    Contention,
    /// What it was written or read in together with others failed; nothing was stored.
    #[error("the database failed")]
    Shared(Diagnosis),
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::VersionMissing(migration) => Self::NewerSchema { migration },
            other => Self::Migration(other),
        }
    }
}

impl StoreError {
    /// Whether the same call may succeed shortly.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::QueueFull { .. } | Self::Contention | Self::NotReached { .. })
    }

    /// What the failure of a transaction means to everybody who had a part in it.
    #[must_use]
    pub(in crate::store) fn diagnosis(&self) -> Diagnosis {
        let known = |failure, code: &str| Diagnosis { failure, code: code.to_owned() };
        match self {
            Self::Database(error) => diagnose(error),
            Self::Shared(diagnosis) => diagnosis.clone(),
            Self::Contention => known(Failure::Contention, "Contention"),
            _ => known(Failure::Defect, "Corrupt"),
        }
    }
}

/// Which limit of the write queue was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueLimit {
    Touchpoints(usize),
    Bytes(usize),
}

impl std::fmt::Display for QueueLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Touchpoints(limit) => write!(f, "{limit} touchpoints"),
            Self::Bytes(limit) => write!(f, "{limit} bytes"),
        }
    }
}

/// What a failure of the database means to whoever called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Another writer was in the way: the same call may succeed at once.
    Contention,
    /// The database does not answer: the same call may succeed later.
    Unavailable,
    /// The disk is full: the same call succeeds when there is room.
    Full,
    /// A defect of the service or of the data.
    Defect,
}

/// What a failure means, and what of it can be logged: the database's own words may repeat values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub failure: Failure,
    /// The database's code, or the name of the driver's error.
    pub code: String,
}

/// Tells the failures of the database apart by their codes.
#[must_use]
pub fn diagnose(error: &sqlx::Error) -> Diagnosis {
    use sqlx::Error::{BeginFailed, Database, Io, PoolClosed, PoolTimedOut, Tls, WorkerCrashed};
    let code = match error.as_database_error().and_then(|reported| reported.code()) {
        Some(code) => code.into_owned(),
        // The variant's name alone.
        None => format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect(),
    };
    // SQLite's codes say more in their upper bits; those of PostgreSQL have five characters.
    let sqlite = code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff);
    let failure = match error {
        // Busy, locked; full; I/O, cannot open.
        Database(_) if sqlite.is_some() => match sqlite {
            Some(5 | 6) => Failure::Contention,
            Some(13) => Failure::Full,
            Some(10 | 14) => Failure::Unavailable,
            _ => Failure::Defect,
        },
        Database(_) => match code.as_str() {
            // Serialization failure, deadlock, lock not available.
            "40001" | "40P01" | "55P03" => Failure::Contention,
            "53100" => Failure::Full,
            // Connection exceptions, out of connections or memory, shutting down.
            code if ["08", "53", "57P"].iter().any(|class| code.starts_with(class)) => Failure::Unavailable,
            _ => Failure::Defect,
        },
        Io(_) | Tls(_) | PoolTimedOut | PoolClosed | WorkerCrashed | BeginFailed => Failure::Unavailable,
        _ => Failure::Defect,
    };
    Diagnosis { failure, code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_the_driver_are_told_apart() {
        let diagnosed = |error| {
            let Diagnosis { failure, code } = diagnose(&error);
            (failure, code)
        };
        assert_eq!(diagnosed(sqlx::Error::PoolTimedOut), (Failure::Unavailable, "PoolTimedOut".to_owned()));
        assert_eq!(diagnosed(sqlx::Error::RowNotFound), (Failure::Defect, "RowNotFound".to_owned()));
        let secret = sqlx::Error::Protocol("ada@x.io".to_owned());
        assert_eq!(diagnosed(secret), (Failure::Defect, "Protocol".to_owned()));
    }
}
