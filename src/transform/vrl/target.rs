//! What a program reads and writes: VRL's own target, except that the object of the log event survives `. = ...`.
//!
//! Only this difference belongs here. Most programs end by assigning something else to `.`. VRL would then free the
//! object that was there, and its six names and their nodes would be allocated again for each log event: two thirds of
//! all allocations of a small program.

use vrl::compiler::{SecretTarget, Target, TargetValueRef};
use vrl::path::{OwnedTargetPath, PathPrefix};
use vrl::value::{ObjectMap, Value};

/// A target that keeps the first object that the program replaces as a whole.
#[derive(Debug)]
pub(super) struct KeepingTarget<'t> {
    pub(super) target: TargetValueRef<'t>,
    pub(super) replaced: &'t mut Option<ObjectMap>,
}

impl Target for KeepingTarget<'_> {
    fn target_insert(&mut self, path: &OwnedTargetPath, value: Value) -> Result<(), String> {
        if path.prefix == PathPrefix::Event && path.path.is_root() {
            let before = std::mem::replace(self.target.value, value);
            if let (Value::Object(object), None) = (before, &self.replaced) {
                *self.replaced = Some(object);
            }
            return Ok(());
        }
        self.target.target_insert(path, value)
    }

    fn target_get(&self, path: &OwnedTargetPath) -> Result<Option<&Value>, String> {
        self.target.target_get(path)
    }

    fn target_get_mut(&mut self, path: &OwnedTargetPath) -> Result<Option<&mut Value>, String> {
        self.target.target_get_mut(path)
    }

    fn target_remove(&mut self, path: &OwnedTargetPath, compact: bool) -> Result<Option<Value>, String> {
        self.target.target_remove(path, compact)
    }
}

impl SecretTarget for KeepingTarget<'_> {
    fn get_secret(&self, key: &str) -> Option<&str> {
        self.target.get_secret(key)
    }

    fn insert_secret(&mut self, key: &str, value: &str) {
        self.target.insert_secret(key, value);
    }

    fn remove_secret(&mut self, key: &str) {
        self.target.remove_secret(key);
    }
}
