//! A method: one row of a table with its name, its signature, its help, the right it needs and
//! its function. `system.methodHelp` and `docs/rpc.md` are made from it.

use std::fmt::Write as _;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use visord_model::fault::{Fault, FaultCode};
use visord_xmlrpc::Value;

use super::printed::printed;
use super::reply::Outcome;
use crate::caller::Right;
use crate::state::AppState;

/// One remote method. Unless its row says otherwise it returns `true`, is listed, and is refused
/// with SHUTDOWN_STATE once the daemon is closing (spec interfaces 3.1).
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Name within its namespace.
    pub name: &'static str,
    /// One or two sentences for people.
    pub help: &'static str,
    /// Its parameters, in order; the optional ones are last.
    pub params: &'static [Param],
    /// What it returns.
    pub returns: Param,
    /// What `system.methodSignature` says of it.
    pub signature: Signature,
    /// What its caller must be allowed to do.
    pub right: Right,
    /// Answers while the daemon is closing, too.
    pub while_closing: bool,
    /// Named by `system.listMethods`. What only visord has is not: clients compare the list.
    pub listed: bool,
    /// What it does.
    pub run: Run,
}

/// What `system.methodSignature` says of a method.
#[derive(Clone, Copy, Debug)]
pub enum Signature {
    /// The types of its return value and its parameters.
    Own,
    /// These, because the original has them.
    Given(&'static [&'static str]),
    /// SIGNATURE_UNSUPPORTED, as the original.
    Unsupported,
}

/// A parameter or a return value.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its line in the help: `TYPE NAME what it is`.
    pub line: &'static str,
    /// May be left out.
    pub optional: bool,
}

impl Param {
    /// Its XML-RPC type, as `system.methodSignature` names it.
    pub fn kind(&self) -> &'static str {
        self.line.split(' ').next().unwrap_or_default()
    }
}

/// A parameter that must be given.
pub const fn param(line: &'static str) -> Param {
    Param {
        line,
        optional: false,
    }
}

/// A parameter that may be left out.
pub const fn optional(line: &'static str) -> Param {
    Param {
        line,
        optional: true,
    }
}

/// The parameter that names one process.
pub const PROCESS: Param = param("string name the process, as `name` or `group:name`");

/// The parameter that names a group.
pub const GROUP: Param = param("string name the group");

/// What a method does.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// Answers at once from what is known.
    Now(fn(&AppState, Args) -> Outcome),
    /// Sends a request to an actor or reads a file; runs to its end even if the client leaves
    /// (difference Q23).
    Later(fn(Arc<AppState>, Args) -> LocalBoxFuture<'static, Outcome>),
}

/// [`Run::Later`] with an `async fn(Arc<AppState>, Args, …) -> Outcome`.
macro_rules! later {
    ($function:ident $(, $argument:expr)*) => {
        $crate::rpc::method::Run::Later(|state, args| {
            Box::pin($function(state, args $(, $argument)*))
        })
    };
}
pub(super) use later;

/// The row of a method that needs the right to view.
pub const fn view(name: &'static str, run: Run) -> Method {
    Method::new(name, Right::View, run)
}

/// The row of a method that needs the right to operate.
pub const fn operate(name: &'static str, run: Run) -> Method {
    Method::new(name, Right::Operate, run)
}

/// The row of a method that needs the right to administer.
pub const fn admin(name: &'static str, run: Run) -> Method {
    Method::new(name, Right::Admin, run)
}

impl Method {
    const fn new(name: &'static str, right: Right, run: Run) -> Self {
        Self {
            name,
            help: "",
            params: &[],
            returns: param("boolean result true, unless there is a fault"),
            signature: Signature::Own,
            right,
            while_closing: false,
            listed: true,
            run,
        }
    }

    /// With this help.
    pub const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// With these parameters.
    pub const fn takes(mut self, params: &'static [Param]) -> Self {
        self.params = params;
        self
    }

    /// With this return value: `TYPE NAME what it is`.
    pub const fn returns(mut self, line: &'static str) -> Self {
        self.returns = param(line);
        self
    }

    /// With these types as its signature.
    pub const fn signed(mut self, types: &'static [&'static str]) -> Self {
        self.signature = Signature::Given(types);
        self
    }

    /// Without signature.
    pub const fn unsigned(mut self) -> Self {
        self.signature = Signature::Unsupported;
        self
    }

    /// Under another name.
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Answers while the daemon is closing, too.
    pub const fn while_closing(mut self) -> Self {
        self.while_closing = true;
        self
    }

    /// Not named by `system.listMethods`.
    pub const fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }

    /// The text of `system.methodHelp`, with one tag line per parameter and the return value.
    pub fn help_text(&self) -> String {
        let mut out = format!(" {}\n\n", self.help);
        let params = self.params.iter().map(|param| ("param", param));
        for (tag, param) in params.chain([("return", &self.returns)]) {
            // writing to a String cannot fail
            let _ = writeln!(out, "        @{tag} {}", param.line);
        }
        out + "        "
    }

    /// The types of `system.methodSignature`: the return value's, then the parameters'.
    ///
    /// # Errors
    /// SIGNATURE_UNSUPPORTED.
    pub fn types(&self) -> Result<Vec<&'static str>, Fault> {
        match self.signature {
            Signature::Own => {
                let all = [&self.returns].into_iter().chain(self.params);
                Ok(all.map(Param::kind).collect())
            }
            Signature::Given(types) => Ok(types.to_vec()),
            Signature::Unsupported => Err(FaultCode::SignatureUnsupported.bare()),
        }
    }

    /// Whether it takes this number of arguments.
    pub fn accepts(&self, count: usize) -> bool {
        let least = self.params.iter().filter(|param| !param.optional).count();
        (least..=self.params.len()).contains(&count)
    }
}

/// The arguments of a call; their number has been checked.
#[derive(Clone, Debug)]
pub struct Args(pub Vec<Value>);

impl Args {
    /// A text. Another type is INCORRECT_PARAMETERS (the original: HTTP 500).
    pub fn text(&self, at: usize) -> Result<&str, Fault> {
        let text = self.0.get(at).and_then(Value::as_str);
        text.ok_or(FaultCode::IncorrectParameters.bare())
    }

    /// A whole number, or what converts to one (spec interfaces 2.4).
    pub fn int(&self, at: usize) -> Result<i64, Fault> {
        let number = self.0.get(at).and_then(Value::to_int);
        number.ok_or(FaultCode::IncorrectParameters.bare())
    }

    /// What was given, as the original prints it.
    pub fn printed(&self, at: usize) -> String {
        printed(self.value(at))
    }

    /// The truth of a value of any type (spec interfaces 3.1); true when it was left out.
    pub fn flag_or_true(&self, at: usize) -> bool {
        self.0.get(at).is_none_or(Value::is_truthy)
    }

    /// The value itself, `Nil` when it was left out.
    pub fn value(&self, at: usize) -> &Value {
        self.0.get(at).unwrap_or(&Value::Nil)
    }
}
