//! Values of answers as the original prints them, and for `--json`.

use visord_model::name::namespec;
use visord_model::pyrepr::{repr, repr_bytes};
use visord_xmlrpc::{Float, Value};

use super::Result;
use crate::ctl::failure::Failure;
use crate::ctl::session::{Json, json};

/// A value as Python's `str` has it.
pub(super) fn python(value: &Value) -> String {
    match value {
        Value::Str(text) | Value::DateTime(text) => text.clone(),
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Base64(_)
        | Value::Array(_)
        | Value::Struct(_) => python_repr(value),
    }
}

/// A value as Python's `repr` has it.
fn python_repr(value: &Value) -> String {
    match value {
        Value::Nil => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => Float(*number).to_string(),
        Value::Str(text) | Value::DateTime(text) => repr(text),
        Value::Base64(bytes) => repr_bytes(bytes),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(python_repr).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Struct(members) => {
            let member =
                |(name, value): &(String, Value)| format!("{}: {}", repr(name), python_repr(value));
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// A member of a struct, as Python's `str` has it; fails if there is none.
pub(super) fn shown(value: &Value, name: &'static str) -> Result<String> {
    let member = value.get(name).ok_or(Failure::Incomplete(name))?;
    Ok(python(member))
}

/// A value for `--json`, with the same members. A struct that is about a process also has its
/// `namespec`, as everywhere in `--json`.
pub(super) fn to_json(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Int(number) => json!(number),
        Value::Double(number) => json!(number),
        Value::Str(text) | Value::DateTime(text) => json!(text),
        Value::Base64(bytes) => json!(String::from_utf8_lossy(bytes)),
        Value::Array(items) => items.iter().map(to_json).collect(),
        Value::Struct(members) => {
            let pairs = members.iter().map(|(name, it)| (name.clone(), to_json(it)));
            let mut json: Json = pairs.collect();
            if let Some(name) = namespec_in(value) {
                json["namespec"] = name.into();
            }
            json
        }
    }
}

/// The name of the process that a struct is about.
fn namespec_in(value: &Value) -> Option<String> {
    let text = |name| value.get(name)?.as_str();
    let named = |group, name| Some(namespec(text(group)?, text(name)?));
    named("application_name", "process_name").or_else(|| named("group", "name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_python_prints_them() {
        let list = |items: &[&str]| items.iter().copied().collect::<Value>();
        for (value, expected) in [
            (Value::Nil, "None"),
            (true.into(), "True"),
            (7.into(), "7"),
            (5.0.into(), "5.0"),
            (7.5.into(), "7.5"),
            ("it's".into(), "it's"),
            (list(&[]), "[]"),
            (list(&["a", "it's"]), "['a', \"it's\"]"),
            (Value::structure([("a", 1)]), "{'a': 1}"),
        ] {
            assert_eq!(python(&value), expected);
        }
    }

    #[test]
    fn processes_have_a_namespec() {
        let names = [("application_name", "a"), ("process_name", "p")];
        let process = Value::structure(names);
        let expected = json!({"application_name": "a", "process_name": "p", "namespec": "a:p"});
        assert_eq!(to_json(&process), expected);
        let local = Value::structure([("group", "a"), ("name", "a")]);
        assert_eq!(to_json(&local)["namespec"], "a");
        let application = Value::structure([("application_name", "a")]);
        assert_eq!(to_json(&application), json!({"application_name": "a"}));
    }
}
