//! How commands and the first admin get in.

use crate::problem::{Problem, Result, chain};
use model::Timestamp;
use server::auth::{ADMIN, Auth, NewToken, OneTimeCode};
use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};
use web::{Permissions, Principal, Role};

/// Who commands on the same machine are.
const USER: &str = "command-line";
/// How long a token for them holds, in milliseconds; a start within the last half makes a new one.
const LIFE_MS: i64 = 30 * 24 * 60 * 60 * 1000;

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

fn failed(error: &server::Error) -> Problem {
    Problem::failed(format!("cannot prepare access to the server: {}", chain(error)))
}

/// A token for commands of whoever owns the data folder: kept in a file that they alone can read, so that each start
/// does not leave another row.
pub(super) async fn token(auth: &Auth, data: &Path) -> Result<String> {
    let path = data.join("command-line.token");
    let now = now();
    let known = auth.tokens(Some(USER)).await.map_err(|error| failed(&error))?;
    if let Ok(kept) = std::fs::read_to_string(&path) {
        let kept = kept.trim();
        let holds = |token: &server::auth::Token| {
            token.revoked_at.is_none()
                && token.expires_at.is_some_and(|at| at.0 - now.0 > LIFE_MS / 2)
                && !token.prefix.is_empty()
                && kept.starts_with(token.prefix.trim_end_matches('…'))
        };
        if known.iter().any(holds) {
            return Ok(kept.to_owned());
        }
    }
    // Those of other machines and folders are theirs, where servers share a store.
    let name = token_name(data);
    for old in known.iter().filter(|token| token.revoked_at.is_none() && token.name == name) {
        auth.revoke_token(&old.id, Some(USER), now).await.map_err(|error| failed(&error))?;
    }
    let owner = Principal::local(USER, Role::Admin);
    let new =
        NewToken { name, scopes: Permissions::all(), expires_at: Some(now.plus(LIFE_MS.unsigned_abs())) };
    let (_, secret) = auth.new_token(&owner, new, now).await.map_err(|error| failed(&error))?;
    keep(&path, &secret)?;
    Ok(secret)
}

/// Whose commands a token is for, as the list of tokens shows it.
fn token_name(data: &Path) -> String {
    let system = rustix::system::uname();
    let data = data.canonicalize().unwrap_or_else(|_| data.to_path_buf());
    format!("commands on {} in {}", system.nodename().to_string_lossy(), data.display())
}

fn keep(path: &PathBuf, secret: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(secret.as_bytes()))
        .map_err(|error| Problem::io("write", path, &error))
}

/// The one-time code for the first admin; `None` once somebody can sign in as one.
pub(super) async fn first_code(auth: &Auth) -> Result<Option<String>> {
    if auth.has_admin().await.map_err(|error| failed(&error))? {
        return Ok(None);
    }
    let chosen = std::env::var("HEADWAY_ADMIN_CODE").ok().filter(|code| !code.is_empty());
    let chosen = chosen.map(|code| OneTimeCode::chosen(&code)).transpose();
    let chosen = chosen.map_err(|error| Problem::usage(format!("HEADWAY_ADMIN_CODE: {}", chain(&error))))?;
    debug_assert_eq!(ADMIN, "admin");
    let code = auth.new_admin_code(chosen, now()).await.map_err(|error| failed(&error))?;
    Ok(Some(code.reveal().to_owned()))
}
