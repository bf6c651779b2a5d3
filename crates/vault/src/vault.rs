use crate::{
    Error, Secret,
    ring::{self, Existing, Key},
};
use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use std::{
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

/// Bytes of a nonce. Random: at 2³² seals a key, far more than secrets are ever set, a clash is still unlikely.
const NONCE_BYTES: usize = 12;
/// First part of what is sealed.
const FORM: &str = "v1";

/// Seals and opens secrets with AES-256-GCM and the keys of a ring.
///
/// ```text
/// seal(name, secret) = "v1" . key id . base64url(nonce ‖ ciphertext ‖ tag)      associated data = name
/// ```
/// The newest key seals; any key in the ring opens. A sealed secret opens under its own name only.
#[derive(Debug)]
pub struct Vault {
    path: PathBuf,
    ring: RwLock<Ring>,
}

struct Ring(Vec<Key>);

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Vault {
    /// Opens the key ring at `path`, which is created with a first key where there is none. Two that create it at once end
    /// up with the same ring.
    ///
    /// # Errors
    /// Where the file cannot be read or written, others than its owner may read it, or it is damaged.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        if ring::read(&path)?.is_none() {
            ring::write(&path, &[Key::random(1)?], Existing::Keep)?;
        }
        // Read back what lies there, whoever wrote it.
        let keys = ring::read(&path)?.ok_or_else(|| Error::Damaged {
            path: path.clone(),
            what: "it was removed while it was opened",
        })?;
        Ok(Self { path, ring: RwLock::new(Ring(keys)) })
    }

    /// Where the key ring lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Encrypts `secret` under `name`.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn seal(&self, name: &str, secret: &[u8]) -> Result<String, Error> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let key = ring.0.last().ok_or(Error::Random)?;
        let mut sealed = vec![0u8; NONCE_BYTES];
        getrandom::fill(&mut sealed).map_err(|_| Error::Random)?;
        let nonce: [u8; NONCE_BYTES] = sealed.as_slice().try_into().map_err(|_| Error::Random)?;
        let payload = Payload { msg: secret, aad: name.as_bytes() };
        let text = cipher(key)
            .encrypt(&nonce.into(), payload)
            .map_err(|_| Error::Sealed { name: name.to_owned() })?;
        sealed.extend_from_slice(&text);
        Ok(format!("{FORM}.{}.{}", key.id, BASE64.encode(&sealed)))
    }

    /// Decrypts what [`Vault::seal`] gave for `name`.
    ///
    /// # Errors
    /// Where its key is not in the ring, it was changed, or it was sealed under another name.
    pub fn open_sealed(&self, name: &str, sealed: &str) -> Result<Secret, Error> {
        let wrong = || Error::Sealed { name: name.to_owned() };
        let (id, text) = parts(sealed).ok_or_else(wrong)?;
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let key = ring
            .0
            .iter()
            .find(|key| key.id == id)
            .ok_or_else(|| Error::UnknownKey { name: name.to_owned(), key: id.chars().take(20).collect() })?;
        let bytes = BASE64.decode(text).map_err(|_| wrong())?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(wrong)?;
        let payload = Payload { msg: text, aad: name.as_bytes() };
        cipher(key).decrypt(&(*nonce).into(), payload).map(Secret::new).map_err(|_| wrong())
    }

    /// Whether a newer key than the one that sealed this is in the ring: seal it again, and the old key serves it no more.
    pub fn is_outdated(&self, sealed: &str) -> bool {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        parts(sealed).is_none_or(|(id, _)| ring.0.last().is_none_or(|key| key.id != id))
    }

    /// Adds a new key, durably: it seals from now on; the others still open.
    ///
    /// # Errors
    /// Where the ring cannot be read or written. The old keys are then still in use.
    pub fn rotate(&self) -> Result<(), Error> {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        // What lies there may have more keys than what was read at the start.
        let mut keys = ring::read(&self.path)?
            .ok_or_else(|| Error::Damaged { path: self.path.clone(), what: "it was removed" })?;
        keys.push(Key::random(keys.len() + 1)?);
        ring::write(&self.path, &keys, Existing::Replace)?;
        *ring = Ring(keys);
        Ok(())
    }
}

