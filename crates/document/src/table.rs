//! Tables: rows of broken cells, drawn over as many pages as they need, the head on each.

use crate::{
    Style,
    fonts::Faces,
    lines::{Line, broken},
};

/// Between a cell's edge and its text, in points.
pub const PADDING: f32 = 4.0;
/// A line's height over its letters' size.
pub const LEADING: f32 = 1.4;

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its head; no table head is drawn where all are empty.
    pub head: String,
    /// Its share of the width, against the other columns' shares.
    pub share: f32,
}

impl Column {
    /// A column of this head and share.
    #[must_use]
    pub fn new(head: impl Into<String>, share: f32) -> Self {
        Self {
            head: head.into(),
            share,
        }
    }
}

/// Rows under columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// From left to right.
    pub columns: Vec<Column>,
    /// Each as many cells as there are columns; what is missing stays empty.
    pub rows: Vec<Vec<String>>,
    /// How the cells are set.
    pub style: Style,
}

impl Table {
    /// Names at the left, what they are at the right.
    #[must_use]
    pub fn facts(rows: Vec<(String, String)>) -> Self {
        Self {
            columns: vec![Column::new("", 0.3), Column::new("", 0.7)],
            rows: rows
                .into_iter()
                .map(|(name, value)| vec![name, value])
                .collect(),
            style: Style {
                size: 9.0,
                ..Style::BODY
            },
        }
    }

    /// Rows under these columns, in the size of tables.
    #[must_use]
    pub fn new(columns: Vec<Column>, rows: Vec<Vec<String>>) -> Self {
        Self {
            columns,
            rows,
            style: Style {
                size: 8.0,
                ..Style::BODY
            },
        }
    }

    /// Where each column begins, and how wide it is.
    pub fn places(&self, left: f32, width: f32) -> Vec<(f32, f32)> {
        let all: f32 = self.columns.iter().map(|one| one.share).sum();
        let mut at = left;
        self.columns
            .iter()
            .map(|column| {
                let begin = at;
                let wide = width * column.share / all.max(f32::EPSILON);
                at += wide;
                (begin, wide)
            })
            .collect()
    }

    /// The head's cells; none where no column has one.
    pub fn head(&self, faces: &Faces, places: &[(f32, f32)]) -> Option<Row> {
        let named = self.columns.iter().any(|one| !one.head.is_empty());
        let heads = self.columns.iter().map(|one| one.head.as_str());
        named.then(|| Row::of(faces, heads, places, |_| self.style))
    }

    /// A row's cells; without a head, the first column is the names' and set like one.
    pub fn row(&self, faces: &Faces, places: &[(f32, f32)], cells: &[String]) -> Row {
        let facts = self.columns.iter().all(|one| one.head.is_empty());
        let style = |column: usize| {
            if facts && column == 0 {
                Style {
                    size: self.style.size,
                    ..Style::SMALL
                }
            } else {
                self.style
            }
        };
        Row::of(faces, cells.iter().map(String::as_str), places, style)
    }
}

/// A row, broken into lines.
pub struct Row {
    /// The lines of each cell.
    pub cells: Vec<Vec<Line>>,
}

impl Row {
    fn of<'a>(
        faces: &Faces,
        cells: impl Iterator<Item = &'a str>,
        places: &[(f32, f32)],
        style: impl Fn(usize) -> Style,
    ) -> Self {
        let broken = |(column, (text, (_, width))): (usize, (&str, &(f32, f32)))| {
            broken(faces, text, style(column), width - 2.0 * PADDING)
        };
        Self {
            cells: cells.zip(places).enumerate().map(broken).collect(),
        }
    }

    /// How high its highest cell is from line `from` on.
    pub fn height(&self, from: usize) -> f32 {
        let high = |cell: &Vec<Line>| -> f32 {
            cell.iter()
                .skip(from)
                .map(|line| line.style.size * LEADING)
                .sum()
        };
        self.cells.iter().map(high).fold(0.0, f32::max) + 2.0 * PADDING
    }

    /// The lines of its longest cell.
    pub fn lines(&self) -> usize {
        self.cells.iter().map(Vec::len).max().unwrap_or_default()
    }
}
