//! The two databases behind one small surface: transactions that run one statement over
//! many rows. Everything above writes its SQL once.
//!
//! A bulk statement begins `WITH v(a, b) AS ({rows})`; its first scalar is the tenant. PostgreSQL receives the rows as one
//! array a column (UNNEST, one statement whatever the number of rows); SQLite as multi-row
//! VALUES in chunks whose sizes are powers of two, so that prepared statements are found again.

pub(in crate::store) mod dialect;
pub(in crate::store) mod lookups;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, Postgres, Row as _, Sqlite, SqlitePool};

use crate::store::driver::dialect::{
    postgres_arguments, postgres_bulk_arguments, postgres_joins, postgres_text, sqlite_arguments,
    sqlite_bulk_arguments, sqlite_text, with_numbers,
};
use crate::store::driver::lookups::Lookups;
use crate::store::error::StoreError;
use crate::store::files;

/// Rows in one SQLite statement at most; times the columns it stays below SQLite's 32,766 variables.
const CHUNK_ROWS: usize = 512;
/// SQLite takes 500 terms in a compound SELECT.
const UNION_BRANCHES: usize = 64;
const STATEMENT_CACHE: usize = 1_024;
/// Of an SQLite file so many bytes are read in place, which is all of it: what lies beyond is copied
/// page by page into the cache of each connection, and takes several times as long.
const MAPPED: &str = "1099511627776";
/// A connection to PostgreSQL that rested for longer may have been lost.
const RESTED: std::time::Duration = std::time::Duration::from_secs(1);

/// Statements are written for nested loops in their order and for the indexes that there are, which
/// is all that SQLite has. On PostgreSQL a plan is made once for any arguments and kept, maybe since
/// the tables were nearly empty: it must not depend on how much is in them.
const PLANS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
    SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; \
    SET random_page_cost = 0.1; SET seq_page_cost = 0.1";

/// Every text that was run, for the tests that look at their plans: on SQLite, on PostgreSQL.
#[cfg(test)]
pub(in crate::store) static SEEN: [std::sync::Mutex<std::collections::BTreeSet<String>>; 2] =
    [const { std::sync::Mutex::new(std::collections::BTreeSet::new()) }; 2];

#[cfg(test)]
fn seen(text: &str, on_postgres: bool) {
    SEEN[usize::from(on_postgres)].lock().unwrap().insert(text.to_owned());
}
#[cfg(not(test))]
fn seen(_text: &str, _on_postgres: bool) {}

/// An open database.
#[derive(Clone)]
pub enum Database {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres { pool: PgPool, lookups: Lookups },
}

/// A statement's argument.
#[derive(Debug, Clone, Copy)]
pub enum Scalar<'a> {
    Int(i64),
    IntOrNull(Option<i64>),
    Text(&'a str),
    TextOrNull(Option<&'a str>),
    Bytes(&'a [u8]),
}

/// One column of a bulk statement's rows.
#[derive(Debug)]
pub enum Column<'a> {
    Int(Vec<i64>),
    IntOrNull(Vec<Option<i64>>),
    Text(Vec<&'a str>),
    Bytes(Vec<&'a [u8]>),
}

impl<'a> Column<'a> {
    pub(in crate::store) fn cell(&self, row: usize) -> Scalar<'a> {
        match self {
            Self::Int(c) => Scalar::Int(c[row]),
            Self::IntOrNull(c) => Scalar::IntOrNull(c[row]),
            Self::Text(c) => Scalar::Text(c[row]),
            Self::Bytes(c) => Scalar::Bytes(c[row]),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Int(c) => c.len(),
            Self::IntOrNull(c) => c.len(),
            Self::Text(c) => c.len(),
            Self::Bytes(c) => c.len(),
        }
    }

    pub(in crate::store) fn sql_type(&self) -> &'static str {
        match self {
            Self::Int(_) | Self::IntOrNull(_) => "bigint",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytea",
        }
    }
}

/// A result row of either database.
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What a result cell can be read as.
pub trait Cell:
    for<'r> sqlx::Decode<'r, Sqlite>
    + sqlx::Type<Sqlite>
    + for<'r> sqlx::Decode<'r, Postgres>
    + sqlx::Type<Postgres>
{
}
impl<T> Cell for T where
    T: for<'r> sqlx::Decode<'r, Sqlite>
        + sqlx::Type<Sqlite>
        + for<'r> sqlx::Decode<'r, Postgres>
        + sqlx::Type<Postgres>
{
}

impl Row {
    /// The cell of a column, counted from 0.
    pub fn get<T: Cell>(&self, column: usize) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
        .map_err(StoreError::from)
    }

    /// The text of a column, where it lies.
    pub fn text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
        .map_err(StoreError::from)
    }
}

impl Database {
    /// Opens the database that the URL's scheme names, with its migrations applied.
    pub async fn open(url: &str, connections: u32) -> Result<Self, StoreError> {
        if url.starts_with("sqlite:") {
            Self::open_sqlite(url, connections).await
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Self::open_postgres(url, connections).await
        } else {
            Err(StoreError::UnknownScheme)
        }
    }

