//! Log lines about single records. None shows log content.

use tracing::{error, warn};

use crate::firehose::reingest::Refusal;
use crate::plan::fate::{DropReason, FailReason, Fate};

/// The record cannot be transformed.
pub(super) fn failed(record_id: &str, reason: &FailReason) {
    let cause = std::error::Error::source(reason).map(ToString::to_string);
    if reason.needs_a_person() {
        error!(record_id, %reason, cause, "cannot be transformed: the record goes to the error prefix");
    } else {
        warn!(record_id, %reason, cause, "not a CloudWatch Logs record: it goes to the error prefix");
    }
}

/// The stream did not accept the record, or not all of its pieces.
pub(super) fn not_reingested(record_id: &str, refusals: &[Option<Refusal>]) {
    let accepted = refusals.iter().filter(|refusal| refusal.is_none()).count();
    let reason = refusals.iter().flatten().next().map(|refusal| refusal.reason.as_str());
    error!(
        record_id,
        reason,
        pieces = refusals.len(),
        accepted,
        "could not be re-ingested: the record goes to the error prefix"
    );
}

/// Records of ignored log groups were dropped.
///
/// One line per invocation, however many records: each line that the function logs about its own log group causes another
/// record.
pub(super) fn ignored_log_groups(fates: &[Fate]) {
    let mut ignored = fates.iter().filter_map(|fate| match fate {
        Fate::Drop(DropReason::IgnoredLogGroup(log_group)) => Some(log_group),
        _ => None,
    });
    if let Some(log_group) = ignored.next() {
        let records = 1 + ignored.count();
        warn!(
            log_group,
            records,
            "records of an ignored log group dropped: if it is the function's own, remove its subscription filter"
        );
    }
}
