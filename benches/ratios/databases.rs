//! Throw-away databases of one of the two kinds.

use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::{ConnectOptions, Connection, Executor};

static NEXT: AtomicUsize = AtomicUsize::new(0);

pub enum Databases {
    /// Files in a folder.
    Sqlite(tempfile::TempDir),
    /// Databases of a server: the URL of one of them.
    Postgres(Box<sqlx::postgres::PgConnectOptions>),
}

impl Databases {
    /// Those that there are: PostgreSQL is where `BENCH_POSTGRES` says.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Sqlite(tempfile::tempdir().expect("a folder"))];
        match std::env::var("BENCH_POSTGRES") {
            Ok(url) => all.push(Self::Postgres(Box::new(url.parse().expect("BENCH_POSTGRES is a URL")))),
            Err(_) => eprintln!("BENCH_POSTGRES names no server: PostgreSQL is left out"),
        }
        all
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    pub fn name(&self) -> &'static str {
        if self.is_postgres() { "PostgreSQL" } else { "SQLite" }
    }

    /// The URL of a new, empty database.
    pub async fn create(&self, name: &str) -> String {
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bench_{}_{nth}_{name}", std::process::id());
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join(name).display()),
            Self::Postgres(server) => {
                self.tell(format!("CREATE DATABASE {name}")).await;
                server.as_ref().clone().database(&name).to_url_lossy().to_string()
            }
        }
    }

    /// Removes a database that nobody uses any more.
    pub async fn drop(&self, url: &str) {
        match self {
            Self::Sqlite(_) => {
                let file = url.trim_start_matches("sqlite:");
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{file}{end}"));
                }
            }
            Self::Postgres(_) => {
                let name = url.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
                self.tell(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
            }
        }
    }

    async fn tell(&self, text: String) {
        let Self::Postgres(server) = self else { return };
        let mut connection = server.connect().await.expect("PostgreSQL answers");
        connection.execute(sqlx::AssertSqlSafe(text)).await.expect("done");
        connection.close().await.expect("closed");
    }
}
