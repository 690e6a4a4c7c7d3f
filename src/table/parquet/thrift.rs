//! Just enough of Thrift's compact protocol to know what a file claims before a decoder believes it.
//!
//! A decoder reserves memory for as many elements as a list says it has, and
//! follows a schema as deep as it goes. Walking the bytes first proves that the
//! elements are there.

/// Deeper nesting than this is refused.
const DEEPEST: u8 = 48;

/// The longest chain of groups within groups in a schema.
const DEEPEST_SCHEMA: usize = 48;

/// Bytes in the compact protocol, and how far they are read.
pub(super) struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// What a page says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PageHeader {
    /// `PageType`: 0 data, 1 index, 2 dictionary, 3 data in the second version.
    pub(super) kind: i64,
    /// Bytes after decompression.
    pub(super) uncompressed: i64,
    /// Bytes in the file.
    pub(super) compressed: i64,
    /// Values, missing ones included.
    pub(super) values: i64,
    /// The length of the header itself.
    pub(super) length: usize,
}

/// The number that Thrift gives to a type in the header of a field.
type Kind = u8;

const STRUCT: Kind = 12;

impl<'a> Compact<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn skip_bytes(&mut self, count: u64) -> Option<()> {
        let end = self.at.checked_add(usize::try_from(count).ok()?)?;
        self.at = (end <= self.bytes.len()).then_some(end)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn integer(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// The type and the number of the elements of a list.
    fn list(&mut self) -> Option<(Kind, u64)> {
        let header = self.byte()?;
        let size = match header >> 4 {
            15 => self.varint()?,
            short => u64::from(short),
        };
        Some((header & 0x0f, size))
    }

    /// Calls `field` with the number and the type of each field of a struct; it reads the value.
    fn fields(&mut self, mut field: impl FnMut(&mut Self, i64, Kind) -> Option<()>) -> Option<()> {
        let mut id = 0_i64;
        loop {
            let header = self.byte()?;
            if header == 0 {
                return Some(());
            }
            id = match header >> 4 {
                0 => self.integer()?,
                delta => id.checked_add(i64::from(delta))?,
            };
            field(self, id, header & 0x0f)?;
        }
    }

    /// Passes over a value of this type.
    fn skip(&mut self, kind: Kind, depth: u8) -> Option<()> {
        let deeper = depth.checked_add(1).filter(|depth| *depth < DEEPEST)?;
        match kind {
            1 | 2 => Some(()),
            3 => self.skip_bytes(1),
            4..=6 => self.varint().map(drop),
            7 => self.skip_bytes(8),
            8 => {
                let length = self.varint()?;
                self.skip_bytes(length)
            }
            9 | 10 => {
                let (kind, size) = self.list()?;
                (0..size).try_for_each(|_| self.skip_element(kind, deeper))
            }
            11 => self.skip_map(deeper),
            STRUCT => self.fields(|this, _, kind| this.skip(kind, deeper)),
            _ => None,
        }
    }

    /// In a list a truth value has a byte of its own; as a field it has none.
    fn skip_element(&mut self, kind: Kind, depth: u8) -> Option<()> {
        match kind {
            1 | 2 => self.skip_bytes(1),
            _ => self.skip(kind, depth),
        }
    }

    fn skip_map(&mut self, depth: u8) -> Option<()> {
        let size = self.varint()?;
        if size == 0 {
            return Some(());
        }
        let kinds = self.byte()?;
        (0..size).try_for_each(|_| {
            self.skip_element(kinds >> 4, depth)?;
            self.skip_element(kinds & 0x0f, depth)
        })
    }

    /// Whether this is a footer whose lists are as long as they say, with a schema of bearable depth.
    pub(super) fn walks_as_footer(mut self) -> bool {
        let walked = self.fields(|this, id, kind| match (id, kind) {
            (2, 9) => this.schema(),
            _ => this.skip(kind, 0),
        });
        walked.is_some()
    }

    /// A schema is a tree in depth-first order, in which each group says how many children it has.
    fn schema(&mut self) -> Option<()> {
        const CHILDREN: i64 = 5;
        let (kind, size) = self.list()?;
        let mut open: Vec<i64> = Vec::new();
        for _ in 0..size {
            let mut children = 0;
            (kind == STRUCT).then_some(())?;
            self.fields(|this, id, kind| match (id, kind) {
                (CHILDREN, 4..=6) => this.integer().map(|count| children = count),
                _ => this.skip(kind, 0),
            })?;
            while open.last() == Some(&0) {
                open.pop();
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            if children > 0 {
                open.push(children);
            }
            (open.len() <= DEEPEST_SCHEMA).then_some(())?;
        }
        Some(())
    }

    /// The header of a page; `None` if the bytes end before it does, or are none.
    pub(super) fn page_header(mut self) -> Option<PageHeader> {
        let mut header = PageHeader::default();
        self.fields(|this, id, kind| match (id, kind) {
            (1, 4..=6) => this.integer().map(|value| header.kind = value),
            (2, 4..=6) => this.integer().map(|value| header.uncompressed = value),
            (3, 4..=6) => this.integer().map(|value| header.compressed = value),
            // The headers of the kinds of pages; all begin with the number of values.
            (5 | 7 | 8, STRUCT) => this.fields(|this, id, kind| match (id, kind) {
                (1, 4..=6) => this.integer().map(|value| header.values = value),
                _ => this.skip(kind, 1),
            }),
            _ => this.skip(kind, 0),
        })?;
        header.length = self.at;
        Some(header)
    }
}
