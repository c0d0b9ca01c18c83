//! Code lists that EN 16931 refers to, as far as they are checked here.

/// UNTDID 1001 as EN 16931 lists it for invoices.
const INVOICES: &str = "71 80 82 84 102 130 202 203 204 211 218 219 295 325 326 331 380 382 383 384 \
    385 386 387 388 389 390 393 394 395 456 457 527 553 575 623 633 751 780 817 870 875 876 877 935";

/// UNTDID 1001 as EN 16931 lists it for credit notes.
const CREDIT_NOTES: &str = "81 83 261 262 296 308 381 396 420 458 502 503 532";

/// ISO 3166-1 alpha-2, with `1A` (Kosovo) and `XI` (Northern Ireland), which EN 16931's lists add.
const COUNTRIES: &str = "1A AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ \
    BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE \
    DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR \
    GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP \
    KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT \
    MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW \
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG \
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XI YE YT ZA ZM ZW";

fn contains(list: &str, code: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == code)
}

/// BR-CL-01: a type of invoice.
pub fn is_invoice_type(code: &str) -> bool {
    contains(INVOICES, code)
}

/// BR-CL-01: a type of credit note.
pub fn is_credit_note_type(code: &str) -> bool {
    contains(CREDIT_NOTES, code)
}

/// BR-CL-14: a country.
pub fn is_country(code: &str) -> bool {
    contains(COUNTRIES, code)
}

/// BR-CO-09: a VAT identifier begins with its country, or `EL` for Greece.
pub fn has_country_prefix(vat_id: &str) -> bool {
    let prefix = vat_id.get(..2).unwrap_or_default();
    prefix == "EL" || is_country(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_looked_up_whole() {
        assert!(is_invoice_type("380") && is_credit_note_type("381"));
        assert!(!is_invoice_type("38") && !is_invoice_type("381") && !is_invoice_type(""));
        assert!(is_country("CN") && !is_country("C") && !is_country("CN ") && !is_country("XX"));
        assert_eq!(COUNTRIES.split_ascii_whitespace().count(), 249 + 2);
        for (id, good) in [
            ("CN91", true),
            ("EL1", true),
            ("XX1", false),
            ("N", false),
            ("é1", false),
        ] {
            assert_eq!(has_country_prefix(id), good, "{id}");
        }
    }
}
