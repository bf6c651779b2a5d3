//! The dashboard's files and the server's own pages.

use crate::site::Site;
use reqwest::Method;

#[tokio::test]
async fn pages_come_with_a_strict_policy() {
    let site = Site::start().await;
    let index = site.get("/").send().await;
    assert_eq!((index.status.as_u16(), index.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(index.header("cache-control"), "no-cache");
    for path in ["/", "/docs", "/help/errors", "/api/v1/runs", "/health", "/nothing.js"] {
        let answer = site.get(path).send().await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
    }
}

#[tokio::test]
async fn our_own_pages_keep_to_that_policy() {
    let site = Site::start().await;
    for path in ["/docs", "/help/errors"] {
        let page = site.get(path).send().await.text;
        for forbidden in ["<style", " style=", "onclick", "javascript:", "=\"http://", "=\"https://", "=\"//"]
        {
            assert!(!page.contains(forbidden), "{path} has {forbidden}");
        }
        assert!(!page.contains("<script>"), "{path}");
    }
    for path in ["/docs/docs.js", "/help/pages.css"] {
        let file = site.get(path).send().await;
        assert_eq!(file.status, 200);
        assert!(!file.text.contains("innerHTML") && !file.text.contains("eval("), "{path}");
    }
}

#[tokio::test]
async fn addresses_of_the_dashboard_give_its_page() {
    let site = Site::start().await;
    let index = site.get("/").send().await;
    for path in ["/runs", "/runs/0000000000001", "/settings/tokens"] {
        assert_eq!(site.get(path).send().await.text, index.text, "{path}");
    }
    let again = site.get("/").header("if-none-match", index.header("etag")).send().await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    let head = site.ask(Method::HEAD, "/").send().await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    assert_eq!(site.ask(Method::POST, "/runs").send().await.status, 405);
    for path in ["/nothing.js", "/assets/nothing.css"] {
        assert_eq!(site.get(path).send().await.code(), "unknown_route", "{path}");
    }
}

#[tokio::test]
async fn nothing_outside_the_folder_is_served() {
    let site = Site::start().await;
    for path in [
        "/../Cargo.toml",
        "/assets/../../Cargo.toml",
        "/..%2fCargo.toml",
        "/%2e%2e/Cargo.toml",
        "/%2e%2e%2fCargo.toml",
        "/..\\Cargo.toml",
        "//etc/passwd",
        "/assets//../../../../../../etc/passwd",
        "/.git/config",
        "/.%00/index.html",
        "/index.html%00.png",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = site.raw(&request).await;
        assert!(answer.starts_with("HTTP/1.1 4") || answer.contains("<!doctype html>"), "{path}: {answer}");
        assert!(!answer.contains("[package]") && !answer.contains("root:"), "{path}: {answer}");
    }
}
