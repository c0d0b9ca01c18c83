//! Settlement money: units issued by a bank role and transferred by their holders.
