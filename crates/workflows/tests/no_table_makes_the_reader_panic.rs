//! No bytes make the reader of tables panic: any bytes, any cells, and the samples with anything done to them.
#![allow(clippy::unwrap_used)]

mod workbook;

use blockworm_workflows::receivable::table::{Given, read};
use proptest::prelude::*;
use workbook::Workbook;

const SAMPLES: [&[u8]; 3] = [
    include_bytes!("../../../samples/receivables.csv"),
    include_bytes!("../../../samples/receivables-broken.csv"),
    include_bytes!("../../../samples/receivables.xlsx"),
];

fn use_it(bytes: &[u8]) {
    let given = Given {
        buyer: Some("platform/buyer-c27e".parse().unwrap()),
        ..Given::default()
    };
    match read(bytes, &given) {
        Ok(table) => table
            .entries
            .iter()
            .for_each(|entry| drop(entry.facts.document().unwrap())),
        Err(error) => {
            assert!(error.code().starts_with("table."), "{}", error.code());
            assert!(error.faults().len() <= 100);
            assert!(!error.to_string().is_empty() && !error.next().is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), archive in any::<bool>()) {
        let head: &[u8] = if archive { b"PK\x03\x04" } else { b"" };
        use_it(&[head, &bytes].concat());
    }

    #[test]
    fn samples_with_bytes_replaced(
        sample in 0..SAMPLES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = SAMPLES[sample].to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        use_it(&bytes);
    }

    #[test]
    fn workbooks_with_any_sheet(
        pieces in prop::collection::vec(prop_oneof![
            Just("<row>".to_owned()), Just("<row r=\"4294967295\">".to_owned()), Just("</row>".to_owned()),
            Just("<c r=\"A1\" t=\"s\"><v>0</v></c>".to_owned()), Just("<c><v>1e308</v></c>".to_owned()),
            Just("<c t=\"inlineStr\"><is><t>发票号码</t></is></c>".to_owned()),
            Just("<c t=\"inlineStr\"><is><t>到期日</t></is></c>".to_owned()),
            Just("<c t=\"inlineStr\"><is><t>价税合计</t></is></c>".to_owned()),
            Just("<c s=\"1\"><v>-5</v></c>".to_owned()), "<c r=\"[A-Z]{0,4}[0-9]{0,11}\"/>", "\\PC{0,12}",
        ], 0..40),
    ) {
        use_it(&Workbook::of(&[("a", &pieces.concat())]).bytes());
    }

    #[test]
    fn tables_of_any_cells(rows in prop::collection::vec(prop::collection::vec(
        prop_oneof!["[-0-9., /]{0,12}", "\\PC{0,8}", Just("合计".to_owned()), Just("Total".to_owned()), Just("CNY".to_owned())], 0..9), 0..6)) {
        let head = "发票号码,开票日期,到期日,币种,价税合计,金额,税额,销售方税号\n".to_owned();
        let body: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
        use_it((head + &body.join("\n")).as_bytes());
    }
}
