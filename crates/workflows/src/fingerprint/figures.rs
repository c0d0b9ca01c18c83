//! Dates, amounts and currencies as people write them in tables, read in one way or refused.

use super::{FingerprintError, fold::fold};
use crate::{decimal::Decimal, invoice::Date};
use blockworm_ledger::Currency;

const MONTHS: &[(&str, u8)] = &[
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("maerz", 3),
    ("marz", 3),
    ("apr", 4),
    ("may", 5),
    ("mai", 5),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sep", 9),
    ("oct", 10),
    ("okt", 10),
    ("nov", 11),
    ("dec", 12),
    ("dez", 12),
];

/// `2026-11-02`, `20261102`, `2026/11/2`, `2026年11月2日`, `02.11.2026`, `2 Nov 2026`, `Nov 2, 2026`;
/// `13/11/2026` and `11/13/2026`, but not `02/11/2026`, which two readers read as two days.
///
/// # Errors
/// [`FingerprintError::Date`], [`FingerprintError::AmbiguousDate`].
pub fn date(text: &str) -> Result<Date, FingerprintError> {
    let bad = || FingerprintError::Date {
        found: text.chars().take(40).collect(),
    };
    let folded = fold(text);
    if folded.len() > 40 {
        return Err(bad());
    }
    let month_named = MONTHS
        .iter()
        .filter(|(word, _)| folded.contains(word))
        .map(|(_, month)| u32::from(*month))
        .next();
    let parts: Vec<&str> = folded
        .split(|character: char| !character.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect();
    let numbers: Vec<u32> = parts
        .iter()
        .map(|part| part.parse().map_err(|_| bad()))
        .collect::<Result<_, _>>()?;
    let (year, month, day) = match (month_named, &numbers[..], parts.first().map(|p| p.len())) {
        (Some(month), [day, year], _) if parts[1].len() == 4 => (*year, month, *day),
        (Some(month), [year, day], Some(4)) => (*year, month, *day),
        (None, [year, month, day], Some(4)) => (*year, *month, *day),
        (None, [whole], Some(8)) => (whole / 10_000, whole / 100 % 100, whole % 100),
        (None, [day, month, year], _) if parts[2].len() == 4 => {
            let dotted = folded.contains('.');
            match (dotted, *day > 12, *month > 12) {
                (true, _, _) | (_, true, _) => (*year, *month, *day),
                (_, _, true) => (*year, *day, *month),
                _ if day == month => (*year, *month, *day),
                _ => {
                    return Err(FingerprintError::AmbiguousDate {
                        found: text.to_owned(),
                    });
                }
            }
        }
        _ => return Err(bad()),
    };
    Date::parse(&format!("{year:04}-{month:02}-{day:02}")).ok_or_else(bad)
}

/// `1234567.8`, `1,234,567.80`, `1.234.567,80`, `1 234 567,80`, `1'234'567.80`, with a currency's
/// sign or code about it; not `1.234`, which is a thousand or one.
///
/// # Errors
/// [`FingerprintError::Amount`], [`FingerprintError::AmbiguousAmount`].
pub fn amount(text: &str) -> Result<Decimal, FingerprintError> {
    let bad = || FingerprintError::Amount {
        found: text.chars().take(40).collect(),
    };
    let folded = fold(text);
    let begin = folded.find(|c: char| c.is_ascii_digit()).ok_or_else(bad)?;
    let end = folded.rfind(|c: char| c.is_ascii_digit()).ok_or_else(bad)? + 1;
    if begin > 8 || folded.len() - end > 8 {
        return Err(bad());
    }
    let negative = folded[..begin].contains(['-', '−']) || folded[..begin].contains('(');
    let inner: String = folded[begin..end]
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '’' | '_'))
        .collect();
    let separators: Vec<(usize, char)> = inner
        .char_indices()
        .filter(|(_, c)| !c.is_ascii_digit())
        .collect();
    let plain = match separators[..] {
        [] => inner,
        [(at, ',' | '.')] if inner.len() - at == 4 && at <= 3 && !inner.starts_with('0') => {
            return Err(FingerprintError::AmbiguousAmount {
                found: text.to_owned(),
            });
        }
        [(_, ',' | '.')] => inner.replace(',', "."),
        [.., (_, before), (at, last)] if matches!(last, ',' | '.') => {
            let grouping = separators[0].1;
            let one_grouping = separators[..separators.len() - 1]
                .iter()
                .all(|(_, c)| *c == grouping && matches!(c, ',' | '.'));
            if !one_grouping {
                return Err(bad());
            }
            let whole: String = inner[..at].chars().filter(char::is_ascii_digit).collect();
            match before == last {
                true => format!("{whole}{}", &inner[at + 1..]),
                false => format!("{whole}.{}", &inner[at + 1..]),
            }
        }
        _ => return Err(bad()),
    };
    let value = Decimal::parse(&plain).map_err(|_| bad())?;
    Ok(if negative { value.negated() } else { value })
}

