//! `show route P export 'X'`: the cheap truth whether a prefix is announced to a neighbour.

use crate::bird::reply::Reply;

/// The code of rows of routes.
const ROUTE: u16 = 1007;

/// Names of the protocols whose routes are exported; empty where none is.
#[must_use]
pub fn exporting_protocols(reply: &Reply) -> Vec<String> {
    reply
        .lines
        .iter()
        .filter(|line| line.code == ROUTE)
        .filter_map(|line| line.text.split_once('[')?.1.split([' ', ']']).next())
        .map(str::to_owned)
        .collect()
}