fn cipher(key: &Key) -> Aes256Gcm {
    Aes256Gcm::new(&(*key.bytes).into())
}

/// Key id and base64 of a sealed secret.
fn parts(sealed: &str) -> Option<(&str, &str)> {
    let (form, rest) = sealed.split_once('.')?;
    (form == FORM).then(|| rest.split_once('.')).flatten()
}

#[cfg(test)]
mod tests {
    use super::Vault;
    use crate::Error;
    use std::sync::Arc;

    #[test]
    fn a_sealed_secret_opens_under_its_name_only() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path().join("keys.json")).unwrap();
        let sealed = vault.seal("azure", b"pat-123").unwrap();
        assert!(!sealed.contains("pat"), "{sealed}");
        assert_eq!(vault.open_sealed("azure", &sealed).unwrap().expose(), b"pat-123");
        assert!(matches!(vault.open_sealed("github", &sealed), Err(Error::Sealed { .. })));
        assert_ne!(sealed, vault.seal("azure", b"pat-123").unwrap(), "nonces differ");
    }

    #[test]
    fn any_changed_character_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(folder.path().join("keys.json")).unwrap();
        let sealed = vault.seal("a", b"some secret").unwrap();
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(vault.open_sealed("a", &changed).is_err(), "{changed}");
        }
        for odd in ["", "v1", "v1.k1", "v1.k1.", "v1.k1.AAAA", "v2.k1.AAAA", "..", "v1..x"] {
            assert!(vault.open_sealed("a", odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn after_a_rotation_the_new_key_seals_and_old_ones_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let vault = Vault::open(&path).unwrap();
        let old = vault.seal("a", b"one").unwrap();
        assert!(!vault.is_outdated(&old));
        vault.rotate().unwrap();
        let new = vault.seal("a", b"two").unwrap();
        assert!(new.starts_with("v1.k2.") && vault.is_outdated(&old) && !vault.is_outdated(&new));
        let again = Vault::open(&path).unwrap();
        assert_eq!(again.open_sealed("a", &old).unwrap().expose(), b"one");
        assert_eq!(again.open_sealed("a", &new).unwrap().expose(), b"two");
        let stranger = Vault::open(folder.path().join("other.json")).unwrap();
        assert!(matches!(stranger.open_sealed("a", &new), Err(Error::UnknownKey { .. })));
        assert!(matches!(stranger.open_sealed("a", &old), Err(Error::Sealed { .. })));
    }

    #[test]
    fn many_that_start_at_once_share_one_ring() {
        let folder = tempfile::tempdir().unwrap();
        let path = Arc::new(folder.path().join("new").join("keys.json"));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let path = Arc::clone(&path);
                std::thread::spawn(move || Vault::open(path.as_path()).unwrap().seal("a", b"x").unwrap())
            })
            .collect();
        let vault = Vault::open(path.as_path()).unwrap();
        for thread in threads {
            assert_eq!(vault.open_sealed("a", &thread.join().unwrap()).unwrap().expose(), b"x");
        }
        let files = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "no temporary file is left");
    }

    #[cfg(unix)]
    #[test]
    fn the_ring_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let vault = Vault::open(&path).unwrap();
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        vault.rotate().unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = Vault::open(&path).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_damaged_ring_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        drop(Vault::open(&path).unwrap());
        for text in [
            "",
            "{",
            "{\"version\":1,\"keys\":[]}",
            "{\"version\":9,\"keys\":[]}",
            r#"{"version":1,"keys":[{"id":"k1","key":"AAAA"}]}"#,
        ] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(Vault::open(&path), Err(Error::Damaged { .. })), "{text}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        let printed = format!("{:?}", Vault::open(folder.path().join("b.json")).unwrap());
        assert!(printed.contains("k1") && printed.len() < 200, "{printed}");
    }
}
