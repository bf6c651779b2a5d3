//! A run's journal: JSON lines, appended and synced, one line an item. It is the truth; the other files are made from it.
//!
//! A line is in the journal once its line end is: what a killed process left behind it is cut off by the next one that
//! opens it. The journal is locked while it is read and written, so two processes may share a folder.

use activity::connector::Parcel;
use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{
    borrow::Cow,
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

/// Bytes of one line at most.
const LINE_BYTES: usize = 32 << 20;

/// An item as the journal has it.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry<'a> {
    /// Counts from 1 within a run.
    pub(super) id: u64,
    /// The parent's.
    pub(super) parent: Option<Cow<'a, str>>,
    pub(super) kind: Cow<'a, str>,
    pub(super) title: Cow<'a, str>,
    pub(super) key: Cow<'a, str>,
    pub(super) reference: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) item: &'a RawValue,
}

/// Where a line lies.
#[derive(Clone, Copy)]
pub(super) struct Line {
    at: u64,
    bytes: usize,
}

/// A journal that is open and locked; closing it unlocks it.
pub(super) struct Journal {
    file: File,
    pub(super) lines: Vec<Line>,
    ids: HashMap<Box<str>, u64>,
    end: u64,
}

impl Journal {
    /// Opens and locks a journal, made where it is missing, and cuts off what is not whole.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o644);
        options.custom_flags(OFlags::NOFOLLOW.bits() as i32);
        let file = options.open(path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        let mut journal = Self { file, lines: Vec::new(), ids: HashMap::new(), end: 0 };
        journal.scan()?;
        Ok(journal)
    }

    fn scan(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::with_capacity(1 << 16, &self.file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut reader).take(LINE_BYTES as u64 + 1).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(());
            }
            if line.last() != Some(&b'\n') {
                break;
            }
            let entry: Entry<'_> = serde_json::from_slice(&line).map_err(|_| {
                let text =
                    format!("line {} of the journal is no item: someone changed it", self.lines.len() + 1);
                io::Error::new(io::ErrorKind::InvalidData, text)
            })?;
            self.ids.insert(entry.reference.into(), entry.id);
            self.lines.push(Line { at: self.end, bytes: read - 1 });
            self.end += read as u64;
        }
        drop(reader);
        if line.len() > LINE_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the journal has a line that is far too long",
            ));
        }
        // The begin of a line that was never finished, so never acknowledged.
        self.file.set_len(self.end)?;
        self.file.sync_all()
    }

    /// The id of an item that is there.
    pub(super) fn id(&self, reference: &str) -> Option<u64> {
        self.ids.get(reference).copied()
    }

    /// Appends parcels that are not there yet, durably: all or none.
    pub(super) fn append<'a>(&mut self, parcels: impl Iterator<Item = &'a Parcel>) -> io::Result<()> {
        let mut text = Vec::new();
        let mut added: Vec<(Box<str>, u64, Line)> = Vec::new();
        let mut id = self.lines.len() as u64;
        for parcel in parcels {
            if self.ids.contains_key(&*parcel.reference)
                || added.iter().any(|(known, ..)| **known == *parcel.reference)
            {
                continue;
            }
            id += 1;
            let at = text.len();
            let entry = Entry {
                id,
                parent: parcel.parent.as_ref().map(|parent| Cow::Borrowed(&*parent.id)),
                kind: Cow::Borrowed(&parcel.kind),
                title: Cow::Borrowed(&parcel.title),
                key: Cow::Borrowed(&parcel.key),
                reference: Cow::Borrowed(&parcel.reference),
                item: &parcel.payload,
            };
            serde_json::to_writer(&mut text, &entry)?;
            let line = Line { at: self.end + at as u64, bytes: text.len() - at };
            text.push(b'\n');
            added.push(((&*parcel.reference).into(), id, line));
        }
        if added.is_empty() {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(self.end))?;
        if let Err(error) = self.file.write_all(&text).and_then(|()| self.file.sync_data()) {
            // What cannot be undone now is undone by the next one that opens it, if it is not whole.
            let _ = self.file.set_len(self.end);
            return Err(error);
        }
        self.end += text.len() as u64;
        for (reference, id, line) in added {
            self.ids.insert(reference, id);
            self.lines.push(line);
        }
        Ok(())
    }

    /// Makes durable what was found: who wrote it may have been killed before it was.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// A line's bytes.
    pub(super) fn read<'a>(&self, line: Line, buffer: &'a mut Vec<u8>) -> io::Result<Entry<'a>> {
        buffer.resize(line.bytes, 0);
        self.file.read_exact_at(buffer, line.at)?;
        serde_json::from_slice(buffer).map_err(io::Error::other)
    }
}
