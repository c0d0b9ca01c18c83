//! A trial of the fingerprints: distinct invoices, each presented again in every way, and what is found.

mod invoices;
mod mutations;
mod random;

pub use invoices::{Generated, invoices};
pub use mutations::Goal;

use super::{
    Document, FingerprintError, Verdict, Written,
    forms::{self, Form},
    verdict,
};
use mutations::{MUTATIONS, Mutation};
use random::Random;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// What became of one way of presenting invoices again. Counts are of invoices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The way.
    pub mutation: &'static str,
    /// What it must reach.
    pub goal: Goal,
    /// How many could be presented in this way.
    pub tried: usize,
    /// Found as the registered document itself.
    pub duplicate: usize,
    /// Found as much like it.
    pub warning: usize,
    /// Found as a document of the same trade alone.
    pub linked: usize,
    /// Not found.
    pub missed: usize,
}

impl Row {
    /// How many reached what the goal counts.
    #[must_use]
    pub const fn reached(&self) -> usize {
        match self.goal {
            Goal::Duplicate => self.duplicate,
            Goal::Found => self.duplicate + self.warning,
            Goal::Linked | Goal::Shown => self.duplicate + self.warning + self.linked,
        }
    }

    /// Whether the goal is met; always, where there is none.
    #[must_use]
    pub const fn holds(&self) -> bool {
        match self.goal {
            Goal::Duplicate => self.reached() == self.tried,
            Goal::Found | Goal::Linked => self.reached() * 100 >= self.tried * 95,
            Goal::Shown => true,
        }
    }
}

/// The whole trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Invoices, all distinct, all registered.
    pub invoices: usize,
    /// Fingerprints that they register.
    pub fingerprints: usize,
    /// One for each way.
    pub rows: Vec<Row>,
    /// Invoices that are taken for duplicates of one before them though they are not.
    pub false_duplicates: usize,
    /// Invoices of which one before them warns.
    pub false_warnings: usize,
    /// Invoices that are linked with one before them of another trade.
    pub false_links: usize,
    /// Invoices that are rightly linked with one before them: parts of one order.
    pub true_links: usize,
}

impl Report {
    /// Whether every goal is met: those of the rows, and at most 5 false alerts in 1,000.
    #[must_use]
    pub fn holds(&self) -> bool {
        let alerts = self.false_duplicates + self.false_warnings + self.false_links;
        self.rows.iter().all(Row::holds) && alerts * 1_000 <= self.invoices * 5
    }
}

/// Which registered invoices know an input, and as what.
///
/// The trial compares the inputs of the key holders' function instead of its outputs: equal inputs
/// have equal fingerprints, and different ones differ but for a chance of about 2⁻²⁵⁶ a pair.
#[derive(Default)]
struct Registry(HashMap<Vec<u8>, Vec<usize>>);

impl Registry {
    fn register(&mut self, index: usize, document: &Document) -> usize {
        let inputs = forms::registered(document);
        let count = inputs.len();
        for input in inputs {
            self.0.entry(input.bytes).or_default().push(index);
        }
        count
    }

    /// The forms by which each registered invoice is known.
    fn ask(&self, document: &Document) -> BTreeMap<usize, Vec<Form>> {
        let mut known: BTreeMap<usize, Vec<Form>> = BTreeMap::new();
        for input in forms::asked(document) {
            for index in self.0.get(&input.bytes).into_iter().flatten() {
                known.entry(*index).or_default().push(input.form);
            }
        }
        known
    }
}

/// Registers `given` and as many generated invoices as are wanted beside them, presents each again
/// in every way, and counts.
///
/// # Errors
/// A given invoice that cannot be fingerprinted.
pub fn run(given: &[Written], seed: u64, generated: usize) -> Result<Report, FingerprintError> {
    let mut all: Vec<Generated> = given
        .iter()
        .enumerate()
        .map(|(index, written)| Generated {
            written: written.clone(),
            trade: usize::MAX - index,
        })
        .collect();
    all.extend(invoices(seed, generated));
    let mut registry = Registry::default();
    let mut fingerprints = 0;
    let mut documents = Vec::with_capacity(all.len());
    for (index, one) in all.iter().enumerate() {
        let document = Document::new(&one.written)?;
        fingerprints += registry.register(index, &document);
        documents.push(document);
    }
    let mut report = Report {
        invoices: all.len(),
        fingerprints,
        rows: Vec::with_capacity(MUTATIONS.len()),
        false_duplicates: 0,
        false_warnings: 0,
        false_links: 0,
        true_links: 0,
    };
    for (index, document) in documents.iter().enumerate() {
        report.count_alerts(index, &all, registry.ask(document));
    }
    for mutation in MUTATIONS {
        report.rows.push(present(mutation, &all, &registry, seed)?);
    }
    Ok(report)
}

impl Report {
    fn count_alerts(&mut self, own: usize, all: &[Generated], known: BTreeMap<usize, Vec<Form>>) {
        let (mut worst, mut rightly) = (Verdict::Free, false);
        for (other, forms) in known {
            // Each is asked for once, when those before it are registered.
            if other >= own {
                continue;
            }
            let found = verdict(forms).verdict;
            if found == Verdict::Linked && all[other].trade == all[own].trade {
                rightly = true;
            } else {
                worst = worst.max(found);
            }
        }
        self.true_links += usize::from(rightly);
        match worst {
            Verdict::Free => {}
            Verdict::Linked => self.false_links += 1,
            Verdict::Warning => self.false_warnings += 1,
            Verdict::Duplicate => self.false_duplicates += 1,
        }
    }
}

fn present(
    mutation: &Mutation,
    all: &[Generated],
    registry: &Registry,
    seed: u64,
) -> Result<Row, FingerprintError> {
    let mut random = Random::new(seed ^ 0x6d75_7461_7465);
    let mut row = Row {
        mutation: mutation.name,
        goal: mutation.goal,
        tried: 0,
        duplicate: 0,
        warning: 0,
        linked: 0,
        missed: 0,
    };
    for (index, one) in all.iter().enumerate() {
        let Some(presented) = (mutation.apply)(&one.written, &mut random) else {
            continue;
        };
        // Each part must be found: the least that is known of any counts.
        let mut least = Verdict::Duplicate;
        for written in &presented {
            let known = registry.ask(&Document::new(written)?);
            let forms = known.get(&index).cloned().unwrap_or_default();
            least = least.min(verdict(forms).verdict);
        }
        row.tried += 1;
        match least {
            Verdict::Duplicate => row.duplicate += 1,
            Verdict::Warning => row.warning += 1,
            Verdict::Linked => row.linked += 1,
            Verdict::Free => row.missed += 1,
        }
    }
    Ok(row)
}
