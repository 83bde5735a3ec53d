//! Group reading: customers that are asked for while a statement runs are looked up together by
//! the next one, so that many callers cost the turns of a few.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};

use super::StoreError;
use super::driver::{Column, Database, Row};
use super::identities::{HOLDERS, HOLDERS_ASK};
use crate::model::{Identifier, ObservationNo, TenantKey};

/// Asks of one statement at most.
const TOGETHER: usize = 64;

/// By what a customer is asked for.
#[derive(Debug, Clone)]
pub(super) enum Name {
    Identifier(Identifier),
    Observation(ObservationNo),
}

/// The way to the readers of one database. Cheap to clone; readers stop when the last is dropped.
#[derive(Clone)]
pub(super) struct Lookups {
    asks: mpsc::UnboundedSender<Ask>,
}

struct Ask {
    tenant: TenantKey,
    name: Name,
    answer: oneshot::Sender<Result<Vec<Row>, StoreError>>,
}

impl Lookups {
    /// Starts as many readers as there are connections to read by; on PostgreSQL half as many, for
    /// writers have theirs of the same. While one is free an ask is read alone; what the others find
    /// waiting grows with the load, and with it what a turn answers.
    pub fn start(db: &Database, connections: u32) -> Self {
        let (asks, waiting) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let readers = if db.is_postgres() { connections / 2 } else { connections };
        for _ in 0..readers.clamp(1, 32) {
            tokio::spawn(read(db.clone(), waiting.clone()));
        }
        Self { asks }
    }

    /// The rows of [`HOLDERS`] for one name.
    pub async fn find(&self, tenant: TenantKey, name: Name) -> Result<Vec<Row>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask { tenant, name, answer }).map_err(|_| StoreError::Closed)?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }
}

/// One reader: as many waiting asks as fit, again and again.
async fn read(db: Database, waiting: Arc<Mutex<mpsc::UnboundedReceiver<Ask>>>) {
    let mut asks = Vec::with_capacity(TOGETHER);
    while waiting.lock().await.recv_many(&mut asks, TOGETHER).await > 0 {
        match find(&db, &asks).await {
            Ok(found) => {
                for (ask, rows) in asks.drain(..).zip(found) {
                    // Whoever was cancelled wants no answer.
                    let _ = ask.answer.send(Ok(rows));
                }
            }
            // An error is of one statement: each asks again by itself, and is told its own.
            Err(_) if asks.len() > 1 => {
                for ask in asks.drain(..) {
                    let found = find(&db, std::slice::from_ref(&ask)).await;
                    let _ = ask.answer.send(found.map(|mut rows| rows.pop().unwrap_or_default()));
                }
            }
            Err(error) => {
                if let Some(ask) = asks.pop() {
                    let _ = ask.answer.send(Err(error));
                }
            }
        }
    }
}

/// The rows of each ask, by one statement.
async fn find(db: &Database, asks: &[Ask]) -> Result<Vec<Vec<Row>>, StoreError> {
    // Few sizes of statements, so that prepared ones are found again: what is added finds nobody.
    let size = asks.len().next_power_of_two();
    let beyond = size - asks.len();
    let text = |of: fn(&Identifier) -> &str| {
        let each = asks.iter().map(|ask| match &ask.name {
            Name::Identifier(one) => of(one),
            Name::Observation(_) => "",
        });
        Column::Text(each.chain(std::iter::repeat_n("", beyond)).collect())
    };
    let observation = asks.iter().map(|ask| match ask.name {
        Name::Identifier(_) => None,
        Name::Observation(no) => Some(no.0),
    });
    let nobody = std::iter::repeat_n(None, beyond);
    let columns = [
        Column::Int((0..size as i64).collect()),
        Column::Int(asks.iter().map(|ask| ask.tenant.0).chain(std::iter::repeat_n(0, beyond)).collect()),
        text(|one| one.kind.as_str()),
        text(|one| &one.value),
        Column::IntOrNull(observation.chain(nobody).collect()),
    ];
    let mut found: Vec<Vec<Row>> = asks.iter().map(|_| Vec::new()).collect();
    for row in db.fetch_alone(HOLDERS, &columns).await? {
        let ask = row.get::<i64>(HOLDERS_ASK)?;
        if let Some(rows) = found.get_mut(ask as usize) {
            rows.push(row);
        }
    }
    Ok(found)
}
