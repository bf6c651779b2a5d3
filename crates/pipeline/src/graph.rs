//! The graph of stages by their places in the document: order, cycles, ancestors.

use std::collections::BTreeSet;

/// What a stage waits for, by index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges {
    /// Closed before it opens.
    pub(crate) needs: Vec<usize>,
    /// Streams its items into it.
    pub(crate) feeds: Option<usize>,
}

impl Edges {
    fn all(&self) -> impl Iterator<Item = usize> + '_ {
        self.needs.iter().copied().chain(self.feeds)
    }
}

/// Indices in topological order, stable: of those that may come next, the first of the document. Shorter than `edges`
/// where there is a cycle.
pub(crate) fn order(edges: &[Edges]) -> Vec<usize> {
    let mut order = Vec::with_capacity(edges.len());
    let mut placed = vec![false; edges.len()];
    loop {
        let next = edges.iter().enumerate().find(|(index, edges)| {
            !placed[*index] && edges.all().all(|before| placed.get(before).copied().unwrap_or(true))
        });
        let Some((index, _)) = next else { return order };
        placed[index] = true;
        order.push(index);
    }
}

/// One cycle among the stages that `order` left out, each waiting for the next, with its first repeated at the end.
pub(crate) fn cycle(edges: &[Edges], order: &[usize]) -> Vec<usize> {
    let placed: BTreeSet<usize> = order.iter().copied().collect();
    let Some(mut at) = (0..edges.len()).find(|index| !placed.contains(index)) else { return Vec::new() };
    let mut path = Vec::new();
    // Every stage left out waits for another that is left out, so the walk must come back to one of its own.
    loop {
        if let Some(start) = path.iter().position(|seen| *seen == at) {
            let mut cycle = path.split_off(start);
            cycle.push(at);
            return cycle;
        }
        path.push(at);
        let next = edges[at].all().find(|before| *before < edges.len() && !placed.contains(before));
        let Some(next) = next else { return Vec::new() };
        at = next;
    }
}

/// Stages that are certain to be closed when the stage at `index` opens.
pub(crate) fn closed_before(edges: &[Edges], index: usize) -> BTreeSet<usize> {
    let mut closed = BTreeSet::new();
    let mut rest: Vec<usize> = edges[index].needs.clone();
    while let Some(at) = rest.pop() {
        if at < edges.len() && closed.insert(at) {
            // A closed stage's source is closed too.
            rest.extend(edges[at].all());
        }
    }
    closed
}
