//! Names, identifiers and document numbers in the one form that is compared.

use super::fold::{digits_for_letters, fold};

/// Legal forms at the end of a name, folded; longer before shorter where one ends in the other.
const LEGAL_FORMS: &[&str] = &[
    "gesellschaft mit beschrankter haftung",
    "societe a responsabilite limitee",
    "societe par actions simplifiee",
    "private limited company",
    "public limited company",
    "limited liability company",
    "societe anonyme",
    "aktiengesellschaft",
    "kommanditgesellschaft",
    "offene handelsgesellschaft",
    "haftungsbeschrankt",
    "incorporated",
    "corporation",
    "limited",
    "company",
    "colimited",
    "coltd",
    "kgaa",
    "gmbh",
    "sarl",
    "sasu",
    "eurl",
    "corp",
    "mbh",
    "gbr",
    "ohg",
    "inc",
    "ltd",
    "llc",
    "llp",
    "plc",
    "pte",
    "pty",
    "pvt",
    "snc",
    "sca",
    "sas",
    "spa",
    "srl",
    "aps",
    "ag",
    "kg",
    "ug",
    "eg",
    "ev",
    "se",
    "sa",
    "bv",
    "nv",
    "ab",
    "oy",
    "lp",
    "co",
];

/// The same in Chinese, where no space stands before them; the longest first.
const CHINESE_FORMS: &[&str] = &[
    "股份有限责任公司",
    "有限责任公司",
    "股份有限公司",
    "有限公司",
    "股份公司",
    "有限合伙",
    "股份",
    "公司",
];

/// Words between names that people write or leave out.
const LINKING: &[&str] = &["and", "und", "et", "the"];

/// What numbers begin with that says nothing, in the form of [`digits_for_letters`].
const NUMBER_WORDS: &[&str] = &[
    "n0",
    "nr",
    "num",
    "number",
    "1nv",
    "1nv01ce",
    "rechnung",
    "facture",
    "发票",
    "发票号",
    "第",
];

/// A company's name without case, accents, punctuation, spaces and legal form. `Müller`, `Mueller`
/// and `Muller` are one. Empty only when no letter or digit stands in it.
pub fn name(text: &str) -> String {
    let mut spaced = String::new();
    for character in fold(text).chars() {
        match character {
            '.' | '\'' | '’' | '`' => {}
            letter if letter.is_alphanumeric() => spaced.push(letter),
            _ => spaced.push(' '),
        }
    }
    let words: Vec<&str> = spaced
        .split_whitespace()
        .filter(|word| !LINKING.contains(word))
        .collect();
    let whole = words.join(" ");
    let mut rest = whole.as_str();
    while let Some(shorter) = without_form(rest) {
        rest = shorter;
    }
    let joined = if rest.is_empty() { &whole } else { rest };
    let plain = joined.replace(' ', "");
    ["ae", "oe", "ue"]
        .iter()
        .fold(plain, |text, pair| text.replace(pair, &pair[..1]))
}

/// The name without the legal form at its end; `None` when none stands there or nothing is left.
fn without_form(name: &str) -> Option<&str> {
    let latin = LEGAL_FORMS
        .iter()
        .find_map(|form| name.strip_suffix(form)?.strip_suffix(' '));
    let shorter = latin.or_else(|| {
        CHINESE_FORMS
            .iter()
            .find_map(|form| name.strip_suffix(form))
    });
    shorter.map(str::trim_end).filter(|rest| !rest.is_empty())
}

/// Shortest identifier that is taken for the same with and without a country before it: China's
/// have 18 characters. Shorter ones are given by several countries alike.
const WORLDWIDE_CHARACTERS: usize = 15;

/// A company's identifier: letters and digits alone; a long one without the country before a VAT
/// number, so that it meets itself in the other field. Empty when nothing is left.
pub fn identifier(text: &str) -> String {
    let plain = fold(text);
    let plain: String = plain.chars().filter(|c| c.is_alphanumeric()).collect();
    let country = plain.len() >= 2 + WORLDWIDE_CHARACTERS
        && plain
            .as_bytes()
            .first_chunk::<3>()
            .is_some_and(|[a, b, c]| {
                a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit()
            });
    digits_for_letters(if country { &plain[2..] } else { &plain })
}

