//! Python's expressions (spec cluster 4.5): all of them are recognized, as what Python refuses is
//! reported when the rules are read, and what has no meaning here when a formula is evaluated.
//! Statements that are no expressions are refused.
//!
//! Only `and`, `or`, `not`, calls and strings are kept. Operators that bind more closely than a
//! comparison have no meaning here, so their order does not matter.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::token::{Token, tokens};
use super::{FormulaError, Leaf};

mod call;
mod display;
mod operator;

/// Expressions inside each other, and a pair of parentheses around one. Python allows 200 pairs,
/// this 65.
const DEPTH: usize = 130;

const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// An expression.
#[derive(Debug)]
pub(super) enum Node {
    /// A string.
    Leaf(Box<Leaf>),
    /// A call; only the first argument by position is kept.
    Call {
        /// Its name; of another expression than a name, what that is.
        function: String,
        /// The first argument that has no name.
        argument: Option<Box<Node>>,
    },
    /// Operands of `and`.
    And(Vec<Node>),
    /// Operands of `or`.
    Or(Vec<Node>),
    /// Any number of `not`.
    Not {
        /// What is negated.
        operand: Box<Node>,
        /// An odd number of times.
        is_odd: bool,
    },
    /// `+`, `-`, `~`.
    Unary(&'static str),
    /// A variable.
    Name(String),
    /// Another expression.
    Other(&'static str),
}

impl Node {
    /// Python's name of the expression.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Leaf(_) => "Constant",
            Self::Call { .. } => "Call",
            Self::And(_) | Self::Or(_) => "BoolOp",
            Self::Not { .. } | Self::Unary(_) => "UnaryOp",
            Self::Name(_) => "Name",
            Self::Other(name) => name,
        }
    }
}

