//! Elements, read by serde-xml-rs as the schema says.
//!
//! One visitor serves all elements: derived types would let pass attributes of elements that have
//! text only, and could not say where something is wrong.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_xml_rs::SerdeXml;

use super::Fault;
use super::scan;
use super::schema::{ROOT, Shape};

/// One element.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) shape: &'static Shape,
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) name: Option<String>,
    pub(super) pattern: Option<String>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

/// Where the reader is. serde's errors know no place, so it is kept here.
struct Walk {
    lines: Vec<usize>,
    /// Elements that have begun.
    begun: Cell<usize>,
    fault: RefCell<Option<Fault>>,
}

impl Walk {
    /// The line of the element that begins next.
    fn next_line(&self) -> usize {
        self.lines.get(self.begun.get()).copied().unwrap_or(0)
    }

    fn fail<T, E: Error>(&self, line: usize, reason: String) -> Result<T, E> {
        let error = E::custom(&reason);
        *self.fault.borrow_mut() = Some(Fault::at(line, reason));
        Err(error)
    }
}

/// Reads the root element; `lines` are those of all elements.
pub(super) fn read(bytes: &[u8], lines: Vec<usize>) -> Result<Element, Fault> {
    let walk = Walk {
        lines,
        begun: Cell::new(0),
        fault: RefCell::new(None),
    };
    let config = SerdeXml::new().parser(scan::config());
    let mut deserializer = serde_xml_rs::Deserializer::from_config(config, bytes);
    let seed = Seed {
        shape: &ROOT,
        walk: &walk,
    };
    seed.deserialize(&mut deserializer).map_err(|error| {
        let fault = walk.fault.take();
        fault.unwrap_or_else(|| Fault::at(walk.next_line(), error.to_string()))
    })
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    shape: &'static Shape,
    walk: &'a Walk,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Element;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Element, D::Error> {
        deserializer.deserialize_struct(self.shape.name, &[], self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Element;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an element {}", self.shape.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Element, A::Error> {
        let line = self.walk.next_line();
        self.walk.begun.set(self.walk.begun.get() + 1);
        let mut element = Element {
            shape: self.shape,
            line,
            name: None,
            pattern: None,
            text: String::new(),
            children: Vec::new(),
        };
        while let Some(key) = map.next_key::<String>()? {
            if let Some(attribute) = key.strip_prefix('@') {
                let value = map.next_value()?;
                self.attribute(&mut element, attribute, value)?;
            } else if key == "#text" {
                let text: String = map.next_value()?;
                if !self.shape.has_text && !text.chars().all(is_blank) {
                    let name = self.shape.name;
                    let reason = format!("{name} must not have text: {:?}", text.trim());
                    return self.walk.fail(line, reason);
                }
                element.text.push_str(&text);
            } else {
                let shape = self.child(&element, &key)?;
                let walk = self.walk;
                let child = map.next_value_seed(Seed { shape, walk })?;
                element.children.push(child);
            }
        }
        if self.shape.needs_name && element.name.is_none() {
            let reason = format!("{} must have the attribute name", self.shape.name);
            return self.walk.fail(line, reason);
        }
        Ok(element)
    }
}

impl Seed<'_> {
    fn attribute<E: Error>(self, to: &mut Element, name: &str, value: String) -> Result<(), E> {
        // the scan let pass those of the schema's own namespace
        if name.contains(':') {
            return Ok(());
        }
        if !self.shape.attributes.contains(&name) {
            let reason = format!("unknown attribute {name} of {}", self.shape.name);
            return self.walk.fail(to.line, reason);
        }
        match name {
            "name" => to.name = Some(value),
            _ => to.pattern = Some(value),
        }
        Ok(())
    }

    /// The shape of a child that begins next.
    fn child<E: Error>(self, element: &Element, name: &str) -> Result<&'static Shape, E> {
        let line = self.walk.next_line();
        let mut shapes = self.shape.children.iter();
        let Some(shape) = shapes.find(|shape| shape.name == name) else {
            let reason = format!("unknown element {name} in {}", self.shape.name);
            return self.walk.fail(line, reason);
        };
        let mut others = element.children.iter();
        if self.shape.once && others.any(|child| child.shape.name == name) {
            let reason = format!("{} has {name} more than once", self.shape.name);
            return self.walk.fail(line, reason);
        }
        Ok(shape)
    }
}

/// White space of XML.
pub(super) const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
