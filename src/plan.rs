//! The fate of every record of an event, decided before anything is sent.
//!
//! This is the pure core. It knows the event, its own options and the transform, but no clock, network or log. It decides the
//! fate table of `docs/semantics.md`, row by row. Whatever decides between delivering, dropping, failing and re-ingesting a
//! record belongs here.
//!
//! - [`fate`]: the possible fates. [`decide`]: the fate of one record. [`place`]: the fates of records that share a frame.
//! - [`budget`]: what remains of the response. [`forecast`]: whether a record is worth reading.
//!
//! # Why plan the whole response first?
//!
//! Re-ingestion cannot be undone. If the response turned out too large afterwards, Lambda would reject it, Firehose would send
//! the whole event again, and the re-ingested records would be delivered twice.

pub(crate) mod budget;
mod decide;
pub(crate) mod fate;
mod forecast;
mod place;

use self::budget::{Budget, TooManyRecords};
use self::decide::Decider;
use self::fate::{Data, Fate};
use crate::cloudwatch_logs::decode::Inflater;
use crate::cloudwatch_logs::message::LogEvent;
use crate::firehose::event::FirehoseEvent;
use crate::firehose::response::{RecordResult, ResponseWriter};
use crate::output::frames::{Frame, OpenFrames};
use crate::output::{OutputBuffer, OutputOptions};
use crate::transform::Transform;

/// What the plan is configured with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOptions {
    /// `MAX_DECOMPRESSED_BYTES`: a record that inflates to more bytes fails.
    pub max_decompressed_bytes: usize,
    /// `IGNORED_LOG_GROUPS`: records of these log groups are dropped.
    pub ignored_log_groups: Vec<String>,
    /// `AWS_LAMBDA_LOG_GROUP_NAME`, which Lambda sets: the log group of this function.
    pub own_log_group: Option<String>,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self { max_decompressed_bytes: 64 * 1024 * 1024, ignored_log_groups: Vec::new(), own_log_group: None }
    }
}

/// What a record's fate depends on, besides the record and those before it.
pub struct Rules<'a> {
    /// The plan's own options.
    pub options: &'a PlanOptions,
    /// The form of the output.
    pub output: &'a OutputOptions,
    /// Turns log events into output.
    pub transform: &'a dyn Transform,
    /// The function's AWS account, if known.
    pub account: Option<&'a str>,
}

/// The memory that planning works in. The plan of the next event reuses it: allocating big buffers for each invocation costs
/// more page faults than parsing costs time.
#[derive(Debug, Default)]
pub struct Workspace {
    original: Vec<u8>,
    inflater: Inflater,
    log_events: Vec<LogEvent<'static>>,
    output: OutputBuffer,
    frames: OpenFrames,
    /// Frames that were closed and are to be placed.
    closed: Vec<Frame>,
}

impl Workspace {
    /// Bytes of memory kept between events.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.original.capacity()
            + self.inflater.capacity()
            + self.log_events.capacity() * size_of::<LogEvent<'_>>()
            + self.output.capacity()
            + self.frames.capacity()
    }
}

/// The fate of each record, in the event's order, and counts.
#[derive(Debug)]
pub struct Plan {
    /// One for each record.
    pub fates: Vec<Fate>,
    /// Counts for the invocation's summary.
    pub tally: Tally,
}

/// What planning counted.
#[derive(Debug, Default)]
pub struct Tally {
    /// Log events that were transformed, whatever happened to their output.
    pub log_events: usize,
    /// Bytes of the records' data in base64.
    pub bytes_in: usize,
    /// Bytes of all texts that were read.
    pub bytes_inflated: usize,
    /// Frames in the response. Without compression there are none.
    pub frames: usize,
    /// Bytes of output in the response, before compression.
    pub bytes_plain: usize,
    /// Bytes of output in the response, after compression and before base64.
    pub bytes_delivered: usize,
}

impl Tally {
    fn add_delivered(&mut self, is_frame: bool, plain: usize, delivered: usize) {
        self.frames += usize::from(is_frame);
        self.bytes_plain += plain;
        self.bytes_delivered += delivered;
    }
}

/// Decides the fate of every record of `event`, and writes the rows of the response.
///
/// A row is written as soon as its fate and those before it are known. Without shared frames that is at once, while the output
/// is still in the processor's cache.
///
/// # Errors
/// The event has more records than a response has room for rows.
pub fn plan(
    event: &FirehoseEvent<'_>,
    rules: &Rules<'_>,
    workspace: &mut Workspace,
    response: &mut ResponseWriter,
) -> Result<Plan, TooManyRecords> {
    let budget = Budget::reserve_rows(event.records.iter().map(|record| &*record.record_id))?;
    let mut decider = Decider::new(event, rules, budget);
    let mut written = 0;
    for record in 0..event.records.len() {
        decider.decide(record, workspace);
        written += write_rows(&decider, written, workspace, response);
    }
    decider.close_frames(workspace);
    write_rows(&decider, written, workspace, response);
    let Decider { fates, tally, .. } = decider;
    Ok(Plan { fates: fates.into_iter().flatten().collect(), tally })
}

/// Writes the rows from record `next` on, up to the first record without a fate. Returns the number of rows.
fn write_rows(decider: &Decider<'_>, next: usize, workspace: &Workspace, response: &mut ResponseWriter) -> usize {
    let known = decider.fates[next..].iter().map_while(Option::as_ref);
    let mut rows = 0;
    for (record, fate) in (next..).zip(known) {
        let id = decider.record_id(record);
        match fate {
            Fate::Deliver(Data::InWorkspace, metadata) => {
                response.put_ok_row(id, workspace.output.data(), metadata.as_ref());
            }
            Fate::Deliver(Data::Frame(frame), metadata) => response.put_ok_row(id, frame, metadata.as_ref()),
            Fate::DeliverInFrame | Fate::Drop(_) => response.put_row(id, RecordResult::Dropped),
            Fate::Reingest(_) => response.put_undecided_row(id),
            Fate::Fail(_) => response.put_row(id, RecordResult::ProcessingFailed),
        }
        rows += 1;
    }
    rows
}
