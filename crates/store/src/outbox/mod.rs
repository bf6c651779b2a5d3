//! The outbox's tables: deliveries, destinations, secrets.

mod read;
pub mod write;

pub use read::{
    ByReason, ClaimedDelivery, DeliveryFilter, DeliveryRecord, KnownDelivery, Progressing, SecretRecord,
    StateCount,
};
