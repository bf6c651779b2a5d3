//! Preview: duplicates among what was read, exact by hash and near by perceptual hash.

use super::no_answer;
use crate::{
    pixels::{DEFAULT_DISTANCE, group_near},
    tables,
};
use activity::{Context, CpuActivity, Outcome, Success};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) struct Preview;

impl CpuActivity for Preview {
    fn run(&self, context: &Context) -> Outcome {
        let attempt = context.attempt();
        let files = match tables::hashes(context.db(), attempt.run) {
            Ok(files) => files,
            Err(error) => return no_answer(&error),
        };
        let mut first: HashMap<&str, &Arc<str>> = HashMap::new();
        let mut duplicates: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        let mut pictures: Vec<(Arc<str>, u64)> = Vec::new();
        // Files come in the order of their keys, so the first of each group is the same every time.
        for file in &files {
            match first.get(&*file.sha256) {
                Some(original) => duplicates.push((file.key.clone(), (*original).clone())),
                None => {
                    first.insert(&file.sha256, &file.key);
                    pictures.extend(file.phash.map(|hash| (file.key.clone(), hash)));
                }
            }
        }
        let near = group_near(&pictures, DEFAULT_DISTANCE);
        let mut success = Success::empty();
        success.effects.statements.extend(tables::grouped(attempt.run, &duplicates, &near));
        success.into()
    }
}
