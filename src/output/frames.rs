//! Frames that several records share: which record belongs to which, and when a frame is closed.
//!
//! Quiet log streams send records with a few log events each. Compressed one by one, such records shrink two- to fourfold;
//! compressed together, six- to ninefold. So records with equal partition values share frames, in the event's order.
//!
//! # Why is the plain output buffered, and not compressed as it comes?
//!
//! A record whose transform fails must fail alone. Its output can be cut off the end of a buffer, but not removed from a
//! compressed stream. The compressor also needs only one context, however many partition values interleave.

use std::collections::BTreeMap;

use super::compress::WHOLE_BYTES;
use crate::firehose::response::PartitionValues;

/// Most bytes of plain output in a frame, unless it holds a single record.
pub(crate) const MAX_FRAME_BYTES: usize = WHOLE_BYTES;

/// Most bytes of plain output in all open frames together.
const MAX_OPEN_BYTES: usize = 2 * MAX_FRAME_BYTES;

/// Records with equal partition values share a frame. `None` is for records without any.
pub(crate) type FrameKey = Option<PartitionValues>;

/// The plain output of records, to be compressed together.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    pub(crate) key: FrameKey,
    pub(crate) plain: Vec<u8>,
    pub(crate) records: Vec<FramedRecord>,
}

/// One record's part of a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FramedRecord {
    /// The record's index in the event.
    pub(crate) record: usize,
    /// Where the record's output ends in `plain`.
    pub(crate) plain_end: usize,
    /// Bytes of the record's text.
    pub(crate) text_len: usize,
}

/// The frames of an event that are not closed yet.
#[derive(Debug, Default)]
pub(crate) struct OpenFrames {
    frames: BTreeMap<FrameKey, Frame>,
    /// Bytes of plain output in all frames.
    bytes: usize,
    /// Bytes of text that this output was made from.
    text_bytes: usize,
    /// The memory of a closed frame, for the next one.
    spare: Vec<u8>,
}

impl OpenFrames {
    /// The buffer to which the next record with this key appends its output. [`Self::add`] adds the record to the frame.
    /// If the record has no output to share, [`Self::abandon`] follows instead.
    pub(crate) fn buffer(&mut self, key: &FrameKey) -> &mut Vec<u8> {
        let (is_first, spare) = (self.frames.is_empty(), &mut self.spare);
        let frame = self.frames.entry(key.clone()).or_insert_with(|| {
            // The spare is large. Beside other open frames it would be large for a few bytes.
            let plain = if is_first { std::mem::take(spare) } else { Vec::new() };
            Frame { key: key.clone(), plain, records: Vec::new() }
        });
        &mut frame.plain
    }

    /// Frees what the buffer of `key` has grown by for a record that shares nothing.
    pub(crate) fn abandon(&mut self, key: &FrameKey) {
        match self.frames.get_mut(key) {
            Some(frame) if frame.records.is_empty() => {
                if let Some(frame) = self.frames.remove(key) {
                    self.recycle(frame);
                }
            }
            Some(frame) if frame.plain.capacity() > 2 * frame.plain.len() => frame.plain.shrink_to_fit(),
            _ => {}
        }
    }

    /// Adds the record whose output was appended to the buffer of `key`, and returns the frames that this closes.
    pub(crate) fn add(&mut self, key: &FrameKey, record: usize, text_len: usize) -> Vec<Frame> {
        let mut closed = Vec::new();
        let Some(frame) = self.frames.get_mut(key) else { return closed };
        let start = frame.records.last().map_or(0, |framed| framed.plain_end);
        if start > 0 && frame.plain.len() > MAX_FRAME_BYTES {
            let plain = frame.plain.split_off(start);
            let full = std::mem::replace(frame, Frame { key: key.clone(), plain, records: Vec::new() });
            self.forget(&full);
            closed.push(full);
        }
        let Some(frame) = self.frames.get_mut(key) else { return closed };
        let start = frame.records.last().map_or(0, |framed| framed.plain_end);
        frame.records.push(FramedRecord { record, plain_end: frame.plain.len(), text_len });
        self.bytes += frame.plain.len() - start;
        self.text_bytes += text_len;
        while self.bytes > MAX_OPEN_BYTES {
            let Some(largest) = self.largest().cloned() else { break };
            closed.extend(self.close(&largest));
        }
        closed
    }

    /// Closes the frame of `key`, if there is one.
    pub(crate) fn close(&mut self, key: &FrameKey) -> Option<Frame> {
        let frame = self.frames.remove(key)?;
        self.forget(&frame);
        Some(frame)
    }

    /// Closes all frames. They are in the order of their first records.
    pub(crate) fn close_all(&mut self) -> Vec<Frame> {
        let keys: Vec<_> = self.frames.keys().cloned().collect();
        let mut closed: Vec<_> = keys.iter().filter_map(|key| self.close(key)).collect();
        closed.sort_by_key(|frame| frame.records[0].record);
        closed
    }

