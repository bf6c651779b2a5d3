//! Schedules: runs by the clock. Times are computed in the schedule's own zone, so that summer time is right.

use crate::{Error, Result, StartRun, clock, shared::Engine};
use croner::Cron;
use db::Batch;
use jiff::{Timestamp as Instant, tz::TimeZone};
use model::Timestamp;
use std::{collections::BTreeMap, str::FromStr, time::Duration};
use store::{ScheduleRecord, write};

/// Longest time without a look at the schedules.
const LOOK: Duration = Duration::from_secs(30);

/// A schedule to be made.
#[derive(Clone, Debug)]
pub struct NewScheduleSpec {
    /// Unique name.
    pub name: String,
    /// Cron expression: five fields, or six with seconds.
    pub cron: String,
    /// IANA time zone, such as `Europe/Berlin`.
    pub timezone: String,
    /// The pipeline that it starts.
    pub pipeline: String,
    /// The runs' input.
    pub input: serde_json::Value,
    /// Whether it fires.
    pub enabled: bool,
}

impl Engine {
    /// Makes a schedule; returns its id.
    ///
    /// # Errors
    /// [`Error::BadSchedule`], [`Error::UnknownPipeline`], [`Error::Db`].
    pub async fn schedule(&self, spec: NewScheduleSpec) -> Result<i64> {
        if self.pipeline(&spec.pipeline).is_none() {
            return Err(Error::UnknownPipeline(spec.pipeline));
        }
        let now = clock::now();
        let next_at = next_time(&spec.name, &spec.cron, &spec.timezone, now)?;
        let id = clock::random_id();
        let schedule = write::NewSchedule {
            id,
            name: spec.name.clone(),
            cron: spec.cron,
            timezone: spec.timezone,
            pipeline: spec.pipeline,
            input: spec.input.to_string(),
            enabled: spec.enabled,
            next_at: next_at.filter(|_| spec.enabled),
        };
        match self.store().db().execute(Batch::from(write::schedule_insert(&schedule, now))).await {
            Ok(_) => Ok(id),
            Err(db::Error::Unique { .. }) => {
                let reason = String::from("a schedule of this name exists; choose another");
                Err(Error::BadSchedule { name: spec.name, reason })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Switches a schedule on or off.
    ///
    /// # Errors
    /// [`Error::ScheduleNotFound`], [`Error::Db`].
    pub async fn enable_schedule(&self, id: i64, enabled: bool) -> Result<()> {
        let found = self.store().schedules().await?.into_iter().find(|schedule| schedule.id == id);
        let found = found.ok_or(Error::ScheduleNotFound(id))?;
        let next = if enabled { next_of(&found, clock::now())? } else { None };
        self.store().db().execute(Batch::from(write::schedule_enable(id, enabled, next))).await?;
        Ok(())
    }

    /// Deletes a schedule; runs that it started stay.
    ///
    /// # Errors
    /// [`Error::ScheduleNotFound`], [`Error::Db`].
    pub async fn delete_schedule(&self, id: i64) -> Result<()> {
        match self.store().db().execute(Batch::from(write::schedule_delete(id))).await {
            Ok(_) => Ok(()),
            Err(db::Error::Expectation { .. }) => Err(Error::ScheduleNotFound(id)),
            Err(error) => Err(error.into()),
        }
    }
}

fn next_of(schedule: &ScheduleRecord, after: Timestamp) -> Result<Option<Timestamp>> {
    next_time(&schedule.name, &schedule.cron, &schedule.timezone, after)
}

/// The first time after `after` that fits.
fn next_time(name: &str, cron: &str, timezone: &str, after: Timestamp) -> Result<Option<Timestamp>> {
    let bad = |reason: String| Error::BadSchedule { name: name.to_owned(), reason };
    let cron =
        Cron::from_str(cron).map_err(|error| bad(format!("'{cron}' is not a cron expression: {error}")))?;
    let zone = TimeZone::get(timezone).map_err(|_| {
        bad(format!("'{timezone}' is not a time zone; use a name such as Europe/Berlin or UTC"))
    })?;
    let after = Instant::from_millisecond(after.0).map_err(|error| bad(error.to_string()))?;
    match cron.find_next_occurrence(&after.to_zoned(zone), false) {
        Ok(next) => Ok(Some(Timestamp(next.timestamp().as_millisecond()))),
        Err(error) => Err(bad(format!("it never fires: {error}"))),
    }
}

/// Starts runs as they fall due. A time that passed while no server ran fires once, late.
pub(crate) async fn fire(engine: Engine) {
    loop {
        let wait = match fire_due(&engine).await {
            Ok(next) => next.map_or(LOOK, |at| Duration::from_millis(at.since(clock::now())).min(LOOK)),
            Err(error) => {
                tracing::warn!(%error, "schedules could not be looked at; trying again");
                LOOK
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait.max(Duration::from_millis(50))) => {}
            () = engine.ended() => return,
        }
    }
}

async fn fire_due(engine: &Engine) -> Result<Option<Timestamp>> {
    let now = clock::now();
    let mut next: Option<Timestamp> = None;
    for schedule in engine.store().schedules().await? {
        let Some(due) = schedule.next_at.filter(|_| schedule.enabled) else { continue };
        if due <= now {
            fire_one(engine, &schedule, due, now).await?;
        }
        let later = next_of(&schedule, now)?;
        next = next.into_iter().chain(later).min();
    }
    Ok(next)
}

async fn fire_one(engine: &Engine, schedule: &ScheduleRecord, due: Timestamp, now: Timestamp) -> Result<()> {
    let started = match engine.pipeline(&schedule.pipeline) {
        Some(definition) => {
            let input = serde_json::from_str(&schedule.input)?;
            let start = StartRun {
                app: engine.app_of(&definition.name).map_or_else(String::new, |app| app.to_string()),
                definition,
                input,
                title: schedule.name.to_string(),
                created_by: format!("schedule {}", schedule.name),
                labels: BTreeMap::new(),
                // A crash between the start and the next line must not start it twice.
                idempotency_key: Some(format!("schedule:{}:{}", schedule.id, due.0)),
            };
            Some(engine.start(start).await?.record.run.id)
        }
        None => {
            tracing::warn!(schedule = %schedule.name, pipeline = %schedule.pipeline, "its pipeline is not here");
            None
        }
    };
    let next = next_of(schedule, now)?;
    let fired = write::schedule_fired(schedule.id, next, now, started);
    engine.store().db().execute(Batch::from(fired)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, zone: &str, after: &str) -> Option<String> {
        let after: Instant = after.parse().ok()?;
        let next = next_time("s", cron, zone, Timestamp(after.as_millisecond())).ok()??;
        Some(Instant::from_millisecond(next.0).ok()?.to_string())
    }

    #[test]
    fn a_daily_time_stays_at_its_hour_over_the_change_to_summer_time() {
        let before = next("0 8 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z");
        let after = next("0 8 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z");
        assert_eq!(before.as_deref(), Some("2026-03-28T07:00:00Z"));
        assert_eq!(after.as_deref(), Some("2026-03-29T06:00:00Z"));
    }

    #[test]
    fn what_is_not_a_schedule_says_why() {
        for (cron, zone) in [("every day", "UTC"), ("0 8 * * *", "Mars/Base"), ("99 * * * *", "UTC")] {
            assert!(next_time("s", cron, zone, Timestamp(0)).is_err(), "{cron} {zone}");
        }
    }
}
