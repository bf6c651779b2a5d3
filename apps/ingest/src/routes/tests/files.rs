use super::rig::{File, Rig};
use crate::fixture;
use http::StatusCode;
use model::{RunState, StageState};
use serde_json::json;
use std::collections::BTreeSet;

/// A few files that differ in everything that filters look at.
fn various() -> Vec<File> {
    vec![
        File {
            prompt: "a Castle at dusk, 50% fog".to_owned(),
            keywords: vec!["Castle".to_owned(), "golden hour".to_owned()],
            overall: Some(71.3),
            score: 5,
            created_at: Some(300),
            ..File::new("/m/b.png")
        },
        File {
            prompt: "castles and \"towers\" 🎉".to_owned(),
            keywords: vec!["castles".to_owned()],
            score: -1,
            nsfw: "nsfw",
            created_at: Some(100),
            ..File::new("/m/a <img src=x onerror=alert(1)>.png")
        },
        File { state: "failed", nsfw: "unknown", overall: Some(10.0), ..File::new("/m/sub/c.png") },
        File { state: "skipped", nsfw: "unknown", created_at: Some(200), ..File::new("/m/D_50x.png") },
        File { excluded: true, score: 3, overall: Some(99.9), ..File::new("/m/e.png") },
    ]
}

async fn keys(rig: &Rig, query: &str) -> Vec<String> {
    let reply = rig.ingest(&format!("/files{query}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{query}: {}", String::from_utf8_lossy(&reply.body));
    reply.items("key")
}

#[tokio::test]
async fn filters_find_what_they_say() {
    let rig = Rig::new();
    rig.staged(&various());
    const A: &str = "/m/a <img src=x onerror=alert(1)>.png";
    for (query, expected) in [
        ("", vec!["/m/D_50x.png", A, "/m/b.png", "/m/sub/c.png", "/m/e.png"]),
        ("?q=castle", vec![A, "/m/b.png"]),
        ("?q=CASTLE%20dusk", vec!["/m/b.png"]),
        ("?q=50%25", vec!["/m/b.png"]),
        ("?q=D_5", vec!["/m/D_50x.png"]),
        ("?q=sub", vec!["/m/sub/c.png"]),
        ("?q=%F0%9F%8E%89", vec![A]),
        ("?q=%22towers%22", vec![A]),
        ("?q=%22%20OR%201=1%20--", vec![]),
        ("?q=%25", vec!["/m/b.png"]),
        ("?keyword=castle", vec!["/m/b.png"]),
        ("?keyword=Golden%20Hour", vec!["/m/b.png"]),
        ("?keyword=cast", vec![]),
        ("?keyword=%25", vec![]),
        ("?keyword=%22%2C", vec![]),
        ("?state=failed,skipped", vec!["/m/D_50x.png", "/m/sub/c.png"]),
        ("?nsfw=nsfw", vec![A]),
        ("?min_score=3", vec!["/m/b.png", "/m/e.png"]),
        ("?min_score=-1&state=processed", vec![A, "/m/b.png", "/m/e.png"]),
        ("?excluded=true", vec!["/m/e.png"]),
        ("?excluded=false&min_score=1", vec!["/m/b.png"]),
        ("?sort=score", vec!["/m/b.png", "/m/e.png", "/m/D_50x.png", "/m/sub/c.png", A]),
        ("?sort=quality", vec!["/m/e.png", "/m/b.png", "/m/sub/c.png", "/m/D_50x.png", A]),
        ("?sort=created&limit=3", vec!["/m/b.png", "/m/D_50x.png", A]),
    ] {
        let mut found = keys(&rig, query).await;
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        if !query.contains("sort") && !query.is_empty() {
            found.sort();
            expected.sort();
        }
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn strange_queries_are_refused() {
    let rig = Rig::new();
    for (query, expected) in [
        ("?stat=failed", "400 unknown_field [\"stat\"]"),
        ("?state=lost", "422 invalid_value [\"state\"]"),
        ("?min_score=6", "422 invalid_value [\"min_score\"]"),
        ("?min_score=300", "422 invalid_value [\"min_score\"]"),
        ("?limit=0", "422 invalid_value [\"limit\"]"),
        ("?sort=random", "422 invalid_value [\"sort\"]"),
        ("?cursor=x", "400 bad_cursor []"),
    ] {
        assert_eq!(rig.ingest(&format!("/files{query}")).await.problem(), expected, "{query}");
    }
    let long = format!("/files?q={}", "a".repeat(501));
    assert_eq!(rig.ingest(&long).await.problem(), "422 invalid_value [\"q\"]");
}

#[tokio::test]
async fn pages_have_neither_gaps_nor_doubles_in_any_order() {
    let rig = Rig::new();
    let files: Vec<File> = (0..57)
        .map(|n| File {
            score: n % 7 - 1,
            overall: (n % 3 > 0).then(|| f64::from(0.1f32) * f64::from(n as i32 % 11) / 3.0),
            created_at: (n % 4 > 0).then_some(n % 5),
            // Names repeat: the key decides.
            ..File::new(format!("/m/{n}/{}.png", n % 10))
        })
        .collect();
    rig.staged(&files);
    for sort in ["name", "score", "quality", "created"] {
        let path = format!("/api/v1/ingest/{}/files?sort={sort}&", rig.run());
        let whole = rig.pages(&path, 500, "key").await;
        let paged = rig.pages(&path, 4, "key").await;
        assert_eq!(paged, whole, "{sort}");
        assert_eq!(paged.iter().collect::<BTreeSet<_>>().len(), 57, "{sort}");
    }
    let by_name = rig.ingest("/files?limit=2").await.json()["next_cursor"].as_str().unwrap().to_owned();
    let mixed = rig.ingest(&format!("/files?sort=score&cursor={by_name}")).await;
    assert_eq!(mixed.problem(), "400 bad_cursor []");
}

#[tokio::test]
async fn a_file_comes_with_its_problems_and_lists_without_its_raw_texts() {
    let rig = Rig::new();
    let texts = json!([{ "keyword": "workflow", "value": "{\"nodes\": []}" }]);
    let metadata = json!({ "texts": texts, "exif": { "model": "X100" }, "captions": [] });
    rig.staged(&[File { metadata: metadata.clone(), ..File::new("/m/a b.png") }, File::new("/m/c.png")]);
    rig.error("read", "/m/a b.png", 5);
    rig.error("enrich", "/m/a b.png", 3);
    rig.error("discover", "0000", 9);
    let listed = rig.ingest("/files").await.json();
    let file = &listed["items"][0];
    assert_eq!(file["metadata"], json!({ "exif": { "model": "X100" }, "captions": [] }));
    assert_eq!(file["problems"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        file["problems"][0],
        json!({ "stage": "enrich", "code": "png_bad", "message": "it is broken", "at": 3 })
    );
    assert_eq!(listed["items"][1]["problems"], json!([]));
    let thumbnail = file["thumbnail"].as_str().unwrap();
    assert!(thumbnail.starts_with("/api/v1/media/") && thumbnail.ends_with("/thumbnail"), "{thumbnail}");
    let reply = rig.ingest("/files/%2Fm%2Fa%20b.png").await;
    assert_eq!(reply.json()["metadata"], metadata);
    assert!(!reply.header("etag").is_empty());
    assert_eq!(rig.ingest("/files/%2Fm%2Fnone.png").await.problem(), "404 not_found []");
}

#[tokio::test]
async fn huge_metadata_does_not_fill_lists() {
    let rig = Rig::new();
    let huge = "x".repeat(5 << 20);
    let prompt = "p".repeat(70_000);
    rig.staged(&[File { metadata: json!({ "captions": [huge] }), prompt, ..File::new("/m/a.png") }]);
    let reply = rig.ingest("/files").await;
    assert!(reply.body.len() < 10_000, "{}", reply.body.len());
    let file = &reply.json()["items"][0];
    assert_eq!((&file["metadata"], &file["generation"]), (&json!({}), &json!(null)));
}

#[tokio::test]
async fn places_never_leave() {
    let rig = Rig::new();
    let exif = crate::meta::exif::ExifInfo {
        model: Some("X100".to_owned()),
        private_gps: Some(crate::meta::exif::Gps {
            latitude_deg: 48.775,
            longitude_deg: 9.1829,
            altitude_m: None,
        }),
        ..Default::default()
    };
    let read = crate::meta::container::ImageMetadata { exif: Some(exif), ..Default::default() };
    let file = File { metadata: serde_json::to_value(&read).unwrap(), ..File::new("/m/a.png") };
    rig.staged(std::slice::from_ref(&file));
    rig.committed(&[file]);
    for reply in [
        rig.ingest("/files").await,
        rig.ingest("/files/%2Fm%2Fa.png").await,
        rig.get("/api/v1/library").await,
        rig.get("/api/v1/library/1").await,
    ] {
        let text = String::from_utf8(reply.body).unwrap();
        assert!(text.contains("X100"), "{text}");
        assert!(
            !text.contains("48.7") && !text.contains("9.18") && !text.to_lowercase().contains("gps"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn duplicates_come_in_groups() {
    let rig = Rig::new();
    let same = |key: &str, of: Option<&str>| File {
        sha256: "ab".repeat(32),
        duplicate_of: of.map(str::to_owned),
        ..File::new(key)
    };
    let alike = |key: &str, phash: i64| File { near_group: Some(1), phash: Some(phash), ..File::new(key) };
    rig.staged(&[
        same("/m/b", Some("/m/a")),
        same("/m/a", None),
        same("/m/c", Some("/m/a")),
        alike("/m/y", 0b111),
        alike("/m/x", 0),
        File::new("/m/z"),
    ]);
    let found = rig.ingest("/duplicates").await.json();
    assert_eq!(found["exact"], json!([{ "sha256": "ab".repeat(32), "keys": ["/m/a", "/m/b", "/m/c"] }]));
    assert_eq!(found["near"], json!([{ "group": 1, "keys": ["/m/x", "/m/y"], "distance": 3 }]));
    assert_eq!(found["truncated"], json!(false));
}

#[tokio::test]
async fn errors_are_paged_newest_first() {
    let rig = Rig::new();
    for n in 0..23 {
        rig.error("read", &format!("/m/{n}.png"), n / 3);
    }
    rig.error("discover", "0001", 100);
    let path = format!("/api/v1/ingest/{}/errors?", rig.run());
    let paged = rig.pages(&path, 4, "file").await;
    assert_eq!(paged, rig.pages(&path, 500, "file").await);
    assert_eq!(paged.iter().collect::<BTreeSet<_>>().len(), 24);
    let first = &rig.ingest("/errors").await.json()["items"][0];
    assert_eq!(
        (&first["stage"], &first["key"], &first["at"]),
        (&json!("discover"), &json!(null), &json!(100))
    );
}

#[tokio::test]
async fn files_are_left_out_and_taken_in_all_or_none() {
    let rig = Rig::new();
    rig.staged(&various());
    let excluded = |reply: super::rig::Reply| reply.json()["excluded"].as_u64();
    let body = json!({ "exclude": ["/m/b.png"], "include": ["/m/e.png"] });
    assert_eq!(excluded(rig.tell("/selection", body).await), Some(1));
    assert_eq!(keys(&rig, "?excluded=true").await, ["/m/b.png"]);
    let body = json!({ "exclude": ["/m/e.png", "/m/none.png"] });
    assert_eq!(rig.tell("/selection", body).await.problem(), "422 invalid_value [\"exclude[1]\"]");
    let body = json!({ "exclude": ["/m/e.png"], "include": ["'; DROP TABLE media; --"] });
    assert_eq!(rig.tell("/selection", body).await.problem(), "422 invalid_value [\"include[0]\"]");
    assert_eq!(keys(&rig, "?excluded=true").await, ["/m/b.png"], "all or none");
    assert_eq!(excluded(rig.tell("/selection", json!({})).await), Some(1));
    // As the page sends it: an address' query as an object of texts.
    let filter = json!({ "exclude_filter": { "q": "castle", "min_score": "-1", "excluded": "false", "sort": "name" } });
    assert_eq!(excluded(rig.tell("/selection", filter).await), Some(2));
    let filter = json!({ "exclude_filter": { "state": ["processed"], "min_score": 3 } });
    assert_eq!(excluded(rig.tell("/selection", filter).await), Some(3));
    for (body, expected) in [
        (json!({ "exclude_filter": { "quality": 1 } }), "400 unknown_field [\"exclude_filter.quality\"]"),
        (json!({ "exclude_filter": { "state": "lost" } }), "422 invalid_value [\"exclude_filter.state\"]"),
        (
            json!({ "exclude_filter": { "min_score": "x" } }),
            "422 invalid_value [\"exclude_filter.min_score\"]",
        ),
        (json!({ "exclude_filter": {}, "include": ["a"] }), "422 invalid_value [\"exclude_filter\"]"),
        (json!({ "exclude": vec!["x"; 5_001] }), "422 invalid_value [\"exclude\"]"),
    ] {
        assert_eq!(rig.tell("/selection", body).await.problem(), expected);
    }
}

#[tokio::test]
async fn after_the_commit_nothing_is_chosen_any_more() {
    let rig = Rig::new();
    rig.staged(&[File { state: "committed", ..File::new("/m/a.png") }, File::new("/m/b.png")]);
    let both = json!({ "exclude": ["/m/b.png", "/m/a.png"] });
    assert_eq!(rig.tell("/selection", both.clone()).await.problem(), "422 invalid_value [\"exclude[1]\"]");
    rig.change(|record| {
        fixture::stage(record, "approve").state = StageState::Closed;
        fixture::stage(record, "commit").state = StageState::Open;
        record.run.state = RunState::Running;
    });
    assert_eq!(rig.tell("/selection", both).await.problem(), "409 illegal_transition []");
    assert!(keys(&rig, "?excluded=true").await.is_empty());
}