    /// Takes over the memory of a frame that is done.
    pub(crate) fn recycle(&mut self, mut frame: Frame) {
        if frame.plain.capacity() > self.spare.capacity() {
            frame.plain.clear();
            self.spare = frame.plain;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Bytes of text behind the output of all open frames.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// Bytes of memory in use.
    pub(crate) fn capacity(&self) -> usize {
        self.spare.capacity() + self.frames.values().map(|frame| frame.plain.capacity()).sum::<usize>()
    }

    fn largest(&self) -> Option<&FrameKey> {
        self.frames.values().max_by_key(|frame| frame.plain.len()).map(|frame| &frame.key)
    }

    fn forget(&mut self, frame: &Frame) {
        self.bytes -= frame.records.last().map_or(0, |framed| framed.plain_end);
        self.text_bytes -= frame.text_bytes();
    }
}

impl Frame {
    /// Bytes of text behind the frame's output.
    pub(crate) fn text_bytes(&self) -> usize {
        self.records.iter().map(|framed| framed.text_len).sum()
    }

    /// Takes out the first record and its output.
    pub(crate) fn remove_first(&mut self) {
        let FramedRecord { plain_end: removed, .. } = self.records.remove(0);
        self.plain.drain(..removed);
        for framed in &mut self.records {
            framed.plain_end -= removed;
        }
    }

    /// The output of the first `count` records.
    pub(crate) fn plain_of(&self, count: usize) -> &[u8] {
        count.checked_sub(1).map_or(&[], |last| &self.plain[..self.records[last].plain_end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    fn key(name: &str) -> PartitionValues {
        PartitionValues::from([("log_group", name.to_owned())])
    }

    /// Adds records of these sizes, and returns the records of each closed frame.
    fn closed(records: &[(&str, usize)]) -> (OpenFrames, Vec<Vec<usize>>) {
        let mut open = OpenFrames::default();
        let mut closed = Vec::new();
        for (index, &(name, len)) in records.iter().enumerate() {
            let key = Some(key(name));
            let buffer = open.buffer(&key);
            let end = buffer.len() + len;
            buffer.resize(end, b'x');
            closed.extend(open.add(&key, index, len));
        }
        closed.extend(open.close_all());
        let records = |frame: &Frame| frame.records.iter().map(|framed| framed.record).collect();
        let closed = closed.iter().map(records).collect();
        (open, closed)
    }

    #[test]
    fn frame_is_full_one_byte_over_the_limit() {
        for (last, frames) in [(MIB - 1, 1), (MIB, 1), (MIB + 1, 2)] {
            assert_eq!(closed(&[("a", MIB), ("a", MIB), ("a", MIB), ("a", last)]).1.len(), frames);
        }
    }

    #[test]
    fn record_that_does_not_fit_starts_the_next_frame() {
        let (_, frames) = closed(&[("a", 3 * MIB), ("a", 2 * MIB), ("a", MIB)]);
        assert_eq!(frames, [vec![0], vec![1, 2]]);
    }

    #[test]
    fn frames_do_not_mix_keys_and_keep_the_order() {
        let (_, frames) = closed(&[("b", 1), ("a", 1), ("b", 1), ("a", 1)]);
        assert_eq!(frames, [vec![0, 2], vec![1, 3]]);
    }

    #[test]
    fn largest_frame_is_closed_when_all_together_are_too_large() {
        let (_, frames) = closed(&[("a", 3 * MIB), ("b", 2 * MIB), ("c", 2 * MIB), ("d", MIB), ("e", 1)]);
        assert_eq!(frames, [vec![0], vec![1], vec![2], vec![3], vec![4]]);
        let (_, frames) = closed(&[("a", 2 * MIB), ("b", 3 * MIB), ("c", 3 * MIB), ("d", 1), ("b", 1)]);
        assert_eq!(frames, [vec![2], vec![0], vec![1, 4], vec![3]]);
    }

    #[test]
    fn bytes_of_closed_frames_do_not_count() {
        let many: Vec<_> = (0..40).map(|index| (["a", "b", "c"][index % 3], MIB)).collect();
        let (open, frames) = closed(&many);
        assert_eq!(frames.iter().map(Vec::len).sum::<usize>(), 40);
        assert_eq!((open.bytes, open.text_bytes()), (0, 0));
    }

    /// Appends `len` bytes for a key, and adds or abandons them.
    fn append(open: &mut OpenFrames, name: &str, len: usize, is_added: bool) {
        let key = Some(key(name));
        let buffer = open.buffer(&key);
        let start = buffer.len();
        buffer.resize(start + len, b'x');
        if is_added {
            for frame in open.add(&key, 0, len) {
                open.recycle(frame);
            }
        } else {
            buffer.truncate(start);
            open.abandon(&key);
        }
    }

    #[test]
    fn small_frames_beside_a_busy_one_stay_small() {
        let mut open = OpenFrames::default();
        for index in 0..100 {
            append(&mut open, "busy", MAX_FRAME_BYTES - 1, true);
            append(&mut open, &format!("quiet {index}"), 2, true);
            assert!(open.capacity() <= 3 * MAX_OPEN_BYTES, "{} bytes", open.capacity());
        }
    }

    #[test]
    fn records_that_share_nothing_leave_no_memory_behind() {
        let mut open = OpenFrames::default();
        for index in 0..100 {
            let name = format!("group {index}");
            append(&mut open, &name, MAX_FRAME_BYTES, false);
            append(&mut open, &name, 10, true);
            append(&mut open, &name, MAX_FRAME_BYTES, false);
        }
        assert!(open.capacity() <= MAX_OPEN_BYTES + MAX_FRAME_BYTES, "{} bytes", open.capacity());
        assert_eq!(open.close_all().len(), 100);
    }

    #[test]
    fn five_hundred_interleaved_keys_stay_within_the_memory_bound() {
        let names: Vec<_> = (0..500).map(|index| format!("group {index}")).collect();
        let mut open = OpenFrames::default();
        let mut most = 0;
        for (index, name) in names.iter().cycle().take(5_000).enumerate() {
            let key = Some(key(name));
            let buffer = open.buffer(&key);
            buffer.resize(buffer.len() + 20_000, b'x');
            for frame in open.add(&key, index, 1) {
                open.recycle(frame);
            }
            most = most.max(open.capacity());
        }
        assert!(most <= 2 * MAX_OPEN_BYTES + MAX_FRAME_BYTES, "{most} bytes");
    }
}