    async fn open_sqlite(url: &str, connections: u32) -> Result<Self, StoreError> {
        let options = url
            .parse::<SqliteConnectOptions>()?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: an acknowledged write survives a power cut, not only a crash of the process.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(std::time::Duration::from_secs(30))
            .statement_cache_capacity(STATEMENT_CACHE)
            .pragma("cache_size", "-131072")
            .pragma("wal_autocheckpoint", "16384")
            .pragma("temp_store", "MEMORY")
            // What is deleted is overwritten: an erasure leaves no bytes in free pages.
            .pragma("secure_delete", "ON")
            .pragma("mmap_size", MAPPED);
        let is_new = files::keep_private(options.get_filename())?;
        // Migrated on a connection of its own: the planner's statistics are read when one is opened.
        let migrator = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        sqlx::migrate!("migrations/sqlite").run(&migrator).await?;
        files::clean_once(&migrator, is_new).await?;
        migrator.close().await;
        // A connection to a file needs no ping before it is used: that would be a thread's turn.
        let pool = || {
            SqlitePoolOptions::new().test_before_acquire(false).before_acquire(|connection, _| {
                Box::pin(async move {
                    // Where SQLite itself rolled back, because the disk is full, the driver's rollback
                    // fails, and it would take the transaction for open ever after.
                    if connection.is_in_transaction() {
                        connection.ping().await?;
                    }
                    Ok(!connection.is_in_transaction())
                })
            })
        };
        let writer = pool().max_connections(1).connect_with(options.clone()).await?;
        let readers = pool()
            .max_connections(connections)
            .connect_with(options.read_only(true).pragma("query_only", "1"))
            .await?;
        Ok(Self::Sqlite { writer, readers })
    }

