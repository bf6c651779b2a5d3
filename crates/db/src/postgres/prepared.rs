//! Statements of a session, prepared once.

use super::{
    convert::{array_of, type_of},
    sql::{self, Shape},
};
use crate::Value;
use std::{collections::HashMap, sync::Arc};
use tokio_postgres::{Client, Statement, types::Type};

/// Most statements kept in a session.
const KEPT: usize = 512;

/// A text in one of its shapes, by the address of the text: it is static.
type Key = (usize, usize, Shape);

/// A statement ready to be sent.
#[derive(Clone)]
pub(super) enum Ready {
    /// Prepared in the session.
    Named(Statement),
    /// Sent whole each time: behind a pooler.
    Whole(Arc<str>),
}

/// What a text has become in one shape.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) ready: Ready,
    /// Parameters of the text itself.
    pub(super) parameters: usize,
}

impl Made {
    /// Whether it gives rows.
    pub(super) fn has_rows(&self) -> bool {
        match &self.ready {
            Ready::Named(statement) => !statement.columns().is_empty(),
            Ready::Whole(text) => sql::selects(text),
        }
    }
}

/// Statements of one session.
#[derive(Default)]
pub(super) struct Prepared {
    made: HashMap<Key, Option<Made>>,
}

impl Prepared {
    /// The text in a shape; `None` where it has no such shape.
    pub(super) async fn get(
        &mut self,
        client: &Client,
        text: &'static str,
        shape: Shape,
        is_pooled: bool,
    ) -> Result<Option<Made>, tokio_postgres::Error> {
        let key = (text.as_ptr() as usize, text.len(), shape);
        if let Some(made) = self.made.get(&key) {
            return Ok(made.clone());
        }
        if self.made.len() >= KEPT {
            self.made.clear();
        }
        let made = make(client, text, shape, is_pooled).await?;
        self.made.insert(key, made.clone());
        Ok(made)
    }
}

async fn make(
    client: &Client,
    text: &'static str,
    shape: Shape,
    is_pooled: bool,
) -> Result<Option<Made>, tokio_postgres::Error> {
    let (single, parameters) = sql::numbered(text);
    let wrapped = |body: &str| match shape.is_checked {
        true => sql::checked(body, parameters + 1, shape.returns),
        false => body.to_owned(),
    };
    if is_pooled {
        // Sets need the parameters' types, which only preparing tells.
        let whole = (!shape.is_set).then(|| Ready::Whole(Arc::from(wrapped(&single))));
        return Ok(whole.map(|ready| Made { ready, parameters }));
    }
    if !shape.is_set {
        let ready = Ready::Named(client.prepare(&wrapped(&single)).await?);
        return Ok(Some(Made { ready, parameters }));
    }
    let Some(body) = sql::set_based(&single, parameters) else { return Ok(None) };
    let elements = client.prepare(&single).await?;
    let Some(mut types) = elements.params().iter().map(array_of).collect::<Option<Vec<Type>>>() else {
        return Ok(None);
    };
    if shape.is_checked {
        types.push(Type::INT8);
    }
    let ready = Ready::Named(client.prepare_typed(&wrapped(&body), &types).await?);
    Ok(Some(Made { ready, parameters }))
}

/// Types of values sent without asking the server.
pub(super) fn types(values: &[Value]) -> impl Iterator<Item = Type> + '_ {
    values.iter().map(type_of)
}
