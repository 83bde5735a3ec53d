//! The file of an SQLite database: readable by its owner alone, and without remains of what was deleted.

use std::path::Path;

use sqlx::SqlitePool;

use crate::store::StoreError;

/// In the file's `user_version`: its free pages were cleaned.
const CLEAN: i64 = 1;

/// Makes the file for its owner alone if it is not there yet, and takes it from others if it is;
/// SQLite gives its log the same permissions. Says whether it is new.
#[cfg(unix)]
pub(in crate::store) fn keep_private(path: &Path) -> Result<bool, StoreError> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    if is_in_memory(path) {
        return Ok(true);
    }
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        // Where it cannot be made, SQLite says so better.
        Ok(_) | Err(_) => return Ok(true),
    }
    let metadata = std::fs::metadata(path).map_err(sqlx::Error::Io)?;
    if metadata.permissions().mode() & 0o077 != 0
        && let Err(error) = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
    {
        tracing::warn!(%error, "others may read the database's file, and that cannot be changed");
    }
    Ok(metadata.len() == 0)
}

/// Says whether the file is new.
#[cfg(not(unix))]
pub(in crate::store) fn keep_private(path: &Path) -> Result<bool, StoreError> {
    Ok(is_in_memory(path) || !path.exists())
}

fn is_in_memory(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name == ":memory:" || name.starts_with("file:")
}

/// Writes a file from before deleted bytes were overwritten anew, once. It is used all the same where
/// there is no room for that.
pub(in crate::store) async fn clean_once(pool: &SqlitePool, is_new: bool) -> Result<(), StoreError> {
    let done: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(pool).await?;
    if done >= CLEAN {
        return Ok(());
    }
    if !is_new {
        // The copy may be large: not in memory.
        sqlx::raw_sql("PRAGMA temp_store = FILE").execute(pool).await?;
        if let Err(error) = sqlx::raw_sql("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").execute(pool).await {
            let code = crate::store::error::diagnose(&error).code;
            tracing::warn!(code, "the file was not written anew: it may hold bytes of what was deleted");
            return Ok(());
        }
    }
    sqlx::raw_sql("PRAGMA user_version = 1").execute(pool).await?;
    Ok(())
}
