//! The order of the current epoch, made when the epoch begins.

use steepest_data::Order;

#[derive(Debug)]
pub(super) struct EpochOrder {
    order: Order,
    seed: u64,
    epoch: Option<u64>,
    rows: Vec<u32>,
}

impl EpochOrder {
    pub(super) fn new(order: Order, seed: u64, rows: usize) -> EpochOrder {
        EpochOrder { order, seed, epoch: None, rows: vec![0; rows] }
    }

    /// The rows of an epoch in the order of their visits.
    pub(super) fn of(&mut self, epoch: u64) -> &[u32] {
        if self.epoch != Some(epoch) {
            self.order.fill(self.seed, epoch, &mut self.rows);
            self.epoch = Some(epoch);
        }
        &self.rows
    }
}
