//! XML as far as XML-RPC needs it: a pull reader that refuses what is not well-formed.
//!
//! The event reader of quick-xml finds the markup; it is fast, does not recurse and is
//! lenient about much. What a conforming parser (the original's is expat) refuses besides is
//! refused here: characters XML cannot carry, bad names and attributes, a second root, text
//! outside the root, `]]>` in text, undefined entities. A DOCTYPE is refused altogether
//! (spec interfaces 2.1), so no entity is ever expanded.

use std::borrow::Cow;

use quick_xml::Reader as Events;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use crate::element::{Document, Kind};
use crate::error::DecodeError;
use crate::scan;

/// What comes next in a document.
pub(crate) enum Token<'a> {
    /// A start tag.
    Open(Kind),
    /// An element without content.
    Empty(Kind),
    /// The end tag of the innermost open element (names are checked here).
    Close,
    /// Text, a piece at a time: neighbouring pieces belong together.
    Text(Cow<'a, str>),
    /// The end of a well-formed document.
    End,
}

/// Reads one document.
pub(crate) struct Reader<'a> {
    events: Events<&'a [u8]>,
    document: Document,
    /// Elements open now.
    open: usize,
    /// Whether the root element has begun.
    rooted: bool,
    /// Whether anything at all was read.
    begun: bool,
    /// Where an `xmlns` attribute changed the default namespace: the depth, and whether
    /// elements inside belong to a foreign one.
    namespaces: Vec<(usize, bool)>,
}

impl<'a> Reader<'a> {
    /// A reader of `body`. The encoding is UTF-8 whatever the declaration says, and a byte
    /// order mark is skipped, by quick-xml (spec interfaces 2.1).
    pub(crate) fn new(body: &'a [u8], document: Document) -> Result<Self, DecodeError> {
        let text =
            std::str::from_utf8(body).map_err(|_| DecodeError::malformed("body is not UTF-8"))?;
        // A reply of the original carries control characters raw (difference Q3): reading them
        // helps, and only a client does.
        if document == Document::Call && scan::position(body, doubtful).is_some() {
            require(text.chars().all(is_xml), "a character XML cannot carry")?;
        }
        let mut events = Events::from_str(text);
        let config = events.config_mut();
        config.check_comments = true;
        Ok(Self {
            events,
            document,
            open: 0,
            rooted: false,
            begun: false,
            namespaces: Vec::new(),
        })
    }

