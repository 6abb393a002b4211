//! Cuts entries into batches within the quotas of one request.

use super::Entry;
use crate::firehose::quotas::{MAX_BATCH_BYTES, MAX_BATCH_RECORDS};

impl Entry {
    /// Bytes of the entry in a request: the data after base64, and the partition key.
    pub(super) fn encoded_len(&self) -> usize {
        self.data.len().div_ceil(3) * 4 + self.partition_key.as_ref().map_or(0, String::len)
    }
}

/// Runs of `pending`, each within the quotas on records and bytes.
pub(super) fn cut<'p>(pending: &'p [usize], entries: &[Entry]) -> Vec<&'p [usize]> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (end, &index) in pending.iter().enumerate() {
        let entry_len = entries[index].encoded_len();
        if end > start && (end - start == MAX_BATCH_RECORDS || bytes + entry_len > MAX_BATCH_BYTES) {
            batches.push(&pending[start..end]);
            (start, bytes) = (end, 0);
        }
        bytes += entry_len;
    }
    if start < pending.len() {
        batches.push(&pending[start..]);
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::firehose::quotas::MAX_RECORD_DATA_BYTES;

    fn entry(data_len: usize) -> Entry {
        Entry { data: vec![0; data_len], partition_key: None }
    }

    fn sizes(data_lens: &[usize]) -> Vec<usize> {
        let entries: Vec<_> = data_lens.iter().map(|&len| entry(len)).collect();
        let pending: Vec<_> = (0..entries.len()).collect();
        cut(&pending, &entries).iter().map(|batch| batch.len()).collect()
    }

    #[test]
    fn batch_never_exceeds_five_hundred_records() {
        assert_eq!(sizes(&[1; 499]), [499]);
        assert_eq!(sizes(&[1; 500]), [500]);
        assert_eq!(sizes(&[1; 501]), [500, 1]);
        assert_eq!(sizes(&[]), [0; 0]);
    }

    #[test]
    fn batch_never_exceeds_four_mebibytes() {
        // Four entries of 1 MiB after base64 are 4 MiB; base64 grows by four bytes at a time.
        let mebibyte = 1024 * 1024 / 4 * 3;
        assert_eq!(sizes(&[mebibyte, mebibyte, mebibyte, mebibyte - 3]), [4]);
        assert_eq!(sizes(&[mebibyte; 4]), [4]);
        assert_eq!(sizes(&[mebibyte, mebibyte, mebibyte, mebibyte + 1]), [3, 1]);
    }

    #[test]
    fn partition_keys_count_towards_the_bytes() {
        let keyed = |len| Entry { partition_key: Some("k".repeat(len)), ..entry(1024 * 1024 / 4 * 3) };
        assert_eq!(cut(&[0, 1, 2, 3], &[keyed(0), keyed(0), keyed(0), keyed(0)]).len(), 1);
        assert_eq!(cut(&[0, 1, 2, 3], &[keyed(0), keyed(0), keyed(0), keyed(1)]).len(), 2);
    }

    proptest! {
        #[test]
        fn every_batch_is_within_all_quotas(lens in prop::collection::vec(0..MAX_RECORD_DATA_BYTES, 0..40), many in 0..1_200_usize) {
            let entries: Vec<_> = lens.into_iter().chain(std::iter::repeat_n(1, many)).map(entry).collect();
            let pending: Vec<_> = (0..entries.len()).rev().collect();
            let batches = cut(&pending, &entries);
            for batch in &batches {
                prop_assert!((1..=MAX_BATCH_RECORDS).contains(&batch.len()));
                let bytes: usize = batch.iter().map(|&index| entries[index].encoded_len()).sum();
                prop_assert!(bytes <= MAX_BATCH_BYTES);
            }
            prop_assert_eq!(batches.concat(), pending);
        }
    }
}
