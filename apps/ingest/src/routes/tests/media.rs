use super::rig::{File, Rig, sha256_hex};
use crate::pixels::store_thumbnail;
use db::{Statement, params};
use http::StatusCode;
use std::os::unix::fs::symlink;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n0123456789abcdef";

#[tokio::test]
async fn thumbnails_are_found_by_content_and_nothing_else() {
    let rig = Rig::new();
    let sha256 = sha256_hex(b"picture");
    store_thumbnail(&rig.thumbnails, &sha256, b"\xFF\xD8\xFFjpeg").unwrap();
    std::fs::write(rig.thumbnails.join("secret.jpg"), "x").unwrap();
    let path = format!("/api/v1/media/{sha256}/thumbnail");
    let reply = rig.get(&path).await;
    assert_eq!((reply.status, reply.body.as_slice()), (StatusCode::OK, &b"\xFF\xD8\xFFjpeg"[..]));
    assert_eq!(reply.header("content-type"), "image/jpeg");
    assert_eq!(reply.header("cache-control"), "private, max-age=31536000, immutable");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    let again = rig.get_with(&path, &[("if-none-match", reply.header("etag"))]).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    for strange in [
        sha256.to_uppercase(),
        sha256_hex(b"another"),
        format!("{sha256}0"),
        sha256[..63].to_owned(),
        format!("{}g", &sha256[..63]),
        "..%2f..%2fsecret".to_owned(),
        "%2e%2e".to_owned(),
        format!("{sha256}%00"),
        "secret".to_owned(),
    ] {
        let reply = rig.get(&format!("/api/v1/media/{strange}/thumbnail")).await;
        assert_eq!(reply.problem(), "404 not_found []", "{strange}");
    }
}

/// Puts one file of the library under `id` at `path`, as it is on the disk.
fn put(rig: &Rig, path: &std::path::Path, name: &str, same: bool) {
    rig.committed(&[File::new(path.to_str().unwrap())]);
    let metadata = std::fs::metadata(path).unwrap();
    let (size, mtime) =
        (metadata.len() as i64, if same { crate::routes::media::mtime_ns(&metadata) } else { 1 });
    let update = Statement::new("UPDATE media SET size = ?1, mtime_ns = ?2, name = ?3 WHERE id = 1");
    rig.execute(update.row(params![size, mtime, name]));
}

#[tokio::test]
async fn originals_come_whole_or_in_part() {
    let rig = Rig::new();
    let path = rig.write("a.png", PNG);
    put(&rig, &path, "a \"b\"\r\n<img onerror=x>.png", true);
    let whole = rig.get("/api/v1/library/1/file").await;
    assert_eq!((whole.status, whole.body.as_slice()), (StatusCode::OK, PNG));
    assert_eq!(whole.header("content-type"), "image/png");
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(whole.header("content-length"), PNG.len().to_string());
    let disposition = whole.header("content-disposition");
    assert!(disposition.starts_with("inline; filename=\"a _b_"), "{disposition}");
    assert!(!disposition.contains('<') && !disposition.contains('\r'), "{disposition}");
    let size = PNG.len();
    for (range, status, content_range, from, to) in [
        ("bytes=0-3", 206, format!("bytes 0-3/{size}"), 0, 4),
        ("bytes=8-", 206, format!("bytes 8-{}/{size}", size - 1), 8, size),
        ("bytes=-4", 206, format!("bytes {}-{}/{size}", size - 4, size - 1), size - 4, size),
        ("bytes=4-999", 206, format!("bytes 4-{}/{size}", size - 1), 4, size),
        ("bytes=0-1,4-5", 200, String::new(), 0, size),
        ("bytes=5-1", 200, String::new(), 0, size),
        ("bytes=999-", 416, format!("bytes */{size}"), 0, 0),
    ] {
        let reply = rig.get_with("/api/v1/library/1/file", &[("range", range)]).await;
        assert_eq!((reply.status.as_u16(), reply.body.as_slice()), (status, &PNG[from..to]), "{range}");
        assert_eq!(reply.header("content-range"), content_range, "{range}");
    }
    let head = rig.ask("HEAD", "/api/v1/library/1/file", &[], axum::body::Body::empty()).await;
    assert_eq!(
        (head.status, head.header("content-length"), head.body.len()),
        (StatusCode::OK, whole.header("content-length"), 0)
    );
}

