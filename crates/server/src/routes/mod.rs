//! The routes of the API, by noun.

mod audit;
mod deliveries;
mod destinations;
mod events;
mod help;
mod limits;
mod machine;
mod meta;
mod pipelines;
mod runs;
mod schedules;
mod secrets;
mod session;
mod tasks;
mod tokens;
mod users;

pub(crate) use runs::idempotency_key;

use crate::state::ServerState;
use web::Routes;

/// All routes of the API but the streams.
pub(crate) fn all() -> Routes<ServerState> {
    [
        runs::routes(),
        tasks::routes(),
        events::routes(),
        pipelines::routes(),
        limits::routes(),
        machine::routes(),
        schedules::routes(),
        deliveries::routes(),
        destinations::routes(),
        secrets::routes(),
        session::routes(),
        tokens::routes(),
        users::routes(),
        audit::routes(),
        meta::routes(),
        help::routes(),
    ]
    .into_iter()
    .fold(Routes::new(), Routes::merge)
}
