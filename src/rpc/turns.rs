//! Work for the processor is done by as many at once as there are cores. Whoever waits is let in by
//! tenant in turn, so that one tenant's many questions do not hold up the few of another.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tokio::sync::oneshot;

/// For work of some milliseconds, such as checking a batch.
pub(super) static SHORT: LazyLock<Turns> = LazyLock::new(|| Turns::new(cores()));
/// For questions, which may take seconds.
pub(super) static LONG: LazyLock<Turns> = LazyLock::new(|| Turns::new(cores()));

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Turns(Arc<Mutex<State>>);

struct State {
    free: usize,
    waiting: HashMap<u64, VecDeque<oneshot::Sender<Turn>>>,
    /// Tenants that wait, the next one first.
    order: VecDeque<u64>,
}

/// Given on to the next one when dropped.
pub(super) struct Turn(Option<Turns>);

impl Turns {
    pub(super) fn new(free: usize) -> Self {
        Self(Arc::new(Mutex::new(State { free, waiting: HashMap::new(), order: VecDeque::new() })))
    }

    /// Waits for a turn; who stops waiting takes none.
    pub(super) async fn take(&self, tenant: u64) -> Turn {
        let waiting = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.free > 0 {
                state.free -= 1;
                return Turn(Some(self.clone()));
            }
            let (sender, waiting) = oneshot::channel();
            let of_tenant = state.waiting.entry(tenant).or_default();
            of_tenant.push_back(sender);
            if of_tenant.len() == 1 {
                state.order.push_back(tenant);
            }
            waiting
        };
        // The sender is dropped only when the turn was sent.
        waiting.await.unwrap_or(Turn(None))
    }

    fn give_on(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(tenant) = state.order.pop_front() {
            let Some(of_tenant) = state.waiting.get_mut(&tenant) else { continue };
            let mut is_given = false;
            while !is_given && let Some(next) = of_tenant.pop_front() {
                match next.send(Turn(Some(self.clone()))) {
                    Ok(()) => is_given = true,
                    // Stopped waiting: this turn was never taken.
                    Err(mut turn) => turn.0 = None,
                }
            }
            if of_tenant.is_empty() {
                state.waiting.remove(&tenant);
            } else {
                state.order.push_back(tenant);
            }
            if is_given {
                return;
            }
        }
        state.free += 1;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.give_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tenants_are_let_in_in_turn_and_who_left_is_passed_over() {
        let turns = Turns::new(1);
        let first = turns.take(1).await;
        let told = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (tenant, name) in [(1, "a1"), (1, "a2"), (1, "a3"), (2, "b1"), (2, "left"), (2, "b2")] {
            let (waiting, told) = (turns.clone(), told.clone());
            let task = tokio::spawn(async move {
                let _turn = waiting.take(tenant).await;
                told.lock().unwrap().push(name);
            });
            // Each waits before the next one comes.
            tokio::task::yield_now().await;
            if name == "left" {
                task.abort();
                let _ = task.await;
            } else {
                tasks.push(task);
            }
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*told.lock().unwrap(), ["a1", "b1", "a2", "b2", "a3"]);
        assert_eq!(turns.0.lock().unwrap().free, 1);
    }
}
