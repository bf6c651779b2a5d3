//! What the tests of connectors share: parcels and runs of them.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]
#![allow(dead_code, clippy::allow_attributes, reason = "each test program uses its part")]

use activity::connector::{Answer, Connector, Parcel};
use headway_connectors::{Http, Reach, build};
use model::{Remote, RunId, WorkItem, WorkItemKind};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const RUN: RunId = RunId(1_234_567_890_123_456);

pub(crate) fn connector(kind: &str, settings: Value, secret: &str) -> Arc<dyn Connector> {
    let http = Http::new(Reach::Any).unwrap();
    build(kind, &settings, Some(secret.into()), &http).unwrap()
}

pub(crate) fn item(kind: WorkItemKind, title: &str) -> WorkItem {
    WorkItem {
        kind,
        title: title.to_owned(),
        description: "What it is about.\n\n- one\n- two".to_owned(),
        acceptance_criteria: vec!["Given a < b, when \"c\" & d, then 'e'".to_owned()],
        sections: vec![],
        priority: Some(2),
        business_value: Some(40),
        story_points: Some(5.0),
        estimate_hours: Some(3.5),
        category: Some("backend".to_owned()),
        complexity: Some("high".to_owned()),
        steps: vec![model::TestStep {
            action: "Press <Go> & wait".to_owned(),
            expected: "It goes".to_owned(),
        }],
        test_data: Some("user=anna&role=<admin>".to_owned()),
        automation: Some(true),
    }
}

pub(crate) fn parcel(item: &WorkItem, key: &str, parent: Option<Remote>) -> Parcel {
    parcel_of(serde_json::to_value(item).unwrap(), item.kind.as_str(), &item.title, key, parent)
}

pub(crate) fn parcel_of(
    payload: Value,
    kind: &str,
    title: &str,
    key: &str,
    parent: Option<Remote>,
) -> Parcel {
    Parcel {
        run: RUN,
        key: key.into(),
        kind: kind.into(),
        title: title.into(),
        payload: serde_json::value::to_raw_value(&payload).unwrap().into(),
        parent,
        reference: format!("hw-{RUN}-{key}").into(),
        staged_at: 1_700_000_000_000,
    }
}

pub(crate) fn simple(kind: WorkItemKind, key: &str, parent: Option<Remote>) -> Parcel {
    parcel(&item(kind, &format!("Title of {key}")), key, parent)
}

/// Delivers one parcel that must arrive.
pub(crate) async fn arrives(connector: &dyn Connector, parcel: Parcel) -> Remote {
    let reply = connector.deliver(std::slice::from_ref(&parcel)).await;
    match reply.answers.into_iter().next().unwrap() {
        Answer::Delivered(remote) => remote,
        other => panic!("{}: {other:?}", parcel.key),
    }
}

/// Delivers one parcel, whatever comes of it.
pub(crate) async fn answer(connector: &dyn Connector, parcel: &Parcel) -> Answer {
    let mut reply = connector.deliver(std::slice::from_ref(parcel)).await;
    assert_eq!(reply.answers.len(), 1);
    reply.answers.remove(0)
}

pub(crate) fn bare(kind: WorkItemKind, title: &str) -> WorkItem {
    serde_json::from_value(json!({ "kind": kind.as_str(), "title": title })).unwrap()
}
