//! A plain reference of what the transaction contract keeps: numbers in vectors, and rules in a few lines.

#![allow(dead_code, clippy::unwrap_used)]

/// What a member or the issuance contract tries. Members and assets are numbers; asset 0 is
/// fungible, asset 1 divisible; member 0 is the issuer.
#[derive(Clone, Debug)]
pub enum Act {
    Move(usize, Bit, usize),
    SetAside(usize, usize, u128),
    Split(usize, usize, u64, u128),
    Merge(usize, usize, Vec<u64>),
    Pledge(usize, usize, u64, usize),
    Release(usize, usize, u64),
    Lock(usize, usize, u64, usize, u64),
    Unlock(usize, usize, u64),
    Order(usize, u64, bool),
    OrderBalance(usize, usize, bool),
    Offer(usize, Bit, Option<(usize, u128)>, u64),
    Accept(usize, u64, Option<u64>),
    Withdraw(usize, u64),
    Pass(u64),
    Stop(usize, bool),
    Mint(usize, u128),
    Retire(usize, u128),
    Close(usize),
}

/// A part: units of a balance, or a holding.
#[derive(Clone, Copy, Debug)]
pub enum Bit {
    Units(usize, u128),
    Holding(usize, u64),
}

impl Bit {
    pub const fn asset(self) -> usize {
        match self {
            Self::Units(asset, _) | Self::Holding(asset, _) => asset,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Hold {
    pub from: u128,
    pub to: u128,
    pub owner: usize,
    pub pledgee: Option<usize>,
    pub lock: Option<(usize, u64)>,
    pub court: bool,
    pub open: bool,
}

#[derive(Clone, Debug)]
pub struct Offered {
    pub by: usize,
    pub bit: Bit,
    pub want: Option<(usize, u128)>,
    pub until: u64,
    pub over: bool,
}

#[derive(Clone, Debug)]
pub struct Model {
    pub now: u64,
    pub amount: [u128; 2],
    pub stopped: [bool; 2],
    pub closed: [bool; 2],
    pub balance: [u128; 4],
    pub court: [bool; 4],
    pub holds: [Vec<Hold>; 2],
    pub offers: Vec<Offered>,
}

impl Model {
    pub fn new(now: u64, amount: [u128; 2]) -> Self {
        let whole = hold(0, amount[1], 0);
        Self {
            now,
            amount,
            stopped: [false; 2],
            closed: [false; 2],
            balance: [amount[0], 0, 0, 0],
            court: [false; 4],
            holds: [vec![], vec![whole]],
            offers: vec![],
        }
    }

    fn moves(&self, asset: usize) -> Option<()> {
        (!self.closed[asset] && !self.stopped[asset]).then_some(())
    }

    fn open(&self, asset: usize, number: u64) -> Option<&Hold> {
        let hold = self.holds[asset].get(usize::try_from(number).ok()?)?;
        hold.open.then_some(hold)
    }

    fn free(&self, asset: usize, number: u64, owner: usize) -> Option<Hold> {
        let hold = self.open(asset, number)?;
        let locked = hold.lock.is_some_and(|(_, until)| self.now < until);
        let free = hold.owner == owner && !hold.court && hold.pledgee.is_none() && !locked;
        let mut hold = free.then(|| hold.clone())?;
        hold.lock = None;
        Some(hold)
    }

    /// How many units a part is, if its owner may move it.
    fn movable(&self, bit: Bit, owner: usize) -> Option<u128> {
        self.moves(bit.asset())?;
        match bit {
            Bit::Units(0, amount) => {
                let enough = amount > 0 && !self.court[owner] && self.balance[owner] >= amount;
                enough.then_some(amount)
            }
            Bit::Units(..) => None,
            Bit::Holding(asset, number) => self
                .free(asset, number, owner)
                .map(|hold| hold.to - hold.from),
        }
    }

    fn shift(&mut self, bit: Bit, from: usize, to: usize) -> Option<()> {
        match bit {
            Bit::Units(_, amount) => {
                self.balance[from] -= amount;
                self.balance[to] += amount;
            }
            Bit::Holding(asset, number) => {
                let mut hold = self.free(asset, number, from)?;
                hold.owner = to;
                *self.at(asset, number) = hold;
            }
        }
        Some(())
    }

    fn at(&mut self, asset: usize, number: u64) -> &mut Hold {
        &mut self.holds[asset][usize::try_from(number).unwrap()]
    }

    /// Does it, or says with `None` that it may not be done.
    pub fn act(&mut self, act: &Act) -> Option<()> {
        match act {
            Act::Move(by, bit, to) => {
                self.movable(*bit, *by)?;
                self.shift(*bit, *by, *to)
            }
            Act::SetAside(by, asset, amount) => {
                self.movable(Bit::Units(*asset, *amount), *by)?;
                self.balance[*by] -= amount;
                self.holds[0].push(hold(0, *amount, *by));
                Some(())
            }
            Act::Split(by, asset, number, at) => {
                self.moves(*asset)?;
                let whole = self.free(*asset, *number, *by)?;
                (whole.from < *at && *at < whole.to).then_some(())?;
                self.at(*asset, *number).open = false;
                self.holds[*asset].push(hold(whole.from, *at, *by));
                self.holds[*asset].push(hold(*at, whole.to, *by));
                Some(())
            }
            Act::Merge(by, asset, numbers) => self.merge(*by, *asset, numbers),
            Act::Pledge(by, asset, number, pledgee) => {
                self.moves(*asset)?;
                let mut hold = self.free(*asset, *number, *by)?;
                (by != pledgee).then_some(())?;
                hold.pledgee = Some(*pledgee);
                *self.at(*asset, *number) = hold;
                Some(())
            }
            Act::Release(by, asset, number) => {
                self.moves(*asset)?;
                let hold = self.open(*asset, *number)?;
                (!hold.court && hold.pledgee == Some(*by)).then_some(())?;
                self.at(*asset, *number).pledgee = None;
                Some(())
            }
            Act::Lock(by, asset, number, keeper, for_ms) => {
                self.moves(*asset)?;
                let mut hold = self.free(*asset, *number, *by)?;
                (by != keeper).then_some(())?;
                hold.lock = Some((*keeper, self.now + for_ms));
                *self.at(*asset, *number) = hold;
                Some(())
            }
            Act::Unlock(by, asset, number) => {
                self.moves(*asset)?;
                let hold = self.open(*asset, *number)?;
                let (keeper, until) = hold.lock?;
                (!hold.court && keeper == *by && self.now < until).then_some(())?;
                self.at(*asset, *number).lock = None;
                Some(())
            }
            _ => self.act_more(act),
        }
    }

    fn act_more(&mut self, act: &Act) -> Option<()> {
        match act {
            Act::Order(asset, number, freezes) => {
                let hold = self.open(*asset, *number)?;
                (!self.closed[*asset] && hold.court != *freezes).then_some(())?;
                self.at(*asset, *number).court = *freezes;
            }
            Act::OrderBalance(asset, owner, freezes) => {
                let fits = *asset == 0 && !self.closed[0] && self.court[*owner] != *freezes;
                fits.then_some(())?;
                self.court[*owner] = *freezes;
            }
            Act::Offer(by, bit, want, for_ms) => {
                self.movable(*bit, *by)?;
                if let Some((asset, amount)) = want {
                    self.moves(*asset)?;
                    (*amount > 0).then_some(())?;
                }
                let (by, bit, want, until) = (*by, *bit, *want, self.now + for_ms);
                let over = false;
                self.offers.push(Offered {
                    by,
                    bit,
                    want,
                    until,
                    over,
                });
            }
            Act::Accept(by, number, holding) => return self.accept(*by, *number, *holding),
            Act::Withdraw(by, number) => {
                let offer = self.offers.get_mut(usize::try_from(*number).ok()?)?;
                (offer.by == *by && !offer.over).then_some(())?;
                offer.over = true;
            }
            Act::Pass(ms) => self.now += ms,
            Act::Stop(asset, stops) => {
                (!self.closed[*asset]).then_some(())?;
                self.stopped[*asset] = *stops;
            }
            Act::Mint(asset, amount) => {
                self.moves(*asset)?;
                (*asset == 0).then_some(())?;
                self.amount[0] = self.amount[0].checked_add(*amount)?;
                self.balance[0] += amount;
            }
            Act::Retire(asset, amount) => {
                self.movable(Bit::Units(*asset, *amount), 0)?;
                self.balance[0] -= amount;
                self.amount[0] -= amount;
            }
            Act::Close(asset) => return self.close(*asset),
            _ => unreachable!("{act:?}"),
        }
        Some(())
    }

    fn merge(&mut self, by: usize, asset: usize, numbers: &[u64]) -> Option<()> {
        self.moves(asset)?;
        (numbers.len() > 1 || (asset == 0 && numbers.len() == 1)).then_some(())?;
        let mut parts = vec![];
        for (place, number) in numbers.iter().enumerate() {
            parts.push(self.free(asset, *number, by)?);
            (!numbers[..place].contains(number)).then_some(())?;
        }
        let joined = parts.windows(2).all(|pair| pair[0].to == pair[1].from);
        (asset == 0 || joined).then_some(())?;
        for number in numbers {
            self.at(asset, *number).open = false;
        }
        if asset == 0 {
            self.balance[by] += parts.iter().map(|part| part.to - part.from).sum::<u128>();
        } else {
            self.holds[1].push(hold(parts[0].from, parts.last()?.to, by));
        }
        Some(())
    }

    fn accept(&mut self, by: usize, number: u64, holding: Option<u64>) -> Option<()> {
        let place = usize::try_from(number).ok()?;
        let offer = self.offers.get(place)?.clone();
        (!offer.over && self.now < offer.until && offer.by != by).then_some(())?;
        self.movable(offer.bit, offer.by)?;
        if let Some((asset, amount)) = offer.want {
            let bit = holding.map_or(Bit::Units(asset, amount), |n| Bit::Holding(asset, n));
            (self.movable(bit, by)? == amount).then_some(())?;
            self.shift(bit, by, offer.by)?;
        }
        self.shift(offer.bit, offer.by, by)?;
        self.offers[place].over = true;
        Some(())
    }

    fn close(&mut self, asset: usize) -> Option<()> {
        self.moves(asset)?;
        if asset == 0 {
            (self.balance[0] == self.amount[0] && !self.court[0]).then_some(())?;
            self.balance[0] = 0;
        } else {
            let all = |hold: &&mut Hold| hold.open;
            let mut open: Vec<_> = self.holds[1].iter_mut().filter(all).collect();
            let [whole] = open.as_mut_slice() else {
                return None;
            };
            let locked = whole.lock.is_some_and(|(_, until)| self.now < until);
            let free = whole.owner == 0 && !whole.court && whole.pledgee.is_none() && !locked;
            free.then_some(())?;
            whole.open = false;
        }
        self.closed[asset] = true;
        Some(())
    }
}

const fn hold(from: u128, to: u128, owner: usize) -> Hold {
    Hold {
        from,
        to,
        owner,
        pledgee: None,
        lock: None,
        court: false,
        open: true,
    }
}
