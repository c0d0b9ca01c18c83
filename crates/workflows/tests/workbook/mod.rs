//! Writes small workbooks part by part, stored or deflated, so that each test can spoil one thing.
#![allow(dead_code, clippy::unwrap_used, missing_docs)]

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const LINKS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A workbook's parts.
#[derive(Clone, Debug)]
pub struct Workbook {
    pub parts: Vec<(String, Vec<u8>)>,
    pub deflated: bool,
}

/// A cell with text.
pub fn text(place: &str, text: &str) -> String {
    format!(r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

/// A cell with a number, in the style 0 (general), 1 (a day), 2 (two digits) or 3 (leading zeros).
pub fn number(place: &str, style: u32, value: &str) -> String {
    format!(r#"<c r="{place}" s="{style}"><v>{value}</v></c>"#)
}

/// Cells side by side from column A on.
pub fn row(number: u32, cells: &[String]) -> String {
    format!(r#"<row r="{number}">{}</row>"#, cells.concat())
}

/// The cells of a header, all of them text.
pub fn header(number: u32, names: &[&str]) -> String {
    let place = |at: usize| format!("{}{number}", char::from(b'A' + at as u8));
    let cells: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(at, name)| text(&place(at), name))
        .collect();
    row(number, &cells)
}

impl Workbook {
    /// Sheets of these names with these rows.
    pub fn of(sheets: &[(&str, &str)]) -> Self {
        Self::with(sheets, "")
    }

    /// Likewise, with something before `sheets` in the workbook's own part.
    pub fn with(sheets: &[(&str, &str)], before: &str) -> Self {
        let mut named = String::new();
        let mut links =
            format!(r#"<Relationship Id="s" Type="{OFFICE}/styles" Target="styles.xml"/>"#);
        let mut parts = Vec::new();
        for (at, (name, rows)) in sheets.iter().enumerate() {
            named += &format!(
                r#"<sheet name="{name}" sheetId="{0}" r:id="r{0}"/>"#,
                at + 1
            );
            links += &format!(
                r#"<Relationship Id="r{0}" Type="{OFFICE}/worksheet" Target="worksheets/{0}.xml"/>"#,
                at + 1
            );
            let sheet =
                format!(r#"<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>"#);
            parts.push((format!("xl/worksheets/{}.xml", at + 1), sheet));
        }
        let styles = r#"<numFmts><numFmt numFmtId="170" formatCode="00000000"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="4"/><xf numFmtId="170"/></cellXfs>"#;
        parts.extend([
            (
                "_rels/.rels".to_owned(),
                format!(r#"<Relationships xmlns="{LINKS}"><Relationship Id="a" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#),
            ),
            (
                "xl/workbook.xml".to_owned(),
                format!(r#"<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{before}<sheets>{named}</sheets></workbook>"#),
            ),
            (
                "xl/_rels/workbook.xml.rels".to_owned(),
                format!(r#"<Relationships xmlns="{LINKS}">{links}</Relationships>"#),
            ),
            ("xl/styles.xml".to_owned(), format!(r#"<styleSheet xmlns="{MAIN}">{styles}</styleSheet>"#)),
        ]);
        Self {
            parts: parts
                .into_iter()
                .map(|(name, part)| (name, part.into_bytes()))
                .collect(),
            deflated: true,
        }
    }

    /// Replaces a part, or adds it.
    pub fn part(mut self, name: &str, part: impl Into<Vec<u8>>) -> Self {
        self.parts.retain(|(known, _)| known != name);
        self.parts.push((name.to_owned(), part.into()));
        self
    }

    /// The archive.
    pub fn bytes(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut contents = Vec::new();
        for (name, part) in &self.parts {
            let packed = match self.deflated {
                true => miniz_oxide::deflate::compress_to_vec(part, 6),
                false => part.clone(),
            };
            let mut head = vec![20, 0, 0, 0];
            head.extend(if self.deflated { 8u16 } else { 0 }.to_le_bytes());
            head.extend([0; 4]);
            for value in [crc32(part), packed.len() as u32, part.len() as u32] {
                head.extend(value.to_le_bytes());
            }
            head.extend((name.len() as u16).to_le_bytes());
            head.extend([0; 2]);
            contents.extend(b"PK\x01\x02\x14\0");
            contents.extend(&head);
            contents.extend([0; 10]);
            contents.extend((file.len() as u32).to_le_bytes());
            contents.extend(name.as_bytes());
            file.extend(b"PK\x03\x04");
            file.extend(&head);
            file.extend(name.as_bytes());
            file.extend(packed);
        }
        let (at, count) = (file.len() as u32, self.parts.len() as u16);
        file.extend(&contents);
        file.extend(b"PK\x05\x06\0\0\0\0");
        file.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
        file.extend((contents.len() as u32).to_le_bytes());
        file.extend(at.to_le_bytes());
        file.extend([0; 2]);
        file
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                0xEDB8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            };
        }
    }
    !crc
}
