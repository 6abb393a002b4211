//! Puts records back on the stream: in batches, attempt after attempt, until they are accepted or time is up.
//!
//! # Why the original bytes and not the transformed ones?
//!
//! What is put back comes to this function again. Transformed output would be no subscription payload then.
//!
//! # Why can this not stall, and not repeat?
//!
//! Only the entries that failed are offered again, after a pause that grows and is drawn at random, and never past the
//! deadline. An answer that cannot change (no permission, no such stream) ends the matter at once. There is one retry
//! policy, here; the SDK's own is off. Whatever is not accepted is reported, entry by entry, and never an error: an
//! invocation that fails is repeated whole, and what it had put back would be there twice.

mod backoff;
mod batch;
mod clients;
mod stream;

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

pub use backoff::Jitter;
pub use clients::Clients;
pub use stream::{InvalidArn, Source, Stream};

/// How long one PutRecordBatch may take. It usually takes a tenth of a second; a connection that has died takes for ever.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);

/// One record to be put back.
#[derive(Debug)]
pub struct Entry {
    /// The bytes before base64.
    pub data: Vec<u8>,
    /// Its key in the Kinesis stream that it came from. Firehose has none.
    pub partition_key: Option<String>,
}

/// What became of the entries.
#[derive(Debug, Default)]
pub struct Outcome {
    /// For each entry why it was not accepted, or `None` if it was.
    pub refusals: Vec<Option<Refusal>>,
    /// Rounds of requests that were made.
    pub attempts: u32,
}

/// Why an entry was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Whether the next attempt may be answered otherwise.
    pub is_final: bool,
    /// The service's error code and message, or what went wrong on the way there.
    pub reason: String,
}

/// Puts records back on their stream.
#[derive(Debug)]
pub struct Reingester {
    /// `None` puts nothing back, and says so.
    clients: Option<Clients>,
    max_attempts: u32,
    jitter: Jitter,
}

impl Reingester {
    /// Offers each entry at most `max_attempts` times.
    #[must_use]
    pub fn new(clients: Clients, max_attempts: u32) -> Self {
        Self { clients: Some(clients), max_attempts, jitter: Jitter::full() }
    }

    /// Sends nothing anywhere: says what it would have put back, and answers as a stream that accepts everything.
    #[must_use]
    pub fn offline() -> Self {
        Self { clients: None, max_attempts: 0, jitter: Jitter::full() }
    }

    /// The same with another source of randomness.
    #[must_use]
    pub fn with_jitter(self, jitter: Jitter) -> Self {
        Self { jitter, ..self }
    }

    /// Puts `entries` back on `stream`, and stops at `deadline` at the latest.
    pub async fn put_back(&self, stream: &Stream, entries: &[Entry], deadline: Instant) -> Outcome {
        let Some(clients) = &self.clients else { return pretend(stream, entries) };
        let mut refusals = vec![Some(Refusal::out_of_time()); entries.len()];
        let mut pending: Vec<usize> = (0..entries.len()).collect();
        let mut attempts = 0;
        while !pending.is_empty() && attempts < self.max_attempts {
            let pause = if attempts == 0 { Duration::ZERO } else { self.jitter.draw(backoff::ceiling(attempts)) };
            if Instant::now() + pause >= deadline {
                break;
            }
            sleep(pause).await;
            attempts += 1;
            for batch in batch::cut(&pending, entries) {
                let Some(answers) = offer(clients, stream, entries, batch, deadline).await else {
                    break;
                };
                for (&index, answer) in batch.iter().zip(answers) {
                    refusals[index] = answer;
                }
            }
            pending.retain(|&index| refusals[index].as_ref().is_some_and(|refusal| !refusal.is_final));
            tracing::debug!(attempt = attempts, entries_not_accepted = pending.len(), "offered entries to the stream");
        }
        Outcome { refusals, attempts }
    }
}

/// One request: an answer for each entry of the batch, or `None` if there is no time for one.
async fn offer(
    clients: &Clients,
    stream: &Stream,
    entries: &[Entry],
    batch: &[usize],
    deadline: Instant,
) -> Option<Vec<Option<Refusal>>> {
    let now = Instant::now();
    if now >= deadline {
        return None;
    }
    let request = clients.put(stream, batch.iter().map(|&index| &entries[index]));
    Some(match timeout_at(deadline.min(now + ATTEMPT_TIMEOUT), request).await {
        Ok(Ok(answers)) => answers,
        Ok(Err(refusal)) => vec![Some(refusal); batch.len()],
        Err(_) => vec![Some(Refusal::unanswered(now.elapsed())); batch.len()],
    })
}

fn pretend(stream: &Stream, entries: &[Entry]) -> Outcome {
    let bytes: usize = entries.iter().map(|entry| entry.data.len()).sum();
    tracing::warn!(
        entries = entries.len(),
        bytes,
        ?stream,
        "would be put back on the stream; nothing is sent from here"
    );
    Outcome { refusals: vec![None; entries.len()], attempts: 0 }
}

impl Refusal {
    fn out_of_time() -> Self {
        Self { is_final: false, reason: "no time was left for a request".to_owned() }
    }

    fn unanswered(waited: Duration) -> Self {
        Self { is_final: false, reason: format!("no answer within {} ms", waited.as_millis()) }
    }
}
