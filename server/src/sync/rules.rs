//! The rules that a configuration puts on fields.

use crate::config::Collection;
use crate::model::{Details, Fields};

/// Fills in fields that a new record was made without. Returns whether there were any.
pub(super) fn apply_defaults(collection: &Collection, fields: &mut Fields) -> bool {
    let mut changed = false;
    for (name, rule) in &collection.fields {
        if let Some(default) = &rule.default
            && !fields.contains_key(name)
        {
            fields.insert(name.clone(), default.clone());
            changed = true;
        }
    }
    changed
}

/// The faults of a new record, by field.
pub(super) fn check_new(collection: &Collection, fields: &Fields) -> Details {
    check(collection, fields, |_| true, |_| false)
}

/// The faults of a changed record, by field. Fields that the write left alone may break rules that were added after them.
pub(super) fn check_changed(collection: &Collection, fields: &Fields, is_changed: impl Fn(&str) -> bool) -> Details {
    check(collection, fields, &is_changed, &is_changed)
}

fn check(
    collection: &Collection,
    fields: &Fields,
    is_checked: impl Fn(&str) -> bool,
    is_changed: impl Fn(&str) -> bool,
) -> Details {
    let mut faults = Details::new();
    for (name, rule) in &collection.fields {
        let fault = if rule.read_only && is_changed(name) {
            Some("cannot be changed".to_owned())
        } else if !is_checked(name) {
            None
        } else {
            match fields.get(name) {
                Some(value) => rule.fault(value),
                None => rule.required.then(|| "is required".to_owned()),
            }
        };
        if let Some(fault) = fault {
            faults.insert(name.clone(), fault);
        }
    }
    faults
}
