//! Reading state as it stands at one moment, staged blocks included.

use crate::{
    error::StateError,
    overlay::{Merge, Staged, StagedRange, staged_value},
    store::{Order, Row, StoreView, Table},
};

/// State as it stood when the view was made; later blocks do not change it. Keep it short: the
/// store holds on to old rows meanwhile.
pub struct StateView<V: StoreView> {
    staged: Staged,
    view: V,
    height: Option<u64>,
}

impl<V: StoreView> StateView<V> {
    pub(crate) const fn new(staged: Staged, view: V, height: Option<u64>) -> Self {
        Self {
            staged,
            view,
            height,
        }
    }

    /// The newest height that this view shows; `None` before the first.
    #[must_use]
    pub const fn height(&self) -> Option<u64> {
        self.height
    }

    /// The value under a state key.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        match staged_value(&self.staged, key) {
            Some(value) => Ok(value.map(<[u8]>::to_vec)),
            None => Ok(self.view.get(Table::Values, key)?),
        }
    }

    /// At most `limit` rows with `start <= key` and `key < end` (`None`: no upper bound), the
    /// smallest or the largest keys first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn range(
        &self,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StateError> {
        if limit == 0 || end.is_some_and(|end| end <= start) {
            return Ok(Vec::new());
        }
        let mut merge = Merge::new(StagedRange::new(&self.staged, start, end, order), limit);
        self.view
            .scan(Table::Values, start, end, order, &mut |key, value| {
                merge.stored(key, value)
            })?;
        Ok(merge.finish())
    }
}
