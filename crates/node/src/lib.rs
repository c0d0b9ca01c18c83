//! A running node: mempool, consensus, execution pipeline and the handle that others use.
