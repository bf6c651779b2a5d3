//! XMP: title, description, keywords, rating and dates from an RDF packet.
//!
//! Only what stands directly in `rdf:RDF / rdf:Description` counts, so that the history or the ingredients of a picture
//! are not taken for the picture. Names are compared by namespace URI, never by prefix. Document types and entities are
//! not expanded.

use quick_xml::{
    XmlVersion,
    events::{BytesStart, Event},
    name::{NamespaceError, NamespaceResolver, ResolveResult},
    reader::NsReader,
};
use serde::{Deserialize, Serialize};

use super::{
    Error, Extracted,
    charset::{self, ByteOrder},
    moment::Moment,
};

/// Largest packet read, in bytes.
pub const MAX_XMP_BYTES: usize = 1 << 20;
/// Deepest nesting of elements read.
pub const MAX_XMP_DEPTH: usize = 64;
/// Most entries of `dc:subject` read.
pub const MAX_XMP_SUBJECTS: usize = 512;
/// Longest single value kept, in bytes; longer ones are cut.
pub const MAX_XMP_VALUE_BYTES: usize = 64 << 10;
/// Most namespace bindings in scope at once; looking up a prefix goes through them all.
const MAX_NAMESPACES: usize = 64;

/// What an XMP packet says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Xmp {
    /// `dc:title`, in the default language.
    pub title: Option<String>,
    /// `dc:description`, in the default language.
    pub description: Option<String>,
    /// `dc:subject`: keywords.
    pub subjects: Vec<String>,
    /// `xmp:Rating`: −1 (rejected), 0 (unrated), 1 to 5.
    pub rating: Option<i8>,
    /// `xmp:CreateDate`, or failing that `photoshop:DateCreated`.
    pub created_at: Option<Moment>,
    /// `xmp:CreatorTool`: the program.
    pub creator_tool: Option<String>,
}

/// Reads an XMP packet.
///
/// Total: of a packet that breaks off, what stood before is there.
#[must_use]
pub fn read(packet: &[u8]) -> Extracted<Xmp> {
    let mut walk = Walk::default();
    if packet.len() > MAX_XMP_BYTES {
        walk.out.note(Error::too_big("the XMP packet", MAX_XMP_BYTES));
        return walk.out;
    }
    let text = decode(packet);
    let mut reader = NsReader::from_str(&text);
    reader.resolver_mut().set_max_namespace_bindings(MAX_NAMESPACES);
    let mut entity_noted = false;
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                walk.out.note(foreign(&error));
                break;
            }
        };
        match event {
            Event::Start(element) => {
                if let Err(error) = walk.open(&element, reader.resolver()) {
                    walk.out.note(error);
                    break;
                }
            }
            // The resolver still holds an empty element's own namespaces when its event is returned.
            Event::Empty(element) => match walk.open(&element, reader.resolver()) {
                Ok(()) => walk.close(),
                Err(error) => {
                    walk.out.note(error);
                    break;
                }
            },
            Event::End(_) => walk.close(),
            Event::Text(text) => walk.text(&text),
            Event::CData(text) => walk.text(&text),
            Event::GeneralRef(reference) => match resolve(&reference) {
                Some(c) => walk.text(c.encode_utf8(&mut [0; 4])),
                None => note_entity(&mut walk.out, &mut entity_noted),
            },
            Event::DocType(_) => note_entity(&mut walk.out, &mut entity_noted),
            Event::Eof => {
                if !walk.open.is_empty() {
                    walk.out.note(Error::truncated("the XMP packet", packet.len()));
                }
                break;
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    walk.finish()
}

fn foreign(error: &quick_xml::Error) -> Error {
    match error {
        quick_xml::Error::Namespace(NamespaceError::TooManyBindings(_)) => {
            Error::TooMany { what: "XMP namespaces", limit: MAX_NAMESPACES }
        }
        // The parser repeats names of any length.
        other => Error::malformed(
            "the XMP packet",
            charset::cut(&charset::clean(&other.to_string()), 200).to_owned(),
        ),
    }
}

fn note_entity(out: &mut Extracted<Xmp>, noted: &mut bool) {
    if !std::mem::replace(noted, true) {
        out.note(Error::Entity);
    }
}

/// The character a reference stands for; `None` for everything a document type would have to define.
fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

fn decode(packet: &[u8]) -> String {
    // Control characters go later, from the values: taken out here they could join what they keep apart.
    match packet {
        [0xFE, 0xFF, ..] | [0, b'<', ..] => charset::utf16(packet, ByteOrder::Big),
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => charset::utf16(packet, ByteOrder::Little),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(packet).into_owned(),
    }
}

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const DC: &str = "http://purl.org/dc/elements/1.1/";
const XMP: &str = "http://ns.adobe.com/xap/1.0/";
const PHOTOSHOP: &str = "http://ns.adobe.com/photoshop/1.0/";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// The properties that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Property {
    Title,
    Description,
    Subject,
    Rating,
    CreateDate,
    DateCreated,
    CreatorTool,
}

