//! Starts the binary on a free port, and speaks to it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use customer360::cli::client::{Clients, connect};
use customer360::clock::stopwatch;
use customer360::rpc::proto::touchpoint::Activity;
use customer360::rpc::proto::{self, Identifier, RecordTouchpointsResponse, Touchpoint};

pub const BINARY: &str = env!("CARGO_BIN_EXE_customer360");
/// How long anything may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The databases that every test runs on: name and URL. PostgreSQL is named by an environment
/// variable, which `tests/run` sets: without it the tests fail rather than test half of it.
pub fn databases(folder: &Path) -> [(&'static str, String); 2] {
    let postgres = std::env::var("CUSTOMER360_TEST_POSTGRES")
        .expect("CUSTOMER360_TEST_POSTGRES names a PostgreSQL database; tests/run sets it");
    [("sqlite", format!("sqlite:{}", folder.join("port.db").display())), ("postgres", postgres)]
}

/// A tenant that no other test has.
pub fn tenant() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let no = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("p{}-{}-{no}", std::process::id(), customer360::clock::system()().0)
}

/// A running service. Killed when dropped.
pub struct Service {
    child: Child,
    pub address: String,
}

impl Service {
    /// Starts it on this address (port 0: a free one), with further arguments.
    pub fn start_on(listen: &str, database_url: &str, further: &[&str]) -> Self {
        let mut child = Command::new(BINARY)
            .args(["serve", "--listen", listen, "--metrics-listen", "", "--database-url", database_url])
            .args(["--set", "log_format=json"])
            // The later of two flags wins, so a test can have metrics.
            .args(further)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut told = Vec::new();
        let address = loop {
            let Some(line) = lines.next() else { panic!("the service did not start: {told:?}") };
            let line = line.unwrap();
            let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if event["message"] == "listening" {
                break event["address"].as_str().unwrap().to_owned();
            }
            told.push(line);
        };
        // Whoever does not read stops the writer once the pipe is full.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("service: {line}")));
        Self { child, address }
    }

    pub fn start(database_url: &str, further: &[&str]) -> Self {
        Self::start_on("127.0.0.1:0", database_url, further)
    }

    pub async fn clients(&self, tenant: &str) -> Clients {
        connect(&self.address, tenant).await.unwrap()
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop as an operator would; answers how it ended and how long that took.
    pub fn stop(mut self) -> (ExitStatus, Duration) {
        let started = stopwatch();
        self.ask_to_stop();
        let status = self.wait(started);
        (status, started.elapsed())
    }

    pub fn ask_to_stop(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
    }

    fn wait(&mut self, started: Instant) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "the service does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn identifier(kind: &str, value: &str) -> Identifier {
    Identifier { kind: kind.to_owned(), value: value.to_owned(), region: String::new() }
}

/// A web visit by a cookie on 1 March 2026.
pub fn visit(source_id: &str, cookie: &str) -> Touchpoint {
    Touchpoint {
        source: "test".to_owned(),
        source_id: source_id.to_owned(),
        at: Some(pbjson_types::Timestamp { seconds: 1_772_359_200, nanos: 0 }),
        channel: "web".to_owned(),
        identifiers: vec![identifier("COOKIE", cookie)],
        activity: Some(Activity::Visit(proto::Visit::default())),
        ..Default::default()
    }
}

pub fn order(source_id: &str, email: &str, cents: i64) -> Touchpoint {
    let amount = Some(proto::Money { minor: Some(cents), currency: "EUR".to_owned() });
    let order = proto::Order { order_id: format!("order-{source_id}"), amount, ..Default::default() };
    Touchpoint {
        identifiers: vec![identifier("EMAIL", email)],
        activity: Some(Activity::Order(order)),
        ..visit(source_id, "")
    }
}

pub async fn record(
    clients: &Clients,
    touchpoints: Vec<Touchpoint>,
) -> Result<RecordTouchpointsResponse, tonic::Status> {
    let request = proto::RecordTouchpointsRequest { touchpoints, ..Default::default() };
    clients.touchpoints.clone().record_touchpoints(request).await.map(tonic::Response::into_inner)
}

/// Every touchpoint of the tenant, page by page.
pub async fn all_touchpoints(clients: &Clients) -> Vec<proto::RecordedTouchpoint> {
    let mut all = Vec::new();
    let mut request = proto::ListTouchpointsRequest { page_size: 1_000, ..Default::default() };
    loop {
        let page = clients.touchpoints.clone().list_touchpoints(request.clone()).await.unwrap().into_inner();
        all.extend(page.touchpoints);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}

/// Writes a simulated retailer; answers how many lines it has.
pub fn simulate(people: u32, out: &Path) -> usize {
    let written = Command::new(BINARY)
        .args(["simulate", "--people", &people.to_string(), "--seed", "5", "--out"])
        .arg(out)
        .status()
        .unwrap();
    assert!(written.success());
    std::fs::read_to_string(out).unwrap().lines().count()
}

/// The import command, ready to run.
pub fn import(file: &Path, address: &str, tenant: &str) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("import").arg(file).args(["--target", address, "--tenant", tenant]);
    command
}

/// Runs an import to its end and answers what it printed; it ends with 3 where lines were refused.
pub fn import_all(file: &Path, address: &str, tenant: &str) -> String {
    let done = import(file, address, tenant).output().unwrap();
    let told = String::from_utf8(done.stdout).unwrap();
    let expected = if told.contains(" 0 refused") { 0 } else { 3 };
    let wrong = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(expected), "{told}{wrong}");
    told
}
