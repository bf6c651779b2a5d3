//! XMP: an RDF packet with rating, dates, title, description and subjects.

use std::fmt::Write;

/// What a photo manager writes. Empty fields are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Xmp {
    /// `xmp:Rating`, −1 to 5.
    pub rating: Option<i8>,
    /// `xmp:CreateDate`, RFC 3339.
    pub created: String,
    /// `dc:title`.
    pub title: String,
    /// `dc:description`.
    pub description: String,
    /// `dc:subject`.
    pub subjects: Vec<String>,
}

impl Xmp {
    /// The packet, UTF-8, with its processing instructions.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut fields = String::new();
        if let Some(rating) = self.rating {
            let _ = write!(fields, "<xmp:Rating>{rating}</xmp:Rating>");
        }
        if !self.created.is_empty() {
            let _ = write!(fields, "<xmp:CreateDate>{}</xmp:CreateDate>", escaped(&self.created));
        }
        for (name, text) in [("title", &self.title), ("description", &self.description)] {
            if !text.is_empty() {
                let text = escaped(text);
                let _ = write!(
                    fields,
                    "<dc:{name}><rdf:Alt><rdf:li xml:lang=\"x-default\">{text}</rdf:li></rdf:Alt></dc:{name}>"
                );
            }
        }
        if !self.subjects.is_empty() {
            let items: String =
                self.subjects.iter().map(|s| format!("<rdf:li>{}</rdf:li>", escaped(s))).collect();
            let _ = write!(fields, "<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>");
        }
        format!(
            "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
             <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
             <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
             <rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\">{fields}</rdf:Description>\
             </rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>"
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
