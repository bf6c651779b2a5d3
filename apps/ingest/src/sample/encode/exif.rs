//! EXIF: a little-endian TIFF structure with the main, EXIF and GPS directories.

/// What a camera (or a generator) writes into a picture. Empty fields are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exif {
    /// Maker of the camera.
    pub make: String,
    /// The camera.
    pub model: String,
    /// The lens.
    pub lens: String,
    /// Program that wrote the file.
    pub software: String,
    /// `YYYY:MM:DD HH:MM:SS`, local time of the shot.
    pub taken: String,
    /// 1–8; 0 leaves it out.
    pub orientation: u16,
    /// Seconds as a fraction; a zero denominator leaves it out.
    pub exposure: (u32, u32),
    /// f-number times ten; 0 leaves it out.
    pub aperture_tenths: u32,
    /// ISO speed; 0 leaves it out.
    pub iso: u16,
    /// Focal length in mm; 0 leaves it out.
    pub focal_length: u32,
    /// Latitude and longitude in degrees, north and east positive.
    pub position: Option<(f64, f64)>,
    /// The user comment (UTF-16 behind `UNICODE`), where AUTOMATIC1111 puts its parameters in JPEG
    /// and WebP files.
    pub comment: String,
}

impl Exif {
    /// The TIFF structure, as in a PNG's eXIf or a WebP's EXIF chunk (no `Exif\0\0` before it).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut camera = Directory::default();
        if self.exposure.1 != 0 {
            camera.rationals(0x829A, &[self.exposure]);
        }
        if self.aperture_tenths != 0 {
            camera.rationals(0x829D, &[(self.aperture_tenths, 10)]);
        }
        camera.short(0x8827, self.iso);
        camera.ascii(0x9003, &self.taken);
        if !self.comment.is_empty() {
            let mut bytes = b"UNICODE\0".to_vec();
            bytes.extend(self.comment.encode_utf16().flat_map(u16::to_be_bytes));
            camera.entry(0x9286, 7, bytes.len(), bytes);
        }
        if self.focal_length != 0 {
            camera.rationals(0x920A, &[(self.focal_length, 1)]);
        }
        camera.ascii(0xA434, &self.lens);

        let mut main = Directory::default();
        main.ascii(0x010F, &self.make);
        main.ascii(0x0110, &self.model);
        main.short(0x0112, self.orientation);
        main.ascii(0x0131, &self.software);
        main.ascii(0x0132, &self.taken);
        let gps = self.position.map(position);

        let mut file = b"II*\0\x08\0\0\0".to_vec();
        let pointers = usize::from(!camera.entries.is_empty()) + usize::from(gps.is_some());
        let mut next = 8 + main.size(pointers);
        for (tag, directory) in [(0x8769, Some(&camera)), (0x8825, gps.as_ref())] {
            if let Some(directory) = directory.filter(|d| !d.entries.is_empty()) {
                main.entry(tag, 4, 1, (next as u32).to_le_bytes().to_vec());
                next += directory.size(0);
            }
        }
        main.write(&mut file);
        for directory in [Some(&camera), gps.as_ref()].into_iter().flatten() {
            if !directory.entries.is_empty() {
                directory.write(&mut file);
            }
        }
        file
    }
}

fn position((latitude, longitude): (f64, f64)) -> Directory {
    let mut gps = Directory::default();
    gps.entry(0x0000, 1, 4, vec![2, 3, 0, 0]);
    gps.ascii(0x0001, if latitude < 0.0 { "S" } else { "N" });
    gps.rationals(0x0002, &degrees(latitude));
    gps.ascii(0x0003, if longitude < 0.0 { "W" } else { "E" });
    gps.rationals(0x0004, &degrees(longitude));
    gps
}

/// Degrees, minutes and hundredths of seconds.
fn degrees(value: f64) -> [(u32, u32); 3] {
    let hundredths = (value.abs() * 360_000.0).round() as u32;
    [(hundredths / 360_000, 1), (hundredths / 6_000 % 60, 1), (hundredths % 6_000, 100)]
}

/// One directory of a TIFF structure.
#[derive(Debug, Default)]
struct Directory {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    tag: u16,
    kind: u16,
    count: usize,
    bytes: Vec<u8>,
}

impl Directory {
    fn entry(&mut self, tag: u16, kind: u16, count: usize, bytes: Vec<u8>) {
        self.entries.push(Entry { tag, kind, count, bytes });
        // Readers may rely on ascending tags.
        self.entries.sort_by_key(|entry| entry.tag);
    }

    fn ascii(&mut self, tag: u16, text: &str) {
        if !text.is_empty() {
            let bytes = [text.as_bytes(), &[0]].concat();
            self.entry(tag, 2, bytes.len(), bytes);
        }
    }

    fn short(&mut self, tag: u16, value: u16) {
        if value != 0 {
            self.entry(tag, 3, 1, value.to_le_bytes().to_vec());
        }
    }

    fn rationals(&mut self, tag: u16, values: &[(u32, u32)]) {
        let parts = values.iter().flat_map(|(n, d)| [n.to_le_bytes(), d.to_le_bytes()]);
        self.entry(tag, 5, values.len(), parts.flatten().collect());
    }

    /// Bytes taken with `more` further entries that fit into their slots.
    fn size(&self, more: usize) -> usize {
        let outside = self.entries.iter().map(|e| e.bytes.len()).filter(|n| *n > 4);
        6 + 12 * (self.entries.len() + more) + outside.map(|n| n + n % 2).sum::<usize>()
    }

    fn write(&self, file: &mut Vec<u8>) {
        let mut outside = file.len() + 6 + 12 * self.entries.len();
        let mut tail = Vec::new();
        file.extend((self.entries.len() as u16).to_le_bytes());
        for Entry { tag, kind, count, bytes } in &self.entries {
            file.extend(tag.to_le_bytes());
            file.extend(kind.to_le_bytes());
            file.extend((*count as u32).to_le_bytes());
            if bytes.len() <= 4 {
                let mut slot = [0; 4];
                slot[..bytes.len()].copy_from_slice(bytes);
                file.extend(slot);
            } else {
                file.extend((outside as u32).to_le_bytes());
                tail.extend(bytes);
                tail.resize(tail.len() + bytes.len() % 2, 0);
                outside += bytes.len() + bytes.len() % 2;
            }
        }
        file.extend([0; 4]);
        file.extend(tail);
    }
}

/// A structure whose directory names itself as the next one: a reader that follows it never ends.
#[must_use]
pub fn looping() -> Vec<u8> {
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.extend([1, 0]);
    // The EXIF pointer leads back to the main directory, and so does the link to the next one.
    file.extend([0x69, 0x87, 4, 0, 1, 0, 0, 0, 8, 0, 0, 0]);
    file.extend([8, 0, 0, 0]);
    file
}
