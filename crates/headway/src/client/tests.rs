//! The client against a server that says what a test wants it to say, one connection after the other.

use super::{
    follow::{Follower, Patience, Update},
    http::{Client, Ignored, segment},
};
use crate::problem::Exit;
use expect_test::expect;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

/// Answers one connection after the other with `answers`, closes each, and returns the requests' heads.
async fn server(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let task = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let mut request = Vec::new();
            let mut chunk = [0u8; 4096];
            while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                let read = socket.read(&mut chunk).await.expect("a request");
                request.extend_from_slice(&chunk[..read]);
            }
            requests.push(String::from_utf8_lossy(&request).into_owned());
            socket.write_all(answer.as_bytes()).await.expect("answered");
            let _ = socket.shutdown().await;
        }
        requests
    });
    (base, task)
}

fn json(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn stream(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{body}")
}

fn event(seq: u64, kind: &str) -> String {
    format!(
        "id: 1.{seq}\nevent: event\ndata: {{\"run\":\"r\",\"run_seq\":{seq},\"kind\":\"{kind}\",\"data\":{{}}}}\n\n"
    )
}

async fn tell(follower: &mut Follower) -> String {
    let mut told = String::new();
    while let Some(update) = follower.next().await.expect("news") {
        told += &match update {
            Update::Snapshot(run) => format!("snapshot {} {}\n", run.state, run.run_seq),
            Update::Event(event) => format!("event {} {}\n", event.run_seq, event.kind),
            Update::Progress(progress) => format!("progress {}\n", progress.to),
            Update::End { state } => format!("end {state}\n"),
        };
    }
    told
}

#[tokio::test]
async fn a_broken_stream_goes_on_after_its_last_id_and_tells_nothing_twice() {
    let snapshot = |seq: u64| {
        format!(
            "id: 1.{seq}\nevent: snapshot\ndata: {{\"run\":{{\"state\":\"running\",\"run_seq\":{seq}}},\"head\":{seq}}}\n\n"
        )
    };
    let first = format!(
        "retry: 50\n\n{}{}{}event: event\ndata: {{\"run_se",
        snapshot(2),
        event(3, "stage.opened"),
        event(4, "log")
    );
    let second = format!("{}{}{}", snapshot(4), event(4, "log"), event(5, "stage.closed"));
    let third = "event: progress\ndata: {\"to\":6}\n\nevent: hb\ndata: {}\n\nevent: end\ndata: {\"state\":\"completed\"}\n\n";
    let (base, requests) = server(vec![stream(&first), stream(&second), stream(third)]).await;
    let mut follower = Follower::new(
        Client::new(&base, Some("secret".to_owned())).expect("a client"),
        "r",
        0,
        Patience::Much,
    );
    expect![[r#"
        snapshot running 2
        event 3 stage.opened
        event 4 log
        snapshot running 4
        event 5 stage.closed
        progress 6
        end completed
    "#]]
    .assert_eq(&tell(&mut follower).await);
    let requests = requests.await.expect("served");
    assert!(requests[0].contains("authorization: Bearer secret"));
    assert!(!requests[0].contains("last-event-id"));
    assert!(requests[1].contains("last-event-id: 1.4") && requests[2].contains("last-event-id: 1.5"));
}

#[tokio::test]
async fn without_streams_it_polls() {
    let page = |items: &str| json("200 OK", &format!("{{\"items\":[{items}],\"next_cursor\":null}}"));
    let run = |state: &str, seq: u64| {
        json("200 OK", &format!("{{\"id\":\"r\",\"state\":\"{state}\",\"run_seq\":{seq}}}"))
    };
    let (base, requests) = server(vec![
        json("503 Service Unavailable", "{\"code\":\"streams_disabled\",\"detail\":\"streams are off\"}"),
        json("200 OK", "{}"),
        page("{\"run_seq\":1,\"kind\":\"run.created\"},{\"run_seq\":2,\"kind\":\"run.started\"}"),
        run("running", 2),
        "HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n".to_owned(),
        page("{\"run_seq\":3,\"kind\":\"run.completed\"}"),
        run("completed", 3),
    ])
    .await;
    let mut follower = Follower::new(Client::new(&base, None).expect("a client"), "r", 0, Patience::Much);
    expect![[r#"
        event 1 run.created
        event 2 run.started
        snapshot running 2
        event 3 run.completed
        snapshot completed 3
        end completed
    "#]]
    .assert_eq(&tell(&mut follower).await);
    let requests = requests.await.expect("served");
    assert!(requests[4].starts_with("GET /api/v1/runs/r/progress?after=2&wait=20 "), "{}", requests[4]);
}

#[tokio::test]
async fn the_servers_problems_become_ours() {
    let (base, _requests) = server(vec![
        json("422 Unprocessable Entity", "{\"code\":\"invalid_input\",\"detail\":\"the input does not fit\",\"fields\":[{\"path\":\"directories[0]\",\"message\":\"outside the roots\"}]}"),
        json("401 Unauthorized", "{\"code\":\"unauthenticated\",\"detail\":\"sign in first\"}"),
        "HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\n\r\n<html>".to_owned(),
        json("200 OK", "not json"),
    ])
    .await;
    let client = Client::new(&base, None).expect("a client");
    let mut told = String::new();
    for _ in 0..4 {
        let problem = client.get::<Ignored>("/api/v1/x").await.expect_err("a problem");
        told += &format!("{:?} {:?} {problem}\n", problem.exit, problem.code).replace(&base, "BASE");
    }
    expect![[r#"
        Failed Some("invalid_input") the input does not fit
        Unreachable Some("unauthenticated") sign in first
        Failed Some("500") the server answered 500 Internal Server Error
        Failed None the server at BASE gave an answer that cannot be read: expected ident at line 1 column 2
    "#]]
    .assert_eq(&told);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    let problem =
        Client::new(&base, None).expect("a client").get::<Ignored>("/x").await.expect_err("nobody there");
    assert_eq!(problem.exit, Exit::Unreachable);
    assert_eq!(problem.to_string(), format!("cannot reach the server at {base}: connection refused"));
    assert_eq!(Client::new("https://example.org", None).expect_err("no TLS").exit, Exit::Usage);
}

#[test]
fn keys_become_one_segment() {
    assert_eq!(segment("a/b c?.png"), "a%2Fb%20c%3F.png");
    assert_eq!(segment(".."), "%2E%2E");
}
