//! What a cell says as a number, a day, an amount or an identifier: read in one way, or refused.

use super::grid::{Cell, Value};
use crate::{
    decimal::Decimal,
    fingerprint::{figures, fold::fold},
    invoice::Date,
};
use blockworm_ledger::{Amount, Currency};

/// A code, and what is wanted instead.
pub type Wrong = (&'static str, String);

/// Digits that a double surely keeps.
const SAFE_DIGITS: usize = 15;
/// Most bytes of a number or an identifier, as in a document.
const MOST_BYTES: usize = 100;

fn wrong<T>(code: &'static str, wanted: impl Into<String>) -> Result<T, Wrong> {
    Err((code, wanted.into()))
}

/// What neither text nor number is.
fn unusable(value: &Value) -> Option<Wrong> {
    match value {
        Value::Uncalculated => Some((
            "table.formula_uncalculated",
            "a value: open the workbook in a spreadsheet program, let it calculate, save it".into(),
        )),
        Value::Other(_) => Some(("table.cell_error", "text, a number or a day".into())),
        _ => None,
    }
}

fn digits(decimal: &str) -> usize {
    let digits: String = decimal.chars().filter(char::is_ascii_digit).collect();
    let whole = digits.trim_start_matches('0');
    match decimal.contains('.') {
        true => whole.len(),
        false => whole
            .trim_end_matches('0')
            .len()
            .max(usize::from(!whole.is_empty())),
    }
}

/// A name, or whatever else is kept as it stands.
pub fn text(cell: &Cell) -> Result<Option<String>, Wrong> {
    match &cell.value {
        Value::Empty => Ok(None),
        Value::Text(text) => Ok(Some(text.clone())),
        Value::Number { written, .. } => Ok(Some(written.clone())),
        other => Err(unusable(other).unwrap_or_default()),
    }
}

/// A number or identifier of which each character counts; runs of white space are one space.
pub fn identifier(cell: &Cell) -> Result<Option<String>, Wrong> {
    let found = match &cell.value {
        Value::Text(text) if text.starts_with('=') => {
            return wrong(
                "table.formula_text",
                "the text itself, not a formula around it",
            );
        }
        Value::Text(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Number { decimal, plain, .. } => {
            let whole = decimal.bytes().all(|byte| byte.is_ascii_digit());
            if !whole || !plain || decimal.len() > SAFE_DIGITS {
                return wrong(
                    "table.number_as_figure",
                    "text: as a figure it loses leading zeros and what follows its first 15 digits; \
                     format the column as text and enter it again",
                );
            }
            decimal.clone()
        }
        Value::Empty => return Ok(None),
        other => return Err(unusable(other).unwrap_or_default()),
    };
    match found.len() > MOST_BYTES {
        true => wrong("table.too_long", format!("at most {MOST_BYTES} bytes")),
        false => Ok(Some(found)),
    }
}

/// A tax identifier with its country: `CN91990000MA0K0L3N77`, `NL8200.98.395.B.01`, or a unified
/// social credit code (GB 32100), which is put under `CN` as documents write it.
pub fn tax_id(cell: &Cell) -> Result<Option<String>, Wrong> {
    let Some(found) = identifier(cell)? else {
        return Ok(None);
    };
    let plain: String = found
        .chars()
        .filter(|character| character.is_alphanumeric())
        .map(|character| character.to_ascii_uppercase())
        .collect();
    let bytes = plain.as_bytes();
    let country = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase())
        .count()
        >= 2;
    if plain.is_ascii() && country && bytes.len() >= 4 && bytes.iter().any(u8::is_ascii_digit) {
        return Ok(Some(found));
    }
    let credit = |byte: &u8| byte.is_ascii_alphanumeric() && !b"IOSVZ".contains(byte);
    let is_code =
        bytes.len() == 18 && bytes.iter().all(credit) && bytes[2..8].iter().all(u8::is_ascii_digit);
    match is_code {
        true => Ok(Some(format!("CN{plain}"))),
        false => wrong(
            "table.bad_tax_id",
            "a tax identifier that begins with its country (NL…, CN…), or the 18 characters of a unified social credit code",
        ),
    }
}

/// A day.
pub fn day(cell: &Cell) -> Result<Option<Date>, Wrong> {
    let text = match &cell.value {
        Value::Empty => return Ok(None),
        Value::Number { day: Some(day), .. } => return Ok(Some(*day)),
        Value::Number { decimal, .. } if decimal.len() == 8 => decimal.as_str(),
        Value::Number { .. } => {
            return wrong(
                "table.bad_date",
                "a day: format the cell as a date, or write 2026-11-02",
            );
        }
        Value::Text(text) => without_time(text),
        other => return Err(unusable(other).unwrap_or_default()),
    };
    let bad = || {
        (
            "table.bad_date",
            "a day that the calendar has, such as 2026-11-02".to_owned(),
        )
    };
    if !only_a_day(text) {
        return Err(bad());
    }
    match figures::date(text) {
        Ok(day) => Ok(Some(day)),
        Err(error) if error.code() == "fingerprint.ambiguous_date" => wrong(
            "table.ambiguous_date",
            "a day that everybody reads alike: 2026-11-02, 2026年11月2日, 02.11.2026 or 2 Nov 2026",
        ),
        Err(_) => Err(bad()),
    }
}

/// `2026-11-02 10:31:00` and `2026-11-02T10:31:00` as programs export days.
fn without_time(text: &str) -> &str {
    let Some((day, time)) = text.split_at_checked(10) else {
        return text;
    };
    let clock = time.strip_prefix([' ', 'T']).unwrap_or_default();
    let is_clock = clock.contains(':')
        && clock.len() <= 15
        && clock
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b":.".contains(&byte));
    match is_clock {
        true => day,
        false => text,
    }
}

