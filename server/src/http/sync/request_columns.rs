//! The columns of a push: what many of its operations have in common.

use crate::model::{Decoder, Details, DeviceId, Fields, details};
use holm_protocol::columns::{op_id, sums};
use serde_json::Value;

/// Writes into each operation what the columns say of it and it does not say itself.
pub(super) fn expand(columns: Fields, operations: &mut [Value], device: &DeviceId) -> Result<(), Details> {
    let mut columns = Decoder::new(Value::Object(columns), "columns")?;
    let count = operations.len();
    let (op_seq, version) = (column(&mut columns, "opSeq", count)?, column(&mut columns, "version", count)?);
    let (ms, counter) = (column(&mut columns, "hlcMs", count)?, column(&mut columns, "hlcCounter", count)?);
    let (kind, collection) = (columns.any("type"), columns.any("collection"));
    let prefix = columns.text("opPrefix")?;
    for (index, operation) in operations.iter_mut().enumerate() {
        let Value::Object(operation) = operation else { continue };
        let at = |numbers: &Option<Vec<i64>>| numbers.as_ref().and_then(|numbers| numbers.get(index)).copied();
        let hlc = at(&ms).zip(at(&counter)).map(|(ms, counter)| format!("{ms}:{counter}:{device}").into());
        let said = [
            ("opSeq", at(&op_seq).map(Value::from)),
            ("version", at(&version).map(Value::from)),
            ("hlc", hlc),
            ("type", kind.clone()),
            ("collection", collection.clone()),
        ];
        for (name, value) in said {
            if let Some(value) = value
                && !operation.contains_key(name)
            {
                operation.insert(name.to_owned(), value);
            }
        }
        if let (Some(prefix), Some(op_seq)) = (&prefix, operation.get("opSeq").and_then(Value::as_i64))
            && !operation.contains_key("opId")
        {
            operation.insert("opId".to_owned(), op_id(prefix, op_seq).into());
        }
    }
    Ok(())
}

/// A column of numbers, one for each operation.
fn column(columns: &mut Decoder, name: &str, count: usize) -> Result<Option<Vec<i64>>, Details> {
    let Some(list) = columns.list(name)? else { return Ok(None) };
    let differences: Option<Vec<i64>> = list.iter().map(Value::as_i64).collect();
    match differences.filter(|differences| differences.len() == count) {
        Some(differences) => Ok(Some(sums(differences).collect())),
        None => Err(details(format!("columns.{name}"), "must be a whole number for each operation")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn expanded(columns: Value, mut operations: Vec<Value>) -> Result<Vec<Value>, Details> {
        let Value::Object(columns) = columns else { panic!("columns are an object") };
        expand(columns, &mut operations, &DeviceId::parse("phone").unwrap())?;
        Ok(operations)
    }

    #[test]
    fn an_operation_is_its_own_members_and_what_the_columns_say() {
        let columns = json!({"opPrefix": "0190-", "opSeq": [4_294_967_297i64, 1, 1], "version": [3, -2, 0], "type": "update",
                             "collection": "tasks", "hlcMs": [900, 5, 0], "hlcCounter": [0, 1, 1]});
        let operations = vec![json!({"id": "a"}), json!({"id": "b", "opId": "own", "version": 9}), json!(17)];
        assert_eq!(
            expanded(columns, operations).unwrap(),
            [
                json!({"id": "a", "opId": "0190-00000001", "opSeq": 4_294_967_297i64, "version": 3, "type": "update",
                       "collection": "tasks", "hlc": "900:0:phone"}),
                json!({"id": "b", "opId": "own", "opSeq": 4_294_967_298i64, "version": 9, "type": "update",
                       "collection": "tasks", "hlc": "905:1:phone"}),
                json!(17),
            ]
        );
    }

    #[test]
    fn a_column_that_does_not_fit_is_named() {
        for (columns, fault) in [
            (json!({"opSeq": [1]}), "columns.opSeq"),
            (json!({"version": [1, 2, 3]}), "columns.version"),
            (json!({"hlcMs": [1, "2"]}), "columns.hlcMs"),
            (json!({"hlcCounter": [1, 2.5]}), "columns.hlcCounter"),
            (json!({"opSeq": 7}), "opSeq"),
            (json!({"opPrefix": 7}), "opPrefix"),
        ] {
            let faults = expanded(columns.clone(), vec![json!({}), json!({})]).unwrap_err();
            assert!(faults.contains_key(fault), "{columns}: {faults:?}");
        }
    }
}
