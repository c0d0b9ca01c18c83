//! One way to read every list: `limit` and an opaque `cursor` in, `items` and `next` out.

use crate::problem::Failure;
use serde::Deserialize;
use utoipa::IntoParams;

/// Most items on a page.
pub(crate) const MOST: u32 = 100;
/// Items on a page unless `limit` says otherwise.
const USUAL: u32 = 30;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many items, 1 to 100; 30 unless given.
    #[param(minimum = 1, maximum = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before; the first page unless given.
    #[param(max_length = 512, pattern = "^([0-9a-f]{2})+$")]
    pub(crate) cursor: Option<String>,
}

/// A page that was asked for: how many items of which list, after which one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    list: String,
    pub(crate) limit: usize,
    pub(crate) after: Option<String>,
}

impl PageQuery {
    /// Reads the parameters for the list named `list`, which says all that a cursor depends on:
    /// one of another list or filter is refused.
    pub(crate) fn of(self, list: &str) -> Result<Asked, Failure> {
        let limit = self.limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(Failure::bad_parameter("limit", format_args!("1 to {MOST}")));
        }
        let after = self
            .cursor
            .map(|cursor| decode(list, &cursor))
            .transpose()?;
        Ok(Asked {
            list: list.to_owned(),
            limit: limit as usize,
            after,
        })
    }
}

impl Asked {
    /// Where the next page begins: after the item of this key.
    pub(crate) fn next(&self, key: &str) -> String {
        hex::encode(format!("{}\n{key}", self.list))
    }

    /// The page of a list that is at hand whole, ordered by `key`.
    pub(crate) fn cut<T>(
        &self,
        mut items: Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        items.sort_by_key(&key);
        if let Some(after) = &self.after {
            items.retain(|item| key(item) > *after);
        }
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| self.next(&key(last)));
        (items, next)
    }

    /// `after` as a number.
    pub(crate) fn after_number<N: std::str::FromStr>(&self) -> Result<Option<N>, Failure> {
        let number = self.after.as_ref().map(|text| text.parse());
        number.transpose().map_err(|_| bad_cursor())
    }
}

fn decode(list: &str, cursor: &str) -> Result<String, Failure> {
    let text = hex::decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let after = text
        .as_deref()
        .and_then(|text| text.strip_prefix(list)?.strip_prefix('\n'));
    after.map(ToOwned::to_owned).ok_or_else(bad_cursor)
}

fn bad_cursor() -> Failure {
    let detail = "the cursor is not one that this list gave, with these filters";
    Failure::new(
        axum::http::StatusCode::BAD_REQUEST,
        "api.bad_cursor",
        detail,
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn asked(list: &str, limit: u32, cursor: Option<String>) -> Result<Asked, Failure> {
        let limit = Some(limit);
        PageQuery { limit, cursor }.of(list)
    }

    #[test]
    fn pages_hold_every_item_once_while_items_are_added() {
        let mut items: Vec<u32> = (10..30).step_by(2).collect();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = asked("list", 3, cursor).unwrap();
            let (found, next) = page.cut(items.clone(), |item| format!("{item:04}"));
            assert!(found.len() <= 3);
            seen.extend(found);
            // One before and one after the place: only the latter is still seen.
            items.push(1);
            items.push(40 + items.len() as u32);
            if next.is_none() || seen.len() > 40 {
                break;
            }
            cursor = next;
        }
        for old in (10..30).step_by(2) {
            assert_eq!(seen.iter().filter(|item| **item == old).count(), 1);
        }
        assert!(!seen.contains(&1));
    }

    #[test]
    fn the_last_page_says_so_even_when_it_is_full() {
        let page = asked("list", 2, None).unwrap();
        assert_eq!(page.cut(vec![2, 1], u32::to_string), (vec![1, 2], None));
    }

    #[test]
    fn cursors_of_other_lists_and_noise_are_refused() {
        let next = asked("members:bank", 1, None).unwrap().next("bank/a");
        let good = asked("members:bank", 1, Some(next.clone())).unwrap();
        assert_eq!(good.after.as_deref(), Some("bank/a"));
        for (list, cursor) in [
            ("members:", next.clone()),
            ("members", next.clone()),
            ("members:bank", next[2..].to_owned()),
            ("members:bank", String::new()),
            ("members:bank", "zz".into()),
            ("members:bank", "ff".into()),
        ] {
            let failure = asked(list, 1, Some(cursor)).unwrap_err();
            assert_eq!(failure.code, "api.bad_cursor");
        }
        for limit in [0, 101, u32::MAX] {
            assert_eq!(
                asked("l", limit, None).unwrap_err().code,
                "api.bad_parameter"
            );
        }
    }
}
