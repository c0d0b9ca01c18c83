//! The ways in which an invoice is presented again: what fraud and carelessness do to it.

use super::{
    super::{Sort, Trader, Written, figures, names::number_runs},
    invoices::{FORMS, day, decimal},
    random::Random,
};
use serde::Serialize;

/// What a way must reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Every one is a duplicate.
    Duplicate,
    /// At least 95 in 100 are duplicates or warned of.
    Found,
    /// At least 95 in 100 are at least linked: it is another document of the same trade.
    Linked,
    /// Beyond what fingerprints can promise; shown, not held.
    Shown,
}

/// One way.
pub struct Mutation {
    /// Its name in the table.
    pub name: &'static str,
    /// What it must reach.
    pub goal: Goal,
    /// What is presented instead; `None` where the way does not fit the document.
    pub apply: fn(&Written, &mut Random) -> Option<Vec<Written>>,
}

const fn way(
    name: &'static str,
    goal: Goal,
    apply: fn(&Written, &mut Random) -> Option<Vec<Written>>,
) -> Mutation {
    Mutation { name, goal, apply }
}

/// Every way, in the order of the table.
pub const MUTATIONS: &[Mutation] = &[
    way("copy, whoever applies", Goal::Duplicate, |w, _| {
        with(w, |_| {})
    }),
    way("spacing and punctuation", Goal::Duplicate, spacing),
    way("case", Goal::Duplicate, case),
    way("full-width characters", Goal::Duplicate, full_width),
    way("date format", Goal::Duplicate, date_format),
    way("decimals and grouping", Goal::Duplicate, grouping),
    way("number format", Goal::Found, number_format),
    way("legal suffix", Goal::Found, legal_suffix),
    way("look-alike letters", Goal::Found, look_alikes),
    way("identifiers left out", Goal::Found, |w, _| {
        with(w, |w| {
            (w.seller.ids, w.buyer.ids) = (Vec::new(), Vec::new())
        })
    }),
    way("date", Goal::Found, other_date),
    way("number", Goal::Found, other_number),
    way("amount up to 4 % off", Goal::Found, small_amount),
    way("amount 10 to 50 % off", Goal::Found, large_amount),
    way("currency", Goal::Found, |w, _| {
        with(w, |w| {
            w.currency = if w.currency == "USD" { "CHF" } else { "USD" }.to_owned()
        })
    }),
    way(
        "applicant switch: another seller",
        Goal::Found,
        |w, random| {
            let seller = stranger(random);
            with(w, |w| w.seller = seller)
        },
    ),
    way("another buyer", Goal::Found, |w, random| {
        let buyer = stranger(random);
        with(w, |w| w.buyer = buyer)
    }),
    way(
        "number, and amount up to 4 % off",
        Goal::Found,
        |w, random| {
            let number = fresh_number(w, random);
            let mut all = small_amount(w, random)?;
            all[0].number = number;
            Some(all)
        },
    ),
    way(
        "number, identifiers and suffix",
        Goal::Found,
        |w, random| {
            let number = fresh_number(w, random);
            let mut all = legal_suffix(w, random)?;
            (all[0].seller.ids, all[0].buyer.ids) = (Vec::new(), Vec::new());
            all[0].number = number;
            Some(all)
        },
    ),
    way(
        "split in two, numbers with a part",
        Goal::Found,
        |w, random| {
            let number = w.number.clone();
            split(w, random, [format!("{number}-1"), format!("{number}/B")])
        },
    ),
    way("credit note on it", Goal::Linked, credit_note),
    way("its order", Goal::Linked, |w, random| {
        origin(w, random, Sort::Order)
    }),
    way("its goods' receipt", Goal::Linked, |w, random| {
        origin(w, random, Sort::Goods)
    }),
    way(
        "split in two, new numbers, order named",
        Goal::Linked,
        |w, random| {
            named(w)?;
            let numbers = [fresh_number(w, random), fresh_number(w, random)];
            split(w, random, numbers)
        },
    ),
    way(
        "split in two, new numbers, no order",
        Goal::Shown,
        |w, random| {
            let numbers = [fresh_number(w, random), fresh_number(w, random)];
            let mut halves = split(w, random, numbers)?;
            halves.iter_mut().for_each(|half| half.references.clear());
            Some(halves)
        },
    ),
    way("number and date, order named", Goal::Linked, |w, random| {
        named(w)?;
        number_and_date(w, random)
    }),
    way("number and date, no order", Goal::Shown, |w, random| {
        let mut all = number_and_date(w, random)?;
        all[0].references.clear();
        Some(all)
    }),
    way(
        "seller's name mistyped, no identifiers",
        Goal::Found,
        |w, random| {
            with(w, |w| {
                (w.seller.ids, w.buyer.ids) = (Vec::new(), Vec::new());
                w.seller
                    .names
                    .iter_mut()
                    .for_each(|name| mistype(name, random));
            })
        },
    ),
    way(
        "both names mistyped, no identifiers",
        Goal::Shown,
        |w, random| {
            with(w, |w| {
                (w.seller.ids, w.buyer.ids) = (Vec::new(), Vec::new());
                let names = w.seller.names.iter_mut().chain(&mut w.buyer.names);
                names.for_each(|name| mistype(name, random));
            })
        },
    ),
    way("number and seller", Goal::Shown, |w, random| {
        let (number, seller) = (fresh_number(w, random), stranger(random));
        with(w, |w| (w.number, w.seller) = (number, seller))
    }),
];

