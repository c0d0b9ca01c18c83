//! The VAT categories of EN 16931-1, each with its own family of rules.

use crate::decimal::Decimal;

/// What the rate of a category may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Above zero.
    Positive,
    /// Zero or more.
    NotNegative,
    /// Zero.
    Zero,
    /// None is written.
    None,
}

impl Rate {
    /// Whether a stated rate fits.
    pub fn allows(self, rate: Option<Decimal>) -> bool {
        match (self, rate) {
            (Self::Positive, Some(rate)) => rate > Decimal::ZERO,
            (Self::NotNegative, Some(rate)) => rate >= Decimal::ZERO,
            (Self::Zero, Some(rate)) => rate.is_zero(),
            (Self::None, rate) => rate.is_none(),
            (_, None) => false,
        }
    }

    /// For people.
    pub fn wanted(self) -> &'static str {
        match self {
            Self::Positive => "a rate above zero",
            Self::NotNegative => "a rate of zero or more",
            Self::Zero => "the rate 0",
            Self::None => "no rate",
        }
    }
}

/// Which identifiers a category wants of the parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identifiers {
    /// The seller's for tax: BT-31, BT-32 or BT-63.
    Seller,
    /// Those, and the buyer's: BT-48 or BT-47.
    SellerAndBuyer,
    /// The seller's for VAT, BT-31 or BT-63.
    SellerVat,
    /// That, and the buyer's for VAT, BT-48.
    BothVat,
    /// None for VAT.
    NoVat,
}

/// One category's rules: their names, and what they say.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// UNTDID 5305.
    pub code: &'static str,
    /// The category has a part in the breakdown.
    pub r01: &'static str,
    /// Identifiers, by lines, allowances, charges.
    pub identifier_rules: [&'static str; 3],
    /// Rates, by lines, allowances, charges.
    pub rate_rules: [&'static str; 3],
    /// The taxable amount.
    pub r08: &'static str,
    /// The tax.
    pub r09: &'static str,
    /// The reason of an exemption.
    pub r10: &'static str,
    /// Which rates.
    pub rate: Rate,
    /// Whether it has a part in the breakdown for each rate, and its tax is not zero.
    pub is_rated: bool,
    /// Whether an exemption has a reason; else it has none.
    pub has_reason: bool,
    /// Which identifiers.
    pub identifiers: Identifiers,
}

macro_rules! family {
    ($code:literal, $name:literal, $rate:ident, $rated:literal, $reason:literal, $identifiers:ident) => {
        Family {
            code: $code,
            r01: concat!("BR-", $name, "-01"),
            identifier_rules: [
                concat!("BR-", $name, "-02"),
                concat!("BR-", $name, "-03"),
                concat!("BR-", $name, "-04"),
            ],
            rate_rules: [
                concat!("BR-", $name, "-05"),
                concat!("BR-", $name, "-06"),
                concat!("BR-", $name, "-07"),
            ],
            r08: concat!("BR-", $name, "-08"),
            r09: concat!("BR-", $name, "-09"),
            r10: concat!("BR-", $name, "-10"),
            rate: Rate::$rate,
            is_rated: $rated,
            has_reason: $reason,
            identifiers: Identifiers::$identifiers,
        }
    };
}

/// All categories. `B`, Italy's split payment, has no such family; it is calculated as `S`.
pub const FAMILIES: [Family; 10] = [
    family!("S", "S", Positive, true, false, Seller),
    family!("Z", "Z", Zero, false, false, Seller),
    family!("E", "E", Zero, false, true, Seller),
    family!("AE", "AE", Zero, false, true, SellerAndBuyer),
    family!("K", "IC", Zero, false, true, BothVat),
    family!("G", "G", Zero, false, true, SellerVat),
    family!("O", "O", None, false, true, NoVat),
    family!("L", "AF", NotNegative, true, false, Seller),
    family!("M", "AG", NotNegative, true, false, Seller),
    family!("B", "S", Positive, true, false, Seller),
];