#[tokio::test]
async fn a_changed_original_has_another_validator() {
    let rig = Rig::new();
    let path = rig.write("a.png", PNG);
    put(&rig, &path, "a.png", true);
    let committed = rig.get("/api/v1/library/1/file").await;
    let etag = committed.header("etag").to_owned();
    assert_eq!(
        etag,
        format!("\"{}\"", sha256_hex(path.to_str().unwrap().as_bytes())),
        "the content hash that was stored"
    );
    let same = rig.get_with("/api/v1/library/1/file", &[("if-none-match", &etag)]).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    let part = |state: String| {
        let rig = &rig;
        async move {
            rig.get_with("/api/v1/library/1/file", &[("range", "bytes=0-3"), ("if-range", &state)])
                .await
                .status
        }
    };
    assert_eq!(part(etag.clone()).await, StatusCode::PARTIAL_CONTENT);
    put_again(&rig, &path);
    assert_ne!(rig.get("/api/v1/library/1/file").await.header("etag"), etag);
    assert_eq!(part(etag).await, StatusCode::OK, "a part of another state would be of no use");
}

fn put_again(rig: &Rig, path: &std::path::Path) {
    std::fs::write(path, [PNG, b"more"].concat()).unwrap();
    assert!(rig.root.join("a.png").exists());
}

#[tokio::test]
async fn what_is_no_picture_is_an_attachment() {
    let rig = Rig::new();
    let path = rig.write("a.png", b"<html><script>alert(1)</script>");
    put(&rig, &path, "..png", true);
    let reply = rig.get("/api/v1/library/1/file").await;
    assert_eq!(reply.header("content-type"), "application/octet-stream");
    assert!(reply.header("content-disposition").starts_with("attachment; filename=\"png\""));
    assert!(reply.header("content-security-policy").contains("sandbox"));
}

#[tokio::test]
async fn originals_outside_the_roots_do_not_leave() {
    let rig = Rig::new();
    let secret = rig.folder.path().join("secret.png");
    std::fs::write(&secret, PNG).unwrap();
    symlink(&secret, rig.root.join("link.png")).unwrap();
    std::fs::create_dir(rig.root.join("folder.png")).unwrap();
    rig.committed(&[
        File::new(secret.to_str().unwrap()),
        File::new(rig.root.join("link.png").to_str().unwrap()),
        File::new(rig.root.join("../secret.png").to_str().unwrap()),
        File::new(rig.root.join("gone.png").to_str().unwrap()),
        File::new(rig.root.join("folder.png").to_str().unwrap()),
    ]);
    for id in 1..=6 {
        let reply = rig.get(&format!("/api/v1/library/{id}/file")).await;
        assert_eq!(reply.problem(), "404 not_found []", "{id}");
    }
}

#[tokio::test]
async fn every_route_is_in_the_document_with_what_it_needs() {
    let rig = Rig::new();
    let state = crate::routes::RouteState {
        db: rig.db.clone(),
        roots: crate::files::Roots::default(),
        thumbnails: rig.thumbnails.clone(),
        models: rig.thumbnails.clone(),
        runs: rig.runs.clone(),
        keywords: crate::routes::KeywordCounts::default(),
    };
    let registered = crate::routes::routes(state).register();
    let mut lines: Vec<String> = registered
        .table
        .iter()
        .map(|route| format!("{} {} {}", route.method, route.path, route.access.as_str()))
        .collect();
    lines.sort();
    expect_test::expect![[r#"
        GET /api/v1/ingest/browse ingest:read
        GET /api/v1/ingest/roots ingest:read
        GET /api/v1/ingest/{run} ingest:read
        GET /api/v1/ingest/{run}/duplicates ingest:read
        GET /api/v1/ingest/{run}/errors ingest:read
        GET /api/v1/ingest/{run}/files ingest:read
        GET /api/v1/ingest/{run}/files/{key} ingest:read
        GET /api/v1/library library:read
        GET /api/v1/library/facets library:read
        GET /api/v1/library/{id} library:read
        GET /api/v1/library/{id}/file library:read
        GET /api/v1/media/{sha256}/thumbnail library:read
        PATCH /api/v1/library/{id} library:write
        POST /api/v1/ingest ingest:write
        POST /api/v1/ingest/{run}/commit ingest:write
        POST /api/v1/ingest/{run}/selection ingest:write
        POST /api/v1/library/bulk library:write"#]]
    .assert_eq(&lines.join("\n"));
    let document = serde_json::to_value(&registered.document).unwrap();
    let params = &document["components"]["schemas"]["IngestParams"]["properties"];
    assert!(params["nsfw_threshold"].is_object(), "{params}");
    assert!(document["components"]["schemas"]["MediaFile"].is_object());
}
