//! The formula of an application's operational status (spec cluster 4.5).
//!
//! A formula is one Python expression: names and patterns of processes in quotes, `and`, `or`,
//! `not`, `any(...)` and `all(...)`. What Python does not take is refused by [`Formula::parse`];
//! what it takes, but has no meaning here, is an error when the formula is evaluated.

use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::pattern::{Pattern, PatternError};

mod literal;
mod parser;
mod token;

use parser::Node;

/// A parsed formula. Clones share it.
#[derive(Clone, Debug)]
pub struct Formula {
    text: Arc<str>,
    root: Arc<Node>,
}

/// Why a formula cannot be used or evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormulaError {
    /// Python would not take it; or it is nested too deeply.
    Syntax,
    /// There is none, or more than one.
    Statements,
    /// No process has this name or matches this pattern.
    NoMatch(String),
    /// The pattern is none, or searching takes too long.
    Pattern(String, String),
    /// Neither `any` nor `all`.
    Function(String),
    /// `any` or `all` without argument.
    NoArgument(&'static str),
    /// An expression that has no meaning here, by Python's name for it.
    Expression(&'static str),
    /// An operator that has no meaning here, by Python's name for it.
    UnaryOperator(&'static str),
    /// `and` or `or` of several processes.
    BoolOp,
    /// `not` of several processes.
    UnaryOp,
    /// The result is of several processes.
    Unresolved,
}

impl fmt::Display for FormulaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("AST parse failure"),
            Self::Statements => f.write_str("unsupported AST expression"),
            Self::NoMatch(text) => write!(f, "no match for expression={text}"),
            Self::Pattern(text, reason) => write!(f, "bad pattern expression={text}: {reason}"),
            Self::Function(name) => write!(f, "unsupported function={name}"),
            Self::NoArgument(name) => write!(f, "no argument for function={name}"),
            Self::Expression(name) => write!(f, "unsupported Expr={name}"),
            Self::UnaryOperator(name) => write!(f, "unsupported UnaryOp={name}"),
            Self::BoolOp => f.write_str("cannot apply BoolOp on unresolved expression"),
            Self::UnaryOp => f.write_str("cannot apply UnaryOp on unresolved expression"),
            Self::Unresolved => f.write_str("status formula cannot be resolved"),
        }
    }
}

impl core::error::Error for FormulaError {}

impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Formula {}

/// A text of a formula, and the pattern that it is if no process has it as its name.
#[derive(Clone, Debug)]
struct Leaf {
    text: String,
    pattern: Result<Pattern, PatternError>,
}

impl Leaf {
    fn new(text: String) -> Self {
        let pattern = Pattern::whole(&text);
        Self { text, pattern }
    }
}

/// What an expression is.
enum Value {
    One(bool),
    /// Several processes: whether any and whether all are true.
    Many {
        any: bool,
        all: bool,
    },
}

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    /// [`FormulaError::Syntax`], [`FormulaError::Statements`].
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        let root = Arc::new(parser::parse(text)?);
        let text = Arc::from(text);
        Ok(Self { text, root })
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds. `processes` gives name and truth of each process of the application.
    ///
    /// # Errors
    /// It has no result; that counts as a major failure.
    pub fn holds<'a, I>(&self, processes: impl Fn() -> I) -> Result<bool, FormulaError>
    where
        I: Iterator<Item = (&'a str, bool)>,
    {
        match evaluate(&self.root, &processes)? {
            Value::One(truth) => Ok(truth),
            Value::Many { .. } => Err(FormulaError::Unresolved),
        }
    }
}

fn evaluate<'a, I>(node: &Node, processes: &impl Fn() -> I) -> Result<Value, FormulaError>
where
    I: Iterator<Item = (&'a str, bool)>,
{
    match node {
        Node::Leaf(leaf) => look_up(leaf, processes()),
        Node::Call { function, argument } => call(function, argument.as_deref(), processes),
        Node::And(nodes) => bools(nodes, processes).map(|all| Value::One(all.iter().all(|it| *it))),
        Node::Or(nodes) => bools(nodes, processes).map(|all| Value::One(all.iter().any(|it| *it))),
        Node::Not { operand, is_odd } => match evaluate(operand, processes)? {
            Value::One(truth) => Ok(Value::One(truth ^ is_odd)),
            Value::Many { .. } => Err(FormulaError::UnaryOp),
        },
        Node::Unary(name) => Err(FormulaError::UnaryOperator(name)),
        Node::Name(_) => Err(FormulaError::Expression("Name")),
        Node::Other(name) => Err(FormulaError::Expression(name)),
    }
}

/// All are evaluated first: the first error counts, and only then whether one has no truth.
fn bools<'a, I>(nodes: &[Node], processes: &impl Fn() -> I) -> Result<Vec<bool>, FormulaError>
where
    I: Iterator<Item = (&'a str, bool)>,
{
    let values = nodes.iter().map(|node| evaluate(node, processes));
    let values = values.collect::<Result<Vec<_>, _>>()?;
    let truths = values.into_iter().map(|value| match value {
        Value::One(truth) => Ok(truth),
        Value::Many { .. } => Err(FormulaError::BoolOp),
    });
    truths.collect()
}

fn call<'a, I>(
    function: &str,
    argument: Option<&Node>,
    processes: &impl Fn() -> I,
) -> Result<Value, FormulaError>
where
    I: Iterator<Item = (&'a str, bool)>,
{
    let (name, is_any) = match function {
        "any" => ("any", true),
        "all" => ("all", false),
        other => return Err(FormulaError::Function(other.into())),
    };
    let argument = argument.ok_or(FormulaError::NoArgument(name))?;
    Ok(Value::One(match evaluate(argument, processes)? {
        Value::One(truth) => truth,
        Value::Many { any, all } => {
            if is_any {
                any
            } else {
                all
            }
        }
    }))
}

fn look_up<'a>(
    leaf: &Leaf,
    processes: impl Iterator<Item = (&'a str, bool)>,
) -> Result<Value, FormulaError> {
    let (mut count, mut any, mut all) = (0_usize, false, true);
    // an exact name counts although a pattern fails
    let mut failed = leaf.pattern.as_ref().err().cloned();
    for (name, truth) in processes {
        if name == leaf.text {
            return Ok(Value::One(truth));
        }
        match leaf.pattern.as_ref().map(|pattern| pattern.matches(name)) {
            Ok(Ok(true)) => {
                count += 1;
                any |= truth;
                all &= truth;
            }
            Ok(Err(error)) => failed = Some(error),
            Ok(Ok(false)) | Err(_) => {}
        }
    }
    if let Some(error) = failed {
        return Err(FormulaError::Pattern(leaf.text.clone(), error.to_string()));
    }
    match count {
        0 => Err(FormulaError::NoMatch(leaf.text.clone())),
        1 => Ok(Value::One(any)),
        _ => Ok(Value::Many { any, all }),
    }
}
