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
            if parser.is("**") {
                return parser.entries();
            }
            let start = parser.at;
            let first = parser.starred(Self::named)?;
            if parser.is(":") {
                parser.at = start;
                return parser.entries();
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

    fn entries(&mut self) -> Parsed {
        let mut count = 0_usize;
        loop {
            count += 1;
            if self.take("**") {
                self.binary()?;
            } else {
                self.expression()?;
                self.expect(":")?;
                let value = self.expression()?;
                if self.comprehension(&value)? {
                    let is_only = count == 1;
                    let node = is_only.then_some(Node::Other("DictComp"));
                    return node.ok_or(FormulaError::Syntax);
                }
            }
            if !self.take(",") || self.is("}") {
                return Ok(Node::Other("Dict"));
            }
        }
    }

    /// `for ... in ... if ...`, any number of times. Whether there is one.
    pub(super) fn comprehension(&mut self, element: &Node) -> Parsed<bool> {
        let mut is_any = false;
        loop {
            let is_async = self.take_word("async");
            if !self.take_word("for") {
                let is_good = !is_async && !(is_any && element.kind() == "Starred");
                return is_good.then_some(is_any).ok_or(FormulaError::Syntax);
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