/// Whether nothing but a day is written: digits, what stands between them, and the name of a month.
fn only_a_day(text: &str) -> bool {
    const MONTHS: &str = "jan january januar feb february februar mar march maerz marz apr april may mai jun june juni \
        jul july juli aug august sep sept september oct october okt oktober nov november dec december dez dezember";
    let folded = fold(text);
    let good = |c: char| c.is_alphanumeric() || " -/.,年月日号".contains(c);
    let words = folded.split(|c: char| !c.is_alphabetic() || "年月日号".contains(c));
    folded.chars().all(good)
        && words
            .filter(|word| !word.is_empty())
            .all(|word| MONTHS.split_ascii_whitespace().any(|month| month == word))
}

/// A code of ISO 4217, or what is commonly written for one.
pub fn currency(cell: &Cell) -> Result<Option<Currency>, Wrong> {
    let Some(found) = text(cell)? else {
        return Ok(None);
    };
    match figures::currency(&found) {
        Ok(currency) if currency.exponent().is_some() => Ok(Some(currency)),
        _ => wrong("table.bad_currency", "a currency of ISO 4217, such as CNY"),
    }
}

/// An exact amount of a currency; zero and less are amounts too.
pub fn money(cell: &Cell, currency: Currency) -> Result<Option<Decimal>, Wrong> {
    let value = match &cell.value {
        Value::Empty => return Ok(None),
        Value::Number { day: Some(_), .. } => {
            return wrong(
                "table.bad_amount",
                "an amount; the cell is formatted as a date",
            );
        }
        Value::Number { decimal, .. } => {
            let exponent = currency.exponent().unwrap_or(0);
            if scale(decimal) > usize::from(exponent) {
                return Err(decimals(currency, exponent));
            }
            if digits(decimal) > SAFE_DIGITS {
                return wrong(
                    "table.precision_lost",
                    "an amount as text: a figure of a workbook keeps 15 digits",
                );
            }
            Decimal::parse(decimal)
                .or_else(|_| wrong("table.amount_too_large", too_long(currency)))?
        }
        Value::Text(text) => written(text, currency)?,
        other => return Err(unusable(other).unwrap_or_default()),
    };
    let exponent = currency.exponent().unwrap_or(0);
    if value.scale() > exponent {
        return Err(decimals(currency, exponent));
    }
    Ok(Some(value))
}

