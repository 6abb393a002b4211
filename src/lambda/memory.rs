//! Memory that one invocation leaves to the next, which needs the same amount again.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::plan::Workspace;

/// The memory of the last invocation.
#[derive(Default)]
pub(super) struct Memory(Mutex<Kept>);

#[derive(Default)]
pub(super) struct Kept {
    pub(super) workspace: Workspace,
    /// The last response. No other reference remains by the next invocation, so its memory is reused.
    pub(super) response: Bytes,
}

/// A larger workspace is freed. Few events have a record that inflates to so much.
const MAX_KEPT_WORKSPACE_BYTES: usize = 24 * 1024 * 1024;

impl Memory {
    pub(super) fn take(&self) -> Kept {
        std::mem::take(&mut *self.lock())
    }

    pub(super) fn keep(&self, mut kept: Kept) {
        if kept.workspace.capacity() > MAX_KEPT_WORKSPACE_BYTES {
            kept.workspace = Workspace::default();
        }
        *self.lock() = kept;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the C library keep freed memory instead of returning it to the system.
///
/// glibc returns freed memory above a threshold. It raises the threshold to the size of the largest block that was mapped on
/// its own and then freed. Event and response are such blocks at first, and then cost hundreds of page faults per invocation.
/// Allocating and freeing one block sets the threshold; the block is never touched and costs nothing.
/// Source: `mallopt(3)`, `M_MMAP_THRESHOLD`.
pub(super) fn keep_freed_memory() {
    const LARGEST_THRESHOLD_BYTES: usize = 32 * 1024 * 1024;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGEST_THRESHOLD_BYTES - 64 * 1024)));
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Context;

    use super::*;
    use crate::config::Config;
    use crate::firehose::reingest::Reingester;
    use crate::lambda::handler::Function;
    use crate::testing::{Record, event};

    #[tokio::test]
    async fn memory_of_a_large_record_is_not_kept() {
        let function = Function::new(Config::default(), Reingester::offline()).unwrap();
        let workspace_after = async |message: &str| {
            let event = event(&[Record::of_messages("r", &[message])]).to_string();
            function.invoke(event.as_bytes(), &Context::default()).await.unwrap();
            function.memory().lock().workspace.capacity()
        };
        assert!(workspace_after("short").await > 0);
        let large = "a".repeat(MAX_KEPT_WORKSPACE_BYTES);
        let kept = workspace_after(&large).await;
        assert!(kept < large.len() / 2, "{kept} bytes");
    }
}
