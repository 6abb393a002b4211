//! Placing closed frames: whole if the response has room, or else cut at a record boundary.

use std::io;

use super::Workspace;
use super::decide::Decider;
use super::fate::{Data, FailReason, Fate};
use crate::firehose::response::{Metadata, dropped_row_len, failed_row_len, ok_row_len};
use crate::output::frames::Frame;
use crate::output::{OutputBuffer, OutputError};

/// Most further compressions of a frame that does not fit whole.
const MAX_CUTS: u32 = 3;

/// Most records that are taken out of one frame because each is too large for the response by itself.
const MAX_TAKEN_OUT: u32 = 8;

impl Decider<'_> {
    /// Closes all open frames, and places them.
    pub(super) fn close_frames(&mut self, workspace: &mut Workspace) {
        workspace.closed = workspace.frames.close_all();
        self.place_closed(workspace);
    }

    /// Places the frames that were closed.
    pub(super) fn place_closed(&mut self, workspace: &mut Workspace) {
        for mut frame in std::mem::take(&mut workspace.closed) {
            if let Err(error) = self.place_frame(&mut frame, workspace) {
                self.fail(&frame, &error);
            }
            workspace.frames.recycle(frame);
        }
    }

    fn place_frame(&mut self, frame: &mut Frame, workspace: &mut Workspace) -> io::Result<()> {
        for _ in 0..MAX_TAKEN_OUT {
            let count = self.place_prefix(frame, workspace)?;
            // Something is delivered, in this frame or in an earlier one. What has no room comes again.
            if self.tally.frames > 0 {
                self.give_up(frame, count, workspace);
                return Ok(());
            }
            // The first record alone is too large for the response. Those behind it may fit.
            self.decide_again(frame.records[0].record, workspace);
            frame.remove_first();
            if frame.records.is_empty() {
                return Ok(());
            }
        }
        self.give_up(frame, 0, workspace);
        Ok(())
    }

    /// Delivers the longest prefix of records that fits, and returns its length.
    fn place_prefix(&mut self, frame: &Frame, workspace: &mut Workspace) -> io::Result<usize> {
        let all = frame.records.len();
        let whole_len = workspace.output.compress(frame, all, self.rules.output.compression)?;
        self.forecast.observe(frame.text_bytes(), whole_len);
        let metadata = frame.key.clone().map(|partition_keys| Metadata { partition_keys });
        let rows = FrameRows { decider: self, frame, metadata: metadata.as_ref() };
        let (count, data) = if rows.fit(all, whole_len) {
            (all, workspace.output.data().to_vec())
        } else {
            rows.longest_prefix(whole_len, &mut workspace.output)?
        };
        self.deliver(frame, count, data, metadata);
        Ok(count)
    }

    /// Re-ingests the records behind the first `count`. If there are none before them, the first one is decided by itself.
    fn give_up(&mut self, frame: &Frame, count: usize, workspace: &mut Workspace) {
        if count == 0 {
            self.decide_again(frame.records[0].record, workspace);
        }
        for framed in &frame.records[count.max(1)..] {
            self.reingest_unchanged(framed.record, workspace);
        }
    }

    /// Delivers the first `count` records of a frame in the row of the first one.
    fn deliver(&mut self, frame: &Frame, count: usize, data: Vec<u8>, metadata: Option<Metadata>) {
        let Some((first, others)) = frame.records[..count].split_first() else { return };
        let rows = FrameRows { decider: self, frame, metadata: metadata.as_ref() };
        let (reserved, needed) = rows.lens(count, data.len());
        self.budget.try_take(reserved, needed);
        self.tally.add_delivered(true, frame.plain_of(count).len(), data.len());
        self.fates[first.record] = Some(Fate::Deliver(Data::Frame(data), metadata));
        for framed in others {
            self.fates[framed.record] = Some(Fate::DeliverInFrame);
        }
    }

    fn fail(&mut self, frame: &Frame, error: &io::Error) {
        for framed in &frame.records {
            let error = io::Error::new(error.kind(), error.to_string());
            self.fates[framed.record] = Some(Fate::Fail(FailReason::Output(OutputError::Compress(error))));
        }
    }
}

/// The rows of a frame's records.
struct FrameRows<'f> {
    decider: &'f Decider<'f>,
    frame: &'f Frame,
    metadata: Option<&'f Metadata>,
}

