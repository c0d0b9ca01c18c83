//! As much of PDF's syntax (ISO 32000-1, 7.5) as adding to our own files needs: the table of objects, one object's dictionary, the trailer.

use crate::DocumentError;

/// A file made by this crate's writer, signed or not.
pub struct Source<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Where its last table of objects begins.
    pub table: usize,
    /// One more than the highest object's number.
    pub size: u32,
    /// The catalogue's number.
    pub root: u32,
    /// `/Info` and `/ID` of the trailer, as they stand there.
    pub kept: String,
}

impl<'a> Source<'a> {
    /// Finds the last table and trailer.
    pub fn read(bytes: &'a [u8]) -> Result<Self, DocumentError> {
        let bad = || DocumentError::Unsignable("it is no PDF with a plain table of objects");
        let at = rfind(bytes, b"startxref").ok_or_else(bad)?;
        let table = number(bytes.get(at + 9..).ok_or_else(bad)?).ok_or_else(bad)?;
        let table = usize::try_from(table).map_err(|_| bad())?;
        let part = bytes.get(table..at).ok_or_else(bad)?;
        if !part.starts_with(b"xref") {
            return Err(bad());
        }
        let trailer = rfind(part, b"trailer").ok_or_else(bad)?;
        let trailer = part.get(trailer + 7..).ok_or_else(bad)?;
        let trailer = std::str::from_utf8(trailer).map_err(|_| bad())?;
        let whole =
            |name| number(value(trailer, name)?.as_bytes()).and_then(|at| u32::try_from(at).ok());
        let mut kept = String::new();
        for name in ["/Info", "/ID"] {
            if let Some(text) = value(trailer, name) {
                kept.push_str(&format!("{name} {} ", text.trim()));
            }
        }
        Ok(Self {
            bytes,
            table,
            size: whole("/Size").ok_or_else(bad)?,
            root: whole("/Root").ok_or_else(bad)?,
            kept,
        })
    }

    /// What stands between `<<` and `>>` of an object that is a dictionary.
    pub fn dictionary(&self, number: u32) -> Result<&'a str, DocumentError> {
        let bad = || DocumentError::Unsignable("an object is missing, or no dictionary");
        let head = format!("{number} 0 obj");
        let begin = self.position(number).ok_or_else(bad)?;
        let rest = self.bytes.get(begin..).ok_or_else(bad)?;
        let rest = rest.strip_prefix(head.as_bytes()).ok_or_else(bad)?;
        let end = find(rest, b"endobj").ok_or_else(bad)?;
        let text = std::str::from_utf8(&rest[..end]).map_err(|_| bad())?.trim();
        let inside = text
            .strip_prefix("<<")
            .and_then(|text| text.strip_suffix(">>"));
        Ok(inside.ok_or_else(bad)?.trim())
    }

    /// Where an object begins, by the only table of a file that nobody added to.
    fn position(&self, wanted: u32) -> Option<usize> {
        let part = std::str::from_utf8(
            self.bytes
                .get(self.table..)?
                .split(|byte| *byte == b't')
                .next()?,
        )
        .ok()?;
        let mut lines = part.lines().skip(1);
        loop {
            let (first, count) = lines.next()?.trim().split_once(' ')?;
            let (first, count) = (first.parse::<u32>().ok()?, count.parse::<u32>().ok()?);
            if let Some(index) = wanted.checked_sub(first).filter(|index| *index < count) {
                let line = lines.nth(usize::try_from(index).ok()?)?;
                return line.get(..10)?.parse().ok();
            }
            lines.nth(usize::try_from(count.checked_sub(1)?).ok()?)?;
        }
    }
}

/// The value of a name in a dictionary's own level.
pub fn value<'a>(dictionary: &'a str, name: &str) -> Option<&'a str> {
    let inside = dictionary.trim();
    let mut rest = inside.strip_prefix("<<").unwrap_or(inside);
    loop {
        rest = rest.trim_start();
        if !rest.starts_with('/') {
            return None;
        }
        let (key, after) = rest.split_at(name_end(rest));
        let (value, after) = after.split_at(value_end(after));
        if key == name {
            return Some(value.trim());
        }
        rest = after;
    }
}

/// How long the name is that a text begins with.
fn name_end(text: &str) -> usize {
    let regular = |byte: u8| !byte.is_ascii_whitespace() && !b"/<>[]()".contains(&byte);
    let end = text.bytes().skip(1).position(|byte| !regular(byte));
    end.map_or(text.len(), |end| end + 1)
}

/// How long the value is, with the blanks before it: up to the next name, or the dictionary's end.
fn value_end(text: &str) -> usize {
    let blank = text.len() - text.trim_start().len();
    if text[blank..].starts_with('/') {
        return blank + name_end(&text[blank..]);
    }
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' | b'[' | b'(' => depth += 1,
            b'/' | b'>' if depth == 0 => return at,
            b'>' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

/// The number that a text begins with.
pub fn number(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.iter().skip_while(|byte| byte.is_ascii_whitespace());
    let digits: Vec<u8> = digits
        .take_while(|byte| byte.is_ascii_digit())
        .copied()
        .collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

/// Where a word stands first.
pub fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|part| part == word)
}

fn rfind(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).rposition(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn a_value_is_found_at_its_own_level_only() {
        let text =
            "<</Type/Catalog/Pages 1 0 R/Names<</Pages 9 0 R>>/Kids[2 0 R 3 0 R]/Lang(a/b)>>";
        assert_eq!(value(text, "/Pages"), Some("1 0 R"));
        assert_eq!(value(text, "/Kids"), Some("[2 0 R 3 0 R]"));
        assert_eq!(value(text, "/Type"), Some("/Catalog"));
        assert_eq!(value(text, "/Lang"), Some("(a/b)"));
        assert_eq!(value(text, "/Catalog"), None);
    }
}
