//! Is it XML, and within limits? All that is wrong with a file as such is found here, with line
//! and column.

use xml::ParserConfig;
use xml::attribute::OwnedAttribute;
use xml::common::Position as _;
use xml::name::OwnedName;
use xml::reader::XmlEvent;

use super::Fault;
use super::schema::ROOT;

/// Elements inside each other; the schema has five.
const DEPTH: usize = 8;

/// Elements of a file.
const ELEMENTS: usize = 100_000;

/// Bytes of a text or attribute, and of all of a file, entities expanded.
const TEXT: usize = 1 << 20;
const ALL_TEXT: usize = 8 << 20;

/// Where documents say which schema they have.
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// How both passes read.
pub(super) fn config() -> ParserConfig {
    ParserConfig::new()
        .whitespace_to_characters(true)
        .cdata_to_characters(true)
        .allow_multiple_root_elements(false)
        .max_entity_expansion_length(1 << 16)
        .max_entity_expansion_depth(4)
        .max_name_length(256)
        .max_attributes(16)
        .max_attribute_length(1 << 16)
        .max_data_length(TEXT)
}

#[derive(Default)]
struct Scan {
    /// Of each element, in the order in which they begin.
    lines: Vec<usize>,
    depth: usize,
    text: usize,
}

/// The line of each element, in the order in which they begin.
pub(super) fn scan(bytes: &[u8]) -> Result<Vec<usize>, Fault> {
    let mut reader = config().create_reader(bytes);
    let mut scan = Scan::default();
    loop {
        let event = reader.next();
        let place = reader.position();
        let number = |number: u64| usize::try_from(number).map_or(usize::MAX, |it| it + 1);
        let line = number(place.row());
        let checked = match event {
            Ok(XmlEvent::EndDocument) => return Ok(scan.lines),
            Ok(event) => scan.step(&event, line),
            Err(error) => {
                let place = error.position();
                let text = error.to_string();
                let reason = text.strip_prefix(&format!("{place} ")).unwrap_or(&text);
                return Err(Fault {
                    line: Some(number(place.row())),
                    column: Some(number(place.column())),
                    reason: format!("it is not valid XML: {reason}"),
                });
            }
        };
        checked.map_err(|reason| Fault::at(line, reason))?;
    }
}

impl Scan {
    fn step(&mut self, event: &XmlEvent, line: usize) -> Result<(), String> {
        match event {
            XmlEvent::StartElement {
                name, attributes, ..
            } => {
                self.depth += 1;
                self.lines.push(line);
                self.element(name, attributes)
            }
            XmlEvent::EndElement { .. } => {
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            XmlEvent::Characters(text) | XmlEvent::CData(text) => self.count(text.len()),
            XmlEvent::StartDocument { .. }
            | XmlEvent::EndDocument
            | XmlEvent::ProcessingInstruction { .. }
            | XmlEvent::Comment(_)
            | XmlEvent::Whitespace(_) => Ok(()),
            XmlEvent::Doctype { syntax } => doctype(syntax),
        }
    }

    fn element(&mut self, name: &OwnedName, attributes: &[OwnedAttribute]) -> Result<(), String> {
        if self.depth > DEPTH {
            return Err(format!("more than {DEPTH} elements are inside each other"));
        }
        if self.lines.len() > ELEMENTS {
            return Err(format!("it has more than {ELEMENTS} elements"));
        }
        if name.namespace.is_some() {
            return Err(format!("{} is in a namespace", name.local_name));
        }
        if self.depth == 1 && name.local_name != ROOT.name {
            let (found, root) = (&name.local_name, ROOT.name);
            return Err(format!("the outermost element must be {root}, not {found}"));
        }
        for attribute in attributes {
            let of_schema = attribute.name.namespace.as_deref() == Some(INSTANCE)
                && attribute.name.local_name.ends_with("chemaLocation");
            if attribute.name.namespace.is_some() && !of_schema {
                let attribute = &attribute.name;
                return Err(format!("unknown attribute {attribute}"));
            }
            self.count(attribute.value.len())?;
        }
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), String> {
        self.text = self.text.saturating_add(bytes);
        if self.text > ALL_TEXT {
            return Err(format!("it has more than {ALL_TEXT} bytes of text"));
        }
        Ok(())
    }
}

/// Entities may be declared, but not in another file: the parser would take its name for the text.
fn doctype(text: &str) -> Result<(), String> {
    let (_, subset) = text.split_once('[').unwrap_or_default();
    if subset.contains("SYSTEM") || subset.contains("PUBLIC") {
        return Err("entities of other files are not read".into());
    }
    Ok(())
}