impl FrameRows<'_> {
    /// Bytes of the rows of the first `count` records: as they are reserved, and with a frame of `data_len` bytes.
    fn lens(&self, count: usize, data_len: usize) -> (usize, usize) {
        let ids = || self.frame.records[..count].iter().map(|framed| self.decider.record_id(framed.record));
        let reserved = ids().map(failed_row_len).sum();
        let ok = ids().next().map_or(0, |id| ok_row_len(id, data_len, self.metadata));
        (reserved, ok + ids().skip(1).map(dropped_row_len).sum::<usize>())
    }

    fn fit(&self, count: usize, data_len: usize) -> bool {
        let (reserved, needed) = self.lens(count, data_len);
        self.decider.budget.has_room(reserved, needed)
    }

    /// The longest prefix of records found to fit, and its frame. If it is empty, not even the first record fits.
    ///
    /// The size of a prefix is estimated by the last ratio of compressed to plain bytes. Each compression narrows the range
    /// between a prefix that fits and one that does not; the last one checks the first record.
    fn longest_prefix(&self, whole_len: usize, output: &mut OutputBuffer) -> io::Result<(usize, Vec<u8>)> {
        let compression = self.decider.rules.output.compression;
        let (mut fitting, mut too_many) = (0, self.frame.records.len());
        let (mut data, mut measured) = (Vec::new(), (self.frame.plain.len(), whole_len));
        for attempt in 1..=MAX_CUTS {
            if too_many - fitting <= 1 {
                break;
            }
            let is_last_chance = attempt == MAX_CUTS && fitting == 0;
            let count = if is_last_chance { 1 } else { self.estimate(fitting, too_many, measured) };
            let len = output.compress(self.frame, count, compression)?;
            measured = (self.frame.plain_of(count).len(), len);
            if self.fit(count, len) {
                fitting = count;
                output.data().clone_into(&mut data);
            } else {
                too_many = count;
            }
        }
        Ok((fitting, data))
    }

    /// The largest count between the two that fits at the measured ratio.
    fn estimate(&self, fitting: usize, too_many: usize, (plain, compressed): (usize, usize)) -> usize {
        let expected_len = |count: usize| {
            let expected = self.frame.plain_of(count).len() as u128 * compressed as u128 / plain.max(1) as u128;
            usize::try_from(expected).unwrap_or(usize::MAX)
        };
        let (mut low, mut high) = (fitting + 1, too_many - 1);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.fit(middle, expected_len(middle)) { low = middle } else { high = middle - 1 }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firehose::event::FirehoseEvent;
    use crate::firehose::response::{EMPTY_RESPONSE_LEN, PartitionValues, RecordResult, ResponseWriter};
    use crate::output::OutputOptions;
    use crate::output::frames::FramedRecord;
    use crate::plan::budget::Budget;
    use crate::plan::{PlanOptions, Rules};
    use crate::testing::{Record, event};
    use crate::transform::Message;

    #[test]
    fn rows_of_a_frame_take_the_bytes_that_are_written() {
        let ids = ["1", "two", "\"3\""];
        let body = event(&ids.map(|id| Record::of_messages(id, &["m"]))).to_string();
        let event = FirehoseEvent::parse(body.as_bytes()).unwrap();
        let (options, output) = (PlanOptions::default(), OutputOptions::default());
        let rules = Rules { options: &options, output: &output, transform: &Message, account: None };
        let budget = Budget::reserve_rows(ids.into_iter()).unwrap();
        let decider = Decider::new(&event, &rules, budget);
        let records = (0..3).map(|record| FramedRecord { record, plain_end: record + 1, text_len: 1 }).collect();
        let frame = Frame { key: None, plain: vec![0; 3], records };
        let metadata = Metadata { partition_keys: PartitionValues::from([("log_group", "g".repeat(256))]) };
        let written = |write: &dyn Fn(&mut ResponseWriter, usize)| {
            let mut writer = ResponseWriter::reusing(bytes::Bytes::new());
            (0..3).for_each(|record| write(&mut writer, record));
            // Two commas separate three rows.
            writer.finish().len() - EMPTY_RESPONSE_LEN - 2
        };
        for metadata in [None, Some(&metadata)] {
            let rows = FrameRows { decider: &decider, frame: &frame, metadata };
            let reserved = written(&|writer, record| writer.put_row(ids[record], RecordResult::ProcessingFailed));
            let needed = written(&|writer, record| match record {
                0 => writer.put_ok_row(ids[0], &[7; 1_000], metadata),
                _ => writer.put_row(ids[record], RecordResult::Dropped),
            });
            assert_eq!(rows.lens(3, 1_000), (reserved, needed));
        }
    }
}
