//! Office Open XML workbooks (ISO/IEC 29500): the sheets' cells, on the bounded XML of this crate.

use super::{
    error::TableError,
    formats::{Formats, day_of, shortest},
    grid::{Cell, MAX_CELL, MAX_COLUMNS, MAX_ROWS, MAX_SHEETS, Row, Sheet, Value, letters},
    zip::Archive,
};
use crate::xml::{self, Element, Interest, Limits, XmlError};

/// What a workbook's parts may hold: ten thousand rows of twenty cells, and more of fewer.
const LIMITS: Limits = Limits {
    bytes: 96 << 20,
    depth: 48,
    elements: 700_000,
    attributes: 64,
    text_bytes: 64 << 10,
};
/// Rows that are not data: what stands above the header, the header, totals, notes.
const FURTHER_ROWS: usize = 200;

const INTEREST: Interest = Interest {
    namespaces: &[],
    dropped_text: &[],
    attributes: &[
        (
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            "id",
            "r:id",
        ),
        (
            "http://purl.oclc.org/ooxml/officeDocument/relationships",
            "id",
            "r:id",
        ),
    ],
};

/// Reads the visible sheets, or the one that is named.
pub fn read(bytes: &[u8], wanted: Option<&str>) -> Result<Vec<Sheet>, TableError> {
    let mut archive = Archive::open(bytes)?;
    let roots = links(&mut archive, "")?;
    let main = roots.iter().find(|link| link.is("officeDocument"));
    let main = main.ok_or_else(no_workbook)?.target.clone();
    if !main.ends_with(".xml") {
        return Err(TableError::file(
            "table.old_format",
            format!("the workbook keeps its cells in {main}, not in XML"),
            "save it as .xlsx, or as CSV UTF-8",
        ));
    }
    let workbook = part(&mut archive, &main)?.ok_or_else(no_workbook)?;
    let links = links(&mut archive, &main)?;
    let mut of = |kind: &str| -> Result<Option<Element>, TableError> {
        match links.iter().find(|link| link.is(kind)) {
            Some(link) => part(&mut archive, &link.target),
            None => Ok(None),
        }
    };
    let strings = strings(of("sharedStrings")?);
    let formats = Formats::read(of("styles")?.as_ref(), since_1904(&workbook));
    let mut sheets = Vec::new();
    for sheet in all(&workbook, "sheets").flat_map(|sheets| all(sheets, "sheet")) {
        let name = sheet.attribute("name").unwrap_or_default();
        let visible = matches!(sheet.attribute("state"), None | Some("visible"));
        if wanted.map_or(!visible, |wanted| wanted != name) {
            continue;
        }
        let id = sheet.attribute("r:id");
        let link = links.iter().find(|link| Some(link.id.as_str()) == id);
        let Some(link) = link.filter(|link| link.is("worksheet")) else {
            continue;
        };
        if sheets.len() == MAX_SHEETS {
            let what = format!("the workbook has more than {MAX_SHEETS} sheets");
            return Err(TableError::file(
                "table.limit_exceeded",
                what,
                "--sheet NAME",
            ));
        }
        let root = part(&mut archive, &link.target)?.ok_or_else(no_workbook)?;
        let reader = Reader {
            name,
            strings: &strings,
            formats: &formats,
        };
        sheets.push(reader.sheet(&root)?);
    }
    match wanted {
        Some(wanted) if sheets.is_empty() => Err(TableError::file(
            "table.unknown_sheet",
            format!("the workbook has no sheet `{wanted}`"),
            "look at the names on its tabs; --sheet NAME",
        )),
        _ => Ok(sheets),
    }
}

fn no_workbook() -> TableError {
    TableError::file(
        "table.malformed",
        "the file is an archive, but no workbook: what it should hold is not there",
        "open it in a spreadsheet program and save it again as .xlsx",
    )
}

/// A part of a workbook that another points to.
struct Link {
    id: String,
    kind: String,
    target: String,
}

impl Link {
    fn is(&self, kind: &str) -> bool {
        self.kind.rsplit('/').next() == Some(kind)
    }
}