fn decimals(currency: Currency, exponent: u8) -> Wrong {
    let wanted = format!(
        "at most {exponent} digits after the point, as {currency} has; round it where it is calculated (ROUND)"
    );
    ("table.decimals", wanted)
}

fn scale(decimal: &str) -> usize {
    decimal
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len())
}

fn too_long(currency: Currency) -> String {
    format!("an amount of {currency} of at most 15 digits before the point")
}

/// An amount that a ledger holds.
pub fn owed(value: Decimal, currency: Currency) -> Result<Amount, Wrong> {
    if value.is_zero() || value.is_negative() {
        return wrong(
            "table.not_positive",
            "more than zero: nobody owes nothing, and a credit note is no row",
        );
    }
    let minor = value.to_minor(currency.exponent().unwrap_or(0));
    minor.map_or_else(
        || wrong("table.amount_too_large", too_long(currency)),
        |minor| Ok(Amount::new(minor, currency)),
    )
}

/// Text as an amount: digits in groups of three, if in groups, and nothing about it but a sign and
/// the currency of the row.
fn written(text: &str, currency: Currency) -> Result<Decimal, Wrong> {
    let bad = || {
        (
            "table.bad_amount",
            "an amount such as 1648144.05".to_owned(),
        )
    };
    let folded = fold(text);
    let begin = folded.find(|c: char| c.is_ascii_digit()).ok_or_else(bad)?;
    let end = folded.rfind(|c: char| c.is_ascii_digit()).ok_or_else(bad)? + 1;
    let before: String = folded[..begin].split_whitespace().collect();
    let sign = before.trim_start_matches(|c: char| !"+-−".contains(c));
    let unit = before.trim_end_matches(['+', '-', '−']);
    let after: String = folded[end..].split_whitespace().collect();
    if sign.chars().count() > 1 || !names(unit, currency)? || !names(&after, currency)? {
        return Err(bad());
    }
    if !in_groups(&folded[begin..end]) {
        return Err(bad());
    }
    match figures::amount(&folded[begin..end]) {
        Ok(value) if sign.is_empty() || sign == "+" => Ok(value),
        Ok(value) => Ok(value.negated()),
        Err(error) if error.code() == "fingerprint.ambiguous_amount" => wrong(
            "table.ambiguous_amount",
            "an amount that everybody reads alike: 1234.00 or 1.2340, not 1.234 or 1,234",
        ),
        Err(_) => Err(bad()),
    }
}

/// Whether a sign or code stands for the currency; one of another currency is a fault of its own.
fn names(unit: &str, currency: Currency) -> Result<bool, Wrong> {
    let known: &[&str] = match unit {
        "" => return Ok(true),
        "元" | "圆" => &["CNY", "HKD", "TWD", "MOP", "JPY", "SGD"],
        "¥" => &["CNY", "JPY"],
        "$" => &["USD", "HKD", "SGD", "AUD", "CAD", "NZD", "TWD", "MXN"],
        "£" => &["GBP"],
        "€" => &["EUR"],
        _ => &[],
    };
    let is_other = match known {
        [] => match figures::currency(unit) {
            Ok(found) if found.exponent().is_some() => found != currency,
            _ => return Ok(false),
        },
        some => !some.contains(&currency.as_str()),
    };
    match is_other {
        true => wrong(
            "table.currency_mismatch",
            format!("an amount of {currency}, the row's currency"),
        ),
        false => Ok(true),
    }
}

