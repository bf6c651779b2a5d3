//! `headway token`: creates, lists and revokes access tokens.

use crate::{
    args::{Global, Token as Args, TokenCreate},
    client::{
        segment,
        view::{Page, TokenView},
    },
    config::RawConfig,
    connect::Session,
    local::Purpose,
    output::{
        Output,
        text::{safe, table, time},
    },
    problem::{Exit, Problem, Result},
};
use serde_json::{Value, json};

pub(super) async fn token(global: &Global, args: Args, output: Output) -> Result<Exit> {
    let session = Session::open(global, RawConfig::default(), Purpose::Verbs, output).await?;
    match args {
        Args::Create(args) => create(&session, args).await?,
        Args::List => list(&session).await?,
        Args::Revoke(args) => {
            session.client().delete(&format!("/api/v1/tokens/{}", segment(&args.id))).await?;
            if output.json {
                output.object(&json!({ "revoked": args.id }));
            } else {
                output.line(&format!("token {} is void", args.id));
            }
        }
    }
    session.close().await;
    Ok(Exit::Done)
}

async fn create(session: &Session, args: TokenCreate) -> Result<()> {
    let expires_at = match args.expires.as_str() {
        "never" => None,
        text => {
            let millis =
                pipeline::parse_millis(text).and_then(|ms| i64::try_from(ms).ok()).ok_or_else(|| {
                    Problem::usage(format!("--expires '{text}' is no duration"))
                        .hint("write 12h, 90d or never")
                })?;
            Some(jiff::Timestamp::now().as_millisecond().saturating_add(millis))
        }
    };
    let mut body = json!({ "name": args.name, "expires_at": expires_at });
    if !args.scopes.is_empty() {
        body["scopes"] = json!(args.scopes);
    }
    let created: TokenView = session.client().post("/api/v1/tokens", &body).await?;
    let output = session.output;
    if output.json {
        output.object(&created);
        return Ok(());
    }
    output.line(created.token.as_deref().unwrap_or_default());
    let until = expires_at.map_or_else(|| "without end".to_owned(), |at| format!("until {}", time(Some(at))));
    output.note(&format!(
        "this token is shown once; it holds {until}. Use it as HEADWAY_TOKEN or `Authorization: Bearer`"
    ));
    Ok(())
}

async fn list(session: &Session) -> Result<()> {
    let page: Page<TokenView> = session.client().get("/api/v1/tokens").await?;
    let output = session.output;
    if output.json {
        page.items.iter().for_each(|token| output.object(token));
        return Ok(());
    }
    let id = |id: &Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let rows: Vec<Vec<String>> = page
        .items
        .iter()
        .map(|token| {
            vec![
                id(&token.id),
                safe(&token.name),
                format!("{}…", safe(&token.prefix)),
                token.expires_at.map_or_else(|| "never".to_owned(), |at| time(Some(at))),
                time(token.last_used_at),
                token.scopes.join(","),
            ]
        })
        .collect();
    for line in table(&["ID", "NAME", "TOKEN", "EXPIRES", "LAST USED", "SCOPES"], &rows) {
        output.line(&line);
    }
    Ok(())
}
