//! Rows that messages bring, each with its origin: whose fault it is when the database refuses it.

use super::Origin;
use activity::Effects;
use db::{Batch, Statement};
use store::write::{DoneTasks, Held, Span};

/// What the messages of a commit write.
#[derive(Default)]
pub(super) struct Wrote {
    done: DoneTasks,
    done_by: Vec<usize>,
    leases: Vec<(usize, Statement)>,
    others: Vec<Statement>,
    effects: Vec<(usize, Statement)>,
}

impl Wrote {
    /// A task ended well.
    pub(super) fn done(&mut self, index: usize, held: &Held, span: Span, output: Option<&str>) {
        self.done.push(held, span, output);
        self.done_by.push(index);
    }

    /// A statement that proves or ends a lease.
    pub(super) fn lease(&mut self, index: usize, statement: Statement) {
        self.leases.push((index, statement));
    }

    /// Statements of a command.
    pub(super) fn others(&mut self, statements: impl IntoIterator<Item = Statement>) {
        self.others.extend(statements);
    }

    /// The application's rows.
    pub(super) fn effects(&mut self, index: usize, effects: &Effects) {
        self.effects.extend(effects.statements.iter().map(|statement| (index, statement.clone())));
    }

    /// Leases first: a message whose lease has passed on must write nothing. Returns the applications' rows, which come
    /// last.
    pub(super) fn put_leases(self, batch: &mut Batch, origins: &mut Vec<Origin>) -> Vec<(usize, Statement)> {
        if !self.done_by.is_empty() {
            batch.push(self.done.into_statement());
            origins.push(Origin::Leases(self.done_by));
        }
        for (index, statement) in self.leases {
            batch.push(statement);
            origins.push(Origin::Leases(vec![index]));
        }
        for statement in self.others {
            batch.push(statement);
            origins.push(Origin::Other);
        }
        self.effects
    }
}
