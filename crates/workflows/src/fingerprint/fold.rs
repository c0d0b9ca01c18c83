//! Text made equal that people read as equal: compatibility forms, case, accents, look-alike letters.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Letters of other scripts, small, beside the Latin letter that they look like, small or large. A
/// table of our own: a fingerprint must not change with the Unicode version of a library.
const LOOK_ALIKES: &[(&str, char)] = &[
    ("аαɑ", 'a'),
    ("вβ", 'b'),
    ("сϲ", 'c'),
    ("ԁđ", 'd'),
    ("еε", 'e'),
    ("ɡ", 'g'),
    ("нηһ", 'h'),
    ("іιıӏ", 'i'),
    ("јϳ", 'j'),
    ("кκ", 'k'),
    ("ł", 'l'),
    ("мμ", 'm'),
    ("ν", 'n'),
    ("оοøօ", 'o'),
    ("рρ", 'p'),
    ("ԛ", 'q'),
    ("ѕ", 's'),
    ("тτ", 't'),
    ("υуү", 'y'),
    ("ѵ", 'v'),
    ("ԝ", 'w'),
    ("хχ", 'x'),
    ("ζ", 'z'),
    ("〇", '0'),
];

/// Compatibility forms (NFKC) composed, small letters, no accents, no look-alikes. Punctuation and
/// spaces stay.
pub fn fold(text: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let nfkd = DecomposingNormalizerBorrowed::new_nfkd();
    let small: String = nfkc.normalize(text).to_lowercase();
    let bare: String = nfkd
        .normalize(&small)
        .chars()
        .filter(|character| !('\u{300}'..='\u{36f}').contains(character))
        .collect();
    let mut folded = String::with_capacity(bare.len());
    for character in bare.chars() {
        match character {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            other => folded.push(latin(other)),
        }
    }
    nfkc.normalize(&folded).into_owned()
}

fn latin(character: char) -> char {
    if character.is_ascii() {
        return character;
    }
    LOOK_ALIKES
        .iter()
        .find(|(alike, _)| alike.contains(character))
        .map_or(character, |(_, letter)| *letter)
}

/// Folded, and digits in place of the letters that pass for them: o for 0, i and l for 1.
pub fn digits_for_letters(text: &str) -> String {
    fold(text)
        .chars()
        .map(|character| match character {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_reads_alike_is_alike() {
        for (one, other) in [
            ("ＳＴＥＥＬ　Ｃｏ．", "steel co."),
            ("Großhandel", "GROSSHANDEL"),
            ("Société", "societe"),
            ("ΡΟΜΕ", "POME"),
            ("СТАЛЬ ltd", "сталь LTD"),
            ("Ваnk", "bank"),
            ("①㎏", "1kg"),
            ("İstanbul", "istanbul"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("钢"), fold("铜"));
        assert_eq!(digits_for_letters("OIl-7"), "011-7");
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once_and_never_panics(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
