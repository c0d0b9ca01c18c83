//! No input makes the reader panic: any bytes, and the samples with anything done to them.
#![allow(clippy::unwrap_used)]

use blockworm_workflows::invoice::{identity_digest, read};
use blockworm_workflows::xml::Limits;
use proptest::prelude::*;

const SAMPLES: [&str; 5] = [
    include_str!("../../../samples/steel-invoice.xml"),
    include_str!("../../../samples/steel-credit-note.xml"),
    include_str!("fixtures/rich-invoice.xml"),
    include_str!("../../../samples/steel-invoice-broken.xml"),
    include_str!("../../../samples/steel-invoice-entity-bomb.xml"),
];

/// Everything that is done with what a stranger sends.
fn use_it(bytes: &[u8]) {
    match read(bytes, &Limits::default()) {
        Ok(invoice) => drop(identity_digest(&invoice)),
        Err(error) => {
            assert!(error.code().starts_with("invoice."));
            assert!(error.findings().len() <= 100);
            assert!(!error.to_string().is_empty());
        }
    }
}

#[derive(Clone, Debug)]
enum Mutation {
    Replace(usize, Vec<u8>),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Repeat(usize, usize),
    Digits(usize, String),
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        prop::sample::select(vec![
            "<",
            ">",
            "&",
            "&#x110000;",
            "]]>",
            "<![CDATA[",
            "<!--",
            "--",
            "<!DOCTYPE",
            "<?",
            "\"",
            "xmlns=''",
            ":",
            "é",
            "\u{FFFE}",
            "-",
            "9".repeat(40).leak()
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<usize>(), pieces()).prop_map(|(at, piece)| Mutation::Replace(at, piece)),
        (any::<usize>(), pieces()).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        (any::<usize>(), 1usize..400).prop_map(|(at, length)| Mutation::Remove(at, length)),
        (any::<usize>(), 1usize..400).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        (any::<usize>(), "-?[0-9]{0,16}(\\.[0-9]{0,13})?")
            .prop_map(|(at, digits)| Mutation::Digits(at, digits)),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: Mutation) {
    let length = bytes.len().max(1);
    match mutation {
        Mutation::Replace(at, piece) => {
            let at = at % length;
            let end = (at + piece.len()).min(bytes.len());
            bytes.splice(at.min(end)..end, piece);
        }
        Mutation::Insert(at, piece) => {
            let at = (at % length).min(bytes.len());
            bytes.splice(at..at, piece);
        }
        Mutation::Remove(at, count) => {
            let at = (at % length).min(bytes.len());
            bytes.drain(at..(at + count).min(bytes.len()));
        }
        Mutation::Repeat(at, count) => {
            let at = (at % length).min(bytes.len());
            let piece = bytes[at..(at + count).min(bytes.len())].to_vec();
            bytes.splice(at..at, piece);
        }
        Mutation::Digits(at, digits) => {
            // Another figure in place of the next amount, so that the arithmetic is reached.
            let at = (at % length).min(bytes.len());
            let Some(start) = bytes[at..]
                .windows(5)
                .position(|window| window == b"CNY\">" || window == b"EUR\">")
                .map(|found| at + found + 5)
            else {
                return;
            };
            let end = bytes[start..]
                .iter()
                .position(|byte| *byte == b'<')
                .map_or(bytes.len(), |found| start + found);
            bytes.splice(start..end, digits.into_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        use_it(&bytes);
    }

    #[test]
    fn any_text_in_an_element(text in "\\PC{0,200}") {
        use_it(format!("<a>{text}</a>").as_bytes());
        use_it(format!("<a b='{text}'/>").as_bytes());
        use_it(text.as_bytes());
    }

    #[test]
    fn mutated_samples(which in 0..SAMPLES.len(), mutations in prop::collection::vec(mutation(), 1..6)) {
        let mut bytes = SAMPLES[which].as_bytes().to_vec();
        for mutation in mutations {
            mutate(&mut bytes, mutation);
        }
        use_it(&bytes);
    }
}