/// What a part points to; the package itself is the part without a name.
fn links(archive: &mut Archive<'_>, of: &str) -> Result<Vec<Link>, TableError> {
    let (folder, name) = of.rsplit_once('/').unwrap_or(("", of));
    let path = match folder.is_empty() {
        true => format!("_rels/{name}.rels"),
        false => format!("{folder}/_rels/{name}.rels"),
    };
    let Some(root) = part(archive, &path)? else {
        return Ok(Vec::new());
    };
    let link = |element: &Element| {
        Some(Link {
            id: element.attribute("Id")?.to_owned(),
            kind: element.attribute("Type")?.to_owned(),
            target: resolved(folder, element.attribute("Target")?),
        })
    };
    Ok(all(&root, "Relationship").filter_map(link).collect())
}

fn resolved(folder: &str, target: &str) -> String {
    let mut way: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => folder.split('/').collect(),
    };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(way.pop()),
            other => way.push(other),
        }
    }
    way.retain(|step| !step.is_empty());
    way.join("/")
}

fn part(archive: &mut Archive<'_>, name: &str) -> Result<Option<Element>, TableError> {
    let Some(bytes) = archive.read(name)? else {
        return Ok(None);
    };
    let parsed = xml::parse(&bytes, &LIMITS, INTEREST);
    parsed.map(Some).map_err(|error| match error {
        XmlError::LimitExceeded { .. } | XmlError::TooLarge { .. } => TableError::file(
            "table.limit_exceeded",
            format!("{name} in the workbook: {error}"),
            "import the table in parts, or as CSV",
        ),
        XmlError::EntityRefused { at, .. } => TableError::file(
            "table.malformed",
            format!(
                "{name} in the workbook: line {}, column {}: a document type or an entity of its own, which no spreadsheet program writes",
                at.line, at.column
            ),
            "do not trust the file; ask its sender for another",
        ),
        other => TableError::file(
            "table.malformed",
            format!("{name} in the workbook: {other}"),
            "open it in a spreadsheet program and save it again as .xlsx",
        ),
    })
}

fn all<'a>(element: &'a Element, name: &'a str) -> impl Iterator<Item = &'a Element> {
    element
        .children
        .iter()
        .filter(move |child| child.name == name)
}

fn first<'a>(element: &'a Element, name: &'a str) -> Option<&'a Element> {
    all(element, name).next()
}

fn since_1904(workbook: &Element) -> bool {
    let stated = first(workbook, "workbookPr").and_then(|found| found.attribute("date1904"));
    matches!(stated, Some("1" | "true"))
}

fn strings(root: Option<Element>) -> Vec<String> {
    root.iter()
        .flat_map(|root| all(root, "si"))
        .map(rich)
        .collect()
}

/// Text with runs of different fonts; what only tells how it is pronounced is left out.
fn rich(element: &Element) -> String {
    let runs = all(element, "r").flat_map(|run| all(run, "t"));
    let texts = all(element, "t").chain(runs);
    texts.map(|text| text.text.as_str()).collect()
}

struct Reader<'a> {
    name: &'a str,
    strings: &'a [String],
    formats: &'a Formats,
}

