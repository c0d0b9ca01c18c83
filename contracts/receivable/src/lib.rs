//! A first receivable: issued on an invoice, confirmed by the buyer, financed once.
