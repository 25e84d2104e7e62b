//! `--json`: what a command did, as one document for programs to read. The form is
//! described in `docs/supervisorctl.md`; members are only ever added to it.

use std::mem;

pub use serde_json::{Value as Json, json};

/// The output of a command so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// What the command is for, in a form of its own.
    pub result: Json,
    /// Lines it would have shown.
    pub output: Vec<String>,
    /// Lines that report failures.
    pub errors: Vec<String>,
    /// The command wrote its own documents; there is nothing left to write.
    pub is_told: bool,
}

impl Report {
    /// Add an item to the result, which becomes a list.
    pub fn push(&mut self, item: Json) {
        match &mut self.result {
            Json::Array(items) => items.push(item),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
                self.result = Json::Array(vec![item]);
            }
        }
    }

    /// The document for everything since the last one.
    pub fn take_document(&mut self, command: &str, exit_status: u8) -> Json {
        let Self {
            result,
            output,
            errors,
            is_told: _,
        } = mem::take(self);
        json!({
            "command": command,
            "exit_status": exit_status,
            "result": result,
            "output": output,
            "errors": errors,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents() {
        let mut report = Report::default();
        for item in [Json::Null, json!(true), json!("a\"\\\n\u{1}ä")] {
            report.push(item);
        }
        report.output.push("x".to_owned());
        assert_eq!(
            report.take_document("status", 3).to_string(),
            "{\"command\":\"status\",\"errors\":[],\"exit_status\":3,\"output\":[\"x\"],\
             \"result\":[null,true,\"a\\\"\\\\\\n\\u0001ä\"]}"
        );
        assert_eq!(report, Report::default(), "the next one is empty");
    }
}
