//! What goes wrong is said in one form, with the place.

use crate::site::{Answer, Site};
use expect_test::{Expect, expect};
use serde_json::json;

fn check(answer: &Answer, expected: &Expect) {
    expected.assert_eq(&answer.shown());
}

#[tokio::test]
async fn a_stranger_is_told_how_to_sign_in() {
    let site = Site::start().await;
    check(
        &site.get("/api/v1/runs").send().await,
        &expect![[r#"
        401 Unauthorized application/problem+json
        {
          "code": "unauthenticated",
          "detail": "sign in, or send a token in the header 'Authorization: Bearer hw_…'",
          "instance": "/api/v1/runs",
          "status": 401,
          "title": "Nobody is signed in",
          "trace": "[trace]",
          "type": "/help/errors#unauthenticated"
        }"#]],
    );
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let site = Site::start().await;
    let token = site.admin().await;
    let post = |body: &str| site.post("/api/v1/runs").token(&token).body(body).send();
    check(
        &post(r#"{"pipeline": "quick", "inptu": {}, "labels": {"a": "b"}}"#).await,
        &expect![[r#"
        400 Bad Request application/problem+json
        {
          "code": "unknown_field",
          "detail": "unknown: inptu",
          "fields": [
            {
              "message": "is not a field here",
              "path": "inptu"
            }
          ],
          "instance": "/api/v1/runs",
          "status": 400,
          "title": "A field or query key is unknown",
          "trace": "[trace]",
          "type": "/help/errors#unknown_field"
        }"#]],
    );
    check(
        &post(r#"{"pipeline": "quick", "labels": {"a": 1}}"#).await,
        &expect![[r#"
        422 Unprocessable Entity application/problem+json
        {
          "code": "invalid_value",
          "detail": "labels.a: invalid type: integer `1`, expected a string",
          "fields": [
            {
              "message": "invalid type: integer `1`, expected a string",
              "path": "labels.a"
            }
          ],
          "instance": "/api/v1/runs",
          "status": 422,
          "title": "A value does not fit",
          "trace": "[trace]",
          "type": "/help/errors#invalid_value"
        }"#]],
    );
    check(
        &post(r#"{"pipeline": "#).await,
        &expect![[r#"
        400 Bad Request application/problem+json
        {
          "code": "malformed_json",
          "detail": "EOF while parsing a value at line 1 column 13",
          "instance": "/api/v1/runs",
          "status": 400,
          "title": "The body is not JSON",
          "trace": "[trace]",
          "type": "/help/errors#malformed_json"
        }"#]],
    );
    check(
        &post(r#"{"pipeline": "nothing"}"#).await,
        &expect![[r#"
        422 Unprocessable Entity application/problem+json
        {
          "code": "unknown_pipeline",
          "detail": "there is no pipeline 'nothing'; `GET /api/v1/pipelines` lists them",
          "fields": [
            {
              "message": "there is no pipeline 'nothing'; `GET /api/v1/pipelines` lists them",
              "path": "pipeline"
            }
          ],
          "instance": "/api/v1/runs",
          "status": 422,
          "title": "There is no pipeline of that name",
          "trace": "[trace]",
          "type": "/help/errors#unknown_pipeline"
        }"#]],
    );
    check(
        &post("{}").await,
        &expect![[r#"
        422 Unprocessable Entity application/problem+json
        {
          "code": "invalid_value",
          "detail": "pipeline: give either pipeline or document",
          "fields": [
            {
              "message": "give either pipeline or document",
              "path": "pipeline"
            }
          ],
          "instance": "/api/v1/runs",
          "status": 422,
          "title": "A value does not fit",
          "trace": "[trace]",
          "type": "/help/errors#invalid_value"
        }"#]],
    );
    let huge = post(&format!(r#"{{"title": "{}"}}"#, "x".repeat(1024 * 1024))).await;
    check(
        &huge,
        &expect![[r#"
        413 Payload Too Large application/problem+json
        {
          "code": "too_large",
          "detail": "the body is larger than this route accepts",
          "instance": "/api/v1/runs",
          "status": 413,
          "title": "The body is too large",
          "trace": "[trace]",
          "type": "/help/errors#too_large"
        }"#]],
    );
}

#[tokio::test]
async fn another_type_of_body_is_refused() {
    let site = Site::start().await;
    let token = site.admin().await;
    let request = format!(
        "POST /api/v1/runs HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-type: text/plain\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
    );
    let answer = site.raw(&request).await;
    assert!(answer.starts_with("HTTP/1.1 415") && answer.contains("unsupported_media_type"), "{answer}");
}

#[tokio::test]
async fn queries_are_read_strictly() {
    let site = Site::start().await;
    let token = site.admin().await;
    let get = |path: &'static str| site.get(path).token(&token).send();
    check(
        &get("/api/v1/runs?sate=running").await,
        &expect![[r#"
        400 Bad Request application/problem+json
        {
          "code": "unknown_field",
          "detail": "unknown: sate",
          "fields": [
            {
              "message": "is not a field here",
              "path": "sate"
            }
          ],
          "instance": "/api/v1/runs",
          "status": 400,
          "title": "A field or query key is unknown",
          "trace": "[trace]",
          "type": "/help/errors#unknown_field"
        }"#]],
    );
    check(
        &get("/api/v1/runs?state=runing").await,
        &expect![[r#"
        422 Unprocessable Entity application/problem+json
        {
          "code": "invalid_value",
          "detail": "state: unknown variant `runing`, expected one of `queued`, `running`, `waiting`, `paused`, `completed`, `completed_with_errors`, `failed`, `cancelled`",
          "fields": [
            {
              "message": "unknown variant `runing`, expected one of `queued`, `running`, `waiting`, `paused`, `completed`, `completed_with_errors`, `failed`, `cancelled`",
              "path": "state"
            }
          ],
          "instance": "/api/v1/runs",
          "status": 422,
          "title": "A value does not fit",
          "trace": "[trace]",
          "type": "/help/errors#invalid_value"
        }"#]],
    );
    check(
        &get("/api/v1/runs?cursor=abc").await,
        &expect![[r#"
        400 Bad Request application/problem+json
        {
          "code": "bad_cursor",
          "detail": "the cursor was not made by this list",
          "instance": "/api/v1/runs",
          "status": 400,
          "title": "The cursor is not one of ours",
          "trace": "[trace]",
          "type": "/help/errors#bad_cursor"
        }"#]],
    );
    for path in ["/api/v1/runs?limit=0", "/api/v1/runs?limit=-1", "/api/v1/runs?limit=1&limit=2"] {
        assert_eq!(get(path).await.code(), "invalid_value", "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let site = Site::start().await;
    let token = site.admin().await;
    let get = |path: &'static str| site.get(path).token(&token).send();
    check(
        &get("/api/v1/runs/0000000000001").await,
        &expect![[r#"
        404 Not Found application/problem+json
        {
          "code": "not_found",
          "detail": "there is no run '0000000000001'",
          "instance": "/api/v1/runs/0000000000001",
          "status": 404,
          "title": "There is no such thing",
          "trace": "[trace]",
          "type": "/help/errors#not_found"
        }"#]],
    );
    check(
        &get("/api/v1/runs/not-an-id").await,
        &expect![[r#"
        404 Not Found application/problem+json
        {
          "code": "not_found",
          "detail": "'not-an-id' is not a run id: expected 13 characters of 0-9 and a-z without i, l, o, u",
          "instance": "/api/v1/runs/not-an-id",
          "status": 404,
          "title": "There is no such thing",
          "trace": "[trace]",
          "type": "/help/errors#not_found"
        }"#]],
    );
    check(
        &get("/api/v2/nothing").await,
        &expect![[r#"
        404 Not Found application/problem+json
        {
          "code": "unknown_route",
          "detail": "there is nothing at /api/v2/nothing",
          "instance": "/api/v2/nothing",
          "status": 404,
          "title": "There is no such route",
          "trace": "[trace]",
          "type": "/help/errors#unknown_route"
        }"#]],
    );
}

#[tokio::test]
async fn a_document_with_mistakes_is_answered_with_their_places() {
    let site = Site::start().await;
    let token = site.admin().await;
    let document = "name: p\nstages:\n  - name: a\n    activty: x\n  - name: b\n    needs: [c]\n    activity: builtin.noop\n";
    let answer = site.post("/api/v1/runs").token(&token).json(&json!({ "document": document })).send().await;
    check(
        &answer,
        &expect![[r#"
            422 Unprocessable Entity application/problem+json
            {
              "code": "invalid_pipeline",
              "detail": "the document has 2 mistakes",
              "fields": [
                {
                  "message": "a stage has no key 'activty'; did you mean 'activity'?",
                  "path": "document:4:5 stages[0].activty"
                },
                {
                  "message": "there is no stage 'c'; the other stages are: a",
                  "path": "document:6:13 stages[1].needs[0]"
                }
              ],
              "instance": "/api/v1/runs",
              "status": 422,
              "title": "The pipeline document has mistakes",
              "trace": "[trace]",
              "type": "/help/errors#invalid_pipeline"
            }"#]],
    );
}

#[tokio::test]
async fn a_request_is_named_in_its_answer() {
    let site = Site::start().await;
    let named = site.get("/api/v1/runs").header("x-request-id", "build-42").send().await;
    assert_eq!((named.header("x-request-id"), &named.json()["trace"]), ("build-42", &json!("build-42")));
    for strange in ["a b", &"x".repeat(65), "é"] {
        let answer = site.get("/api/v1/runs").header("x-request-id", strange).send().await;
        assert_ne!(answer.header("x-request-id"), strange);
    }
}

#[tokio::test]
async fn every_code_has_its_help() {
    let site = Site::start().await;
    let page = site.get("/help/errors").send().await;
    for entry in web::Code::TABLE {
        assert!(page.text.contains(&format!("<article id=\"{}\">", entry.word)), "{}", entry.word);
    }
}