/// A document's number with its letters and digits as they follow each other.
pub fn tight_number(text: &str) -> String {
    let plain = digits_for_letters(text);
    plain.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// A document's number as its runs of letters and of digits, without leading zeros and without the
/// words that say "number": `INV/2026/004417` is `2026-4417`.
pub fn number_runs(text: &str) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let mut last = None;
    for character in digits_for_letters(text).chars() {
        let sort = character
            .is_alphanumeric()
            .then(|| character.is_ascii_digit());
        match (sort, runs.last_mut()) {
            (Some(_), Some(run)) if sort == last => run.push(character),
            (Some(_), _) => runs.push(character.to_string()),
            (None, _) => {}
        }
        last = sort;
    }
    let begins = words_before(&runs);
    let mut runs = runs.split_off(begins);
    for run in &mut runs {
        let stripped = run.trim_start_matches('0');
        if stripped.len() < run.len() {
            *run = if stripped.is_empty() { "0" } else { stripped }.to_owned();
        }
    }
    runs
}

/// How many runs at the start only say "number". A look-alike digit splits a word into several.
fn words_before(runs: &[String]) -> usize {
    let mut taken = 0;
    let mut word = String::new();
    for (index, run) in runs.iter().enumerate().take(runs.len().saturating_sub(1)) {
        word.push_str(run);
        if NUMBER_WORDS.contains(&word.as_str()) {
            taken = index + 1;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_company_keeps_its_name_whatever_form_is_written() {
        for (one, other) in [
            (
                "Canglan Special Steel Co., Ltd.",
                "CANGLAN SPECIAL STEEL LIMITED",
            ),
            (
                "Canglan Special Steel Co.,Ltd",
                "Canglan  Special-Steel Company",
            ),
            ("沧澜特钢有限公司", "沧澜特钢股份有限公司"),
            ("沧澜特钢（上海）有限责任公司", "沧澜特钢(上海)"),
            ("Müller & Söhne GmbH & Co. KG", "Mueller und Soehne"),
            ("Acier du Nord S.A.R.L.", "Acier du Nord SAS"),
            ("Aciérie Lefèvre, Société Anonyme", "ACIERIE LEFEVRE S.A."),
            ("Stahl AG", "Stаhl Aktiengesellschaft"),
        ] {
            assert_eq!(name(one), name(other), "{one} {other}");
        }
        assert_ne!(name("Nordstahl GmbH"), name("Südstahl GmbH"));
        assert_eq!(name("Co."), "co", "a name is never empty for its form");
        assert_eq!(name("..."), "");
    }

    #[test]
    fn identifiers_and_numbers_survive_their_spelling() {
        assert_eq!(
            identifier("NL8200.98.395.B.01"),
            identifier("nl820098395B01")
        );
        assert_ne!(identifier("DK12345678"), identifier("FI12345678"));
        assert_eq!(
            identifier("CN91990000MA0K0L3N77"),
            identifier("91990000MA0K0L3N77")
        );
        assert_eq!(
            tight_number("CL-2026-004417"),
            tight_number("cl 2026/OO4417")
        );
        assert_eq!(number_runs("CL/2026/4417"), number_runs("CL-2026-004417"));
        assert_eq!(number_runs("No. 4417").join("-"), "4417");
        assert_eq!(number_runs("Invoice 2026-17").join("-"), "2026-17");
        assert_eq!(number_runs("INV0017"), number_runs("17"));
        assert_ne!(number_runs("1-11"), number_runs("11-1"));
        assert_eq!(number_runs("000").join("-"), "0");
        assert!(number_runs("--").is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_them_panic(text in "\\PC{0,40}") {
            let once = name(&text);
            prop_assert!(!once.contains(' '));
            let _ = (identifier(&text), tight_number(&text), number_runs(&text));
        }
    }
}
