//! Builds zip archives, also such that no honest program writes.

use std::io::Write as _;

/// Says how an entry is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Stored.
    Stored,
    /// Deflated, with its sizes in front of it.
    Deflated,
    /// Deflated, with its sizes in a data descriptor behind it, as Java's `jar` does.
    Streamed,
}

/// Is one entry's record in the central directory.
#[derive(Clone, Debug)]
pub struct Record {
    /// The name.
    pub name: Vec<u8>,
    /// General purpose flags.
    pub flags: u16,
    /// The compression method's number.
    pub method: u16,
    /// The checksum.
    pub crc: u32,
    /// The compressed size.
    pub raw: u32,
    /// The uncompressed size.
    pub size: u32,
    /// Where the local header begins.
    pub offset: u32,
}

/// Is an archive while it is built. What lies in the fields may be changed to make it lie.
#[derive(Clone, Debug, Default)]
pub struct Zip {
    /// What was written so far.
    pub bytes: Vec<u8>,
    /// The central directory to be.
    pub records: Vec<Record>,
}

impl Zip {
    /// Starts an archive behind a program that is to run it.
    pub fn behind(program: &[u8]) -> Self {
        Self {
            bytes: program.to_vec(),
            records: Vec::new(),
        }
    }

    /// Adds a file, of less than 4 GiB.
    #[must_use]
    pub fn file(mut self, name: impl AsRef<[u8]>, method: Method, data: &[u8]) -> Self {
        let name = name.as_ref();
        let raw = if method == Method::Stored {
            data.to_vec()
        } else {
            let level = flate2::Compression::default();
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
            // Memory takes everything.
            let _ = encoder.write_all(data);
            encoder.finish().unwrap_or_default()
        };
        let mut sum = flate2::Crc::new();
        sum.update(data);
        let streamed = method == Method::Streamed;
        let record = Record {
            name: name.to_vec(),
            flags: if streamed { 8 } else { 0 },
            method: if method == Method::Stored { 0 } else { 8 },
            crc: sum.sum(),
            raw: long(raw.len()),
            size: long(data.len()),
            offset: long(self.bytes.len()),
        };
        self.bytes.extend_from_slice(b"PK\x03\x04\x14\0");
        self.put16(record.flags);
        self.put16(record.method);
        self.put32(0);
        for value in [record.crc, record.raw, record.size] {
            self.put32(if streamed { 0 } else { value });
        }
        self.put16(short(name.len()));
        self.put16(0);
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(&raw);
        if streamed {
            self.bytes.extend_from_slice(b"PK\x07\x08");
            for value in [record.crc, record.raw, record.size] {
                self.put32(value);
            }
        }
        self.records.push(record);
        self
    }

    /// Writes the central directory and returns the archive.
    pub fn build(mut self) -> Vec<u8> {
        let start = self.bytes.len();
        for record in std::mem::take(&mut self.records) {
            self.bytes.extend_from_slice(b"PK\x01\x02\x14\0\x14\0");
            self.put16(record.flags);
            self.put16(record.method);
            self.put32(0);
            for value in [record.crc, record.raw, record.size] {
                self.put32(value);
            }
            self.put16(short(record.name.len()));
            self.bytes.extend_from_slice(&[0; 12]);
            self.put32(record.offset);
            self.bytes.extend_from_slice(&record.name);
            self.records.push(record);
        }
        let size = long(self.bytes.len() - start);
        let count = short(self.records.len() % 0x1_0000);
        self.bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        self.put16(count);
        self.put16(count);
        self.put32(size);
        self.put32(long(start));
        self.put16(0);
        self.bytes
    }

    fn put16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    fn put32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }
}

fn short(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

fn long(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