impl Property {
    fn named(namespace: &str, local: &str) -> Option<Self> {
        match (namespace, local) {
            (DC, "title") => Some(Self::Title),
            (DC, "description") => Some(Self::Description),
            (DC, "subject") => Some(Self::Subject),
            (XMP, "Rating") => Some(Self::Rating),
            (XMP, "CreateDate") => Some(Self::CreateDate),
            (PHOTOSHOP, "DateCreated") => Some(Self::DateCreated),
            (XMP, "CreatorTool") => Some(Self::CreatorTool),
            _ => None,
        }
    }
}

/// What an open element is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Rdf,
    /// `rdf:Description` directly in `rdf:RDF`.
    Description,
    /// A property directly in such a description.
    Property(Property),
    /// `rdf:Alt`, `rdf:Bag` or `rdf:Seq` of a property.
    List(Property),
    /// `rdf:li` of such a list.
    Item(Property),
    Other,
}

/// How well a language alternative serves: the default one, the first, any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Language {
    Other,
    Default,
}

#[derive(Default)]
struct Walk {
    out: Extracted<Xmp>,
    open: Vec<Element>,
    /// Text of the property or item that is open.
    value: String,
    language: Option<Language>,
    /// Languages of the title and description kept so far.
    title_language: Option<Language>,
    description_language: Option<Language>,
    date_created: Option<Moment>,
}

impl Walk {
    fn open(&mut self, start: &BytesStart<'_>, resolver: &NamespaceResolver) -> Result<(), Error> {
        if self.open.len() >= MAX_XMP_DEPTH {
            return Err(Error::Loop { what: "an XMP element" });
        }
        let (namespace, local) = resolver.resolve_element(start.name());
        let (namespace, local) = (uri(&namespace), local.into_inner());
        let element = match (self.open.last(), namespace, local) {
            (Some(Element::Rdf), RDF, "Description") => Element::Description,
            (Some(Element::Description), namespace, local) => {
                Property::named(namespace, local).map_or(Element::Other, Element::Property)
            }
            (Some(&Element::Property(property)), RDF, "Alt" | "Bag" | "Seq") => Element::List(property),
            (Some(&Element::List(property)), RDF, "li") => Element::Item(property),
            (None | Some(Element::Other), RDF, "RDF") => Element::Rdf,
            _ => Element::Other,
        };
        match element {
            Element::Description => self.attributes(start, resolver),
            Element::Property(_) | Element::Item(_) => {
                self.value.clear();
                self.language = Some(language_of(start, resolver));
            }
            Element::Rdf | Element::List(_) | Element::Other => {}
        }
        self.open.push(element);
        Ok(())
    }

