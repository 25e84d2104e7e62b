//! What stands in parentheses, brackets and braces.

use super::{FormulaError, Node, Parsed, Parser};

impl Parser {
    /// `(...)`.
    pub(super) fn parenthesized(&mut self) -> Parsed {
        self.expect("(")?;
        if self.take(")") {
            return Ok(Node::Other("Tuple"));
        }
        let node = self.deeper(|parser| {
            if parser.is_word("yield") {
                return parser.yielded();
            }
            let is_unpacked = parser.is("*");
            let first = parser.starred(Self::named)?;
            if parser.comprehension(&first)? {
                return Ok(Node::Other("GeneratorExp"));
            }
            if parser.items(")")? {
                return Ok(Node::Other("Tuple"));
            }
            (!is_unpacked).then_some(first).ok_or(FormulaError::Syntax)
        })?;
        self.expect(")")?;
        Ok(node)
    }

    /// `[...]`.
    pub(super) fn bracketed(&mut self) -> Parsed {
        self.expect("[")?;
        if self.take("]") {
            return Ok(Node::Other("List"));
        }
        let node = self.deeper(|parser| {
            let first = parser.starred(Self::named)?;
            if parser.comprehension(&first)? {
                return Ok(Node::Other("ListComp"));
            }
            parser.items("]")?;
            Ok(Node::Other("List"))
        })?;
        self.expect("]")?;
        Ok(node)
    }

    /// `{...}`.
    pub(super) fn braced(&mut self) -> Parsed {
        self.expect("{")?;
        if self.take("}") {
            return Ok(Node::Other("Dict"));
        }
        let node = self.deeper(|parser| {
            if parser.take("**") {
                parser.binary()?;
                return parser.further_entries();
            }
            let is_key = !parser.is("*") && !parser.is_named();
            let first = parser.starred(Self::named)?;
            if is_key && parser.is(":") {
                return parser.first_value();
            }
            if parser.comprehension(&first)? {
                return Ok(Node::Other("SetComp"));
            }
            parser.items("}")?;
            Ok(Node::Other("Set"))
        })?;
        self.expect("}")?;
        Ok(node)
    }

    /// Further items, each behind a comma. Whether there is a comma.
    fn items(&mut self, end: &str) -> Parsed<bool> {
        let has_comma = self.is(",");
        while self.take(",") && !self.is(end) {
            self.starred(Self::named)?;
        }
        Ok(has_comma)
    }

    /// What follows the first key of a dictionary.
    fn first_value(&mut self) -> Parsed {
        self.expect(":")?;
        let value = self.expression()?;
        if self.comprehension(&value)? {
            return Ok(Node::Other("DictComp"));
        }
        self.further_entries()
    }

    fn further_entries(&mut self) -> Parsed {
        while self.take(",") && !self.is("}") {
            if self.take("**") {
                self.binary()?;
            } else {
                self.expression()?;
                self.expect(":")?;
                self.expression()?;
            }
        }
        Ok(Node::Other("Dict"))
    }

    /// `for ... in ... if ...`, any number of times. Whether there is one.
    pub(super) fn comprehension(&mut self, element: &Node) -> Parsed<bool> {
        let mut is_any = false;
        loop {
            let is_async = self.take_word("async");
            if !self.take_word("for") {
                let is_unpacked = is_any && element.kind() == "Starred";
                if is_async || is_unpacked {
                    return Err(FormulaError::Syntax);
                }
                return Ok(is_any);
            }
            is_any = true;
            self.target()?;
            self.expect_word("in")?;
            self.disjunction()?;
            while self.take_word("if") {
                self.disjunction()?;
            }
        }
    }

    /// What a `for` assigns to.
    fn target(&mut self) -> Parsed<()> {
        loop {
            self.take("*");
            let node = self.binary()?;
            let is_good = matches!(
                node.kind(),
                "Name" | "Attribute" | "Subscript" | "Tuple" | "List"
            );
            if !is_good {
                return Err(FormulaError::Syntax);
            }
            if !self.take(",") || self.is_word("in") {
                return Ok(());
            }
        }
    }
}
