//! Sets blocks on pages: from the top down, a new page where the last is full.

use crate::{
    Block, DocumentError, Style,
    fonts::Faces,
    lines::{Line, broken},
    table::{LEADING, PADDING, Row, Table},
};
use qrcodegen::{QrCode, QrCodeEcc};

/// A4, in points.
pub const WIDTH: f32 = 595.28;
/// A4, in points.
pub const HEIGHT: f32 = 841.89;
/// Blank at each side.
pub const MARGIN: f32 = 54.0;
/// Where the text ends; the foot is below.
const BOTTOM: f32 = HEIGHT - 62.0;
/// How wide text may be.
const MEASURE: f32 = WIDTH - 2.0 * MARGIN;
/// How wide the code beside the title is.
const CODE: f32 = 92.0;
const ACCENT: [u8; 3] = [0x1F, 0x4E, 0x79];
const RULE: [u8; 3] = [0xC4, 0xCB, 0xD6];
const SHADE: [u8; 3] = [0xEE, 0xF2, 0xF7];
const TITLE: Style = Style {
    size: 21.0,
    colour: ACCENT,
};
const SUBTITLE: Style = Style {
    size: 11.0,
    colour: [0x55, 0x5E, 0x6E],
};
const HEADING: Style = Style {
    size: 12.5,
    colour: ACCENT,
};

/// One mark on a page; y grows downwards.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A line whose letters stand on `y`.
    Text {
        /// Its left end.
        x: f32,
        /// Its base line.
        y: f32,
        /// What it says.
        line: Line,
    },
    /// The dark modules of a QR code: runs of neighbours in rows, as begin, end and row.
    Code {
        /// Its left edge.
        x: f32,
        /// Its upper edge.
        y: f32,
        /// How wide and high a module is.
        side: f32,
        /// They.
        runs: Vec<[i32; 3]>,
    },
    /// Filled areas: left, top, width, height.
    Areas {
        /// They.
        areas: Vec<[f32; 4]>,
        /// Their colour.
        colour: [u8; 3],
    },
}

/// The marks of each page.
pub type Pages = Vec<Vec<Mark>>;

/// Sets all blocks.
pub fn set(blocks: &[Block]) -> Result<Pages, DocumentError> {
    let mut setter = Setter {
        faces: Faces::open(),
        pages: vec![Vec::new()],
        y: MARGIN,
    };
    for block in blocks {
        setter.block(block)?;
    }
    Ok(setter.pages)
}

/// A line for the foot of a page.
pub fn foot(text: &str, right: bool, y: f32) -> Mark {
    let faces = Faces::open();
    let line = Line {
        glyphs: faces.glyphs(text),
        style: Style::SMALL,
    };
    let x = if right {
        WIDTH - MARGIN - line.width()
    } else {
        MARGIN
    };
    Mark::Text { x, y, line }
}

struct Setter {
    faces: Faces,
    pages: Pages,
    /// How far the last page is filled.
    y: f32,
}

impl Setter {
    fn block(&mut self, block: &Block) -> Result<(), DocumentError> {
        match block {
            Block::Title {
                text,
                subtitle,
                code,
            } => self.title(text, subtitle, code.as_deref())?,
            Block::Heading(text) => {
                // Room for the heading and something below it.
                self.need(72.0);
                self.y += 12.0;
                self.text(text, HEADING, MARGIN, MEASURE);
                self.areas(vec![[MARGIN, self.y + 1.0, MEASURE, 0.8]], ACCENT);
                self.y += 7.0;
            }
            Block::Paragraph(text) => {
                self.text(text, Style::BODY, MARGIN, MEASURE);
                self.y += 5.0;
            }
            Block::Remark(text) => {
                self.text(text, Style::SMALL, MARGIN, MEASURE);
                self.y += 4.0;
            }
            Block::Table(table) => self.table(table),
        }
        Ok(())
    }

    fn title(
        &mut self,
        text: &str,
        subtitle: &str,
        code: Option<&str>,
    ) -> Result<(), DocumentError> {
        let (top, mut width) = (self.y, MEASURE);
        if let Some(code) = code {
            self.code(code, WIDTH - MARGIN - CODE, top)?;
            width -= CODE + 16.0;
        }
        self.y += 4.0;
        self.text(text, TITLE, MARGIN, width);
        self.text(subtitle, SUBTITLE, MARGIN, width);
        self.y += 6.0;
        if code.is_some() {
            self.y = self.y.max(top + CODE + 6.0);
        }
        Ok(())
    }