impl Reader<'_> {
    fn sheet(&self, root: &Element) -> Result<Sheet, TableError> {
        let mut rows: Vec<Row> = Vec::new();
        let mut last = 0;
        for element in all(root, "sheetData").flat_map(|data| all(data, "row")) {
            let stated = element.attribute("r").map(str::parse::<u32>);
            let number = match stated {
                None => last + 1,
                Some(Ok(number)) if number > last && number <= 1_048_576 => number,
                Some(_) => return Err(self.order(last + 1)),
            };
            last = number;
            let cells = self.cells(element, number)?;
            if cells.iter().all(Cell::is_empty) {
                continue;
            }
            if rows.len() >= MAX_ROWS + FURTHER_ROWS {
                return Err(self.limit(number, format!("more than {MAX_ROWS} rows")));
            }
            rows.push(Row {
                number,
                hidden: matches!(element.attribute("hidden"), Some("1" | "true")),
                cells,
            });
        }
        Ok(Sheet {
            name: Some(self.name.to_owned()),
            rows,
            even: false,
        })
    }

    fn cells(&self, row: &Element, number: u32) -> Result<Vec<Cell>, TableError> {
        let mut cells: Vec<Cell> = Vec::new();
        let mut next = 0;
        for element in all(row, "c") {
            let column = match element.attribute("r") {
                None => next,
                Some(place) => place_of(place)
                    .filter(|(column, row)| *row == number && *column >= next)
                    .map(|(column, _)| column)
                    .ok_or_else(|| self.order(number))?,
            };
            next = column + 1;
            let cell = self.cell(element, number, column)?;
            if cell.is_empty() {
                continue;
            }
            if column >= MAX_COLUMNS {
                return Err(self.limit(number, format!("more than {MAX_COLUMNS} columns")));
            }
            cells.resize_with(column, Cell::default);
            cells.push(cell);
        }
        Ok(cells)
    }

    fn cell(&self, element: &Element, row: u32, column: usize) -> Result<Cell, TableError> {
        let formula = first(element, "f").is_some();
        let stated = first(element, "v").map(|value| value.text.as_str());
        let kind = element.attribute("t").unwrap_or("n");
        let broken = || {
            let place = format!("{}{row}", letters(column));
            let what = format!("sheet {}, cell {place} cannot be read", self.name);
            TableError::file("table.malformed", what, "save the workbook again as .xlsx")
        };
        let value = match (kind, stated) {
            ("inlineStr", _) => {
                let text = first(element, "is").map(rich).unwrap_or_default();
                Cell::text(&text).value
            }
            (_, None | Some("")) if formula => Value::Uncalculated,
            (_, None | Some("")) => Value::Empty,
            ("s", Some(index)) => {
                let index: usize = index.trim().parse().map_err(|_| broken())?;
                Cell::text(self.strings.get(index).ok_or_else(broken)?).value
            }
            ("str" | "d", Some(text)) => Cell::text(text).value,
            ("b", Some(text)) => {
                Value::Other(if text == "1" { "TRUE" } else { "FALSE" }.to_owned())
            }
            ("e", Some(text)) => Value::Other(text.to_owned()),
            ("n", Some(text)) => {
                let style = element.attribute("s").and_then(|style| style.parse().ok());
                self.number(text.trim(), style.unwrap_or(0))
                    .ok_or_else(broken)?
            }
            _ => return Err(broken()),
        };
        if let Value::Text(text) | Value::Other(text) = &value
            && text.chars().count() > MAX_CELL
        {
            let what = format!("a cell of more than {MAX_CELL} characters");
            return Err(self.limit(row, what));
        }
        Ok(Cell { value, formula })
    }

    fn number(&self, text: &str, style: usize) -> Option<Value> {
        let decimal = shortest(text)?;
        let day = match self.formats.is_day(style) {
            true => day_of(&decimal, self.formats.since_1904()),
            false => None,
        };
        Some(Value::Number {
            written: day.map_or_else(|| decimal.clone(), |day| day.to_string()),
            plain: self.formats.is_plain(style),
            decimal,
            day,
        })
    }

    fn limit(&self, row: u32, what: String) -> TableError {
        TableError::file(
            "table.limit_exceeded",
            format!("sheet {}, row {row}: {what}", self.name),
            "import the table in parts",
        )
    }

    fn order(&self, row: u32) -> TableError {
        TableError::file(
            "table.malformed",
            format!(
                "sheet {}, row {row}: rows or cells are not in their order",
                self.name
            ),
            "open it in a spreadsheet program and save it again as .xlsx",
        )
    }
}

/// `AB12` as column 27 (from zero) and row 12.
fn place_of(text: &str) -> Option<(usize, u32)> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = text.split_at(digits);
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let mut column = 0;
    for letter in letters.bytes() {
        if !letter.is_ascii_uppercase() {
            return None;
        }
        column = column * 26 + usize::from(letter - b'A') + 1;
    }
    Some((column - 1, row.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_ways() {
        assert_eq!(place_of("AB12"), Some((27, 12)));
        assert_eq!(place_of("A1"), Some((0, 1)));
        for wrong in ["", "12", "A", "a1", "ABCD1", "A-1", "A1B"] {
            assert_eq!(place_of(wrong), None, "{wrong}");
        }
        assert_eq!(
            resolved("xl", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml"
        );
        assert_eq!(resolved("xl", "/xl/styles.xml"), "xl/styles.xml");
        assert_eq!(resolved("xl/a", "../b.xml"), "xl/b.xml");
        assert_eq!(resolved("", "../../b.xml"), "b.xml");
    }
}