    async fn open_postgres(url: &str, connections: u32) -> Result<Self, StoreError> {
        let options = url.parse::<PgConnectOptions>()?.statement_cache_capacity(STATEMENT_CACHE);
        // Once without the pool, which would only say after a while that it timed out.
        PgConnection::connect_with(&options).await?.close().await?;
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            // A connection that was used a moment ago is not asked for a sign of life: that would be
            // a journey for each transaction.
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql(PLANS).execute(connection).await?;
                    Ok(())
                })
            })
            .before_acquire(|connection, used| {
                let rested = used.idle_for > RESTED;
                Box::pin(async move { Ok(!rested || connection.ping().await.is_ok()) })
            })
            // A future that is dropped inside begin() leaves the connection in a transaction
            // (sqlx 4385, 4393): whatever comes back to the pool is rolled back first.
            .after_release(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql("ROLLBACK").execute(connection).await?;
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        sqlx::migrate!("migrations/postgres").run(&pool).await?;
        Ok(Self::Postgres { lookups: Lookups::new(pool.clone(), connections), pool })
    }

    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// A transaction that may write. On SQLite it is the only one.
    pub async fn write(&self) -> Result<Transaction, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Transaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres { pool, .. } => Transaction::Postgres(pool.begin().await?),
        })
    }

    /// A transaction that sees one state of the database throughout.
    pub async fn read(&self) -> Result<Transaction, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Transaction::Sqlite(readers.begin().await?),
            Self::Postgres { pool, .. } => Transaction::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?,
            ),
        })
    }

    /// One statement over rows, as many as a power of two, in a transaction of its own: one turn of a
    /// thread on SQLite, one journey on PostgreSQL, where [`Database::read`] takes three more.
    /// `{numbers:X}` stands for a table with a column `value`: the numbers of the list in the column X.
    pub async fn fetch_alone(
        &self,
        sql: &'static str,
        scalars: &[Scalar<'_>],
        columns: &[Column<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let rows = columns.first().map_or(0, Column::len);
        debug_assert!(rows.is_power_of_two() && columns.iter().all(|column| column.len() == rows));
        Ok(match self {
            Self::Sqlite { readers, .. } => {
                let numbers = |list: &str| format!("json_each('[' || {list} || ']')");
                let text = sqlite_text(&with_numbers(sql, numbers), scalars.len(), columns.len(), rows);
                seen(&text, false);
                let arguments = sqlite_bulk_arguments(scalars, columns, 0..rows)?;
                let query = sqlx::query_with(AssertSqlSafe(text), arguments);
                query.fetch_all(readers).await?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres { lookups, .. } => {
                let numbers = |list: &str| {
                    format!(
                        "LATERAL (SELECT UNNEST(string_to_array(NULLIF({list}, ''), ',')::bigint[]) AS value)"
                    )
                };
                let text = postgres_text(&with_numbers(sql, numbers), scalars.len(), columns);
                seen(&text, true);
                let found = lookups.fetch(text, postgres_bulk_arguments(scalars, columns)?).await?;
                found.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { pool, lookups } => {
                lookups.close();
                pool.close().await;
            }
        }
    }
}

/// Rolls back unless committed.
pub enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// One statement, its result rows.
    pub async fn fetch(&mut self, sql: &'static str, scalars: &[Scalar<'_>]) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => {
                seen(sql, false);
                let query = sqlx::query_with(sql, sqlite_arguments(scalars)?);
                query.fetch_all(&mut **tx).await?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(tx) => {
                let text = postgres_joins(sql);
                seen(&text, true);
                let query = sqlx::query_with(AssertSqlSafe(text), postgres_arguments(scalars)?);
                query.fetch_all(&mut **tx).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// One statement, its first result row.
    pub async fn fetch_one(
        &mut self,
        sql: &'static str,
        scalars: &[Scalar<'_>],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.fetch(sql, scalars).await?.into_iter().next())
    }

    /// One statement over many rows (see the module), the result rows of all of them.
    pub async fn fetch_bulk(
        &mut self,
        sql: &'static str,
        scalars: &[Scalar<'_>],
        columns: &[Column<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let rows = columns.first().map_or(0, Column::len);
        debug_assert!(columns.iter().all(|column| column.len() == rows), "columns of one length");
        if rows == 0 {
            return Ok(Vec::new());
        }
        match self {
            Self::Sqlite(tx) => {
                let chunk = |from: usize| -> Result<_, StoreError> {
                    let until = from + chunk_rows(rows - from);
                    let text = sqlite_text(sql, scalars.len(), columns.len(), until - from);
                    seen(&text, false);
                    Ok((until, text, sqlite_bulk_arguments(scalars, columns, from..until)?))
                };
                let mut found = Vec::new();
                let (mut until, mut text, mut arguments) = chunk(0)?;
                loop {
                    let run = sqlx::query_with(AssertSqlSafe(text), arguments).fetch_all(&mut **tx);
                    // The connection has a thread of its own: meanwhile the next chunk is put together.
                    let (part, next) = tokio::join!(biased; run, async {
                        (until < rows).then(|| chunk(until)).transpose()
                    });
                    found.extend(part?.into_iter().map(Row::Sqlite));
                    match next? {
                        Some(next) => (until, text, arguments) = next,
                        None => return Ok(found),
                    }
                }
            }
            Self::Postgres(tx) => {
                let text = postgres_text(sql, scalars.len(), columns);
                seen(&text, true);
                let text = AssertSqlSafe(text);
                let arguments = postgres_bulk_arguments(scalars, columns)?;
                let found = sqlx::query_with(text, arguments).fetch_all(&mut **tx).await?;
                Ok(found.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// One statement that returns nothing.
    pub async fn run(&mut self, sql: &'static str, scalars: &[Scalar<'_>]) -> Result<(), StoreError> {
        self.fetch(sql, scalars).await.map(drop)
    }

    /// One statement over many rows that returns nothing.
    pub async fn run_bulk(
        &mut self,
        sql: &'static str,
        scalars: &[Scalar<'_>],
        columns: &[Column<'_>],
    ) -> Result<(), StoreError> {
        self.fetch_bulk(sql, scalars, columns).await.map(drop)
    }

    /// One branch of a UNION ALL for each row of numbers, which stand for `{0}`, `{1}`, ... in it.
    pub async fn fetch_union<const N: usize>(
        &mut self,
        branch: &'static str,
        scalars: &[Scalar<'_>],
        numbers: &[[i64; N]],
    ) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        for part in numbers.chunks(UNION_BRANCHES) {
            let parameter = |i: usize| format!("${}", scalars.len() + i + 1);
            let name =
                |text: String, i: usize, j: usize| text.replace(&format!("{{{j}}}"), &parameter(i * N + j));
            let branches: Vec<String> =
                (0..part.len()).map(|i| (0..N).fold(branch.to_owned(), |text, j| name(text, i, j))).collect();
            let mut text = branches.join(" UNION ALL ");
            if matches!(self, Self::Postgres(_)) {
                text = postgres_joins(&text);
            }
            seen(&text, matches!(self, Self::Postgres(_)));
            let text = AssertSqlSafe(text);
            let all: Vec<Scalar<'_>> =
                scalars.iter().copied().chain(part.iter().flatten().map(|&n| Scalar::Int(n))).collect();
            match self {
                Self::Sqlite(tx) => {
                    let rows = sqlx::query_with(text, sqlite_arguments(&all)?).fetch_all(&mut **tx).await?;
                    found.extend(rows.into_iter().map(Row::Sqlite));
                }
                Self::Postgres(tx) => {
                    let rows = sqlx::query_with(text, postgres_arguments(&all)?).fetch_all(&mut **tx).await?;
                    found.extend(rows.into_iter().map(Row::Postgres));
                }
            }
        }
        Ok(found)
    }
}

/// The largest power of two that fits, up to the chunk's size.
fn chunk_rows(rows: usize) -> usize {
    if rows >= CHUNK_ROWS { CHUNK_ROWS } else { 1 << rows.ilog2() }
}
