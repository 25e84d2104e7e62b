//! Arguments of calls, parameters of lambdas, subscripts.

use super::{FormulaError, KEYWORDS, Node, Parsed, Parser, Token};

impl Parser {
    /// What follows the `(` of a call: its first argument by position.
    pub(super) fn arguments(&mut self) -> Parsed<Option<Node>> {
        let mut first = None;
        let (mut has_named, mut has_mapping) = (false, false);
        let mut count = 0_usize;
        while !self.take(")") {
            count += 1;
            if self.take("**") {
                self.expression()?;
                has_mapping = true;
            } else if self.is_keyword_argument() {
                self.at += 2;
                self.expression()?;
                has_named = true;
            } else if self.take("*") {
                if has_mapping {
                    return Err(FormulaError::Syntax);
                }
                self.expression()?;
                first.get_or_insert(Node::Other("Starred"));
            } else {
                if has_named || has_mapping {
                    return Err(FormulaError::Syntax);
                }
                let argument = self.named()?;
                if self.comprehension(&argument)? {
                    // a generator without parentheses is the only argument
                    if count > 1 {
                        return Err(FormulaError::Syntax);
                    }
                    self.expect(")")?;
                    return Ok(Some(Node::Other("GeneratorExp")));
                }
                first.get_or_insert(argument);
            }
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(first)
    }

    fn is_keyword_argument(&self) -> bool {
        let is_name =
            matches!(self.peek(), Token::Name(name) if !KEYWORDS.contains(&name.as_str()));
        is_name && *self.peek_second() == Token::Mark("=")
    }

    /// What is between `lambda` and `:`.
    pub(super) fn parameters(&mut self) -> Parsed<()> {
        let mut has_default = false;
        let (mut has_slash, mut has_star) = (false, false);
        let mut count = 0_usize;
        while !self.is(":") {
            count += 1;
            if self.take("**") {
                self.identifier()?;
                self.take(",");
                return self.is(":").then_some(()).ok_or(FormulaError::Syntax);
            }
            if self.take("/") {
                if count == 1 || has_slash || has_star {
                    return Err(FormulaError::Syntax);
                }
                has_slash = true;
            } else if self.take("*") {
                let is_bare = self.identifier().is_err();
                let has_more = matches!(self.peek(), Token::Mark(","))
                    && matches!(self.peek_second(), Token::Name(_));
                if has_star || (is_bare && !has_more) {
                    return Err(FormulaError::Syntax);
                }
                has_star = true;
            } else {
                self.identifier()?;
                if self.take("=") {
                    self.expression()?;
                    has_default = true;
                } else if has_default && !has_star {
                    return Err(FormulaError::Syntax);
                }
            }
            if !self.take(",") {
                break;
            }
        }
        Ok(())
    }

    /// What follows the `[` of a subscript.
    pub(super) fn subscript(&mut self) -> Parsed<()> {
        loop {
            self.slice()?;
            if !self.take(",") {
                return self.expect("]");
            }
            if self.take("]") {
                return Ok(());
            }
        }
    }

    fn slice(&mut self) -> Parsed<()> {
        if self.is("*") {
            self.starred(Self::named)?;
            return Ok(());
        }
        if !self.is(":") {
            self.named()?;
        }
        for _ in 0..2 {
            let is_end = |parser: &Self| parser.is(":") || parser.is(",") || parser.is("]");
            if self.take(":") && !is_end(self) {
                self.expression()?;
            }
        }
        Ok(())
    }
}