type Parsed<T = Node> = Result<T, FormulaError>;

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// The only expression of a text.
pub(super) fn parse(text: &str) -> Parsed {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let (mut first, mut count) = (None, 0_usize);
    loop {
        while parser.take_token(&Token::Newline) {}
        if parser.take_token(&Token::End) {
            break;
        }
        loop {
            let statement = parser.statement()?;
            first.get_or_insert(statement);
            count += 1;
            let has_next = parser.take(";") && !parser.is_line_end();
            if !has_next {
                break;
            }
        }
        if !parser.is_line_end() {
            return Err(FormulaError::Syntax);
        }
    }
    match (first, count) {
        (Some(node), 1) => Ok(node),
        _ => Err(FormulaError::Statements),
    }
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    fn peek_second(&self) -> &Token {
        self.tokens.get(self.at + 1).unwrap_or(&Token::End)
    }

    fn is_line_end(&self) -> bool {
        matches!(self.peek(), Token::Newline | Token::End)
    }

    fn take_token(&mut self, token: &Token) -> bool {
        let is_it = self.peek() == token;
        self.at += usize::from(is_it);
        is_it
    }

    fn is(&self, mark: &str) -> bool {
        matches!(self.peek(), Token::Mark(it) if *it == mark)
    }

    fn take(&mut self, mark: &str) -> bool {
        let is_it = self.is(mark);
        self.at += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, mark: &str) -> Parsed<()> {
        self.take(mark).then_some(()).ok_or(FormulaError::Syntax)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Name(it) if it == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is_it = self.is_word(word);
        self.at += usize::from(is_it);
        is_it
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        self.take_word(word)
            .then_some(())
            .ok_or(FormulaError::Syntax)
    }

    /// A name that is no keyword.
    fn identifier(&mut self) -> Parsed<String> {
        match self.peek() {
            Token::Name(name) if !KEYWORDS.contains(&name.as_str()) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            Token::Name(_)
            | Token::Number
            | Token::Text(_)
            | Token::Bytes
            | Token::Formatted
            | Token::Mark(_)
            | Token::Newline
            | Token::End => Err(FormulaError::Syntax),
        }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(FormulaError::Syntax);
        }
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn statement(&mut self) -> Parsed {
        if self.is_word("yield") {
            return self.yielded();
        }
        self.list(|_| false)
    }

    /// One expression, or a tuple of several without parentheses.
    fn list(&mut self, is_end: impl Fn(&Self) -> bool) -> Parsed {
        let first = self.starred(Self::expression)?;
        if !self.is(",") {
            return Ok(first);
        }
        while self.take(",") {
            let is_end = self.is_line_end() || self.is_closing() || is_end(self);
            if is_end || self.is(";") {
                break;
            }
            self.starred(Self::expression)?;
        }
        Ok(Node::Other("Tuple"))
    }

    fn is_closing(&self) -> bool {
        matches!(self.peek(), Token::Mark(")" | "]" | "}" | "=" | ":"))
    }

    /// An expression, or `*` and something that it unpacks.
    fn starred(&mut self, parse: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.take("*") {
            self.binary()?;
            return Ok(Node::Other("Starred"));
        }
        parse(self)
    }

    fn yielded(&mut self) -> Parsed {
        self.expect_word("yield")?;
        if self.take_word("from") {
            self.expression()?;
            return Ok(Node::Other("YieldFrom"));
        }
        if !self.is_line_end() && !self.is_closing() && !self.is(";") {
            self.list(|_| false)?;
        }
        Ok(Node::Other("Yield"))
    }

    /// Whether `name := expression` follows.
    fn is_named(&self) -> bool {
        *self.peek_second() == Token::Mark(":=")
    }

    /// An expression, or `name := expression`.
    fn named(&mut self) -> Parsed {
        if self.is_named() && self.identifier().is_ok() {
            self.at += 1;
            self.expression()?;
            return Ok(Node::Other("NamedExpr"));
        }
        self.expression()
    }

    fn expression(&mut self) -> Parsed {
        self.deeper(|parser| {
            if parser.take_word("lambda") {
                parser.parameters()?;
                parser.expect(":")?;
                parser.expression()?;
                return Ok(Node::Other("Lambda"));
            }
            let body = parser.disjunction()?;
            if !parser.take_word("if") {
                return Ok(body);
            }
            parser.disjunction()?;
            parser.expect_word("else")?;
            parser.expression()?;
            Ok(Node::Other("IfExp"))
        })
    }

    fn primary(&mut self) -> Parsed {
        let mut node = self.atom()?;
        loop {
            if self.take(".") {
                self.identifier()?;
                node = Node::Other("Attribute");
            } else if self.take("(") {
                let argument = self.arguments()?.map(Box::new);
                let function = if let Node::Name(name) = node {
                    name
                } else {
                    node.kind().into()
                };
                node = Node::Call { function, argument };
            } else if self.take("[") {
                self.subscript()?;
                node = Node::Other("Subscript");
            } else {
                return Ok(node);
            }
        }
    }

    fn atom(&mut self) -> Parsed {
        match self.peek() {
            Token::Name(name) if matches!(name.as_str(), "True" | "False" | "None") => {
                self.at += 1;
                Ok(Node::Other("Constant"))
            }
            Token::Name(_) => self.identifier().map(Node::Name),
            Token::Number | Token::Mark("...") => {
                self.at += 1;
                Ok(Node::Other("Constant"))
            }
            Token::Text(_) | Token::Bytes | Token::Formatted => self.strings(),
            Token::Mark("(") => self.parenthesized(),
            Token::Mark("[") => self.bracketed(),
            Token::Mark("{") => self.braced(),
            Token::Mark(_) | Token::Newline | Token::End => Err(FormulaError::Syntax),
        }
    }

    /// Strings behind each other are one.
    fn strings(&mut self) -> Parsed {
        let mut text = String::new();
        let (mut has_bytes, mut has_text, mut is_formatted) = (false, false, false);
        loop {
            match self.peek() {
                Token::Text(part) => {
                    text.push_str(part);
                    has_text = true;
                }
                Token::Formatted => {
                    has_text = true;
                    is_formatted = true;
                }
                Token::Bytes => has_bytes = true,
                Token::Name(_) | Token::Number | Token::Mark(_) | Token::Newline | Token::End => {
                    break;
                }
            }
            self.at += 1;
        }
        match (has_bytes, has_text, is_formatted) {
            (true, true, _) => Err(FormulaError::Syntax),
            (true, false, _) => Ok(Node::Other("Constant")),
            (false, _, true) => Ok(Node::Other("JoinedStr")),
            (false, _, false) => Ok(Node::Leaf(Box::new(Leaf::new(text)))),
        }
    }
}