    /// The short form: simple properties as attributes of their description.
    fn attributes(&mut self, start: &BytesStart<'_>, resolver: &NamespaceResolver) {
        for attribute in start.attributes().with_checks(false) {
            let Ok(attribute) = attribute else {
                return self.out.note(Error::malformed(
                    "the XMP packet",
                    "an attribute is not of the form name=\"value\"",
                ));
            };
            let (namespace, local) = resolver.resolve_attribute(attribute.key);
            let Some(property) = Property::named(uri(&namespace), local.into_inner()) else { continue };
            match attribute.normalized_value(XmlVersion::Implicit1_0) {
                Ok(value) => self.set(property, &value, Language::Other),
                Err(_) => self.out.note(Error::Entity),
            }
        }
    }

    fn text(&mut self, text: &str) {
        if matches!(self.open.last(), Some(Element::Property(_) | Element::Item(_))) {
            let room = MAX_XMP_VALUE_BYTES.saturating_sub(self.value.len());
            self.value.push_str(charset::cut(text, room));
        }
    }

    fn close(&mut self) {
        if let Some(Element::Property(property) | Element::Item(property)) = self.open.pop() {
            let value = std::mem::take(&mut self.value);
            let language = self.language.take().unwrap_or(Language::Other);
            self.set(property, &value, language);
        }
    }

    /// Takes a value. The first one counts, but a default language comes before every other.
    fn set(&mut self, property: Property, value: &str, language: Language) {
        let value = charset::clean(value);
        if value.is_empty() {
            return;
        }
        let out = &mut self.out.value;
        match property {
            Property::Title => keep(&mut out.title, &mut self.title_language, value, language),
            Property::Description => {
                keep(&mut out.description, &mut self.description_language, value, language)
            }
            Property::Subject if out.subjects.len() < MAX_XMP_SUBJECTS => out.subjects.push(value),
            Property::Subject => {
                let too_many = Error::TooMany { what: "XMP keywords", limit: MAX_XMP_SUBJECTS };
                if !self.out.errors.contains(&too_many) {
                    self.out.note(too_many);
                }
            }
            Property::Rating => self.rating(&value),
            Property::CreateDate => out.created_at = out.created_at.or_else(|| Moment::from_iso(&value)),
            Property::DateCreated => {
                self.date_created = self.date_created.or_else(|| Moment::from_iso(&value))
            }
            Property::CreatorTool => {
                out.creator_tool.get_or_insert(value);
            }
        }
    }

    /// Programs write `3`, `3.0` and `3.00`.
    fn rating(&mut self, text: &str) {
        match text.parse::<f64>().map(f64::round) {
            Ok(stars) if (-1.0..=5.0).contains(&stars) => {
                self.out.value.rating.get_or_insert(stars as i8);
            }
            _ => {
                let value = charset::cut(text, 40).to_owned();
                self.out.note(Error::OutOfRange { field: "the XMP rating", value, allowed: "-1 to 5" });
            }
        }
    }

    fn finish(mut self) -> Extracted<Xmp> {
        self.out.value.created_at = self.out.value.created_at.or(self.date_created);
        self.out
    }
}

fn keep(slot: &mut Option<String>, kept: &mut Option<Language>, value: String, language: Language) {
    if kept.is_none_or(|kept| language > kept) {
        *slot = Some(value);
        *kept = Some(language);
    }
}

fn uri<'a>(namespace: &'a ResolveResult<'_>) -> &'a str {
    match namespace {
        ResolveResult::Bound(namespace) => namespace.into_inner(),
        ResolveResult::Unbound | ResolveResult::Unknown(_) => "",
    }
}

fn language_of(start: &BytesStart<'_>, resolver: &NamespaceResolver) -> Language {
    let is_default = start.attributes().with_checks(false).flatten().any(|attribute| {
        let (namespace, local) = resolver.resolve_attribute(attribute.key);
        uri(&namespace) == XML && local.into_inner() == "lang" && attribute.value == "x-default"
    });
    if is_default { Language::Default } else { Language::Other }
}

#[cfg(test)]
#[path = "xmp_tests.rs"]
mod tests;
