//! stub
use crate::{author::*, params::Params, vision::Vision};
use activity::Context;
use model::{WorkItem, WorkItemKind};
#[derive(Default)]
pub(crate) struct Outline;
impl Author for Outline {
    fn write<'a>(&'a self, brief: &'a Brief, _: &'a Context) -> AuthorFuture<'a, Written> {
        Box::pin(async move {
            let mut w = Written::default();
            for p in &brief.positions {
                let item: WorkItem = serde_json::from_value(serde_json::json!({"kind": brief.kind, "title": format!("{} {} {p}", brief.parent, brief.kind.as_str())})).unwrap();
                w.items.push((*p, item));
            }
            Ok(w)
        })
    }
    fn notes(&self, _: &Params, _: &Vision) -> Vec<String> { vec![] }
}