fn with(written: &Written, change: impl FnOnce(&mut Written)) -> Option<Vec<Written>> {
    let mut changed = written.clone();
    change(&mut changed);
    Some(vec![changed])
}

/// Every text that names something.
fn each_text(written: &mut Written, mut change: impl FnMut(&str) -> String) {
    let Written {
        seller,
        buyer,
        number,
        references,
        ..
    } = written;
    let numbers = references.iter_mut().map(|(_, number)| number);
    let traders = [seller, buyer].into_iter();
    let traders = traders.flat_map(|trader| trader.names.iter_mut().chain(&mut trader.ids));
    for text in traders.chain(numbers).chain([number]) {
        *text = change(text);
    }
}

fn spacing(written: &Written, random: &mut Random) -> Option<Vec<Written>> {
    with(written, |w| {
        for trader in [&mut w.seller, &mut w.buyer] {
            for name in &mut trader.names {
                *name = format!(
                    "  {} ",
                    name.replace(' ', "  ").replace("Co., Ltd.", "Co.,Ltd")
                );
            }
            for id in &mut trader.ids {
                let at = id.len() / 2;
                id.insert(at, if random.in_a_thousand(500) { ' ' } else { '.' });
            }
        }
        w.number = format!(" {} ", w.number.replace('-', " - ").replace('/', "-"));
    })
}

fn case(written: &Written, random: &mut Random) -> Option<Vec<Written>> {
    let upper = random.in_a_thousand(500);
    with(written, |w| {
        each_text(w, |text| {
            if upper {
                text.to_uppercase()
            } else {
                text.to_lowercase()
            }
        });
    })
}

fn full_width(written: &Written, _: &mut Random) -> Option<Vec<Written>> {
    let wide = |c: char| match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c),
        ' ' => '\u{3000}',
        other => other,
    };
    with(written, |w| {
        each_text(w, |text| text.chars().map(wide).collect());
        w.amount = w.amount.chars().map(wide).collect();
    })
}

fn date_format(written: &Written, random: &mut Random) -> Option<Vec<Written>> {
    let iso = figures::date(&written.date).ok()?.to_string();
    let (year, month, day) = (&iso[..4], &iso[5..7], &iso[8..]);
    let texts = [
        format!("{day}.{month}.{year}"),
        format!("{year}/{month}/{day}"),
        format!("{year}年{month}月{day}日"),
        format!("{year}{month}{day}"),
    ];
    let text = random.pick(&texts)?.clone();
    with(written, |w| w.date = text)
}

fn grouping(written: &Written, random: &mut Random) -> Option<Vec<Written>> {
    let fixed = figures::amount(&written.amount).ok()?.to_fixed(2);
    let (whole, part) = fixed.split_once('.')?;
    let (group, point) = *random.pick(&[(",", "."), (".", ","), (" ", ","), ("'", ".")])?;
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push_str(group);
        }
        grouped.push(digit);
    }
    // Three digits after the only separator could be a thousand as well.
    let zero = if whole.len() > 3 { "0" } else { "" };
    let text = format!("{} {grouped}{point}{part}{zero}", written.currency);
    with(written, |w| w.amount = text)
}

fn number_format(written: &Written, random: &mut Random) -> Option<Vec<Written>> {
    let runs = number_runs(&written.number);
    let text = match random.below(4) {
        0 => runs.join("/"),
        1 => format!("No. {}", written.number),
        2 => written.number.replace(['-', '/', ' '], ""),
        _ => runs.concat(),
    };
    with(written, |w| w.number = text)
}

fn legal_suffix(written: &Written, random: &mut Random) -> Option<Vec<Written>> {
    let change = |name: &mut String, random: &mut Random| {
        for forms in FORMS {
            let Some(bare) = forms.iter().rev().find_map(|form| name.strip_suffix(form)) else {
                continue;
            };
            let other = random.pick(&forms).copied().unwrap_or_default();
            let dropped = random.in_a_thousand(300);
            *name = format!("{bare}{}", if dropped { "" } else { other });
            return;
        }
    };
    with(written, |w| {
        for name in w.seller.names.iter_mut().chain(&mut w.buyer.names) {
            change(name, random);
        }
        // Else the identifier finds it, and the name is not tried.
        (w.seller.ids, w.buyer.ids) = (Vec::new(), Vec::new());
    })
}

