//! Invoices that are all distinct, as traders write them: repeated pairs, fixed sums, orders in parts, two on one day.

use super::{
    super::{Sort, Trader, Written},
    random::Random,
};

/// How often in a thousand what makes honest invoices alike happens.
mod often {
    /// A pair that always invoices the same sum.
    pub const FIXED_SUM: u64 = 120;
    /// An invoice that names its order.
    pub const ORDER: u64 = 600;
    /// One that names its goods.
    pub const GOODS: u64 = 250;
    /// An order that is invoiced in two or three parts.
    pub const PARTS: u64 = 60;
    /// A second invoice of the pair on the same day.
    pub const SAME_DAY: u64 = 30;
    /// One of the same day whose sum is within two per cent.
    pub const SAME_LOAD: u64 = 1;
    /// A company with the name of the one before and another legal form.
    pub const SISTER: u64 = 20;
}

/// An invoice, and which trade it belongs to: parts of one order share it.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The invoice.
    pub written: Written,
    /// Counted from 0.
    pub trade: usize,
}

struct Seller {
    trader: Trader,
    buyers: Vec<(usize, Option<u64>)>,
    style: u64,
    letters: String,
    next: u64,
}

/// `count` distinct invoices, the same for the same seed.
#[must_use]
pub fn invoices(seed: u64, count: usize) -> Vec<Generated> {
    let mut random = Random::new(seed);
    let sellers = (count / 12).clamp(8, 5_000);
    let buyers: Vec<Trader> = traders(&mut random, sellers / 2 + 4, 500_000);
    let mut sellers: Vec<Seller> = traders(&mut random, sellers, 100_000)
        .into_iter()
        .map(|trader| seller(trader, buyers.len(), &mut random))
        .collect();
    let mut made = Vec::new();
    let mut trade = 0;
    while made.len() < count {
        let index = usize::try_from(random.below(sellers.len() as u64)).unwrap_or(0);
        let seller = &mut sellers[index];
        let Some((buyer, fixed)) = random.pick(&seller.buyers).copied() else {
            continue;
        };
        let cents = fixed.unwrap_or_else(|| any_cents(&mut random));
        let day = random.below(330);
        let one = Draw {
            buyer: &buyers[buyer],
            cents,
            day,
        };
        let mut first = one.invoice(seller, &mut random);
        if random.in_a_thousand(often::ORDER) {
            let order = format!("PO-{}-{:05}", 2026, random.below(90_000) + 10_000);
            first.references.push((Sort::Order, order));
        }
        if random.in_a_thousand(often::GOODS) {
            let receipt = format!("WR{:07}", random.below(9_000_000) + 1_000_000);
            first.references.push((Sort::Goods, receipt));
        }
        let references = first.references.clone();
        made.push(Generated {
            written: first,
            trade,
        });
        if random.in_a_thousand(often::PARTS) && !references.is_empty() {
            for part in 1..=random.below(2) + 1 {
                let cents = any_cents(&mut random);
                let later = Draw {
                    cents,
                    day: day + 7 * part,
                    ..one
                };
                let mut written = later.invoice(seller, &mut random);
                written.references.clone_from(&references);
                made.push(Generated { written, trade });
            }
        }
        trade += 1;
        let near = random.in_a_thousand(often::SAME_LOAD);
        if near || random.in_a_thousand(often::SAME_DAY) {
            let cents = match near {
                true => cents + cents / 100 + 1,
                false => any_cents(&mut random),
            };
            let written = Draw { cents, ..one }.invoice(seller, &mut random);
            made.push(Generated { written, trade });
            trade += 1;
        }
    }
    made.truncate(count);
    made
}

#[derive(Clone, Copy)]
struct Draw<'a> {
    buyer: &'a Trader,
    cents: u64,
    day: u64,
}

impl Draw<'_> {
    fn invoice(&self, seller: &mut Seller, random: &mut Random) -> Written {
        let number = seller.number(random);
        Written {
            sort: Sort::Invoice,
            number,
            date: day(self.day),
            amount: decimal(self.cents),
            currency: currency_of(&seller.trader).to_owned(),
            seller: seller.trader.clone(),
            buyer: self.buyer.clone(),
            references: Vec::new(),
        }
    }
}

impl Seller {
    fn number(&mut self, random: &mut Random) -> String {
        self.next += 1 + random.below(3);
        let (letters, next) = (&self.letters, self.next);
        match self.style {
            0 => format!("{letters}-2026-{next:06}"),
            1 => format!("{next}"),
            2 => format!("{letters}2026/{next:04}"),
            3 => format!("2026{next:05}"),
            4 => format!("{next:05}-26"),
            _ => format!("INV-{letters}-{next}"),
        }
    }
}

fn seller(trader: Trader, buyers: usize, random: &mut Random) -> Seller {
    let of = 1 + random.below(5);
    let buyers = (0..of)
        .map(|_| {
            let buyer = usize::try_from(random.below(buyers as u64)).unwrap_or(0);
            let fixed = random.in_a_thousand(often::FIXED_SUM);
            (buyer, fixed.then(|| any_cents(random)))
        })
        .collect();
    let letter =
        |random: &mut Random| char::from(b'A' + u8::try_from(random.below(26)).unwrap_or(0));
    Seller {
        trader,
        buyers,
        style: random.below(6),
        letters: [letter(random), letter(random)].iter().collect(),
        next: random.below(5_000),
    }
}

