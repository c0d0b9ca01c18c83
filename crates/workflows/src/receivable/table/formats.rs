//! What a workbook's numbers are shown as: days, plain digits, or something else; and their shortest decimal.

use crate::{invoice::Date, xml::Element};

/// Days before 1970-01-01 of the day zero of workbooks: 1899-12-30, and where they say so 1904-01-01.
const EPOCHS: [i64; 2] = [25_569, 24_107];
/// Serial numbers up to this one are off by a day: there was no 29 February 1900.
const FIRST_RELIABLE: i64 = 61;
/// 9999-12-31.
const LAST: i64 = 2_958_465;

/// The formats of a workbook's cells, by style.
pub struct Formats {
    styles: Vec<Kind>,
    since_1904: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The digits themselves.
    Plain,
    /// A day.
    Day,
    /// Anything else.
    Other,
}

impl Formats {
    /// From the part `styles.xml`, if there is one.
    pub fn read(styles: Option<&Element>, since_1904: bool) -> Self {
        let named = |name: &'static str| {
            let groups = styles.into_iter().flat_map(|root| root.children.iter());
            groups.filter(move |group| group.name == name)
        };
        let own: Vec<(u32, &str)> = named("numFmts")
            .flat_map(|formats| formats.children.iter())
            .filter_map(|format| {
                let id = format.attribute("numFmtId")?.parse().ok()?;
                Some((id, format.attribute("formatCode")?))
            })
            .collect();
        let kind = |style: &Element| {
            let id = style.attribute("numFmtId").and_then(|id| id.parse().ok());
            let id: u32 = id.unwrap_or(0);
            match own.iter().find(|(known, _)| *known == id) {
                Some((_, code)) => of_code(code),
                None => of_id(id),
            }
        };
        let styles = named("cellXfs").flat_map(|formats| formats.children.iter());
        Self {
            styles: styles.map(kind).collect(),
            since_1904,
        }
    }

    fn kind(&self, style: usize) -> Kind {
        self.styles.get(style).copied().unwrap_or(Kind::Plain)
    }

    /// Whether a number of this style is shown as a day.
    pub fn is_day(&self, style: usize) -> bool {
        self.kind(style) == Kind::Day
    }

    /// Whether a number of this style is shown with the digits that it has.
    pub fn is_plain(&self, style: usize) -> bool {
        self.kind(style) == Kind::Plain
    }

    /// Whether days count from 1904.
    pub fn since_1904(&self) -> bool {
        self.since_1904
    }
}

/// The formats that files need not spell out (ISO/IEC 29500-1, 18.8.30), those of East Asia among them.
fn of_id(id: u32) -> Kind {
    match id {
        0 | 1 | 49 => Kind::Plain,
        14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57 | 58 => Kind::Day,
        _ => Kind::Other,
    }
}

fn of_code(code: &str) -> Kind {
    let mut bare = String::new();
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        match character {
            ';' => break,
            '"' => drop(characters.by_ref().find(|c| *c == '"')),
            '[' => drop(characters.by_ref().find(|c| *c == ']')),
            '\\' | '_' | '*' => drop(characters.next()),
            other => bare.extend(other.to_lowercase()),
        }
    }
    // Words beside the digits (`"CL-"0`) are shown too, so such digits are not plain.
    match code.trim().to_lowercase().as_str() {
        "general" | "@" | "0" => Kind::Plain,
        // Seconds and hours alone are no day; words and colours were left out above.
        _ if bare.contains(['y', 'd']) => Kind::Day,
        _ => Kind::Other,
    }
}

/// A number of a workbook (an IEEE 754 double in decimal) as the shortest decimal that is this double:
/// `1648144.0500000001` is `1648144.05`. `None` where it is no finite number.
pub fn shortest(text: &str) -> Option<String> {
    let good = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let value: f64 = text.bytes().all(good).then(|| text.parse().ok())??;
    let value = if value == 0.0 { 0.0 } else { value };
    value.is_finite().then(|| value.to_string())
}

/// The day of a serial number; the time of day, if any, is dropped, as a day is meant.
pub fn day_of(decimal: &str, since_1904: bool) -> Option<Date> {
    let whole = decimal.split('.').next()?;
    let serial: i64 = whole.parse().ok()?;
    let least = if since_1904 { 0 } else { FIRST_RELIABLE };
    if !(least..=LAST).contains(&serial) {
        return None;
    }
    civil(serial - EPOCHS[usize::from(since_1904)])
}

/// The civil date so many days after 1970-01-01, by years that begin in March.
fn civil(days: i64) -> Option<Date> {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = years + era * 400 + next;
    Date::parse(&format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn serial_numbers_are_days() {
        for (serial, since_1904, day) in [
            ("61", false, "1900-03-01"),
            ("25569", false, "1970-01-01"),
            ("46328", false, "2026-11-02"),
            ("46328.4375", false, "2026-11-02"),
            ("44866", true, "2026-11-02"),
            ("45351", false, "2024-02-29"),
            ("2958465", false, "9999-12-31"),
        ] {
            let found = day_of(serial, since_1904).unwrap().to_string();
            assert_eq!(found, day, "{serial}");
        }
        for wrong in ["-1", "0", "60", "2958466", "99999999999999999999"] {
            assert_eq!(day_of(wrong, false), None, "{wrong}");
        }
    }

    #[test]
    fn codes_of_days_are_told_from_others() {
        for code in [
            "yyyy-mm-dd",
            "yyyy\"年\"m\"月\"d\"日\"",
            "[$-804]d/m/yyyy;@",
            "dd.mm.yy",
        ] {
            assert!(of_code(code) == Kind::Day, "{code}");
        }
        for code in [
            "0.00",
            "#,##0.00\"dy\"",
            "[Red]0.00",
            "h:mm",
            "00000000",
            "0%",
            "\\d0",
            "\"CL-\"0",
        ] {
            assert!(of_code(code) == Kind::Other, "{code}");
        }
        assert!(of_code("@") == Kind::Plain && of_code("General") == Kind::Plain);
    }

    #[test]
    fn a_double_has_one_shortest_decimal() {
        for (written, decimal) in [
            ("1648144.0500000001", "1648144.05"),
            ("1.64814405E6", "1648144.05"),
            ("12", "12"),
            ("-0", "0"),
            ("0.30000000000000004", "0.30000000000000004"),
        ] {
            assert_eq!(shortest(written).unwrap(), decimal);
        }
        for wrong in ["", "inf", "NaN", "1e999", "0x10", "1_0"] {
            assert_eq!(shortest(wrong), None, "{wrong}");
        }
    }
}
