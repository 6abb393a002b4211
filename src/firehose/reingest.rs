//! Re-ingestion: sends records to their stream again, in batches, until they are accepted or the time is up.
//!
//! # Why the original bytes and not the transformed ones?
//!
//! Re-ingested records come to this function again. Transformed output would not be a subscription payload.
//!
//! # Why can this neither stall nor repeat?
//!
//! Only entries that failed are sent again. A random pause precedes each attempt, its ceiling doubles, and no request starts
//! after the deadline. A final answer (no permission, no such stream) ends the attempts at once. This is the only retry
//! policy; the SDK's own is off. An entry that is not accepted is reported and is never an error of the invocation:
//! Firehose would repeat the invocation, and everything already re-ingested would be delivered twice.

mod backoff;
mod batch;
mod clients;
mod destination;
mod refusal;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

pub use backoff::Jitter;
pub use clients::Clients;
pub use destination::{Destination, Stream};
pub(crate) use refusal::Refusal;

/// Longest time for one request. A request usually takes a tenth of a second; over a dead connection it never ends.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);

/// What re-ingestion is configured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReingestOptions {
    /// `REINGEST_MAX_ATTEMPTS`: most attempts for one record before it fails.
    pub max_attempts: u32,
}

impl Default for ReingestOptions {
    fn default() -> Self {
        Self { max_attempts: 20 }
    }
}

/// One record to be re-ingested.
#[derive(Debug)]
pub struct Entry {
    /// The bytes before base64.
    pub data: Vec<u8>,
    /// The record's key in its Kinesis stream. Firehose has none.
    pub partition_key: Option<String>,
}

/// The result of re-ingesting entries.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One for each entry: why the stream did not accept it, or `None` if it did.
    pub refusals: Vec<Option<Refusal>>,
    /// Attempts made. An attempt is one round of requests for all pending entries.
    pub attempts: u32,
}

/// Re-ingests records.
#[derive(Debug)]
pub struct Reingester {
    target: Target,
    options: ReingestOptions,
    jitter: Jitter,
}

#[derive(Debug)]
enum Target {
    Aws(Box<Clients>),
    Memory(Arc<Mutex<Vec<Vec<u8>>>>),
    Nothing,
}

impl Reingester {
    /// Re-ingests through `clients`.
    #[must_use]
    pub fn new(clients: Clients, options: ReingestOptions) -> Self {
        Self { target: Target::Aws(Box::new(clients)), options, jitter: Jitter::full() }
    }

    /// Sends nothing. It logs what it would re-ingest, and reports every entry as accepted.
    #[must_use]
    pub fn offline() -> Self {
        Self { target: Target::Nothing, options: ReingestOptions::default(), jitter: Jitter::full() }
    }

    /// Sends nothing. It adds the data of every entry to `accepted`.
    #[must_use]
    pub(crate) fn into_memory(accepted: Arc<Mutex<Vec<Vec<u8>>>>) -> Self {
        Self { target: Target::Memory(accepted), options: ReingestOptions::default(), jitter: Jitter::full() }
    }

    /// The same with another source of randomness.
    #[must_use]
    pub fn with_jitter(self, jitter: Jitter) -> Self {
        Self { jitter, ..self }
    }

    /// Re-ingests `entries` to `destination`, and stops at `deadline` at the latest.
    pub async fn reingest(&self, destination: &Destination, entries: &[Entry], deadline: Instant) -> Outcome {
        let clients = match &self.target {
            Target::Aws(clients) => clients,
            Target::Memory(accepted) => {
                let mut accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner);
                accepted.extend(entries.iter().map(|entry| entry.data.clone()));
                return Outcome::accepted(entries);
            }
            Target::Nothing => {
                report(destination, entries);
                return Outcome::accepted(entries);
            }
        };
        let mut refusals = vec![Some(Refusal::out_of_time()); entries.len()];
        let mut pending: Vec<usize> = (0..entries.len()).collect();
        let mut attempts = 0;
        while !pending.is_empty() && attempts < self.options.max_attempts {
            let pause = if attempts == 0 { Duration::ZERO } else { self.jitter.draw(backoff::ceiling(attempts)) };
            if Instant::now() + pause >= deadline {
                break;
            }
            sleep(pause).await;
            attempts += 1;
            for batch in batch::cut(&pending, entries) {
                let Some(results) = send(clients, destination, entries, batch, deadline).await else {
                    break;
                };
                for (&index, result) in batch.iter().zip(results) {
                    refusals[index] = result;
                }
            }
            pending.retain(|&index| refusals[index].as_ref().is_some_and(|refusal| !refusal.is_final));
            tracing::debug!(attempt = attempts, pending_entries = pending.len(), "attempted to re-ingest");
        }
        Outcome { refusals, attempts }
    }
}

/// Sends one batch. The result has an element for each entry; `None` means that no time was left for a request.
async fn send(
    clients: &Clients,
    destination: &Destination,
    entries: &[Entry],
    batch: &[usize],
    deadline: Instant,
) -> Option<Vec<Option<Refusal>>> {
    let now = Instant::now();
    if now >= deadline {
        return None;
    }
    let request = clients.put(destination, batch.iter().map(|&index| &entries[index]));
    Some(match timeout_at(deadline.min(now + ATTEMPT_TIMEOUT), request).await {
        Ok(Ok(results)) => results,
        Ok(Err(refusal)) => vec![Some(refusal); batch.len()],
        Err(_) => vec![Some(Refusal::unanswered(now.elapsed())); batch.len()],
    })
}

impl Outcome {
    fn accepted(entries: &[Entry]) -> Self {
        Self { refusals: vec![None; entries.len()], attempts: 0 }
    }
}

fn report(destination: &Destination, entries: &[Entry]) {
    let bytes: usize = entries.iter().map(|entry| entry.data.len()).sum();
    tracing::warn!(
        entries = entries.len(),
        bytes,
        ?destination,
        "would be re-ingested; this command sends nothing to AWS"
    );
}
