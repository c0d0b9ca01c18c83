//! Documents for people: PDF/A-3 pages in Chinese and English with tables, codes and attachments, and their signatures.

mod error;
mod fonts;
mod lines;
mod pages;
mod pdf;
mod sign;
mod syntax;
mod table;

pub use error::DocumentError;
pub use fonts::has_glyph;
pub use sign::{Prepared, SIGNATURE_ROOM, SignatureNote, prepare, sign};
pub use table::{Column, Table};

/// Text on a page: how large, how dark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// In points.
    pub size: f32,
    /// Red, green, blue.
    pub colour: [u8; 3],
}

impl Style {
    /// What most text is set in.
    pub const BODY: Self = Self {
        size: 10.0,
        colour: [0x1A, 0x1F, 0x2B],
    };
    /// Remarks, in smaller letters.
    pub const SMALL: Self = Self {
        size: 8.0,
        colour: [0x55, 0x5E, 0x6E],
    };
}

/// One thing on a page, from the top down.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// The document's title; beside it, if there is one, the text of a QR code.
    Title {
        /// In large letters.
        text: String,
        /// Below it.
        subtitle: String,
        /// What the code at the right says.
        code: Option<String>,
    },
    /// A section's heading; never the last thing on a page.
    Heading(String),
    /// Text, broken into lines; a line feed begins a new one.
    Paragraph(String),
    /// A remark in small letters.
    Remark(String),
    /// Rows over as many pages as they need.
    Table(Table),
}

/// A file inside the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type, such as `application/json`.
    pub media: String,
    /// What it is, in words.
    pub description: String,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// A document before it is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The title in the file's metadata.
    pub title: String,
    /// Its language, such as `zh`.
    pub language: String,
    /// Identifies the document; also at the foot of every page.
    pub id: String,
    /// When it was made, milliseconds since 1970 UTC.
    pub created_ms: u64,
    /// What it shows.
    pub blocks: Vec<Block>,
    /// The files inside.
    pub attachments: Vec<Attachment>,
}

impl Document {
    /// Sets the document: the same document gives the same bytes.
    ///
    /// # Errors
    /// [`DocumentError`] where no PDF can be made of it.
    pub fn to_pdf(&self) -> Result<Vec<u8>, DocumentError> {
        pdf::write(self, &pages::set(&self.blocks)?)
    }
}
