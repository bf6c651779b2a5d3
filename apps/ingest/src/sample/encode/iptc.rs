//! IPTC-IIM records inside a Photoshop resource block, as JPEG's APP13 carries them.

/// What a newsroom writes. Empty fields are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Iptc {
    /// 2:105.
    pub headline: String,
    /// 2:120.
    pub caption: String,
    /// 2:80.
    pub by_line: String,
    /// 2:25, one record each.
    pub keywords: Vec<String>,
}

impl Iptc {
    /// The APP13 body: `Photoshop 3.0`, one `8BIM` resource 0x0404 with UTF-8 records.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // 1:90 says that the text is UTF-8.
        let mut records = record(1, 90, b"\x1b%G");
        for keyword in &self.keywords {
            records.extend(record(2, 25, keyword.as_bytes()));
        }
        for (number, text) in [(80, &self.by_line), (105, &self.headline), (120, &self.caption)] {
            if !text.is_empty() {
                records.extend(record(2, number, text.as_bytes()));
            }
        }
        let mut body = b"Photoshop 3.0\08BIM\x04\x04\0\0".to_vec();
        body.extend((records.len() as u32).to_be_bytes());
        body.extend(&records);
        body.resize(body.len() + records.len() % 2, 0);
        body
    }
}

fn record(set: u8, number: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x1C, set, number];
    bytes.extend((data.len() as u16).to_be_bytes());
    bytes.extend(data);
    bytes
}