/// Whether separators that repeat, or stand before another, part groups of three digits.
fn in_groups(inner: &str) -> bool {
    let plain: String = inner
        .chars()
        .filter(|c| !c.is_whitespace() || *c == ' ')
        .collect();
    let parts: Vec<&str> = plain.split(|c: char| !c.is_ascii_digit()).collect();
    let marks: Vec<char> = plain.chars().filter(|c| !c.is_ascii_digit()).collect();
    let Some(last) = marks.last() else {
        return true;
    };
    // The last mark is the point, unless it is the one that parts groups too.
    let is_point =
        matches!(last, '.' | ',') && marks.iter().filter(|mark| *mark == last).count() == 1;
    let groups = if is_point {
        &parts[..parts.len() - 1]
    } else {
        &parts[..]
    };
    let one_mark = marks[..groups.len() - 1]
        .windows(2)
        .all(|two| two[0] == two[1]);
    one_mark
        && (groups.len() == 1
            || (1..=3).contains(&groups[0].len())
                && groups[1..].iter().all(|group| group.len() == 3))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn amount_of(text: &str) -> Result<String, &'static str> {
        let read = money(&Cell::text(text), Currency::CNY);
        read.map(|value| value.unwrap().to_string())
            .map_err(|(code, _)| code)
    }

    #[test]
    fn amounts_are_read_in_one_way() {
        for (text, value) in [
            ("1648144.05", "1648144.05"),
            ("1,648,144.05", "1648144.05"),
            ("1.648.144,05", "1648144.05"),
            ("1 648 144,05", "1648144.05"),
            ("1'648'144.05", "1648144.05"),
            ("CNY 12.50", "12.5"),
            ("¥12.50", "12.5"),
            ("12.50元", "12.5"),
            ("１２．５０", "12.5"),
            ("1,000,000", "1000000"),
            ("-12.50", "-12.5"),
            ("¥-12.50", "-12.5"),
        ] {
            assert_eq!(amount_of(text).as_deref(), Ok(value), "{text}");
        }
        for (text, code) in [
            ("1.234", "table.ambiguous_amount"),
            ("1,234", "table.ambiguous_amount"),
            ("12.505", "table.ambiguous_amount"),
            ("1234.567", "table.decimals"),
            ("1,23,456.00", "table.bad_amount"),
            ("1,2,3", "table.bad_amount"),
            ("12-", "table.bad_amount"),
            ("(12)", "table.bad_amount"),
            (".5", "table.bad_amount"),
            ("12 %", "table.bad_amount"),
            ("12.50 EUR", "table.currency_mismatch"),
            ("$12.50", "table.currency_mismatch"),
            ("1.2万", "table.bad_amount"),
            ("twelve", "table.bad_amount"),
            ("1 2", "table.bad_amount"),
            ("=B2*2", "table.bad_amount"),
        ] {
            assert_eq!(amount_of(text), Err(code), "{text}");
        }
    }

    #[test]
    fn days_are_read_in_one_way() {
        let of = |text: &str| {
            day(&Cell::text(text))
                .map(Option::unwrap)
                .map_err(|(code, _)| code)
        };
        for text in [
            "2026-11-02",
            "2026年11月2日",
            "02.11.2026",
            "2 Nov 2026",
            "20261102",
            "2026-11-02 10:31:00",
            "2026-11-02T00:00:00.000",
        ] {
            assert_eq!(of(text).unwrap().to_string(), "2026-11-02", "{text}");
        }
        assert_eq!(of("02/11/2026"), Err("table.ambiguous_date"));
        for text in [
            "2026-02-30",
            "about 2026-11-02",
            "2026-11-02?",
            "next marble 2 2026",
            "11/2026",
            "46328",
        ] {
            assert_eq!(of(text), Err("table.bad_date"), "{text}");
        }
    }

    #[test]
    fn tax_identifiers_have_a_country() {
        let of = |text: &str| {
            tax_id(&Cell::text(text))
                .map(Option::unwrap)
                .map_err(|(code, _)| code)
        };
        assert_eq!(of("91990000MA0K0L3N77").unwrap(), "CN91990000MA0K0L3N77");
        assert_eq!(of("NL8200.98.395.B.01").unwrap(), "NL8200.98.395.B.01");
        for text in [
            "123456789",
            "91990000MA0K0L3N7",
            "91990000MA0K0L3NO7",
            "沧澜",
            "CNCNCN",
        ] {
            assert_eq!(of(text), Err("table.bad_tax_id"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_them_panic(any in "\\PC{0,30}", figures in "[-0-9., '¥元年/]{0,24}") {
            for text in [&any, &figures] {
                let cell = Cell::text(text);
                let _ = (identifier(&cell), tax_id(&cell), day(&cell), money(&cell, Currency::CNY));
                let _ = currency(&cell);
            }
        }
    }
}