/// A code of ISO 4217, or what is commonly written for one: `RMB`, `CNH`, `人民币` beside `CNY`.
///
/// # Errors
/// [`FingerprintError::Currency`].
pub fn currency(text: &str) -> Result<Currency, FingerprintError> {
    let folded = fold(text);
    let code = match folded.trim() {
        "rmb" | "cnh" | "人民币" => "CNY".to_owned(),
        "€" | "euro" => "EUR".to_owned(),
        "us$" => "USD".to_owned(),
        other => other.to_uppercase(),
    };
    code.parse().map_err(|_| FingerprintError::Currency {
        found: text.chars().take(40).collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_day_is_one_day_however_it_is_written() {
        for text in [
            "2026-11-02",
            "20261102",
            "2026/11/2",
            "2026.11.02",
            "２０２６年１１月２日",
            "02.11.2026",
            "2 November 2026",
            "Nov 2, 2026",
            "2. Nov. 2026",
        ] {
            assert_eq!(date(text).unwrap().to_string(), "2026-11-02", "{text}");
        }
        assert_eq!(date("13/11/2026").unwrap(), date("11/13/2026").unwrap());
        assert_eq!(
            date("02/11/2026").unwrap_err().code(),
            "fingerprint.ambiguous_date"
        );
        for text in ["", "2026-13-01", "yesterday", "99.99.2026", "1/2/3/4"] {
            assert_eq!(
                date(text).unwrap_err().code(),
                "fingerprint.bad_date",
                "{text}"
            );
        }
    }

    #[test]
    fn a_sum_is_one_sum_however_it_is_written() {
        for text in [
            "1234567.8",
            "1,234,567.80",
            "1.234.567,80",
            "1 234 567,80",
            "1'234'567.80",
            "CNY 1,234,567.80",
            "¥１，２３４，５６７．８",
            "1234567,80 EUR",
        ] {
            assert_eq!(amount(text).unwrap().to_string(), "1234567.8", "{text}");
        }
        assert_eq!(amount("1,234,567").unwrap().to_string(), "1234567");
        assert_eq!(amount("-0.125").unwrap().to_string(), "-0.125");
        assert_eq!(
            amount("1.234").unwrap_err().code(),
            "fingerprint.ambiguous_amount"
        );
        for text in ["", "CNY", "1,2.3,4", "1/2", "one"] {
            assert_eq!(
                amount(text).unwrap_err().code(),
                "fingerprint.bad_amount",
                "{text}"
            );
        }
        assert_eq!(currency(" rmb ").unwrap(), currency("CNY").unwrap());
        assert_eq!(
            currency("gold").unwrap_err().code(),
            "fingerprint.bad_currency"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_them_panic(text in "\\PC{0,30}", digits in "[-0-9., ']{0,24}") {
            for text in [&text, &digits] {
                let _ = (date(text), amount(text), currency(text));
            }
        }
    }
}
