use super::rig::Rig;
use serde_json::json;
use std::os::unix::fs::symlink;

#[tokio::test]
async fn roots_tell_their_room() {
    let rig = Rig::new();
    let reply = rig.get("/api/v1/ingest/roots").await;
    assert_eq!(reply.items("path"), [rig.root.to_str().unwrap()]);
    assert_eq!(reply.items("label"), ["media"]);
    assert!(reply.json()["items"][0]["free_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
}

#[tokio::test]
async fn folders_are_listed_with_what_they_hold() {
    let rig = Rig::new();
    for folder in ["b", "a <img onerror=alert(1)>", ".scores"] {
        std::fs::create_dir(rig.root.join(folder)).unwrap();
    }
    for file in ["x.PNG", "y.mp4", "z.txt", "b/in.png"] {
        rig.write(file, b"x");
    }
    symlink(rig.folder.path(), rig.root.join("out")).unwrap();
    symlink(rig.root.join("b"), rig.root.join("c")).unwrap();
    symlink("/etc/passwd", rig.root.join("passwd.png")).unwrap();
    symlink(rig.root.join("nowhere"), rig.root.join("dangling.png")).unwrap();
    let root = rig.root.to_str().unwrap();
    let path = |text: &str| format!("/api/v1/ingest/browse?path={}", text.replace(' ', "%20"));
    let folder = rig.get(&path(root)).await.json();
    let names: Vec<&str> =
        folder["directories"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["a <img onerror=alert(1)>", "b", "c"]);
    assert_eq!(
        (&folder["files"], &folder["parent"], &folder["truncated"]),
        (&json!(2), &json!(null), &json!(false))
    );
    let below = rig.get(&path(&format!("{root}/c"))).await.json();
    assert_eq!(below["path"], format!("{root}/b"), "a link is shown as where it leads");
    assert_eq!((&below["files"], &below["parent"]), (&json!(1), &json!(root)));
}

#[tokio::test]
async fn nothing_outside_the_roots_is_shown() {
    let rig = Rig::new();
    symlink("/etc", rig.root.join("link")).unwrap();
    rig.write("file.png", b"x");
    let root = rig.root.to_str().unwrap();
    for (path, expected) in [
        (String::from("/etc"), "403 outside_roots [\"path\"]"),
        (String::from("/no/such"), "403 outside_roots [\"path\"]"),
        (format!("{root}/link"), "403 outside_roots [\"path\"]"),
        (format!("{root}/.."), "422 invalid_value [\"path\"]"),
        (format!("{root}/%2e%2e/x"), "422 invalid_value [\"path\"]"),
        (format!("bytes:{root}/%2e%2e/%2e%2e/etc"), "422 invalid_value [\"path\"]"),
        (String::from("bytes:%252fetc"), "403 outside_roots [\"path\"]"),
        (String::from("media"), "422 invalid_value [\"path\"]"),
        (format!("{root}/gone"), "422 invalid_value [\"path\"]"),
        (format!("{root}/file.png"), "422 invalid_value [\"path\"]"),
        (format!("{root}%00/etc"), "403 outside_roots [\"path\"]"),
        (format!("{root}/%00"), "422 invalid_value [\"path\"]"),
    ] {
        let reply = rig.get(&format!("/api/v1/ingest/browse?path={path}")).await;
        assert_eq!(reply.problem(), expected, "{path}");
    }
    assert_eq!(rig.get("/api/v1/ingest/browse").await.problem(), "422 invalid_value [\"path\"]");
    assert_eq!(rig.get("/api/v1/ingest/browse?path=/&x=1").await.problem(), "400 unknown_field [\"x\"]");
}
