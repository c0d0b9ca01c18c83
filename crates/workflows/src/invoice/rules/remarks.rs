//! What a person should look at, though EN 16931 does not refuse it: prices that do not give their line.

use crate::decimal::Decimal;
use crate::invoice::draft::{Draft, DraftLine};
use crate::invoice::finding::{Finding, Findings, Kind, Place};

/// Peppol BIS Billing has rules on prices where EN 16931 has none, and EN 16931's own published
/// examples break them: R046 (net price), R120 (line net amount) and R130 (units).
pub fn remarks(draft: &Draft) -> Vec<Finding> {
    let mut remarks = Findings::default();
    for line in &draft.lines {
        remark_net(line, &mut remarks);
        remark_price(line, &mut remarks);
        remark_units(line, &mut remarks);
    }
    remarks.into_listed()
}

/// R120: quantity × price ÷ base quantity, less allowances plus charges, is the line's net amount, to two
/// hundredths of a unit.
fn remark_net(line: &DraftLine, remarks: &mut Findings) {
    let (Some(stated), Some(computed)) = (line.net.stated(), net_from_price(line)) else {
        return;
    };
    let slack = Decimal::new(2, 2).unwrap_or(Decimal::ZERO);
    let difference = computed.minus(stated).map(Decimal::abs);
    if difference.is_none_or(|difference| difference > slack) {
        remarks.note(
            Kind::Remark,
            "PEPPOL-EN16931-R120",
            Place::new("BT-131", format!("{}/cbc:LineExtensionAmount", line.path)),
            Some(&stated.to_fixed(2)),
            format!(
                "{}, the quantity (BT-129) × the price (BT-146) ÷ its base quantity (BT-149), less allowances plus charges",
                computed.to_fixed(2)
            ),
        );
    }
}

fn net_from_price(line: &DraftLine) -> Option<Decimal> {
    let adjustments = line
        .adjustments
        .iter()
        .try_fold(Decimal::ZERO, |sum, part| sum.plus(part.signed()?))?;
    line.quantity
        .stated()?
        .times(line.price.stated()?)?
        .divided_by(line.price_base.or(Decimal::ONE)?, 6)?
        .plus(adjustments)?
        .rounded(2)
}

/// R046: the gross price less the discount is the net price.
fn remark_price(line: &DraftLine, remarks: &mut Findings) {
    let (Some(gross), Some(price)) = (line.gross_price.stated(), line.price.stated()) else {
        return;
    };
    let computed = line
        .discount
        .or_zero()
        .and_then(|discount| gross.minus(discount));
    if let Some(computed) = computed.filter(|computed| *computed != price) {
        remarks.note(
            Kind::Remark,
            "PEPPOL-EN16931-R046",
            Place::new("BT-146", format!("{}/cac:Price/cbc:PriceAmount", line.path)),
            Some(&price.to_fixed(2)),
            format!(
                "{}, the gross price (BT-148) less the discount (BT-147)",
                computed.to_fixed(2)
            ),
        );
    }
}

/// R130: the price is for the unit that is counted.
fn remark_units(line: &DraftLine, remarks: &mut Findings) {
    if let (Some(unit), Some(base)) = (&line.unit, &line.price_base_unit)
        && unit != base
    {
        remarks.note(
            Kind::Remark,
            "PEPPOL-EN16931-R130",
            Place::new(
                "BT-150",
                format!("{}/cac:Price/cbc:BaseQuantity/@unitCode", line.path),
            ),
            Some(base),
            format!("{unit}, the unit of the quantity (BT-130)"),
        );
    }
}