/// 1,000.00 to 10,000,000.00, each power of ten as often as the others.
fn any_cents(random: &mut Random) -> u64 {
    let power = 10_u64.pow(u32::try_from(random.below(4)).unwrap_or(0));
    power * 100_000 + random.below(power * 900_000)
}

/// Cents as a decimal.
pub fn decimal(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The nth day of 2026, counted from 0; from the 365th on of 2027.
pub fn day(number: u64) -> String {
    const MONTHS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let (year, mut rest) = (2026 + number / 365, number % 365);
    let mut month = 1;
    for days in MONTHS {
        if rest < days {
            break;
        }
        rest -= days;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", rest + 1)
}

fn currency_of(trader: &Trader) -> &'static str {
    match trader.ids.first().map(|id| &id[..2]) {
        Some("CN") => "CNY",
        Some("GB") => "GBP",
        _ => "EUR",
    }
}

const PLACES: [[&str; 12]; 4] = [
    [
        "沧澜", "北渡", "云岭", "青浦", "临江", "海陵", "安远", "东莱", "西川", "南桥", "泰和",
        "金峰",
    ],
    [
        "Nord", "Süd", "Rhein", "Elbe", "Weser", "Harz", "Spree", "Isar", "Main", "Eifel", "Saar",
        "Lahn",
    ],
    [
        "Loire", "Seine", "Garonne", "Jura", "Vosges", "Ardèche", "Marne", "Oise", "Isère",
        "Drôme", "Creuse", "Sambre",
    ],
    [
        "Severn", "Humber", "Mersey", "Tyne", "Thames", "Avon", "Trent", "Forth", "Clyde",
        "Solent", "Wye", "Tees",
    ],
];
const TRADES: [[&str; 10]; 4] = [
    [
        "特钢",
        "重工机械",
        "物流",
        "化工",
        "电子",
        "纺织",
        "食品",
        "矿业",
        "造船",
        "能源",
    ],
    [
        "stahl",
        "maschinenbau",
        "logistik",
        "chemie",
        "elektronik",
        "textil",
        "kost",
        "bergbau",
        "werft",
        "energie",
    ],
    [
        " Acier",
        " Mécanique",
        " Logistique",
        " Chimie",
        " Électronique",
        " Textile",
        " Alimentaire",
        " Mines",
        " Chantiers",
        " Énergie",
    ],
    [
        " Steel",
        " Engineering",
        " Logistics",
        " Chemicals",
        " Electronics",
        " Textiles",
        " Foods",
        " Mining",
        " Shipyards",
        " Power",
    ],
];
const FOUNDERS: [[&str; 8]; 4] = [
    ["", "新", "华", "恒", "信", "瑞", "宏", "德"],
    [
        "",
        "Müller ",
        "Schäfer ",
        "Köhler ",
        "Weiß ",
        "Vogt ",
        "Brandt ",
        "Jäger ",
    ],
    [
        "",
        "Lefèvre ",
        "Dupré ",
        "Gérard ",
        "Noël ",
        "Rivière ",
        "Béranger ",
        "Collin ",
    ],
    [
        "", "Baker ", "Hughes ", "Irving ", "Noble ", "Porter ", "Quill ", "Rowe ",
    ],
];
/// Legal forms by country; each of the four a company may be changed to.
pub const FORMS: [[&str; 3]; 4] = [
    ["有限公司", "股份有限公司", "有限责任公司"],
    [" GmbH", " AG", " GmbH & Co. KG"],
    [" SARL", " S.A.", " SAS"],
    [" Ltd", " Limited", " PLC"],
];
const COUNTRIES: [&str; 4] = ["CN", "DE", "FR", "GB"];

/// Companies with distinct names and identifiers, but for the sisters' names.
pub(super) fn traders(random: &mut Random, count: usize, first_id: u64) -> Vec<Trader> {
    let mut made: Vec<Trader> = Vec::with_capacity(count);
    for index in 0..count {
        let country = index % 4;
        let at = index / 4;
        let number = first_id + index as u64;
        let form = usize::try_from(random.below(3)).unwrap_or(0);
        let mut base = format!(
            "{}{}{}",
            FOUNDERS[country][at / 120 % 8],
            PLACES[country][at % 12],
            TRADES[country][at / 12 % 10],
        );
        if at >= 960 {
            base = format!("{base} {}", at / 960);
        }
        // Buyers' and sellers' names differ even where their places in the list are the same.
        if first_id > 400_000 {
            base = format!(
                "{base}{}",
                ["国际", " Handel", " Négoce", " Trading"][country]
            );
        }
        if random.in_a_thousand(often::SISTER) && index >= 4 {
            let sister = &made[index - 4].names[0];
            if let Some(bare) = FORMS[country]
                .iter()
                .rev()
                .find_map(|form| sister.strip_suffix(form))
            {
                base = bare.to_owned();
            }
        }
        let id = format!("9{number:06}{:03}", number * 7 % 997);
        let mut names = vec![format!("{base}{}", FORMS[country][form])];
        if country == 0 {
            names.push(format!(
                "Cathay {number} {} Co., Ltd.",
                ["Industrial", "Trading"][index / 4 % 2]
            ));
        }
        made.push(Trader {
            ids: vec![
                format!("{}{id}", COUNTRIES[country]),
                format!("HRB {number}"),
            ],
            names,
        });
    }
    made
}
