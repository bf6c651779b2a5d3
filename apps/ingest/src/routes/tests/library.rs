use super::rig::{File, Rig};
use db::Query;
use http::StatusCode;
use serde_json::json;
use std::collections::BTreeSet;

fn various() -> Vec<File> {
    let file = |key: &str, prompt: &str, keywords: &[&str]| File {
        prompt: prompt.to_owned(),
        keywords: keywords.iter().map(|&word| word.to_owned()).collect(),
        ..File::new(key)
    };
    vec![
        File {
            score: 4,
            ..file("/m/castle_01.png", "a sci-fi castle, golden hour", &["castle", "golden hour"])
        },
        File { score: -1, ..file("/m/b.png", "Früh am Morgen 🎉 near(2) OR", &["Morgen"]) },
        File { nsfw: "nsfw", ..file("/m/c.png", "山水画の城", &["城"]) },
        File { kind: "video", nsfw: "unknown", ..file("/m/d.mp4", "castles, \"quoted\" 50%", &["castle"]) },
        file("/m/<script>alert(1)</script>.png", "", &[]),
    ]
}

async fn ids(rig: &Rig, query: &str) -> Vec<String> {
    let reply = rig.get(&format!("/api/v1/library?{query}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{query}: {}", String::from_utf8_lossy(&reply.body));
    assert_eq!(reply.json()["total"].as_u64(), Some(reply.items("id").len() as u64), "{query}");
    let mut ids = reply.items("id");
    ids.sort();
    ids
}

#[tokio::test]
async fn text_is_found_and_never_syntax() {
    let rig = Rig::new();
    rig.committed(&various());
    for (text, expected) in [
        ("castle", vec!["1", "4"]),
        ("CAST golden", vec!["1"]),
        ("sci-fi", vec!["1"]),
        ("fruh", vec!["2"]),
        ("FRÜH morgen", vec!["2"]),
        ("🎉", vec!["2"]),
        ("or", vec!["2"]),
        ("OR", vec!["2"]),
        ("castle OR morgen", vec![]),
        ("NEAR(castle golden, 2)", vec![]),
        ("near(2)", vec!["2"]),
        ("castle NOT golden", vec![]),
        ("name:castle", vec![]),
        ("{name prompt}: castle", vec![]),
        ("^castle", vec!["1", "4"]),
        ("\"", vec!["4"]),
        ("*", vec![]),
        ("\" OR *", vec![]),
        ("\"quoted\"", vec!["4"]),
        ("\"quo", vec!["4"]),
        ("50%", vec!["4"]),
        ("%", vec!["4"]),
        ("_", vec!["1"]),
        ("城", vec!["3"]),
        ("水画", vec!["3"]),
        ("castle 城", vec![]),
        ("<script>", vec!["5"]),
        ("'; DROP TABLE media; --", vec![]),
        ("a\u{0}b \\ ' ( ) + - :", vec![]),
        ("()", vec![]),
        ("", vec!["1", "2", "3", "4", "5"]),
        ("   ", vec!["1", "2", "3", "4", "5"]),
    ] {
        let query: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(ids(&rig, &format!("q={query}")).await, expected, "{text}");
    }
    let long = format!("/api/v1/library?q={}", "a%20".repeat(33));
    assert_eq!(rig.get(&long).await.problem(), "422 invalid_value [\"q\"]");
}

#[tokio::test]
async fn filters_join() {
    let rig = Rig::new();
    rig.committed(&various());
    for (query, expected) in [
        ("keyword=castle", vec!["1", "4"]),
        ("keyword=Castle&keyword=golden%20hour", vec!["1"]),
        ("keyword=%E5%9F%8E", vec!["3"]),
        ("keyword=cast", vec![]),
        ("min_score=0", vec!["1", "3", "4", "5"]),
        ("favourite=true", vec!["2", "4"]),
        ("favourite=false&kind=image", vec!["1", "3", "5"]),
        ("nsfw=unknown", vec!["4"]),
        ("kind=video&q=castle", vec!["4"]),
        ("orientation=portrait", vec!["3"]),
        ("model=sdxl", vec!["5"]),
        ("model=%27%20OR%201%3D1", vec![]),
    ] {
        assert_eq!(ids(&rig, query).await, expected, "{query}");
    }
    for (query, expected) in [
        ("keywords=a", "400 unknown_field [\"keywords\"]"),
        ("kind=sound", "422 invalid_value [\"kind\"]"),
        ("min_score=-2", "422 invalid_value [\"min_score\"]"),
        ("cursor=W10", "400 bad_cursor []"),
    ] {
        assert_eq!(rig.get(&format!("/api/v1/library?{query}")).await.problem(), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_have_neither_gaps_nor_doubles_in_any_order() {
    let rig = Rig::new();
    let files: Vec<File> = (0..53)
        .map(|n| File {
            score: n % 7 - 1,
            overall: (n % 3 > 0).then(|| f64::from(0.1f32) * f64::from(n as i32 % 11) / 3.0),
            created_at: (n % 4 > 0).then_some(-(n % 5)),
            prompt: "castle".to_owned(),
            ..File::new(format!("/m/{n}/{}.png", n % 10))
        })
        .collect();
    rig.committed(&files);
    for sort in ["added", "created", "score", "quality", "name"] {
        let path = format!("/api/v1/library?sort={sort}&q=castle&");
        let whole = rig.pages(&path, 500, "id").await;
        let paged = rig.pages(&path, 4, "id").await;
        assert_eq!(paged, whole, "{sort}");
        assert_eq!(paged.iter().collect::<BTreeSet<_>>().len(), 53, "{sort}");
    }
    let page = rig.get("/api/v1/library?limit=3").await.json();
    assert_eq!((&page["total"], page["items"].as_array().map(Vec::len)), (&json!(53), Some(3)));
    assert_eq!(page["items"][0]["id"], "53", "last added first");
    let by_added = page["next_cursor"].as_str().unwrap();
    let mixed = rig.get(&format!("/api/v1/library?sort=name&cursor={by_added}")).await;
    assert_eq!(mixed.problem(), "400 bad_cursor []");
}

#[tokio::test]
async fn what_is_added_meanwhile_doubles_nothing() {
    let rig = Rig::new();
    rig.committed(&(0..6).map(|n| File::new(format!("/m/{n}.png"))).collect::<Vec<_>>());
    let first = rig.get("/api/v1/library?limit=4").await;
    // A newer file pushes all others one place on.
    rig.execute(db::Statement::new(
        "INSERT INTO media (id, path, name, size, mtime_ns, sha256, kind, has_thumbnail, keywords, score, favourite, nsfw, \
         run_id, added_at) VALUES (99, '/m/new.png', 'new.png', 1, 0, 'ab', 'image', 0, '[]', 0, 0, 'safe', 1, 9999)",
    ));
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let second = rig.get(&format!("/api/v1/library?limit=4&cursor={cursor}")).await;
    assert_eq!([first.items("id"), second.items("id")].concat(), ["6", "5", "4", "3", "2", "1"]);
}

#[tokio::test]
async fn a_rating_is_kept_as_a_persons() {
    let rig = Rig::new();
    rig.committed(&various());
    let rated = rig.send("PATCH", "/api/v1/library/1", json!({ "favourite": true })).await.json();
    assert_eq!((&rated["score"], &rated["favourite"], &rated["id"]), (&json!(4), &json!(true), &json!("1")));
    let rated = rig.send("PATCH", "/api/v1/library/1", json!({ "score": -1 })).await.json();
    assert_eq!((&rated["score"], &rated["favourite"]), (&json!(-1), &json!(true)));
    let bulk = json!({ "ids": ["2", "3", "777"], "score": 5 });
    assert_eq!(rig.send("POST", "/api/v1/library/bulk", bulk).await.json(), json!({ "rated": 2 }));
    let by_person = Query::new("SELECT id FROM media WHERE rated = 1 ORDER BY id");
    let by_person = rig.db.query(by_person).await.unwrap();
    let by_person: Vec<i64> = by_person.iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(by_person, [1, 2, 3]);
    assert_eq!(ids(&rig, "min_score=5").await, ["2", "3"]);
    for (method, path, body, expected) in [
        ("PATCH", "1", json!({ "score": 6 }), "422 invalid_value [\"score\"]"),
        ("PATCH", "1", json!({ "score": 2.5 }), "422 invalid_value [\"score\"]"),
        ("PATCH", "1", json!({}), "422 invalid_value [\"score\"]"),
        ("PATCH", "1", json!({ "stars": 2 }), "400 unknown_field [\"stars\"]"),
        ("PATCH", "777", json!({ "score": 2 }), "404 not_found []"),
        ("PATCH", "x", json!({ "score": 2 }), "404 not_found []"),
        ("PATCH", "99999999999999999999", json!({ "score": 2 }), "404 not_found []"),
        ("POST", "bulk", json!({ "ids": [], "score": 2 }), "422 invalid_value [\"ids\"]"),
        ("POST", "bulk", json!({ "ids": ["1", "-1"], "score": 2 }), "422 invalid_value [\"ids[1]\"]"),
        ("POST", "bulk", json!({ "ids": vec!["1"; 1_001], "score": 2 }), "422 invalid_value [\"ids\"]"),
    ] {
        let reply = rig.send(method, &format!("/api/v1/library/{path}"), body).await;
        assert_eq!(reply.problem(), expected, "{path}");
    }
}

#[tokio::test]
async fn one_file_is_shown_whole_with_its_validator() {
    let rig = Rig::new();
    rig.committed(&various());
    rig.error("read", "/m/castle_01.png", 7);
    let reply = rig.get("/api/v1/library/1").await;
    let file = reply.json();
    assert_eq!(
        (&file["id"], &file["run"], &file["added_at"]),
        (&json!("1"), &json!(rig.run()), &json!(1000))
    );
    assert_eq!(
        (&file["state"], &file["excluded"], &file["name"]),
        (&json!("committed"), &json!(false), &json!("castle_01.png"))
    );
    assert_eq!(file["keywords"][1]["keyword"], "golden hour");
    assert_eq!(file["generation"]["prompt"], "a sci-fi castle, golden hour");
    assert_eq!(file["problems"][0]["code"], "png_bad");
    let again = rig.get_with("/api/v1/library/1", &[("if-none-match", reply.header("etag"))]).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    for id in ["99", "-1", "1x", "%2e%2e"] {
        assert_eq!(rig.get(&format!("/api/v1/library/{id}")).await.problem(), "404 not_found []", "{id}");
    }
}

#[tokio::test]
async fn facets_count_what_passes() {
    let rig = Rig::new();
    rig.committed(&various());
    let all = rig.get("/api/v1/library/facets").await.json();
    assert_eq!((&all["total"], &all["favourites"]), (&json!(5), &json!(2)));
    assert_eq!(all["keywords"][0], json!({ "keyword": "castle", "kind": "prompt", "count": 2 }));
    assert_eq!(all["scores"], json!({ "-1": 1, "0": 3, "4": 1 }));
    assert_eq!(all["nsfw"], json!({ "nsfw": 1, "safe": 3, "unknown": 1 }));
    assert_eq!(all["kinds"], json!({ "image": 4, "video": 1 }));
    assert_eq!(all["orientations"], json!({ "landscape": 4, "portrait": 1 }));
    assert_eq!(all["models"], json!([{ "model": "sdxl", "count": 1 }]));
    let some = rig.get("/api/v1/library/facets?q=castle&keyword=castle&sort=&limit=").await.json();
    assert_eq!((&some["total"], &some["kinds"]), (&json!(2), &json!({ "image": 1, "video": 1 })));
    let keywords = some["keywords"].as_array().unwrap();
    assert_eq!(
        keywords.iter().filter_map(|one| one["keyword"].as_str()).collect::<Vec<_>>(),
        ["castle", "golden hour"]
    );
    let none = rig.get("/api/v1/library/facets?q=nothing").await.json();
    assert_eq!((&none["total"], &none["keywords"], &none["scores"]), (&json!(0), &json!([]), &json!({})));
}

/// What a forgotten ingest has read goes a piece at a time; what was committed stays.
#[tokio::test]
async fn a_forgotten_ingest_leaves_the_library() {
    let rig = Rig::new();
    rig.staged(&[File::new("/m/a.png"), File::new("/m/b.png"), File::new("/m/c.png")]);
    rig.committed(&[File::new("/m/a.png")]);
    let sql = "INSERT INTO ingest_errors (run_id, stage, key, n, at, file, code, message) VALUES (?1, 'read', 'k', ?2, 0, 'f', 'c', 'm')";
    let run = rig.run().0;
    let errors = (0..3).fold(db::Statement::new(sql), |sql, n| sql.row(db::params![run, n]));
    rig.db.execute(db::Batch::from(errors)).await.unwrap();
    let mut pieces = Vec::new();
    loop {
        let mut batch = db::Batch::new();
        batch.extend(crate::tables::forget(rig.run(), 2));
        let gone: u64 = rig.db.execute(batch).await.unwrap().iter().map(|outcome| outcome.affected).sum();
        pieces.push(gone);
        if gone == 0 {
            break;
        }
    }
    assert_eq!(pieces, [4, 2, 0]);
    let count = "SELECT (SELECT COUNT(*) FROM ingest_files) || ' ' || (SELECT COUNT(*) FROM ingest_errors) || ' ' || (SELECT COUNT(*) FROM media)";
    let rows = rig.db.query(db::Query::new(count)).await.unwrap();
    assert_eq!(rows[0].get::<String>(0).unwrap(), "0 0 1");
}
