//! Development mode: whoever is on this machine is signed in, and nobody else gets anything out of it.

use crate::site::Site;
use serde_json::json;
use server::{Error, Proxy, auth::Mode};

async fn site() -> Site {
    Site::start_with(|options| options.mode = Mode::Development).await
}

#[tokio::test]
async fn the_local_user_is_signed_in() {
    let site = site().await;
    let session = site.get("/api/v1/session").send().await.json();
    assert_eq!((&session["user"]["role"], &session["dev"]), (&json!("admin"), &json!(true)));
    // Programs on this machine need no ceremony, nor do cookies of another day get in the way.
    let start = || site.post("/api/v1/runs").json(&json!({ "pipeline": "quick" }));
    assert_eq!(start().send().await.status, 201);
    assert_eq!(start().cookie("headway_session=old").send().await.status, 201);
    // The local user can make tokens, which hold like others.
    let made = site
        .post("/api/v1/tokens")
        .json(&json!({ "name": "t", "scopes": ["runs:read"] }))
        .send()
        .await
        .json();
    let token = made["token"].as_str().unwrap();
    assert_eq!(site.get("/api/v1/users").token(token).send().await.status, 403);
}

#[tokio::test]
async fn pages_of_other_sites_get_nothing() {
    let site = site().await;
    // A name that was rebound to this machine.
    let rebound = site.get("/api/v1/runs").header("host", "evil.example").send().await;
    assert_eq!((rebound.status.as_u16(), rebound.code().as_str()), (403, "host_not_allowed"));
    let post = || site.post("/api/v1/runs").json(&json!({ "pipeline": "quick" }));
    let foreign = post().header("origin", "http://evil.example").send().await;
    assert_eq!((foreign.status.as_u16(), foreign.code().as_str()), (403, "cross_site"));
    let fetched = post().header("sec-fetch-site", "cross-site").send().await;
    assert_eq!(fetched.code(), "cross_site");
    let own = post().header("origin", &format!("http://{}", site.address)).send().await;
    assert_eq!(own.status, 201);
    // Answers cannot be read from elsewhere either.
    let answer = site.get("/api/v1/runs").header("origin", "http://evil.example").send().await;
    assert!(answer.headers.get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let mut seen = Vec::new();
    for (mode, proxy) in
        [(Mode::Development, Proxy::None), (Mode::Normal, Proxy::None), (Mode::Normal, Proxy::Declared)]
    {
        let (here, there) = ("127.0.0.1:1".parse().unwrap(), "0.0.0.0:1".parse().unwrap());
        let mut refused = String::new();
        Site::start_with(|options| {
            (options.mode, options.proxy) = (mode, proxy);
            assert!(options.check_address(here).is_ok());
            refused = match options.check_address(there) {
                Err(Error::DevExposed { .. }) => "dev".to_owned(),
                Err(Error::Exposed { .. }) => "exposed".to_owned(),
                other => format!("{}", other.is_ok()),
            };
        })
        .await;
        seen.push(refused);
    }
    assert_eq!(seen, ["dev", "exposed", "true"]);
}
