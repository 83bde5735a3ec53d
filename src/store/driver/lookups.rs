//! Single statements on PostgreSQL that follow each other closely: each pool connection that is
//! given back is rolled back and asked for a sign of life, two journeys that would cost more than
//! the statement. So a few connections are kept while they are busy.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{AssertSqlSafe, PgPool, Postgres, pool::PoolConnection};
use tokio::sync::Semaphore;

use crate::clock;
use crate::store::error::StoreError;

/// A connection that was not used for so long goes back to the pool.
const RESTED: Duration = Duration::from_millis(250);

/// Runs statements that need no transaction of their own, at most one on each of its connections.
#[derive(Clone)]
pub struct Lookups(Arc<Lanes>);

struct Lanes {
    pool: PgPool,
    /// One for each statement that may run.
    free: Semaphore,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// With the time of their last statement, the latest last.
    connections: Vec<(PoolConnection<Postgres>, Instant)>,
    /// How many may be kept.
    most: usize,
    /// Whether a task is there that gives them back.
    is_watched: bool,
}

impl Lookups {
    /// Of the pool's connections at most half are used, so that the others remain for transactions.
    pub fn new(pool: PgPool, connections: u32) -> Self {
        let most = connections as usize / 2;
        let kept = Mutex::new(Kept { most, ..Kept::default() });
        Self(Arc::new(Lanes { pool, free: Semaphore::new(most.max(1)), kept }))
    }

    /// The rows of one statement. When it is cancelled or fails, its connection goes the pool's way.
    pub async fn fetch(&self, text: String, arguments: PgArguments) -> Result<Vec<PgRow>, StoreError> {
        let _free = self.0.free.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let kept = self.0.kept().connections.pop();
        let mut connection = match kept {
            Some((connection, _)) => connection,
            None => self.0.pool.acquire().await?,
        };
        let query = sqlx::query_with(AssertSqlSafe(text), arguments);
        let rows = query.fetch_all(&mut *connection).await?;
        self.keep(connection);
        Ok(rows)
    }

    /// Nothing is kept any more: the pool can be closed.
    pub fn close(&self) {
        self.0.free.close();
        let mut kept = self.0.kept();
        kept.most = 0;
        kept.connections.clear();
    }

    fn keep(&self, connection: PoolConnection<Postgres>) {
        let mut kept = self.0.kept();
        if kept.most == 0 {
            return;
        }
        kept.connections.push((connection, clock::stopwatch()));
        if !std::mem::replace(&mut kept.is_watched, true) {
            tokio::spawn(watch(self.0.clone()));
        }
    }
}

impl Lanes {
    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives connections back that rest, until none is left.
async fn watch(lanes: Arc<Lanes>) {
    loop {
        tokio::time::sleep(RESTED).await;
        let mut kept = lanes.kept();
        kept.connections.retain(|(_, used)| used.elapsed() < RESTED);
        if kept.connections.is_empty() {
            kept.is_watched = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Until it holds, or for ten seconds.
    async fn wait_until(holds: impl Fn() -> bool) {
        for _ in 0..1_000 {
            if holds() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never held");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn connections_are_kept_while_busy_and_then_given_back() {
        let url = std::env::var("CUSTOMER360_TEST_POSTGRES").unwrap();
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(4).connect(&url).await.unwrap();
        let lookups = Lookups::new(pool.clone(), 4);
        let mut callers = tokio::task::JoinSet::new();
        for number in 0..64_i64 {
            let (lookups, mut arguments) = (lookups.clone(), PgArguments::default());
            sqlx::Arguments::add(&mut arguments, number).unwrap();
            callers.spawn(async move {
                let rows = lookups.fetch("SELECT $1 + 1".to_owned(), arguments).await.unwrap();
                sqlx::Row::get::<i64, _>(&rows[0], 0) == number + 1
            });
        }
        assert!(callers.join_all().await.into_iter().all(|is_own_answer| is_own_answer));
        assert!(lookups.0.kept().connections.len() <= 2, "half of the pool");
        wait_until(|| lookups.0.kept().connections.is_empty() && !lookups.0.kept().is_watched).await;
        wait_until(|| pool.num_idle() == pool.size() as usize).await;

        lookups.fetch("SELECT 1".to_owned(), PgArguments::default()).await.unwrap();
        assert!(lookups.fetch("SELECT nothing".to_owned(), PgArguments::default()).await.is_err());
        lookups.close();
        assert!(lookups.fetch("SELECT 1".to_owned(), PgArguments::default()).await.is_err(), "it is closed");
        tokio::time::timeout(Duration::from_secs(10), pool.close()).await.expect("nobody keeps a connection");
    }
}