    /// The next token. After [`Token::End`] or an error there is nothing more to ask for.
    pub(crate) fn next(&mut self) -> Result<Token<'a>, DecodeError> {
        loop {
            let event = self
                .events
                .read_event()
                .map_err(|error| DecodeError::Malformed(error.to_string().into()))?;
            let first = !std::mem::replace(&mut self.begun, true);
            match event {
                Event::Start(tag) => {
                    let kind = self.enter(&tag)?;
                    return Ok(Token::Open(kind));
                }
                Event::Empty(tag) => {
                    let kind = self.enter(&tag)?;
                    self.leave();
                    return Ok(Token::Empty(kind));
                }
                Event::End(_) => {
                    self.leave();
                    return Ok(Token::Close);
                }
                Event::Text(text) => {
                    if let Some(token) = self.text(text.xml10_content())? {
                        return Ok(token);
                    }
                }
                Event::CData(text) => {
                    require(self.open > 0, "CDATA outside the root element")?;
                    return Ok(Token::Text(text.xml10_content()));
                }
                Event::GeneralRef(reference) => {
                    require(self.open > 0, "reference outside the root element")?;
                    return Ok(Token::Text(self.resolve(&reference)?));
                }
                Event::Comment(_) => {}
                Event::PI(instruction) => check_target(instruction.target())?,
                Event::Decl(declaration) => {
                    require(first, "XML declaration not at the beginning")?;
                    check_declaration(&declaration)?;
                }
                Event::DocType(_) => {
                    return Err(DecodeError::malformed("document type declarations"));
                }
                Event::Eof => return self.end(),
            }
        }
    }

    fn enter(&mut self, tag: &BytesStart<'_>) -> Result<Kind, DecodeError> {
        let is_second = self.open == 0 && std::mem::replace(&mut self.rooted, true);
        require(!is_second, "more than one root element")?;
        self.open += 1;
        let name = tag.name();
        let mut kind = Kind::of(name.as_ref(), self.document);
        if kind == Kind::Other {
            check_name(name.as_ref())?;
        }
        if !tag.attributes_raw().is_empty() {
            self.attributes(tag)?;
        }
        if self.namespaces.last().is_some_and(|&(_, foreign)| foreign) {
            kind = Kind::Other;
        }
        Ok(kind)
    }

    fn leave(&mut self) {
        if self
            .namespaces
            .last()
            .is_some_and(|&(open, _)| open == self.open)
        {
            self.namespaces.pop();
        }
        // quick-xml has refused an end tag without its start tag
        self.open = self.open.saturating_sub(1);
    }

    fn attributes(&mut self, tag: &BytesStart<'_>) -> Result<(), DecodeError> {
        for attribute in tag.attributes() {
            let attribute =
                attribute.map_err(|error| DecodeError::Malformed(error.to_string().into()))?;
            let name = attribute.key.as_ref();
            check_name(name)?;
            let value: &str = &attribute.value;
            let plain = quick_xml::escape::unescape(value);
            let is_good = plain.is_ok_and(|plain| plain.chars().all(is_xml));
            require(is_good && !value.contains('<'), "bad attribute value")?;
            if name == "xmlns" {
                self.namespaces.push((self.open, !value.is_empty()));
            }
        }
        Ok(())
    }

    fn text(&self, text: Cow<'a, str>) -> Result<Option<Token<'a>>, DecodeError> {
        if self.open == 0 {
            let blank = text.bytes().all(|byte| b" \t\r\n".contains(&byte));
            return require(blank, "text outside the root element").map(|()| None);
        }
        // asked first because it is quick, and text with > is rare
        let ends_cdata = text.as_bytes().contains(&b'>') && text.contains("]]>");
        require(!ends_cdata, "]]> in text")?;
        Ok(Some(Token::Text(text)))
    }

    fn resolve(&self, reference: &BytesRef<'a>) -> Result<Cow<'a, str>, DecodeError> {
        let Ok(character) = reference.resolve_char_ref() else {
            return Err(DecodeError::malformed("bad character reference"));
        };
        if let Some(character) = character {
            let is_allowed = self.document == Document::Reply || is_xml(character);
            require(is_allowed, "reference to a character XML lacks")?;
            return Ok(Cow::Owned(character.to_string()));
        }
        resolve_predefined_entity(reference)
            .map(Cow::Borrowed)
            .ok_or(DecodeError::malformed("undefined entity"))
    }

    fn end(&self) -> Result<Token<'a>, DecodeError> {
        require(self.rooted, "no root element")?;
        require(self.open == 0, "ends inside an element")?;
        Ok(Token::End)
    }
}

fn require(holds: bool, otherwise: &'static str) -> Result<(), DecodeError> {
    holds.then_some(()).ok_or(DecodeError::malformed(otherwise))
}

/// A byte that may belong to a character XML cannot carry: 0xEF begins U+FFFE and U+FFFF.
const fn doubtful(byte: u8) -> bool {
    (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r') | (byte == 0xef)
}

/// Whether XML 1.0 can carry the character at all.
pub(crate) const fn is_xml(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    }
}

/// Refuses what is no XML name, or has more than one prefix.
fn check_name(name: &str) -> Result<(), DecodeError> {
    // nearly all names, `methodCall` among them
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(());
    }
    let goes_on = |c: char| starts_name(c) || goes_on_in_name(c);
    let (prefix, local) = name.split_once(':').unwrap_or(("_", name));
    let good = |part: &str| part.starts_with(starts_name) && part.chars().all(goes_on);
    require(good(prefix) && good(local), "bad name")
}

/// `NameStartChar` of XML 1.0, but for the colon.
const fn starts_name(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}'
        | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// What `NameChar` has beyond that.
const fn goes_on_in_name(c: char) -> bool {
    matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

fn check_target(target: &str) -> Result<(), DecodeError> {
    let is_reserved = target.eq_ignore_ascii_case("xml") || target.contains(':');
    require(!is_reserved, "bad processing instruction")?;
    check_name(target)
}

/// `version`, then perhaps `encoding`, then perhaps `standalone`; any version and any
/// encoding will do, as in the original.
fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), DecodeError> {
    const BAD: &str = "bad XML declaration";
    let text: &str = declaration;
    let tag = BytesStart::from_content(text, "xml".len());
    let mut expected = ["version", "encoding", "standalone"].iter();
    let mut versioned = false;
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| DecodeError::malformed(BAD))?;
        let (name, value) = (attribute.key.as_ref(), attribute.value.as_ref());
        let fits = match name {
            "version" => value.bytes().all(is_version) && !value.is_empty(),
            "encoding" => {
                value.starts_with(|c: char| c.is_ascii_alphabetic())
                    && value.bytes().all(is_version)
            }
            _ => matches!(value, "yes" | "no"),
        };
        require(fits && expected.any(|&other| other == name), BAD)?;
        versioned |= name == "version";
    }
    require(versioned, BAD)
}

const fn is_version(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}