fn look_alikes(written: &Written, _: &mut Random) -> Option<Vec<Written>> {
    let alike = |c: char| match c {
        'a' => 'а',
        'e' => 'е',
        'o' => 'о',
        'p' => 'р',
        'A' => 'Α',
        'C' => 'С',
        'H' => 'Η',
        'B' => 'В',
        '0' => 'O',
        '1' => 'l',
        other => other,
    };
    with(written, |w| {
        each_text(w, |text| text.chars().map(alike).collect())
    })
}

fn other_date(written: &Written, random: &mut Random) -> Option<Vec<Written>> {
    let now = figures::date(&written.date).ok()?.start_ms()? / 86_400_000;
    let since_2026 = now.saturating_sub(20_454);
    let later = day(since_2026 + 1 + random.below(40));
    with(written, |w| w.date = later)
}

fn fresh_number(written: &Written, random: &mut Random) -> String {
    let letters: String = written
        .number
        .chars()
        .filter(char::is_ascii_alphabetic)
        .collect();
    format!("{letters}9{:07}", random.below(10_000_000))
}

fn other_number(written: &Written, random: &mut Random) -> Option<Vec<Written>> {
    let number = fresh_number(written, random);
    with(written, |w| w.number = number)
}

fn number_and_date(written: &Written, random: &mut Random) -> Option<Vec<Written>> {
    let number = fresh_number(written, random);
    let mut all = other_date(written, random)?;
    all[0].number = number;
    Some(all)
}

fn cents(written: &Written) -> Option<u64> {
    let minor = figures::amount(&written.amount)
        .ok()?
        .rounded(2)?
        .to_minor(2)?;
    u64::try_from(minor).ok()
}

fn off(written: &Written, random: &mut Random, permille: u64) -> Option<Vec<Written>> {
    let cents = cents(written)?;
    let part = (cents / 1_000 * permille).max(1);
    let changed = match random.in_a_thousand(500) {
        true => cents + part,
        false => cents - part,
    };
    with(written, |w| w.amount = decimal(changed))
}

fn small_amount(written: &Written, random: &mut Random) -> Option<Vec<Written>> {
    let permille = 1 + random.below(40);
    off(written, random, permille)
}

fn large_amount(written: &Written, random: &mut Random) -> Option<Vec<Written>> {
    let permille = 100 + random.below(400);
    off(written, random, permille)
}

fn split(written: &Written, random: &mut Random, numbers: [String; 2]) -> Option<Vec<Written>> {
    let cents = cents(written)?;
    let first = cents / 1_000 * (300 + random.below(400));
    let halves = [first, cents - first].into_iter().zip(numbers);
    Some(
        halves
            .map(|(cents, number)| Written {
                amount: decimal(cents),
                number,
                ..written.clone()
            })
            .collect(),
    )
}

fn credit_note(written: &Written, random: &mut Random) -> Option<Vec<Written>> {
    if written.sort != Sort::Invoice {
        return None;
    }
    let number = fresh_number(written, random);
    let mut all = other_date(written, random)?;
    let note = &mut all[0];
    note.references = vec![(Sort::Invoice, written.number.clone())];
    (note.sort, note.number) = (Sort::CreditNote, number);
    Some(all)
}

fn named(written: &Written) -> Option<()> {
    (!written.references.is_empty()).then_some(())
}

/// The order or the goods' receipt itself, financed in place of the invoice on it.
fn origin(written: &Written, random: &mut Random, wanted: Sort) -> Option<Vec<Written>> {
    let named = written
        .references
        .iter()
        .find(|(sort, _)| *sort == wanted)?;
    let number = named.1.clone();
    let mut all = other_date(written, random)?;
    all[0].references.clear();
    (all[0].sort, all[0].number) = (wanted, number);
    Some(all)
}

/// Leaves one of the first letters out: the legal form stands at the end.
fn mistype(name: &mut String, random: &mut Random) {
    let at = usize::try_from(random.below(2)).unwrap_or(0);
    *name = name
        .chars()
        .enumerate()
        .filter(|(index, _)| *index != at)
        .map(|(_, c)| c)
        .collect();
}

fn stranger(random: &mut Random) -> Trader {
    let number = random.below(1_000_000);
    Trader {
        ids: vec![format!("AT8{number:07}77"), format!("FN {number}x")],
        names: vec![format!("Strohmann {number} Handels GmbH")],
    }
}
