//! Operators, from those that bind least.

use alloc::boxed::Box;
use alloc::vec;

use super::{Node, Parsed, Parser};

impl Parser {
    pub(super) fn disjunction(&mut self) -> Parsed {
        let first = self.conjunction()?;
        if !self.is_word("or") {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.take_word("or") {
            operands.push(self.conjunction()?);
        }
        Ok(Node::Or(operands))
    }

    fn conjunction(&mut self) -> Parsed {
        let first = self.inversion()?;
        if !self.is_word("and") {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.take_word("and") {
            operands.push(self.inversion()?);
        }
        Ok(Node::And(operands))
    }

    fn inversion(&mut self) -> Parsed {
        let mut count = 0_usize;
        while self.take_word("not") {
            count += 1;
        }
        let operand = self.comparison()?;
        if count == 0 {
            return Ok(operand);
        }
        Ok(Node::Not {
            operand: Box::new(operand),
            is_odd: count % 2 == 1,
        })
    }

    fn comparison(&mut self) -> Parsed {
        let first = self.binary()?;
        let mut is_comparison = false;
        while self.comparator()? {
            is_comparison = true;
            self.binary()?;
        }
        Ok(if is_comparison {
            Node::Other("Compare")
        } else {
            first
        })
    }

    fn comparator(&mut self) -> Parsed<bool> {
        if self.take_word("not") {
            self.expect_word("in")?;
            return Ok(true);
        }
        if self.take_word("is") {
            self.take_word("not");
            return Ok(true);
        }
        let marks = ["==", "!=", "<=", ">=", "<", ">"];
        Ok(self.take_word("in") || marks.iter().any(|mark| self.take(mark)))
    }

    /// Operands between arithmetic operators.
    pub(super) fn binary(&mut self) -> Parsed {
        const OPERATORS: [&str; 12] = [
            "+", "-", "*", "/", "//", "%", "@", "&", "|", "^", "<<", ">>",
        ];
        let first = self.unary()?;
        let mut is_operation = false;
        while OPERATORS.iter().any(|mark| self.take(mark)) {
            is_operation = true;
            self.unary()?;
        }
        Ok(if is_operation {
            Node::Other("BinOp")
        } else {
            first
        })
    }

    fn unary(&mut self) -> Parsed {
        let mut outer = None;
        loop {
            let signs = [("+", "UAdd"), ("-", "USub"), ("~", "Invert")];
            let Some((_, name)) = signs.into_iter().find(|(mark, _)| self.take(mark)) else {
                break;
            };
            outer.get_or_insert(name);
        }
        let operand = self.power()?;
        Ok(outer.map_or(operand, Node::Unary))
    }

    fn power(&mut self) -> Parsed {
        let is_awaited = self.take_word("await");
        let primary = self.primary()?;
        if self.take("**") {
            self.deeper(Self::unary)?;
            return Ok(Node::Other("BinOp"));
        }
        Ok(if is_awaited {
            Node::Other("Await")
        } else {
            primary
        })
    }
}