    fn code(&mut self, text: &str, left: f32, top: f32) -> Result<(), DocumentError> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium)
            .map_err(|_| DocumentError::Code(text.len()))?;
        let modules = code.size();
        // Quarters of a point are written short.
        let side = (4.0 * CODE / modules as f32).floor() / 4.0;
        let mut runs = Vec::new();
        for row in 0..modules {
            let mut column = 0;
            while column < modules {
                let begin = column;
                while column < modules && code.get_module(column, row) {
                    column += 1;
                }
                // Neighbours are one run.
                if column > begin {
                    runs.push([begin, column, row]);
                }
                column += 1;
            }
        }
        let (x, y) = (left.round(), top.round());
        self.mark(Mark::Code { x, y, side, runs });
        Ok(())
    }

    fn text(&mut self, text: &str, style: Style, x: f32, width: f32) {
        for line in broken(&self.faces, text, style, width) {
            self.need(style.size * LEADING);
            let y = self.y + style.size;
            self.mark(Mark::Text { x, y, line });
            self.y += style.size * LEADING;
        }
    }

    fn table(&mut self, table: &Table) {
        let places = table.places(MARGIN, MEASURE);
        let head = table.head(&self.faces, &places);
        let high = head.as_ref().map_or(0.0, |head| head.height(0));
        let first = table.rows.first().map_or(0.0, |cells| {
            table.row(&self.faces, &places, cells).height(0)
        });
        self.need((high + first).min(BOTTOM - MARGIN));
        self.head(head.as_ref(), &places);
        for cells in &table.rows {
            let row = table.row(&self.faces, &places, cells);
            let fits = BOTTOM - MARGIN - high;
            if self.y + row.height(0) > BOTTOM && (row.height(0) <= fits || self.is_full()) {
                self.new_page();
                self.head(head.as_ref(), &places);
            }
            self.row(&row, &places, head.as_ref());
        }
        self.y += 8.0;
    }

    fn head(&mut self, head: Option<&Row>, places: &[(f32, f32)]) {
        let Some(head) = head else {
            return self.rule();
        };
        self.areas(vec![[MARGIN, self.y, MEASURE, head.height(0)]], SHADE);
        self.row(head, places, None);
    }

    /// A row; one that is higher than a page goes on on the next.
    fn row(&mut self, row: &Row, places: &[(f32, f32)], head: Option<&Row>) {
        let mut from = 0;
        loop {
            let mut to = from;
            let top = self.y + PADDING;
            for index in from..row.lines() {
                let high = Self::line_height(row, index);
                if self.y + PADDING + high > BOTTOM - PADDING && to > from {
                    break;
                }
                self.line(row, index, places);
                self.y += high;
                to = index + 1;
            }
            self.y = self.y.max(top) + 2.0 * PADDING;
            self.rule();
            if to >= row.lines() {
                return;
            }
            from = to;
            self.new_page();
            self.head(head, places);
        }
    }

    fn line_height(row: &Row, index: usize) -> f32 {
        let lines = row.cells.iter().filter_map(|cell| cell.get(index));
        lines
            .map(|line| line.style.size * LEADING)
            .fold(0.0, f32::max)
    }

    fn line(&mut self, row: &Row, index: usize, places: &[(f32, f32)]) {
        for (cell, (left, _)) in row.cells.iter().zip(places) {
            if let Some(line) = cell.get(index) {
                let y = self.y + PADDING + line.style.size;
                let mark = Mark::Text {
                    x: left + PADDING,
                    y,
                    line: line.clone(),
                };
                self.mark(mark);
            }
        }
    }

    fn rule(&mut self) {
        self.areas(vec![[MARGIN, self.y, MEASURE, 0.5]], RULE);
    }

    fn areas(&mut self, areas: Vec<[f32; 4]>, colour: [u8; 3]) {
        self.mark(Mark::Areas { areas, colour });
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Whether less than an inch is left.
    fn is_full(&self) -> bool {
        self.y + 72.0 > BOTTOM
    }

    fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > MARGIN {
            self.new_page();
        }
    }

    fn new_page(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN;
    }
}
